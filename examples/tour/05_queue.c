/* A queue between two coroutines. The producer shuts it down when it has no more to say; the
 * consumer takes what is left and then sees EDDY_ECLOSED. */
#include "tour.h"

static int producer(eddy_queue *queue)
{
    for (int i = 0; i < 5; i++) {
        eddy_try(eddy_queue_put(queue, &i));
        printf("Produced: %d\n", i);
        eddy_try(eddy_sleep(1));
    }
    eddy_queue_shutdown(queue);
    return 0;
}
EDDY_CORO(producer, eddy_queue *)

static int consumer(eddy_queue *queue)
{
    int item, r;

    while ((r = eddy_queue_get(queue, &item)) == 0) {
        printf("Consumed: %d\n", item);
        eddy_try(eddy_sleep(2));
    }
    return r == EDDY_ECLOSED ? 0 : r;
}
EDDY_CORO(consumer, eddy_queue *)

static int produce_and_consume(void)
{
    eddy_auto(eddy_queue) *queue = eddy_try(eddy_queue_open(sizeof(int), 0));

    return eddy_gather(producer_coro(queue), consumer_coro(queue));
}
EDDY_CORO(produce_and_consume)

int main(void)
{
    return eddy_run(produce_and_consume_coro()) < 0;
}

/* queue.c - what an item costs on its way through a queue, of one place and of 1,024. */
#include "bench.h"

#include <eddy.h>

static int producer(eddy_queue *queue, long count)
{
    for (long i = 0; i < count; i++)
        eddy_try(eddy_queue_put(queue, &i));
    return 0;
}
EDDY_CORO(producer, eddy_queue *, long)

static int consumer(eddy_queue *queue, long count)
{
    long sum = 0, item;

    for (long i = 0; i < count; i++) {
        eddy_try(eddy_queue_get(queue, &item));
        sum += item;
    }
    return sum == count * (count - 1) / 2 ? 0 : eddy_raise(EDDY_ERANGE, "items were lost");
}
EDDY_CORO(consumer, eddy_queue *, long)

static int exchange(const char *name, size_t capacity, long count)
{
    eddy_auto(eddy_queue) *queue = eddy_try(eddy_queue_open(sizeof(long), capacity));
    double start = bench_cpu();

    eddy_try(eddy_gather(producer_coro(queue, count), consumer_coro(queue, count)));
    bench_report(name, (bench_cpu() - start) / (double)count * 1e9, "ns");
    return 0;
}

static int measure(long count)
{
    eddy_try(exchange("queue_1", 1, count));
    return exchange("queue_1024", 1024, count);
}
EDDY_CORO(measure, long)

int main(int argc, char **argv)
{
    return eddy_run(measure_coro(bench_arg(argc, argv, 1, 10000000))) < 0;
}

/* items.c - items of one byte and of an int, in queues and channels; compiled in one with the
 * library's by tests/samples/run, which allows no warning. */
#include <eddy.h>

static int takes(eddy_queue *queue)
{
    int number;

    while (eddy_queue_get(queue, &number) == 0)
        eddy_try(eddy_queue_task_done(queue));
    return 0;
}
EDDY_CORO(takes, eddy_queue *)

static int through_queues(void)
{
    eddy_auto(eddy_queue) *numbers = eddy_try(eddy_queue_open(sizeof(int), 1));
    eddy_auto(eddy_queue) *bytes = eddy_try(eddy_queue_open(1, 1));
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(takes_coro(numbers)));
    char byte = 1;

    for (int i = 0; i < 5; i++)
        eddy_try(eddy_queue_put(numbers, &i));
    eddy_try(eddy_queue_join(numbers));
    eddy_try(eddy_queue_put_nowait(bytes, &byte));
    eddy_try(eddy_queue_get_nowait(bytes, &byte));
    return byte - 1;
}

static int through_channels(void)
{
    eddy_auto(eddy_channel) *numbers = eddy_try(eddy_channel_open(sizeof(int), 1));
    eddy_auto(eddy_channel) *bytes = eddy_try(eddy_channel_open(1, 1));
    char byte = 1;
    int number = 2;

    eddy_try(eddy_channel_send(numbers, &number));
    eddy_try(eddy_channel_receive(numbers, &number));
    eddy_try(eddy_channel_send_nowait(bytes, &byte));
    eddy_try(eddy_channel_receive_nowait(bytes, &byte));
    return byte + number - 3;
}

static int app(void)
{
    return eddy_try(through_queues()) + eddy_try(through_channels());
}
EDDY_CORO(app)

int main(void)
{
    return eddy_run(app_coro());
}

/* items.c - items of one byte and of an int, in queues and channels; compiled with -flto by
 * tests/samples/run, which allows no warning. */
#include <eddy.h>

int through_queues(eddy_queue *bytes, eddy_queue *numbers)
{
    char byte = 1;
    int number = 2;

    eddy_try(eddy_queue_put(bytes, &byte));
    eddy_try(eddy_queue_get(bytes, &byte));
    eddy_try(eddy_queue_put_nowait(numbers, &number));
    eddy_try(eddy_queue_get_nowait(numbers, &number));
    return byte + number;
}

int through_channels(eddy_channel *bytes, eddy_channel *numbers)
{
    char byte = 1;
    int number = 2;

    eddy_try(eddy_channel_send(bytes, &byte));
    eddy_try(eddy_channel_receive(bytes, &byte));
    eddy_try(eddy_channel_send_nowait(numbers, &number));
    eddy_try(eddy_channel_receive_nowait(numbers, &number));
    return byte + number;
}

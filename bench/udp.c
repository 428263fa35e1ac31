/* udp.c - a server that sends back what datagrams it gets.
 *
 * udp PORT [batched]: several with a call. */
#include "bench.h"

#include <eddy.h>

enum { BATCH = 32, ROOM = 2048 };

static int echo(eddy_datagram *socket)
{
    char buffer[ROOM];
    eddy_address from;

    for (;;) {
        ssize_t n = eddy_try(eddy_datagram_receive(socket, buffer, sizeof buffer, &from));
        eddy_try(eddy_datagram_send_to(socket, buffer, (size_t)n, &from));
    }
}

static int echo_batches(eddy_datagram *socket)
{
    static char buffers[BATCH][ROOM];
    static eddy_datagram_message messages[BATCH];

    for (int i = 0; i < BATCH; i++)
        messages[i] = (eddy_datagram_message){.data = buffers[i], .room = ROOM};
    for (;;) {
        int n = eddy_try(eddy_datagram_receive_many(socket, messages, BATCH));
        eddy_try(eddy_datagram_send_many(socket, messages, (size_t)n));
    }
}

static int serve(int port, bool batched)
{
    eddy_auto(eddy_datagram) *socket = eddy_try(eddy_datagram_open(.port = port));

    bench_ready(port);
    return batched ? echo_batches(socket) : echo(socket);
}
EDDY_CORO(serve, int, bool)

int main(int argc, char **argv)
{
    return eddy_run(serve_coro((int)bench_arg(argc, argv, 1, 7000), argc > 2)) < 0;
}

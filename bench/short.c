/* short.c - a TCP server of short connections: one answer to one request.
 *
 * short PORT prints "ready PORT" and serves until it is terminated; bench/run does the rest. */
#include "bench.h"

#include <eddy.h>
#include <math.h>

static int answer(eddy_stream *peer)
{
    char buffer[4096];
    ssize_t n = eddy_try(eddy_read(peer, buffer, sizeof buffer));

    eddy_try(eddy_write(peer, buffer, (size_t)n));
    return 0;
}

static int serve(int port)
{
    eddy_auto(eddy_server) *server =
        eddy_try(eddy_server_open(answer, .host = "127.0.0.1", .port = port, .backlog = 1024));

    bench_ready(port);
    return eddy_sleep(INFINITY);
}
EDDY_CORO(serve, int)

int main(int argc, char **argv)
{
    return eddy_run(serve_coro((int)bench_arg(argc, argv, 1, 7000))) < 0;
}

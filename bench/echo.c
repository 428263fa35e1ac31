/* echo.c - a TCP echo server: a task for each connection.
 *
 * echo PORT prints "ready PORT" and serves until it is terminated; bench/run does the rest. */
#include "bench.h"

#include <eddy.h>
#include <math.h>

static int echo(eddy_stream *peer)
{
    char buffer[32768];
    ssize_t n;

    while ((n = eddy_try(eddy_read(peer, buffer, sizeof buffer))) > 0)
        eddy_try(eddy_write(peer, buffer, (size_t)n));
    return 0;
}

static int serve(int port)
{
    eddy_auto(eddy_server) *server =
        eddy_try(eddy_server_open(echo, .host = "127.0.0.1", .port = port, .backlog = 1024));

    bench_ready(port);
    return eddy_sleep(INFINITY);
}
EDDY_CORO(serve, int)

int main(int argc, char **argv)
{
    return eddy_run(serve_coro((int)bench_arg(argc, argv, 1, 7000))) < 0;
}

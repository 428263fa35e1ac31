/* tls_echo.c - an echo server by TLS: a task for each connection.
 *
 * tls_echo CERT KEY PORT prints "ready PORT" and serves until it is terminated. */
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

static int serve(const char *cert, const char *key, int port)
{
    eddy_auto(eddy_server) *server = eddy_try(eddy_server_open(
        echo, .host = "127.0.0.1", .port = port, .backlog = 1024, .cert = cert, .key = key,
        .stack_size = 65536)); /* beside the buffer OpenSSL has 8 KiB */

    bench_ready(port);
    return eddy_sleep(INFINITY);
}
EDDY_CORO(serve, const char *, const char *, int)

int main(int argc, char **argv)
{
    if (argc != 4)
        return fprintf(stderr, "usage: tls_echo CERT KEY PORT\n"), 2;
    return eddy_run(serve_coro(argv[1], argv[2], (int)bench_arg(argc, argv, 3, 0))) < 0;
}

/* echo_server.c - sends back what each connection sends: echo_server [PORT]
 *
 * Try it with: nc 127.0.0.1 7000. Ctrl-C ends it. */
#include <eddy.h>
#include <math.h>
#include <stdlib.h>

/* Runs as a task for each connection, which is closed when it returns. */
static int echo(eddy_stream *peer)
{
    char buffer[4096];
    ssize_t n;

    while ((n = eddy_try(eddy_read(peer, buffer, sizeof buffer))) > 0)
        eddy_try(eddy_write(peer, buffer, (size_t)n));
    return 0;
}

static int serve(int port)
{
    eddy_auto(eddy_server) *server = eddy_try(eddy_server_open(echo, .port = port, .drain = 1.0));

    printf("echoing on 127.0.0.1:%d\n", eddy_server_port(server));
    fflush(stdout);
    return eddy_sleep(INFINITY);
}
EDDY_CORO(serve, int)

int main(int argc, char **argv)
{
    int port = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 7000;
    int status = eddy_run(serve_coro(port));

    return status < 0 && status != EDDY_ECANCELED;
}

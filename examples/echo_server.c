/* echo_server.c - sends back what each connection sends: echo_server [PORT]
 *
 * Try it with: nc 127.0.0.1 7000. Ctrl-C or SIGTERM ends it: those who are connected have 10 s
 * left. As a service of systemd it takes the socket that a .socket unit hands over. */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>

static const double IDLE_SECONDS = 60.0;

/* Runs as a task for each connection, which is closed when it returns. Who sends nothing, or does
 * not read what comes back, is dropped when the time is over: without it he could stay for ever. */
static int echo(eddy_stream *peer)
{
    char buffer[4096];
    ssize_t n = 1;

    while (n > 0) {
        eddy_timeout(IDLE_SECONDS) {
            n = eddy_read(peer, buffer, sizeof buffer);
            if (n > 0)
                n = eddy_write(peer, buffer, (size_t)n);
        }
    }
    return n == EDDY_ETIMEDOUT ? 0 : (int)n;
}

static int serve(int port)
{
    eddy_auto(eddy_server) *server =
        eddy_try(eddy_server_open(echo, .port = port, .activation = "*", .drain = 10.0,
                                  .stop_on_signal = true, .max_connections = 10000));

    printf("echoing on 127.0.0.1:%d\n", eddy_server_port(server));
    fflush(stdout);
    return eddy_server_wait(server);
}
EDDY_CORO(serve, int)

int main(int argc, char **argv)
{
    char *end = NULL;
    int port = argc > 1 ? (int)strtol(argv[1], &end, 10) : 7000;

    if (end && *end) {
        fprintf(stderr, "usage: echo_server [PORT]\n");
        return 2;
    }
    return eddy_run(serve_coro(port)) < 0;
}

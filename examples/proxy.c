/* proxy.c - passes connections on to another server: proxy [HOST:]PORT [LISTEN-PORT]
 *
 * Two tasks for each connection, one a direction; the end of one direction is passed on while the
 * other goes on. Ctrl-C ends it. */
#include <eddy.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where connections are passed on to. */
struct target {
    char host[256];
    int port;
};

static int pass_on(eddy_stream *to, eddy_stream *from)
{
    eddy_try(eddy_copy(to, from));
    return eddy_write_eof(to);
}
EDDY_CORO(pass_on, eddy_stream *, eddy_stream *)

/* When one direction fails the other is cancelled: neither is of use alone. */
static int proxy(eddy_stream *client)
{
    const struct target *target = eddy_stream_arg(client);
    eddy_auto(eddy_stream) *server = eddy_try(eddy_connect(target->host, .port = target->port));
    const eddy_coro both[] = {pass_on_coro(server, client), pass_on_coro(client, server)};

    return eddy_gather_n(both, 2, .cancel_on_error = true);
}

static int serve(struct target *target, int port)
{
    eddy_auto(eddy_server) *server =
        eddy_try(eddy_server_open(proxy, .port = port, .arg = target, .drain = 1.0));

    printf("passing 127.0.0.1:%d on to %s:%d\n", eddy_server_port(server), target->host,
           target->port);
    fflush(stdout);
    return eddy_sleep(INFINITY);
}
EDDY_CORO(serve, struct target *, int)

/* The last colon ends the host, so that an IPv6 address may be one. */
static bool parse(const char *text, struct target *target)
{
    const char *colon = strrchr(text, ':');
    int length = colon ? (int)(colon - text) : 0;
    long port = strtol(colon ? colon + 1 : text, NULL, 10);

    if (port < 1 || port > 65535 || (colon && (length < 1 || length >= (int)sizeof target->host)))
        return false;
    snprintf(target->host, sizeof target->host, "%.*s", colon ? length : 9,
             colon ? text : "127.0.0.1");
    target->port = (int)port;
    return true;
}

int main(int argc, char **argv)
{
    struct target target;
    long port = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

    if (argc < 2 || argc > 3 || port < 0 || port > 65535 || !parse(argv[1], &target)) {
        fprintf(stderr, "usage: %s [HOST:]PORT [LISTEN-PORT]\n", argv[0]);
        return 2;
    }
    int status = eddy_run(serve_coro(&target, (int)port));

    return status < 0 && status != EDDY_ECANCELED;
}

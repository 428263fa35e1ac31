/* Three clients of one echo server, each kept waiting half a second: half a second in all. What is
 * opened by eddy_auto is closed at the end of its block, the server with its handlers too. */
#include "tour.h"

/* Runs as a task for each connection; the stream is closed when it returns. */
static int serve(eddy_stream *peer)
{
    char *line;

    for (;;) {
        eddy_try(eddy_read_line(peer, &line));
        if (!line)
            return 0;
        eddy_try(eddy_sleep(0.5));
        eddy_try(eddy_printf(peer, "echo %s\n", line));
    }
}

static int client(int port, int i, struct text *result)
{
    char *line, rest[64];
    struct text echo;

    eddy_auto(eddy_stream) *server = eddy_try(eddy_connect("127.0.0.1", .port = port));
    eddy_try(eddy_printf(server, "hello %d\n", i));
    eddy_try(eddy_read_line(server, &line));
    text_set(&echo, "%s", line ? line : ""); /* the line itself lives until the next read */
    eddy_try(eddy_write_eof(server));
    ssize_t n = eddy_try(eddy_read(server, rest, sizeof rest));
    text_set(result, "client %d: %.20s, then %zd bytes to the end", i, echo.s, n);
    return 0;
}
EDDY_CORO(client, int, int, struct text *)

static int three_clients(void)
{
    struct text lines[3];
    double start = eddy_time();

    eddy_auto(eddy_server) *server = eddy_try(eddy_server_open(serve, .host = "127.0.0.1"));
    int port = eddy_server_port(server);
    eddy_try(eddy_gather(client_coro(port, 0, &lines[0]), client_coro(port, 1, &lines[1]),
                         client_coro(port, 2, &lines[2])));
    for (int i = 0; i < 3; i++)
        printf("%s\n", lines[i].s);
    printf("Total: %.2fs\n", eddy_time() - start);
    return 0;
}

static int refused(void)
{
    eddy_auto(eddy_stream) *nobody = eddy_connect("127.0.0.1", .port = 1);

    if (!nobody && eddy_last_status() == EDDY_ECONNREFUSED)
        printf("Refused: errno %d\n", -eddy_last_status());
    return 0;
}

static int open_connection(void)
{
    eddy_try(three_clients());
    return refused();
}
EDDY_CORO(open_connection)

int main(void)
{
    return eddy_run(open_connection_coro()) < 0;
}

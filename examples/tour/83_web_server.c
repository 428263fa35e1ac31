/* A small HTTP/1.1 server and its clients in one program. A connection's handler is plain code that
 * reads, waits and writes from top to bottom; ten slow requests at once take as long as one. */
#include "tour.h"

struct answer {
    const char *status;
    const char *body;
};

/* method, path and version, separated by blanks */
static int respond(char *request, struct answer *answer)
{
    char *rest = request;
    const char *method = strsep(&rest, " ");
    const char *path = strsep(&rest, " ");

    if (!path || !rest || strchr(rest, ' ')) {
        *answer = (struct answer){"400 Bad Request", ""};
    } else if (strcmp(method, "GET") != 0) {
        *answer = (struct answer){"405 Method Not Allowed", ""};
    } else if (strcmp(path, "/") == 0) {
        *answer = (struct answer){"200 OK", "Hello"};
    } else if (strcmp(path, "/slow") == 0) {
        eddy_try(eddy_sleep(0.5));
        *answer = (struct answer){"200 OK", "Slow"};
    } else {
        *answer = (struct answer){"404 Not Found", ""};
    }
    return 0;
}

static int skip_headers(eddy_stream *peer)
{
    char *line;

    do
        eddy_try(eddy_read_line(peer, &line));
    while (line && *line);
    return 0;
}

static int handle(eddy_stream *peer)
{
    struct answer answer;
    char *line, request[256];

    do {
        eddy_try(eddy_read_line(peer, &line));
        if (!line)
            return 0;
        snprintf(request, sizeof request, "%s", line);
        eddy_try(skip_headers(peer));
        eddy_try(respond(request, &answer));
        eddy_try(eddy_printf(peer, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", answer.status,
                             strlen(answer.body), answer.body));
    } while (strncmp(answer.status, "400", 3) != 0);
    return 0; /* the connection is closed */
}

/* ---- clients ---- */

static int ask(eddy_stream *server, const char *request, struct text *answer)
{
    char *line, status[40], body[16] = "";
    size_t length;

    eddy_try(eddy_printf(server, "%s\r\nHost: test\r\n\r\n", request));
    eddy_try(eddy_read_line(server, &line));
    snprintf(status, sizeof status, "%s",
             line ? line : ""); /* the line lives until the next read */
    eddy_try(eddy_read_line(server, &line));
    if (!line || sscanf(line, "Content-Length: %zu", &length) != 1 || length >= sizeof body)
        return eddy_raise(EDDY_EUSER, "an answer without a sensible length");
    eddy_try(skip_headers(server));
    eddy_try(eddy_read_exactly(server, body, length));
    text_set(answer, "%s%s%s", status, length ? " " : "", body);
    return 0;
}

static int slow_client(int port, struct text *answer)
{
    eddy_auto(eddy_stream) *server = eddy_try(eddy_connect("127.0.0.1", .port = port));

    return ask(server, "GET /slow HTTP/1.1", answer);
}
EDDY_CORO(slow_client, int, struct text *)

static int one_after_the_other(int port)
{
    const char *requests[] = {"GET / HTTP/1.1", "GET /none HTTP/1.1", "POST / HTTP/1.1",
                              "GET / HTTP/1.1", "nonsense"};
    struct text answer;
    eddy_auto(eddy_stream) *server = eddy_try(eddy_connect("127.0.0.1", .port = port));

    for (int i = 0; i < 5; i++) {
        eddy_try(ask(server, requests[i], &answer));
        printf("%s\n", answer.s);
    }
    return 0;
}

static int ten_at_once(int port)
{
    enum { CLIENTS = 10 };
    struct text answers[CLIENTS];
    eddy_coro clients[CLIENTS];
    double start = eddy_time();
    int good = 0;

    for (int i = 0; i < CLIENTS; i++)
        clients[i] = slow_client_coro(port, &answers[i]);
    eddy_try(eddy_gather_n(clients, CLIENTS));
    for (int i = 0; i < CLIENTS; i++)
        good += strcmp(answers[i].s, "HTTP/1.1 200 OK Slow") == 0;
    printf("%d slow answers in %.2fs\n", good, eddy_time() - start);
    return 0;
}

static int web_server(void)
{
    eddy_auto(eddy_server) *server = eddy_try(eddy_server_open(handle, .host = "127.0.0.1"));
    int port = eddy_server_port(server);

    eddy_try(one_after_the_other(port));
    return ten_at_once(port);
}
EDDY_CORO(web_server)

int main(void)
{
    return eddy_run(web_server_coro()) < 0;
}

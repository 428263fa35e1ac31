/* load_http.c - the load generator of the http_server question, over connections that are kept:
 * GET / with BYTES 0, otherwise GET /file, a file of that size.
 *
 * The first answer tells how long all are: of later ones the first line and the length are
 * checked, so that the generator does little beside its server. */
#include "load_http.h"

struct connection {
    int fd;
    size_t got;
    double sent_at;
};

static const char *request;
static size_t request_size;
static size_t length; /* of an answer, head included; 0: not known yet */

static void send_request(struct connection *c)
{
    c->got = 0;
    c->sent_at = bench_now();
    if (send(c->fd, request, request_size, MSG_NOSIGNAL) != (ssize_t)request_size)
        bench_die("send");
}

/* The first answer of all: the length of the others. */
static void learn(struct connection *c)
{
    char *answer = load_answer;

    for (size_t got = 0; length == 0 || got < length;) {
        ssize_t n = recv(c->fd, answer + got, sizeof load_answer - 1 - got, 0);
        if (n <= 0)
            bench_die("recv");
        got += (size_t)n;
        answer[got] = '\0';
        length = load_http_length(answer, load.size);
        if (length && got > length)
            load_http_die("more than an answer");
    }
}

/* Read what has come; when the answer is complete, note its time and send the next request. */
static void receive(void *connection)
{
    struct connection *c = connection;
    ssize_t n = recv(c->fd, load_answer, sizeof load_answer, 0);

    if (n <= 0)
        bench_die(n < 0 ? "recv" : "the server has closed a connection");
    if (c->got == 0 && (n < 13 || memcmp(load_answer, "HTTP/1.1 200 ", 13) != 0))
        load_http_die("an answer other than HTTP/1.1 200");
    c->got += (size_t)n;
    if (c->got > length)
        load_http_die("an answer of another length");
    if (c->got < length)
        return;
    load_answered(c->sent_at);
    send_request(c);
}

int main(int argc, char **argv)
{
    load_begin(argc, argv);
    request = load_http_request(load.size);
    request_size = strlen(request);
    load_http_await();
    struct connection *connections = calloc((size_t)load.connections, sizeof *connections);
    for (long i = 0; i < load.connections; i++)
        connections[i].fd = load_connect(SOCK_STREAM);
    send_request(&connections[0]);
    learn(&connections[0]);
    for (long i = 0; i < load.connections; i++) {
        bench_watch(load.epoll, connections[i].fd, &connections[i]);
        send_request(&connections[i]);
    }
    return load_run(receive);
}

/* load_short.c - the load generator of short connections: connect, one request, its answer, the
 * server's end, and again. A connection is left by a reset, so that none lingers anywhere. */
#include "load.h"

struct connection {
    int fd;
    size_t got;
    double opened_at;
};

static void begin(struct connection *c)
{
    struct linger none = {.l_onoff = 1};

    c->opened_at = bench_now();
    c->got = 0;
    c->fd = load_connect(SOCK_STREAM);
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    if (send(c->fd, load_message, load.size, MSG_NOSIGNAL) != (ssize_t)load.size)
        bench_die("send");
    bench_watch(load.epoll, c->fd, c);
}

static void receive(void *connection)
{
    struct connection *c = connection;
    ssize_t n = recv(c->fd, load_answer, sizeof load_answer, MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0)
        bench_die("recv");
    c->got += (size_t)n;
    if (n > 0)
        return;
    if (c->got != load.size) {
        fprintf(stderr, "an answer has %zu bytes\n", c->got);
        exit(1);
    }
    close(c->fd);
    load_answered(c->opened_at);
    begin(c);
}

int main(int argc, char **argv)
{
    load_begin(argc, argv);
    struct connection *connections = calloc((size_t)load.connections, sizeof *connections);
    for (long i = 0; i < load.connections; i++)
        begin(&connections[i]);
    return load_run(receive);
}

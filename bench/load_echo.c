/* load_echo.c - the load generator of the echo question, the same for every server. */
#include "load.h"

struct connection {
    int fd;
    size_t got;
    double sent_at;
};

static void send_request(struct connection *c)
{
    c->got = 0;
    c->sent_at = bench_now();
    for (size_t done = 0; done < load.size;) {
        ssize_t n = send(c->fd, load_message + done, load.size - done, MSG_NOSIGNAL);
        if (n < 0)
            bench_die("send");
        done += (size_t)n;
    }
}

/* Read what has come; when the answer is complete, note its time and send the next request. */
static void receive(void *connection)
{
    struct connection *c = connection;
    ssize_t n = recv(c->fd, load_answer, load.size - c->got, 0);

    if (n <= 0)
        bench_die("recv");
    c->got += (size_t)n;
    if (c->got < load.size)
        return;
    load_answered(c->sent_at);
    send_request(c);
}

int main(int argc, char **argv)
{
    load_begin(argc, argv);
    struct connection *connections = calloc((size_t)load.connections, sizeof *connections);
    for (long i = 0; i < load.connections; i++) {
        connections[i].fd = load_connect(SOCK_STREAM);
        bench_watch(load.epoll, connections[i].fd, &connections[i]);
    }
    for (long i = 0; i < load.connections; i++)
        send_request(&connections[i]);
    return load_run(receive);
}

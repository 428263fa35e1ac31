/* load_udp.c - the load generator of the UDP question: CONNECTIONS sockets, each with 16 datagrams
 * on the way, which are sent and received several at a time. Eight of them fit what a server's
 * socket keeps unread, so that none is lost. */
#include "load.h"

enum { WINDOW = 16 };

struct connection {
    int fd;
    double sent_at;
};

static struct iovec part;
static struct mmsghdr messages[WINDOW];

static void send_more(struct connection *c, int count)
{
    c->sent_at = bench_now();
    if (sendmmsg(c->fd, messages, (unsigned)count, 0) != count)
        bench_die("sendmmsg");
}

static void receive(void *connection)
{
    struct connection *c = connection;
    int n = recvmmsg(c->fd, messages, WINDOW, MSG_DONTWAIT, NULL);

    for (int i = 0; i < n; i++) {
        if (messages[i].msg_len != load.size)
            bench_die("an answer has another size");
        load_answered(c->sent_at);
    }
    if (n > 0)
        send_more(c, n);
}

int main(int argc, char **argv)
{
    load_begin(argc, argv);
    struct connection *connections = calloc((size_t)load.connections, sizeof *connections);
    part = (struct iovec){load_message, load.size};
    for (int i = 0; i < WINDOW; i++)
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
    for (long i = 0; i < load.connections; i++) {
        connections[i].fd = load_connect(SOCK_DGRAM);
        bench_watch(load.epoll, connections[i].fd, &connections[i]);
        send_more(&connections[i], WINDOW);
    }
    return load_run(receive);
}

/* Plain epoll: sends back what datagrams it gets, one by one or, with a further argument, several
 * with a call. */
#include "bench.h"

enum { BATCH = 32, ROOM = 2048 };

static char buffers[BATCH][ROOM];
static struct sockaddr_in senders[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];

static void echo(int fd)
{
    for (;;) {
        socklen_t size = sizeof senders[0];
        ssize_t n = recvfrom(fd, buffers[0], ROOM, MSG_DONTWAIT, (struct sockaddr *)senders, &size);

        if (n < 0)
            return;
        sendto(fd, buffers[0], (size_t)n, 0, (struct sockaddr *)senders, size);
    }
}

static void echo_batches(int fd)
{
    int n = BATCH;

    while (n == BATCH) {
        for (int i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){buffers[i], ROOM};
            messages[i].msg_hdr = (struct msghdr){.msg_name = &senders[i],
                                                  .msg_namelen = sizeof senders[i],
                                                  .msg_iov = &parts[i],
                                                  .msg_iovlen = 1};
        }
        n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++)
            parts[i].iov_len = messages[i].msg_len;
        if (n > 0)
            sendmmsg(fd, messages, (unsigned)n, 0);
    }
}

int main(int argc, char **argv)
{
    long port = bench_arg(argc, argv, 1, 7000);
    struct sockaddr_in at = bench_address(port);
    struct epoll_event event;
    int epoll = epoll_create1(0), fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0)
        bench_die("bind");
    bench_watch(epoll, fd, NULL);
    bench_ready(port);
    for (;;) {
        if (epoll_wait(epoll, &event, 1, -1) < 1)
            continue;
        if (argc > 2)
            echo_batches(fd);
        else
            echo(fd);
    }
}

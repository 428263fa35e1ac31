/* Plain epoll, level-triggered: one recv and one send for each event. What an echo server costs
 * when nothing is between the program and the kernel. */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[32768];

static void watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Sockets block: a send that does not fit waits, which a client in closed loop never causes. */
static void answer(int fd)
{
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);

    if (n <= 0 || send(fd, buffer, (size_t)n, MSG_NOSIGNAL) != n)
        close(fd);
}

int main(int argc, char **argv)
{
    long port = bench_arg(argc, argv, 1, 7000);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((unsigned short)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event events[256];
    int one = 1, epoll = epoll_create1(0), listener = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 1024) < 0)
        return perror("echo"), 1;
    watch(epoll, listener);
    printf("ready %ld\n", port);
    fflush(stdout);
    for (;;) {
        int n = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd != listener)
                answer(events[i].data.fd);
            else
                watch(epoll, accept4(listener, NULL, NULL, 0));
        }
    }
}

/* Plain epoll: short connections. A new one is asked for its request at once, and registered only
 * when it has not come yet. */
#include "bench.h"

#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

static char buffer[4096];

/* False: there is no request yet. */
static bool answer(int fd)
{
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);

    if (n < 0 && errno == EAGAIN)
        return false;
    if (n > 0)
        send(fd, buffer, (size_t)n, MSG_NOSIGNAL);
    close(fd);
    return true;
}

static void accept_all(int epoll, int listener)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

        if (fd < 0)
            return;
        if (!answer(fd))
            epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

int main(int argc, char **argv)
{
    long port = bench_arg(argc, argv, 1, 7000);
    struct epoll_event events[256];
    int epoll = epoll_create1(0), listener = bench_listen(port);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};

    fcntl(listener, F_SETFL, O_NONBLOCK);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    bench_ready(port);
    for (;;) {
        int n = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listener)
                accept_all(epoll, listener);
            else
                answer(events[i].data.fd);
        }
    }
}

/* Plain epoll, level-triggered: one recv and one send for each event. What an echo server costs
 * when nothing is between the program and the kernel.
 *
 * echo PORT [own]: with own, each connection has a buffer of its own, as a server needs where an
 * answer may have to wait. */
#include "bench.h"

#include <sys/mman.h>
#include <unistd.h>

enum { BUFFER = 32768, CONNECTIONS = 4096 };
static char *buffers;
static size_t distance; /* from one connection's to the next one's; 0: one for all */

static void watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Sockets block: a send that does not fit waits, which a client in closed loop never causes. */
static void answer(int fd)
{
    char *buffer = buffers + (size_t)fd % CONNECTIONS * distance;
    ssize_t n = recv(fd, buffer, BUFFER, 0);

    if (n <= 0 || send(fd, buffer, (size_t)n, MSG_NOSIGNAL) != n)
        close(fd);
}

int main(int argc, char **argv)
{
    long port = bench_arg(argc, argv, 1, 7000);
    struct epoll_event events[256];
    int epoll = epoll_create1(0), listener = bench_listen(port);

    distance = argc > 2 ? BUFFER : 0;
    buffers = mmap(NULL, (size_t)CONNECTIONS * BUFFER, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (buffers == MAP_FAILED)
        bench_die("mmap");
    watch(epoll, listener);
    bench_ready(port);
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

/* half_closed.h - full sockets whose peer sends no more, and how often a loop turns meanwhile. */
#ifndef HALF_CLOSED_H
#define HALF_CLOSED_H

#include "test.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

static inline void half_tcp_pair(int fds[2])
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *address = (struct sockaddr *)(void *)&in;
    socklen_t size = sizeof in;
    int listener = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

    CHECK_OK(bind(listener, address, size));
    CHECK_OK(listen(listener, 1));
    CHECK_OK(getsockname(listener, address, &size));
    fds[0] = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK_OK(connect(fds[0], address, size));
    fds[1] = CHECK_OK(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
    close(listener);
}

static inline size_t half_fill(int fd)
{
    static const char bytes[65536];
    size_t sum = 0;
    ssize_t n;

    /* TCP moves on for a moment, as long as an acknowledgement may be delayed or a full window is
     * left in peace, more than 0.2 s; and where no large message fits a small one may */
    for (int quiet = 0; quiet < 300; quiet++)
        if ((n = send(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0 ||
            (n = send(fd, bytes, 1, MSG_DONTWAIT)) > 0) {
            sum += (size_t)n;
            quiet = 0;
        } else {
            usleep(1000);
        }
    return sum;
}

/* fds[0] is full; fds[1] has sent a byte and its end, which were read or not. */
static inline size_t half_pair(int fds[2], bool tcp, bool read)
{
    char byte;

    if (tcp)
        half_tcp_pair(fds);
    else
        CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    size_t sum = half_fill(fds[0]);
    CHECK_INT(send(fds[1], "x", 1, 0), 1);
    CHECK_OK(shutdown(fds[1], SHUT_WR));
    if (read) {
        CHECK_INT(recv(fds[0], &byte, 1, MSG_WAITALL), 1);
        CHECK_INT(recv(fds[0], &byte, 1, MSG_WAITALL), 0);
    }
    return sum + half_fill(fds[0]); /* what the peer sent may have made room */
}

static inline void half_drain(int fd, size_t size)
{
    static char bytes[65536];

    while (size > 0) {
        size_t part = size < sizeof bytes ? size : sizeof bytes;

        size -= (size_t)CHECK_OK(recv(fd, bytes, part, 0));
    }
}

static inline double half_cpu_time(void)
{
    struct timespec t;

    CHECK_OK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t));
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* In so many seconds of waiting a loop that has nothing to do turns a few times only, and neither
 * it nor the kernel in its name is busy. */
static inline void half_check_idle(eddy_loop *loop, double seconds)
{
    double end = eddy_loop_time(loop) + seconds, cpu = half_cpu_time();
    int turns = 0;

    for (; eddy_loop_time(loop) < end; turns++)
        CHECK_OK(eddy_loop_run_once(loop, seconds));
    CHECK(turns < 10);
    CHECK(half_cpu_time() - cpu < seconds / 2);
}

/* For each kind of socket, with the end read and not. */
static inline void half_each(void (*check)(bool tcp, bool read))
{
    for (int i = 0; i < 4; i++)
        check(i & 1, i & 2);
}

#endif

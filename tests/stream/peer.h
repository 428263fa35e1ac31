/* peer.h - what the tests of streams share: a stream with a plain socket at its other end, which
 * the test drives by hand, and bytes that can be told apart. */
#ifndef PEER_H
#define PEER_H

#include "task/reports.h"
#include "test.h"

#include "stream/stream.h"
#include <eddy/names.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

/* ---- a TCP connection: one end a stream, the other a non-blocking socket ---- */

struct pair {
    eddy_stream *stream;
    int raw;
};

static inline int raw_listener(struct sockaddr_in *address, int backlog)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof *address;

    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    CHECK(fd >= 0);
    CHECK_INT(bind(fd, (struct sockaddr *)address, size), 0);
    CHECK_INT(listen(fd, backlog), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)address, &size), 0);
    return fd;
}

/* Two connected sockets, both blocking. small: with buffers as small as they can be. */
static inline void raw_pair(int fds[2], bool small)
{
    struct sockaddr_in address;
    int listener = raw_listener(&address, 1), size = 1;

    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fds[0] >= 0);
    if (small) {
        setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
    CHECK_INT(connect(fds[0], (struct sockaddr *)&address, sizeof address), 0);
    fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(fds[1] >= 0);
    close(listener);
}

static inline struct pair pair_open_with(bool small, const eddy_stream_opts *opts)
{
    int fds[2];

    raw_pair(fds, small);
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    struct pair pair = {eddy_stream_of_socket(fds[0], opts), fds[1]};
    CHECK(pair.stream != NULL);
    return pair;
}

static inline struct pair pair_open(void)
{
    return pair_open_with(false, NULL);
}

static inline void pair_close(struct pair *pair)
{
    eddy_stream_close(pair->stream);
    close(pair->raw);
}

/* Two streams that are connected. */
static inline void streams_open(eddy_stream *streams[2], const eddy_stream_opts *opts)
{
    int fds[2];

    raw_pair(fds, false);
    for (int i = 0; i < 2; i++)
        CHECK((streams[i] = eddy_stream_of_socket(fds[i], opts)) != NULL);
}

/* Look-ups by the getaddrinfo of test_names_thread.c. */
static inline void names_by_getaddrinfo(void)
{
    CHECK_INT(eddy_loop_set_resolver(eddy_loop_running(), .getaddrinfo = true), 0);
}

/* ---- the hand-driven end ---- */

static inline void raw_send(int fd, const char *text)
{
    CHECK_INT(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What the kernel brings within a second, without the loop. */
static inline ssize_t raw_receive(int fd, void *buf, size_t size)
{
    poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1000);
    return recv(fd, buf, size, MSG_DONTWAIT);
}

static inline void raw_expect(int fd, const char *text)
{
    char buf[4096];
    size_t got = 0, size = strlen(text);

    while (got < size) {
        ssize_t n = raw_receive(fd, buf + got, size - got);

        CHECK(n > 0);
        got += (size_t)n;
    }
    CHECK_MEM(buf, text, size);
}

static inline void raw_reset(int fd)
{
    struct linger at_once = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

/* ---- coroutines ---- */

static inline int sends_after(double seconds, int fd, const char *text)
{
    eddy_try(eddy_sleep(seconds));
    raw_send(fd, text);
    return 0;
}
EDDY_CORO(sends_after, double, int, const char *)

static inline int sends_byte_by_byte(int fd, const char *text)
{
    for (; *text; text++) {
        CHECK_INT(send(fd, text, 1, MSG_NOSIGNAL), 1);
        eddy_try(eddy_sleep(0));
    }
    return 0;
}
EDDY_CORO(sends_byte_by_byte, int, const char *)

static inline int closes_after(double seconds, eddy_stream *stream)
{
    eddy_try(eddy_sleep(seconds));
    eddy_stream_close(stream);
    return 0;
}
EDDY_CORO(closes_after, double, eddy_stream *)

/* *n: what eddy_read returned. */
static inline int reads(eddy_stream *stream, char *buf, size_t size, ssize_t *n)
{
    *n = eddy_read(stream, buf, size);
    return 0;
}
EDDY_CORO(reads, eddy_stream *, char *, size_t, ssize_t *)

static inline int writes(eddy_stream *stream, const char *buf, size_t size, ssize_t *n)
{
    *n = eddy_write(stream, buf, size);
    return 0;
}
EDDY_CORO(writes, eddy_stream *, const char *, size_t, ssize_t *)

static inline int echoes(eddy_stream *peer)
{
    char buffer[4096];
    ssize_t n;

    while ((n = eddy_try(eddy_read(peer, buffer, sizeof buffer))) > 0)
        eddy_try(eddy_write(peer, buffer, (size_t)n));
    return 0;
}

/* ---- numbers and bytes that depend on a state alone (splitmix64) ---- */

static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Bytes without end: a table that repeats after a prime number of them. */
enum { ENDLESS = 100003 };

static inline const char *endless_bytes(void)
{
    static char table[ENDLESS];
    uint64_t state = 1;

    for (size_t i = 0; !table[ENDLESS - 1] && i < sizeof table; i++)
        table[i] = (char)(random_next(&state) | (i == ENDLESS - 1));
    return table;
}

/* The size bytes at this place of them. */
static inline void endless_copy(char *to, size_t place, size_t size)
{
    while (size > 0) {
        size_t at = place % ENDLESS, n = min_size(size, ENDLESS - at);

        memcpy(to, endless_bytes() + at, n);
        to += n;
        place += n;
        size -= n;
    }
}

static inline bool endless_equal(const char *bytes, size_t place, size_t size)
{
    while (size > 0) {
        size_t at = place % ENDLESS, n = min_size(size, ENDLESS - at);

        if (memcmp(bytes, endless_bytes() + at, n) != 0)
            return false;
        bytes += n;
        place += n;
        size -= n;
    }
    return true;
}

#endif

/* datagrams.h - what the tests of datagram endpoints share. */
#ifndef DATAGRAMS_H
#define DATAGRAMS_H

#include "stream/peer.h"

#include "net/datagram.h"

struct two {
    eddy_datagram *server; /* bound to a free port */
    eddy_datagram *client; /* connected to it */
};

static inline struct two two_open(const char *host)
{
    struct two two = {.server = eddy_datagram_open(.host = host)};

    CHECK(two.server != NULL);
    two.client = eddy_datagram_open(.peer_host = host, .peer_port = eddy_datagram_port(two.server));
    CHECK(two.client != NULL);
    return two;
}

static inline void two_close(struct two *two)
{
    eddy_datagram_close(two->server);
    eddy_datagram_close(two->client);
}

static inline int sends_datagram_after(double seconds, eddy_datagram *d, const char *text)
{
    eddy_try(eddy_sleep(seconds));
    return (int)eddy_datagram_send(d, text, strlen(text));
}
EDDY_CORO(sends_datagram_after, double, eddy_datagram *, const char *)

/* *n: what eddy_datagram_receive returned. */
static inline int receives(eddy_datagram *d, char *buf, size_t size, ssize_t *n)
{
    *n = eddy_datagram_receive(d, buf, size, NULL);
    return 0;
}
EDDY_CORO(receives, eddy_datagram *, char *, size_t, ssize_t *)

static inline int closes_datagram_after(double seconds, eddy_datagram *d)
{
    eddy_try(eddy_sleep(seconds));
    eddy_datagram_close(d);
    return 0;
}
EDDY_CORO(closes_datagram_after, double, eddy_datagram *)

/* The next datagram is this one. */
static inline void expect(eddy_datagram *d, const char *text)
{
    char buf[2000];
    ssize_t n = 0;

    eddy_timeout(5)
        n = eddy_datagram_receive(d, buf, sizeof buf - 1, NULL);
    buf[CHECK_OK(n)] = '\0';
    CHECK_STR(buf, text);
}

static inline void unix_name(char name[64], const char *what)
{
    snprintf(name, 64, "@eddy-%s-%d", what, (int)getpid());
}

#endif

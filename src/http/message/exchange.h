/* exchange.h - one request and its answer, whichever version of HTTP carries them: h1.c does it on
 * a connection of its own, h2/ on one that has many. What client and server do beyond that stands
 * on these functions. */
#ifndef EDDY_HTTP_EXCHANGE_H
#define EDDY_HTTP_EXCHANGE_H

#include "http/message/head.h"
#include <eddy/stream.h>
#include <eddy/transport.h>

/* A head that is to be sent. Content-Length, Transfer-Encoding and Connection are not among fields:
 * they follow from what is said here. Names and values were checked (eddy__check_field). */
struct eddy__head_out {
    const char *method;    /* of a request */
    const char *scheme;    /* "http" */
    const char *authority; /* Host */
    const char *target;
    int status;              /* of an answer */
    const eddy_pair *fields; /* ended by a pair without a name; NULL: none */
    int64_t length;          /* bytes of the body; -1: not known before it ends */
    bool no_body;            /* none is sent, whatever length says: answers to HEAD, 204, 304, 1xx;
                                length -1: nothing is said of it */
    bool close;              /* the connection ends with this exchange */
    const char *upgrade;     /* the protocol of an Upgrade field, with Connection: Upgrade: what the
                                connection goes on with (101), or should (426) */
};

struct eddy__exchange;
struct eddy__exchange_kind {
    int (*receive)(struct eddy__exchange *e, struct eddy__head *head);
    ssize_t (*read)(struct eddy__exchange *e, void *buf, size_t size);
    int (*send)(struct eddy__exchange *e, const struct eddy__head_out *head);
    int (*write)(struct eddy__exchange *e, const void *data, size_t size);
    int (*flush)(struct eddy__exchange *e);
    int (*end)(struct eddy__exchange *e, const eddy_pair *trailers);
    int64_t (*rest)(struct eddy__exchange *e);
    void (*abort)(struct eddy__exchange *e);
    int (*await_gone)(struct eddy__exchange *e);
    bool alone; /* it has its connection for itself, which can change the protocol with it */
};
struct eddy__exchange {
    const struct eddy__exchange_kind *kind;
    struct eddy__arena *arena;    /* memory of what comes: heads, trailers */
    struct eddy__refusal refusal; /* why receive or read returned EDDY_EPROTO */
    struct eddy__fields trailers; /* that came, once read has returned 0 */
    uint64_t received;            /* bytes of the body that read has given */
    bool heard;                   /* the peer has said something in this exchange */
    bool unprocessed;             /* or that it has not begun with it, and will not */
};

/* The .reason of transports upon an exchange (reason.c): words of the record that the failed call
 * has left. The stream raises the code anew, and says itself that it cannot be read from, or
 * written to, its peer. */
const char *eddy__exchange_reason(const eddy_transport *transport, int code);

/* Receives a head: of a request (server) or of the next answer, 1xx included (client). 1; 0: the
 * peer has ended the connection before one began; EDDY_EPROTO with e->refusal, EDDY_EOF in the
 * middle of it, EDDY_ELIMIT, … all raised. Suspends. */
static inline EDDY_SUSPENDS int eddy__exchange_receive(struct eddy__exchange *e,
                                                       struct eddy__head *head)
{
    return e->kind->receive(e, head);
}
/* Bytes of the body that belongs to that head: at least one, 0 at its end, EDDY_EOF (both counts
 * named) when the connection ends before, EDDY_EPROTO. Suspends. */
static inline EDDY_SUSPENDS ssize_t eddy__exchange_read(struct eddy__exchange *e, void *buf,
                                                        size_t size)
{
    return e->kind->read(e, buf, size);
}
/* A head; it leaves with the first bytes of its body, with flush or with end. 0 or a failure. */
static inline EDDY_SUSPENDS int eddy__exchange_send(struct eddy__exchange *e,
                                                    const struct eddy__head_out *head)
{
    return e->kind->send(e, head);
}
/* Bytes of its body: 0 or a failure; EDDY_EINVAL for more than its length. No bytes (size 0) send a
 * head that waits, and do not wait for the peer to take it. Suspends. */
static inline EDDY_SUSPENDS int eddy__exchange_write(struct eddy__exchange *e, const void *data,
                                                     size_t size)
{
    return e->kind->write(e, data, size);
}
/* Sends what waits to be sent. Suspends. */
static inline EDDY_SUSPENDS int eddy__exchange_flush(struct eddy__exchange *e)
{
    return e->kind->flush(e);
}
/* The body has ended; trailers (NULL: none) go out where the coding has a place for them.
 * EDDY_EINVAL for less than its length: then the connection cannot be used again. Suspends. */
static inline EDDY_SUSPENDS int eddy__exchange_end(struct eddy__exchange *e,
                                                   const eddy_pair *trailers)
{
    return e->kind->end(e, trailers);
}
/* Bytes of the body that have not been read, as far as the head tells; -1: it does not; INT64_MAX:
 * reading them off leaves nothing that is of further use. */
static inline int64_t eddy__exchange_rest(struct eddy__exchange *e)
{
    return e->kind->rest(e);
}
/* Ends it in the middle, for both sides: calls that wait in it fail, with EDDY_ECLOSED, and so do
 * later ones. What has the exchange still gives it back. Does not suspend. */
static inline void eddy__exchange_abort(struct eddy__exchange *e)
{
    e->kind->abort(e);
}
/* Waits, once the body has been read, until the peer has gone: 0, or the failure that tells so.
 * Further requests that come meanwhile stay where they are; EDDY_ELIMIT when there are too many of
 * them to go on watching. Suspends. */
static inline EDDY_SUSPENDS int eddy__exchange_await_gone(struct eddy__exchange *e)
{
    return e->kind->await_gone(e);
}

#endif

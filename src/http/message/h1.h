/* h1.h - HTTP/1.1 on a stream, either side: h1.c receives, h1_send.c sends. One exchange at a time;
 * the next begins with eddy__h1_next. */
#ifndef EDDY_HTTP_H1_H
#define EDDY_HTTP_H1_H

#include "http/message/chunk.h"
#include "http/message/exchange.h"

/* How the end of a body is found. */
enum eddy__h1_framing {
    EDDY__H1_NONE,    /* there is no body, or it has ended */
    EDDY__H1_LENGTH,  /* after so many bytes */
    EDDY__H1_CHUNKED, /* after the last chunk */
    EDDY__H1_TO_END,  /* with the connection */
};

struct eddy__h1 {
    struct eddy__exchange exchange;
    eddy_stream *stream; /* not owned */
    bool client;
    struct eddy__head_limits limits;
    bool keep_alive; /* both sides would use the connection again */
    bool head_only;  /* the request is HEAD: its answer has no body */
    bool connects;   /* the request is CONNECT: a tunnel follows an answer of 2xx */
    int peer_minor;  /* HTTP/1.minor of the peer */

    /* What comes. */
    bool received; /* a head that is not 1xx */
    enum eddy__h1_framing in;
    uint64_t in_whole; /* what Content-Length said */
    struct eddy__chunks chunks;

    /* What goes out. */
    bool sent;      /* a head that is not 1xx was given to send */
    bool out_ended; /* and a whole body */
    bool cut;       /* a part of that was not sent: the rest cannot be */
    enum eddy__h1_framing out;
    uint64_t out_whole; /* what Content-Length says */
    uint64_t out_given; /* bytes of the body */
    const char *head;   /* not sent yet, in the arena; NULL: none */
    size_t head_size;
};

/* For a stream between two messages. The arena is the caller's, who resets it between exchanges.
 * The stream's .limit has to be more than limits.size. */
void eddy__h1_init(struct eddy__h1 *h1, eddy_stream *stream, struct eddy__arena *arena,
                   const struct eddy__head_limits *limits, bool client);
/* Ready for another exchange, after one that leaves the connection reusable. */
void eddy__h1_next(struct eddy__h1 *h1);
/* Whether an exchange has ended as a whole, in both directions, and both sides keep the
 * connection. */
bool eddy__h1_reusable(const struct eddy__h1 *h1);
/* Whether the head of a further request has come already, so that its answer can leave together
 * with this one. Does not suspend. */
bool eddy__h1_has_more(struct eddy__h1 *h1);

/* Of h1_send.c, for h1.c. */
int eddy__h1_send(struct eddy__exchange *e, const struct eddy__head_out *head);
int eddy__h1_write(struct eddy__exchange *e, const void *data, size_t size);
int eddy__h1_flush(struct eddy__exchange *e);
int eddy__h1_end(struct eddy__exchange *e, const eddy_pair *trailers);

static inline struct eddy__h1 *eddy__h1_of(struct eddy__exchange *e)
{
    return container_of(e, struct eddy__h1, exchange);
}

#endif

/* h1.h - HTTP/1.1 on a stream: heads, bodies with their framing, both directions (h1.c, h1_send.c).
 * One exchange at a time; the next begins with eddy__h1_next. */
#ifndef EDDY_HTTP_H1_H
#define EDDY_HTTP_H1_H

#include "http/message/chunk.h"
#include "http/message/exchange.h"

enum eddy__h1_framing {
    EDDY__H1_NONE,    /* no body, or it has ended */
    EDDY__H1_LENGTH,  /* so many bytes */
    EDDY__H1_CHUNKED, /* chunks and trailers */
    EDDY__H1_TO_END,  /* up to the end of the connection */
};

struct eddy__h1 {
    struct eddy__exchange exchange;
    eddy_stream *stream; /* not owned */
    struct eddy__head_limits limits;
    bool client;
    bool keep_alive; /* both sides would use the connection again */
    bool head_asked; /* client: the request was HEAD, so the answer has no body; server likewise */
    int peer_minor;  /* HTTP/1.minor of the peer */

    enum eddy__h1_framing in;
    uint64_t in_left;  /* EDDY__H1_LENGTH */
    uint64_t in_whole; /* what Content-Length said */
    struct eddy__chunks chunks;

    enum eddy__h1_framing out;
    uint64_t out_left;
    bool out_begun;  /* a head was given to send */
    bool out_broken; /* what was sent does not make a whole message */
    char *head;      /* one that has not been sent yet, in memory of its own */
    size_t head_size;
    size_t head_capacity;
};

/* For a connection that has begun, or was taken from a pool. The arena is the caller's. */
void eddy__h1_init(struct eddy__h1 *h1, eddy_stream *stream, struct eddy__arena *arena,
                   bool client);
void eddy__h1_free(struct eddy__h1 *h1);
/* Ready for another exchange. Only after one that was whole in both directions. */
void eddy__h1_next(struct eddy__h1 *h1);
/* Whether it was: both bodies have ended, and both sides keep the connection. */
bool eddy__h1_reusable(const struct eddy__h1 *h1);
/* Whether a whole further request has come already: its answer may wait for this one's. */
bool eddy__h1_has_more(struct eddy__h1 *h1);

#endif

/* h2.h - HTTP/2 on a stream (RFC 9113), either side: nghttp2 makes and judges the frames, this puts
 * them on eddy's streams and gives each HTTP/2 stream to a task as an exchange.
 *
 * h2.c has the connection and its two tasks, h2_frames.c what nghttp2 calls, h2_exchange.c the
 * exchange. No call of nghttp2 suspends, nor what it calls. */
#ifndef EDDY_HTTP_H2_H
#define EDDY_HTTP_H2_H

#include "base/list.h"
#include "http/message/exchange.h"
#include <eddy/sync.h>
#include <nghttp2/nghttp2.h>

struct eddy__h2;

/* One exchange. The task that has it closes it. */
struct eddy__h2_stream {
    struct eddy__exchange exchange;
    struct eddy__arena arena; /* of the exchange */
    struct eddy__h2 *h2;      /* NULL: the connection has gone */
    struct list of;           /* in h2->streams */
    int32_t id;
    eddy_event changed; /* set for a moment when anything below may have changed */

    /* What comes. */
    struct eddy__fields fields; /* of the section that is coming, pseudo fields included */
    size_t fields_size;
    struct eddy__head head;
    bool head_came;
    unsigned interim; /* heads of answers 1xx that have come */
    bool in_ended;
    char *in; /* bytes of the body [in_start, in_end) */
    size_t in_start, in_end, in_capacity;

    /* What goes out. */
    bool sent;       /* a head that is not 1xx */
    const char *out; /* the caller's, until out_left is 0 */
    size_t out_left;
    int64_t out_length; /* what the head says; -1: nothing */
    uint64_t out_given;
    const eddy_pair *out_trailers; /* the caller's, too */
    bool out_ended;                /* nothing follows what is in out */
    bool out_ending;               /* and nghttp2 has not heard of that yet */

    bool closed;         /* no frame will come or go any more */
    uint32_t error_code; /* why, an NGHTTP2_ code; not 0: it was reset */
    bool refused;        /* the peer has not begun with it: it may be tried again elsewhere */
};

/* A request has come. Called on the task that runs the connection; must not suspend. The stream is
 * the callee's, to be closed by eddy__h2_close_stream in any task; on failure it is refused. */
typedef int eddy__h2_accept(struct eddy__h2_stream *stream, void *arg);

struct eddy__h2_opts {
    eddy__h2_accept *accept; /* a server's; NULL: this is a client */
    void *arg;
    unsigned max_streams; /* requests at a time that a server takes; 0: 100 */
    unsigned window;      /* bytes that may come for a stream before they are read; 0: 256 KiB */
    struct eddy__head_limits limits;
};

struct eddy__h2 {
    eddy_stream *stream; /* not owned */
    nghttp2_session *session;
    struct eddy__h2_opts opts;
    struct list streams;
    unsigned count;   /* of streams */
    eddy_event dirty; /* there may be frames to send */
    bool going_away;  /* no further streams */
    bool over;
    int64_t minute; /* the budget of frames that cost us and bring nothing */
    unsigned idle_frames;
};

/* NULL, raised. The connection says nothing before it is run. */
struct eddy__h2 *eddy__h2_open(eddy_stream *stream, const struct eddy__h2_opts *opts);
/* Moves frames until the peer or eddy__h2_go_away has ended the connection, and the streams that
 * were left have ended: 0, or a failure. Streams that are open then are closed. Suspends; for a
 * task of its own. */
EDDY_SUSPENDS int eddy__h2_run(struct eddy__h2 *h2);
/* No further streams; those that are open go on. Does not suspend. */
void eddy__h2_go_away(struct eddy__h2 *h2);
/* After run has returned. Streams may outlive it. NULL is fine. */
void eddy__h2_close(struct eddy__h2 *h2);

/* A client's new exchange, NULL, raised: EDDY_ECLOSED when the connection takes none. Its id is
 * known once a head was sent. */
struct eddy__h2_stream *eddy__h2_open_stream(struct eddy__h2 *h2);
/* How many more the peer takes now. */
unsigned eddy__h2_room(const struct eddy__h2 *h2);
/* Gives a stream back; one that has not ended as a whole is reset. NULL is fine. */
void eddy__h2_close_stream(struct eddy__h2_stream *stream);

/* ---- between the files of h2/ ---- */

/* A request whose head has not come as a whole: no task has it yet. */
static inline bool eddy__h2_nobody_has(const struct eddy__h2_stream *s)
{
    return s->h2->opts.accept && !s->head_came;
}

/* h2.c */
struct eddy__h2_stream *eddy__h2_new_stream(struct eddy__h2 *h2);
void eddy__h2_wake_stream(struct eddy__h2_stream *s);
/* Ends a stream in the middle. */
void eddy__h2_reset(struct eddy__h2_stream *s, uint32_t error_code);
/* Counts a frame that brings nothing: false when there were too many of them in a minute. */
bool eddy__h2_affords(struct eddy__h2 *h2);
/* h2_frames.c */
nghttp2_session_callbacks *eddy__h2_callbacks(void);
ssize_t eddy__h2_give(nghttp2_session *session, int32_t id, uint8_t *buf, size_t size,
                      uint32_t *flags, nghttp2_data_source *source, void *arg);
/* h2_exchange.c */
extern const struct eddy__exchange_kind eddy__h2_kind;

#endif

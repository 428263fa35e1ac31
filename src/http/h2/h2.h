/* h2.h - HTTP/2 on a stream (RFC 9113), either side: nghttp2 makes and judges the frames, this puts
 * them on eddy's streams and gives each HTTP/2 stream to a task as an exchange.
 *
 * h2.c has the connection and its streams, h2_run.c the two tasks that move frames, h2_frames.c
 * what nghttp2 calls, h2_head.c what becomes of header sections, h2_exchange.c the exchange. No
 * call of nghttp2 suspends, nor what it calls. */
#ifndef EDDY_HTTP_H2_H
#define EDDY_HTTP_H2_H

#include "base/list.h"
#include "http/message/exchange.h"
#include <eddy/scope.h>
#include <eddy/sync.h>
#include <nghttp2/nghttp2.h>

struct eddy__h2;

/* A head that has come and was not received yet. */
struct eddy__h2_head {
    struct eddy__head head;
    struct eddy__h2_head *next;
};

/* One exchange. The task that has it closes it. */
struct eddy__h2_stream {
    struct eddy__exchange exchange;
    struct eddy__arena arena; /* of a server's exchange; that of a client's is its caller's */
    struct eddy__h2 *h2;
    struct list of; /* in h2->streams, until it is left */
    bool left;
    int32_t id;
    eddy_event changed; /* set for a moment when anything below may have changed */

    /* What comes. */
    struct eddy__fields fields; /* of the section that is coming, pseudo fields included */
    size_t fields_size;
    unsigned crumbs; /* of those that are kept: cookies, which will be one field */
    struct eddy__h2_head *heads, *last_head;
    bool head_came;   /* the one that is not 1xx */
    unsigned interim; /* heads of answers 1xx that have come */
    bool in_ended;
    int64_t in_length; /* what the head says; -1: nothing */
    char *in;          /* bytes of the body [in_start, in_end) */
    size_t in_start, in_end, in_capacity;
    bool widened; /* its window is that of a body which somebody reads */

    /* What goes out. */
    bool sent;       /* a head that is not 1xx */
    double since;    /* when that was, on the clock of eddy_time */
    const char *out; /* the caller's, until out_left is 0 */
    size_t out_left;
    bool out_none;      /* there is no body, whatever is written */
    int64_t out_length; /* what the head says; -1: nothing */
    uint64_t out_given;
    const eddy_pair *out_trailers; /* the caller's, too */
    bool out_ended;                /* nothing follows what is in out */
    bool out_ending;               /* and nghttp2 has not heard of that yet */

    bool closed;   /* no frame will come or go any more */
    bool whole;    /* since both sides have ended it */
    bool by_peer;  /* the peer has reset it */
    int failure;   /* once it is closed: what its calls fail with */
    char why[120]; /* and their words */
};

/* A request has come. Called on the task that runs the connection; must not suspend. The stream is
 * the callee's, to be closed by eddy__h2_close_stream in any task; on failure it is refused. */
typedef int eddy__h2_accept(struct eddy__h2_stream *stream, void *arg);
/* Called by the task that runs the connection instead of waiting for bytes: 1 when some have come;
 * 0: none will; or a failure. */
typedef int eddy__h2_await(struct eddy__h2 *h2, void *arg);

/* A client's: the server's first settings have come, and how many streams it takes is known. */
typedef void eddy__h2_greeted(void *arg);

struct eddy__h2_opts {
    eddy__h2_accept *accept; /* a server's; NULL: this is a client */
    eddy__h2_await *await;   /* NULL: nothing but bytes is waited for */
    eddy__h2_greeted *greet; /* NULL: nobody waits for that */
    void *arg;
    unsigned max_streams; /* requests at a time that a server takes; 0: 100 */
    unsigned window;      /* bytes of a body that may come before somebody reads it, four times that
                             afterwards; 0: 64 KiB for a server, 256 KiB for a client */
    struct eddy__head_limits limits;
    double idle_timeout;   /* without a stream, seconds; 0: no limit */
    double timeout_header; /* from the first byte of a head to its last; 0: no limit */
};

struct eddy__h2 {
    eddy_stream *stream; /* not owned */
    nghttp2_session *session;
    struct eddy__h2_opts opts;
    struct list streams;
    unsigned count;   /* of streams */
    unsigned whole;   /* those of them that both sides have ended, and whose task has not yet */
    eddy_event dirty; /* there may be frames to send */
    eddy_event told;  /* the sending task has ended */
    bool greeted;     /* settings of the peer have come */
    bool going_away;  /* no further streams */
    bool leaving;     /* this side will end it: GOAWAY was announced */
    bool over;
    uint32_t misused; /* it ends for what the peer has done: the error code */
    int64_t minute;   /* the budget of frames that cost us and bring nothing */
    unsigned idle_frames;
    unsigned resets;   /* a client's own, in that minute */
    double full_until; /* the server has refused a stream, though there seemed to be room */

    /* Time. */
    eddy_scope *patience; /* of the receiving task, while it waits */
    double idle_since;
    double head_since; /* when the head that is coming has begun; 0: none is */
    double heard;      /* when a byte has come last */
    bool doubted;      /* a ping is under way, since nothing was heard for too long */

    /* Where the frames of what comes begin and end. */
    unsigned preface_left; /* bytes of the client's preface */
    uint8_t frame[9];
    unsigned frame_have; /* bytes of its header */
    uint32_t frame_left; /* of its payload */
};

/* NULL, raised. The connection says nothing before it is run. */
struct eddy__h2 *eddy__h2_open(eddy_stream *stream, const struct eddy__h2_opts *opts);
/* Moves frames until the peer or this side has ended the connection, and the streams that were left
 * have ended: 0, or a failure. Streams that are open then are closed. Suspends; for a task of its
 * own. When it is cancelled the peer is told of the end, for 0.2 s at most. */
EDDY_SUSPENDS int eddy__h2_run(struct eddy__h2 *h2);
/* No further streams; those that are open go on. Does not suspend. */
void eddy__h2_go_away(struct eddy__h2 *h2);
/* A server's: the same, but first the client is told that it will be so and what it has sent until
 * it knows is served, too. Does not suspend. */
void eddy__h2_shut_down(struct eddy__h2 *h2);
/* After run has returned. Streams that were accepted, and whose tasks have never begun, are given
 * back; all others have to be closed. NULL is fine. */
void eddy__h2_close(struct eddy__h2 *h2);

/* A client's new exchange, NULL, raised: EDDY_ECLOSED when the connection takes none. Its id is
 * known once a head was sent. What comes is put into arena. */
struct eddy__h2_stream *eddy__h2_open_stream(struct eddy__h2 *h2, struct eddy__arena *arena);
/* How many more the peer takes now: one until it has said so. */
unsigned eddy__h2_room(const struct eddy__h2 *h2);
/* Whether it takes any, now or when others have ended. */
static inline bool eddy__h2_is_good(const struct eddy__h2 *h2)
{
    return !h2->over && !h2->going_away && !h2->doubted;
}
/* The exchange is over for its task, and its place is free: one that has not ended as a whole is
 * reset. What has come of it stays until it is closed. */
void eddy__h2_leave_stream(struct eddy__h2_stream *stream);
/* Leaves a stream, if that was not done, and gives it back. NULL is fine. */
void eddy__h2_close_stream(struct eddy__h2_stream *stream);

static inline struct eddy__h2_stream *eddy__h2_stream_of(struct eddy__exchange *e)
{
    return container_of(e, struct eddy__h2_stream, exchange);
}

/* ---- between the files of h2/ ---- */

enum {
    EDDY__H2_FIELDS = 100,
    EDDY__H2_HEAD_OUT =
        64 << 10, /* bytes of a head that is sent, at most, as nghttp2 counts them */
};

/* A request whose head has not come as a whole: no task has it yet. */
static inline bool eddy__h2_nobody_has(const struct eddy__h2_stream *s)
{
    return s->h2->opts.accept && !s->head_came;
}

/* h2.c */
COLD int eddy__h2_out_of_memory(void);
struct eddy__h2_stream *eddy__h2_new_stream(struct eddy__h2 *h2, struct eddy__arena *arena);
void eddy__h2_wake_stream(struct eddy__h2_stream *s);
/* The stream is closed, and all is as it should be. */
void eddy__h2_end(struct eddy__h2_stream *s);
/* The stream is closed: calls fail with code and these words from now on. */
void eddy__h2_fail(struct eddy__h2_stream *s, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Ends a stream in the middle, with the same. */
void eddy__h2_reset(struct eddy__h2_stream *s, uint32_t error_code, int code, const char *words);
/* Counts a frame that brings nothing: false when there were too many of them in a minute, and the
 * connection ends. */
bool eddy__h2_affords(struct eddy__h2 *h2);
/* Counts a reset of this client: after a hundred in a minute, which servers take for an attack, the
 * connection takes no further streams. */
void eddy__h2_count_reset(struct eddy__h2 *h2);
/* Whether more waits to be sent than a client that reads can have made a server say. */
bool eddy__h2_is_clogged(const struct eddy__h2 *h2);
/* No further streams from now on, whoever has said so. */
void eddy__h2_take_no_more(struct eddy__h2 *h2);
/* Ends the connection for what the peer has done. */
void eddy__h2_give_up(struct eddy__h2 *h2, uint32_t error_code);
/* h2_run.c: how long may be waited has changed. */
void eddy__h2_adjust_patience(struct eddy__h2 *h2);
/* h2_frames.c */
nghttp2_session_callbacks *eddy__h2_callbacks(void);
ssize_t eddy__h2_give(nghttp2_session *session, int32_t id, uint8_t *buf, size_t size,
                      uint32_t *flags, nghttp2_data_source *source, void *arg);
/* h2_head.c: a field of the section that is coming, 0 or EDDY_ENOMEM, raised; the whole of it, with
 * in_ended as it is. */
int eddy__h2_take_field(struct eddy__h2_stream *s, const uint8_t *name, size_t name_size,
                        const uint8_t *value, size_t size);
void eddy__h2_take_section(struct eddy__h2_stream *s);
/* h2_exchange.c */
extern const struct eddy__exchange_kind eddy__h2_kind;

#endif

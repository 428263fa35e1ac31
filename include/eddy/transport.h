/* transport.h - what moves the bytes of a stream, and how to make a kind of stream of one's own:
 * one that changes the bytes of another, joins two, or carries them in messages. */
#ifndef EDDY_TRANSPORT_H
#define EDDY_TRANSPORT_H

#include <eddy/stream.h>

EDDY_BEGIN_DECLS

typedef struct eddy_transport eddy_transport;

/* The functions of a kind. They return negative codes for failures, which the stream raises with
 * its name. A transport has one of two ways to wait:
 *   - It returns EDDY_EAGAIN, and calls eddy_transport_ready when trying again is worth it. The
 *     stream then keeps what is written up to its high_water, and sends it later by itself.
 *   - It suspends the task that reads or writes (.suspends). When a call that it makes is
 *     interrupted, because that task was cancelled or is out of time, it returns the code as it got
 *     it. The stream calls read for one task and write for one task at a time; both can be inside
 *     at once, and the stream can be closed meanwhile: the state stays until both have returned.
 * A count that is larger than size, or 0 from write, is taken for EDDY_EINVAL. EDDY_ECLOSED, which
 * can come from a stream that this one stands on, is told as EDDY_ECONNABORTED. */
typedef struct eddy_transport_kind {
    /* Reads at least one byte and at most size: how many; 0 at the end. */
    ssize_t (*read)(eddy_transport *transport, void *buf, size_t size);
    /* Writes at least one byte and at most size, which is not 0: how many. */
    ssize_t (*write)(eddy_transport *transport, const void *buf, size_t size);
    /* Tells the peer that no more will be written. NULL: EDDY_ENOTSUP. */
    int (*end)(eddy_transport *transport);
    /* Called once, when the stream is closed; abort: without an orderly end. Does not suspend
     * unless a task runs. NULL: nothing is to be done. */
    void (*close)(eddy_transport *transport, bool abort);
    /* Gives the state back, when nobody uses the stream any more. NULL: there is nothing to give
     * back. */
    void (*release)(eddy_transport *transport);

    /* What a kind may have besides. */

    /* Reads into several buffers, where that saves a second call. */
    ssize_t (*read_parts)(eddy_transport *transport, struct iovec *parts, size_t n);
    /* Writes what lies in several buffers, none of them empty: at least one byte, and how many.
     * NULL: each of them comes by a `write` of its own. */
    ssize_t (*write_parts)(eddy_transport *transport, const struct iovec *parts, size_t n);
    /* How many bytes it has taken and not sent yet: they count as unsent. It sends them when it is
     * written to, also with size 0, and calls for that by eddy_transport_ready. */
    size_t (*unsent)(const eddy_transport *transport);
    /* Why it failed with that code, in words; NULL: it knows no more than the code says. */
    const char *(*reason)(const eddy_transport *transport, int code);
    bool suspends;  /* see above */
    bool signs_off; /* closing calls `end`, since the peer would think that the stream was cut */
    bool retries;   /* neither the end nor a failure is final: the next call tries again (files) */
} eddy_transport_kind;

struct eddy_transport {
    const eddy_transport_kind *kind;
    void *state;           /* the kind's own */
    eddy_stream *stream;   /* whose bytes it moves */
    eddy_transport *below; /* the one that it stands on in the same stream, as TLS does; or NULL */
};

typedef struct eddy_stream_open_opts {
    const char *peer;  /* what eddy_stream_peer says, and failures; copied */
    const char *local; /* what eddy_stream_local says; copied */
    eddy_stream_opts stream;
} eddy_stream_open_opts;

/* A stream of that kind, which is not copied. From then on the state is released by the kind. NULL
 * with a record, and the state stays the caller's. */
EDDY_API eddy_stream *eddy_stream_open_with(const eddy_transport_kind *kind, void *state,
                                            const eddy_stream_open_opts *opts);
#define eddy_stream_open(kind, state, ...)                                                         \
    eddy_stream_open_with((kind), (state), &(eddy_stream_open_opts){__VA_ARGS__})
/* The lowest transport of a stream: for eddy_transport_ready. */
EDDY_API eddy_transport *eddy_stream_transport(eddy_stream *stream);
/* Reading (EDDY_READABLE), writing (EDDY_WRITABLE) or both are worth another try. On the loop's
 * thread. */
EDDY_API void eddy_transport_ready(eddy_transport *transport, unsigned events);

EDDY_END_DECLS

#endif

/* stream.h - private door of the stream layer: streams over a transport, sockets, addresses, pipes.
 *
 * A stream is used by the tasks of one loop. A task that parks in it holds a reference, so that
 * another one may close it meanwhile; after a wait that gave EDDY_ECLOSED the stream may be gone
 * and is not touched again. */
#ifndef EDDY_STREAM_STREAM_H
#define EDDY_STREAM_STREAM_H

#include "base/alloc.h"
#include "base/base.h"
#include "base/error.h"
#include "base/list.h"
#include "base/sys.h"
#include "loop/loop.h"
#include "stream/address.h"
#include "stream/buffer.h"
#include "stream/fds.h"
#include "stream/socket.h"
#include "task/task.h"
#include <eddy/transport.h>

/* ---- streams (stream.c, stream_read.c, stream_write.c) ---- */

/* Where a transport has a descriptor, it is the stream's: close is called just before the stream
 * forgets and closes it, and may take it over, leaving −1. */
extern const eddy_transport_kind eddy__socket_transport;
extern const eddy_transport_kind eddy__unix_transport;

/* An address of IP as a stream remembers it: a quarter of an eddy_address. Family 0: none. */
union eddy__end {
    struct sockaddr any;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
};

/* Reading. `readable`: the transport is worth a try; set when the stream is new and by the
 * readiness event, cleared when a read comes back short or empty, unless the peer has hung up,
 * whose end brings no further event, or there are no events. Own bytes (`in`) come before the
 * transport's.
 *
 * Writing. Bytes in `out` were accepted and go first. A write that does not fit takes the turn
 * (`writing`) and keeps it until its last byte was sent or is in `out`: that keeps it in one piece,
 * and `out` at most high_water bytes. `writer` is the holder of the turn, or the closer, while it
 * waits for `out` to shrink to `mark` bytes. */
struct eddy_stream {
    struct eddy__fd fd;        /* −1 where the transport has none */
    eddy_transport *transport; /* the uppermost: base, or TLS upon it */
    eddy_transport base;
    eddy_task *reader; /* parked until readable */
    eddy_task *writer; /* parked until out is down to mark and the socket takes more */
    struct eddy__buffer in;
    struct eddy__buffer out;
    size_t mark;
    size_t limit;
    size_t high_water;
    size_t low_water;
    eddy_waiters_ turns; /* writers that wait for the turn */
    int read_error;      /* failures that every later call meets */
    int write_error;
    unsigned refs; /* the owner, the server, and tasks that are parked here */
    bool readable;
    bool writable;
    bool eof;
    bool reading; /* a task is inside a read */
    bool writing;
    bool wide;   /* read a little more than asked for, see read_ready() */
    bool wasted; /* the last read was tried in vain after a full one */
    bool filled; /* the last fill took all the room there was */
    bool hiding; /* in.data[in.start] is a final zero, the byte itself is `hidden` */
    char hidden;
    bool sending; /* what is unsent is being sent */
    bool corked;  /* what is written is kept, if it fits */
    bool sent_eof;
    bool cut;         /* a write was ended in its middle */
    bool closed;      /* no more calls */
    bool released;    /* the owner has closed it */
    void *connection; /* of a server's handler, see connection.c; NULL */
    char *peer;       /* made when asked for, of the ends or of what the system says */
    char *local;
    union eddy__end peer_end; /* a socket whose peer has reset does not tell it any more */
    union eddy__end local_end;
};

/* A stream of descriptor fd, which it owns from then on. NULL with a record, and fd stays open. */
eddy_stream *eddy__stream_new(const eddy_transport_kind *kind, int fd,
                              const eddy_stream_opts *opts);
/* The same of a socket of that family. */
eddy_stream *eddy__stream_of_family(int fd, int family, const eddy_stream_opts *opts);
/* 0, or EDDY_EINVAL raised. */
int eddy__stream_check_opts(const eddy_stream_opts *opts);
void eddy__stream_free(eddy_stream *s) __attribute__((cold));
static inline void eddy__stream_ref(eddy_stream *s)
{
    s->refs++;
}
static inline void eddy__stream_unref(eddy_stream *s)
{
    if (unlikely(--s->refs == 0))
        eddy__stream_free(s);
}
/* Notes its ends, where they are of IP; either may be NULL. */
void eddy__stream_set_ends(eddy_stream *s, const eddy_address *local, const eddy_address *peer);
/* First line of the calls on a stream: a checkpoint that keeps s while it yields. After a failure s
 * may be gone. */
int eddy__stream_checkpoint_slow(eddy_stream *s) __attribute__((cold));
static inline int eddy__stream_checkpoint(eddy_stream *s)
{
    const eddy_task *self = eddy__self();

    if (likely(self && !self->interrupt && --eddy__thread.budget > 0))
        return 0;
    return eddy__stream_checkpoint_slow(s);
}
/* The readiness event is wanted. 0 or -errno, not raised. */
static inline int eddy__stream_want(eddy_stream *s, unsigned events)
{
    return likely(s->fd.fd >= 0) ? eddy__fd_want(&s->fd, events) : 0;
}
/* Wait until `readable`, or until out is down to mark and the socket takes more. 0 or a code,
 * unraised; s may be gone after EDDY_ECLOSED. */
int eddy__stream_await_readable(eddy_stream *s);
int eddy__stream_await_writable(eddy_stream *s, size_t mark);
/* Waits for the end of a connect that is under way. 0 or a code, unraised. */
int eddy__stream_await_connected(eddy_stream *s);
static inline size_t eddy__stream_unsent(const eddy_stream *s)
{
    const eddy_transport *t = s->transport;

    return eddy__buffer_count(&s->out) + (unlikely(t->kind->unsent) ? t->kind->unsent(t) : 0);
}
/* What a transport has answered, of size bytes: a count beyond them is none, and EDDY_ECLOSED is
 * said of the stream alone. */
static inline ssize_t eddy__transport_answer(ssize_t n, size_t size)
{
    if (unlikely(n > 0 && (size_t)n > size))
        return EDDY_EINVAL;
    return unlikely(n == EDDY_ECLOSED) ? EDDY_ECONNABORTED : n;
}
/* Whether later calls must not meet that failure: it is the task's own, or the transport tries
 * again. */
static inline bool eddy__stream_passes(const eddy_stream *s, ssize_t code)
{
    const eddy_task *self = eddy__self();

    return s->transport->kind->retries || (self && code == self->interrupt);
}
/* For those who look at bytes in the own buffer (in) before they take them out: sees to it that
 * there is one, receiving at most `most`, and returns how many there are. 0 at the end, or a
 * failure, raised; s may be gone after EDDY_ECLOSED. */
ssize_t eddy__stream_peek(eddy_stream *s, size_t most);
/* The readiness event of the writing side. */
void eddy__stream_on_writable(eddy_stream *s);
/* What was held back goes. 0, or EDDY_ECLOSED, unraised: the transport has closed s, which may be
 * gone. */
int eddy__stream_uncork(eddy_stream *s);
/* Tells the peer the end. 0 or a code, unraised; s may be gone after EDDY_ECLOSED. */
int eddy__stream_end(eddy_stream *s);
/* Waits until there is a byte to read: 1; 0 at the end, or when it is over: *over is set, and the
 * wait of s->reader ended with EDDY_EINTR. A failure is raised. */
int eddy__stream_await_input(eddy_stream *s, const bool *over);
/* eddy_write whose first bytes are sent by a call of its own, once all others have gone: a count
 * or -errno, -EAGAIN when it would wait. */
typedef ssize_t eddy__stream_send(eddy_stream *s, const struct iovec *bytes, void *arg);
ssize_t eddy__stream_write_by(eddy_stream *s, const void *buf, size_t size, eddy__stream_send *send,
                              void *arg);
/* Raises code with the peer's name; not for EDDY_ECLOSED, which leaves s alone. */
int eddy__stream_fail(eddy_stream *s, const char *verb, int code) __attribute__((cold));

/* Parks the running task for I/O; a pending cancellation comes first. */
static inline int eddy__io_park(const struct eddy__wait_kind *kind, void *on)
{
    eddy_task *self = eddy__self();
    int status;

    if (unlikely(self->interrupt))
        return self->interrupt;
    self->loop->io_waits++;
    status = eddy__park(kind, on);
    self->loop->io_waits--;
    return status;
}

/* ---- pipes (pipe.c) ---- */

/* A pipe whose ends do not block and close on exec: a descriptor for reading and one for writing. 0
 * or -errno, not raised. */
int eddy__pipe_make(int fds[2]);
/* The stream of such an end, which owns it from then on; name is for reports. NULL with a record,
 * and fd stays open. */
eddy_stream *eddy__pipe_stream(int fd, const char *name, const eddy_stream_opts *opts);

#endif

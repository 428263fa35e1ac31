/* io.h - private door of the I/O layer: streams over a transport, addresses, sockets, names.
 *
 * A stream is used by the tasks of one loop. Whoever parks in it holds a reference, so that another
 * task may close it meanwhile; after a wait that gave EDDY_ECLOSED the stream may be gone and is
 * not touched again. */
#ifndef EDDY_IO_IO_H
#define EDDY_IO_IO_H

#include "base/alloc.h"
#include "base/base.h"
#include "base/error.h"
#include "base/list.h"
#include "base/sys.h"
#include "loop/loop.h"
#include "task/task.h"
#include <eddy/address.h>
#include <eddy/names.h>
#include <eddy/server.h>
#include <eddy/transport.h>

/* ---- buffers (buffer.c) ---- */

/* Bytes data[start … end). One byte behind end is always there, for a final zero. */
struct eddy__buffer {
    char *data;
    size_t start;
    size_t end;
    size_t capacity;
};

enum { EDDY__BUFFER_SMALL = 4096 }; /* so much an idle stream may keep */

static inline size_t eddy__buffer_count(const struct eddy__buffer *b)
{
    return b->end - b->start;
}

/* Room for size more bytes behind end; moves the bytes or the block. 0 or EDDY_ENOMEM, unraised. */
int eddy__buffer_reserve(struct eddy__buffer *b, size_t size);
/* Copies at most size bytes out; returns how many. */
size_t eddy__buffer_take(struct eddy__buffer *b, void *to, size_t size);
/* For an empty buffer: gives memory back when it is more than a small block. */
void eddy__buffer_trim(struct eddy__buffer *b);
void eddy__buffer_free(struct eddy__buffer *b);

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
void eddy__stream_set_ends(eddy_stream *s, const struct eddy__address *local,
                           const struct eddy__address *peer);
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

/* ---- TLS (tls*.c) ---- */

struct eddy__tls;
struct eddy__tls_context;

/* Whether any of them is set: they were meant, and in the clear none of them counts. */
bool eddy__tls_is_meant(const eddy_tls_opts *opts);
/* A server's certificates and rules, with one reference; NULL for one in the clear. 0 or a failure,
 * raised. Suspends. */
int eddy__tls_server_context(const eddy_serve_opts *opts, struct eddy__tls_context **context);
void eddy__tls_context_unref(struct eddy__tls_context *context);
/* The handshake on a new stream, as a server or as a client of host. 0 or a failure, raised. */
int eddy__tls_accept(eddy_stream *s, struct eddy__tls_context *context);
int eddy__tls_connect(eddy_stream *s, const eddy_tls_opts *opts, const char *host);

/* ---- descriptors in messages (fds.c) ---- */

/* So many a message brings at most: the kernel's SCM_MAX_FD. */
enum { EDDY__FDS_MAX = 253 };

/* Those that came with a stream's bytes, in order, until they are taken. */
struct eddy__fds;

/* NULL without memory, not raised. */
struct eddy__fds *eddy__fds_new(size_t max);
/* Closes what nobody has taken. */
void eddy__fds_free(struct eddy__fds *fds);
/* Before and after recvmsg: a count or a failure, unraised. */
void eddy__fds_prepare(struct eddy__fds *fds, struct msghdr *message);
ssize_t eddy__fds_collect(struct eddy__fds *fds, const struct msghdr *message);
/* Why a read has failed with that code; or NULL. */
const char *eddy__fds_reason(const struct eddy__fds *fds, int code);

/* ---- addresses (address.c) ---- */

/* A numeric IPv4 or IPv6 address, the latter with or without brackets; false for anything else. */
bool eddy__address_parse(struct eddy__address *a, const char *host, int port);
void eddy__address_set_port(struct eddy__address *a, int port);
/* The host alone: "127.0.0.1", "::1" or "fe80::1%2"; nothing for other families. */
void eddy__address_format_host(const struct eddy__address *a, eddy_host_text text);

/* The words for a code as the end of a sentence: "connection refused". */
struct eddy__words {
    char text[80];
};
struct eddy__words eddy__words(int code);

/* ---- sockets (socket.c): system calls with their injection points; -errno, not raised ---- */

int eddy__socket_make(int family, int type);
/* For streams. */
int eddy__socket_open(int family);
void eddy__socket_close(int fd);
int eddy__socket_connect(int fd, const struct eddy__address *to);
int eddy__socket_bind(int fd, const struct eddy__address *a);
int eddy__socket_listen(int fd, int backlog);
/* A connection that waits, with its address; -EAGAIN without one. */
int eddy__socket_accept(int fd, struct eddy__address *peer);
int eddy__socket_set(int fd, int level, int option, int value);
/* The option's value. */
int eddy__socket_get(int fd, int level, int option);
int eddy__socket_make_nonblocking(int fd);
/* Another descriptor of the same socket, closed by exec. */
int eddy__socket_duplicate(int fd);
/* What became of a connect: 0 or a negative code. */
int eddy__socket_error(int fd);
/* Another's socket of that type, what, becomes non-blocking. Its family or a failure, raised. */
int eddy__socket_adopt(int fd, int type, const char *what);
int eddy__socket_local(int fd, struct eddy__address *a);
int eddy__socket_peer(int fd, struct eddy__address *a);
/* Connected to itself: nobody listened on that port, and the system chose it for the own end. */
bool eddy__socket_meets_itself(int fd);

/* ---- names (names.c) ---- */

struct eddy__addresses {
    int count;
    struct eddy__address list[]; /* port 0 */
};

/* The addresses of a host, at once for a numeric one. NULL with a record. To be given back with
 * eddy__free. Suspends. */
struct eddy__addresses *eddy__names_resolve(const char *host);
/* Those of an own end: NULL is 127.0.0.1 and ::1, "*" is every interface (tcp.c). */
struct eddy__addresses *eddy__names_to_bind(const char *host);
/* Copies of addresses; two numeric ones. NULL raised. (address.c) */
struct eddy__addresses *eddy__addresses_of(const struct eddy__address *list, int count);
struct eddy__addresses *eddy__addresses_both(const char *first, const char *second);

/* ---- clients and listening sockets (connect.c, race.c, tcp.c, unix.c) ---- */

/* A connected stream. NULL and *status, not raised; a status that is the task's interrupt is no
 * failure of that address. from may be NULL. */
eddy_stream *eddy__connect_address(const struct eddy__address *to, const struct eddy__address *from,
                                   bool nodelay, const eddy_stream_opts *opts, int *status);

/* Connects to one of the host's addresses, whose order and ports it sets (race.c). NULL raised.
 * from may be NULL. */
eddy_stream *eddy__race(const char *host, struct eddy__addresses *to,
                        const struct eddy__addresses *from, const eddy_connect_opts *opts);

/* The file that a Unix socket is bound to; an empty path for none. */
struct eddy__unix_file {
    char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
    dev_t device;
    ino_t inode;
};

/* A listening socket; a descriptor or a negative code, not raised. */
int eddy__tcp_listen(const struct eddy__address *a, const eddy_serve_opts *opts);
int eddy__unix_listen(const struct eddy__address *a, int backlog, struct eddy__unix_file *file);
/* Binds a socket to the address, in place of a file that nobody listens on any more. */
int eddy__unix_bind(int fd, const struct eddy__address *a, struct eddy__unix_file *file);
/* Removes the file, unless it is another server's by now. */
void eddy__unix_remove(const struct eddy__unix_file *file);

/* Sockets that listen on everything opts names, all on one port. */
struct eddy__listeners {
    int count;
    int port;
    int fds[16];
    struct eddy__unix_file file;
};

/* Takes duplicates of the sockets that a service manager has handed over under that name, "*" for
 * all: how many, 0 when there was no handing over, or a failure, raised (activation.c). */
int eddy__activation_open(struct eddy__listeners *l, const char *wanted);
/* 0, or a failure, raised. */
int eddy__listeners_open(struct eddy__listeners *l, const eddy_serve_opts *opts);
void eddy__listeners_close(struct eddy__listeners *l);

#endif

/* stream.h - byte streams over TCP and Unix sockets: buffered reading, ordered writing with
 * back-pressure, clients. Servers are in server.h. */
#ifndef EDDY_STREAM_H
#define EDDY_STREAM_H

#include <eddy/base.h>
#include <eddy/loop.h>
#include <eddy/tls.h>
#include <stdarg.h>
#include <sys/uio.h>

EDDY_BEGIN_DECLS

typedef struct eddy_stream eddy_stream;

typedef struct eddy_stream_opts {
    size_t limit;      /* the longest line, and part of eddy_read_until; 0: 64 KiB */
    size_t high_water; /* writers wait while more bytes are unsent; 0: 64 KiB */
    size_t low_water;  /* until no more than this many are; 0: a quarter of high_water */
    unsigned max_fds;  /* descriptors that may wait to be taken, see unix.h; 0: none */
} eddy_stream_opts;

typedef struct eddy_connect_opts {
    int port;
    const char *local_host; /* address to connect from */
    double attempt_delay;   /* seconds until the next address is tried, too; 0: 0.25, INFINITY:
                               only when one has failed */
    bool nodelay_off;       /* sets no TCP_NODELAY: Nagle's algorithm stays on */
    bool tls;               /* verifies the certificate and the host name, see tls.h */
    eddy_tls_opts tls_opts; /* only with .tls */
    eddy_stream_opts stream;
} eddy_connect_opts;

/* Connects to a host name or numeric address. Of a name all addresses are tried, IPv6 and IPv4 in
 * turn (RFC 8305), and the first that connects is used. NULL with a record that names the host, the
 * port and the reasons: EDDY_ENAME, EDDY_ECONNREFUSED, EDDY_ETLS, … A connection of the socket to
 * itself, which TCP can make on a port that nobody listens on, is refused. The caller closes the
 * stream. */
EDDY_API EDDY_SUSPENDS eddy_stream *eddy_connect_with(const char *host,
                                                      const eddy_connect_opts *opts);
#define eddy_connect(host, ...) eddy_connect_with((host), &(eddy_connect_opts){__VA_ARGS__})
/* To a Unix socket; a path that begins with @ is an abstract name. */
EDDY_API EDDY_SUSPENDS eddy_stream *eddy_connect_unix_with(const char *path,
                                                           const eddy_stream_opts *opts);
#define eddy_connect_unix(path, ...)                                                               \
    eddy_connect_unix_with((path), &(eddy_stream_opts){__VA_ARGS__})
/* Takes over a connected socket; it becomes non-blocking and is closed with the stream. On failure
 * (NULL, a record) it stays the caller's. */
EDDY_API eddy_stream *eddy_stream_of_socket(int fd, const eddy_stream_opts *opts);

/* Two connected streams in memory, without descriptors. Up to the sender's high_water of bytes lie
 * between them, and as many again are unsent in the sender. To wait for the other end is no I/O: on
 * the virtual clock time jumps meanwhile, and where nothing else can happen it is a deadlock. 0, or
 * a failure, and then there is no stream. */
EDDY_API int eddy_stream_pair_with(eddy_stream *pair[2], const eddy_stream_opts *opts);
#define eddy_stream_pair(pair, ...) eddy_stream_pair_with((pair), &(eddy_stream_opts){__VA_ARGS__})

/* Ends calls that wait in the stream with EDDY_ECLOSED, sends what is unsent (inside a shield of
 * 5 s), and closes it. When it is called in a callback of the loop a task of its own does the
 * sending; once that has begun to send, the end of the loop waits for it; before that, and where no
 * loop runs, what is unsent is dropped. NULL is fine.
 * abort drops what is unsent at once and resets the connection; calls then fail with EDDY_ECLOSED,
 * and the stream must still be closed. */
EDDY_API void eddy_stream_close(eddy_stream *stream);
EDDY_API void eddy_stream_abort(eddy_stream *stream);
EDDY_AUTOCLOSE(eddy_stream, eddy_stream_close)

/* Reads what is there, at least one byte and at most size; returns how many, 0 at the end. A
 * cancellation loses no bytes. A second task that reads at the same time gets EDDY_EBUSY. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_read(eddy_stream *stream, void *buf, size_t size);
/* Reads exactly size bytes and returns size. When the stream ends before that, EDDY_EOF: the record
 * says how many bytes came, and they stay readable. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_read_exactly(eddy_stream *stream, void *buf, size_t size);
/* Reads up to the separator, which is included; returns the length of it all. *data points into the
 * stream's buffer and is valid until the next read; a zero byte follows it, which does not count in
 * the length. EDDY_ELIMIT when there is no separator within .limit bytes, EDDY_EOF when the stream
 * ends before one; both leave the bytes readable. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_read_until(eddy_stream *stream, const char *separator,
                                               char **data);
/* Reads a line and returns its length, without the \n or \r\n. *line points into the stream's
 * buffer, is ended by a zero byte and valid until the next read. At the end of the stream *line is
 * NULL and the length 0. The last line need not end in \n. EDDY_ELIMIT as above. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_read_line(eddy_stream *stream, char **line);
/* For parsers: gives what has come and was not read, without taking it. Waits until that is more
 * than known bytes, or the stream has ended; returns how many bytes it is, so no more than known
 * says that nothing follows. *data points into the stream's buffer and is valid until the next
 * read. EDDY_ELIMIT when known is .limit or more. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_peek(eddy_stream *stream, size_t known, const char **data);
/* What eddy_peek would give without waiting, perhaps nothing. */
EDDY_API ssize_t eddy_peek_nowait(eddy_stream *stream, const char **data);
/* Takes size bytes of those that eddy_peek gave; does not wait. EDDY_EINVAL for more than that. */
EDDY_API int eddy_skip(eddy_stream *stream, size_t size);
/* True once the peer's end was seen and everything before it was read. */
EDDY_API bool eddy_at_eof(const eddy_stream *stream);
/* Whether a connection that was put aside is as it was left: nothing has come that was not read,
 * nothing is unsent, no task reads it, and neither the peer nor the network has ended it, as far as
 * one can know. Does not wait. What TLS says for itself, such as tickets of sessions, is taken in
 * and does not count. A transport that suspends is not asked for more. What eddy_read_line and
 * eddy_read_until have given is not valid afterwards. */
EDDY_API bool eddy_stream_is_idle(eddy_stream *stream);

/* Writes all size bytes, and returns size. What several tasks write does not mix. Bytes that the
 * socket does not take at once are kept and sent when it can take them; the call waits while more
 * than .high_water bytes would be unsent. EDDY_EPIPE or EDDY_ECONNRESET when the peer has gone,
 * also when that ended an earlier write. A write that is cancelled or out of time sends nothing,
 * unless it is longer than .high_water and had begun: then nothing more can be written to the
 * stream (EDDY_EPIPE). */
EDDY_API EDDY_SUSPENDS ssize_t eddy_write(eddy_stream *stream, const void *buf, size_t size);
/* The same for n buffers, as if they were one: for a head and its body, which would have to be
 * copied together otherwise. Sockets and pipes get up to 8 of them with one system call. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_writev(eddy_stream *stream, const struct iovec *parts, int n);
/* After eddy_cork what is written is kept, up to high_water, until eddy_uncork sends it: so several
 * writes leave together, in one segment, in one record of TLS, with one system call. eddy_flush,
 * eddy_write_eof and eddy_stream_close send it, too, and a write that goes beyond high_water sends
 * what there is. Neither call waits. eddy_uncork returns the failure of the sending. A stream whose
 * transport suspends, such as a file, is written to at once. */
EDDY_API int eddy_cork(eddy_stream *stream);
EDDY_API int eddy_uncork(eddy_stream *stream);
/* Writes what printf would; returns the number of bytes. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_printf(eddy_stream *stream, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
EDDY_API EDDY_SUSPENDS ssize_t eddy_vprintf(eddy_stream *stream, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Waits until nothing is unsent. */
EDDY_API EDDY_SUSPENDS int eddy_flush(eddy_stream *stream);
/* Half-close: sends what is unsent, then tells the peer that nothing follows; reading goes on. */
EDDY_API EDDY_SUSPENDS int eddy_write_eof(eddy_stream *stream);

/* The addresses of the peer and of this end: "127.0.0.1:8080", "[::1]:80" or a path; "?" when it is
 * not known. They are known after a reset or an abort, too, and are valid as long as the stream. */
EDDY_API const char *eddy_stream_peer(eddy_stream *stream);
EDDY_API const char *eddy_stream_local(eddy_stream *stream);
EDDY_API int eddy_stream_fd(const eddy_stream *stream);

EDDY_END_DECLS

#endif

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
    size_t limit;      /* longest line and read_until; 0: 64 KiB */
    size_t high_water; /* writers wait while more bytes are unsent; 0: 64 KiB */
    size_t low_water;  /* and go on at this many; 0: a quarter of high_water */
    unsigned max_fds;  /* descriptors that may wait to be taken, see unix.h; 0: none */
} eddy_stream_opts;

typedef struct eddy_connect_opts {
    int port;
    const char *local_host; /* address to connect from */
    double attempt_delay;   /* seconds until the next address is tried beside; 0: 0.25, INFINITY:
                               only when one has failed */
    bool nodelay_off;       /* leaves Nagle's algorithm on */
    bool tls;               /* verifies the certificate and the host name, see tls.h */
    eddy_tls_opts tls_opts; /* only with .tls */
    eddy_stream_opts stream;
} eddy_connect_opts;

/* Connects to a host name or numeric address. The addresses of a name race, IPv6 and IPv4 in turn
 * (RFC 8305); the first that connects wins. NULL with a record that names host, port and reasons:
 * EDDY_ENAME, EDDY_ECONNREFUSED, EDDY_ETLS, … A connection to itself, as TCP can make it to a port
 * that nobody listens on, is refused. The caller closes it. */
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

/* Two connected streams in memory, without descriptors: as many bytes as the sender's high_water
 * lie between them, and as many again unsent. Waiting for the other end is no I/O: on the virtual
 * clock time jumps meanwhile, and where nothing else can happen it is a deadlock. 0 or a failure,
 * and then no stream. */
EDDY_API int eddy_stream_pair_with(eddy_stream *pair[2], const eddy_stream_opts *opts);
#define eddy_stream_pair(pair, ...) eddy_stream_pair_with((pair), &(eddy_stream_opts){__VA_ARGS__})

/* Ends what still waits in it with EDDY_ECLOSED, sends what is unsent (at most 5 s, shielded),
 * closes. In a callback of the loop a task does the sending, for which the loop's end waits, too,
 * once it has begun; before that, and where no loop runs, what is unsent is dropped. NULL is fine.
 * abort drops it at once and resets the connection; calls then fail with EDDY_ECLOSED, and the
 * stream is still to be closed. */
EDDY_API void eddy_stream_close(eddy_stream *stream);
EDDY_API void eddy_stream_abort(eddy_stream *stream);
EDDY_AUTOCLOSE(eddy_stream, eddy_stream_close)

/* Reads what is there, at least one byte, at most size; 0 at the end. Bytes are never lost to a
 * cancellation. A second task that reads at the same time gets EDDY_EBUSY. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_read(eddy_stream *stream, void *buf, size_t size);
/* Exactly size bytes: returns size. At the end before that EDDY_EOF; the record says how many came,
 * and they stay readable. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_read_exactly(eddy_stream *stream, void *buf, size_t size);
/* Up to and with the separator; returns the length of both. *data points into the stream's buffer
 * and is valid until the next read; behind it stands a zero that does not count in the length.
 * EDDY_ELIMIT over the limit and EDDY_EOF at the end leave the bytes readable. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_read_until(eddy_stream *stream, const char *separator,
                                               char **data);
/* A line without its \n or \r\n, ended by a zero, in the stream's buffer until the next read; *line
 * is NULL and the length 0 at the end. The last line need not end in \n. EDDY_ELIMIT as above. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_read_line(eddy_stream *stream, char **line);
/* True once the peer's end was seen and everything before it was read. */
EDDY_API bool eddy_at_eof(const eddy_stream *stream);
/* Whether a connection that was put aside is as it was left: nothing has come that was not read,
 * nothing is unsent, no task reads it, and neither the peer nor the network has ended it, as far as
 * one can know. Does not wait. What TLS says for itself, such as tickets of sessions, is taken in
 * and does not count. A transport that suspends is not asked for more. */
EDDY_API bool eddy_stream_is_idle(eddy_stream *stream);

/* Writes all of it, in one piece among concurrent writers: what the socket does not take at once is
 * kept and sent as it can be; waits when more than high_water would be unsent. Returns size.
 * EDDY_EPIPE, EDDY_ECONNRESET when the peer has gone; the failure of an earlier write also comes
 * here. A write that is cancelled or out of time sends nothing, unless it was longer than
 * high_water and had begun: then nothing more can be written to the stream (EDDY_EPIPE). */
EDDY_API EDDY_SUSPENDS ssize_t eddy_write(eddy_stream *stream, const void *buf, size_t size);
/* The same for n buffers, one after the other, as if they were one: a head and its body, which are
 * not to be copied together. Sockets and pipes get up to 8 of them with one system call. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_writev(eddy_stream *stream, const struct iovec *parts, int n);
/* Between the two what is written is kept, up to high_water, so that several writes leave together:
 * in one segment, one record of TLS, with one system call. uncork sends it, as do eddy_flush,
 * eddy_write_eof and eddy_stream_close; a write that goes beyond high_water sends what there is.
 * Neither waits. uncork returns the failure of what was sent. A stream whose transport suspends, a
 * file for one, is written to at once. */
EDDY_API int eddy_cork(eddy_stream *stream);
EDDY_API int eddy_uncork(eddy_stream *stream);
/* Formatted; returns the number of bytes. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_printf(eddy_stream *stream, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
EDDY_API EDDY_SUSPENDS ssize_t eddy_vprintf(eddy_stream *stream, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Waits until nothing is unsent. */
EDDY_API EDDY_SUSPENDS int eddy_flush(eddy_stream *stream);
/* Half-close: sends what is unsent, then the end; reading goes on. */
EDDY_API EDDY_SUSPENDS int eddy_write_eof(eddy_stream *stream);

/* The peer's and the own address as "127.0.0.1:8080", "[::1]:80" or a path, also after a reset or
 * an abort; in the stream. "?": not known. */
EDDY_API const char *eddy_stream_peer(eddy_stream *stream);
EDDY_API const char *eddy_stream_local(eddy_stream *stream);
EDDY_API int eddy_stream_fd(const eddy_stream *stream);

EDDY_END_DECLS

#endif

/* copy.h - from one stream to another, and from a file to a stream, as fast as the slower of the
 * two. */
#ifndef EDDY_COPY_H
#define EDDY_COPY_H

#include <eddy/file.h>
#include <eddy/stream.h>

EDDY_BEGIN_DECLS

typedef struct eddy_copy_opts {
    int64_t size;    /* copies at most so many bytes; 0: to the end */
    int64_t *copied; /* counts the bytes that `to` has taken, also when the copy fails; or NULL */
} eddy_copy_opts;

/* Copies what can be read in the stream `from` to the stream `to`, until `from` ends; returns the
 * number of bytes. The streams are of any kind: sockets, TLS, pipes, files, also both the same.
 * `from` is read only as fast as `to` takes the bytes: the copy holds no more than the high_water
 * of `to`. eddy_write_eof and closing are left to the caller. Another task that reads `from`
 * meanwhile gets EDDY_EBUSY; what another task writes to `to` goes between the copied bytes.
 *
 * After a failure or a cancellation the bytes that `to` has not taken stay readable in `from`; when
 * `to` is a file a part of them may have been written. */
EDDY_API EDDY_SUSPENDS int64_t eddy_copy_with(eddy_stream *to, eddy_stream *from,
                                              const eddy_copy_opts *opts);
#define eddy_copy(to, from, ...) eddy_copy_with((to), (from), &(eddy_copy_opts){__VA_ARGS__})
/* Copies exactly size bytes, which may be 0, and returns size. When `from` ends before that,
 * EDDY_EOF: the record says how many bytes there were, and these have been copied. */
EDDY_API EDDY_SUSPENDS int64_t eddy_copy_exactly(eddy_stream *to, eddy_stream *from, int64_t size);

/* Sends count bytes of a file from offset on, −1: to its end. The file's position is neither used
 * nor moved, so any number of tasks may send one file at once. Returns the number of bytes, which
 * is less only when the file ends before. The disk does not block the loop. A failure or a
 * cancellation may come after a part was sent. */
EDDY_API EDDY_SUSPENDS int64_t eddy_sendfile(eddy_stream *to, eddy_stream *file, int64_t offset,
                                             int64_t count);

EDDY_END_DECLS

#endif

/* copy.c - from one stream to another through the reader's own buffer, and from a file. The
 * figures behind it are in docs/design/copy.md. */
#include "fs/file.h"
#include <eddy/copy.h>

#include <inttypes.h>

enum { SEND_MAX = 65536 }; /* of a file, read at once */

/* ---- between streams ---- */

/* Bytes are taken out of the buffer of `from` when `to` has them, so that none is lost to a
 * failure. No more than high_water are offered: such a write sends nothing when it is cancelled. */
static ssize_t copy_some(eddy_stream *to, eddy_stream *from, int64_t most)
{
    size_t room = most < (int64_t)to->high_water ? (size_t)most : to->high_water;
    ssize_t n = eddy__stream_peek(from, room);

    if (n <= 0)
        return n;
    from->reading = true;
    n = eddy_write(to, from->in.data + from->in.start, min_size((size_t)n, room));
    from->reading = false;
    if (n > 0)
        from->in.start += (size_t)n;
    return n;
}

/* At most size bytes, counted in *done. 0 at the end, or a failure, raised. */
static int copy_bytes(eddy_stream *to, eddy_stream *from, int64_t size, int64_t *done)
{
    ssize_t n = 1;

    eddy__stream_ref(to);
    eddy__stream_ref(from);
    while (*done < size && n > 0) {
        n = copy_some(to, from, size - *done);
        *done += n > 0 ? n : 0;
    }
    eddy__stream_unref(from);
    eddy__stream_unref(to);
    return n < 0 ? (int)n : 0;
}

static int copy_check(const eddy_stream *to, const eddy_stream *from, int64_t size)
{
    if (!to || !from)
        return eddy__raise(EDDY_EINVAL, "two streams are expected, and one is NULL");
    if (size < 0)
        return eddy__raise(EDDY_EINVAL, "size is %" PRId64 ": 0 or more is expected", size);
    return 0;
}

int64_t eddy_copy_with(eddy_stream *to, eddy_stream *from, const eddy_copy_opts *opts)
{
    int64_t size = opts ? opts->size : 0, mine = 0;
    int64_t *done = opts && opts->copied ? opts->copied : &mine;
    int status;

    *done = 0;
    status = copy_check(to, from, size);
    if (status == 0)
        status = copy_bytes(to, from, size ? size : INT64_MAX, done);
    return status < 0 ? status : *done;
}

int64_t eddy_copy_exactly(eddy_stream *to, eddy_stream *from, int64_t size)
{
    int64_t done = 0;
    int status = copy_check(to, from, size);

    if (status == 0)
        status = size ? copy_bytes(to, from, size, &done) : eddy__spent(eddy__check_interrupt());
    if (status < 0 || done == size)
        return status < 0 ? status : size;
    return eddy__raise(EDDY_EOF, "%s ended after %" PRId64 " of %" PRId64 " bytes",
                       eddy_stream_peer(from), done, size);
}

/* ---- a part of a file ---- */

static ssize_t copy_send_some(eddy_stream *to, eddy_stream *file, char *chunk, int64_t offset,
                              int64_t most)
{
    size_t room = most < SEND_MAX ? (size_t)most : SEND_MAX;
    ssize_t n = eddy_file_pread(file, chunk, room, offset);

    return n > 0 ? eddy_write(to, chunk, (size_t)n) : n;
}

static int64_t send_part(eddy_stream *to, eddy_stream *file, int64_t offset, int64_t count)
{
    char *chunk = eddy_alloc(SEND_MAX);
    int64_t done = 0;
    ssize_t n = 1;

    if (!chunk)
        return eddy__raise_code(EDDY_ENOMEM);
    eddy__stream_ref(to);
    eddy__stream_ref(file);
    while (done < count && n > 0) {
        n = copy_send_some(to, file, chunk, offset + done, count - done);
        done += n > 0 ? n : 0;
    }
    eddy__stream_unref(file);
    eddy__stream_unref(to);
    eddy_free(chunk);
    return n < 0 ? n : done;
}

int64_t eddy_sendfile(eddy_stream *to, eddy_stream *file, int64_t offset, int64_t count)
{
    int status = eddy__file_begin(file);

    if (status < 0)
        return status;
    if (!to)
        return eddy__raise(EDDY_EINVAL, "the stream is NULL");
    if (offset < 0 || count < -1)
        return eddy__raise(EDDY_EINVAL,
                           "offset is %" PRId64 " and count %" PRId64
                           ": 0 or more are expected, or -1 for the rest",
                           offset, count);
    if (count == 0)
        return eddy__spent(0);
    return send_part(to, file, offset, count < 0 ? INT64_MAX - offset : count);
}

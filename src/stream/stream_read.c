/* stream_read.c - reading: straight into the caller's buffer where nothing is held back, through
 * the stream's own where the end has to be found first. */
#include "stream/stream.h"

#include <limits.h>

enum {
    EXTRA = 64,       /* what a wide read may take beyond the caller's buffer */
    FILL_MAX = 65536, /* bytes read into the own buffer at once, at most */
};

/* ---- the transport ---- */

static COLD ssize_t note_failure(eddy_stream *s, ssize_t n, size_t asked)
{
    n = eddy__transport_answer(n, asked);
    if (!eddy__stream_passes(s, n))
        s->read_error = (int)n;
    return n;
}

static inline ssize_t note_result(eddy_stream *s, ssize_t n, size_t asked)
{
    if (likely(n > 0)) {
        if (unlikely((size_t)n > asked))
            return note_failure(s, n, asked);
        /* Short: the socket is empty. After a hang-up its end, which brings no event, is left. */
        s->readable = (size_t)n >= asked || s->fd.hangup;
        s->wasted = (size_t)n == asked;
        return n;
    }
    if (n == -EAGAIN) {
        s->wide |= s->wasted && s->transport->kind->read_parts;
        s->readable = false;
    } else if (n == 0) {
        s->eof = true;
    } else {
        return note_failure(s, n, asked);
    }
    return n;
}

/* One call of the transport, which may suspend: meanwhile nobody else reads. EDDY_ECLOSED: s may be
 * gone. */
static inline ssize_t read_some(eddy_stream *s, void *buf, size_t size)
{
    eddy_transport *t = s->transport;

    s->reading = true;
    eddy__stream_ref(s);
    ssize_t n = t->kind->read(t, buf, size);
    n = likely(!s->closed) ? note_result(s, n, size) : EDDY_ECLOSED;
    s->reading = false;
    eddy__stream_unref(s);
    return n;
}

/* Reads beyond the caller's buffer, into the own one. What has read_parts does not suspend. */
static ssize_t read_wide(eddy_stream *s, void *buf, size_t size)
{
    eddy_transport *t = s->transport;

    if (eddy__buffer_reserve(&s->in, EXTRA) < 0)
        return read_some(s, buf, size);
    struct iovec parts[2] = {{buf, size}, {s->in.data, EXTRA}};
    ssize_t n = note_result(s, t->kind->read_parts(t, parts, 2), size + EXTRA);
    if (n <= (ssize_t)size)
        return n;
    s->in.end = (size_t)n - size;
    return (ssize_t)size;
}

/* What is final about the stream; or -EAGAIN: reading it is worth a try if it is readable. */
static ssize_t settled(const eddy_stream *s)
{
    if (unlikely(s->eof) && !s->transport->kind->retries)
        return 0;
    return unlikely(s->read_error) ? s->read_error : -EAGAIN;
}

/* One read, when the own buffer is empty: a count, 0 at the end, -EAGAIN, or a failure. A buffer
 * that comes back full does not tell whether there is more; a stream whose messages are as long as
 * its reader's buffer would pay for a vain read each time. Such a stream is read wide: what comes
 * back short of the additional bytes has emptied the socket. */
static ssize_t read_ready(eddy_stream *s, void *buf, size_t size)
{
    ssize_t n = settled(s);

    if (unlikely(n != -EAGAIN) || !s->readable)
        return n;
    return unlikely(s->wide) ? read_wide(s, buf, size) : read_some(s, buf, size);
}

/* The same, which waits until there is something. EDDY_ECLOSED: s may be gone. */
static ssize_t read_waiting(eddy_stream *s, void *buf, size_t size)
{
    for (;;) {
        ssize_t n = read_ready(s, buf, size);

        if (likely(n != -EAGAIN))
            return n;
        int status = eddy__stream_await_readable(s);
        if (unlikely(status < 0))
            return status;
    }
}

/* Waits with as little memory as there can be. */
static int await_for_fill(eddy_stream *s)
{
    if (!eddy__buffer_count(&s->in))
        eddy__buffer_trim(&s->in);
    return eddy__stream_await_readable(s);
}

/* How much room the next fill should have: more after one that took all there was. */
static size_t room_to_fill(const eddy_stream *s, size_t most)
{
    size_t wanted =
        s->filled ? max_size(2 * s->in.capacity, EDDY__BUFFER_SMALL) : EDDY__BUFFER_SMALL;
    size_t room = s->in.capacity > s->in.end + 1 ? s->in.capacity - s->in.end - 1 : 0;

    wanted = min_size(wanted - 1, FILL_MAX - 1);
    if (room >= wanted / 2 && !s->filled)
        return min_size(room, most);
    return min_size(wanted, most);
}

/* One read into the own buffer. */
static ssize_t fill_now(eddy_stream *s, size_t most)
{
    if (!eddy__buffer_count(&s->in))
        s->in.start = s->in.end = 0;
    size_t room = room_to_fill(s, most);
    if (eddy__buffer_reserve(&s->in, room) < 0)
        return EDDY_ENOMEM;
    ssize_t n = read_some(s, s->in.data + s->in.end, room);
    if (unlikely(n == EDDY_ECLOSED))
        return n;
    s->filled = n == (ssize_t)room;
    if (n > 0)
        s->in.end += (size_t)n;
    return n;
}

/* Adds at most `most` bytes that are there to the own buffer. As read_ready. */
static ssize_t fill_ready(eddy_stream *s, size_t most)
{
    ssize_t n = settled(s);

    return n == -EAGAIN && s->readable ? fill_now(s, most) : n;
}

/* The same, waiting until there is one. As read_waiting. */
static ssize_t read_fill(eddy_stream *s, size_t most)
{
    for (;;) {
        ssize_t n = fill_ready(s, most);

        if (n != -EAGAIN)
            return n;
        int status = await_for_fill(s);
        if (status < 0)
            return status;
    }
}

/* ---- what every call begins and ends with ---- */

int eddy__stream_checkpoint_slow(eddy_stream *s)
{
    if (!s)
        return eddy__checkpoint_slow();
    eddy__stream_ref(s);
    int status = eddy__checkpoint_slow();
    if (status >= 0 && s->closed)
        status = eddy__raise_code(EDDY_ECLOSED);
    eddy__stream_unref(s);
    return status;
}

static COLD int read_refuse(const eddy_stream *s)
{
    if (!s)
        return eddy__raise(EDDY_EINVAL, "the stream is NULL");
    if (s->closed)
        return eddy__raise_code(EDDY_ECLOSED);
    return eddy__raise(EDDY_EBUSY, "another task is reading from this stream");
}

static inline int read_allowed(eddy_stream *s)
{
    if (unlikely(!s || s->closed || s->reading))
        return read_refuse(s);
    if (unlikely(s->hiding)) {
        s->in.data[s->in.start] = s->hidden;
        s->hiding = false;
    }
    return 0;
}

static inline int read_begin(eddy_stream *s)
{
    int status = eddy__stream_checkpoint(s);

    return unlikely(status < 0) ? status : read_allowed(s);
}

static COLD ssize_t read_fail(eddy_stream *s, ssize_t code)
{
    return eddy__stream_fail(s, "read from", (int)code);
}

static COLD int no_room(const char *call)
{
    return eddy__raise(EDDY_EINVAL, "%s needs room for at least one byte", call);
}

int eddy__stream_await_input(eddy_stream *s, const bool *over)
{
    int status = read_begin(s);

    if (status < 0 || eddy__buffer_count(&s->in))
        return status < 0 ? status : 1;
    ssize_t n = fill_ready(s, SIZE_MAX);
    if (n == -EAGAIN && !*over) {
        eddy__buffer_free(&s->in); /* most of a server's connections are idle at most times */
        n = read_fill(s, SIZE_MAX);
    }
    if (n == EDDY_EINTR || n == -EAGAIN)
        return 0;
    return n < 0 ? (int)read_fail(s, n) : n > 0;
}

/* ---- eddy_read ---- */

/* The own bytes come first; what a wide read has left there is topped up. */
static ssize_t read_own(eddy_stream *s, char *buf, size_t size)
{
    size_t got = eddy__buffer_take(&s->in, buf, size);

    if (got == size || got > EXTRA || !s->wide)
        return (ssize_t)got;
    ssize_t n = read_ready(s, buf + got, size - got);
    return (ssize_t)got + (n > 0 ? n : 0);
}

ssize_t eddy_read(eddy_stream *s, void *buf, size_t size)
{
    int status = read_begin(s);
    ssize_t n;

    if (unlikely(status < 0))
        return status;
    if (unlikely(!buf || !size))
        return no_room("eddy_read");
    if (size > SSIZE_MAX)
        size = SSIZE_MAX;
    if (unlikely(eddy__buffer_count(&s->in)))
        return read_own(s, buf, size);
    n = read_waiting(s, buf, size);
    return likely(n >= 0) ? n : read_fail(s, n);
}

bool eddy_at_eof(const eddy_stream *s)
{
    return !s || (s->eof && !eddy__buffer_count(&s->in));
}

/* A vain try to receive. What comes is kept; EDDY_ECLOSED is not possible, for it does not wait. */
static bool nothing_comes(eddy_stream *s)
{
    bool was_without = !s->in.data;

    s->readable = true;
    ssize_t n = fill_ready(s, EXTRA);
    if (was_without && !eddy__buffer_count(&s->in))
        eddy__buffer_free(&s->in);
    return n == -EAGAIN;
}

bool eddy_stream_is_idle(eddy_stream *s)
{
    if (!s || s->closed || s->reading || s->writing || s->write_error || s->read_error || s->eof)
        return false;
    if (eddy__buffer_count(&s->in) || eddy__stream_unsent(s))
        return false;
    return s->transport->kind->suspends || (nothing_comes(s) && !eddy__stream_unsent(s));
}

/* ---- for eddy_copy ---- */

ssize_t eddy__stream_peek(eddy_stream *s, size_t most)
{
    ssize_t n = read_begin(s);

    if (n < 0)
        return n;
    if (!eddy__buffer_count(&s->in)) {
        n = read_fill(s, most);
        if (n <= 0)
            return n < 0 ? read_fail(s, n) : 0;
    }
    return (ssize_t)eddy__buffer_count(&s->in);
}

/* ---- eddy_peek, eddy_skip ---- */

static COLD ssize_t peek_too_far(eddy_stream *s, size_t known)
{
    return eddy__raise(EDDY_ELIMIT, "%s: more than %zu bytes cannot be held, the limit is %zu",
                       eddy_stream_peer(s), known, s->limit);
}

ssize_t eddy_peek(eddy_stream *s, size_t known, const char **data)
{
    int status = read_begin(s);
    size_t count;

    if (status < 0)
        return status;
    if (!data)
        return eddy__raise(EDDY_EINVAL, "eddy_peek needs a place for the bytes");
    while ((count = eddy__buffer_count(&s->in)) <= known) {
        if (known >= s->limit)
            return peek_too_far(s, known);
        ssize_t n = read_fill(s, SIZE_MAX);
        if (n < 0)
            return read_fail(s, n);
        if (n == 0)
            break;
    }
    *data = count ? s->in.data + s->in.start : "";
    return (ssize_t)count;
}

ssize_t eddy_peek_nowait(eddy_stream *s, const char **data)
{
    int status = read_allowed(s);

    if (status < 0)
        return status;
    if (!data)
        return eddy__raise(EDDY_EINVAL, "eddy_peek_nowait needs a place for the bytes");
    size_t count = eddy__buffer_count(&s->in);
    *data = count ? s->in.data + s->in.start : "";
    return (ssize_t)count;
}

int eddy_skip(eddy_stream *s, size_t size)
{
    int status = read_allowed(s);

    if (status < 0)
        return status;
    if (size > eddy__buffer_count(&s->in))
        return eddy__raise(EDDY_EINVAL, "eddy_skip of %zu bytes, where %zu have come", size,
                           eddy__buffer_count(&s->in));
    s->in.start += size;
    return 0;
}

/* ---- eddy_read_exactly ---- */

static COLD ssize_t too_few(eddy_stream *s, size_t got, size_t size)
{
    return eddy__raise(EDDY_EOF, "%s ended after %zu of %zu bytes", eddy_stream_peer(s), got, size);
}

/* A short one goes through the own buffer: what follows it comes along in one receive. */
static ssize_t read_short(eddy_stream *s, char *buf, size_t size)
{
    while (eddy__buffer_count(&s->in) < size) {
        ssize_t n = read_fill(s, SIZE_MAX);

        if (n == 0)
            return too_few(s, eddy__buffer_count(&s->in), size);
        if (n < 0)
            return read_fail(s, n);
    }
    return (ssize_t)eddy__buffer_take(&s->in, buf, size);
}

/* The own buffer is empty: bytes that were read for a call that failed become its content. */
static void put_back(eddy_stream *s, const char *buf, size_t size)
{
    s->in.start = s->in.end = 0;
    if (eddy__buffer_reserve(&s->in, size) < 0) {
        s->read_error = EDDY_ENOMEM;
        return;
    }
    memcpy(s->in.data, buf, size);
    s->in.end = size;
}

static ssize_t read_long(eddy_stream *s, char *buf, size_t size)
{
    size_t got = eddy__buffer_take(&s->in, buf, size);

    while (got < size) {
        ssize_t n = read_waiting(s, buf + got, size - got);

        if (n == EDDY_ECLOSED)
            return read_fail(s, n);
        if (n <= 0) {
            put_back(s, buf, got);
            return n == 0 ? too_few(s, got, size) : read_fail(s, n);
        }
        got += (size_t)n;
    }
    return (ssize_t)size;
}

ssize_t eddy_read_exactly(eddy_stream *s, void *buf, size_t size)
{
    int status = read_begin(s);

    if (status < 0)
        return status;
    if ((!buf && size) || size > SSIZE_MAX)
        return eddy__raise(EDDY_EINVAL, "eddy_read_exactly needs a buffer of that size");
    if (size <= EDDY__BUFFER_SMALL)
        return size ? read_short(s, buf, size) : 0;
    return read_long(s, buf, size);
}

/* ---- eddy_read_until, eddy_read_line ---- */

static COLD ssize_t too_long(eddy_stream *s)
{
    return eddy__raise(EDDY_ELIMIT, "no separator within the %zu bytes that are the limit of %s",
                       s->limit, eddy_stream_peer(s));
}

/* Finds the separator, filling the own buffer. Length up to and with it, 0 at the end, or a
 * failure, raised. */
static ssize_t read_find(eddy_stream *s, const char *separator, size_t length)
{
    size_t searched = 0;

    for (;;) {
        size_t count = eddy__buffer_count(&s->in);

        if (count >= searched + length) {
            const char *from = s->in.data + s->in.start;
            const char *at = length == 1
                                 ? memchr(from + searched, *separator, count - searched)
                                 : memmem(from + searched, count - searched, separator, length);
            if (at)
                return (size_t)(at - from) > s->limit ? too_long(s) : at - from + (ssize_t)length;
            searched = count - length + 1;
        }
        if (count >= s->limit + length)
            return too_long(s);
        ssize_t n = read_fill(s, max_size(s->limit + length - count, EDDY__BUFFER_SMALL));
        if (n <= 0)
            return n < 0 ? read_fail(s, n) : 0;
    }
}

/* Hands out the next length bytes with a final zero in place of what follows. */
static char *hand_out(eddy_stream *s, size_t length)
{
    char *data = s->in.data + s->in.start;

    s->in.start += length;
    if (eddy__buffer_count(&s->in)) {
        s->hidden = data[length];
        s->hiding = true;
    }
    data[length] = '\0';
    return data;
}

ssize_t eddy_read_until(eddy_stream *s, const char *separator, char **data)
{
    int status = read_begin(s);
    ssize_t n;

    if (status < 0)
        return status;
    if (!separator || !*separator || !data)
        return eddy__raise(EDDY_EINVAL, "eddy_read_until needs a separator of at least one byte");
    n = read_find(s, separator, strlen(separator));
    if (n == 0)
        return eddy__raise(EDDY_EOF, "%s ended before the separator, after %zu bytes",
                           eddy_stream_peer(s), eddy__buffer_count(&s->in));
    if (n > 0)
        *data = hand_out(s, (size_t)n);
    return n;
}

/* The last line, which nothing ends. */
static ssize_t read_rest(eddy_stream *s, char **line)
{
    size_t count = eddy__buffer_count(&s->in);

    *line = count ? hand_out(s, count) : NULL;
    return (ssize_t)count;
}

ssize_t eddy_read_line(eddy_stream *s, char **line)
{
    int status = read_begin(s);
    ssize_t n;

    if (status < 0)
        return status;
    if (!line)
        return eddy__raise(EDDY_EINVAL, "eddy_read_line needs a place for the line");
    n = read_find(s, "\n", 1);
    if (n <= 0)
        return n < 0 ? n : read_rest(s, line);
    *line = s->in.data + s->in.start;
    s->in.start += (size_t)n;
    n--;
    if (n > 0 && (*line)[n - 1] == '\r')
        n--;
    (*line)[n] = '\0';
    return n;
}

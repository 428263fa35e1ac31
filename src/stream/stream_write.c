/* stream_write.c - writing: sent at once where nothing is unsent, kept in order and bounded where
 * the socket is full. */
#include "stream/stream.h"

#include <limits.h>
#include <stdarg.h>

enum { PARTS_MAX = 8 }; /* that one call of a transport gets */

/* What a call writes: n parts, which have size bytes together. */
struct bytes {
    const struct iovec *parts;
    int n;
    size_t size;
};

static size_t unsent(const eddy_stream *s)
{
    return eddy__stream_unsent(s);
}

static bool is_idle(const eddy_stream *s)
{
    return s && !s->closed && !s->write_error && !s->writing && s->out.start == s->out.end &&
           !s->corked;
}

static COLD ssize_t write_fail(eddy_stream *s, int code)
{
    if (code == EDDY_EPIPE && s->cut)
        return eddy__raise(code, "an earlier write to %s was ended in its middle",
                           eddy_stream_peer(s));
    if (code == EDDY_EPIPE && s->sent_eof)
        return eddy__raise(code, "nothing can be written to %s after eddy_write_eof",
                           eddy_stream_peer(s));
    return eddy__stream_fail(s, "write to", code);
}

/* ---- the transport ---- */

/* Short: the socket is full. One that suspends is never. Nothing is no answer. */
static NOINLINE ssize_t note_short(eddy_stream *s, ssize_t n, size_t size)
{
    n = n ? eddy__transport_answer(n, size) : EDDY_EINVAL;
    if (n == -EAGAIN || n > 0) {
        s->writable = n > 0 && s->transport->kind->suspends;
        return n;
    }
    if (!eddy__stream_passes(s, n))
        s->write_error = (int)n;
    return n;
}

/* Notes what came of handing size bytes to the transport, and returns it: a count, -EAGAIN when the
 * socket is full, or a failure. */
static inline ssize_t write_note(eddy_stream *s, ssize_t n, size_t size)
{
    const eddy_transport *t = s->transport;

    if (likely(n == (ssize_t)size))
        s->writable = likely(!t->kind->unsent) || !t->kind->unsent(t);
    else
        n = note_short(s, n, size);
    return n;
}

static inline ssize_t write_send_some(eddy_stream *s, const void *buf, size_t size)
{
    eddy_transport *t = s->transport;

    return write_note(s, t->kind->write(t, buf, size), size);
}

/* The same with the turn, from a task, which it may suspend. EDDY_ECLOSED: s may be gone. */
static inline ssize_t write_some(eddy_stream *s, const void *buf, size_t size)
{
    eddy__stream_ref(s);
    ssize_t n = write_send_some(s, buf, size);
    if (unlikely(s->closed))
        n = EDDY_ECLOSED;
    eddy__stream_unref(s);
    return n;
}

/* The parts that come after the first done bytes, at most max of them: how many, and *size bytes
 * together. */
static size_t rest_of(const struct bytes *bytes, size_t done, struct iovec *rest, size_t max,
                      size_t *size)
{
    size_t n = 0;

    *size = 0;
    for (int i = 0; i < bytes->n && n < max; i++) {
        struct iovec part = bytes->parts[i];
        size_t skipped = min_size(done, part.iov_len);

        done -= skipped;
        if (skipped == part.iov_len)
            continue;
        rest[n++] = (struct iovec){(char *)part.iov_base + skipped, part.iov_len - skipped};
        *size += part.iov_len - skipped;
    }
    return n;
}

/* Hands over what comes after the first done bytes: several parts at once where the transport takes
 * them, otherwise the first. */
static NOINLINE ssize_t send_rest(eddy_stream *s, const struct bytes *bytes, size_t done)
{
    eddy_transport *t = s->transport;
    struct iovec rest[PARTS_MAX];
    size_t size, n = rest_of(bytes, done, rest, t->kind->write_parts ? PARTS_MAX : 1, &size);

    if (n == 1)
        return write_send_some(s, rest[0].iov_base, size);
    return write_note(s, t->kind->write_parts(t, rest, n), size);
}

/* The same with the turn, as write_some. */
static ssize_t write_after(eddy_stream *s, const struct bytes *bytes, size_t done)
{
    if (bytes->n == 1)
        return write_some(s, (char *)bytes->parts->iov_base + done, bytes->size - done);
    eddy__stream_ref(s);
    ssize_t n = send_rest(s, bytes, done);
    if (unlikely(s->closed))
        n = EDDY_ECLOSED;
    eddy__stream_unref(s);
    return n;
}

int eddy__stream_end(eddy_stream *s)
{
    eddy_transport *t = s->transport;

    return t->kind->end ? t->kind->end(t) : EDDY_ENOTSUP;
}

/* Sends what was accepted earlier. */
static void send_unsent(eddy_stream *s)
{
    if (s->sending) /* the transport has called from within */
        return;
    s->sending = true;
    ssize_t n = write_send_some(s, s->out.data + s->out.start, eddy__buffer_count(&s->out));
    s->sending = false;
    if (n > 0)
        s->out.start += (size_t)n;
    if (s->write_error)
        s->out.start = s->out.end;
    if (unsent(s) == 0)
        eddy__buffer_trim(&s->out);
    else if (!s->writable) {
        int status = eddy__stream_want(s, EDDY_WRITABLE);

        if (status < 0)
            s->write_error = status;
    }
}

/* The same where the caller has no reference: a transport may close the stream. False: it has. */
static bool send_and_stay(eddy_stream *s)
{
    eddy__stream_ref(s);
    send_unsent(s);
    bool stays = !s->closed;
    eddy__stream_unref(s);
    return stays;
}

void eddy__stream_on_writable(eddy_stream *s)
{
    eddy__stream_ref(s);
    s->writable = true;
    if (unsent(s))
        send_unsent(s);
    if (s->writer && (s->write_error || unsent(s) <= s->mark))
        eddy__wake_at(&s->writer, 0);
    eddy__stream_unref(s);
}

/* ---- turns ---- */

/* Waits until nobody else is in the middle of a write. 0 or a code; s may be gone after ECLOSED. */
static int take_turn(eddy_stream *s)
{
    static const struct eddy__wait_kind kind = {"its turn to write to a stream",
                                                eddy__waiter_abort};
    struct eddy_waiter_ waiter = {0};
    eddy_task *self = eddy__self();
    int status;

    if (!s->writing) {
        s->writing = true;
        return 0;
    }
    if (self->interrupt)
        return self->interrupt;
    eddy__stream_ref(s);
    status = eddy__wait_in(&s->turns, &waiter, &kind);
    if (s->closed)
        status = EDDY_ECLOSED;
    eddy__stream_unref(s);
    return status;
}

/* Hands the turn to the one who waited longest. */
static void end_turn(eddy_stream *s)
{
    if (s->turns.first)
        eddy__waiter_grant(s->turns.first, 0);
    else
        s->writing = false;
}

/* ---- writing ---- */

static void copy_rest(char *to, const struct bytes *bytes, size_t done)
{
    for (int i = 0; i < bytes->n; i++) {
        struct iovec part = bytes->parts[i];
        size_t skipped = min_size(done, part.iov_len), n = part.iov_len - skipped;

        done -= skipped;
        if (n)
            memcpy(to, (char *)part.iov_base + skipped, n);
        to += n;
    }
}

/* Whether nothing is sent until it is uncorked: where the socket is full it need not be told to
 * wait. */
static bool is_held_back(const eddy_stream *s)
{
    return s->corked && s->writable;
}

/* Accepts what comes after the first done bytes into `out` when that keeps within high_water: 1, 0
 * when it does not fit, or a failure. */
static int write_keep(eddy_stream *s, const struct bytes *bytes, size_t done)
{
    size_t size = bytes->size - done;
    int status;

    if (size > s->high_water || unsent(s) > s->high_water - size)
        return 0;
    status = eddy__buffer_reserve(&s->out, size);
    if (status < 0)
        return unsent(s) ? 0 : status;
    status = is_held_back(s) ? 0 : eddy__stream_want(s, EDDY_WRITABLE);
    if (status < 0)
        return status;
    copy_rest(s->out.data + s->out.end, bytes, done);
    s->out.end += size;
    return 1;
}

/* Waits until the rest fits, or, when it is too long for that, can be sent from where it is. */
static int await_room(eddy_stream *s, size_t rest)
{
    bool fits = rest <= s->high_water - s->low_water && unsent(s) > s->low_water;

    return eddy__stream_await_writable(s, fits ? s->low_water : 0);
}

/* With the turn: sends or keeps everything from *done on. 0 or a code. */
static int hand_over(eddy_stream *s, const struct bytes *bytes, size_t *done)
{
    for (;;) {
        if (s->write_error)
            return s->write_error;
        if (!unsent(s) && s->writable) {
            ssize_t n = write_after(s, bytes, *done);

            if (n < 0 && n != -EAGAIN)
                return (int)n;
            *done += n > 0 ? (size_t)n : 0;
            if (*done == bytes->size)
                return 0;
            continue;
        }
        int status = write_keep(s, bytes, *done);
        if (status == 0)
            status = await_room(s, bytes->size - *done);
        else if (status > 0)
            return 0;
        if (status < 0)
            return status;
    }
}

/* Bytes that were sent cannot be taken back, and nothing else may come in their middle. */
static void cut(eddy_stream *s)
{
    s->cut = true;
    s->write_error = EDDY_EPIPE;
}

/* With the turn, which it gives up: what comes after the first done bytes. */
static ssize_t write_on(eddy_stream *s, const struct bytes *bytes, size_t done)
{
    int status = hand_over(s, bytes, &done);

    if (status == EDDY_ECLOSED)
        return eddy__raise_code(status);
    if (status < 0 && done && !s->write_error)
        cut(s);
    end_turn(s);
    return likely(status >= 0) ? (ssize_t)bytes->size : write_fail(s, status);
}

static struct iovec one_part(const void *buf, size_t size)
{
    return (struct iovec){(void *)(uintptr_t)buf, size};
}

static NOINLINE ssize_t write_rest(eddy_stream *s, const void *buf, size_t size, size_t done)
{
    struct iovec part = one_part(buf, size);

    return write_on(s, &(struct bytes){&part, 1, size}, done);
}

static ssize_t write_in_turn(eddy_stream *s, const struct bytes *bytes)
{
    int status = take_turn(s);

    if (status == EDDY_ECLOSED)
        return eddy__raise_code(status);
    return status < 0 ? write_fail(s, status) : write_on(s, bytes, 0);
}

static ssize_t write_bytes(eddy_stream *s, const struct bytes *bytes)
{
    if (s->closed)
        return eddy__raise_code(EDDY_ECLOSED);
    if (s->write_error)
        return write_fail(s, s->write_error);
    if (!s->writing && (unsent(s) || (s->corked && !s->transport->kind->suspends))) {
        int status = write_keep(s, bytes, 0);

        if (status != 0)
            return status > 0 ? (ssize_t)bytes->size : write_fail(s, status);
    }
    if (is_held_back(s) && unsent(s) && !send_and_stay(s)) /* it is more than can be kept */
        return eddy__raise_code(EDDY_ECLOSED);
    return bytes->size ? write_in_turn(s, bytes) : 0;
}

static NOINLINE ssize_t write_slow(eddy_stream *s, const void *buf, size_t size)
{
    struct iovec part = one_part(buf, size);

    if (!s || (!buf && size) || size > SSIZE_MAX)
        return eddy__raise(EDDY_EINVAL, "eddy_write needs a stream and a buffer of that size");
    return write_bytes(s, &(struct bytes){&part, 1, size});
}

ssize_t eddy_write(eddy_stream *s, const void *buf, size_t size)
{
    int status = eddy__stream_checkpoint(s);

    if (unlikely(status < 0))
        return status;
    if (unlikely(!is_idle(s) || !buf || !size || size > SSIZE_MAX))
        return write_slow(s, buf, size);
    s->writing = true;
    ssize_t n = write_some(s, buf, size);
    if (unlikely(n == EDDY_ECLOSED))
        return eddy__raise_code(EDDY_ECLOSED);
    if (n != (ssize_t)size && (n >= 0 || n == -EAGAIN))
        return write_rest(s, buf, size, n > 0 ? (size_t)n : 0);
    end_turn(s);
    return likely(n >= 0) ? n : write_fail(s, (int)n);
}

/* False: they are no parts, or too much. */
static bool count_bytes(struct bytes *bytes)
{
    if (bytes->n < 0 || (bytes->n && !bytes->parts))
        return false;
    for (int i = 0; i < bytes->n; i++) {
        const struct iovec *part = &bytes->parts[i];

        if ((!part->iov_base && part->iov_len) || part->iov_len > SSIZE_MAX - bytes->size)
            return false;
        bytes->size += part->iov_len;
    }
    return true;
}

ssize_t eddy_writev(eddy_stream *s, const struct iovec *parts, int n)
{
    struct bytes bytes = {parts, n, 0};
    int status = eddy__stream_checkpoint(s);

    if (unlikely(status < 0))
        return status;
    if (!s || !count_bytes(&bytes))
        return eddy__raise(EDDY_EINVAL, "eddy_writev needs a stream and buffers of these sizes");
    return write_bytes(s, &bytes);
}

/* ---- corked ---- */

int eddy_cork(eddy_stream *s)
{
    if (!s)
        return eddy__raise(EDDY_EINVAL, "the stream is NULL");
    if (s->closed)
        return eddy__raise_code(EDDY_ECLOSED);
    s->corked = true;
    return 0;
}

int eddy__stream_uncork(eddy_stream *s)
{
    bool was_held_back = is_held_back(s);

    s->corked = false;
    if (was_held_back && unsent(s) && !s->write_error && !send_and_stay(s))
        return EDDY_ECLOSED;
    return 0;
}

int eddy_uncork(eddy_stream *s)
{
    if (!s)
        return eddy__raise(EDDY_EINVAL, "the stream is NULL");
    if (s->closed)
        return eddy__raise_code(EDDY_ECLOSED);
    if (eddy__stream_uncork(s) < 0)
        return eddy__raise_code(EDDY_ECLOSED);
    return s->write_error && !s->sent_eof ? (int)write_fail(s, s->write_error) : 0;
}

/* ---- behind everything that was written before ---- */

/* With the turn: waits until everything accepted has been sent. s may be gone after
 * EDDY_ECLOSED. */
static int await_sent(eddy_stream *s)
{
    while (unsent(s) && !s->write_error) {
        int status = eddy__stream_await_writable(s, 0);

        if (status == EDDY_ECLOSED || (status < 0 && !s->write_error))
            return status;
    }
    return s->write_error;
}

static int begin_flush(eddy_stream *s)
{
    int status = eddy__stream_checkpoint(s);

    if (status < 0)
        return status;
    if (!s)
        return eddy__raise(EDDY_EINVAL, "the stream is NULL");
    if (s->closed)
        return eddy__raise_code(EDDY_ECLOSED);
    status = eddy__stream_uncork(s);
    if (status >= 0)
        status = take_turn(s);
    return status < 0 ? eddy__raise_code(status) : 0;
}

int eddy_flush(eddy_stream *s)
{
    int status = begin_flush(s);

    if (status < 0)
        return status;
    status = await_sent(s);
    if (status == EDDY_ECLOSED)
        return eddy__raise_code(status);
    end_turn(s);
    return status < 0 && !s->sent_eof ? (int)write_fail(s, status) : 0;
}

/* With the turn: a count, or a code, unraised. */
static ssize_t send_first(eddy_stream *s, const struct iovec *bytes, eddy__stream_send *send,
                          void *arg)
{
    for (;;) {
        int status = await_sent(s);

        if (status < 0)
            return status;
        ssize_t n = send(s, bytes, arg);
        s->writable = n == (ssize_t)bytes->iov_len;
        if (n != -EAGAIN)
            return n;
        status = eddy__stream_await_writable(s, 0);
        if (status < 0)
            return status;
    }
}

ssize_t eddy__stream_write_by(eddy_stream *s, const void *buf, size_t size, eddy__stream_send *send,
                              void *arg)
{
    struct iovec bytes = {(void *)(uintptr_t)buf, size};
    int status = begin_flush(s);

    if (status < 0)
        return status;
    ssize_t n = send_first(s, &bytes, send, arg);
    if (n == EDDY_ECLOSED)
        return eddy__raise_code(EDDY_ECLOSED);
    if (n >= 0 && (size_t)n < size)
        return write_rest(s, buf, size, (size_t)n);
    end_turn(s);
    return n < 0 ? write_fail(s, (int)n) : n;
}

static int write_send_eof(eddy_stream *s)
{
    int status = await_sent(s);

    if (status < 0)
        return status;
    eddy__stream_ref(s);
    status = eddy__stream_end(s);
    if (s->closed)
        status = EDDY_ECLOSED;
    eddy__stream_unref(s);
    if (status >= 0)
        status = await_sent(s); /* what the end itself consists of */
    if (status < 0)
        return status;
    s->sent_eof = true;
    s->write_error = EDDY_EPIPE;
    return 0;
}

int eddy_write_eof(eddy_stream *s)
{
    int status = begin_flush(s);

    if (status < 0)
        return status;
    status = s->sent_eof ? 0 : write_send_eof(s);
    if (status == EDDY_ECLOSED)
        return eddy__raise_code(status);
    end_turn(s);
    return status < 0 ? (int)write_fail(s, status) : 0;
}

/* ---- formatted ---- */

static __attribute__((format(printf, 2, 0))) ssize_t print_long(eddy_stream *s, const char *format,
                                                                va_list args, size_t size)
{
    char *text = eddy_alloc(size + 1);
    ssize_t n;

    if (!text)
        return eddy__raise_code(EDDY_ENOMEM);
    vsnprintf(text, size + 1, format, args);
    n = eddy_write(s, text, size);
    eddy_free(text);
    return n;
}

ssize_t eddy_vprintf(eddy_stream *s, const char *format, va_list args)
{
    char text[512];
    va_list again;
    ssize_t n;

    if (!format)
        return eddy__raise(EDDY_EINVAL, "eddy_printf needs a format");
    va_copy(again, args);
    n = vsnprintf(text, sizeof text, format, args);
    if (n < 0)
        n = eddy__raise(EDDY_EINVAL, "the format \"%s\" cannot be printed", format);
    else if ((size_t)n < sizeof text)
        n = eddy_write(s, text, (size_t)n);
    else
        n = print_long(s, format, again, (size_t)n);
    va_end(again);
    return n;
}

ssize_t eddy_printf(eddy_stream *s, const char *format, ...)
{
    va_list args;
    ssize_t n;

    va_start(args, format);
    n = eddy_vprintf(s, format, args);
    va_end(args);
    return n;
}

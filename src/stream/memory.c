/* memory.c - two connected streams in memory, for tests and for tasks that talk to each other as
 * over a connection. */
#include "stream/stream.h"

/* The state of one of the two streams. What was sent to it waits in `wire`; when that is empty,
 * receiving gives `rest`: -EAGAIN while the other end may send, then 0 or a failure. */
struct end {
    eddy_transport *transport;
    struct end *other; /* NULL: it has gone */
    struct eddy__buffer wire;
    size_t capacity;
    ssize_t rest;
};

/* ---- the transport ---- */

static ssize_t memory_receive(eddy_transport *t, void *buf, size_t size)
{
    struct end *end = t->state;
    size_t n = eddy__buffer_take(&end->wire, buf, size);

    if (n == 0)
        return end->rest;
    if (!eddy__buffer_count(&end->wire))
        eddy__buffer_trim(&end->wire);
    if (end->other)
        eddy_transport_ready(end->other->transport, EDDY_WRITABLE);
    return (ssize_t)n;
}

static ssize_t memory_send_bytes(eddy_transport *t, const void *buf, size_t size)
{
    const struct end *end = t->state;
    struct end *other = end->other;

    if (!other)
        return end->rest < 0 ? end->rest : EDDY_EPIPE;
    size_t n = min_size(size, other->capacity - eddy__buffer_count(&other->wire));
    if (n == 0)
        return -EAGAIN;
    if (eddy__buffer_reserve(&other->wire, n) < 0)
        return EDDY_ENOMEM;
    memcpy(other->wire.data + other->wire.end, buf, n);
    other->wire.end += n;
    eddy_transport_ready(other->transport, EDDY_READABLE);
    return (ssize_t)n;
}

static int memory_send_eof(eddy_transport *t)
{
    const struct end *end = t->state;

    if (!end->other)
        return 0;
    end->other->rest = 0;
    eddy_transport_ready(end->other->transport, EDDY_READABLE);
    return 0;
}

/* From now on the two know nothing of each other. */
static void part(struct end *end, ssize_t rest)
{
    struct end *other = end->other;

    if (!other)
        return;
    end->other = other->other = NULL;
    other->rest = rest;
    eddy_transport_ready(other->transport, EDDY_READABLE | EDDY_WRITABLE);
}

static void memory_shut(eddy_transport *t, bool abort)
{
    part(t->state, abort ? EDDY_ECONNRESET : 0);
}

static void memory_release(eddy_transport *t)
{
    struct end *end = t->state;

    if (!end)
        return;
    if (end->other)
        end->other->other = NULL;
    eddy__buffer_free(&end->wire);
    eddy_free(end);
}

static const eddy_transport_kind memory_transport = {
    .read = memory_receive,
    .write = memory_send_bytes,
    .end = memory_send_eof,
    .close = memory_shut,
    .release = memory_release,
};

/* ---- making ---- */

static eddy_stream *memory_make(const char *local, const char *peer, const eddy_stream_opts *opts)
{
    struct end *end = eddy_alloc_zero(sizeof *end);
    eddy_stream *s = end ? eddy_stream_open(&memory_transport, end, peer, local, *opts) : NULL;

    if (!s) {
        eddy_free(end);
        return NULL;
    }
    *end = (struct end){.transport = &s->base, .capacity = s->high_water, .rest = -EAGAIN};
    return s;
}

int eddy_stream_pair_with(eddy_stream *pair[2], const eddy_stream_opts *opts)
{
    static const eddy_stream_opts defaults;
    struct end *ends[2];

    if (!opts)
        opts = &defaults;
    pair[0] = pair[1] = NULL;
    if (!eddy__thread.loop)
        return eddy__raise(EDDY_ELOOP, "a stream belongs to a running loop, and none runs here");
    eddy__try(eddy__stream_check_opts(opts));
    eddy_stream *first = memory_make("memory 1", "memory 2", opts);
    eddy_stream *second = memory_make("memory 2", "memory 1", opts);
    if (!first || !second) {
        eddy_stream_close(first);
        eddy_stream_close(second);
        return eddy__raise_code(EDDY_ENOMEM);
    }
    pair[0] = first, pair[1] = second;
    ends[0] = first->base.state, ends[1] = second->base.state;
    ends[0]->other = ends[1], ends[1]->other = ends[0];
    return 0;
}

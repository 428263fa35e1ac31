/* h1.c - HTTP/1.1: receiving heads and bodies. The parser looks at what lies in the stream's
 * buffer; only a head is copied, since it lives as long as the exchange. */
#include "http/message/h1.h"

/* ---- failures ---- */

static COLD int refuse_head(struct eddy__exchange *e)
{
    struct eddy__h1 *h1 = eddy__h1_of(e);

    h1->keep_alive = false;
    return eddy__raise(EDDY_EPROTO, "%s from %s is no HTTP/1.1: %s",
                       h1->client ? "an answer" : "a request", eddy_stream_peer(h1->stream),
                       e->refusal.why);
}

static COLD int refuse_body(struct eddy__exchange *e, const char *why)
{
    e->refusal = (struct eddy__refusal){400, why};
    return refuse_head(e);
}

static COLD int cut_off(struct eddy__h1 *h1, const char *where)
{
    h1->keep_alive = false;
    return eddy__raise(EDDY_EOF, "%s ended the connection in the middle of %s",
                       eddy_stream_peer(h1->stream), where);
}

static COLD int cut_short(struct eddy__h1 *h1)
{
    h1->keep_alive = false;
    return eddy__raise(EDDY_EOF, "%s ended the connection after %llu of the %llu bytes of a body",
                       eddy_stream_peer(h1->stream), (unsigned long long)h1->exchange.received,
                       (unsigned long long)h1->in_whole);
}

/* ---- heads ---- */

/* Nothing, or the empty line that some clients send behind a body. */
static bool is_empty_line(const char *data, size_t size)
{
    return size == 0 || (size == 2 && memcmp(data, "\r\n", 2) == 0);
}

/* Waits for a whole head and copies it: its length; 0 when the peer has ended the connection. */
static ssize_t take_head(struct eddy__h1 *h1, const struct eddy__head_limits *limits, char **text)
{
    struct eddy__exchange *e = &h1->exchange;
    const char *data;
    size_t known = 0, seen = 0;

    for (;;) {
        size_t count = (size_t)eddy__try(eddy_peek(h1->stream, known, &data));

        if (count <= known)
            return is_empty_line(data, known) ? 0 : cut_off(h1, "a head");
        e->heard = true;
        ssize_t length = eddy__head_find(data, count, &seen, limits, &e->refusal);
        if (unlikely(length < 0))
            return refuse_head(e);
        if (likely(length > 0)) {
            *text = eddy__try(eddy__arena_copy(e->arena, data, (size_t)length));
            eddy__try(eddy_skip(h1->stream, (size_t)length));
            return length;
        }
        known = count;
    }
}

static void expect_body(struct eddy__h1 *h1, enum eddy__h1_framing framing, int64_t length)
{
    h1->in = framing == EDDY__H1_LENGTH && length == 0 ? EDDY__H1_NONE : framing;
    h1->in_whole = framing == EDDY__H1_LENGTH ? (uint64_t)length : 0;
    h1->chunks = (struct eddy__chunks){0};
    h1->exchange.received = 0;
    if (framing == EDDY__H1_TO_END)
        h1->keep_alive = false;
}

/* RFC 9112 section 6.3. */
static void frame_request(struct eddy__h1 *h1, const struct eddy__head *head)
{
    h1->head_only = strcmp(head->method, "HEAD") == 0;
    h1->connects = strcmp(head->method, "CONNECT") == 0;
    if (head->chunked)
        expect_body(h1, EDDY__H1_CHUNKED, 0);
    else
        expect_body(h1, EDDY__H1_LENGTH, head->length > 0 ? head->length : 0);
}

static void frame_answer(struct eddy__h1 *h1, const struct eddy__head *head)
{
    int status = head->status;

    if (h1->head_only || status < 200 || status == 204 || status == 304 ||
        (h1->connects && status < 300))
        expect_body(h1, EDDY__H1_NONE, 0);
    else if (head->chunked)
        expect_body(h1, EDDY__H1_CHUNKED, 0);
    else if (head->length >= 0)
        expect_body(h1, EDDY__H1_LENGTH, head->length);
    else
        expect_body(h1, EDDY__H1_TO_END, 0);
}

static int parse(struct eddy__h1 *h1, char *text, size_t size, struct eddy__head *head)
{
    struct eddy__exchange *e = &h1->exchange;

    return h1->client
               ? eddy__head_parse_response(text, size, e->arena, &h1->limits, head, &e->refusal)
               : eddy__head_parse_request(text, size, e->arena, &h1->limits, head, &e->refusal);
}

static int h1_receive(struct eddy__exchange *e, struct eddy__head *head)
{
    struct eddy__h1 *h1 = eddy__h1_of(e);
    char *text;
    ssize_t size = eddy__try(take_head(h1, &h1->limits, &text));

    if (size == 0)
        return 0;
    int status = parse(h1, text, (size_t)size, head);
    if (unlikely(status < 0))
        return status == EDDY_EPROTO ? refuse_head(e) : status;
    h1->peer_minor = head->minor;
    if (h1->client)
        frame_answer(h1, head);
    else
        frame_request(h1, head);
    if (head->status < 200 && h1->client && head->status != 101)
        return 1;
    h1->received = true;
    h1->keep_alive &= head->keep_alive;
    return 1;
}

/* ---- bodies ---- */

static ssize_t read_counted(struct eddy__h1 *h1, void *buf, size_t size)
{
    uint64_t left = h1->in_whole - h1->exchange.received;
    ssize_t n = eddy__try(eddy_read(h1->stream, buf, left < size ? (size_t)left : size));

    if (unlikely(n == 0))
        return cut_short(h1);
    if ((uint64_t)n == left)
        h1->in = EDDY__H1_NONE;
    return n;
}

static ssize_t read_up_to_end(struct eddy__h1 *h1, void *buf, size_t size)
{
    ssize_t n = eddy__try(eddy_read(h1->stream, buf, size));

    if (n == 0)
        h1->in = EDDY__H1_NONE;
    return n;
}

/* What follows the last chunk: an empty line, or fields and one. */
static ssize_t read_trailers(struct eddy__h1 *h1)
{
    struct eddy__exchange *e = &h1->exchange;
    struct eddy__head_limits limits = h1->limits;
    const char *data;
    size_t known = 0;
    char *text;

    limits.target = INT32_MAX; /* their first line is no request line */
    do {
        size_t count = (size_t)eddy__try(eddy_peek(h1->stream, known, &data));
        if (count <= known)
            return cut_off(h1, "the trailers of a body");
        known = count;
    } while (known < 2);
    if (data[0] == '\r' && data[1] == '\n') {
        h1->in = EDDY__H1_NONE;
        return eddy_skip(h1->stream, 2);
    }
    size_t size = (size_t)eddy__try(take_head(h1, &limits, &text));
    int status =
        eddy__head_parse_trailers(text, size, e->arena, &h1->limits, &e->trailers, &e->refusal);
    if (status < 0)
        return status == EDDY_EPROTO ? refuse_head(e) : status;
    h1->in = EDDY__H1_NONE;
    return 0;
}

/* Takes what stands between the data of two chunks. */
static int pass_chunk_line(struct eddy__h1 *h1)
{
    const char *data, *why = NULL;
    size_t count = (size_t)eddy__try(eddy_peek(h1->stream, 0, &data));

    if (count == 0)
        return cut_off(h1, "a chunked body, before its last chunk");
    ssize_t used = eddy__chunks_next(&h1->chunks, data, count, &why);
    if (used < 0)
        return refuse_body(&h1->exchange, why);
    return eddy_skip(h1->stream, (size_t)used);
}

static ssize_t read_chunked(struct eddy__h1 *h1, void *buf, size_t size)
{
    while (!h1->chunks.left && !h1->chunks.ended)
        eddy__try(pass_chunk_line(h1));
    if (h1->chunks.ended)
        return read_trailers(h1);
    uint64_t left = h1->chunks.left;
    ssize_t n = eddy__try(eddy_read(h1->stream, buf, left < size ? (size_t)left : size));
    if (n == 0)
        return cut_off(h1, "a chunk");
    h1->chunks.left -= (uint64_t)n;
    return n;
}

static ssize_t read_framed(struct eddy__h1 *h1, void *buf, size_t size)
{
    switch (h1->in) {
    case EDDY__H1_LENGTH:
        return read_counted(h1, buf, size);
    case EDDY__H1_CHUNKED:
        return read_chunked(h1, buf, size);
    case EDDY__H1_TO_END:
        return read_up_to_end(h1, buf, size);
    case EDDY__H1_NONE:
        break;
    }
    return 0;
}

static ssize_t h1_read(struct eddy__exchange *e, void *buf, size_t size)
{
    if (unlikely(e->refusal.status)) /* where its next part would begin is not known */
        return refuse_head(e);
    ssize_t n = read_framed(eddy__h1_of(e), buf, size);

    if (n > 0)
        e->received += (uint64_t)n;
    return n;
}

/* ---- the end ---- */

/* A body that ends with the connection comes to its end without use for it. */
static int64_t h1_rest(struct eddy__exchange *e)
{
    const struct eddy__h1 *h1 = eddy__h1_of(e);

    if (!h1->keep_alive || !h1->out_ended)
        return INT64_MAX;
    if (h1->in == EDDY__H1_LENGTH)
        return (int64_t)(h1->in_whole - e->received);
    return h1->in == EDDY__H1_NONE ? 0 : -1;
}

static void h1_abort(struct eddy__exchange *e)
{
    struct eddy__h1 *h1 = eddy__h1_of(e);

    h1->keep_alive = false;
    eddy_stream_abort(h1->stream);
}

static int h1_await_gone(struct eddy__exchange *e)
{
    struct eddy__h1 *h1 = eddy__h1_of(e);
    const char *data;
    ssize_t known = 0, n;

    while ((n = eddy_peek(h1->stream, (size_t)known, &data)) > known)
        known = n;
    return n < 0 ? (int)n : 0;
}

/* ---- connections ---- */

static const struct eddy__exchange_kind h1_kind = {
    .receive = h1_receive,
    .read = h1_read,
    .send = eddy__h1_send,
    .write = eddy__h1_write,
    .flush = eddy__h1_flush,
    .end = eddy__h1_end,
    .rest = h1_rest,
    .abort = h1_abort,
    .await_gone = h1_await_gone,
    .alone = true,
};

void eddy__h1_init(struct eddy__h1 *h1, eddy_stream *stream, struct eddy__arena *arena,
                   const struct eddy__head_limits *limits, bool client)
{
    *h1 = (struct eddy__h1){
        .exchange = {.kind = &h1_kind, .arena = arena},
        .stream = stream,
        .client = client,
        .limits = *limits,
        .keep_alive = true,
        .peer_minor = 1,
    };
}

void eddy__h1_next(struct eddy__h1 *h1)
{
    struct eddy__head_limits limits = h1->limits;

    eddy__h1_init(h1, h1->stream, h1->exchange.arena, &limits, h1->client);
}

bool eddy__h1_reusable(const struct eddy__h1 *h1)
{
    return h1->keep_alive && h1->received && h1->in == EDDY__H1_NONE && h1->sent && h1->out_ended;
}

bool eddy__h1_has_more(struct eddy__h1 *h1)
{
    struct eddy__refusal refusal;
    const char *data;
    size_t seen = 0;
    ssize_t count = eddy_peek_nowait(h1->stream, &data);

    return count > 0 && eddy__head_find(data, (size_t)count, &seen, &h1->limits, &refusal) > 0;
}

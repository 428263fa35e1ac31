/* h2_exchange.c - a stream of HTTP/2 as an exchange: a task waits until the connection's tasks have
 * moved what it asks for. */
#include "http/h2/h2.h"

#include "http/message/token.h"

/* ---- failures ---- */

static COLD int was_closed(struct eddy__h2_stream *s)
{
    return eddy__raise(s->failure, "%s", s->why);
}

static COLD int h2_refuse(struct eddy__h2_stream *s)
{
    return eddy__raise(EDDY_EPROTO, "a message over HTTP/2 is refused: %s",
                       s->exchange.refusal.why);
}

/* ---- what comes ---- */

static int h2_receive(struct eddy__exchange *e, struct eddy__head *head)
{
    struct eddy__h2_stream *s = eddy__h2_stream_of(e);

    while (!s->heads && !s->closed)
        eddy__try(eddy_event_wait(&s->changed));
    if (!s->heads)
        return was_closed(s);
    *head = s->heads->head;
    s->heads = s->heads->next;
    return e->refusal.status ? h2_refuse(s) : 1;
}

/* A body that somebody reads may come faster than one that has to wait. */
static void widen(struct eddy__h2_stream *s)
{
    s->widened = true;
    if (!s->in_ended && !s->closed)
        nghttp2_session_set_local_window_size(s->h2->session, NGHTTP2_FLAG_NONE, s->id,
                                              4 * (int32_t)s->h2->opts.window);
}

static void consume(struct eddy__h2_stream *s, size_t n)
{
    s->in_start += n;
    if (s->in_start == s->in_end)
        s->in_start = s->in_end = 0;
    s->exchange.received += n;
    nghttp2_session_consume_stream(s->h2->session, s->id, n);
    if (!s->widened)
        widen(s);
    eddy_event_set(&s->h2->dirty);
}

static ssize_t h2_read(struct eddy__exchange *e, void *buf, size_t size)
{
    struct eddy__h2_stream *s = eddy__h2_stream_of(e);

    while (s->in_start == s->in_end) {
        if (e->refusal.status)
            return h2_refuse(s);
        if (s->in_ended)
            return 0;
        if (s->closed)
            return was_closed(s);
        eddy__try(eddy_event_wait(&s->changed));
    }
    size_t n = min_size(size, s->in_end - s->in_start);
    memcpy(buf, s->in + s->in_start, n);
    consume(s, n);
    return (ssize_t)n;
}

/* ---- heads that go ---- */

/* Fields of a connection, which HTTP/2 has not (RFC 9113 section 8.2.2). */
static bool is_of_connection(const char *name)
{
    static const char *const names[] = {
        "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade",
        "host",       "te"};

    for (size_t i = 0; i < count_of(names); i++)
        if (eddy__same_word(name, names[i]))
            return true;
    return false;
}

enum { HEAD_EXTRA = 32, FIELD_EXTRA = 12 }; /* bytes in the coding of a head, and of a field */

struct field_list {
    nghttp2_nv *list;
    size_t count, size;
};

static void add_field(struct field_list *fields, const char *name, const char *value)
{
    fields->list[fields->count++] =
        (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                     strlen(value), NGHTTP2_NV_FLAG_NONE};
    fields->size += strlen(name) + strlen(value) + FIELD_EXTRA;
}

static void add_pseudo_fields(struct field_list *fields, const struct eddy__head_out *head,
                              char status[12])
{
    if (!head->method) {
        snprintf(status, 12, "%d", head->status);
        add_field(fields, ":status", status);
        return;
    }
    add_field(fields, ":method", head->method);
    if (strcmp(head->method, "CONNECT") != 0) {
        add_field(fields, ":scheme", head->scheme);
        add_field(fields, ":path", head->target);
    }
    add_field(fields, ":authority", head->authority);
}

static int submit_head(struct eddy__h2_stream *s, const struct eddy__head_out *head,
                       const struct field_list *fields)
{
    nghttp2_session *session = s->h2->session;
    const nghttp2_data_provider body = {.read_callback = eddy__h2_give};
    const nghttp2_data_provider *source = head->no_body || head->length == 0 ? NULL : &body;

    if (!head->method && head->status < 200)
        return nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, s->id, NULL, fields->list,
                                      fields->count, NULL);
    s->sent = true;
    s->since = eddy_time();
    s->out_none = head->no_body;
    s->out_length = head->length;
    s->out_ended = !source;
    if (!head->method)
        return nghttp2_submit_response(session, s->id, fields->list, fields->count, source);
    s->id = nghttp2_submit_request(session, NULL, fields->list, fields->count, source, s);
    return s->id > 0 ? 0 : s->id;
}

static int h2_send(struct eddy__exchange *e, const struct eddy__head_out *head)
{
    struct eddy__h2_stream *s = eddy__h2_stream_of(e);
    struct field_list fields = {0};
    char status[12], length[24];
    size_t most = 6;

    if (s->sent)
        return eddy__raise(EDDY_EALREADY, "the head of this message was sent already");
    if (s->closed)
        return was_closed(s);
    for (const eddy_pair *f = head->fields; f && f->name; f++)
        most++;
    fields.list = eddy__try(eddy__arena_alloc(e->arena, most * sizeof *fields.list));
    add_pseudo_fields(&fields, head, status);
    for (const eddy_pair *f = head->fields; f && f->name; f++)
        if (!is_of_connection(f->name))
            add_field(&fields, f->name, f->value);
    if (head->length >= 0) {
        snprintf(length, sizeof length, "%lld", (long long)head->length);
        add_field(&fields, "content-length", length);
    }
    if (fields.size > EDDY__H2_HEAD_OUT - HEAD_EXTRA)
        return eddy__raise(EDDY_EINVAL, "a head of %zu bytes: over HTTP/2 64 KiB can be sent",
                           fields.size);
    int r = submit_head(s, head, &fields);
    eddy_event_set(&s->h2->dirty);
    return r == 0 ? 0 : eddy__raise(EDDY_EPROTO, "a head cannot be sent: %s", nghttp2_strerror(r));
}

/* ---- bodies that go ---- */

/* Tells nghttp2 that eddy__h2_give has something to say. */
static void resume_body(struct eddy__h2_stream *s)
{
    nghttp2_session_resume_data(s->h2->session, s->id);
    eddy_event_set(&s->h2->dirty);
}

/* Waits until nghttp2 has all of it. The memory is the caller's again then; a message that is cut
 * off by a failure is reset. */
static int wait_until_given(struct eddy__h2_stream *s)
{
    int status = 0;

    while ((s->out_left || s->out_ending) && !s->closed && status == 0)
        status = eddy_event_wait(&s->changed);
    if (!s->out_left && !s->out_ending)
        return status;
    s->out_left = 0;
    s->out_trailers = NULL;
    s->out_ended = s->out_ending = false;
    if (status == 0)
        return was_closed(s);
    eddy__h2_reset(s, NGHTTP2_CANCEL, EDDY_EPIPE, "an earlier part of this message was not sent");
    return status;
}

static COLD int h2_wrong_length(const struct eddy__h2_stream *s, uint64_t given)
{
    return eddy__raise(EDDY_EINVAL, "a body of %llu bytes, where its head says %lld",
                       (unsigned long long)given, (long long)s->out_length);
}

static int h2_write(struct eddy__exchange *e, const void *data, size_t size)
{
    struct eddy__h2_stream *s = eddy__h2_stream_of(e);

    if (!s->sent)
        return eddy__raise(EDDY_EINVAL, "bytes of a body before its head");
    if (size == 0 || s->out_none)
        return 0;
    if (s->closed)
        return was_closed(s);
    s->out_given += size;
    if (s->out_length >= 0 && s->out_given > (uint64_t)s->out_length)
        return h2_wrong_length(s, s->out_given);
    if (s->out_ended)
        return eddy__raise(EDDY_EINVAL, "bytes of a body after its end");
    s->out = data;
    s->out_left = size;
    /* The last bytes say that they are the last ones. */
    s->out_ended = s->out_length >= 0 && s->out_given == (uint64_t)s->out_length;
    s->out_ending = s->out_ended;
    resume_body(s);
    return wait_until_given(s);
}

static int h2_flush(struct eddy__exchange *e)
{
    struct eddy__h2_stream *s = eddy__h2_stream_of(e);

    return s->closed ? was_closed(s) : eddy_flush(s->h2->stream);
}

static int h2_end(struct eddy__exchange *e, const eddy_pair *trailers)
{
    struct eddy__h2_stream *s = eddy__h2_stream_of(e);

    if (!s->sent)
        return eddy__raise(EDDY_EINVAL, "the end of a message without a head");
    if (s->out_ended)
        return 0;
    if (s->out_length >= 0)
        return h2_wrong_length(s, s->out_given);
    if (s->closed)
        return was_closed(s);
    s->out_ended = s->out_ending = true;
    s->out_trailers = trailers && trailers->name ? trailers : NULL;
    resume_body(s);
    return wait_until_given(s);
}

/* ---- the end ---- */

static int64_t h2_rest(struct eddy__exchange *e)
{
    const struct eddy__h2_stream *s = eddy__h2_stream_of(e);

    if (!s->out_ended || s->out_ending || (s->closed && !s->in_ended))
        return INT64_MAX;
    if (s->in_ended)
        return (int64_t)(s->in_end - s->in_start);
    return s->in_length < 0 ? -1 : s->in_length - (int64_t)e->received;
}

static void h2_abort(struct eddy__exchange *e)
{
    struct eddy__h2_stream *s = eddy__h2_stream_of(e);

    eddy__h2_reset(s, s->h2->opts.accept ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_CANCEL, EDDY_ECLOSED,
                   "the exchange was given up");
}

static int h2_await_gone(struct eddy__exchange *e)
{
    struct eddy__h2_stream *s = eddy__h2_stream_of(e);

    while (!s->closed || s->whole)
        eddy__try(eddy_event_wait(&s->changed));
    return 0;
}

const struct eddy__exchange_kind eddy__h2_kind = {
    .receive = h2_receive,
    .read = h2_read,
    .send = h2_send,
    .write = h2_write,
    .flush = h2_flush,
    .end = h2_end,
    .rest = h2_rest,
    .abort = h2_abort,
    .await_gone = h2_await_gone,
};

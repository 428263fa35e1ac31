/* h2_frames.c - what nghttp2 calls: fields and bytes that come, bytes that go. It has checked by
 * then what RFC 9113 section 8 says of messages: pseudo fields, names, lengths. */
#include "http/h2/h2.h"

#include "http/message/token.h"
#include <eddy/memory.h>

enum { FIELDS = 100, FIELD_OVERHEAD = 32, INTERIM = 16 };

static struct eddy__h2_stream *known_stream(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

/* ---- fields ---- */

/* A request beyond the limit: those count whose task has not ended, whatever the peer has reset. */
static int turn_away(struct eddy__h2 *h2, int32_t id)
{
    if (!eddy__h2_affords(h2))
        return nghttp2_session_terminate_session(h2->session, NGHTTP2_ENHANCE_YOUR_CALM);
    return nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct eddy__h2 *h2 = arg;
    struct eddy__h2_stream *s = known_stream(session, frame->hd.stream_id);

    if (!s && h2->opts.accept && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        if (h2->count >= h2->opts.max_streams)
            return turn_away(h2, frame->hd.stream_id);
        s = eddy__h2_new_stream(h2);
        if (!s)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        s->id = frame->hd.stream_id;
        nghttp2_session_set_stream_user_data(session, s->id, s);
    }
    if (s) {
        s->fields = (struct eddy__fields){0};
        s->fields_size = 0;
    }
    return 0;
}

/* Fields beyond the limit are counted and not kept. */
static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_size, const uint8_t *value, size_t size, uint8_t flags, void *arg)
{
    struct eddy__h2 *h2 = arg;
    struct eddy__h2_stream *s = known_stream(session, frame->hd.stream_id);

    (void)flags;
    if (!s)
        return 0;
    s->fields_size += name_size + size + FIELD_OVERHEAD;
    if (s->fields_size > h2->opts.limits.size || s->fields.count >= FIELDS)
        return 0;
    char *text = eddy__arena_alloc(&s->arena, name_size + size + 2);
    if (!text)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    memcpy(text, name, name_size + 1); /* nghttp2 ends both by a zero byte */
    memcpy(text + name_size + 1, value, size + 1);
    return eddy__fields_add(&s->fields, &s->arena, text, text + name_size + 1) < 0
               ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE
               : 0;
}

/* Pseudo fields come first (nghttp2 has seen to it): those behind them are the message's. */
static void split_fields(struct eddy__h2_stream *s, struct eddy__head *head)
{
    eddy_pair *f = s->fields.list;
    unsigned pseudo = 0;

    *head = (struct eddy__head){.length = -1, .minor = 1, .keep_alive = true};
    for (; f && f->name && f->name[0] == ':'; f++, pseudo++) {
        if (strcmp(f->name, ":method") == 0)
            head->method = f->value;
        else if (strcmp(f->name, ":path") == 0)
            head->target = f->value;
        else if (strcmp(f->name, ":authority") == 0)
            head->host = f->value;
        else if (strcmp(f->name, ":status") == 0)
            head->status = (int)eddy__parse_number(f->value, strlen(f->value));
    }
    head->fields = s->fields;
    head->fields.list = f;
    head->fields.count -= pseudo;
    const char *length = eddy__fields_get(&head->fields, "content-length");
    if (length)
        head->length = eddy__parse_number(length, strlen(length));
    const char *expect = eddy__fields_get(&head->fields, "expect");
    head->expects_continue = expect && eddy__same_word(expect, "100-continue");
    if (!head->host)
        head->host = eddy__fields_get(&head->fields, "host");
    if (!head->target && head->method) /* CONNECT */
        head->target = head->host;
}

static int take_request(struct eddy__h2 *h2, struct eddy__h2_stream *s)
{
    if (s->fields_size > h2->opts.limits.size || s->fields.count >= FIELDS)
        s->exchange.refusal = (struct eddy__refusal){431, "the fields are too large"};
    if (h2->opts.accept(s, h2->opts.arg) < 0)
        eddy__h2_close_stream(s);
    return 0;
}

static int take_section(struct eddy__h2 *h2, struct eddy__h2_stream *s)
{
    if (s->head_came) { /* the second one is the trailers */
        s->exchange.trailers = s->fields;
        return 0;
    }
    split_fields(s, &s->head);
    if (h2->opts.accept) {
        s->head_came = true;
        return take_request(h2, s);
    }
    if (s->fields_size > h2->opts.limits.size || s->fields.count >= FIELDS)
        s->exchange.refusal = (struct eddy__refusal){431, "the fields are too large"};
    s->head_came = s->head.status >= 200;
    if (!s->head_came && ++s->interim > INTERIM) /* each stays in the arena */
        eddy__h2_reset(s, NGHTTP2_ENHANCE_YOUR_CALM);
    return 0;
}

/* ---- frames ---- */

/* Frames that make work for us and bring nothing (CVE-2019-9511 and its kin). */
static bool brings_nothing(const nghttp2_frame *frame)
{
    switch (frame->hd.type) {
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PRIORITY:
    case NGHTTP2_RST_STREAM:
        return true;
    case NGHTTP2_DATA:
        return frame->hd.length == 0 && !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    default:
        return false;
    }
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct eddy__h2 *h2 = arg;
    struct eddy__h2_stream *s = known_stream(session, frame->hd.stream_id);

    if (brings_nothing(frame) && !eddy__h2_affords(h2))
        return nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM);
    if (frame->hd.type == NGHTTP2_GOAWAY)
        h2->going_away = true;
    if (!s)
        return 0;
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM &&
        (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS))
        s->in_ended = true;
    eddy__h2_wake_stream(s);
    return frame->hd.type == NGHTTP2_HEADERS ? take_section(h2, s) : 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error_code, void *arg)
{
    struct eddy__h2_stream *s = known_stream(session, id);

    (void)arg;
    if (!s)
        return 0;
    s->closed = true;
    s->error_code = error_code;
    s->refused = error_code == NGHTTP2_REFUSED_STREAM;
    if (eddy__h2_nobody_has(s))
        eddy__h2_close_stream(s);
    else
        eddy__h2_wake_stream(s);
    return 0;
}

/* ---- bytes that come ---- */

/* Room for size more bytes in s->in: 0 or EDDY_ENOMEM. They are no more than the window. */
static int make_room_in(struct eddy__h2_stream *s, size_t size)
{
    size_t count = s->in_end - s->in_start;

    if (s->in_start && s->in_capacity - s->in_end < size) {
        memmove(s->in, s->in + s->in_start, count);
        s->in_start = 0;
        s->in_end = count;
    }
    if (s->in_capacity - s->in_end >= size)
        return 0;
    size_t capacity = max_size(2 * s->in_capacity, count + size);
    char *in = eddy_realloc(s->in, capacity);
    if (!in)
        return EDDY_ENOMEM;
    s->in = in;
    s->in_capacity = capacity;
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t size, void *arg)
{
    struct eddy__h2_stream *s = known_stream(session, id);

    (void)flags;
    (void)arg;
    if (!s) /* its task has gone; the window of the connection must not be lost */
        return nghttp2_session_consume_connection(session, size);
    if (make_room_in(s, size) < 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    memcpy(s->in + s->in_end, data, size);
    s->in_end += size;
    eddy__h2_wake_stream(s);
    return 0;
}

/* ---- bytes that go ---- */

static bool give_trailers(nghttp2_session *session, const struct eddy__h2_stream *s,
                          uint32_t *flags)
{
    nghttp2_nv list[FIELDS];
    size_t n = 0;

    for (const eddy_pair *f = s->out_trailers; f->name && n < FIELDS; f++)
        list[n++] = (nghttp2_nv){(uint8_t *)(uintptr_t)f->name, (uint8_t *)(uintptr_t)f->value,
                                 strlen(f->name), strlen(f->value), NGHTTP2_NV_FLAG_NONE};
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    return nghttp2_submit_trailer(session, s->id, list, n) == 0;
}

/* The body has ended with what was given last. */
static bool give_end(nghttp2_session *session, struct eddy__h2_stream *s, uint32_t *flags)
{
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (s->out_trailers && !give_trailers(session, s, flags))
        return false;
    s->out_ending = false;
    return true;
}

/* The source of DATA frames: what a task that writes has put into s->out. */
ssize_t eddy__h2_give(nghttp2_session *session, int32_t id, uint8_t *buf, size_t size,
                      uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct eddy__h2_stream *s = known_stream(session, id);

    (void)source;
    (void)arg;
    if (!s)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    size_t n = min_size(size, s->out_left);
    if (n == 0 && !s->out_ended)
        return NGHTTP2_ERR_DEFERRED;
    if (n)
        memcpy(buf, s->out, n);
    s->out += n;
    s->out_left -= n;
    if (s->out_left)
        return (ssize_t)n;
    if (s->out_ended && !give_end(session, s, flags))
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    eddy__h2_wake_stream(s);
    return (ssize_t)n;
}

nghttp2_session_callbacks *eddy__h2_callbacks(void)
{
    nghttp2_session_callbacks *callbacks;

    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return NULL;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    return callbacks;
}

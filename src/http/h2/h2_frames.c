/* h2_frames.c - what nghttp2 calls: frames and bytes that come, bytes that go. It has checked by
 * then what RFC 9113 section 8 says of messages: pseudo fields, names, lengths. */
#include "http/h2/h2.h"

#include <eddy/memory.h>

/* After a refusal: the places of streams that this client has given up may be taken still. */
#define FULL_SECONDS 1.0

static struct eddy__h2_stream *known_stream(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

/* ---- fields ---- */

/* Those count whose task has not ended, whatever the peer has reset. Whoever has its answer may ask
 * again before our task has noticed; but not without end, should that do something else. */
static bool is_beyond_limit(const struct eddy__h2 *h2)
{
    unsigned most = h2->opts.max_streams;

    return h2->count - h2->whole >= most || h2->count / 2 >= most;
}

/* A request beyond the limit. */
static int turn_away(struct eddy__h2 *h2, int32_t id)
{
    return nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct eddy__h2 *h2 = arg;
    struct eddy__h2_stream *s = known_stream(session, frame->hd.stream_id);

    if (!s && h2->opts.accept && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        if (is_beyond_limit(h2))
            return turn_away(h2, frame->hd.stream_id);
        s = eddy__h2_new_stream(h2, NULL);
        if (!s)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        s->id = frame->hd.stream_id;
        nghttp2_session_set_stream_user_data(session, s->id, s);
    }
    if (s) {
        s->fields = (struct eddy__fields){0};
        s->fields_size = s->crumbs = 0;
    }
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_size, const uint8_t *value, size_t size, uint8_t flags, void *arg)
{
    struct eddy__h2_stream *s = known_stream(session, frame->hd.stream_id);

    (void)flags;
    (void)arg;
    return s && eddy__h2_take_field(s, name, name_size, value, size) < 0
               ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE
               : 0;
}

/* ---- frames that come ---- */

/* Frames that make work for us and bring nothing (CVE-2019-9511 and its kin, CVE-2023-44487). */
static bool brings_nothing(const struct eddy__h2 *h2, const nghttp2_frame *frame)
{
    switch (frame->hd.type) {
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
        return !(frame->hd.flags & NGHTTP2_FLAG_ACK);
    case NGHTTP2_PRIORITY:
        return true;
    case NGHTTP2_RST_STREAM: /* from a server it is an answer */
        return h2->opts.accept != NULL;
    case NGHTTP2_DATA:
        return frame->hd.length == 0 && !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    default:
        return false;
    }
}

static void take_frame_of_connection(struct eddy__h2 *h2, const nghttp2_frame *frame)
{
    if (frame->hd.type == NGHTTP2_SETTINGS && !h2->greeted) {
        h2->greeted = true;
        if (h2->opts.greet)
            h2->opts.greet(h2->opts.arg);
    }
    if (frame->hd.type == NGHTTP2_GOAWAY)
        eddy__h2_take_no_more(h2);
    if (frame->hd.type == NGHTTP2_PING && frame->hd.flags & NGHTTP2_FLAG_ACK && h2->leaving)
        eddy__h2_go_away(h2);
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct eddy__h2 *h2 = arg;
    struct eddy__h2_stream *s = known_stream(session, frame->hd.stream_id);

    if (brings_nothing(h2, frame) && !eddy__h2_affords(h2))
        return 0;
    take_frame_of_connection(h2, frame);
    if (!s)
        return 0;
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM &&
        (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS))
        s->in_ended = true;
    s->by_peer |= frame->hd.type == NGHTTP2_RST_STREAM;
    eddy__h2_wake_stream(s);
    if (frame->hd.type == NGHTTP2_HEADERS)
        eddy__h2_take_section(s);
    return 0;
}

/* Why a stream has come to its end too early, in words for its calls. */
static void explain_close(struct eddy__h2_stream *s, uint32_t error_code)
{
    const char *peer = eddy_stream_peer(s->h2->stream), *code = nghttp2_http2_strerror(error_code);

    if (error_code == NGHTTP2_REFUSED_STREAM) {
        s->exchange.unprocessed = true;
        if (s->h2->resets > 0)
            s->h2->full_until = eddy_time() + FULL_SECONDS;
    }
    s->exchange.heard |= s->by_peer; /* of this request, which may have been begun with */
    if (s->exchange.unprocessed)
        eddy__h2_fail(s, EDDY_ECONNABORTED, "%.60s has not begun with this request", peer);
    else if (s->by_peer || error_code == NGHTTP2_NO_ERROR)
        eddy__h2_fail(s, EDDY_ECONNRESET, "%.60s has reset the stream: %s", peer, code);
    else
        eddy__h2_fail(s, EDDY_EPROTO, "%.60s has sent what is no message of HTTP/2: %s", peer,
                      code);
    if (s->failure == EDDY_EPROTO && s->h2->opts.accept && !s->exchange.refusal.status)
        s->exchange.refusal = (struct eddy__refusal){400, "the body is not what its head says"};
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error_code, void *arg)
{
    struct eddy__h2_stream *s = known_stream(session, id);

    (void)arg;
    if (!s)
        return 0;
    if (s->in_ended && s->out_ended && error_code == NGHTTP2_NO_ERROR && !s->by_peer)
        eddy__h2_end(s);
    else
        explain_close(s, error_code);
    if (eddy__h2_nobody_has(s))
        eddy__h2_close_stream(s);
    return 0;
}

/* ---- frames that were sent, or not ---- */

/* Resets that a client has a server make cost it nothing (CVE-2025-8671), and many of its own look
 * like an attack. */
static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct eddy__h2 *h2 = arg;

    (void)session;
    if (frame->hd.type != NGHTTP2_RST_STREAM || frame->rst_stream.error_code == NGHTTP2_NO_ERROR)
        return 0;
    if (h2->opts.accept)
        eddy__h2_affords(h2);
    else
        eddy__h2_count_reset(h2);
    return 0;
}

/* A head that cannot go out: the peer takes no more streams, or it is too large. */
static int on_frame_not_send(nghttp2_session *session, const nghttp2_frame *frame, int error,
                             void *arg)
{
    struct eddy__h2_stream *s = known_stream(session, frame->hd.stream_id);

    (void)arg;
    if (!s || frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    s->exchange.unprocessed = error == NGHTTP2_ERR_START_STREAM_NOT_ALLOWED;
    if (!s->exchange.unprocessed)
        eddy__h2_reset(s, NGHTTP2_INTERNAL_ERROR, EDDY_EINVAL, nghttp2_strerror(error));
    return 0;
}

/* ---- bytes that come ---- */

/* Room for size more bytes in s->in: 0 or EDDY_ENOMEM. They are no more than the window. Bytes are
 * moved when they are no more than those that have gone, so each is copied once or twice. */
static int make_room_in(struct eddy__h2_stream *s, size_t size)
{
    size_t count = s->in_end - s->in_start;

    if (s->in_start && s->in_start >= count && s->in_capacity - s->in_end < size) {
        memmove(s->in, s->in + s->in_start, count);
        s->in_start = 0;
        s->in_end = count;
    }
    if (s->in_capacity - s->in_end >= size)
        return 0;
    size_t capacity = max_size(2 * s->in_capacity, s->in_end + size);
    char *in = eddy_realloc(s->in, capacity);
    if (!in)
        return EDDY_ENOMEM;
    s->in = in;
    s->in_capacity = capacity;
    return 0;
}

/* The window of the connection is open at once: a body that nobody reads holds up itself alone. */
static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t size, void *arg)
{
    struct eddy__h2_stream *s = known_stream(session, id);

    (void)flags;
    (void)arg;
    if (nghttp2_session_consume_connection(session, size) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (!s) /* its task has gone */
        return 0;
    if (make_room_in(s, size) < 0) {
        eddy__h2_reset(s, NGHTTP2_INTERNAL_ERROR, EDDY_ENOMEM, "no memory for a body");
        return 0;
    }
    memcpy(s->in + s->in_end, data, size);
    s->in_end += size;
    eddy__h2_wake_stream(s);
    return 0;
}

/* ---- bytes that go ---- */

static bool give_trailers(nghttp2_session *session, const struct eddy__h2_stream *s,
                          uint32_t *flags)
{
    nghttp2_nv list[EDDY__H2_FIELDS];
    size_t n = 0;

    for (const eddy_pair *f = s->out_trailers; f->name && n < EDDY__H2_FIELDS; f++)
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
    if (!s || s->closed)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    size_t n = min_size(size, s->out_left);
    if (n == 0 && !s->out_ended)
        return NGHTTP2_ERR_DEFERRED;
    if (n) {
        memcpy(buf, s->out, n);
        s->out += n;
        s->out_left -= n;
    }
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
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_send);
    return callbacks;
}

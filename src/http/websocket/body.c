/* body.c - messages as streams, received and sent. */
#include "http/websocket/state.h"

#include <eddy/memory.h>
#include <eddy/transport.h>

/* ---- received ---- */

static ssize_t incoming_read(eddy_transport *transport, void *buf, size_t size)
{
    eddy_websocket *ws = transport->state;

    if (ws->dropping)
        return EDDY_EPIPE;
    if (!ws->in.active)
        return 0;
    int status = eddy__websocket_enter(ws);
    if (status < 0)
        return status;
    ssize_t n = eddy__websocket_check(ws);
    if (n >= 0)
        n = eddy__websocket_read(ws, buf, size);
    eddy__websocket_leave(ws);
    return n;
}

static ssize_t incoming_write(eddy_transport *transport, const void *buf, size_t size)
{
    (void)transport, (void)buf, (void)size;
    return EDDY_EBADF;
}

static void incoming_close(eddy_transport *transport, bool abort)
{
    eddy_websocket *ws = transport->state;

    (void)abort;
    ws->body = NULL;
    ws->in.abandoned = ws->in.active;
}

static void incoming_release(eddy_transport *transport)
{
    eddy__websocket_drop(transport->state);
}

static const eddy_transport_kind incoming_kind = {
    .read = incoming_read,
    .write = incoming_write,
    .close = incoming_close,
    .release = incoming_release,
    .suspends = true,
};

static eddy_stream *incoming_open(eddy_websocket *ws)
{
    ws->body = eddy_stream_open(&incoming_kind, ws, .peer = "a message of a WebSocket");
    if (ws->body)
        eddy__websocket_hold(ws);
    return ws->body;
}

int eddy_websocket_receive_stream(eddy_websocket *ws, eddy_websocket_kind *kind, eddy_stream **body)
{
    if (!ws || !body)
        return eddy__raise(EDDY_EINVAL, "eddy_websocket_receive_stream needs a WebSocket and a "
                                        "place for the stream");
    eddy__try(eddy__websocket_may_receive(ws));
    if (ws->dropping)
        return eddy__websocket_await_close(ws);
    if (ws->in.active && !ws->in.abandoned)
        return eddy__raise(EDDY_EBUSY, "a message of the WebSocket was begun to be received whole");
    eddy__try(eddy__websocket_enter(ws));
    int status = eddy__websocket_drop_rest(ws);
    if (status >= 0) {
        ws->in.streaming = true;
        status = eddy__websocket_begin(ws);
        ws->in.streaming = status > 0;
    }
    if (status > 0) {
        *body = incoming_open(ws);
        status = *body ? 1 : eddy_last_status();
        if (kind)
            *kind = (eddy_websocket_kind)ws->in.opcode;
    }
    eddy__websocket_leave(ws);
    return status;
}

/* ---- sent ---- */

/* A message that is being sent. */
struct outgoing {
    eddy_websocket *ws;
    eddy_stream *stream;
    eddy_websocket_kind kind;
    struct eddy__utf8 utf8;
    bool begun, ended;
};

static int outgoing_send(struct outgoing *out, int flags, const void *data, size_t size)
{
    int status = eddy__websocket_send_frame(
        out->ws, flags | (out->begun ? EDDY__OP_CONTINUE : (int)out->kind), data, size);

    if (status >= 0)
        out->begun = true;
    return status;
}

static ssize_t outgoing_write(eddy_transport *transport, const void *buf, size_t size)
{
    struct outgoing *out = transport->state;
    size_t n = min_size(size, EDDY__WEBSOCKET_PIECE);
    struct eddy__utf8 utf8 = out->utf8;

    if (out->kind == EDDY_WEBSOCKET_TEXT && !eddy__utf8_take(&utf8, buf, n))
        return EDDY_EINVAL;
    int status = outgoing_send(out, 0, buf, n);
    if (status < 0)
        return status;
    out->utf8 = utf8;
    return (ssize_t)n;
}

static int outgoing_end(eddy_transport *transport)
{
    struct outgoing *out = transport->state;

    if (!eddy__utf8_is_whole(&out->utf8))
        return EDDY_EINVAL;
    int status = outgoing_send(out, EDDY__FRAME_FIN, NULL, 0);
    out->ended = status >= 0;
    return status;
}

static void outgoing_close(eddy_transport *transport, bool abort)
{
    struct outgoing *out = transport->state;

    (void)abort;
    if (out->begun && !out->ended)
        out->ws->cut = true;
    if (out->ws->out == out->stream) { /* the owner of ws has not taken the turn away */
        out->ws->out = NULL;
        eddy_semaphore_release(&out->ws->turn);
    }
}

static void outgoing_release(eddy_transport *transport)
{
    struct outgoing *out = transport->state;

    eddy__websocket_drop(out->ws);
    eddy_free(out);
}

static ssize_t outgoing_read(eddy_transport *transport, void *buf, size_t size)
{
    (void)transport, (void)buf, (void)size;
    return EDDY_EBADF;
}

static const eddy_transport_kind outgoing_kind = {
    .read = outgoing_read,
    .write = outgoing_write,
    .end = outgoing_end,
    .close = outgoing_close,
    .release = outgoing_release,
    .suspends = true,
};

/* With the turn, which goes to the stream. */
static eddy_stream *outgoing_open(eddy_websocket *ws, eddy_websocket_kind kind)
{
    struct outgoing *out = eddy_alloc_zero(sizeof *out);

    if (!out) {
        eddy__raise(EDDY_ENOMEM, "no memory to send a message as a stream");
        return NULL;
    }
    out->ws = ws;
    out->kind = kind;
    out->stream = eddy_stream_open(&outgoing_kind, out, .peer = "a message of a WebSocket");
    if (!out->stream)
        eddy_free(out);
    return ws->out = out->stream;
}

eddy_stream *eddy_websocket_send_stream(eddy_websocket *ws, eddy_websocket_kind kind)
{
    if (!ws || (kind != EDDY_WEBSOCKET_TEXT && kind != EDDY_WEBSOCKET_BINARY)) {
        eddy__raise(EDDY_EINVAL, "eddy_websocket_send_stream needs a WebSocket and a kind");
        return NULL;
    }
    if (eddy__websocket_take_turn(ws) < 0)
        return NULL;
    eddy_stream *stream = outgoing_open(ws, kind);
    if (!stream)
        eddy__websocket_end_turn(ws);
    return stream;
}

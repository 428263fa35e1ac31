/* receive.c - what comes: frames, made into messages; control frames in between. */
#include "http/websocket/state.h"

#include <eddy/memory.h>

enum { KEPT = 4096, UNPACKED = 4096, DROPPED = 1024 };

/* ---- frames ---- */

static ssize_t peek(eddy_websocket *ws, size_t known, const char **data)
{
    ssize_t n = eddy__websocket_met(ws, eddy_peek(ws->stream, known, data));

    if (n >= 0 && (size_t)n <= known) {
        eddy__websocket_lose(ws, EDDY_EOF, "the connection ended without a close");
        return eddy__websocket_check(ws);
    }
    ws->heard = true;
    return n;
}

/* Waits for a header and, of a control frame, for all of it. The length of the header, which *data
 * begins with. */
static int await_frame(eddy_websocket *ws, struct eddy__frame *frame, const char **data)
{
    const char *why = NULL;
    ssize_t known = 0;
    int header;

    for (;;) {
        known = peek(ws, (size_t)known, data);
        if (known < 0)
            return (int)known;
        header = eddy__frame_parse(frame, *data, (size_t)known, &why);
        if (header < 0)
            return eddy__websocket_fail(ws, 1002, why);
        if (header == 0)
            continue;
        size_t rest = eddy__frame_is_control(frame) ? frame->size : 0;
        if ((size_t)known >= (size_t)header + rest)
            break;
    }
    if (frame->masked == ws->client)
        return eddy__websocket_fail(
            ws, 1002, ws->client ? "a frame of the server is masked" : "a frame is not masked");
    return header;
}

static int take_close(eddy_websocket *ws, const char *data, size_t size)
{
    struct eddy__utf8 utf8 = {0};
    int code = size ? (unsigned char)data[0] << 8 | (unsigned char)data[size > 1] : 1005;

    if (size && (size < 2 || !eddy__close_code_is_valid(code)))
        return eddy__websocket_fail(ws, 1002, "the code of a close is none");
    size_t length = size ? size - 2 : 0;
    if (!eddy__utf8_take(&utf8, data + 2, length) || !eddy__utf8_is_whole(&utf8))
        return eddy__websocket_fail(ws, 1007, "the reason of a close is not UTF-8");
    ws->code = code;
    memcpy(ws->reason, data + 2, length);
    ws->close_received = true;
    return 0;
}

static int take_control(eddy_websocket *ws, const struct eddy__frame *frame, const char *masked)
{
    char data[EDDY__CONTROL_MAX + 1]; /* a close may look at the byte behind */
    size_t size = frame->size;

    if (frame->masked)
        eddy__frame_mask(data, masked, size, frame->key, 0);
    else
        memcpy(data, masked, size);
    if (frame->opcode == EDDY__OP_CLOSE)
        return take_close(ws, data, size);
    return frame->opcode == EDDY__OP_PING ? eddy__websocket_pong(ws, data, size) : 0;
}

/* Why that frame of a message cannot come now; NULL: it can. */
static const char *out_of_order(const eddy_websocket *ws, const struct eddy__frame *frame)
{
    bool goes_on = frame->opcode == EDDY__OP_CONTINUE;

    if (goes_on != ws->in.active)
        return goes_on ? "a fragment goes on with nothing" : "a message begins within another";
    if ((frame->flags & EDDY__FRAME_PACKED) && (goes_on || !ws->deflate.on))
        return "RSV1 is set, which means nothing there";
    return NULL;
}

static int take_header(eddy_websocket *ws, const struct eddy__frame *frame)
{
    struct eddy__incoming *in = &ws->in;
    const char *why = out_of_order(ws, frame);

    if (why)
        return eddy__websocket_fail(ws, 1002, why);
    if (!in->active) {
        in->size = 0;
        in->opcode = frame->opcode;
        in->packed = frame->flags & EDDY__FRAME_PACKED;
        in->utf8 = (struct eddy__utf8){0};
    }
    bool counts = !in->packed && !in->streaming && !ws->dropping;
    if (counts && frame->size > ws->limit - in->size)
        return eddy__websocket_fail(ws, 1009, "a message is longer than the limit");
    in->active = true;
    in->frame = *frame;
    in->done = 0;
    return 1;
}

/* Waits for the next frame of a message and takes its header: 1; 0: the peer has closed. */
static int next_frame(eddy_websocket *ws)
{
    struct eddy__frame frame;
    const char *data;

    for (;;) {
        int header = await_frame(ws, &frame, &data);
        if (header < 0)
            return header;
        bool control = eddy__frame_is_control(&frame);
        int status = control ? take_control(ws, &frame, data + header) : take_header(ws, &frame);
        if (status < 0)
            return status;
        eddy__try(eddy_skip(ws->stream, (size_t)header + (control ? frame.size : 0)));
        if (!control || ws->close_received)
            return !control;
    }
}

/* ---- the bytes of a message ---- */

static ssize_t read_plain(eddy_websocket *ws, char *buf, size_t size)
{
    struct eddy__incoming *in = &ws->in;

    while (in->done == in->frame.size) {
        if (in->frame.flags & EDDY__FRAME_FIN)
            return 0;
        int status = next_frame(ws);
        if (status < 0)
            return status;
        if (status == 0)
            return eddy__raise(EDDY_EOF, "the peer has closed in the middle of a message");
    }
    size_t left = min_size(size, in->frame.size - in->done);
    ssize_t n = eddy__websocket_met(ws, eddy_read(ws->stream, buf, left));
    if (n < 0)
        return n;
    if (n == 0) {
        eddy__websocket_lose(ws, EDDY_EOF, "the connection ended in the middle of a message");
        return eddy__websocket_check(ws);
    }
    if (in->frame.masked)
        eddy__frame_mask(buf, buf, (size_t)n, in->frame.key, in->done);
    in->done += (uint64_t)n;
    ws->heard = true;
    return n;
}

static int feed(eddy_websocket *ws)
{
    size_t room;
    char *to = eddy__unpacker_room(ws->unpacker, &room);
    ssize_t n = read_plain(ws, to, room);

    if (n < 0)
        return (int)n;
    if (n == 0)
        eddy__unpacker_end(ws->unpacker);
    else
        eddy__unpacker_give(ws->unpacker, (size_t)n);
    return 0;
}

static ssize_t read_packed(eddy_websocket *ws, void *buf, size_t size)
{
    if (!ws->unpacker)
        ws->unpacker = eddy__try(eddy__unpacker_open());
    for (;;) {
        if (eddy__unpacker_is_hungry(ws->unpacker))
            eddy__try(feed(ws));
        ssize_t n = eddy__unpacker_take(ws->unpacker, buf, size);
        if (n == -1)
            return eddy__websocket_fail(ws, 1007, "a message cannot be unpacked");
        if (n != 0)
            return n;
        if (eddy__unpacker_has_ended(ws->unpacker))
            return 0;
    }
}

static void end_message(eddy_websocket *ws)
{
    ws->in.active = ws->in.streaming = ws->in.abandoned = false;
    if (!ws->in.packed)
        return;
    if (ws->deflate.in_forgets) {
        eddy__unpacker_close(ws->unpacker);
        ws->unpacker = NULL;
    } else
        eddy__unpacker_begin(ws->unpacker);
}

ssize_t eddy__websocket_read(eddy_websocket *ws, void *buf, size_t size)
{
    struct eddy__incoming *in = &ws->in;
    ssize_t n = in->packed ? read_packed(ws, buf, size) : read_plain(ws, buf, size);

    if (n < 0)
        return n;
    if (in->opcode == EDDY__OP_TEXT &&
        !(n ? eddy__utf8_take(&in->utf8, buf, (size_t)n) : eddy__utf8_is_whole(&in->utf8)))
        return eddy__websocket_fail(ws, 1007, "a text is not UTF-8");
    if (n == 0)
        end_message(ws);
    return n;
}

/* ---- whole messages ---- */

int eddy__websocket_drop_rest(eddy_websocket *ws)
{
    char dropped[DROPPED];
    ssize_t n = 1;

    while (ws->in.abandoned && !ws->close_received && n >= 0)
        n = eddy__websocket_read(ws, dropped, sizeof dropped);
    return n < 0 && !ws->close_received ? (int)n : 0;
}

int eddy__websocket_begin(eddy_websocket *ws)
{
    int status = ws->close_received ? 0 : next_frame(ws);

    return status != 0 ? status : eddy__websocket_send_close(ws, ws->code, "");
}

/* Room for a byte at least, and the zero behind it: as much as has been announced, but no more than
 * doubles what has come. */
static int message_room(eddy_websocket *ws)
{
    struct eddy__incoming *in = &ws->in;
    size_t coming = in->packed ? UNPACKED : (size_t)(in->frame.size - in->done);

    if (in->size + 1 < in->capacity)
        return 0;
    size_t more =
        max_size(min_size(coming, max_size(in->size, EDDY__WEBSOCKET_PIECE)), in->size / 2);
    size_t capacity = min_size(in->size + more, ws->limit) + 2; /* one more than the limit shows */
    char *data = eddy_realloc(in->data, capacity);
    if (!data)
        return eddy__raise(EDDY_ENOMEM, "no memory for a message of %zu bytes", capacity);
    in->data = data;
    in->capacity = capacity;
    return 0;
}

static ssize_t message_read(eddy_websocket *ws)
{
    struct eddy__incoming *in = &ws->in;

    eddy__try(message_room(ws));
    ssize_t n = eddy__websocket_read(ws, in->data + in->size, in->capacity - 1 - in->size);
    if (n > 0)
        in->size += (size_t)n;
    if (n > 0 && in->size > ws->limit)
        return eddy__websocket_fail(ws, 1009, "a message is longer than the limit");
    return n;
}

/* Memory of a long message is not kept while another one is waited for. */
static void trim_message(struct eddy__incoming *in)
{
    if (in->capacity <= KEPT)
        return;
    eddy_free(in->data);
    in->data = NULL;
    in->capacity = 0;
}

static int receive_whole(eddy_websocket *ws)
{
    ssize_t n;

    eddy__try(eddy__websocket_drop_rest(ws));
    if (!ws->in.active || ws->close_received) {
        trim_message(&ws->in);
        int status = eddy__websocket_begin(ws);

        if (status <= 0)
            return status;
    }
    do
        n = message_read(ws);
    while (n > 0);
    if (n < 0)
        return ws->close_received && n == EDDY_EOF ? eddy__websocket_begin(ws) : (int)n;
    ws->in.data[ws->in.size] = '\0';
    return 1;
}

int eddy__websocket_enter(eddy_websocket *ws)
{
    if (ws->receiving)
        return eddy__raise(EDDY_EBUSY, "another task receives from the WebSocket");
    ws->receiving = true;
    eddy__websocket_hold(ws);
    return 0;
}

void eddy__websocket_leave(eddy_websocket *ws)
{
    ws->receiving = false;
    eddy_event_set(&ws->left);
    eddy_event_clear(&ws->left);
    eddy__websocket_drop(ws);
}

int eddy__websocket_drain(eddy_websocket *ws)
{
    struct eddy__incoming *in = &ws->in;

    while (!ws->close_received) {
        size_t left = in->active ? (size_t)(in->frame.size - in->done) : 0;

        if (left) {
            const char *data;
            ssize_t n = peek(ws, 0, &data);

            if (n < 0)
                return (int)n;
            left = min_size((size_t)n, left);
            eddy__try(eddy_skip(ws->stream, left));
            in->done += left;
            continue;
        }
        if (in->frame.flags & EDDY__FRAME_FIN)
            in->active = false;
        int status = next_frame(ws);
        if (status < 0)
            return status;
    }
    return eddy__websocket_send_close(ws, ws->code, "");
}

int eddy__websocket_may_receive(const eddy_websocket *ws)
{
    eddy__try(eddy__websocket_check(ws));
    if (ws->body)
        return eddy__raise(EDDY_EBUSY, "a message of the WebSocket is being received as a stream");
    return 0;
}

int eddy_websocket_receive(eddy_websocket *ws, eddy_websocket_message *message)
{
    if (!ws || !message)
        return eddy__raise(EDDY_EINVAL, "eddy_websocket_receive needs a WebSocket and a message");
    eddy__try(eddy__websocket_may_receive(ws));
    if (ws->dropping)
        return eddy__websocket_await_close(ws);
    eddy__try(eddy__websocket_enter(ws));
    int status = receive_whole(ws);
    if (status > 0)
        *message =
            (eddy_websocket_message){ws->in.data, ws->in.size, (eddy_websocket_kind)ws->in.opcode};
    eddy__websocket_leave(ws);
    return status;
}

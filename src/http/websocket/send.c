/* send.c - what is sent: messages as frames, several of them where a message is packed, or is long
 * and has to be copied to be masked. */
/* pkg-config: libcrypto */
#include "http/websocket/state.h"

#include <eddy/memory.h>
#include <openssl/rand.h>

enum { PACKED_FROM = 64 }; /* bytes: shorter messages gain nothing */

/* ---- frames ---- */

/* A mask that nobody can foresee, another one for each frame. */
static int next_key(eddy_websocket *ws, unsigned char key[4])
{
    if (!ws->keys_left && RAND_bytes(ws->keys, sizeof ws->keys) != 1)
        return eddy__raise(EDDY_EIO, "the system gives no random bytes to mask a frame");
    if (!ws->keys_left)
        ws->keys_left = sizeof ws->keys;
    ws->keys_left -= 4;
    memcpy(key, ws->keys + ws->keys_left, 4);
    return 0;
}

/* A frame with all of its bytes, as a client sends it, written to `to`. */
static ssize_t write_masked(eddy_websocket *ws, struct eddy__frame *frame, const void *data,
                            char *to)
{
    frame->masked = true;
    eddy__try(next_key(ws, frame->key));
    size_t header = eddy__frame_format(to, frame);
    eddy__frame_mask(to + header, data, frame->size, frame->key, 0);
    return (ssize_t)(header + frame->size);
}

ssize_t eddy__websocket_control(eddy_websocket *ws, enum eddy__opcode opcode, const void *data,
                                size_t size, char to[EDDY__CONTROL_FRAME])
{
    struct eddy__frame frame = {
        .flags = EDDY__FRAME_FIN, .opcode = (unsigned char)opcode, .size = size};

    if (ws->client)
        return write_masked(ws, &frame, data, to);
    size_t header = eddy__frame_format(to, &frame);
    if (size)
        memcpy(to + header, data, size);
    return (ssize_t)(header + size);
}

static ssize_t send_masked(eddy_websocket *ws, struct eddy__frame *frame, const void *data)
{
    size_t size = EDDY__FRAME_HEADER + frame->size;

    if (ws->masked_size < size) {
        char *masked = eddy_realloc(ws->masked, size);

        if (!masked)
            return eddy__raise(EDDY_ENOMEM, "no memory to mask a frame");
        ws->masked = masked;
        ws->masked_size = size;
    }
    ssize_t n = eddy__try(write_masked(ws, frame, data, ws->masked));
    return eddy_write(ws->stream, ws->masked, (size_t)n);
}

/* Raises why nothing can be sent. */
static int check_sending(const eddy_websocket *ws)
{
    if (unlikely(ws->closed))
        return eddy__websocket_check(ws);
    if (unlikely(ws->failed))
        return eddy__raise(EDDY_EPIPE, "nothing can be sent: %s", ws->why);
    if (unlikely(ws->close_sent || ws->close_received))
        return eddy__raise(EDDY_EPIPE, "nothing can be sent: the WebSocket was ended");
    if (unlikely(ws->cut))
        return eddy__raise(EDDY_EPIPE, "nothing can be sent: a message was cut off");
    return 0;
}

int eddy__websocket_send_frame(eddy_websocket *ws, int head, const void *data, size_t size)
{
    struct eddy__frame frame = {
        .flags = (unsigned char)(head & 0xf0), .opcode = (unsigned char)(head & 0xf), .size = size};
    ssize_t n;

    eddy__try(check_sending(ws));
    if (ws->client)
        n = send_masked(ws, &frame, data);
    else {
        char header[EDDY__FRAME_HEADER];
        struct iovec parts[] = {{header, eddy__frame_format(header, &frame)},
                                {(void *)(uintptr_t)data, size}};

        n = eddy_writev(ws->stream, parts, size ? 2 : 1);
    }
    if (unlikely(n < 0) && n == EDDY_EPIPE && !ws->failed)
        return (int)n; /* what the peer said before it went can still be received */
    n = eddy__websocket_met(ws, n);
    return n < 0 ? (int)n : 0;
}

/* ---- messages ---- */

int eddy__websocket_take_turn(eddy_websocket *ws)
{
    int status = check_sending(ws);

    if (status < 0)
        return status;
    eddy__websocket_hold(ws);
    status = eddy_semaphore_acquire(&ws->turn);
    if (status >= 0) {
        status = check_sending(ws);
        if (status < 0)
            eddy_semaphore_release(&ws->turn);
    }
    if (status < 0)
        eddy__websocket_drop(ws);
    return status;
}

void eddy__websocket_end_turn(eddy_websocket *ws)
{
    eddy_semaphore_release(&ws->turn);
    eddy__websocket_drop(ws);
}

static int send_plain(eddy_websocket *ws, int head, const char *data, size_t size)
{
    size_t piece = ws->client ? EDDY__WEBSOCKET_PIECE : SIZE_MAX;

    for (size_t sent = 0;;) {
        size_t n = min_size(size - sent, piece);
        bool last = n == size - sent;
        int status =
            eddy__websocket_send_frame(ws, head | (last ? EDDY__FRAME_FIN : 0), data + sent, n);

        if (status < 0 && sent)
            ws->cut = true;
        if (status < 0 || last)
            return status;
        sent += n;
        head = EDDY__OP_CONTINUE;
    }
}

/* By a buffer of 64 KiB. The last four bytes are held back until it is known that others follow:
 * those at the end of the message are not sent. */
static int send_pieces(eddy_websocket *ws, int head, const char *data, size_t size, char *buf)
{
    size_t used = 0, kept = 0;

    for (;;) {
        size_t n = kept + eddy__packer_take(ws->packer, data, size, &used, buf + kept,
                                            EDDY__WEBSOCKET_PIECE - kept);
        bool last = used == size && n < EDDY__WEBSOCKET_PIECE;
        int status =
            eddy__websocket_send_frame(ws, head | (last ? EDDY__FRAME_FIN : 0), buf, n - 4);

        if (status < 0 && kept)
            ws->cut = true;
        if (status < 0 || last)
            return status;
        memmove(buf, buf + n - 4, 4);
        kept = 4;
        head = EDDY__OP_CONTINUE;
    }
}

static int send_packed(eddy_websocket *ws, int head, const char *data, size_t size)
{
    char *buf = eddy_alloc(EDDY__WEBSOCKET_PIECE);

    if (buf && !ws->packer)
        ws->packer = eddy__packer_open(&ws->deflate);
    int status = !buf         ? eddy__raise(EDDY_ENOMEM, "no memory to pack a message")
                 : ws->packer ? send_pieces(ws, head | EDDY__FRAME_PACKED, data, size, buf)
                              : eddy_last_status();
    eddy_free(buf);
    if (ws->packer && ws->deflate.out_forgets) {
        eddy__packer_close(ws->packer);
        ws->packer = NULL;
    } else if (ws->packer && status < 0)
        eddy__packer_forget(ws->packer); /* the peer does not know what was packed */
    return status;
}

static int check_message(const eddy_websocket *ws, eddy_websocket_kind kind, const void *data,
                         size_t size)
{
    struct eddy__utf8 utf8 = {0};

    if (!ws || (!data && size) || size > SSIZE_MAX ||
        (kind != EDDY_WEBSOCKET_TEXT && kind != EDDY_WEBSOCKET_BINARY))
        return eddy__raise(EDDY_EINVAL, "eddy_websocket_send needs a WebSocket, a kind of message "
                                        "and bytes");
    if (kind == EDDY_WEBSOCKET_TEXT &&
        !(eddy__utf8_take(&utf8, data, size) && eddy__utf8_is_whole(&utf8)))
        return eddy__raise(EDDY_EINVAL, "a text that is to be sent is not UTF-8");
    return 0;
}

int eddy_websocket_send(eddy_websocket *ws, eddy_websocket_kind kind, const void *data, size_t size)
{
    eddy__try(check_message(ws, kind, data, size));
    eddy__try(eddy__websocket_take_turn(ws));
    int status = ws->deflate.on && size >= PACKED_FROM ? send_packed(ws, kind, data, size)
                                                       : send_plain(ws, kind, data, size);
    eddy__websocket_end_turn(ws);
    return status;
}

int eddy_websocket_vprintf(eddy_websocket *ws, const char *format, va_list args)
{
    va_list again;

    if (!ws || !format)
        return eddy__raise(EDDY_EINVAL, "eddy_websocket_printf needs a WebSocket and a format");
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (size < 0)
        return eddy__raise(EDDY_EINVAL, "the format \"%s\" cannot be printed", format);
    char *text = eddy_alloc((size_t)size + 1);
    if (!text)
        return eddy__raise(EDDY_ENOMEM, "no memory for a message of %d bytes", size);
    vsnprintf(text, (size_t)size + 1, format, args);
    int status = eddy_websocket_send(ws, EDDY_WEBSOCKET_TEXT, text, (size_t)size);
    eddy_free(text);
    return status;
}

int eddy_websocket_printf(eddy_websocket *ws, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int status = eddy_websocket_vprintf(ws, format, args);
    va_end(args);
    return status;
}

/* peer.h - a WebSocket upon one end of a memory pair, and by hand what is at the other end. */
#ifndef PEER_H
#define PEER_H

#include "test.h"

#include "http/websocket/frame.h"
#include "http/websocket/websocket.h"

enum { FIN = EDDY__FRAME_FIN, RSV1 = EDDY__FRAME_PACKED };

typedef eddy_websocket *peer_websocket;

struct peer {
    eddy_websocket *ws;
    eddy_stream *raw; /* the other end */
    bool client;      /* ws is a client's */
};

/* For eddy_auto. */
typedef struct peer peer;
static inline void peer_autoclose(peer *p)
{
    eddy_stream_close(p->raw);
    eddy_websocket_close(p->ws);
}

static inline int peer_open_with(peer *p, bool client,
                                 const struct eddy__websocket_settings *settings)
{
    eddy_stream *pair[2];

    *p = (peer){.client = client};
    eddy_try(eddy_stream_pair(pair));
    p->raw = pair[1];
    p->ws = eddy__websocket_open(pair[0], client, settings);
    if (!p->ws)
        eddy_stream_close(pair[0]);
    return p->ws ? 0 : eddy_last_status();
}
#define peer_open(p, client, ...)                                                                  \
    peer_open_with((p), (client), &(struct eddy__websocket_settings){__VA_ARGS__})

/* Writes a frame, masked as the role of the other end wants it, to `to`: its length. */
static inline size_t peer_frame(const peer *p, char *to, int head, const void *data, size_t size)
{
    struct eddy__frame frame = {.flags = (unsigned char)(head & 0xf0),
                                .opcode = (unsigned char)(head & 0xf),
                                .masked = !p->client,
                                .key = {0x37, 0xfa, 0x21, 0x3d},
                                .size = size};
    size_t n = eddy__frame_format(to, &frame);

    if (frame.masked)
        eddy__frame_mask(to + n, data, size, frame.key, 0);
    else if (size)
        memcpy(to + n, data, size);
    return n + size;
}

static inline int peer_send(peer *p, int head, const void *data, size_t size)
{
    char *bytes = malloc(EDDY__FRAME_HEADER + size);
    size_t n = peer_frame(p, bytes, head, data, size);
    ssize_t status = eddy_write(p->raw, bytes, n);

    free(bytes);
    return status < 0 ? (int)status : 0;
}
#define peer_say(p, head, text) peer_send((p), (head), (text), strlen(text))

static inline int peer_send_close(peer *p, int code)
{
    return peer_send(p, FIN | EDDY__OP_CLOSE, (char[]){(char)(code >> 8), (char)code}, 2);
}

/* A frame that ws has sent: its bytes, unmasked, in data, ended by a zero. 0: the end. */
static inline int peer_take(peer *p, struct eddy__frame *frame, char *data, size_t room)
{
    const char *bytes, *why;
    ssize_t n = 0;
    int header;

    do {
        ssize_t known = n;

        n = eddy_try(eddy_peek(p->raw, (size_t)known, &bytes));
        if (n == known)
            return 0;
        header = eddy__frame_parse(frame, bytes, (size_t)n, &why);
        CHECK(header >= 0);
    } while (header == 0);
    CHECK(frame->masked == p->client && frame->size < room);
    eddy_try(eddy_skip(p->raw, (size_t)header));
    if (frame->size)
        eddy_try(eddy_read_exactly(p->raw, data, frame->size));
    if (frame->masked)
        eddy__frame_mask(data, data, frame->size, frame->key, 0);
    data[frame->size] = '\0';
    return 1;
}

/* What ws has sent next is a frame that begins with head and has that text. */
#define PEER_TOOK(p, head, text)                                                                   \
    do {                                                                                           \
        struct eddy__frame took_;                                                                  \
        char text_[4096];                                                                          \
                                                                                                   \
        CHECK_INT(peer_take((p), &took_, text_, sizeof text_), 1);                                 \
        CHECK_INT(took_.flags | took_.opcode, (head));                                             \
        CHECK_STR(text_, (text));                                                                  \
    } while (0)

/* The code of the close that ws has sent next; 1005: it has none; 0: it was no close. */
static inline int peer_take_close(peer *p)
{
    struct eddy__frame frame;
    char data[256];

    if (peer_take(p, &frame, data, sizeof data) <= 0 || frame.opcode != EDDY__OP_CLOSE)
        return 0;
    return frame.size ? (unsigned char)data[0] << 8 | (unsigned char)data[1] : 1005;
}

#endif

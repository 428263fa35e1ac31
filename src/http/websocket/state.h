/* state.h - what a WebSocket consists of: of websocket/ only. */
#ifndef EDDY_HTTP_WEBSOCKET_STATE_H
#define EDDY_HTTP_WEBSOCKET_STATE_H

#include "http/websocket/frame.h"
#include "http/websocket/websocket.h"
#include <eddy/sync.h>

enum {
    EDDY__WEBSOCKET_LIMIT = 16 << 20,
    EDDY__WEBSOCKET_PIECE = 64 << 10, /* of a message that is copied to be sent, or grows */
    EDDY__WEBSOCKET_KEYS = 64,        /* random bytes that are fetched at once */
};

/* The message that comes. Whatever interrupts a call, this says where the next one goes on. */
struct eddy__incoming {
    bool active;    /* its first header was read, its end was not told */
    bool streaming; /* its body is a stream: no limit */
    bool abandoned; /* that stream was closed: the rest is to be dropped */
    bool packed;
    unsigned char opcode;
    struct eddy__frame frame; /* the one whose bytes come */
    uint64_t done;            /* of frame.size */
    struct eddy__utf8 utf8;
    char *data; /* what was received of a whole one */
    size_t size;
    size_t capacity;
};

struct eddy_websocket {
    eddy_stream *stream; /* NULL: it was taken away */
    bool client;
    size_t limit;
    double heartbeat;
    double close_timeout;
    char *protocol;
    struct eddy__deflate_terms deflate;
    void (*done)(void *arg);
    void *arg;

    unsigned users;  /* calls, tasks and streams; the last one gives a closed one back */
    bool closed;     /* by its owner */
    int failed;      /* what calls give from then on; 0: it has not */
    const char *why; /* a constant */

    struct eddy__incoming in;
    struct eddy__unpacker *unpacker;
    eddy_stream *body; /* of the message that is received as a stream */
    bool receiving;    /* a task does */
    bool dropping;     /* messages are not wanted any more: only the peer's close is */
    eddy_event left;   /* set and cleared when the receiving task leaves */
    bool heard;        /* something has come since the last ping of the heartbeat */
    int code;          /* see eddy_websocket_code */
    char reason[EDDY__CONTROL_MAX - 1];

    eddy_semaphore turn; /* to send a message */
    eddy_stream *out;    /* the stream that has it */
    struct eddy__packer *packer;
    char *masked; /* of a client: the frame that is sent, of use for the next one */
    size_t masked_size;
    bool close_received, close_sent;
    bool cut; /* a message was begun and not ended */
    unsigned keys_left;
    unsigned char keys[EDDY__WEBSOCKET_KEYS];

    char *pongs; /* frames that wait to be sent */
    size_t pongs_size;
    eddy_task *ponging; /* sends them, or has */
    eddy_task *beating; /* sends pings */
};

/* ---- websocket.c ---- */

/* Around what may yield: drop gives the memory back once it is closed and nobody uses it. */
void eddy__websocket_hold(eddy_websocket *ws);
void eddy__websocket_drop(eddy_websocket *ws);
/* Raises why it cannot go on, EDDY_ECLOSED or what it has failed with; 0: it can. */
int eddy__websocket_check(const eddy_websocket *ws);
/* It cannot go on from now on. */
void eddy__websocket_lose(eddy_websocket *ws, int status, const char *why);
/* What a call of the stream has given, to be asked before anything else is touched: status itself,
 * or a failure of ws that counts more. A failure that is for good is kept. */
ssize_t eddy__websocket_met(eddy_websocket *ws, ssize_t status);

/* ---- receive.c ---- */

/* Raises why a message cannot be received now; 0: it can. */
int eddy__websocket_may_receive(const eddy_websocket *ws);
/* Claims receiving for a call: 0 or EDDY_EBUSY, raised. And gives it up. */
int eddy__websocket_enter(eddy_websocket *ws);
void eddy__websocket_leave(eddy_websocket *ws);
/* With the claim: the rest of a message that was received as a stream, and not to its end. 0. */
EDDY_SUSPENDS int eddy__websocket_drop_rest(eddy_websocket *ws);
/* With the claim: waits for the next message. 1: ws->in has its first frame; 0: the peer has
 * closed, and was answered. */
EDDY_SUSPENDS int eddy__websocket_begin(eddy_websocket *ws);
/* Its next bytes, unmasked, unpacked and checked: at least one; 0 at its end; EDDY_EOF, raised,
 * when the peer closes before it. */
EDDY_SUSPENDS ssize_t eddy__websocket_read(eddy_websocket *ws, void *buf, size_t size);
/* Reads on to the peer's close and answers it; what comes before is dropped: 0. */
EDDY_SUSPENDS int eddy__websocket_drain(eddy_websocket *ws);

/* ---- send.c ---- */

/* The turn to send a message: 0, or why nothing can be sent. And gives it up. */
EDDY_SUSPENDS int eddy__websocket_take_turn(eddy_websocket *ws);
void eddy__websocket_end_turn(eddy_websocket *ws);
/* With the turn: sends a frame whose first byte is head. That of a client has at most 64 KiB. */
EDDY_SUSPENDS int eddy__websocket_send_frame(eddy_websocket *ws, int head, const void *data,
                                             size_t size);
/* Writes a control frame to `to`: its length, or a failure, raised. */
enum { EDDY__CONTROL_FRAME = EDDY__FRAME_HEADER + EDDY__CONTROL_MAX };
ssize_t eddy__websocket_control(eddy_websocket *ws, enum eddy__opcode opcode, const void *data,
                                size_t size, char to[EDDY__CONTROL_FRAME]);

/* ---- closing.c ---- */

/* Sends a close frame if none was sent; code 1005: without one. EDDY_ETIMEDOUT, and the connection
 * is reset, when that cannot be done within .close_timeout; what only interrupts it leaves it to
 * be done. */
EDDY_SUSPENDS int eddy__websocket_send_close(eddy_websocket *ws, int code, const char *reason);
/* Waits for the peer's close, whoever receives it. */
EDDY_SUSPENDS int eddy__websocket_await_close(eddy_websocket *ws);
/* The peer has done what it must not, or sends more than it may: tells it, and fails for good with
 * EDDY_EPROTO or EDDY_ELIMIT, raised. */
EDDY_SUSPENDS int eddy__websocket_fail(eddy_websocket *ws, int code, const char *why);
/* Parts from the peer in order, as far as that can be done within .close_timeout. */
void eddy__websocket_part(eddy_websocket *ws);

/* ---- pings.c ---- */

/* Answers a ping, at once or, coalesced, when that can be sent. 0, or a failure, raised. */
int eddy__websocket_pong(eddy_websocket *ws, const char *data, size_t size);
/* Starts to send pings. 0, or a failure, raised. */
int eddy__websocket_beat(eddy_websocket *ws);

#endif

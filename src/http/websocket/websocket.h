/* websocket.h - the door of WebSocket: one upon any stream, and its handshake without I/O. */
#ifndef EDDY_HTTP_WEBSOCKET_WEBSOCKET_H
#define EDDY_HTTP_WEBSOCKET_WEBSOCKET_H

#include "http/websocket/deflate.h"
#include <eddy/http/websocket.h>

struct eddy__websocket_settings {
    size_t limit;         /* 0: 16 MiB */
    double heartbeat;     /* 0: none */
    double close_timeout; /* 0: 5 */
    const char *protocol; /* copied; NULL: none */
    struct eddy__deflate_terms deflate;
    void (*done)(void *arg); /* called once, when the stream is not used any more */
    void *arg;
};

/* A WebSocket upon a stream on which the handshake has been. With .done the stream is the caller's,
 * and may be closed in there or later; otherwise it is owned, and closed with the WebSocket.
 * EDDY_EINVAL for settings that are out of range. NULL, raised: nothing was taken over. */
eddy_websocket *eddy__websocket_open(eddy_stream *stream, bool client,
                                     const struct eddy__websocket_settings *settings);
/* The handler of the request that ws was made of has returned: takes its connection away. NULL is
 * fine. */
void eddy__websocket_leave_request(eddy_websocket *ws);

#endif

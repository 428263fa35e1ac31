/* websocket.h - WebSocket (RFC 6455) over HTTP/1.1, client and server: messages whole or as
 * streams. Pings, fragments and the closing handshake need nothing of the program, as long as a
 * task receives.
 *
 *     while (eddy_try(eddy_websocket_receive(ws, &message)) > 0)
 *         eddy_try(eddy_websocket_send(ws, message.kind, message.data, message.size));
 *
 * One task receives at a time; any number may send, and their messages do not mix. */
#ifndef EDDY_HTTP_WEBSOCKET_H
#define EDDY_HTTP_WEBSOCKET_H

#include <eddy/http/client.h>
#include <eddy/http/request.h>

EDDY_BEGIN_DECLS

typedef struct eddy_websocket eddy_websocket;

typedef enum eddy_websocket_kind {
    EDDY_WEBSOCKET_TEXT = 1, /* UTF-8, which is checked on both ways */
    EDDY_WEBSOCKET_BINARY = 2,
} eddy_websocket_kind;

typedef struct eddy_websocket_message {
    char *data; /* size bytes, and a zero byte that does not count; the program may change them */
    size_t size;
    eddy_websocket_kind kind;
} eddy_websocket_message;

typedef struct eddy_websocket_opts {
    size_t limit;          /* bytes of a message that is received whole, decoded; 0: 16 MiB */
    double heartbeat;      /* seconds between pings; 0: none. A peer of which nothing has come since
                              the last one is lost: EDDY_ETIMEDOUT */
    double close_timeout;  /* seconds that the peer has to answer a close; 0: 5 */
    const char *protocols; /* subprotocols: "chat, superchat", those of a server in its order */
    const char *origins;   /* of a server: pages that may connect besides those of its own host,
                              "https://a.example, https://b.example"; "*": any */
    const eddy_pair *headers; /* of a client's request */
    bool deflate;             /* permessage-deflate, if the peer has it, too */
    bool deflate_context;     /* a message is compressed with the ones before it: better, and some
                              300 KiB for each connection that stay while it is idle */
} eddy_websocket_opts;

/* In a handler: answers the request, whose connection it has from then on. NULL with a record,
 * which the handler returns as the answer: EDDY_HTTP(426) for what asks for no WebSocket,
 * EDDY_HTTP(403) for a page of another host, EDDY_HTTP(400). It has to be closed before the handler
 * returns. */
EDDY_API EDDY_SUSPENDS eddy_websocket *eddy_websocket_accept_with(eddy_request *request,
                                                                  const eddy_websocket_opts *opts);
#define eddy_websocket_accept(request, ...)                                                        \
    eddy_websocket_accept_with((request), &(eddy_websocket_opts){__VA_ARGS__})
/* Connects by a session, to ws://, wss:// or what a request could be sent to. It counts as one of
 * the session's connections until it is closed. NULL with a record: what a request can fail with,
 * EDDY_HTTP(status) for an answer that is no 101, EDDY_EPROTO for one that was not asked for. */
EDDY_API EDDY_SUSPENDS eddy_websocket *eddy_websocket_connect_with(eddy_http *http, const char *url,
                                                                   const eddy_websocket_opts *opts);
#define eddy_websocket_connect(http, url, ...)                                                     \
    eddy_websocket_connect_with((http), (url), &(eddy_websocket_opts){__VA_ARGS__})

/* Receives the next message: 1; 0 once the peer has closed, which was answered. message->data is
 * valid until the next call that receives. EDDY_ELIMIT for one that is too long and EDDY_EPROTO for
 * what RFC 6455 forbids: the connection has failed then, the peer was told why (1009, 1002, 1007),
 * and the call says so again. EDDY_EOF when the connection ended without a close. A call that is
 * cancelled loses nothing: the next one goes on where it was. EDDY_EBUSY beside another one. */
EDDY_API EDDY_SUSPENDS int eddy_websocket_receive(eddy_websocket *ws,
                                                  eddy_websocket_message *message);
/* The same for a message that need not fit into memory, and has no limit: *body gives its bytes,
 * ends with it, and is closed by the caller, which drops what was not read. Nothing else can be
 * received before that (EDDY_EBUSY). */
EDDY_API EDDY_SUSPENDS int eddy_websocket_receive_stream(eddy_websocket *ws,
                                                         eddy_websocket_kind *kind,
                                                         eddy_stream **body);

/* Sends a message: 0. Waits while the stream below takes no more. A call that is cancelled has sent
 * nothing, unless the message is longer than 64 KiB and had begun: then nothing more can be sent.
 * EDDY_EPIPE in that case and after a close; EDDY_EINVAL for a text that is not UTF-8. */
EDDY_API EDDY_SUSPENDS int eddy_websocket_send(eddy_websocket *ws, eddy_websocket_kind kind,
                                               const void *data, size_t size);
/* A text, as printf would write it. */
EDDY_API EDDY_SUSPENDS int eddy_websocket_printf(eddy_websocket *ws, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
EDDY_API EDDY_SUSPENDS int eddy_websocket_vprintf(eddy_websocket *ws, const char *format,
                                                  va_list args)
    __attribute__((format(printf, 2, 0)));
/* A message as a stream: each write is a fragment, eddy_write_eof ends the message, and the caller
 * closes the stream. Other messages wait until then. One that is closed without its end is cut off:
 * nothing more can be sent. NULL with a record. */
EDDY_API EDDY_SUSPENDS eddy_stream *eddy_websocket_send_stream(eddy_websocket *ws,
                                                               eddy_websocket_kind kind);

/* Closes with a code (1000: all is done, 1001 to 1003, 1007 to 1014, 3000 to 4999, others are
 * EDDY_EINVAL) and a reason of at most 123 bytes, which may be NULL. Waits for the answer, and
 * drops messages that come before it, unless another task receives them: 0. EDDY_ETIMEDOUT when
 * there is none within .close_timeout: the connection was reset. 0, too, when the peer closed
 * first. */
EDDY_API EDDY_SUSPENDS int eddy_websocket_end(eddy_websocket *ws, int code, const char *reason);

/* What the peer has closed with: its code, 1005 when it gave none; 1006 when the connection ended
 * or failed without; 0 before that. The reason may be empty, and is valid as long as ws. */
EDDY_API int eddy_websocket_code(const eddy_websocket *ws);
EDDY_API const char *eddy_websocket_reason(const eddy_websocket *ws);
/* The subprotocol that both agreed on; NULL: none. */
EDDY_API const char *eddy_websocket_protocol(const eddy_websocket *ws);

/* Gives it back. One that was not ended closes with 1001 first and waits for the answer as
 * eddy_websocket_end does, inside a shield of .close_timeout; in a callback it is reset instead.
 * Calls that wait in it end with EDDY_ECLOSED. NULL is fine. */
EDDY_API void eddy_websocket_close(eddy_websocket *ws);
EDDY_AUTOCLOSE(eddy_websocket, eddy_websocket_close)

EDDY_END_DECLS

#endif

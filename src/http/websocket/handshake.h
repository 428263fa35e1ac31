/* handshake.h - the opening handshake (RFC 6455 section 4), without I/O (handshake.c, extension.c).
 * Texts lie in the arena. */
#ifndef EDDY_HTTP_WEBSOCKET_HANDSHAKE_H
#define EDDY_HTTP_WEBSOCKET_HANDSHAKE_H

#include "http/message/head.h"
#include "http/websocket/websocket.h"

/* What a WebSocket is opened with, and the fields that say so to the other side. */
struct eddy__handshake {
    const char *key;      /* a client's */
    const char *protocol; /* the subprotocol; NULL: none */
    struct eddy__deflate_terms deflate;
    struct eddy__fields fields; /* besides Upgrade and Connection */
};

/* A request of a client, with a key of its own. 0, or EDDY_EINVAL for options that are wrong. */
int eddy__handshake_request(struct eddy__handshake *shake, const eddy_websocket_opts *opts,
                            struct eddy__arena *arena);
/* What the server makes of a request: 0 and the fields of a 101; or EDDY_HTTP(400), EDDY_HTTP(403)
 * for a page of another origin, EDDY_HTTP(426), raised, to be answered. */
int eddy__handshake_answer(struct eddy__handshake *shake, const struct eddy__head *request,
                           const eddy_websocket_opts *opts, struct eddy__arena *arena);
/* What the client makes of an answer to its request: 0; EDDY_HTTP(status) of one that is no 101;
 * EDDY_EPROTO, raised, for a 101 that is not what was asked for. */
int eddy__handshake_check(struct eddy__handshake *shake, const struct eddy__head *answer,
                          const eddy_websocket_opts *opts, struct eddy__arena *arena);

/* What both may be opened with, once they have shaken hands. */
struct eddy__websocket_settings eddy__handshake_settings(const struct eddy__handshake *shake,
                                                         const eddy_websocket_opts *opts);

/* Sec-WebSocket-Accept for a key; NULL, raised. */
const char *eddy__handshake_accept(const char *key, struct eddy__arena *arena);

/* ---- extension.c: Sec-WebSocket-Extensions (RFC 7692 section 7.1) ---- */

/* What a client offers. */
const char *eddy__deflate_offer(const eddy_websocket_opts *opts);
/* Takes the first offer that can be met: what is answered; NULL: none. */
const char *eddy__deflate_choose(struct eddy__deflate_terms *terms, const char *offers,
                                 const eddy_websocket_opts *opts, struct eddy__arena *arena);
/* What a server has answered: 0, or EDDY_EPROTO, raised, for what was not offered. */
int eddy__deflate_agree(struct eddy__deflate_terms *terms, const char *answer,
                        const eddy_websocket_opts *opts);

#endif

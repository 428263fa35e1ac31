/* closing.c - the closing handshake, and how a connection is failed. */
#include "http/websocket/state.h"

#include <eddy/scope.h>

static const double LINGER = 2; /* seconds that a peer that was failed has to hear why */

static ssize_t write_close(eddy_websocket *ws, int code, const char *reason)
{
    char data[EDDY__CONTROL_MAX], frame[EDDY__CONTROL_FRAME];
    size_t length = min_size(strlen(reason), sizeof data - 2);

    data[0] = (char)(code >> 8);
    data[1] = (char)code;
    memcpy(data + 2, reason, length);
    ssize_t n =
        eddy__websocket_control(ws, EDDY__OP_CLOSE, data, code == 1005 ? 0 : 2 + length, frame);
    return n < 0 ? n : eddy_write(ws->stream, frame, (size_t)n);
}

/* The peer takes too long. */
static int reset(eddy_websocket *ws, const char *why)
{
    eddy__websocket_lose(ws, EDDY_ETIMEDOUT, why);
    eddy_stream_abort(ws->stream);
    return eddy__websocket_check(ws);
}

int eddy__websocket_send_close(eddy_websocket *ws, int code, const char *reason)
{
    eddy_scope limit;
    ssize_t status = 0;

    if (ws->close_sent)
        return 0;
    ws->close_sent = true;
    eddy_timeout_as(limit, ws->close_timeout)
        status = write_close(ws, code, reason);
    if (ws->closed)
        return eddy__websocket_check(ws);
    if (status >= 0 || (ws->close_received && status == EDDY_EPIPE)) /* it has gone, and may */
        return 0;
    if (eddy_scope_expired(&limit))
        return reset(ws, "the peer does not take a close");
    ws->close_sent = false;
    return (int)eddy__websocket_met(ws, status);
}

int eddy__websocket_fail(eddy_websocket *ws, int code, const char *why)
{
    eddy__websocket_lose(ws, code == 1009 ? EDDY_ELIMIT : EDDY_EPROTO, why);
    eddy_shield(ws->close_timeout)
        eddy_ignore(eddy__websocket_send_close(ws, code, why));
    return eddy__websocket_check(ws);
}

int eddy__websocket_await_close(eddy_websocket *ws)
{
    int status = 0;

    eddy__websocket_hold(ws);
    while (status >= 0 && !ws->close_received) {
        status = eddy__websocket_check(ws);
        if (status < 0)
            break;
        if (ws->receiving) {
            status = eddy_event_wait(&ws->left);
            continue;
        }
        ws->dropping = true;
        status = eddy__websocket_enter(ws);
        if (status < 0)
            break;
        status = eddy__websocket_drain(ws);
        eddy__websocket_leave(ws);
    }
    if (status >= 0 && ws->closed)
        status = eddy__websocket_check(ws);
    eddy__websocket_drop(ws);
    return status;
}

/* Both sides of the handshake. */
static int shake_hands(eddy_websocket *ws, int code, const char *reason)
{
    eddy_scope limit;
    int status;

    eddy__try(eddy__websocket_check(ws));
    eddy__try(eddy__websocket_send_close(ws, code, reason));
    if (ws->close_received)
        return 0;
    eddy_timeout_as(limit, ws->close_timeout)
        status = eddy__websocket_await_close(ws);
    if (status < 0 && eddy_scope_expired(&limit) && !ws->closed && !ws->failed)
        return reset(ws, "the peer does not answer a close");
    return status;
}

int eddy_websocket_end(eddy_websocket *ws, int code, const char *reason)
{
    struct eddy__utf8 utf8 = {0};
    const char *words = reason ? reason : "";

    if (!ws || !eddy__close_code_is_valid(code))
        return eddy__raise(EDDY_EINVAL, "%d is no code that a WebSocket can be closed with", code);
    if (strlen(words) > EDDY__CONTROL_MAX - 2 || !eddy__utf8_take(&utf8, words, strlen(words)) ||
        !eddy__utf8_is_whole(&utf8))
        return eddy__raise(EDDY_EINVAL, "the reason of a close is UTF-8 of at most 123 bytes");
    eddy__websocket_hold(ws);
    int status = shake_hands(ws, code, words);
    eddy__websocket_drop(ws);
    return status;
}

/* A connection that is closed while bytes of the peer are unread is reset, and what was sent last
 * may be lost: the peer was told why it was failed, and is to read it. */
static void let_it_read(eddy_websocket *ws)
{
    char dropped[1024];
    ssize_t n = eddy_write_eof(ws->stream);

    if (n < 0)
        return;
    do
        n = eddy_read(ws->stream, dropped, sizeof dropped);
    while (n > 0);
    if (n < 0)
        eddy_stream_abort(ws->stream);
}

void eddy__websocket_part(eddy_websocket *ws)
{
    eddy__websocket_hold(ws);
    if (!ws->failed)
        eddy_shield(ws->close_timeout)
            eddy_ignore(shake_hands(ws, 1001, ""));
    if (ws->stream && (ws->failed == EDDY_EPROTO || ws->failed == EDDY_ELIMIT))
        eddy_shield(LINGER)
            let_it_read(ws);
    eddy__websocket_drop(ws);
}

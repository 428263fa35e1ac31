/* pings.c - pings of the peer are answered, and one's own show whether it is still there. */
#include "http/websocket/state.h"

#include <eddy/memory.h>
#include <eddy/scope.h>
#include <eddy/task.h>

enum { PONGS = 1024 }; /* bytes of answers that wait to be sent */

static int send_pongs(eddy_websocket *ws)
{
    ssize_t status = 0;

    eddy__websocket_hold(ws);
    while (status >= 0 && ws->pongs && !ws->closed && !ws->failed) {
        char *frames = ws->pongs;

        ws->pongs = NULL;
        status = ws->close_sent ? 0 : eddy_write(ws->stream, frames, ws->pongs_size);
        eddy_free(frames);
    }
    eddy__websocket_drop(ws);
    return 0; /* what has become of the connection is the business of those who receive */
}
EDDY_CORO(send_pongs, eddy_websocket *)

/* Adds one to those that wait. RFC 6455 lets the newest stand for all. */
static int queue_pong(eddy_websocket *ws, const char *data, size_t size)
{
    if (!ws->pongs)
        ws->pongs_size = 0;
    if (!ws->pongs)
        ws->pongs = eddy_alloc(PONGS);
    if (!ws->pongs)
        return eddy__raise(EDDY_ENOMEM, "no memory to answer a ping");
    if (ws->pongs_size + EDDY__CONTROL_FRAME > PONGS)
        ws->pongs_size = 0;
    ssize_t n = eddy__websocket_control(ws, EDDY__OP_PONG, data, size, ws->pongs + ws->pongs_size);
    if (n < 0)
        return (int)n;
    ws->pongs_size += (size_t)n;
    return 0;
}

int eddy__websocket_pong(eddy_websocket *ws, const char *data, size_t size)
{
    if (ws->close_sent)
        return 0;
    eddy__try(queue_pong(ws, data, size));
    if (ws->ponging && !eddy_task_done(ws->ponging))
        return 0;
    eddy_task_close(ws->ponging);
    ws->ponging = eddy_create_task_with(send_pongs_coro(ws),
                                        &(eddy_task_opts){.name = "WebSocket pong", .eager = true});
    return ws->ponging ? 0 : eddy_last_status();
}

/* ---- the heartbeat ---- */

/* Whether it could be sent shows by what comes back. */
static void ping(eddy_websocket *ws)
{
    char frame[EDDY__CONTROL_FRAME];
    ssize_t n = eddy__websocket_control(ws, EDDY__OP_PING, NULL, 0, frame);

    if (n >= 0)
        eddy_timeout(ws->heartbeat)
            eddy_ignore(eddy_write(ws->stream, frame, (size_t)n));
}

static int beat(eddy_websocket *ws)
{
    bool asked = false;

    eddy__websocket_hold(ws);
    while (eddy_sleep(ws->heartbeat) >= 0 && !ws->closed && !ws->failed && !ws->close_sent) {
        if (asked && ws->receiving && !ws->heard) {
            eddy__websocket_lose(ws, EDDY_ETIMEDOUT, "the peer does not answer a ping");
            eddy_stream_abort(ws->stream);
            break;
        }
        ws->heard = false;
        asked = true;
        ping(ws);
    }
    eddy__websocket_drop(ws);
    return 0;
}
EDDY_CORO(beat, eddy_websocket *)

int eddy__websocket_beat(eddy_websocket *ws)
{
    ws->beating = eddy_create_task_with(
        beat_coro(ws), &(eddy_task_opts){.name = "WebSocket heartbeat", .eager = true});
    return ws->beating ? 0 : eddy_last_status();
}

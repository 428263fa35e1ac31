/* websocket.c - WebSockets are opened, held, and given back. */
#include "http/websocket/state.h"

#include <eddy/memory.h>

static bool is_time(double seconds)
{
    return seconds >= 0; /* not NaN */
}

static int check_settings(const struct eddy__websocket_settings *settings)
{
    if (!is_time(settings->heartbeat) || !is_time(settings->close_timeout))
        return eddy__raise(EDDY_EINVAL, ".heartbeat and .close_timeout of a WebSocket are seconds");
    if (settings->limit > SIZE_MAX / 4)
        return eddy__raise(EDDY_EINVAL, "a message of %zu bytes cannot be held", settings->limit);
    return 0;
}

static COLD eddy_websocket *no_websocket(eddy_websocket *ws, int status)
{
    if (ws)
        eddy_free(ws->protocol);
    eddy_free(ws);
    if (status == EDDY_ENOMEM)
        eddy__raise(status, "no memory for a WebSocket");
    return NULL;
}

eddy_websocket *eddy__websocket_open(eddy_stream *stream, bool client,
                                     const struct eddy__websocket_settings *settings)
{
    if (check_settings(settings) < 0)
        return NULL;
    eddy_websocket *ws = eddy_alloc_zero(sizeof *ws);
    if (!ws)
        return no_websocket(ws, EDDY_ENOMEM);
    *ws = (eddy_websocket){
        .stream = stream,
        .client = client,
        .limit = settings->limit ? settings->limit : EDDY__WEBSOCKET_LIMIT,
        .heartbeat = settings->heartbeat,
        .close_timeout = settings->close_timeout > 0 ? settings->close_timeout : 5,
        .protocol = settings->protocol ? eddy_strdup(settings->protocol) : NULL,
        .deflate = settings->deflate,
        .done = settings->done,
        .arg = settings->arg,
        .users = 1,
        .turn = EDDY_SEMAPHORE(1),
    };
    if (settings->protocol && !ws->protocol)
        return no_websocket(ws, EDDY_ENOMEM);
    int status = ws->heartbeat > 0 ? eddy__websocket_beat(ws) : 0;
    return status < 0 ? no_websocket(ws, 0) : ws;
}

void eddy__websocket_hold(eddy_websocket *ws)
{
    ws->users++;
}

void eddy__websocket_drop(eddy_websocket *ws)
{
    if (--ws->users)
        return;
    eddy__packer_close(ws->packer);
    eddy__unpacker_close(ws->unpacker);
    eddy_free(ws->in.data);
    eddy_free(ws->masked);
    eddy_free(ws->pongs);
    eddy_free(ws->protocol);
    eddy_free(ws);
}

int eddy__websocket_check(const eddy_websocket *ws)
{
    if (unlikely(ws->closed))
        return eddy__raise(EDDY_ECLOSED, "the WebSocket was closed");
    if (unlikely(ws->failed))
        return eddy__raise(ws->failed, "%s", ws->why);
    return 0;
}

void eddy__websocket_lose(eddy_websocket *ws, int status, const char *why)
{
    if (ws->failed)
        return;
    ws->failed = status;
    ws->why = why;
    if (!ws->close_received)
        ws->code = 1006;
}

/* Whether a failure says nothing of the connection: the same call may work later. */
static bool is_for_now(ssize_t status)
{
    return status == EDDY_ECANCELED || status == EDDY_ETIMEDOUT || status == EDDY_ENOMEM ||
           status == EDDY_EINVAL || status == EDDY_EBUSY || status == EDDY_ENOTASK;
}

ssize_t eddy__websocket_met(eddy_websocket *ws, ssize_t status)
{
    if (unlikely(ws->closed || ws->failed))
        return eddy__websocket_check(ws);
    if (unlikely(status < 0) && !is_for_now(status))
        eddy__websocket_lose(ws, (int)status, "the connection of the WebSocket was lost");
    return status;
}

/* ---- <eddy/http/websocket.h> ---- */

int eddy_websocket_code(const eddy_websocket *ws)
{
    return ws->code;
}

const char *eddy_websocket_reason(const eddy_websocket *ws)
{
    return ws->reason;
}

const char *eddy_websocket_protocol(const eddy_websocket *ws)
{
    return ws->protocol;
}

/* Those who still wait in it leave. */
static void send_away(eddy_websocket *ws)
{
    eddy_event_set(&ws->left);
    if (ws->out) { /* its stream has the turn, and no use for it */
        ws->out = NULL;
        eddy_semaphore_release(&ws->turn);
    }
    if (ws->users > 1 && ws->stream)
        eddy_stream_abort(ws->stream);
}

void eddy_websocket_close(eddy_websocket *ws)
{
    if (!ws)
        return;
    if (eddy_current_task())
        eddy__websocket_part(ws);
    else if (ws->stream && !ws->close_received)
        eddy_stream_abort(ws->stream);
    ws->closed = true;
    eddy_task_close(ws->beating);
    eddy_task_close(ws->ponging);
    send_away(ws);
    if (ws->done)
        ws->done(ws->arg);
    else
        eddy_stream_close(ws->stream);
    eddy__websocket_drop(ws);
}

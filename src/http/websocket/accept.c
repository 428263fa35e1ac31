/* accept.c - a request becomes a WebSocket: the server's side. */
#include "http/server/server.h"
#include "http/websocket/handshake.h"
#include "http/websocket/state.h"

/* The WebSocket was closed, in the handler. What has ended it early is told by its own calls, and
 * is no fault of the handler. */
static void accepted_is_done(void *arg)
{
    eddy_request *r = arg;

    r->peer_gone = r->websocket->failed != 0;
    r->websocket = NULL;
}

void eddy__websocket_leave_request(eddy_websocket *ws)
{
    if (!ws)
        return;
    eddy__websocket_lose(ws, EDDY_ECLOSED, "the handler of the WebSocket has returned");
    eddy_stream_abort(ws->stream);
    ws->stream = NULL;
    ws->done = NULL;
}

/* The client is told what it should speak, and in which version. */
static int refuse_handshake(eddy_request *r, int status)
{
    if (status == EDDY_HTTP(426)) {
        r->answer.upgrade = "websocket";
        eddy__try(eddy_respond_header(r, "Sec-WebSocket-Version", "13"));
    }
    return status;
}

static eddy_websocket *accept_request(eddy_request *r, const eddy_websocket_opts *opts)
{
    struct eddy__handshake shake;
    int status = eddy__handshake_answer(&shake, &r->head, opts, r->arena);

    if (refuse_handshake(r, status) < 0)
        return NULL;
    struct eddy__websocket_settings settings = eddy__handshake_settings(&shake, opts);
    settings.done = accepted_is_done;
    settings.arg = r;
    eddy_stream *stream = eddy_respond_upgrade(r, "websocket", shake.fields.list);
    return stream ? eddy__websocket_open(stream, false, &settings) : NULL;
}

eddy_websocket *eddy_websocket_accept_with(eddy_request *request, const eddy_websocket_opts *opts)
{
    if (!request) {
        eddy__raise(EDDY_EINVAL, "eddy_websocket_accept needs a request");
        return NULL;
    }
    eddy_websocket *ws = accept_request(request, opts ? opts : &(eddy_websocket_opts){0});
    if (ws)
        request->websocket = ws;
    return ws;
}

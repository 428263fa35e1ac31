/* serve.c - one request, from its head to the end of its answer, whichever version of HTTP it came
 * with. */
#include "http/server/files.h"
#include "http/server/server.h"
#include "http/websocket/websocket.h"

void eddy__request_begin(eddy_request *r, eddy_http_server *server, struct eddy__exchange *exchange,
                         eddy_stream *connection)
{
    *r = (eddy_request){
        .server = server,
        .exchange = exchange,
        .arena = exchange->arena,
        .connection = connection,
        .task = eddy_current_task(),
        .arg = server->opts.arg,
        .max_body = server->opts.max_body,
        .begun = eddy_time(),
    };
}

int eddy__request_receive(eddy_request *r)
{
    eddy_scope scope;
    int status = 0;

    eddy_timeout_as(scope, r->server->opts.timeout_header)
        status = eddy__exchange_receive(r->exchange, &r->head);
    if (status >= 0)
        r->body_ended = r->head.length <= 0 && !r->head.chunked;
    else
        r->head = (struct eddy__head){0}, r->last = r->body_failed = true;
    if (status == EDDY_ETIMEDOUT && eddy_scope_expired(&scope))
        return eddy__raise(EDDY_HTTP(408), "the head of the request comes too slowly");
    if (status == EDDY_EPROTO && r->exchange->refusal.status)
        return eddy__raise(EDDY_HTTP(r->exchange->refusal.status), "%s", r->exchange->refusal.why);
    return status;
}

static int handle_request(eddy_request *r)
{
    if (r->server->opts.cancel_on_disconnect && r->body_ended)
        eddy__try(eddy_request_cancel_on_disconnect(r));
    return eddy__request_dispatch(r);
}

/* The handler has returned: its streams lead nowhere from now on. */
static int leave_handler(eddy_request *r, int status)
{
    eddy__disconnect_watch_close(eddy_take(r->watch));
    bool aborted = !eddy__request_leave_sides(r);
    eddy__request_close_body(r);
    eddy__websocket_leave_request(eddy_take(r->websocket));
    if (r->answer.side)
        r->answer.side->request = NULL;
    if (aborted && status >= 0)
        return eddy__raise(EDDY_EBUSY, "a task still uses the body of a request that was answered");
    return status;
}

/* Answers, whatever the handler's status: 0, or a failure after which nothing can be sent. */
static int answer_request(eddy_request *r, int status)
{
    if (status >= 0 && !r->answer.status)
        status = eddy__answer_missing(r);
    else if (status < 0)
        status = eddy__answer_failure(r, status);
    if (status < 0)
        return status;
    status = eddy__answer_finish(r);
    if (status < 0 && status != EDDY_ECANCELED && !r->peer_gone)
        eddy__report_request(r, status, "the answer to", "cannot be sent");
    return status;
}

int eddy__request_answer(eddy_request *r, int status)
{
    if (status > 0)
        status = leave_handler(r, handle_request(r));
    status = answer_request(r, status);
    eddy__gzip_close(eddy_take(r->answer.packer));
    eddy__files_release(eddy_take(r->files));
    return status;
}

/* exchange.c - one request on a connection and the head of its answer. A long body is sent by a
 * task of its own, so that an answer is heard that comes before the body's end. */
#include "http/client/client.h"

enum { CONTINUE_SECONDS = 1 }; /* how long a server has for its word on a body */

/* ---- heads of answers ---- */

static bool server_has_gone(int status)
{
    return status == EDDY_EPIPE || status == EDDY_ECONNRESET || status == EDDY_ECONNABORTED;
}

static COLD int no_answer(struct eddy__call *call)
{
    call->dead = !call->exchange->heard;
    return eddy__raise(EDDY_EOF, "%s %s: the server ended the connection without an answer",
                       call->method, call->url.authority);
}

/* Receives a head. Of a failure it is noted whether the request can be sent again. */
static int receive_next(struct eddy__call *call)
{
    struct eddy__exchange *exchange = call->exchange;
    struct eddy__head *head = &call->response->head;

    *head = (struct eddy__head){0};
    int status = eddy__exchange_receive(exchange, head);
    if (status < 0) {
        call->dead = server_has_gone(status) && !exchange->heard;
        call->unprocessed = exchange->unprocessed;
    }
    return status;
}

static int receive_head(struct eddy__call *call)
{
    struct eddy__upload *upload = call->upload;
    struct eddy__limit limit;

    eddy__limit_enter(&limit, call, call->opts.timeout_read, "waiting for an answer",
                      "timeout_read");
    if (upload)
        upload->limit = &limit;
    int status = receive_next(call);
    if (upload)
        upload->limit = NULL;
    return eddy__limit_leave(&limit, call, status);
}

/* A server changes to no protocol but one that the request names (RFC 9110 section 7.8). */
static int judge_upgrade(struct eddy__call *call)
{
    const char *to = eddy_response_header(call->response, "Upgrade");

    if (!call->opts.upgrade)
        return eddy__raise(EDDY_EPROTO, "%s %s: an answer 101 that nobody has asked for",
                           call->method, call->url.authority);
    if (!to || !eddy__list_has(call->opts.upgrade, to))
        return eddy__raise(EDDY_EPROTO, "%s %s: an answer 101 to %s, where %s was asked for",
                           call->method, call->url.authority, to ? to : "no protocol",
                           call->opts.upgrade);
    call->conn->h1.keep_alive = false; /* whoever has the connection now */
    return 1;
}

/* Whether the head is the answer's: 1; 0 for one that comes before it. */
static int judge_head(struct eddy__call *call)
{
    const struct eddy__head *head = &call->response->head;

    if (head->status >= 200)
        return 1;
    if (head->status == 101)
        return judge_upgrade(call);
    if (call->opts.on_interim)
        call->opts.on_interim(head->status, eddy_response_headers(call->response), call->opts.arg);
    return 0;
}

static COLD int too_many_interims(struct eddy__call *call)
{
    return eddy__raise(EDDY_EPROTO, "%s %s: more than %d answers 1xx", call->method,
                       call->url.authority, EDDY__HTTP_INTERIMS);
}

static int receive_answer(struct eddy__call *call)
{
    for (int i = 0; i <= EDDY__HTTP_INTERIMS; i++) {
        int status = eddy__try(receive_head(call));

        if (status == 0)
            return no_answer(call);
        if (eddy__try(judge_head(call)) > 0)
            return 0;
    }
    return too_many_interims(call);
}

/* ---- short bodies ---- */

static int send_in_time(struct eddy__call *call)
{
    struct eddy__limit limit;

    eddy__limit_enter(&limit, call, call->opts.timeout_read, "sending", "timeout_read");
    return eddy__limit_leave(&limit, call, eddy__body_send(call));
}

/* A server that will not read more has perhaps said why. */
static int exchange_at_once(struct eddy__call *call)
{
    int status = send_in_time(call);

    if (status < 0 && !server_has_gone(status))
        return status;
    return receive_answer(call);
}

/* ---- long bodies ---- */

void eddy__call_moved(struct eddy__call *call)
{
    if (call->upload && call->upload->limit)
        eddy__limit_extend(call->upload->limit, call);
    if (call->opts.on_progress)
        call->opts.on_progress(call->sent, (int64_t)call->exchange->received, call->opts.arg);
}

/* When the body itself fails nobody is to wait for an answer to it. When nobody will ask how it has
 * ended, since the answer has ended, too, or was closed, there is no failure to be reported. */
static int http_upload(struct eddy__upload *upload)
{
    struct eddy__call *call = upload->call;
    eddy_response *response = call->response;

    upload->begun = true;
    int status = eddy__body_send(call);
    if (status == 0)
        status = eddy__exchange_flush(call->exchange);
    upload->ended = true;
    if (status < 0 && !server_has_gone(status) && status != EDDY_ECANCELED)
        eddy__exchange_abort(call->exchange);
    else if (upload->limit)
        eddy__limit_extend(upload->limit, call);
    eddy__content_uploaded(response);
    if (!call->upload)
        status = 0;
    eddy__response_unref(response);
    return status;
}
EDDY_CORO(http_upload, struct eddy__upload *)

static int upload_begin(struct eddy__call *call)
{
    struct eddy__upload *upload =
        eddy__try((struct eddy__upload *)eddy__arena_alloc(&call->response->arena, sizeof *upload));

    *upload = (struct eddy__upload){.call = call};
    upload->task = eddy__try(eddy_create_task(http_upload_coro(upload), .name = "HTTP upload"));
    call->upload = upload;
    eddy__response_hold(call->response);
    return 0;
}

/* Whether the caller can wait for its end: not in a callback, nor in what the task itself calls. */
static bool upload_can_be_awaited(const struct eddy__upload *upload)
{
    eddy_task *current = eddy_current_task();

    return upload->ended ? current != upload->task : current && current != upload->task;
}

void eddy__upload_end(struct eddy__call *call)
{
    struct eddy__upload *upload = call->upload;
    bool over = !upload || upload->ended;

    call->upload = NULL;
    if (upload && upload_can_be_awaited(upload)) {
        if (over)
            eddy_task_status(upload->task);
        eddy_task_close(upload->task);
        over = true;
    } else if (upload) {
        if (!over)
            eddy_cancel(upload->task);
        eddy_detach(upload->task);
    }
    if (over)
        eddy__body_close(call);
    if (upload && !upload->begun) /* and never will */
        eddy__response_unref(call->response);
}

/* The failure of the body's own counts more than that of the answer that does not come for it. */
static int upload_failure(struct eddy__call *call, int status)
{
    struct eddy__upload *upload = call->upload;

    if (status != EDDY_ECLOSED || !upload->ended)
        return status;
    int own = eddy_await(upload->task);
    return own < 0 ? own : status;
}

static int exchange_with_upload(struct eddy__call *call)
{
    eddy__try(upload_begin(call));
    int status = receive_answer(call);
    if (status < 0)
        return upload_failure(call, status);
    if (call->upload->ended || call->response->head.status >= 400)
        eddy__upload_end(call);
    return 0;
}

/* ---- asking before a body ---- */

/* 1: the answer is there already; 0: the body is to be sent. */
static int await_word(struct eddy__call *call)
{
    const struct eddy__head *head = &call->response->head;
    eddy_scope patience = {0};
    int status = eddy__try(eddy__exchange_flush(call->exchange));

    for (int i = 0; i <= EDDY__HTTP_INTERIMS; i++) {
        eddy_timeout_as(patience, CONTINUE_SECONDS)
            status = receive_next(call);
        if (status == EDDY_ETIMEDOUT && eddy_scope_expired(&patience)) {
            eddy_error_clear();
            return 0;
        }
        if (status == 0)
            return no_answer(call);
        eddy__try(status);
        status = eddy__try(judge_head(call));
        if (status > 0 || head->status == 100)
            return status;
    }
    return too_many_interims(call);
}

static int ask_first(struct eddy__call *call)
{
    struct eddy__limit limit;

    eddy__limit_enter(&limit, call, call->opts.timeout_read, "waiting for an answer",
                      "timeout_read");
    return eddy__limit_leave(&limit, call, await_word(call));
}

int eddy__exchange(struct eddy__call *call)
{
    struct eddy__body *body = &call->body;

    call->dead = false;
    eddy__try(eddy__exchange_send(call->exchange, &call->head));
    if (call->opts.expect_continue && body->kind != EDDY__BODY_NONE &&
        eddy__try(ask_first(call)) > 0)
        return 0;
    if (body->kind == EDDY__BODY_NONE ||
        (body->kind == EDDY__BODY_MEMORY && body->length <= EDDY__HTTP_AT_ONCE))
        return exchange_at_once(call);
    return exchange_with_upload(call);
}

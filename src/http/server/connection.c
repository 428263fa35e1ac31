/* connection.c - a connection of HTTP/1.1: one exchange after another, from the first byte to the
 * last, and an end that loses no answer. */
#include "http/message/h1.h"
#include "http/server/server.h"
#include "http/websocket/websocket.h"

enum { LINGER_MAX = 64 * 1024, LINGER_ROOM = 8192 };
#define LINGER_SECONDS 2.0

struct connection {
    eddy_http_server *server;
    eddy_stream *stream;
    struct eddy__member *member; /* NULL: it came through the listening server */
    struct eddy__arena arena;
    struct eddy__h1 h1;
    eddy_request request;
    unsigned served;
    bool cut_off;         /* an answer has begun and cannot be ended */
    bool lingers;         /* the client may still send what nobody reads */
    bool corked;          /* several answers are to leave together */
    eddy_handle uncorker; /* of the next turn: a handler that waits holds up no earlier answer */
};

/* ---- pipelining ---- */

static int uncork_later(void *arg)
{
    struct connection *c = arg;

    c->corked = false;
    eddy_ignore(eddy_uncork(c->stream));
    return 0;
}

/* Keeps this answer back for the next ones, whose requests have come already. */
static void hold_answers(struct connection *c)
{
    if (c->corked)
        return;
    c->uncorker = eddy_loop_call_soon(eddy_loop_running(), uncork_later, c);
    c->corked = c->uncorker.call && eddy_cork(c->stream) >= 0;
}

static int release_answers(struct connection *c)
{
    if (!c->corked)
        return 0;
    c->corked = false;
    eddy_loop_cancel_call(eddy_loop_running(), c->uncorker);
    return eddy_uncork(c->stream);
}

/* ---- an exchange ---- */

static void begin_request(struct connection *c)
{
    const eddy_http_server *server = c->server;

    eddy__arena_reset(&c->arena);
    eddy__h1_next(&c->h1);
    c->request = (eddy_request){
        .server = c->server,
        .exchange = &c->h1.exchange,
        .arena = &c->arena,
        .connection = c->stream,
        .task = eddy_current_task(),
        .arg = server->opts.arg,
        .max_body = server->opts.max_body,
        .begun = eddy_time(),
        .last = ++c->served >= server->opts.max_requests,
    };
}

/* 1, 0 at the end of the connection, or a failure; EDDY_HTTP(n) is one that is to be answered. */
static int receive_request(struct connection *c)
{
    eddy_request *r = &c->request;
    eddy_scope scope;
    int status = 0;

    eddy_timeout_as(scope, c->server->opts.timeout_header)
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

/* The answer was sent. A client that has asked for the end of the connection, and whose request was
 * read, should send no more: only what has come all the same is a reason to wait for its end. */
static int end_request(struct connection *c)
{
    const eddy_request *r = &c->request;

    if (c->corked && !eddy__h1_has_more(&c->h1))
        eddy__try(release_answers(c));
    if (!r->answer.closes && eddy__request_discard(&c->request) && eddy__h1_reusable(&c->h1))
        return 1;
    c->lingers =
        !r->upgraded && (r->head.keep_alive || !r->body_ended || !eddy_stream_is_idle(c->stream));
    return 0;
}

/* 1: the connection can be used again; 0: it is to end; or a failure. */
static int serve_request(struct connection *c)
{
    eddy_request *r = &c->request;

    begin_request(c);
    int status = receive_request(c);
    if (status == 0 || (status < 0 && status > EDDY_HTTP(200)))
        return status;
    if (eddy__h1_has_more(&c->h1))
        hold_answers(c);
    if (status > 0)
        status = leave_handler(r, handle_request(r));
    status = answer_request(r, status);
    eddy__gzip_close(eddy_take(r->answer.packer));
    c->cut_off = status < 0 && r->answer.begun;
    if (status >= 0)
        status = end_request(c);
    int logged = eddy__log_request(r);
    return logged < 0 ? logged : status;
}

/* ---- the connection ---- */

/* Through memory, waiting is ended by a cancellation. 1: something has come. */
static int await_in_memory(struct connection *c)
{
    const char *data;

    if (c->server->closing)
        return eddy__h1_has_more(&c->h1);
    c->member->idle = true;
    ssize_t n = eddy_peek(c->stream, 0, &data);
    c->member->idle = false;
    return n < 0 ? (int)n : n > 0;
}

/* What was not asked for in time is the end, without an answer. */
static int await_request(struct connection *c)
{
    eddy_scope scope;
    int status = 0;

    eddy_timeout_as(scope, c->server->opts.idle_timeout) {
        status = c->member ? await_in_memory(c) : eddy_server_await_request(c->stream);
    }
    return status == EDDY_ETIMEDOUT && eddy_scope_expired(&scope) ? 0 : status;
}

/* What the client still sends is read for a while: a connection that is closed with bytes unread is
 * reset, and the answer with it (RFC 9112 section 9.6). */
static void linger_after(struct connection *c)
{
    char room[LINGER_ROOM];
    ssize_t n = 1;

    eddy_timeout(LINGER_SECONDS) {
        if (eddy_write_eof(c->stream) < 0)
            break;
        for (size_t thrown = 0; n > 0 && thrown < LINGER_MAX; thrown += (size_t)n)
            n = eddy_read(c->stream, room, sizeof room);
    }
}

static int serve_all(struct connection *c)
{
    int status;

    do {
        status = await_request(c);
        if (status > 0)
            status = serve_request(c);
    } while (status > 0);
    return status;
}

static void end_connection(struct connection *c)
{
    if (release_answers(c) < 0 || c->cut_off)
        eddy_stream_abort(c->stream);
    else if (c->lingers)
        linger_after(c);
    eddy__arena_free(&c->arena);
}

int eddy__http_connection(eddy_http_server *server, eddy_stream *stream,
                          struct eddy__member *member)
{
    struct connection c = {.server = server, .stream = stream, .member = member};

    server->refs++;
    server->stats.connections++;
    eddy__h1_init(&c.h1, stream, &c.arena, &server->limits, false);
    int status = serve_all(&c);
    end_connection(&c);
    eddy__http_server_unref(server);
    return status == EDDY_ECANCELED ? status : 0;
}

/* connection_h2.c - a connection of HTTP/2: each of its streams is a request with a task of its
 * own. The task of the connection itself receives for all of them. */
#include "http/h2/h2.h"
#include "http/server/server.h"

struct h2_connection {
    eddy_http_server *server;
    eddy_stream *stream;
    struct eddy__member *member; /* NULL: it came through the listening server */
    struct eddy__h2 *h2;
    eddy_group *handlers;
    unsigned served;
    unsigned logging; /* requests that have been answered, whose line is on its way to the log */
    eddy_event logged;
};

/* ---- a request ---- */

static int serve_stream(struct eddy__h2_stream *s, struct h2_connection *c)
{
    eddy_request r;

    eddy__request_begin(&r, c->server, &s->exchange, c->stream);
    int status = eddy__request_answer(&r, eddy__request_receive(&r));
    if (status < 0)
        eddy__exchange_abort(&s->exchange);
    else
        eddy_ignore(eddy__request_discard(&r));
    eddy__h2_leave_stream(s);
    c->logging++;
    status = eddy__log_request(&r);
    c->logging--;
    eddy_event_set(&c->logged);
    eddy__h2_close_stream(s);
    return status;
}
EDDY_CORO(serve_stream, struct eddy__h2_stream *, struct h2_connection *)

static int accept_stream(struct eddy__h2_stream *s, void *arg)
{
    struct h2_connection *c = arg;

    if (++c->served >= c->server->opts.max_requests)
        eddy__h2_shut_down(c->h2);
    return eddy_group_start(c->handlers, serve_stream_coro(s, c), .name = "request over HTTP/2",
                            .stack_size = c->server->opts.stack_size);
}

/* ---- the connection ---- */

/* A client is faster than the log: no further requests until that has caught up. */
static int await_log(struct h2_connection *c)
{
    while (c->logging >= c->server->opts.max_streams) {
        eddy_event_clear(&c->logged);
        eddy__try(eddy_event_wait(&c->logged));
    }
    return 0;
}

/* Waits for bytes, and for the end of the server. */
static int await_bytes(struct eddy__h2 *h2, void *arg)
{
    struct h2_connection *c = arg;

    eddy__try(await_log(c));
    if (c->member || h2->leaving)
        return 1;
    int status = eddy__try(eddy_server_await_request(c->stream));
    if (status > 0 || !eddy_server_stopping(c->stream))
        return status;
    eddy__h2_shut_down(h2);
    return 1;
}

static void end_with_server(void *arg)
{
    eddy__h2_shut_down(arg);
}

/* The requests of a client that has gone are served to their ends, as those of HTTP/1.1 are. */
static int run_streams(struct h2_connection *c)
{
    eddy_auto(eddy_group) *handlers = eddy__try(eddy_group_open());

    c->handlers = handlers;
    if (c->member) {
        c->member->end = end_with_server;
        c->member->end_arg = c->h2;
    }
    int status = eddy__h2_run(c->h2);
    if (c->member)
        c->member->end = NULL;
    if (status != EDDY_ECANCELED)
        eddy__try(eddy_group_join(handlers));
    return status;
}

int eddy__http_connection_h2(eddy_http_server *server, eddy_stream *stream,
                             struct eddy__member *member)
{
    struct h2_connection c = {.server = server, .stream = stream, .member = member};
    const eddy_http_server_opts *opts = &server->opts;

    c.h2 = eddy__try(eddy__h2_open(stream, &(struct eddy__h2_opts){
                                               .accept = accept_stream,
                                               .await = await_bytes,
                                               .arg = &c,
                                               .max_streams = opts->max_streams,
                                               .limits = server->limits,
                                               .idle_timeout = opts->idle_timeout,
                                               .timeout_header = opts->timeout_header,
                                           }));
    if (server->closing)
        eddy__h2_shut_down(c.h2);
    int status = run_streams(&c);
    bool misused = c.h2->misused != 0;
    eddy__h2_close(c.h2);
    return status < 0 ? status : misused;
}

/* connection.c - a connection: which version of HTTP it speaks, one exchange of HTTP/1.1 after
 * another, and an end that loses no answer. */
#include "http/message/h1.h"
#include "http/server/server.h"

enum { LINGER_MAX = 64 * 1024 };
#define LINGER_SECONDS 2.0
#define LINGER_DEAF_SECONDS 0.5

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

    eddy__arena_reset(&c->arena);
    eddy__h1_next(&c->h1);
    eddy__request_begin(r, c->server, &c->h1.exchange, c->stream);
    r->last = ++c->served >= c->server->opts.max_requests;
    int status = eddy__request_receive(r);
    if (status == 0 || (status < 0 && status > EDDY_HTTP(200)))
        return status;
    if (eddy__h1_has_more(&c->h1))
        hold_answers(c);
    status = eddy__request_answer(r, status);
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

    if (!eddy__h1_has_more(&c->h1))
        eddy__arena_free(&c->arena); /* one that is idle for long costs little */
    eddy_timeout_as(scope, c->server->opts.idle_timeout) {
        status = c->member ? await_in_memory(c) : eddy_server_await_request(c->stream);
    }
    return status == EDDY_ETIMEDOUT && eddy_scope_expired(&scope) ? 0 : status;
}

/* What the client still sends is read for a while: a connection that is closed with bytes unread is
 * reset, and the answer with it (RFC 9112 section 9.6). One that sends more gets time to see the
 * answer, but nothing more is read. */
static void linger_after(struct connection *c)
{
    const char *data;
    ssize_t n = 1;

    eddy_timeout(LINGER_SECONDS) {
        if (eddy_write_eof(c->stream) < 0)
            break;
        for (size_t thrown = 0; n > 0 && thrown < LINGER_MAX; thrown += (size_t)n) {
            n = eddy_peek(c->stream, 0, &data);
            if (n > 0)
                eddy_ignore(eddy_skip(c->stream, (size_t)n));
        }
        if (n > 0)
            eddy_ignore(eddy_sleep(LINGER_DEAF_SECONDS));
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

/* Whether the client begins with the preface of HTTP/2, which no request of HTTP/1 is. One that
 * comes too slowly is answered as a head that does. */
static bool has_preface(struct connection *c)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const size_t whole = sizeof preface - 1;
    const char *data;
    ssize_t known = 0, n;

    do {
        n = eddy_peek(c->stream, (size_t)known, &data);
        if (n <= known || memcmp(data, preface, min_size((size_t)n, whole)) != 0)
            return false;
        known = n;
    } while ((size_t)known < whole);
    return true;
}

/* By agreement within TLS; in the clear by knowing so before. */
static bool speaks_h2(struct connection *c)
{
    const char *alpn = eddy_stream_alpn(c->stream);
    bool preface = false;

    if (alpn || c->server->opts.no_http2 || eddy_stream_tls_version(c->stream))
        return alpn && strcmp(alpn, "h2") == 0;
    eddy_timeout(c->server->opts.timeout_header)
        preface = has_preface(c);
    return preface;
}

/* What comes first says what follows. */
static int serve_version(struct connection *c)
{
    int status = await_request(c);

    if (status <= 0)
        return status;
    if (speaks_h2(c)) {
        status = eddy__http_connection_h2(c->server, c->stream, c->member);
        c->cut_off = status < 0;
        c->lingers = status > 0;
        return status;
    }
    status = serve_request(c);
    return status > 0 ? serve_all(c) : status;
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
    int status = serve_version(&c);
    end_connection(&c);
    eddy__http_server_unref(server);
    return status == EDDY_ECANCELED ? status : 0;
}

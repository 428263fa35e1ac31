/* conn.c - a connection of the pool, of either version: its exchanges, and its end. */
#include "http/client/client.h"

static const struct eddy__head_limits conn_limits = {
    .size = EDDY__HTTP_HEAD,
    .fields = EDDY__HTTP_FIELDS,
};

/* ---- the end ---- */

static void conn_free(struct eddy__http_conn *conn)
{
    eddy_http *http = conn->http;

    eddy__h2_close(conn->h2);
    eddy_stream_close(conn->stream);
    eddy_free(conn);
    eddy__http_unref(http);
}

/* The task of a connection of HTTP/2. Exchanges that are left keep the connection. */
static int run_conn(struct eddy__http_conn *conn)
{
    if (eddy__h2_run(conn->h2) < 0)
        eddy_stream_abort(conn->stream);
    eddy_error_clear();
    eddy__pool_lose(conn);
    eddy_detach(eddy_take(conn->runner));
    conn->over = true;
    if (conn->users == 0)
        conn_free(conn);
    return 0;
}
EDDY_CORO(run_conn, struct eddy__http_conn *)

/* What is in the middle of an exchange is not waited for. */
void eddy__conn_close(struct eddy__http_conn *conn)
{
    const struct eddy__h1 *h1 = &conn->h1;

    if (conn->h2 && !conn->over) {
        eddy__h2_go_away(conn->h2);
        return;
    }
    if (h1->sent && (!h1->out_ended || h1->in != EDDY__H1_NONE))
        eddy_stream_abort(conn->stream);
    conn_free(conn);
}

/* ---- opening ---- */

static void conn_greeted(void *arg)
{
    eddy__pool_tell(arg);
}

static int begin_h2(struct eddy__http_conn *conn)
{
    conn->h2 = eddy__try(eddy__h2_open(
        conn->stream,
        &(struct eddy__h2_opts){.limits = conn_limits, .greet = conn_greeted, .arg = conn}));
    conn->users++; /* it may end at once */
    conn->runner =
        eddy_create_task(run_conn_coro(conn), .name = "connection of HTTP/2", .eager = true);
    conn->users--;
    if (!conn->runner)
        return EDDY_ENOMEM;
    if (!conn->over)
        return 0;
    eddy_task_close(eddy_take(conn->runner));
    return eddy__raise(EDDY_ECONNRESET, "%s ended the connection at once",
                       eddy_stream_peer(conn->stream));
}

/* What the stream to the server speaks. */
static int choose_version(struct eddy__http_conn *conn, struct eddy__call *call)
{
    const char *alpn = eddy_stream_alpn(conn->stream);
    int version = call->http->opts.version;
    bool agreed = alpn && strcmp(alpn, "h2") == 0;

    if (call->url.secure && version == EDDY_HTTP_2 && !agreed)
        return eddy__raise(EDDY_EPROTO, "%s %s: the server does not speak HTTP/2", call->method,
                           call->url.authority);
    if (call->url.secure ? agreed : version == EDDY_HTTP_2 && !call->opts.upgrade)
        return begin_h2(conn);
    eddy__h1_init(&conn->h1, conn->stream, NULL, &conn_limits, true);
    return 0;
}

static int connect_stream(struct eddy__http_conn *conn, struct eddy__call *call)
{
    conn->stream = eddy__try(eddy__http_connect(call));
    return 0;
}

static int open_conn_in_time(struct eddy__http_conn *conn, struct eddy__call *call)
{
    struct eddy__limit limit;

    eddy__limit_enter(&limit, call, call->opts.timeout_connect, "connecting", "timeout_connect");
    eddy__try(eddy__limit_leave(&limit, call, connect_stream(conn, call)));
    conn->number = ++call->http->stats.connections;
    conn->ends = eddy_time() + call->http->opts.max_age;
    return choose_version(conn, call);
}

struct eddy__http_conn *eddy__conn_open(struct eddy__call *call)
{
    struct eddy__http_conn *conn = eddy_alloc_zero(sizeof *conn);

    if (!conn) {
        eddy__raise(EDDY_ENOMEM, "no memory for a connection");
        return NULL;
    }
    conn->http = call->http;
    conn->http->refs++;
    list_init(&conn->in_host);
    list_init(&conn->in_session);
    if (open_conn_in_time(conn, call) < 0) {
        conn_free(conn);
        return NULL;
    }
    return conn;
}

/* ---- exchanges ---- */

struct eddy__exchange *eddy__conn_begin(struct eddy__http_conn *conn, struct eddy__arena *arena)
{
    struct eddy__exchange *exchange = &conn->h1.exchange;

    if (conn->h2) {
        struct eddy__h2_stream *s = eddy__h2_open_stream(conn->h2, arena);

        if (!s)
            return NULL;
        exchange = &s->exchange;
    } else {
        exchange->arena = arena;
        if (conn->served > 0)
            eddy__h1_next(&conn->h1);
    }
    conn->users++;
    return exchange;
}

bool eddy__conn_end(struct eddy__http_conn *conn, struct eddy__exchange *exchange)
{
    conn->users--;
    if (!conn->h2)
        return eddy__h1_reusable(&conn->h1) && eddy_stream_is_idle(conn->stream);
    eddy__h2_close_stream(eddy__h2_stream_of(exchange));
    return eddy__h2_is_good(conn->h2);
}

bool eddy__conn_has_room(const struct eddy__http_conn *conn)
{
    return conn->h2 ? eddy__h2_room(conn->h2) > 0 : conn->users == 0;
}

bool eddy__conn_is_good(const struct eddy__http_conn *conn, double now)
{
    if (now >= conn->ends || (conn->users == 0 && now >= conn->idle_ends))
        return false;
    return conn->h2 ? eddy__h2_is_good(conn->h2) : eddy_stream_is_idle(conn->stream);
}

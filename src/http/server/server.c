/* server.c - opening a server with its options, asking it, and its end. */
#include "http/server/server.h"

#include <eddy/memory.h>

#define DRAIN 10.0

/* ---- options ---- */

static int check_seconds(const char *name, double seconds)
{
    if (isnan(seconds) || seconds < 0)
        return eddy__raise(EDDY_EINVAL, "a server's %s is a number of seconds, not %g", name,
                           seconds);
    return 0;
}

static int check_http_opts(const eddy_router *router, const eddy_http_server_opts *opts)
{
    if (!router)
        return eddy__raise(EDDY_EINVAL, "a server of HTTP needs a router");
    if (opts->max_head > 48 * 1024)
        return eddy__raise(EDDY_EINVAL, "a head of %zu bytes is too large: at most 48 KiB",
                           opts->max_head);
    eddy__try(check_seconds("idle_timeout", opts->idle_timeout));
    eddy__try(check_seconds("timeout_header", opts->timeout_header));
    return check_seconds("timeout_write", opts->timeout_write);
}

#define DEFAULT(field, value) ((field) = (field) ? (field) : (value))

static void put_defaults(eddy_http_server_opts *opts)
{
    DEFAULT(opts->drain, DRAIN);
    DEFAULT(opts->max_head, 32 * 1024);
    DEFAULT(opts->max_target, 8 * 1024);
    DEFAULT(opts->max_fields, 100);
    DEFAULT(opts->max_body, 16 * 1024 * 1024);
    DEFAULT(opts->max_requests, 100000);
    DEFAULT(opts->max_streams, 100);
    DEFAULT(opts->idle_timeout, 75);
    DEFAULT(opts->timeout_header, 10);
    DEFAULT(opts->timeout_write, 30);
    DEFAULT(opts->min_rate, 250);
    if (opts->cert)
        DEFAULT(opts->tls_opts.alpn, opts->no_http2 ? "http/1.1" : "h2,http/1.1");
}

/* ---- opening ---- */

static int handle_http(eddy_stream *stream)
{
    return eddy__http_connection(eddy_stream_arg(stream), stream, NULL);
}

static int listen_for(eddy_http_server *server)
{
    const eddy_http_server_opts *o = &server->opts;

    server->listens = eddy_server_open(handle_http, .arg = server, .host = o->host, .port = o->port,
                                       .unix_path = o->unix_path, .activation = o->activation,
                                       .backlog = o->backlog, .max_connections = o->max_connections,
                                       .reuse_port = o->reuse_port, .stack_size = o->stack_size,
                                       .drain = o->drain, .stop_on_signal = o->stop_on_signal,
                                       .cert = o->cert, .key = o->key, .tls_opts = o->tls_opts);
    return server->listens ? 0 : eddy_last_status();
}

static void name_url(eddy_http_server *server)
{
    const eddy_http_server_opts *o = &server->opts;
    const char *scheme = o->cert ? "https" : "http", *host = o->host;
    int port = server->listens ? eddy_server_port(server->listens) : 0;

    if (port == 0)
        host = "localhost";
    else if (!host || strcmp(host, "*") == 0)
        host = "127.0.0.1";
    bool bare_ipv6 = strchr(host, ':') && *host != '[';
    int length = snprintf(server->url, sizeof server->url, "%s://%s%.100s%s", scheme,
                          bare_ipv6 ? "[" : "", host, bare_ipv6 ? "]" : "");
    if (port)
        snprintf(server->url + length, sizeof server->url - (size_t)length, ":%d", port);
}

static eddy_http_server *make_http_server(eddy_router *router, const eddy_http_server_opts *opts)
{
    eddy_http_server *server = eddy_alloc_zero(sizeof *server);

    if (!server) {
        eddy__raise(EDDY_ENOMEM, "no memory for a server");
        return NULL;
    }
    server->router = router;
    server->opts = *opts;
    server->refs = 1;
    put_defaults(&server->opts);
    server->limits = (struct eddy__head_limits){
        .size = server->opts.max_head,
        .target = server->opts.max_target,
        .fields = server->opts.max_fields,
    };
    return server;
}

eddy_http_server *eddy_http_server_open_with(eddy_router *router, const eddy_http_server_opts *opts)
{
    static const eddy_http_server_opts defaults;

    if (!opts)
        opts = &defaults;
    if (check_http_opts(router, opts) < 0)
        return NULL;
    eddy_http_server *server = make_http_server(router, opts);
    if (!server)
        return NULL;
    if ((opts->trusted_proxies &&
         eddy__proxies_open(&server->proxies, opts->trusted_proxies) < 0) ||
        (!opts->in_memory && listen_for(server) < 0)) {
        eddy__http_server_unref(server);
        return NULL;
    }
    name_url(server);
    return server;
}

int eddy_http_serve_with(eddy_router *router, const eddy_http_server_opts *opts)
{
    eddy_auto(eddy_http_server) *server = eddy__try(eddy_http_server_open_with(router, opts));

    return eddy_http_server_wait(server);
}

int eddy_http_server_wait(eddy_http_server *server)
{
    if (!server->listens)
        return eddy__raise(EDDY_EINVAL, "a server in memory ends when it is closed");
    return eddy_server_wait(server->listens);
}

/* ---- asking ---- */

const char *eddy_http_server_url(const eddy_http_server *server)
{
    return server->url;
}

int eddy_http_server_port(const eddy_http_server *server)
{
    return eddy_server_port(server->listens);
}

unsigned eddy_http_server_connections(const eddy_http_server *server)
{
    unsigned count = eddy_server_connections(server->listens);

    for (const struct eddy__member *m = server->members; m; m = m->next)
        count += !m->ended;
    return count;
}

eddy_http_server_stats eddy_http_server_get_stats(const eddy_http_server *server)
{
    return server->stats;
}

/* ---- ending ---- */

void eddy__http_server_unref(eddy_http_server *server)
{
    if (--server->refs)
        return;
    eddy__proxies_close(server->proxies);
    eddy_free(server);
}

void eddy_http_server_close(eddy_http_server *server)
{
    if (!server)
        return;
    server->closing = true;
    eddy__members_end_idle(server);
    eddy_server_close(eddy_take(server->listens));
    eddy__members_close(server);
    eddy__http_server_unref(server);
}

/* server.c - opening a server, asking it, and the ways to end it. */
#include "server/server.h"

#include <math.h>

enum { MAX_CONNECTIONS = 65536 };

void eddy__server_unref(eddy_server *server)
{
    if (--server->refs)
        return;
    eddy__tls_context_unref(server->tls);
    eddy_free(server);
}

/* ---- opening ---- */

static int server_check(eddy_handler *handler, const eddy_serve_opts *opts)
{
    if (!handler)
        return eddy__raise(EDDY_EINVAL, "a server needs a handler");
    if (opts->port < 0 || opts->port > 65535)
        return eddy__raise(EDDY_EINVAL, "a port to listen on is between 0 and 65535, not %d",
                           opts->port);
    if (opts->backlog < 0)
        return eddy__raise(EDDY_EINVAL, "a server's backlog is at least 1, not %d", opts->backlog);
    if (isnan(opts->drain))
        return eddy__raise(EDDY_EINVAL, "a server's drain is a number of seconds, not NaN");
    if (opts->stack_size > EDDY__TASK_STACK_MAX)
        return eddy__raise(EDDY_EINVAL, "a stack of %zu bytes is too large: at most %u",
                           opts->stack_size, EDDY__TASK_STACK_MAX);
    if (opts->unix_path && opts->host)
        return eddy__raise(EDDY_EINVAL,
                           "a server listens on a host or on a unix_path, not on both");
    return eddy__stream_check_opts(&opts->stream);
}

static void name_server(eddy_server *server)
{
    eddy_address a;

    if (eddy__socket_local(server->sockets.fds[0], &a) >= 0)
        eddy_address_format(&a, server->name);
    else
        snprintf(server->name, sizeof server->name, "port %d", server->sockets.port);
}

static eddy_server *make_server(eddy_handler *handler, const eddy_serve_opts *opts,
                                const struct eddy__listeners *sockets,
                                struct eddy__tls_context *tls)
{
    size_t size = sizeof(eddy_server) + (size_t)sockets->count * sizeof(struct eddy__listener);
    eddy_server *server = eddy_alloc_zero(size);

    if (!server)
        return NULL;
    server->loop = eddy__thread.loop;
    server->handler = handler;
    server->arg = opts->arg;
    server->stack_size = opts->stack_size;
    server->drain = opts->drain;
    server->tls = tls;
    server->stream = opts->stream;
    server->max = opts->max_connections ? opts->max_connections : MAX_CONNECTIONS;
    server->refs = 1;
    server->sockets = *sockets;
    list_init(&server->connections);
    name_server(server);
    return server;
}

eddy_server *eddy_server_open_with(eddy_handler *handler, const eddy_serve_opts *opts)
{
    static const eddy_serve_opts defaults;
    struct eddy__listeners sockets;
    struct eddy__tls_context *tls;

    if (!opts)
        opts = &defaults;
    if (eddy__checkpoint() < 0 || server_check(handler, opts) < 0 ||
        eddy__tls_server_context(opts, &tls) < 0)
        return NULL;
    if (eddy__listeners_open(&sockets, opts) < 0) {
        eddy__tls_context_unref(tls);
        return NULL;
    }
    eddy_server *server = make_server(handler, opts, &sockets, tls);
    if (!server) {
        eddy__listeners_close(&sockets);
        eddy__tls_context_unref(tls);
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    if (eddy__acceptor_start(server) < 0 ||
        (opts->stop_on_signal && eddy__server_signals_start(server) < 0)) {
        eddy_server_close(server);
        return NULL;
    }
    return server;
}

int eddy_serve_with(eddy_handler *handler, const eddy_serve_opts *opts)
{
    eddy_auto(eddy_server) *server = eddy_server_open_with(handler, opts);

    return server ? eddy_server_wait(server) : eddy_status_pointer_(NULL);
}

/* ---- asking ---- */

int eddy_server_port(const eddy_server *server)
{
    return server ? server->sockets.port : 0;
}

unsigned eddy_server_connections(const eddy_server *server)
{
    return server ? server->count : 0;
}

/* ---- ending ---- */

void eddy_server_stop(eddy_server *server)
{
    if (!server || server->stopped)
        return;
    server->stopped = true;
    for (int i = 0; i < server->sockets.count; i++)
        eddy__fd_forget(&server->listeners[i].fd);
    eddy__listeners_close(&server->sockets);
    eddy__wake_at(&server->acceptor_waits, 0);
    eddy__connections_end_idle(server);
    if (!server->count)
        eddy__waiters_grant_all(&server->emptied, 0);
}

static bool is_over(const eddy_server *server)
{
    return server->stopped && !server->count;
}

/* Waits for the end of all handlers: these are tasks, one of which could wait for this one. */
struct ending {
    struct eddy_waiter_ waiter; /* must stay first: waiting_on is read as the waiter */
    struct eddy__task_wait wait;
    eddy_server *server;
    struct list *cursor;
};

static eddy_task *next_handler(struct eddy__task_wait *wait)
{
    struct ending *e = container_of(wait, struct ending, wait);

    if (wait->at == 0)
        e->cursor = NULL;
    return eddy__connection_next(e->server, &e->cursor);
}

/* Until the last of them has ended; kind->abort must be eddy__waiter_abort, or NULL. 0, or what
 * made it leave, not raised. */
static int wait_emptied(eddy_server *server, const struct eddy__wait_kind *kind)
{
    static const struct eddy__task_wait_kind wait = {next_handler, eddy__waiter_abort};
    struct ending e = {.waiter.task = eddy__self(), .wait.kind = &wait, .server = server};

    eddy__waiters_add(&server->emptied, &e.waiter);
    return eddy__park_for_tasks(&e.wait, kind, &e);
}

/* Whoever else ends the server may close it meanwhile. */
static int wait_until_over(eddy_server *server)
{
    static const struct eddy__wait_kind serving = {"the end of its server", eddy__waiter_abort};
    int status = 0;

    server->refs++;
    while (!status && !is_over(server)) {
        status = eddy__self()->interrupt;
        if (!status)
            status = wait_emptied(server, &serving);
    }
    eddy__server_unref(server);
    return eddy__raise_if(status);
}

int eddy_server_wait(eddy_server *server)
{
    int status = eddy__check_interrupt();

    if (status < 0)
        return status;
    if (server && !is_over(server))
        return wait_until_over(server);
    eddy__spend();
    return 0;
}

int eddy_server_drain(eddy_server *server, double seconds)
{
    static const struct eddy__wait_kind kind = {"the end of a server's connections",
                                                eddy__waiter_abort};
    int status = eddy__check_interrupt();

    if (status < 0)
        return status;
    if (isnan(seconds))
        return eddy__raise(EDDY_EINVAL, "eddy_server_drain: NaN seconds");
    if (!server || !server->count) {
        eddy__spend();
        return 0;
    }
    eddy_timeout(seconds) {
        status = eddy__self()->interrupt;
        if (!status)
            status = wait_emptied(server, &kind);
        if (status < 0)
            eddy__raise_interrupt(status);
    }
    return status;
}

/* A handler cannot wait for itself; nor can who must leave a cycle of those that end servers. */
static void server_await_end(eddy_server *server)
{
    static const struct eddy__wait_kind kind = {"the end of a server's connections", NULL};

    while (eddy__self() && server->count && !eddy__connection_runs(server))
        if (wait_emptied(server, &kind) < 0) {
            eddy__bug(EDDY_EDEADLOCK, "a task ends a server whose handler waits for it: it cannot "
                                      "wait for that one's end");
            return;
        }
}

void eddy_server_abort(eddy_server *server)
{
    if (!server)
        return;
    eddy_server_stop(server);
    server->refs++;
    eddy__connections_cancel(server);
    server_await_end(server);
    eddy__server_unref(server);
}

static void drain_shielded(eddy_server *server)
{
    struct eddy__closer closer;

    eddy__closer_enter(&closer, INFINITY);
    eddy_ignore(eddy_server_drain(server, server->drain));
    eddy__closer_leave(&closer);
}

void eddy_server_close(eddy_server *server)
{
    if (!server)
        return;
    eddy_server_stop(server);
    if (server->drain > 0 && eddy__self() && !eddy__connection_runs(server))
        drain_shielded(server);
    eddy_server_abort(server);
    eddy__server_signals_end(server);
    eddy__acceptor_end(server);
    eddy__server_unref(server);
}

/* connection.c - a server's connections: each is a task that runs the handler. */
#include "server/server.h"

/* Lives as long as its task: freed at the task's end, whether its body has run or not. */
struct connection {
    struct list link; /* of server->connections */
    eddy_server *server;
    eddy_stream *stream;
    eddy_task *task;
    bool idle; /* between two requests: stopping the server ends its wait */
};

/* A bare code gets the record that eddy_raise would have made. */
static COLD void connection_report_failure(const struct connection *c, int status)
{
    if (eddy_last_status() != status)
        eddy__raise_code(status);
    eddy__report(c->server->loop,
                 &(eddy_report){.message = "the handler of a connection has failed",
                                .task = eddy__self(),
                                .error = eddy_last_error()});
}

/* The end of a connection as peers often cause it: reporting each would let them fill a log. With
 * TLS they can also cut it short, and send nonsense. */
static bool peer_has_gone(const struct connection *c, int status)
{
    bool theirs =
        status == EDDY_ECONNRESET || status == EDDY_EPIPE ||
        (c->server->tls && (status == EDDY_EOF || status == EDDY_ETLS || status == EDDY_ETIMEDOUT));

    return theirs && (c->stream->read_error == status || c->stream->write_error == status);
}

/* The body of a connection's task. */
static int handle(struct connection *c)
{
    int status = c->server->tls ? eddy__tls_accept(c->stream, c->server->tls) : 0;

    if (likely(status >= 0))
        status = c->server->handler(c->stream);

    if (unlikely(status < 0)) {
        eddy__self()->observed = true;
        if (status != EDDY_ECANCELED && (!peer_has_gone(c, status) || c->server->loop->debug))
            connection_report_failure(c, status);
    }
    eddy_stream_close(c->stream);
    return status;
}
EDDY_CORO(handle, struct connection *)

static void drop(struct connection *c)
{
    eddy_server *server = c->server;

    eddy_stream_close(c->stream);
    c->stream->connection = NULL;
    eddy__stream_unref(c->stream);
    list_remove(&c->link);
    eddy_free(c);
    if (--server->count == 0)
        eddy__waiters_grant_all(&server->emptied, 0);
    if (server->paused)
        eddy__wake_at(&server->acceptor_waits, 0);
    eddy__server_unref(server);
}

/* On the loop's stack: the task has ended, or was cancelled before it began. */
static void connection_ended(eddy_task *task)
{
    struct connection *c = task->owner;

    drop(c);
    eddy_detach(task);
}

static eddy_stream *make_stream(eddy_server *server, int fd, const eddy_address *peer,
                                const char *name)
{
    eddy_stream *s = eddy__stream_of_family(fd, peer->u.any.sa_family, &server->stream);

    if (!s) {
        eddy__socket_close(fd);
        return NULL;
    }
    s->peer = eddy_strdup(name);
    eddy__stream_ref(s);
    return s;
}

static struct connection *make_connection(eddy_server *server, int fd, const eddy_address *peer,
                                          const char *name)
{
    struct connection *c = eddy_alloc_zero(sizeof *c);

    if (!c) {
        eddy__socket_close(fd);
        return NULL;
    }
    c->stream = make_stream(server, fd, peer, name);
    if (!c->stream) {
        eddy_free(c);
        return NULL;
    }
    c->server = server;
    c->stream->connection = c;
    list_add_tail(&server->connections, &c->link);
    server->count++;
    server->refs++;
    return c;
}

int eddy__connection_start(eddy_server *server, int fd, const eddy_address *address)
{
    char peer[EDDY_ADDRESS_TEXT];
    struct connection *c = make_connection(server, fd, address, eddy_address_format(address, peer));

    if (!c)
        return EDDY_ENOMEM;
    eddy_coro coro = handle_coro(c);
    c->task = eddy__task_new(server->loop, &coro,
                             &(eddy_task_opts){.name = peer, .stack_size = server->stack_size});
    if (!c->task) {
        drop(c);
        return EDDY_ENOMEM;
    }
    c->task->owner = c;
    c->task->on_end = connection_ended;
    eddy__task_start(c->task);
    return 0;
}

void eddy__connections_cancel(eddy_server *server)
{
    eddy_task *self = eddy__self();
    uint32_t cancels = self ? self->cancels : 0;

    list_each(link, &server->connections)
        eddy__task_cancel(container_of(link, struct connection, link)->task, self);
    /* that of its own handler is no echo */
    if (self && !eddy__connection_runs(server))
        eddy__task_end_echo(self, cancels);
}

eddy_task *eddy__connection_next(eddy_server *server, struct list **cursor)
{
    *cursor = *cursor ? (*cursor)->next : server->connections.next;
    return *cursor == &server->connections ? NULL
                                           : container_of(*cursor, struct connection, link)->task;
}

void eddy__connections_end_idle(eddy_server *server)
{
    list_each(link, &server->connections) {
        struct connection *c = container_of(link, struct connection, link);

        if (c->idle)
            eddy__wake_at(&c->stream->reader, EDDY_EINTR);
    }
}

/* The one whose handler is running; NULL for anybody else. */
static struct connection *running(void)
{
    const eddy_task *self = eddy__self();

    return self && self->on_end == connection_ended ? self->owner : NULL;
}

bool eddy__connection_runs(const eddy_server *server)
{
    const struct connection *c = running();

    return c && c->server == server;
}

/* ---- asked by handlers ---- */

void *eddy_stream_arg(const eddy_stream *s)
{
    const struct connection *c = s ? s->connection : NULL;

    return c ? c->server->arg : NULL;
}

bool eddy_server_stopping(const eddy_stream *s)
{
    const struct connection *c = s ? s->connection : NULL;

    return c && c->server->stopped;
}

int eddy_server_await_request(eddy_stream *s)
{
    struct connection *c = running();

    if (!c || c->stream != s)
        return eddy__raise(EDDY_EINVAL, "only the handler of a connection awaits requests on it");
    c->idle = true;
    int status = eddy__stream_await_input(s, &c->server->stopped);
    c->idle = false;
    return status;
}

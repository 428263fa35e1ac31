/* server.c - accepting connections and running a task for each of them. */
#include "io/io.h"

#include <math.h>

enum { MAX_CONNECTIONS = 65536 };
static const int64_t RETRY_MIN = NS_PER_SECOND / 100, RETRY_MAX = NS_PER_SECOND;

struct listener {
    struct eddy__fd fd;
    eddy_server *server;
    bool ready; /* accepting is worth a try */
};

/* Lives as long as its task: freed at the task's end, whether its body has run or not. */
struct connection {
    struct list link; /* of server->connections */
    eddy_server *server;
    eddy_stream *stream;
    eddy_task *task;
};

/* One task accepts for all listeners. It is parked in `acceptor_waits` until one is ready, or
 * `paused`: until a connection has ended, or `retry` fires. References: the owner's, the accepting
 * task's, one for each connection. */
struct eddy_server {
    eddy_loop *loop;
    eddy_handler *handler;
    void *arg;
    size_t stack_size;
    double drain;
    struct eddy__tls_context *tls; /* NULL: in the clear */
    eddy_stream_opts stream;
    unsigned max;
    unsigned count; /* of connections */
    unsigned refs;
    struct list connections;
    eddy_waiters_ emptied; /* those who wait for the last connection's end */
    eddy_task *acceptor;
    eddy_task *acceptor_waits;
    bool paused;
    bool stopped;
    bool in_trouble; /* accepting has failed, and that was reported */
    int64_t retry_delay;
    eddy_timer_ retry;
    unsigned next; /* the listener to be asked first, modulo their number */
    char name[EDDY__ADDRESS_TEXT];
    struct eddy__listeners sockets;
    struct listener listeners[]; /* one for each of sockets */
};

static void unref(eddy_server *server)
{
    if (--server->refs)
        return;
    eddy__tls_context_unref(server->tls);
    eddy__free(server);
}

/* ---- connections ---- */

static void wake_acceptor(eddy_server *server, int status)
{
    eddy_task *task = server->acceptor_waits;

    server->acceptor_waits = NULL;
    if (task)
        eddy__wake(task, status);
}

/* A bare code gets the record that eddy_raise would have made. */
static COLD void report_failure(const struct connection *c, int status)
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
            report_failure(c, status);
    }
    eddy_stream_close(c->stream);
    return status;
}
EDDY_CORO(handle, struct connection *)

static void drop(struct connection *c)
{
    eddy_server *server = c->server;

    eddy_stream_close(c->stream);
    eddy__stream_unref(c->stream);
    list_remove(&c->link);
    eddy__free(c);
    if (--server->count == 0)
        eddy__waiters_grant_all(&server->emptied, 0);
    if (server->paused)
        wake_acceptor(server, 0);
    unref(server);
}

/* On the loop's stack: the task has ended, or was cancelled before it began. */
static void connection_ended(eddy_task *task)
{
    struct connection *c = task->owner;

    drop(c);
    eddy__task_unref(task);
}

static eddy_stream *make_stream(eddy_server *server, int fd, const char *peer)
{
    eddy_stream *s = eddy__stream_new(&eddy__socket_transport, fd, &server->stream);

    if (!s) {
        eddy__socket_close(fd);
        return NULL;
    }
    s->arg = server->arg;
    s->peer = eddy__strdup(peer);
    eddy__stream_ref(s);
    return s;
}

static struct connection *make_connection(eddy_server *server, int fd, const char *peer)
{
    struct connection *c = eddy__alloc_zero(sizeof *c);

    if (!c) {
        eddy__socket_close(fd);
        return NULL;
    }
    c->stream = make_stream(server, fd, peer);
    if (!c->stream) {
        eddy__free(c);
        return NULL;
    }
    c->server = server;
    list_add_tail(&server->connections, &c->link);
    server->count++;
    server->refs++;
    return c;
}

/* Takes fd over. 0 or EDDY_ENOMEM. */
static int start_connection(eddy_server *server, int fd, const struct eddy__address *address)
{
    char peer[EDDY__ADDRESS_TEXT];
    struct connection *c = make_connection(server, fd, eddy__address_format(address, peer));

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

/* ---- accepting ---- */

static void on_ready(struct eddy__fd *fd, unsigned events)
{
    struct listener *l = container_of(fd, struct listener, fd);

    (void)events;
    l->ready = true;
    if (!l->server->paused)
        wake_acceptor(l->server, 0);
}

static void abort_accept(eddy_task *task, int code)
{
    wake_acceptor(task->waiting_on, code);
}

static void retry(eddy_loop *loop, eddy_timer_ *timer)
{
    (void)loop;
    wake_acceptor(container_of(timer, eddy_server, retry), 0);
}

static const struct eddy__wait_kind accepting = {"a connection", abort_accept};
static const struct eddy__wait_kind is_full = {"a connection to end, max_connections being reached",
                                               abort_accept};
static const struct eddy__wait_kind is_short = {"descriptors or memory to accept with",
                                                abort_accept};

/* Waits for a connection's end, or for retry. */
static int pause_accepting(eddy_server *server, const struct eddy__wait_kind *kind)
{
    eddy_task *self = eddy__self();
    int status = self->interrupt;

    /* who was told of trouble may have stopped the server, or cancelled this task */
    if (!status && !server->stopped) {
        server->paused = true;
        server->acceptor_waits = self;
        status = eddy__park(kind, server);
        server->paused = false;
    }
    eddy__timer_cancel(server->loop, &server->retry);
    return status;
}

static COLD void report_trouble(eddy_server *server, int code)
{
    char message[EDDY__ADDRESS_TEXT + 160];

    snprintf(message, sizeof message,
             "the server on %s cannot accept connections: %s; it will try "
             "again",
             server->name, eddy__words(code).text);
    eddy__report(server->loop, &(eddy_report){.message = message, .task = eddy__self()});
}

/* Short of descriptors or memory: told once, and tried again when there may be some. */
static int back_off(eddy_server *server, int code)
{
    int64_t delay = server->retry_delay;

    if (!server->in_trouble)
        report_trouble(server, code);
    server->in_trouble = true;
    server->retry_delay = delay < RETRY_MAX ? 2 * delay : delay;
    server->retry.fire = retry;
    if (eddy__timer_arm(server->loop, &server->retry, eddy__loop_now_exact(server->loop) + delay) <
        0) {
        eddy__yield_turn();
        return 0;
    }
    return pause_accepting(server, &is_short);
}

/* Failures of the one connection that was to be accepted; accept(2) names them. */
static bool concerns_peer(int code)
{
    switch (-code) {
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case EINTR:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
        return true;
    default:
        return false;
    }
}

static int accept_one(struct listener *l)
{
    eddy_server *server = l->server;
    struct eddy__address peer;
    int fd = eddy__socket_accept(l->fd.fd, &peer);
    int status = fd;

    if (fd == -EAGAIN) {
        l->ready = false;
        return 0;
    }
    if (fd < 0 && concerns_peer(fd))
        return 0;
    if (fd >= 0)
        status = start_connection(server, fd, &peer);
    if (status < 0)
        return back_off(server, status);
    server->in_trouble = false;
    server->retry_delay = RETRY_MIN;
    return 0;
}

static struct listener *ready_listener(eddy_server *server)
{
    for (int i = 0; i < server->sockets.count; i++) {
        unsigned at = server->next++ % (unsigned)server->sockets.count;

        if (server->listeners[at].ready)
            return &server->listeners[at];
    }
    return NULL;
}

static int await_connection(eddy_server *server)
{
    int status = 0;

    for (int i = 0; i < server->sockets.count && status >= 0; i++)
        status = eddy__fd_want(&server->listeners[i].fd, EDDY_READABLE);
    if (status < 0)
        return back_off(server, status);
    server->acceptor_waits = eddy__self();
    status = eddy__io_park(&accepting, server);
    server->acceptor_waits = NULL;
    return status;
}

/* The body of the accepting task; ends when the server stops or the task is cancelled. */
static int accept_all(eddy_server *server)
{
    int status = 0;

    while (status >= 0 && !server->stopped) {
        struct listener *l = ready_listener(server);

        if (!l)
            status = await_connection(server);
        else if (server->count >= server->max)
            status = pause_accepting(server, &is_full);
        else if (eddy__checkpoint() < 0)
            break;
        else if (!server->stopped)
            status = accept_one(l);
    }
    return 0;
}
EDDY_CORO(accept_all, eddy_server *)

static void acceptor_ended(eddy_task *task)
{
    unref(task->owner);
}

static int start_acceptor(eddy_server *server)
{
    char name[EDDY__ADDRESS_TEXT + 8];
    eddy_coro coro = accept_all_coro(server);

    snprintf(name, sizeof name, "server %s", server->name);
    server->acceptor = eddy__task_new(server->loop, &coro, &(eddy_task_opts){.name = name});
    if (!server->acceptor)
        return EDDY_ENOMEM;
    server->refs++;
    server->acceptor->owner = server;
    server->acceptor->on_end = acceptor_ended;
    eddy__task_start(server->acceptor);
    return 0;
}

/* ---- opening ---- */

static int check(eddy_handler *handler, const eddy_serve_opts *opts)
{
    if (!handler)
        return eddy_raise(EDDY_EINVAL, "a server needs a handler");
    if (opts->port < 0 || opts->port > 65535)
        return eddy_raise(EDDY_EINVAL, "a port to listen on is between 0 and 65535, not %d",
                          opts->port);
    if (opts->backlog < 0)
        return eddy_raise(EDDY_EINVAL, "a server's backlog is at least 1, not %d", opts->backlog);
    if (isnan(opts->drain))
        return eddy_raise(EDDY_EINVAL, "a server's drain is a number of seconds, not NaN");
    if (opts->unix_path && opts->host)
        return eddy_raise(EDDY_EINVAL, "a server listens on a host or on a unix_path, not on both");
    return eddy__stream_check_opts(&opts->stream);
}

static void name_server(eddy_server *server, const eddy_serve_opts *opts)
{
    struct eddy__address a;

    if (opts->unix_path)
        snprintf(server->name, sizeof server->name, "%s", opts->unix_path);
    else if (eddy__socket_local(server->sockets.fds[0], &a) >= 0)
        eddy__address_format(&a, server->name);
    else
        snprintf(server->name, sizeof server->name, "port %d", server->sockets.port);
}

static eddy_server *make_server(eddy_handler *handler, const eddy_serve_opts *opts,
                                const struct eddy__listeners *sockets,
                                struct eddy__tls_context *tls)
{
    size_t size = sizeof(eddy_server) + (size_t)sockets->count * sizeof(struct listener);
    eddy_server *server = eddy__alloc_zero(size);

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
    server->retry_delay = RETRY_MIN;
    server->sockets = *sockets;
    list_init(&server->connections);
    for (int i = 0; i < sockets->count; i++) {
        eddy__fd_init(&server->listeners[i].fd, server->loop, sockets->fds[i], on_ready);
        server->listeners[i].fd.multishot = true;
        server->listeners[i].server = server;
    }
    name_server(server, opts);
    return server;
}

eddy_server *eddy_server_open_with(eddy_handler *handler, const eddy_serve_opts *opts)
{
    static const eddy_serve_opts defaults;
    struct eddy__listeners sockets;
    struct eddy__tls_context *tls;

    if (!opts)
        opts = &defaults;
    if (eddy__checkpoint() < 0 || check(handler, opts) < 0 ||
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
    if (start_acceptor(server) < 0) {
        eddy_server_close(server);
        return NULL;
    }
    return server;
}

int eddy_serve_with(eddy_handler *handler, const eddy_serve_opts *opts)
{
    static const struct eddy__wait_kind serving = {"the end of its server", eddy__waiter_abort};
    eddy_auto(eddy_server) *server = eddy_server_open_with(handler, opts);
    eddy_waiters_ nobody = {0};
    struct eddy_waiter_ waiter = {0};

    if (!server)
        return eddy_status_pointer_(NULL);
    int status = eddy__self()->interrupt;
    if (!status)
        status = eddy__wait_in(&nobody, &waiter, &serving);
    return eddy__raise_interrupt(status);
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
    wake_acceptor(server, 0);
}

int eddy_server_drain(eddy_server *server, double seconds)
{
    static const struct eddy__wait_kind kind = {"the end of a server's connections",
                                                eddy__waiter_abort};
    struct eddy_waiter_ waiter = {0};
    int status = eddy__check_interrupt();

    if (status < 0)
        return status;
    if (!server || !server->count) {
        eddy__spend();
        return 0;
    }
    eddy_timeout(seconds) {
        status = eddy__self()->interrupt;
        if (!status)
            status = eddy__wait_in(&server->emptied, &waiter, &kind);
        if (status < 0)
            eddy__raise_interrupt(status);
    }
    return status;
}

/* The connection whose handler is running; NULL for anybody else. */
static struct connection *own_connection(const eddy_server *server)
{
    eddy_task *self = eddy__self();

    if (!self || self->on_end != connection_ended)
        return NULL;
    struct connection *c = self->owner;
    return c->server == server ? c : NULL;
}

/* A handler cannot wait for itself. */
static void wait_for_end(eddy_server *server)
{
    static const struct eddy__wait_kind kind = {"the end of a server's connections", NULL};

    while (eddy__self() && server->count && !own_connection(server)) {
        struct eddy_waiter_ waiter = {0};

        eddy__wait_in(&server->emptied, &waiter, &kind);
    }
}

void eddy_server_abort(eddy_server *server)
{
    if (!server)
        return;
    eddy_server_stop(server);
    server->refs++;
    list_each(link, &server->connections)
        eddy__task_cancel(container_of(link, struct connection, link)->task, eddy__self());
    wait_for_end(server);
    unref(server);
}

static void drain_shielded(eddy_server *server)
{
    struct eddy__closer closer;

    eddy__closer_enter(&closer, INFINITY);
    eddy_ignore(eddy_server_drain(server, server->drain));
    eddy__closer_leave(&closer);
}

static void end_acceptor(eddy_server *server)
{
    eddy_task *acceptor = server->acceptor;

    if (!acceptor)
        return;
    if (eddy__self())
        eddy__task_join(acceptor);
    eddy__task_unref(acceptor);
}

void eddy_server_close(eddy_server *server)
{
    if (!server)
        return;
    eddy_server_stop(server);
    if (server->drain > 0 && eddy__self() && !own_connection(server))
        drain_shielded(server);
    eddy_server_abort(server);
    end_acceptor(server);
    unref(server);
}

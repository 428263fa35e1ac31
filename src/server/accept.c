/* accept.c - the task of a server that accepts for all its listeners, and waits when it cannot. */
#include "server/server.h"

static const int64_t RETRY_MIN = NS_PER_SECOND / 100, RETRY_MAX = NS_PER_SECOND;

static void accept_on_ready(struct eddy__fd *fd, unsigned events)
{
    struct eddy__listener *l = container_of(fd, struct eddy__listener, fd);

    (void)events;
    l->ready = true;
    if (!l->server->paused)
        eddy__wake_at(&l->server->acceptor_waits, 0);
}

static void abort_accept(eddy_task *task, int code)
{
    eddy_server *server = task->waiting_on;

    eddy__wake_at(&server->acceptor_waits, code);
}

static void retry(eddy_loop *loop, eddy_timer_ *timer)
{
    (void)loop;
    eddy__wake_at(&container_of(timer, eddy_server, retry)->acceptor_waits, 0);
}

static const struct eddy__wait_kind accepting = {"a connection", abort_accept};
static const struct eddy__wait_kind is_full = {"a connection to end, max_connections being reached",
                                               abort_accept};
static const struct eddy__wait_kind accept_is_short = {"descriptors or memory to accept with",
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
    char message[EDDY_ADDRESS_TEXT + 160];

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
    if (eddy__timer_arm(server->loop, &server->retry, eddy__loop_now_exact(server->loop) + delay) <
        0) {
        eddy__yield_turn();
        return 0;
    }
    return pause_accepting(server, &accept_is_short);
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

static int accept_one(struct eddy__listener *l)
{
    eddy_server *server = l->server;
    eddy_address peer;
    int fd = eddy__socket_accept(l->fd.fd, &peer);
    int status = fd;

    if (fd == -EAGAIN) {
        l->ready = false;
        return 0;
    }
    if (fd < 0 && concerns_peer(fd))
        return 0;
    if (fd >= 0)
        status = eddy__connection_start(server, fd, &peer);
    if (status < 0)
        return back_off(server, status);
    server->in_trouble = false;
    server->retry_delay = RETRY_MIN;
    return 0;
}

static struct eddy__listener *ready_listener(eddy_server *server)
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
        struct eddy__listener *l = ready_listener(server);

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
    eddy__server_unref(task->owner);
}

static void make_listeners(eddy_server *server)
{
    for (int i = 0; i < server->sockets.count; i++) {
        struct eddy__listener *l = &server->listeners[i];

        eddy__fd_init(&l->fd, server->loop, server->sockets.fds[i], accept_on_ready);
        l->fd.multishot = true;
        l->server = server;
    }
}

int eddy__acceptor_start(eddy_server *server)
{
    char name[EDDY_ADDRESS_TEXT + 8];
    eddy_coro coro = accept_all_coro(server);

    make_listeners(server);
    server->retry_delay = RETRY_MIN;
    server->retry.fire = retry;
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

void eddy__acceptor_end(eddy_server *server)
{
    eddy_task *acceptor = server->acceptor;

    if (!acceptor)
        return;
    if (eddy__self())
        eddy__task_join(acceptor);
    eddy__task_unref(acceptor);
}

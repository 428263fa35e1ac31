/* stream.c - the life of a stream: making, waiting for readiness, closing. */
#include "stream/stream.h"

enum { DEFAULT_LIMIT = 65536, DEFAULT_HIGH_WATER = 65536 };
static const double FLUSH_SECONDS = 5.0;

/* ---- making ---- */

int eddy__stream_check_opts(const eddy_stream_opts *opts)
{
    size_t high = opts->high_water ? opts->high_water : DEFAULT_HIGH_WATER;

    if (opts->low_water > high)
        return eddy__raise(EDDY_EINVAL, "low_water (%zu) must not be above high_water (%zu)",
                           opts->low_water, high);
    if (opts->max_fds > EDDY__FDS_MAX)
        return eddy__raise(EDDY_EINVAL, "max_fds of a stream is at most %d, not %u", EDDY__FDS_MAX,
                           opts->max_fds);
    if (opts->limit > SIZE_MAX / 4 || high > SIZE_MAX / 4)
        return eddy__raise(EDDY_EINVAL, "limit and high_water of a stream are at most %zu",
                           SIZE_MAX / 4);
    return 0;
}

static void stream_on_ready(struct eddy__fd *fd, unsigned events)
{
    eddy_stream *s = container_of(fd, eddy_stream, fd);

    if (events & EDDY_READABLE) {
        s->readable = true;
        eddy__wake_at(&s->reader, 0);
    }
    if (events & EDDY_WRITABLE)
        eddy__stream_on_writable(s);
}

eddy_stream *eddy__stream_new(const eddy_transport_kind *kind, int fd, const eddy_stream_opts *opts)
{
    eddy_stream *s = eddy_alloc_zero(sizeof *s);

    if (!s) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    eddy__fd_init(&s->fd, eddy__thread.loop, fd, stream_on_ready);
    eddy__loop_ref(s->fd.loop);
    s->base = (eddy_transport){.kind = kind, .stream = s};
    s->transport = &s->base;
    s->limit = opts->limit ? opts->limit : DEFAULT_LIMIT;
    s->high_water = opts->high_water ? opts->high_water : DEFAULT_HIGH_WATER;
    s->low_water = opts->low_water ? opts->low_water : s->high_water / 4;
    s->fd.hangup = fd < 0; /* a short read may have more behind it that nobody tells of */
    s->readable = true;
    s->writable = true;
    s->refs = 1;
    return s;
}

eddy_stream *eddy__stream_of_family(int fd, int family, const eddy_stream_opts *opts)
{
    bool is_unix = family == AF_UNIX;
    eddy_stream *s =
        eddy__stream_new(is_unix ? &eddy__unix_transport : &eddy__socket_transport, fd, opts);

    if (!s || !is_unix || !opts->max_fds)
        return s;
    s->base.state = eddy__fds_new(opts->max_fds);
    if (s->base.state)
        return s;
    eddy__stream_unref(s);
    eddy__raise_code(EDDY_ENOMEM);
    return NULL;
}

eddy_stream *eddy_stream_of_socket(int fd, const eddy_stream_opts *opts)
{
    static const eddy_stream_opts defaults;

    if (!opts)
        opts = &defaults;
    if (eddy__stream_check_opts(opts) < 0)
        return NULL;
    int family = eddy__socket_adopt(fd, SOCK_STREAM, "stream");
    eddy_stream *s = family < 0 ? NULL : eddy__stream_of_family(fd, family, opts);
    eddy_address peer;
    if (s && family != AF_UNIX && eddy__socket_peer(fd, &peer) >= 0)
        eddy__stream_set_ends(s, NULL, &peer);
    return s;
}

void eddy__stream_free(eddy_stream *s)
{
    eddy_transport *below;

    for (eddy_transport *t = s->transport; t; t = below) {
        below = t->below;
        if (t->kind->release)
            t->kind->release(t);
    }
    eddy__buffer_free(&s->in);
    eddy__buffer_free(&s->out);
    eddy_free(s->peer);
    eddy_free(s->local);
    eddy__loop_unref(s->fd.loop);
    eddy_free(s);
}

/* ---- of other kinds ---- */

static int check_kind(const eddy_transport_kind *kind, const eddy_stream_opts *opts)
{
    if (!eddy__thread.loop)
        return eddy__raise(EDDY_ELOOP, "a stream belongs to a running loop, and none runs here");
    if (!kind || !kind->read || !kind->write)
        return eddy__raise(EDDY_EINVAL, "a kind of transport needs read and write");
    return eddy__stream_check_opts(opts);
}

eddy_stream *eddy_stream_open_with(const eddy_transport_kind *kind, void *state,
                                   const eddy_stream_open_opts *opts)
{
    static const eddy_stream_open_opts defaults;

    if (!opts)
        opts = &defaults;
    if (check_kind(kind, &opts->stream) < 0)
        return NULL;
    eddy_stream *s = eddy__stream_new(kind, -1, &opts->stream);
    if (!s)
        return NULL;
    s->base.state = state;
    s->peer = opts->peer ? eddy_strdup(opts->peer) : NULL;
    s->local = opts->local ? eddy_strdup(opts->local) : NULL;
    return s;
}

eddy_transport *eddy_stream_transport(eddy_stream *s)
{
    return s ? &s->base : NULL;
}

void eddy_transport_ready(eddy_transport *t, unsigned events)
{
    if (t)
        stream_on_ready(&t->stream->fd, events);
}

/* ---- waiting ---- */

static void abort_read(eddy_task *task, int code)
{
    eddy_stream *s = task->waiting_on;

    eddy__wake_at(&s->reader, code);
}

static void abort_write(eddy_task *task, int code)
{
    eddy_stream *s = task->waiting_on;

    eddy__wake_at(&s->writer, code);
}

static const struct eddy__wait_kind waits_for_data = {"data on a stream", abort_read};
static const struct eddy__wait_kind waits_for_room = {"room in a stream", abort_write};
static const struct eddy__wait_kind waits_to_connect = {"a connection", abort_write};

/* Without a descriptor the wait is one for another task, and no I/O. */
static int park(const struct eddy__wait_kind *kind, eddy_stream *s)
{
    eddy_task *self = eddy__self();

    if (likely(s->fd.fd >= 0))
        return eddy__io_park(kind, s);
    return self->interrupt ? self->interrupt : eddy__park(kind, s);
}

int eddy__stream_await_readable(eddy_stream *s)
{
    int status = eddy__stream_want(s, EDDY_READABLE);

    if (status < 0)
        return status;
    s->reading = true;
    s->reader = eddy__self();
    eddy__stream_ref(s);
    status = park(&waits_for_data, s);
    s->reader = NULL;
    s->reading = false;
    if (unlikely(s->closed))
        status = EDDY_ECLOSED;
    eddy__stream_unref(s);
    return status;
}

static int stream_await_writable(eddy_stream *s, size_t mark, const struct eddy__wait_kind *kind)
{
    bool closing = s->closed; /* it is the closer itself that waits */
    int status = eddy__stream_want(s, EDDY_WRITABLE);

    if (status < 0)
        return status;
    s->mark = mark;
    s->writer = eddy__self();
    eddy__stream_ref(s);
    status = park(kind, s);
    if (s->writer == eddy__self())
        s->writer = NULL;
    if (unlikely(s->closed && !closing))
        status = EDDY_ECLOSED;
    eddy__stream_unref(s);
    return status;
}

int eddy__stream_await_writable(eddy_stream *s, size_t mark)
{
    return stream_await_writable(s, mark, &waits_for_room);
}

int eddy__stream_await_connected(eddy_stream *s)
{
    int status = stream_await_writable(s, 0, &waits_to_connect);

    return status < 0 ? status : eddy__socket_error(s->fd.fd);
}

/* ---- closing ---- */

/* After it nobody waits in the stream, and every call on it fails. */
static void refuse_calls(eddy_stream *s)
{
    s->closed = true;
    eddy__wake_at(&s->reader, EDDY_ECLOSED);
    eddy__wake_at(&s->writer, EDDY_ECLOSED);
    eddy__waiters_grant_all(&s->turns, EDDY_ECLOSED);
}

static void stream_flush(eddy_stream *s)
{
    while (eddy__stream_unsent(s) && !s->write_error)
        if (eddy__stream_await_writable(s, 0) < 0)
            break;
}

static void flush_shielded(eddy_stream *s)
{
    struct eddy__closer closer;

    eddy__closer_enter(&closer, FLUSH_SECONDS);
    stream_flush(s);
    eddy__closer_leave(&closer);
}

/* The transport's own end, behind everything else. */
static void sign_off(eddy_stream *s)
{
    const eddy_task *self = eddy__self();
    struct eddy__closer closer;

    if (s->sent_eof || s->write_error || eddy__stream_unsent(s))
        return;
    if (self)
        eddy__closer_enter(&closer, FLUSH_SECONDS);
    s->write_error = eddy__stream_end(s);
    if (self) {
        stream_flush(s);
        eddy__closer_leave(&closer);
    }
}

/* The child of a fork only lets go: the connection is its parent's, who has the loop. */
static void stream_end(eddy_stream *s, bool abort)
{
    if (!atomic_load(&s->fd.loop->closed) && s->transport->kind->close)
        s->transport->kind->close(s->transport, abort);
    s->out.start = s->out.end;
    eddy__fd_forget(&s->fd);
    if (s->fd.fd >= 0)
        eddy__socket_close(s->fd.fd);
    s->fd.fd = -1;
}

static void stream_finish(eddy_stream *s)
{
    if (s->transport->kind->signs_off)
        sign_off(s);
    stream_end(s, false);
    eddy__stream_unref(s);
}

static int flushes(eddy_stream *s)
{
    flush_shielded(s);
    return 0;
}
EDDY_CORO(flushes, eddy_stream *)

static void flushed(eddy_task *task)
{
    stream_finish(task->owner);
}

/* A callback cannot wait for the peer: a task does. False when there is none. */
static bool finish_later(eddy_stream *s)
{
    eddy_coro coro = flushes_coro(s);
    eddy_loop *loop = eddy__thread.loop;
    eddy_task *task =
        loop == s->fd.loop && !loop->closing ? eddy__task_new(loop, &coro, NULL) : NULL;

    if (!task)
        return false;
    task->owner = s;
    task->on_end = flushed;
    eddy__task_start(task);
    eddy_detach(task);
    return true;
}

void eddy_stream_close(eddy_stream *s)
{
    if (!s || s->released)
        return;
    s->released = true;
    if (s->closed) {
        eddy__stream_unref(s);
        return;
    }
    refuse_calls(s);
    eddy_ignore(eddy__stream_uncork(s));
    if (eddy__stream_unsent(s) && eddy__self())
        flush_shielded(s);
    else if (eddy__stream_unsent(s) && finish_later(s))
        return;
    stream_finish(s);
}

void eddy_stream_abort(eddy_stream *s)
{
    if (!s || s->closed)
        return;
    if (!s->released) { /* it may still be asked for them */
        eddy_stream_peer(s);
        eddy_stream_local(s);
    }
    refuse_calls(s);
    stream_end(s, true);
}

/* ---- asking ---- */

void eddy__stream_set_ends(eddy_stream *s, const eddy_address *local, const eddy_address *peer)
{
    if (local && local->size <= sizeof s->local_end)
        memcpy(&s->local_end, &local->u, local->size);
    if (peer && peer->size <= sizeof s->peer_end)
        memcpy(&s->peer_end, &peer->u, peer->size);
}

static bool recall(const union eddy__end *end, eddy_address *address)
{
    memcpy(&address->u, end, sizeof *end);
    return end->any.sa_family != AF_UNSPEC;
}

struct description {
    const eddy_stream *stream;
    char **text;
    const union eddy__end *end;
    int (*ask)(int fd, eddy_address *address);
};

/* Beside a packed stack. */
static void make_description(void *arg)
{
    const struct description *d = arg;
    int fd = d->stream->fd.fd;
    char buffer[EDDY_ADDRESS_TEXT];
    eddy_address address;

    if (recall(d->end, &address) || (fd >= 0 && d->ask(fd, &address) >= 0))
        *d->text = eddy_strdup(eddy_address_format(&address, buffer));
}

static const char *stream_describe(const eddy_stream *s, char **text, const union eddy__end *end,
                                   int (*ask)(int, eddy_address *))
{
    if (!*text)
        eddy__aside(make_description, &(struct description){s, text, end, ask});
    return *text ? *text : "?";
}

const char *eddy_stream_peer(eddy_stream *s)
{
    return s ? stream_describe(s, &s->peer, &s->peer_end, eddy__socket_peer) : "?";
}

const char *eddy_stream_local(eddy_stream *s)
{
    return s ? stream_describe(s, &s->local, &s->local_end, eddy__socket_local) : "?";
}

int eddy_stream_fd(const eddy_stream *s)
{
    return s ? s->fd.fd : -1;
}

struct failure {
    eddy_stream *stream;
    const char *verb;
    int code;
};

/* Beside a packed stack. */
static void stream_raise_failure(void *arg)
{
    const struct failure *failure = arg;
    eddy_stream *s = failure->stream;
    const eddy_transport *t = s->transport;
    int code = failure->code;
    const char *reason = t->kind->reason ? t->kind->reason(t, code) : NULL;

    eddy__raise(code, "cannot %s %s: %s", failure->verb, eddy_stream_peer(s),
                reason ? reason : eddy__words(code).text);
}

int eddy__stream_fail(eddy_stream *s, const char *verb, int code)
{
    const eddy_task *self = eddy__self(); /* none in a callback, which may uncork */

    if (code == EDDY_ECLOSED)
        return eddy__raise_code(code);
    if (self && code == self->interrupt)
        return eddy__raise_interrupt(code);
    eddy__aside(stream_raise_failure, &(struct failure){s, verb, code});
    return code;
}

/* datagram.c - the life of a datagram endpoint: waiting, closing. */
#include "net/datagram.h"

/* ---- making ---- */

static void datagram_on_ready(struct eddy__fd *fd, unsigned events)
{
    eddy_datagram *d = container_of(fd, eddy_datagram, fd);

    if (events & EDDY_READABLE) {
        d->readable = true;
        eddy__wake_at(&d->reader, 0);
    }
    if (events & EDDY_WRITABLE)
        eddy__waiters_grant_all(&d->writers, 0);
}

eddy_datagram *eddy__datagram_new(int fd, int family, const eddy_address *peer)
{
    eddy_datagram *d = eddy_alloc_zero(sizeof *d);

    if (!d)
        return NULL;
    eddy__fd_init(&d->fd, eddy__thread.loop, fd, datagram_on_ready);
    eddy__loop_ref(d->fd.loop);
    d->family = family;
    if (peer)
        d->peer = *peer;
    d->readable = true;
    d->refs = 1;
    return d;
}

/* ---- waiting ---- */

static void datagram_unref(eddy_datagram *d)
{
    if (--d->refs)
        return;
    eddy_free(d->batch);
    eddy__loop_unref(d->fd.loop);
    eddy_free(d);
}

/* After a wait: its status, unless the endpoint was closed meanwhile. */
static int datagram_leave(eddy_datagram *d, int status)
{
    if (d->closed)
        status = EDDY_ECLOSED;
    datagram_unref(d);
    return status;
}

static void abort_receive(eddy_task *task, int code)
{
    eddy_datagram *d = task->waiting_on;

    eddy__wake_at(&d->reader, code);
}

static int await_readable(eddy_datagram *d)
{
    static const struct eddy__wait_kind kind = {"a datagram", abort_receive};
    int status = eddy__fd_want(&d->fd, EDDY_READABLE);

    if (status < 0)
        return status;
    d->reader = eddy__self();
    d->receiving = true;
    d->refs++;
    status = eddy__io_park(&kind, d);
    d->reader = NULL;
    d->receiving = false;
    return datagram_leave(d, status);
}

/* A Unix socket may be told "not now" by one of many receivers, and no event says when that one has
 * room. */
static int await_some_receiver(eddy_datagram *d, double *delay)
{
    d->refs++;
    int status = eddy_sleep(*delay);
    *delay = *delay < 0.05 ? 2 * *delay : *delay;
    return datagram_leave(d, status);
}

static int datagram_await_writable(eddy_datagram *d)
{
    static const struct eddy__wait_kind kind = {"room to send a datagram", eddy__waiter_abort};
    struct eddy_waiter_ waiter = {0};
    eddy_task *self = eddy__self();
    int status = eddy__fd_want(&d->fd, EDDY_WRITABLE);

    if (status >= 0)
        status = self->interrupt;
    if (status < 0)
        return status;
    d->refs++;
    self->loop->io_waits++;
    status = eddy__wait_in(&d->writers, &waiter, &kind);
    self->loop->io_waits--;
    return datagram_leave(d, status);
}

ssize_t eddy__datagram_receive(eddy_datagram *d, eddy__datagram_try *try_once, void *call)
{
    for (;;) {
        ssize_t n = d->readable ? try_once(d, call) : -EAGAIN;

        if (likely(n != -EAGAIN))
            return n;
        d->readable = false;
        int status = await_readable(d);
        if (status < 0)
            return status;
    }
}

ssize_t eddy__datagram_send(eddy_datagram *d, eddy__datagram_try *try_once, void *call)
{
    double delay = 0.001;

    for (;;) {
        ssize_t n = try_once(d, call);

        if (likely(n != -EAGAIN))
            return n;
        int status = d->family == AF_UNIX && !d->peer.size ? await_some_receiver(d, &delay)
                                                           : datagram_await_writable(d);
        if (status < 0)
            return status;
    }
}

int eddy__datagram_begin(const eddy_datagram *d)
{
    int status = eddy__check_interrupt();

    if (unlikely(status < 0))
        return status;
    if (unlikely(!d))
        return eddy__raise(EDDY_EINVAL, "the datagram endpoint is NULL");
    return likely(!d->closed) ? 0 : eddy__raise_code(EDDY_ECLOSED);
}

int eddy__datagram_begin_receive(const eddy_datagram *d)
{
    int status = eddy__datagram_begin(d);

    if (likely(status == 0) && unlikely(d->receiving))
        return eddy__raise(EDDY_EBUSY, "another task is receiving from this endpoint");
    return status;
}

COLD int eddy__datagram_fail(const eddy_datagram *d, const char *what, int code)
{
    char text[EDDY_ADDRESS_TEXT];
    eddy_address own;

    if (code == EDDY_ECLOSED)
        return eddy__raise_code(code);
    if (code == eddy__self()->interrupt)
        return eddy__raise_interrupt(code);
    if (eddy__socket_local(d->fd.fd, &own) < 0)
        own = (eddy_address){0};
    return eddy__raise(code, "cannot %s %s: %s", what, eddy_address_format(&own, text),
                       eddy__words(code).text);
}

/* ---- closing ---- */

/* The child of a fork only lets go: the file is its parent's, who has the loop. */
void eddy_datagram_close(eddy_datagram *d)
{
    if (!d || d->closed)
        return;
    d->closed = true;
    eddy__wake_at(&d->reader, EDDY_ECLOSED);
    eddy__waiters_grant_all(&d->writers, EDDY_ECLOSED);
    if (!atomic_load(&d->fd.loop->closed))
        eddy__unix_remove(&d->file);
    eddy__fd_forget(&d->fd);
    eddy__socket_close(d->fd.fd);
    d->fd.fd = -1;
    datagram_unref(d);
}

/* ---- asking ---- */

int eddy_datagram_local(const eddy_datagram *d, eddy_address *address)
{
    int status = d ? eddy__socket_local(d->fd.fd, address) : EDDY_EBADF;

    return status < 0 ? eddy__raise(status, "the endpoint has no own address") : 0;
}

int eddy_datagram_peer(const eddy_datagram *d, eddy_address *address)
{
    int status = EDDY_EBADF;

    if (d && d->peer.size) {
        *address = d->peer;
        return 0;
    }
    if (d)
        status = eddy__socket_peer(d->fd.fd, address);
    return status < 0 ? eddy__raise(status, "the endpoint has no peer") : 0;
}

int eddy_datagram_port(const eddy_datagram *d)
{
    eddy_address own;

    return d && eddy__socket_local(d->fd.fd, &own) >= 0 ? eddy_address_port(&own) : 0;
}

int eddy_datagram_fd(const eddy_datagram *d)
{
    return d ? d->fd.fd : -1;
}

/* fds.c - descriptors that go along with the bytes of Unix sockets. */
#include "base/sys.h"
#include "io/datagram.h"
#include <eddy/unix.h>

struct eddy__fds {
    size_t max;
    size_t count;
    bool refused; /* more came than there was room for */
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(EDDY__FDS_MAX * sizeof(int))];
    int list[];
};

/* ---- in a message ---- */

/* control: at least CMSG_SPACE bytes for them, aligned as eddy__alloc does. */
static void attach(struct msghdr *message, void *control, const int *fds, size_t n)
{
    struct cmsghdr *header = control;

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(n * sizeof *fds);
    memcpy(CMSG_DATA(header), fds, n * sizeof *fds);
    message->msg_control = control;
    message->msg_controllen = CMSG_SPACE(n * sizeof *fds);
}

static void close_all(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        eddy__socket_close(fds[i]);
}

/* Gets them out: a count, or a failure, unraised, and all are closed. The system has put in no more
 * than fit. */
static ssize_t detach(const struct msghdr *message, int *fds, size_t room)
{
    struct msghdr *m = (struct msghdr *)(uintptr_t)message;
    size_t n = 0;

    for (struct cmsghdr *header = CMSG_FIRSTHDR(m); header; header = CMSG_NXTHDR(m, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t size = header->cmsg_len - CMSG_LEN(0);
        memcpy(fds + n, CMSG_DATA(header), size);
        n += size / sizeof *fds;
    }
    if (!(message->msg_flags & MSG_CTRUNC))
        return (ssize_t)n;
    close_all(fds, n);
    return n == room ? EDDY_ELIMIT : EDDY_EMFILE;
}

/* ---- received by a stream ---- */

struct eddy__fds *eddy__fds_new(size_t max)
{
    struct eddy__fds *fds = eddy__alloc_zero(sizeof *fds + max * sizeof fds->list[0]);

    if (fds)
        fds->max = max;
    return fds;
}

void eddy__fds_free(struct eddy__fds *fds)
{
    if (fds)
        close_all(fds->list, fds->count);
    eddy__free(fds);
}

void eddy__fds_prepare(struct eddy__fds *fds, struct msghdr *message)
{
    message->msg_control = fds->control;
    message->msg_controllen = CMSG_LEN((fds->max - fds->count) * sizeof(int));
}

ssize_t eddy__fds_collect(struct eddy__fds *fds, const struct msghdr *message)
{
    ssize_t n = detach(message, fds->list + fds->count, fds->max - fds->count);

    if (n > 0)
        fds->count += (size_t)n;
    fds->refused |= n == EDDY_ELIMIT;
    return n;
}

const char *eddy__fds_reason(const struct eddy__fds *fds, int code)
{
    return code == EDDY_ELIMIT && fds && fds->refused
               ? "more descriptors came than .max_fds lets wait"
               : NULL;
}

/* Descriptors go with the bytes of a Unix socket as they are, so not of one with TLS. */
static bool carries_fds(const eddy_stream *s)
{
    return s && s->transport->kind == &eddy__unix_transport;
}

int eddy_take_fds(eddy_stream *s, int *list, size_t n)
{
    struct eddy__fds *fds = carries_fds(s) ? s->transport->state : NULL;

    if (s && s->closed)
        return eddy__raise_code(EDDY_ECLOSED);
    if (!fds || (!list && n))
        return eddy_raise(EDDY_EINVAL, "eddy_take_fds needs a Unix stream with .max_fds");
    n = min_size(n, fds->count);
    if (n) {
        memcpy(list, fds->list, n * sizeof *list);
        fds->count -= n;
        memmove(fds->list, fds->list + n, fds->count * sizeof *list);
    }
    return (int)n;
}

/* ---- sent ---- */

struct parcel {
    struct iovec bytes;
    const eddy_address *to;
    void *control;
    const int *fds;
    size_t n;
};

static int pack(struct parcel *parcel)
{
    if (!parcel->fds || !parcel->n || parcel->n > EDDY__FDS_MAX)
        return eddy_raise(EDDY_EINVAL, "1 to %d descriptors can be sent at once, not %zu",
                          EDDY__FDS_MAX, parcel->n);
    parcel->control = eddy__alloc_zero(CMSG_SPACE(parcel->n * sizeof(int)));
    return parcel->control ? 0 : eddy__raise_code(EDDY_ENOMEM);
}

static ssize_t send_parcel(int fd, struct parcel *parcel)
{
    struct msghdr message = {.msg_iov = &parcel->bytes, .msg_iovlen = 1};

    if (parcel->to) {
        message.msg_name = (void *)(uintptr_t)&parcel->to->u;
        message.msg_namelen = parcel->to->size;
    }
    attach(&message, parcel->control, parcel->fds, parcel->n);
    return eddy__sys_once(sendmsg(fd, &message, MSG_NOSIGNAL));
}

static ssize_t send_on_stream(eddy_stream *s, const struct iovec *bytes, void *arg)
{
    struct parcel *parcel = arg;

    parcel->bytes = *bytes;
    return send_parcel(s->fd.fd, parcel);
}

ssize_t eddy_send_fds(eddy_stream *s, const void *buf, size_t size, const int *fds, size_t n)
{
    struct parcel parcel = {.fds = fds, .n = n};

    if (!carries_fds(s))
        return eddy_raise(EDDY_EINVAL, "descriptors go over streams of Unix sockets only");
    if (!buf || !size)
        return eddy_raise(EDDY_EINVAL, "descriptors go along with at least one byte");
    eddy_try(pack(&parcel));
    ssize_t sent = eddy__stream_write_by(s, buf, size, send_on_stream, &parcel);
    eddy__free(parcel.control);
    return sent;
}

/* ---- datagrams ---- */

static ssize_t try_to_send(const eddy_datagram *d, void *call)
{
    return send_parcel(d->fd.fd, call);
}

static int begin_datagram(const eddy_datagram *d)
{
    eddy_try(eddy__datagram_begin(d));
    if (d->family != AF_UNIX)
        return eddy_raise(EDDY_EINVAL, "descriptors go over Unix sockets only");
    return 0;
}

ssize_t eddy_datagram_send_fds(eddy_datagram *d, const void *buf, size_t size,
                               const eddy_address *to, const int *fds, size_t n)
{
    struct parcel parcel = {.bytes = {(void *)(uintptr_t)buf, size}, .to = to, .fds = fds, .n = n};

    eddy_try(begin_datagram(d));
    eddy_try(pack(&parcel));
    ssize_t sent = eddy__datagram_send(d, try_to_send, &parcel);
    eddy__free(parcel.control);
    if (sent < 0)
        return eddy__datagram_fail(d, "send descriptors from", (int)sent);
    eddy__spend();
    return sent;
}

struct arrival {
    struct iovec bytes;
    eddy_address *from;
    void *control;
    int *fds;
    size_t room;
    size_t n;
};

static ssize_t try_to_receive(const eddy_datagram *d, void *call)
{
    struct arrival *arrival = call;
    struct msghdr message = {.msg_iov = &arrival->bytes,
                             .msg_iovlen = 1,
                             .msg_control = arrival->control,
                             .msg_controllen = CMSG_LEN(arrival->room * sizeof(int))};

    if (arrival->from) {
        message.msg_name = &arrival->from->u;
        message.msg_namelen = sizeof arrival->from->u;
    }
    ssize_t n = eddy__sys_once(recvmsg(d->fd.fd, &message, MSG_CMSG_CLOEXEC | MSG_TRUNC));
    if (n < 0)
        return n;
    if (arrival->from)
        eddy__datagram_set_from(arrival->from, message.msg_namelen);
    ssize_t count = detach(&message, arrival->fds, arrival->room);
    arrival->n = count > 0 ? (size_t)count : 0;
    return count < 0 ? count : n;
}

static ssize_t receive_arrival(eddy_datagram *d, struct arrival *arrival)
{
    ssize_t n = eddy__datagram_receive(d, try_to_receive, arrival);

    if (n == EDDY_ELIMIT)
        return eddy_raise(EDDY_ELIMIT,
                          "a datagram with more than the %zu descriptors there is room for is lost",
                          arrival->room);
    if (n < 0)
        return eddy__datagram_fail(d, "receive descriptors on", (int)n);
    eddy__spend();
    return n;
}

ssize_t eddy_datagram_receive_fds(eddy_datagram *d, void *buf, size_t size, eddy_address *from,
                                  int *fds, size_t *n)
{
    struct arrival arrival = {.bytes = {buf, size}, .from = from, .fds = fds};

    if (!buf || !fds || !n || *n > EDDY__FDS_MAX)
        return eddy_raise(EDDY_EINVAL, "a buffer and room for at most %d descriptors are expected",
                          EDDY__FDS_MAX);
    arrival.room = *n;
    *n = 0;
    eddy_try(begin_datagram(d));
    eddy_try(eddy__datagram_begin_receive(d));
    arrival.control = eddy__alloc_zero(CMSG_SPACE(arrival.room * sizeof *fds));
    if (!arrival.control)
        return eddy__raise_code(EDDY_ENOMEM);
    ssize_t got = receive_arrival(d, &arrival);
    eddy__free(arrival.control);
    if (got <= (ssize_t)size) {
        *n = arrival.n;
        return got;
    }
    close_all(fds, arrival.n);
    return eddy__datagram_cut(size, got);
}

/* ---- who the peer is ---- */

int eddy_stream_credentials(const eddy_stream *s, eddy_credentials *credentials)
{
    struct ucred found = {0};
    socklen_t size = sizeof found;
    int r;

    if (!s || s->base.kind != &eddy__unix_transport || !credentials)
        return eddy_raise(EDDY_EINVAL, "only the peer of a Unix stream tells who it is");
    if (s->closed)
        return eddy__raise_code(EDDY_ECLOSED);
    r = eddy__sys(getsockopt(s->fd.fd, SOL_SOCKET, SO_PEERCRED, &found, &size));
    if (r < 0)
        return eddy_raise(r, "the peer does not tell who it is");
    *credentials = (eddy_credentials){found.pid, found.uid, found.gid};
    return 0;
}

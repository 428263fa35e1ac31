/* fds.c - descriptors that go along with the bytes of Unix sockets. */
#include "base/sys.h"
#include "stream/stream.h"
#include <eddy/unix.h>

struct eddy__fds {
    size_t max;
    size_t count;
    bool refused; /* more came than there was room for */
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(EDDY__FDS_MAX * sizeof(int))];
    int list[];
};

/* ---- in a message ---- */

int eddy__fds_pack(void **packed, const int *fds, size_t n)
{
    if (!fds || !n || n > EDDY__FDS_MAX)
        return eddy__raise(EDDY_EINVAL, "1 to %d descriptors can be sent at once, not %zu",
                           EDDY__FDS_MAX, n);
    struct cmsghdr *header = *packed = eddy_alloc_zero(CMSG_SPACE(n * sizeof *fds));
    if (!header)
        return eddy__raise_code(EDDY_ENOMEM);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(n * sizeof *fds);
    memcpy(CMSG_DATA(header), fds, n * sizeof *fds);
    return 0;
}

void eddy__fds_close(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        eddy__socket_close(fds[i]);
}

ssize_t eddy__fds_detach(const struct msghdr *message, int *fds, size_t room)
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
    eddy__fds_close(fds, n);
    return n == room ? EDDY_ELIMIT : EDDY_EMFILE;
}

/* ---- received by a stream ---- */

struct eddy__fds *eddy__fds_new(size_t max)
{
    struct eddy__fds *fds = eddy_alloc_zero(sizeof *fds + max * sizeof fds->list[0]);

    if (fds)
        fds->max = max;
    return fds;
}

void eddy__fds_free(struct eddy__fds *fds)
{
    if (fds)
        eddy__fds_close(fds->list, fds->count);
    eddy_free(fds);
}

void eddy__fds_prepare(struct eddy__fds *fds, struct msghdr *message)
{
    message->msg_control = fds->control;
    message->msg_controllen = CMSG_LEN((fds->max - fds->count) * sizeof(int));
}

ssize_t eddy__fds_collect(struct eddy__fds *fds, const struct msghdr *message)
{
    ssize_t n = eddy__fds_detach(message, fds->list + fds->count, fds->max - fds->count);

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
        return eddy__raise(EDDY_EINVAL, "eddy_take_fds needs a Unix stream with .max_fds");
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
    void *packed;
    size_t n;
};

static ssize_t send_parcel(eddy_stream *s, const struct iovec *bytes, void *arg)
{
    const struct parcel *parcel = arg;
    struct iovec part = *bytes;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = parcel->packed,
                             .msg_controllen = CMSG_SPACE(parcel->n * sizeof(int))};

    return eddy__sys_once(sendmsg(s->fd.fd, &message, MSG_NOSIGNAL));
}

ssize_t eddy_send_fds(eddy_stream *s, const void *buf, size_t size, const int *fds, size_t n)
{
    struct parcel parcel = {.n = n};

    if (!carries_fds(s))
        return eddy__raise(EDDY_EINVAL, "descriptors go over streams of Unix sockets only");
    if (!buf || !size)
        return eddy__raise(EDDY_EINVAL, "descriptors go along with at least one byte");
    eddy__try(eddy__fds_pack(&parcel.packed, fds, n));
    ssize_t sent = eddy__stream_write_by(s, buf, size, send_parcel, &parcel);
    eddy_free(parcel.packed);
    return sent;
}

/* ---- who the peer is ---- */

int eddy_stream_credentials(const eddy_stream *s, eddy_credentials *credentials)
{
    struct ucred found = {0};
    socklen_t size = sizeof found;
    int r;

    if (!s || s->base.kind != &eddy__unix_transport || !credentials)
        return eddy__raise(EDDY_EINVAL, "only the peer of a Unix stream tells who it is");
    if (s->closed)
        return eddy__raise_code(EDDY_ECLOSED);
    r = eddy__sys(getsockopt(s->fd.fd, SOL_SOCKET, SO_PEERCRED, &found, &size));
    if (r < 0)
        return eddy__raise(r, "the peer does not tell who it is");
    *credentials = (eddy_credentials){found.pid, found.uid, found.gid};
    return 0;
}

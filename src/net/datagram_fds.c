/* datagram_fds.c - descriptors that go along with datagrams of Unix sockets. */
#include "base/sys.h"
#include "net/datagram.h"
#include <eddy/unix.h>

struct parcel {
    struct iovec bytes;
    const eddy_address *to;
    void *packed;
    size_t n;
};

static ssize_t try_to_send(const eddy_datagram *d, void *call)
{
    struct parcel *parcel = call;
    struct msghdr message = {.msg_iov = &parcel->bytes,
                             .msg_iovlen = 1,
                             .msg_control = parcel->packed,
                             .msg_controllen = CMSG_SPACE(parcel->n * sizeof(int))};

    if (parcel->to) {
        message.msg_name = (void *)(uintptr_t)&parcel->to->u;
        message.msg_namelen = parcel->to->size;
    }
    return eddy__sys_once(sendmsg(d->fd.fd, &message, MSG_NOSIGNAL));
}

static int begin_datagram(const eddy_datagram *d)
{
    eddy__try(eddy__datagram_begin(d));
    if (d->family != AF_UNIX)
        return eddy__raise(EDDY_EINVAL, "descriptors go over Unix sockets only");
    return 0;
}

ssize_t eddy_datagram_send_fds(eddy_datagram *d, const void *buf, size_t size,
                               const eddy_address *to, const int *fds, size_t n)
{
    struct parcel parcel = {.bytes = {(void *)(uintptr_t)buf, size}, .to = to, .n = n};

    eddy__try(begin_datagram(d));
    eddy__try(eddy__fds_pack(&parcel.packed, fds, n));
    ssize_t sent = eddy__datagram_send(d, try_to_send, &parcel);
    eddy_free(parcel.packed);
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
    ssize_t count = eddy__fds_detach(&message, arrival->fds, arrival->room);
    arrival->n = count > 0 ? (size_t)count : 0;
    return count < 0 ? count : n;
}

static ssize_t receive_arrival(eddy_datagram *d, struct arrival *arrival)
{
    ssize_t n = eddy__datagram_receive(d, try_to_receive, arrival);

    if (n == EDDY_ELIMIT)
        return eddy__raise(
            EDDY_ELIMIT, "a datagram with more than the %zu descriptors there is room for is lost",
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
        return eddy__raise(EDDY_EINVAL, "a buffer and room for at most %d descriptors are expected",
                           EDDY__FDS_MAX);
    arrival.room = *n;
    *n = 0;
    eddy__try(begin_datagram(d));
    eddy__try(eddy__datagram_begin_receive(d));
    arrival.control = eddy_alloc_zero(CMSG_SPACE(arrival.room * sizeof *fds));
    if (!arrival.control)
        return eddy__raise_code(EDDY_ENOMEM);
    ssize_t got = receive_arrival(d, &arrival);
    eddy_free(arrival.control);
    if (got <= (ssize_t)size) {
        *n = arrival.n;
        return got;
    }
    eddy__fds_close(fds, arrival.n);
    return eddy__datagram_cut(size, got);
}

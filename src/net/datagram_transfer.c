/* datagram_transfer.c - receiving and sending datagrams, one or several with a system call.
 * The descriptor never blocks, so that no call is interrupted. */
#include "net/datagram.h"

#include <limits.h>

/* A Unix socket without a name sends no address. */
void eddy__datagram_set_from(eddy_address *from, socklen_t size)
{
    from->size = size;
    if (size < sizeof from->u.any.sa_family)
        *from = (eddy_address){.size = sizeof from->u.any.sa_family, .u.any.sa_family = AF_UNIX};
}

/* ---- one ---- */

struct one {
    void *data;
    size_t size;
    eddy_address *address; /* NULL: nobody wants it; the connected peer */
};

static ssize_t receive_one(const eddy_datagram *d, void *call)
{
    const struct one *one = call;
    eddy_address *from = one->address;
    socklen_t size = sizeof from->u;

    ssize_t n = eddy__sys_once(recvfrom(d->fd.fd, one->data, one->size, MSG_TRUNC,
                                        from ? &from->u.any : NULL, from ? &size : NULL));
    if (from && likely(n >= 0))
        eddy__datagram_set_from(from, size);
    return n;
}

static ssize_t send_one(const eddy_datagram *d, void *call)
{
    const struct one *one = call;
    const eddy_address *to = one->address;

    return eddy__sys_once(sendto(d->fd.fd, one->data, one->size, MSG_NOSIGNAL,
                                 to ? &to->u.any : NULL, to ? to->size : 0));
}

COLD int eddy__datagram_cut(size_t size, ssize_t n)
{
    return eddy__raise(EDDY_EMSGSIZE,
                       "a datagram of %zd bytes was received with room for %zu: the rest is lost",
                       n, size);
}

ssize_t eddy_datagram_receive(eddy_datagram *d, void *buf, size_t size, eddy_address *from)
{
    struct one one = {buf, size, from};
    int status = eddy__datagram_begin_receive(d);

    if (unlikely(status < 0))
        return status;
    if (unlikely(!buf))
        return eddy__raise(EDDY_EINVAL, "eddy_datagram_receive needs a buffer");
    ssize_t n = eddy__datagram_receive(d, receive_one, &one);
    if (unlikely(n < 0))
        return eddy__datagram_fail(d, "receive on", (int)n);
    eddy__spend();
    return likely((size_t)n <= size) ? n : eddy__datagram_cut(size, n);
}

static COLD ssize_t fail_to_send(const eddy_datagram *d, size_t size, const eddy_address *to,
                                 int code)
{
    char text[EDDY_ADDRESS_TEXT], what[EDDY_ADDRESS_TEXT + 64];

    if (to)
        snprintf(what, sizeof what, "send %zu bytes to %s from", size,
                 eddy_address_format(to, text));
    else
        snprintf(what, sizeof what, "send %zu bytes from", size);
    return eddy__datagram_fail(d, what, code);
}

ssize_t eddy_datagram_send_to(eddy_datagram *d, const void *buf, size_t size,
                              const eddy_address *to)
{
    struct one one = {(void *)(uintptr_t)buf, size, (eddy_address *)(uintptr_t)to};
    int status = eddy__datagram_begin(d);

    if (unlikely(status < 0))
        return status;
    if (unlikely(!buf && size))
        return eddy__raise(EDDY_EINVAL, "eddy_datagram_send needs a buffer of that size");
    ssize_t n = eddy__datagram_send(d, send_one, &one);
    if (unlikely(n < 0))
        return fail_to_send(d, size, to, (int)n);
    eddy__spend();
    return n;
}

ssize_t eddy_datagram_send(eddy_datagram *d, const void *buf, size_t size)
{
    return eddy_datagram_send_to(d, buf, size, NULL);
}

/* ---- several ---- */

/* What the system calls want to know of the messages; filled for each call, used by no other task
 * meanwhile. */
struct eddy__batch {
    struct mmsghdr headers[EDDY_MESSAGES_MAX];
    struct iovec parts[EDDY_MESSAGES_MAX];
};

struct several {
    eddy_datagram_message *messages;
    size_t count;
};

static int begin_several(eddy_datagram *d, const eddy_datagram_message *messages, size_t n)
{
    if (!messages || !n || n > INT_MAX)
        return eddy__raise(EDDY_EINVAL, "one message or more are expected, not %zu", n);
    for (size_t i = 0; i < n; i++)
        if (!messages[i].data && (messages[i].room || messages[i].size))
            return eddy__raise(EDDY_EINVAL, "message %zu has no data", i);
    if (!d->batch)
        d->batch = eddy_alloc_zero(sizeof *d->batch);
    return d->batch ? 0 : eddy__raise_code(EDDY_ENOMEM);
}

static unsigned batch_size(const struct several *s)
{
    return (unsigned)min_size(s->count, EDDY_MESSAGES_MAX);
}

static void datagram_transfer_prepare(struct eddy__batch *batch, unsigned i, struct iovec part,
                                      eddy_address *address, socklen_t size)
{
    batch->parts[i] = part;
    batch->headers[i] = (struct mmsghdr){.msg_hdr.msg_name = size ? &address->u : NULL,
                                         .msg_hdr.msg_namelen = size,
                                         .msg_hdr.msg_iov = &batch->parts[i],
                                         .msg_hdr.msg_iovlen = 1};
}

static ssize_t receive_several(const eddy_datagram *d, void *call)
{
    const struct several *s = call;
    eddy_datagram_message *m = s->messages;
    unsigned count = batch_size(s);

    for (unsigned i = 0; i < count; i++)
        datagram_transfer_prepare(d->batch, i, (struct iovec){m[i].data, m[i].room}, &m[i].address,
                                  sizeof m[i].address.u);
    ssize_t n = eddy__sys_once(recvmmsg(d->fd.fd, d->batch->headers, count, MSG_TRUNC, NULL));
    for (ssize_t i = 0; i < n; i++) {
        const struct mmsghdr *header = &d->batch->headers[i];

        m[i].size = min_size(header->msg_len, m[i].room);
        m[i].truncated = header->msg_len > m[i].room;
        eddy__datagram_set_from(&m[i].address, header->msg_hdr.msg_namelen);
    }
    return n;
}

int eddy_datagram_receive_many(eddy_datagram *d, eddy_datagram_message *messages, size_t n)
{
    struct several several = {messages, n};
    int status = eddy__datagram_begin_receive(d);

    if (status >= 0)
        status = begin_several(d, messages, n);
    if (unlikely(status < 0))
        return status;
    int count = (int)eddy__datagram_receive(d, receive_several, &several);
    if (unlikely(count < 0))
        return eddy__datagram_fail(d, "receive on", count);
    eddy__spend();
    return count;
}

static ssize_t send_several(const eddy_datagram *d, void *call)
{
    const struct several *s = call;
    eddy_datagram_message *m = s->messages;
    unsigned count = batch_size(s);

    for (unsigned i = 0; i < count; i++)
        datagram_transfer_prepare(d->batch, i, (struct iovec){m[i].data, m[i].size}, &m[i].address,
                                  m[i].address.size);
    return eddy__sys_once(sendmmsg(d->fd.fd, d->batch->headers, count, MSG_NOSIGNAL));
}

int eddy_datagram_send_many(eddy_datagram *d, const eddy_datagram_message *messages, size_t n)
{
    struct several several = {(eddy_datagram_message *)(uintptr_t)messages, n};
    int status = eddy__datagram_begin(d);

    if (status >= 0)
        status = begin_several(d, messages, n);
    if (unlikely(status < 0))
        return status;
    while (several.count) {
        ssize_t sent = eddy__datagram_send(d, send_several, &several);

        if (unlikely(sent < 0 && several.count == n))
            return eddy__datagram_fail(d, "send from", (int)sent);
        if (sent < 0)
            return (int)(n - several.count);
        several.messages += sent;
        several.count -= (size_t)sent;
    }
    eddy__spend();
    return (int)n;
}

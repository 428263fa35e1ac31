/* socket.c - the system calls on sockets, and the transport that
 * streams use on them. */
#include "base/descriptor.h"
#include "stream/stream.h"

#include <ctype.h>
#include <fcntl.h>
#include <unistd.h>

/* The C library's words begin with a capital; "RFS …" keeps it. */
struct wording {
    int code;
    struct eddy__words words;
};

static void find_words(void *arg)
{
    struct wording *wording = arg;
    char *text = wording->words.text;

    snprintf(text, sizeof wording->words.text, "%s", eddy_status_message(wording->code));
    if (islower((unsigned char)text[1]))
        text[0] = (char)tolower((unsigned char)text[0]);
}

struct eddy__words eddy__words(int code)
{
    struct wording wording = {.code = code};

    eddy__aside(find_words, &wording);
    return wording.words;
}

int eddy__socket_make(int family, int type)
{
    return eddy__sys(eddy__above_standard(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)));
}

int eddy__socket_open(int family)
{
    return eddy__socket_make(family, SOCK_STREAM);
}

void eddy__socket_close(int fd)
{
    int error = errno;

    close(fd);
    errno = error;
}

/* Not repeated: one that was interrupted goes on. */
int eddy__socket_connect(int fd, const eddy_address *to)
{
    return eddy__sys_once(connect(fd, &to->u.any, to->size));
}

int eddy__socket_bind(int fd, const eddy_address *a)
{
    return eddy__sys(bind(fd, &a->u.any, a->size));
}

int eddy__socket_listen(int fd, int backlog)
{
    return eddy__sys(listen(fd, backlog));
}

int eddy__socket_accept(int fd, eddy_address *peer)
{
    peer->size = sizeof peer->u;
    return eddy__sys_accept(fd, &peer->u.any, &peer->size);
}

int eddy__socket_set(int fd, int level, int option, int value)
{
    return eddy__sys(setsockopt(fd, level, option, &value, sizeof value));
}

int eddy__socket_get(int fd, int level, int option)
{
    int value = 0;
    socklen_t size = sizeof value;

    int r = eddy__sys(getsockopt(fd, level, option, &value, &size));

    return r < 0 ? r : value;
}

int eddy__socket_error(int fd)
{
    int error = eddy__socket_get(fd, SOL_SOCKET, SO_ERROR);

    return error > 0 ? -error : error;
}

int eddy__socket_make_nonblocking(int fd)
{
    int flags = eddy__sys(fcntl(fd, F_GETFL));

    if (flags < 0 || flags & O_NONBLOCK)
        return flags < 0 ? flags : 0;
    return eddy__sys(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

int eddy__socket_duplicate(int fd)
{
    return eddy__sys(fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

int eddy__socket_local(int fd, eddy_address *a)
{
    a->size = sizeof a->u;
    return eddy__sys(getsockname(fd, &a->u.any, &a->size));
}

int eddy__socket_peer(int fd, eddy_address *a)
{
    a->size = sizeof a->u;
    return eddy__sys(getpeername(fd, &a->u.any, &a->size));
}

bool eddy__socket_meets_itself(int fd)
{
    eddy_address local, peer;

    return eddy__socket_local(fd, &local) >= 0 && eddy_address_port(&local) &&
           eddy__socket_peer(fd, &peer) >= 0 && eddy_address_equal(&local, &peer);
}

/* ---- taking over ---- */

static int check_type(int fd, int type, const char *what)
{
    int found;

    if (!eddy__thread.loop)
        return eddy__raise(EDDY_ELOOP, "a %s socket belongs to a running loop, and none runs here",
                           what);
    found = eddy__socket_get(fd, SOL_SOCKET, SO_TYPE);
    if (found < 0)
        return eddy__raise(found, "descriptor %d is not a socket", fd);
    if (found != type)
        return eddy__raise(EDDY_EINVAL, "descriptor %d is not a %s socket", fd, what);
    return 0;
}

int eddy__socket_adopt(int fd, int type, const char *what)
{
    int status, family;

    eddy__try(check_type(fd, type, what));
    status = eddy__socket_make_nonblocking(fd);
    if (status < 0)
        return eddy__raise(status, "descriptor %d cannot be made non-blocking", fd);
    family = eddy__socket_get(fd, SOL_SOCKET, SO_DOMAIN);
    return family < 0 ? eddy__raise(family, "descriptor %d does not tell its family", fd) : family;
}

/* ---- the transport: no call waits ---- */

static ssize_t socket_receive(eddy_transport *t, void *buf, size_t size)
{
    return eddy__sys_once(recv(t->stream->fd.fd, buf, size, 0));
}

static ssize_t socket_receive_parts(eddy_transport *t, struct iovec *parts, size_t n)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = n};

    return eddy__sys_once(recvmsg(t->stream->fd.fd, &message, 0));
}

/* A receive ends behind descriptors though more bytes are there. */
static ssize_t receive_parts_unix(eddy_transport *t, struct iovec *parts, size_t n)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = n};
    struct eddy__fds *fds = t->state;
    struct eddy__fd *fd = &t->stream->fd;

    if (fds)
        eddy__fds_prepare(fds, &message);
    ssize_t got = eddy__sys_once(recvmsg(fd->fd, &message, MSG_CMSG_CLOEXEC));
    if (likely(got < 0 || (!message.msg_controllen && !(message.msg_flags & MSG_CTRUNC))))
        return got;
    fd->hangup = true;
    ssize_t status = fds ? eddy__fds_collect(fds, &message) : 0;
    return status < 0 ? status : got;
}

static ssize_t receive_unix(eddy_transport *t, void *buf, size_t size)
{
    return receive_parts_unix(t, &(struct iovec){buf, size}, 1);
}

static const char *reason_unix(const eddy_transport *t, int code)
{
    return eddy__fds_reason(t->state, code);
}

static void release_unix(eddy_transport *t)
{
    eddy__fds_free(t->state);
}

static ssize_t socket_send_bytes(eddy_transport *t, const void *buf, size_t size)
{
    return eddy__sys_once(send(t->stream->fd.fd, buf, size, MSG_NOSIGNAL));
}

static ssize_t socket_send_parts(eddy_transport *t, const struct iovec *parts, size_t n)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = n};

    return eddy__sys_once(sendmsg(t->stream->fd.fd, &message, MSG_NOSIGNAL));
}

/* After a reset the system calls the socket unconnected: for writers the peer has gone. */
static int socket_send_eof(eddy_transport *t)
{
    int status = eddy__sys(shutdown(t->stream->fd.fd, SHUT_WR));

    return status == -ENOTCONN ? EDDY_EPIPE : status;
}

/* A poll that is armed keeps the socket open behind close(), and the peer would not see the end: it
 * is shut down first. Where nothing was ever armed close() alone does it. An abort must not send
 * the orderly end; there the poll is cancelled before close(). */
static void socket_shut(eddy_transport *t, bool abort)
{
    struct eddy__fd *fd = &t->stream->fd;
    struct linger at_once = {.l_onoff = 1};

    if (abort)
        setsockopt(fd->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    else if (fd->wanted)
        fd->shut = shutdown(fd->fd, SHUT_RDWR) == 0;
}

const eddy_transport_kind eddy__socket_transport = {
    .read = socket_receive,
    .read_parts = socket_receive_parts,
    .write = socket_send_bytes,
    .write_parts = socket_send_parts,
    .end = socket_send_eof,
    .close = socket_shut,
};

const eddy_transport_kind eddy__unix_transport = {
    .read = receive_unix,
    .read_parts = receive_parts_unix,
    .write = socket_send_bytes,
    .write_parts = socket_send_parts,
    .end = socket_send_eof,
    .close = socket_shut,
    .release = release_unix,
    .reason = reason_unix,
};

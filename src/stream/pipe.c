/* pipe.c - streams over descriptors that read() and write() serve: pipes, FIFOs, terminals, the
 * standard descriptors. docs/design/processes.md says why they are opened anew. */
#include "base/descriptor.h"
#include "base/sys.h"
#include "stream/stream.h"
#include <eddy/pipe.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

/* ---- the transports ---- */

static ssize_t pipe_receive(eddy_transport *t, void *buf, size_t size)
{
    return eddy__sys(read(t->stream->fd.fd, buf, size));
}

static ssize_t pipe_receive_parts(eddy_transport *t, struct iovec *parts, size_t n)
{
    return eddy__sys(readv(t->stream->fd.fd, parts, (int)n));
}

/* A terminal gives a line at a time: what is left after a short read brings no event of its own, as
 * after a hang-up. */
static ssize_t receive_careful(eddy_transport *t, void *buf, size_t size)
{
    t->stream->fd.hangup = true;
    return pipe_receive(t, buf, size);
}

static ssize_t pipe_send_bytes(eddy_transport *t, const void *buf, size_t size)
{
    ssize_t n = eddy__sys_write_quiet(t->stream->fd.fd, buf, size);

    return n == -EOPNOTSUPP ? eddy__sys_write_masked(t->stream->fd.fd, buf, size) : n;
}

static ssize_t send_parts_quiet(eddy_transport *t, const struct iovec *parts, size_t n)
{
    ssize_t sent = eddy__sys_write_parts_quiet(t->stream->fd.fd, parts, (int)n);

    return sent == -EOPNOTSUPP ? pipe_send_bytes(t, parts->iov_base, parts->iov_len) : sent;
}

/* The reader sees the end when no writer is left. */
static int pipe_send_eof(eddy_transport *t)
{
    struct eddy__fd *fd = &t->stream->fd;
    int flags = eddy__sys(fcntl(fd->fd, F_GETFL));

    if (flags < 0)
        return flags;
    if ((flags & O_ACCMODE) != O_WRONLY)
        return EDDY_ENOTSUP;
    eddy__fd_forget(fd);
    eddy__socket_close(fd->fd);
    fd->fd = -1;
    return 0;
}

/* Another stream of a standard descriptor may be opened: state is its place among users. */
static void pipe_give_back(eddy_transport *t)
{
    _Atomic(pid_t) *user = t->state;

    if (user)
        atomic_store(user, 0);
    t->state = NULL;
}

static void pipe_shut(eddy_transport *t, bool abort)
{
    (void)abort;
    pipe_give_back(t);
}

static void shut_shared(eddy_transport *t, bool abort)
{
    int fd = t->stream->fd.fd, flags = fcntl(fd, F_GETFL);

    if (flags >= 0)
        fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    pipe_shut(t, abort);
}

static const eddy_transport_kind pipe_transport = {
    .read = pipe_receive,
    .read_parts = pipe_receive_parts,
    .write = pipe_send_bytes,
    .write_parts = send_parts_quiet,
    .end = pipe_send_eof,
    .close = pipe_shut,
};

/* Terminals, other devices, files, and pipes of others: one that keeps packets apart gives one at a
 * time, too, and its reading end does not tell that it is such. */
static const eddy_transport_kind device_transport = {
    .read = receive_careful,
    .write = pipe_send_bytes,
    .end = pipe_send_eof,
    .close = pipe_shut,
    .release = pipe_give_back,
};

/* The same, made non-blocking together with those who share it. */
static const eddy_transport_kind shared_transport = {
    .read = receive_careful,
    .write = pipe_send_bytes,
    .end = pipe_send_eof,
    .close = shut_shared,
    .release = pipe_give_back,
};

/* ---- a socket that others share: no flag of it is changed ---- */

static ssize_t receive_shared(eddy_transport *t, void *buf, size_t size)
{
    return eddy__sys_once(recv(t->stream->fd.fd, buf, size, MSG_DONTWAIT));
}

static ssize_t receive_parts_shared(eddy_transport *t, struct iovec *parts, size_t n)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = n};

    return eddy__sys_once(recvmsg(t->stream->fd.fd, &message, MSG_DONTWAIT));
}

static ssize_t send_shared(eddy_transport *t, const void *buf, size_t size)
{
    return eddy__sys_once(send(t->stream->fd.fd, buf, size, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static int send_eof_shared(eddy_transport *t)
{
    return eddy__sys(shutdown(t->stream->fd.fd, SHUT_WR));
}

static const eddy_transport_kind shared_socket_transport = {
    .read = receive_shared,
    .read_parts = receive_parts_shared,
    .write = send_shared,
    .end = send_eof_shared,
    .close = pipe_shut,
    .release = pipe_give_back,
};

/* ---- pipes ---- */

int eddy__pipe_make(int fds[2])
{
    return eddy__sys(eddy__pair_above_standard(pipe2(fds, O_CLOEXEC | O_NONBLOCK), fds));
}

static eddy_stream *pipe_named(eddy_stream *s, const char *name)
{
    if (s && !s->peer)
        s->peer = eddy_strdup(name); /* without memory it is "?" */
    return s;
}

eddy_stream *eddy__pipe_stream(int fd, const char *name, const eddy_stream_opts *opts)
{
    return pipe_named(eddy__stream_new(&pipe_transport, fd, opts), name);
}

static COLD int pipe_no_loop(void)
{
    return eddy__raise(EDDY_ELOOP, "a stream belongs to a running loop, and none runs here");
}

int eddy_pipe_open(eddy_stream *ends[2])
{
    static const eddy_stream_opts defaults;
    int fds[2], status;

    ends[0] = ends[1] = NULL;
    if (!eddy__thread.loop)
        return pipe_no_loop();
    status = eddy__pipe_make(fds);
    if (status < 0)
        return eddy__raise(status, "cannot make a pipe: %s", eddy__words(status).text);
    for (int i = 0; i < 2; i++)
        ends[i] = eddy__pipe_stream(fds[i], "a pipe", &defaults);
    if (ends[0] && ends[1])
        return 0;
    for (int i = 0; i < 2; i++) {
        if (!ends[i])
            eddy__socket_close(fds[i]);
        eddy_stream_close(eddy_take(ends[i]));
    }
    return EDDY_ENOMEM;
}

/* ---- any descriptor ---- */

/* Opening the master of a pseudo-terminal anew makes another pseudo-terminal. */
static bool can_be_reopened(int fd, const struct stat *status)
{
    return S_ISFIFO(status->st_mode) ||
           (S_ISCHR(status->st_mode) && status->st_rdev != makedev(5, 2) && isatty(fd));
}

/* Puts a description of its own under the number. False: that cannot be done. */
static bool reopen(int fd, int flags)
{
    char path[32];
    int own, status;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    flags = (flags & (O_ACCMODE | O_APPEND | O_DIRECT)) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    own = eddy__sys(eddy__above_standard(open(path, flags)));
    if (own < 0)
        return false;
    status = dup3(own, fd, O_CLOEXEC);
    close(own);
    return status >= 0;
}

/* Sees to it that fd does not block. The transport to use, or NULL raised. */
static const eddy_transport_kind *pipe_prepare(int fd, const struct stat *status)
{
    int flags = eddy__sys(fcntl(fd, F_GETFL)), r = flags;

    if (flags >= 0 && (flags & O_NONBLOCK || S_ISREG(status->st_mode)))
        return &device_transport;
    if (flags >= 0 && can_be_reopened(fd, status) && reopen(fd, flags))
        return &device_transport;
    if (flags >= 0 && (r = eddy__sys(fcntl(fd, F_SETFL, flags | O_NONBLOCK))) >= 0)
        return &shared_transport;
    eddy__raise(r, "descriptor %d cannot be made non-blocking", fd);
    return NULL;
}

static eddy_stream *of_file(int fd, const struct stat *status, const char *name,
                            const eddy_stream_opts *opts)
{
    const eddy_transport_kind *kind = pipe_prepare(fd, status);

    return kind ? pipe_named(eddy__stream_new(kind, fd, opts), name) : NULL;
}

/* name: of a standard descriptor, else NULL. */
static int pipe_check(int fd, const char *name, struct stat *status)
{
    if (!eddy__thread.loop)
        return pipe_no_loop();
    int r = eddy__sys(fstat(fd, status));
    if (r == -EBADF && name)
        return eddy__raise(r, "%s is closed", name);
    if (r < 0)
        return eddy__raise(r, "descriptor %d cannot be a stream: %s", fd, eddy__words(r).text);
    if (S_ISDIR(status->st_mode))
        return eddy__raise(EDDY_EISDIR, "descriptor %d is a directory", fd);
    return 0;
}

static const char *pipe_name_of(int fd, const struct stat *status)
{
    return S_ISFIFO(status->st_mode)  ? "a pipe"
           : S_ISREG(status->st_mode) ? "a file"
           : isatty(fd)               ? "a terminal"
                                      : "a device";
}

eddy_stream *eddy_stream_of_fd(int fd, const eddy_stream_opts *opts)
{
    static const eddy_stream_opts defaults;
    struct stat status;

    if (!opts)
        opts = &defaults;
    if (eddy__stream_check_opts(opts) < 0 || pipe_check(fd, NULL, &status) < 0)
        return NULL;
    if (S_ISSOCK(status.st_mode))
        return eddy_stream_of_socket(fd, opts);
    return of_file(fd, &status, pipe_name_of(fd, &status), opts);
}

/* ---- the standard descriptors ---- */

static const char *const standard_names[] = {"standard input", "standard output", "standard error"};

/* The process that has a stream of each; not its children, which have another's copy. */
static _Atomic(pid_t) users[3];

static eddy_stream *duplicate(int number, const struct stat *status)
{
    static const eddy_stream_opts defaults;
    const char *name = standard_names[number];
    int fd = eddy__sys(fcntl(number, F_DUPFD_CLOEXEC, 3));
    eddy_stream *s;

    if (fd < 0) {
        eddy__raise(fd, "cannot duplicate %s: %s", name, eddy__words(fd).text);
        return NULL;
    }
    s = S_ISSOCK(status->st_mode)
            ? pipe_named(eddy__stream_new(&shared_socket_transport, fd, &defaults), name)
            : of_file(fd, status, name, &defaults);
    if (!s)
        eddy__socket_close(fd);
    return s;
}

static eddy_stream *of_standard(int number)
{
    pid_t self = getpid(), user = atomic_load(&users[number]);
    struct stat status;
    eddy_stream *s;

    if (pipe_check(number, standard_names[number], &status) < 0)
        return NULL;
    if (user == self || !atomic_compare_exchange_strong(&users[number], &user, self)) {
        eddy__raise(EDDY_EBUSY, "%s has a stream already: close it first, or share it",
                    standard_names[number]);
        return NULL;
    }
    s = duplicate(number, &status);
    if (s)
        s->base.state = &users[number];
    else
        atomic_store(&users[number], 0);
    return s;
}

eddy_stream *eddy_stdin(void)
{
    return of_standard(STDIN_FILENO);
}

eddy_stream *eddy_stdout(void)
{
    return of_standard(STDOUT_FILENO);
}

eddy_stream *eddy_stderr(void)
{
    return of_standard(STDERR_FILENO);
}

/* file.c - files as streams: opening, the transport that suspends instead of waiting for
 * readiness, closing. */
#include "fs/file.h"
#include "base/descriptor.h"
#include "base/sys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEFAULT_MODE = 0666 };

int eddy__path_fail(const char *verb, const char *path, int code)
{
    if (code == EDDY_ECLOSED || code == eddy__self()->interrupt)
        return eddy__raise_interrupt(code);
    return eddy__raise(code, "cannot %s %s: %s", verb, path, eddy__words(code).text);
}

/* ---- in flight ---- */

int eddy__file_begin(const eddy_stream *s)
{
    int status = eddy__check_interrupt();

    if (status < 0)
        return status;
    if (!s || s->transport->kind != &eddy__file_transport)
        return eddy__raise(EDDY_EINVAL, "a stream of eddy_file_open is expected");
    return s->closed ? eddy__raise_code(EDDY_ECLOSED) : 0;
}

void eddy__file_hold(eddy_stream *s)
{
    struct eddy__file *file = eddy__file_of(s);

    eddy__stream_ref(s);
    file->busy++;
}

static void close_left(struct eddy__file *file)
{
    if (file->left >= 0)
        eddy__socket_close(file->left);
    file->left = -1;
}

ssize_t eddy__file_let_go(eddy_stream *s, ssize_t status)
{
    struct eddy__file *file = eddy__file_of(s);

    if (--file->busy == 0)
        close_left(file);
    if (s->closed)
        status = EDDY_ECLOSED;
    eddy__stream_unref(s);
    return status;
}

/* ---- the transport ---- */

static ssize_t read_file(eddy_transport *t, void *buf, size_t size)
{
    eddy_stream *s = t->stream;
    struct eddy__file *file = t->state;

    if (s->writing && file->shared)
        return EDDY_EBUSY;
    ssize_t n = eddy__file_transfer(s, EDDY_OP_READ, buf, size, file->position);
    if (n <= 0)
        return n;
    s->eof = false; /* it may have moved on */
    if (file->position >= 0)
        file->position += n;
    return n;
}

static ssize_t write_file(eddy_transport *t, const void *buf, size_t size)
{
    eddy_stream *s = t->stream;
    struct eddy__file *file = t->state;
    int64_t end = -1;

    if (s->reading && file->shared)
        return EDDY_EBUSY;
    if (file->shared)
        eddy__file_drop_ahead(s);
    int r = eddy__file_write_all(s, buf, size, file->append ? &end : &file->position);
    return r < 0 ? r : (ssize_t)size;
}

/* What is in flight is cancelled; the last of it closes the descriptor, whose number must not be
 * another file's before. */
static void close_file(eddy_transport *t, bool abort)
{
    eddy_stream *s = t->stream;
    struct eddy__file *file = t->state;

    list_each(link, &file->operations) {
        struct eddy__file_op *operation = container_of(link, struct eddy__file_op, link);

        if (operation->in_flight)
            eddy_loop_cancel_op(s->fd.loop, &operation->op);
    }
    file->left = s->fd.fd;
    s->fd.fd = -1;
    if (file->busy)
        return;
    if (!abort && file->written) {
        int fd = file->left;

        file->left = -1;
        eddy__file_close_fd(fd);
    }
    close_left(file);
}

static void release_file(eddy_transport *t)
{
    eddy_free(t->state);
}

const eddy_transport_kind eddy__file_transport = {
    .read = read_file,
    .write = write_file,
    .close = close_file,
    .release = release_file,
    .suspends = true,
    .retries = true,
};

/* ---- opening ---- */

/* Flags of open(2), or EDDY_EINVAL, raised. */
static int file_flags_of(const char *mode)
{
    int flags = 0;

    if (!mode || !*mode || !strchr("rwa", *mode))
        goto bad;
    if (*mode != 'r')
        flags = O_WRONLY | O_CREAT | (*mode == 'w' ? O_TRUNC : O_APPEND);
    for (const char *c = mode + 1; *c; c++) {
        if (*c == '+')
            flags = (flags & ~O_ACCMODE) | O_RDWR;
        else if (*c == 'x' && *mode != 'r')
            flags |= O_EXCL;
        else if (*c != 'b')
            goto bad;
    }
    return flags;
bad:
    return eddy__raise(EDDY_EINVAL,
                       "the mode \"%s\" of a file is not \"r\", \"w\" or \"a\", then any of \"+\", "
                       "\"b\" and, not with \"r\", \"x\"",
                       mode ? mode : "(NULL)");
}

int eddy__file_open_fd(int folder, const char *path, int flags, unsigned mode)
{
    struct eddy__file_op operation = {.op = {.code = EDDY_OP_OPEN,
                                             .fd = folder,
                                             .path = path,
                                             .flags = flags | O_CLOEXEC | O_NOCTTY,
                                             .mode = mode}};

    int fd = (int)eddy__file_op_run(&operation);

    if (fd < 0)
        return fd;
    return eddy__sys_sure(eddy__above_standard(fd)); /* closes it when it fails */
}

/* What kind of file it is, as the open has seen it: no need to ask the disk again. */
static int kind_of(int fd)
{
    return eddy__sys_kind_of(fd);
}

static struct eddy__file *make_state(int kind, int flags)
{
    struct eddy__file *file = eddy_alloc_zero(sizeof *file);

    if (!file)
        return NULL;
    file->position = kind == S_IFREG || kind == S_IFBLK ? 0 : -1;
    file->append = flags & O_APPEND;
    file->shared = file->position == 0 && !file->append && (flags & O_ACCMODE) == O_RDWR;
    file->left = -1;
    list_init(&file->operations);
    return file;
}

static int give_state(eddy_stream *s, const char *path, int flags)
{
    int kind = kind_of(s->fd.fd);

    if (kind < 0 || kind == S_IFDIR)
        return kind < 0 ? kind : EDDY_EISDIR;
    s->base.state = make_state(kind, flags);
    s->peer = eddy_strdup(path);
    s->fd.hangup = true; /* nothing tells of more */
    return s->base.state && s->peer ? 0 : EDDY_ENOMEM;
}

eddy_stream *eddy__file_stream(int fd, const char *path, int flags, const eddy_stream_opts *opts)
{
    eddy_stream *s = eddy__stream_new(&eddy__file_transport, fd, opts);
    int status = s ? give_state(s, path, flags) : EDDY_ENOMEM;

    if (status == 0)
        return s;
    eddy__socket_close(fd);
    if (s) {
        eddy__stream_unref(s);
        eddy__path_fail("open", path, status);
    }
    return NULL;
}

static int open_any(const char *path, int flags, const eddy_file_opts *opts)
{
    unsigned mode = opts->mode ? opts->mode : DEFAULT_MODE;

    return opts->beneath ? eddy__file_open_beneath(opts, path, flags, mode)
                         : eddy__file_open_fd(AT_FDCWD, path, flags, mode);
}

/* O_NONBLOCK waits for no FIFO's other end. For the file itself it would be wrong: the ring takes
 * it at its word, and reads only what is in memory already. */
static int open_regular(const char *path, int flags, const eddy_file_opts *opts)
{
    int fd = open_any(path, flags | O_NONBLOCK | O_NOCTTY, opts);

    if (fd < 0)
        return fd == -ENXIO ? EDDY_EINVAL : fd; /* a FIFO that nobody reads */
    int kind = kind_of(fd);
    int status = kind < 0 || kind == S_IFREG ? kind : kind == S_IFDIR ? EDDY_EISDIR : EDDY_EINVAL;
    if (status >= 0)
        status = eddy__sys(fcntl(fd, F_SETFL, flags & (O_APPEND | O_ACCMODE)));
    if (status < 0)
        eddy__socket_close(fd);
    return status < 0 ? status : fd;
}

static int open_fd(const char *path, int flags, const eddy_file_opts *opts)
{
    return opts->regular ? open_regular(path, flags, opts) : open_any(path, flags, opts);
}

static COLD void open_failed(const char *path, const eddy_file_opts *opts, int code)
{
    const char *beneath = opts->beneath;

    if (opts->regular && code == EDDY_EINVAL)
        eddy__raise(code, "cannot open %s: it is no regular file", path);
    else if (!beneath || code == eddy__self()->interrupt)
        eddy__path_fail("open", path, code);
    else if (code == EDDY_EXDEV)
        eddy__raise(code, "cannot open %s: it leads out of %s, or is a link", path, beneath);
    else
        eddy__raise(code, "cannot open %s beneath %s: %s", path, beneath, eddy__words(code).text);
}

eddy_stream *eddy_file_open_with(const char *path, const char *mode, const eddy_file_opts *opts)
{
    static const eddy_file_opts defaults;
    int flags, fd;

    if (!opts)
        opts = &defaults;
    if (eddy__checkpoint() < 0 || (flags = file_flags_of(mode)) < 0 ||
        eddy__stream_check_opts(&opts->stream) < 0)
        return NULL;
    if (!path || !*path) {
        eddy__raise(EDDY_EINVAL, "the path of a file is expected");
        return NULL;
    }
    fd = open_fd(path, flags, opts);
    if (fd < 0) {
        open_failed(path, opts, fd);
        return NULL;
    }
    return eddy__file_stream(fd, path, flags, &opts->stream);
}

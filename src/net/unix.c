/* unix.c - Unix sockets: connecting to a path, listening on one. */
#include "net/net.h"

#include <sys/stat.h>
#include <unistd.h>

eddy_stream *eddy_connect_unix_with(const char *path, const eddy_stream_opts *opts)
{
    static const eddy_stream_opts defaults;
    eddy_address address;
    eddy_stream *s;
    int status;

    if (!opts)
        opts = &defaults;
    if (eddy__checkpoint() < 0 || eddy__stream_check_opts(opts) < 0 ||
        eddy_address_of_path(&address, path) < 0)
        return NULL;
    s = eddy__connect_address(&address, NULL, false, opts, &status);
    if (s)
        return s;
    if (status == eddy__self()->interrupt)
        eddy__raise_interrupt(status);
    else
        eddy__raise(status, "cannot connect to %s: %s", path, eddy__words(status).text);
    return NULL;
}

static bool is_file(const eddy_address *a)
{
    return a->u.any.sa_family == AF_UNIX &&
           a->size > (socklen_t)offsetof(struct sockaddr_un, sun_path) && a->u.local.sun_path[0];
}

static bool is_socket(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

static int unix_type_of(int fd)
{
    int type = 0;
    socklen_t size = sizeof type;

    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    return type;
}

/* A socket that nobody listens on: its server has ended without removing it. */
static bool is_stale(const eddy_address *a, int type)
{
    int fd, status;

    if (!is_file(a) || !is_socket(a->u.local.sun_path))
        return false;
    fd = eddy__socket_make(AF_UNIX, type);
    if (fd < 0)
        return false;
    status = eddy__socket_connect(fd, a);
    eddy__socket_close(fd);
    return status == EDDY_ECONNREFUSED;
}

static int bind_path(int fd, const eddy_address *a)
{
    int status = eddy__socket_bind(fd, a);

    if (status != EDDY_EADDRINUSE || !is_stale(a, unix_type_of(fd)))
        return status;
    unlink(a->u.local.sun_path);
    return eddy__socket_bind(fd, a);
}

/* The file may be replaced by another server's later: what was bound here is remembered. */
static void remember(struct eddy__unix_file *file, const eddy_address *a)
{
    struct stat status;

    file->path[0] = '\0';
    if (!is_file(a) || lstat(a->u.local.sun_path, &status) < 0)
        return;
    memcpy(file->path, a->u.local.sun_path, sizeof file->path);
    file->device = status.st_dev;
    file->inode = status.st_ino;
}

void eddy__unix_remove(const struct eddy__unix_file *file)
{
    struct stat status;

    if (file->path[0] && lstat(file->path, &status) == 0 && status.st_dev == file->device &&
        status.st_ino == file->inode)
        unlink(file->path);
}

int eddy__unix_bind(int fd, const eddy_address *a, struct eddy__unix_file *file)
{
    int status = bind_path(fd, a);

    if (status >= 0)
        remember(file, a);
    return status;
}

int eddy__unix_listen(const eddy_address *a, int backlog, struct eddy__unix_file *file)
{
    int fd = eddy__socket_open(AF_UNIX);
    int status;

    if (fd < 0)
        return fd;
    status = eddy__unix_bind(fd, a, file);
    if (status >= 0) {
        status = eddy__socket_listen(fd, backlog);
        if (status >= 0)
            return fd;
        eddy__unix_remove(file);
    }
    eddy__socket_close(fd);
    return status;
}

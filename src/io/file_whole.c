/* file_whole.c - whole files: writing, replacing in one step, temporary ones. */
#include "io/file.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    DEFAULT_MODE = 0666,
    NAME_TRIES = 100,
};
static const double CLEAN_UP_SECONDS = 5.0;

void eddy_free(void *data)
{
    eddy__free(data);
}

/* ---- files with a name that nobody has ---- */

/* Six letters and digits for the end of name. */
static void make_name(char *end)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    static atomic_uint count;
    uint64_t number = (uint64_t)eddy__clock_now() * 2654435761u + (uint64_t)getpid() * 1000003 +
                      atomic_fetch_add(&count, 1) * 7919u;

    for (int i = 0; i < 6; i++, number /= sizeof letters - 1)
        end[i] = letters[number % (sizeof letters - 1)];
}

/* Shielded: an open that is left behind might make a file that nobody would remove. */
static int create_shielded(const char *path, unsigned mode)
{
    struct eddy__closer closer;

    eddy__closer_enter(&closer, CLEAN_UP_SECONDS);
    int fd = eddy__file_open_fd(path, O_RDWR | O_CREAT | O_EXCL, mode);
    eddy__closer_leave(&closer);
    return fd;
}

/* Opens start + middle + "XXXXXX" with other letters; a descriptor, with the name in *name to be
 * freed, or a code, unraised. */
static int open_unique(const char *start, const char *middle, unsigned mode, char **name)
{
    size_t length = strlen(start) + strlen(middle);
    char *path = eddy__alloc(length + 7);
    int fd = EDDY_ENOMEM;

    for (int i = 0; path && i < NAME_TRIES; i++) {
        snprintf(path, length + 7, "%s%sXXXXXX", start, middle);
        make_name(path + length);
        fd = create_shielded(path, mode);
        if (fd != EDDY_EEXIST)
            break;
    }
    if (fd >= 0) {
        *name = path;
        return fd;
    }
    eddy__free(path);
    return fd;
}

/* Also when the task is cancelled, and without a word about it; at once, if no memory is left. */
static void remove_shielded(const char *path)
{
    struct eddy__closer closer;

    eddy__closer_enter(&closer, CLEAN_UP_SECONDS);
    if (eddy_unlink(path) == EDDY_ENOMEM)
        eddy_ignore(unlink(path));
    eddy__closer_leave(&closer);
}

/* Makes a stream of open_unique's descriptor; removes the file when it cannot. */
static eddy_stream *stream_of(int fd, const char *name)
{
    static const eddy_stream_opts defaults;
    eddy_stream *s = eddy__file_stream(fd, name, O_RDWR, &defaults);

    if (!s)
        remove_shielded(name);
    return s;
}

/* ---- temporary files ---- */

static eddy_stream *temp_with_name(const char *folder, char **path)
{
    char *name;
    int fd = open_unique(folder, "/eddy-", 0600, &name);

    if (fd < 0) {
        eddy__path_fail("make a temporary file in", folder, fd);
        return NULL;
    }
    eddy_stream *s = stream_of(fd, name);
    if (s && path)
        *path = name;
    else
        eddy__free(name);
    return s;
}

/* For file systems that have no files without a name. */
static eddy_stream *temp_that_loses_its_name(const char *folder)
{
    char *path = NULL;
    eddy_stream *s = temp_with_name(folder, &path);

    if (s)
        remove_shielded(path);
    eddy__free(path);
    return s;
}

eddy_stream *eddy_temp_file(const char *folder, char **path)
{
    static const eddy_stream_opts defaults;

    if (eddy__checkpoint() < 0)
        return NULL;
    if (!folder && !(folder = getenv("TMPDIR")))
        folder = "/tmp";
    if (path)
        return temp_with_name(folder, path);
    int fd = eddy__file_open_fd(folder, O_RDWR | O_TMPFILE, 0600);
    if (fd >= 0)
        return eddy__file_stream(fd, folder, O_RDWR, &defaults);
    if (fd == -EOPNOTSUPP || fd == EDDY_EISDIR)
        return temp_that_loses_its_name(folder);
    eddy__path_fail("make a temporary file in", folder, fd);
    return NULL;
}

/* ---- writing ---- */

static int write_plain(const char *path, const void *data, size_t size, unsigned mode)
{
    eddy_stream *s = eddy_file_open(path, "w", .mode = mode);
    ssize_t n = s ? eddy_write(s, data, size) : eddy_status_pointer_(s);

    eddy_stream_close(s);
    return n < 0 ? (int)n : 0;
}

static int write_and_sync(eddy_stream *s, const void *data, size_t size)
{
    ssize_t n = eddy_write(s, data, size);

    return n < 0 ? (int)n : eddy_file_sync(s);
}

/* The rename is on the disk when the folder is. */
static int sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = eddy__strdup(slash ? path : ".");

    if (!folder)
        return EDDY_ENOMEM;
    if (slash)
        folder[slash - path + 1] = '\0';
    int fd = eddy__file_open_fd(folder, O_RDONLY | O_DIRECTORY, 0);
    eddy__free(folder);
    if (fd < 0)
        return fd;
    struct eddy__file_op sync = {.op = {.code = EDDY_OP_FSYNC, .fd = fd}};
    int status = (int)eddy__file_op_run(&sync);
    eddy__socket_close(fd);
    return status == EDDY_EINVAL ? 0 : status; /* a file system without */
}

static int replace(const char *path, const char *name, int fd, const void *data, size_t size)
{
    eddy_stream *s = stream_of(fd, name);

    if (!s)
        return eddy_status_pointer_(s);
    int status = write_and_sync(s, data, size);
    eddy_stream_close(s);
    if (status >= 0)
        status = eddy_rename(name, path);
    if (status < 0) {
        remove_shielded(name);
        return status;
    }
    status = sync_folder(path);
    return status < 0 ? eddy__path_fail("sync the folder of", path, status) : 0;
}

static int write_atomic(const char *path, const void *data, size_t size, unsigned mode)
{
    char *name;
    int fd = open_unique(path, ".", mode, &name);

    if (fd < 0)
        return eddy__path_fail("write", path, fd);
    int status = replace(path, name, fd, data, size);
    eddy__free(name);
    return status;
}

int eddy_write_file_with(const char *path, const void *data, size_t size,
                         const eddy_write_file_opts *opts)
{
    unsigned mode = opts && opts->mode ? opts->mode : DEFAULT_MODE;
    int status = eddy__checkpoint();

    if (status < 0)
        return status;
    if (!path || !*path || (!data && size))
        return eddy_raise(EDDY_EINVAL, "eddy_write_file needs a path and data of that size");
    return opts && opts->atomic ? write_atomic(path, data, size, mode)
                                : write_plain(path, data, size, mode);
}

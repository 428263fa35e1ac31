/* file_whole.c - whole files: writing, replacing in one step, temporary ones. */
#include "fs/file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    DEFAULT_MODE = 0666,
    NAME_TRIES = 100,
    LINKS_MAX = 40, /* as in the kernel */
};
static const double CLEAN_UP_SECONDS = 5.0;

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
    int fd = eddy__file_open_fd(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL, mode);
    eddy__closer_leave(&closer);
    return fd;
}

/* Opens start + middle + "XXXXXX" with other letters; a descriptor, with the name in *name to be
 * freed, or a code, unraised. */
static int open_unique(const char *start, const char *middle, unsigned mode, char **name)
{
    size_t head = strlen(start), length = head + strlen(middle);
    char *path = eddy_alloc(length + 7);
    int fd = EDDY_ENOMEM;

    for (int i = 0; path && i < NAME_TRIES; i++) {
        memcpy(path, start, head);
        memcpy(path + head, middle, length - head);
        path[length + 6] = '\0';
        make_name(path + length);
        fd = create_shielded(path, mode);
        if (fd != EDDY_EEXIST)
            break;
    }
    if (fd >= 0) {
        *name = path;
        return fd;
    }
    eddy_free(path);
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
        eddy_free(name);
    return s;
}

/* For file systems that have no files without a name. */
static eddy_stream *temp_that_loses_its_name(const char *folder)
{
    char *path = NULL;
    eddy_stream *s = temp_with_name(folder, &path);

    if (s)
        remove_shielded(path);
    eddy_free(path);
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
    int fd = eddy__file_open_fd(AT_FDCWD, folder, O_RDWR | O_TMPFILE, 0600);
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
    char *folder = eddy_strdup(slash ? path : ".");

    if (!folder)
        return EDDY_ENOMEM;
    if (slash)
        folder[slash - path + 1] = '\0';
    int fd = eddy__file_open_fd(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
    eddy_free(folder);
    if (fd < 0)
        return fd;
    struct eddy__file_op sync = {.op = {.code = EDDY_OP_FSYNC, .fd = fd}};
    int status = (int)eddy__file_op_run(&sync);
    eddy__socket_close(fd);
    return status == EDDY_EINVAL ? 0 : status; /* a file system without */
}

/* What is to be replaced: found by a job, which goes along with links as an open does. */
struct target {
    struct eddy__job job; /* must stay first */
    bool exists;
    int fd; /* of the new file, which is to be like the one found */
    struct stat found;
    char path[PATH_MAX];
};

static struct target *target_of(struct eddy__job *job)
{
    return (struct target *)(void *)job;
}

static void release_target(struct eddy__job *job)
{
    eddy_free(job);
}

/* Puts text in the place of path's last part, or of all of it. */
static int go_along(char *path, const char *text)
{
    char *slash = strrchr(path, '/');
    size_t kept = slash && *text != '/' ? (size_t)(slash - path) + 1 : 0;

    if (kept + strlen(text) >= PATH_MAX)
        return EDDY_ENAMETOOLONG;
    memcpy(path + kept, text, strlen(text) + 1);
    return 0;
}

/* Also where a link leads to nothing yet. */
static int file_whole_resolve(char *path)
{
    char text[PATH_MAX];

    for (int i = 0; i < LINKS_MAX; i++) {
        ssize_t n = eddy__sys(readlink(path, text, sizeof text - 1));

        if (n < 0)
            return n == -EINVAL || n == -ENOENT ? 0 : (int)n;
        text[n] = '\0';
        int status = go_along(path, text);
        if (status < 0)
            return status;
    }
    return -ELOOP;
}

static int do_find(struct eddy__job *job)
{
    struct target *target = target_of(job);
    int status = file_whole_resolve(target->path);

    if (status < 0)
        return status;
    status = eddy__sys(stat(target->path, &target->found));
    if (status < 0)
        return status == -ENOENT ? 0 : status;
    target->exists = true;
    if (S_ISDIR(target->found.st_mode))
        return EDDY_EISDIR;
    return S_ISREG(target->found.st_mode) ? 0 : EDDY_EINVAL;
}

/* Owner and group as far as this process may give them. Those of a group that it may not give, and
 * who had more than everybody, do not have it in another group. */
static int do_make_alike(struct eddy__job *job)
{
    const struct target *target = target_of(job);
    const struct stat *found = &target->found;
    mode_t mode = found->st_mode & 01777;
    struct stat own;
    int status = eddy__sys(fstat(target->fd, &own));

    if (status < 0)
        return status;
    if (own.st_uid != found->st_uid)
        eddy_ignore(fchown(target->fd, found->st_uid, (gid_t)-1));
    if (own.st_gid != found->st_gid && eddy__sys(fchown(target->fd, (uid_t)-1, found->st_gid)) < 0)
        mode &= ~(mode_t)070 | (mode & 07) << 3;
    return eddy__sys(fchmod(target->fd, mode));
}

/* The target, looked up; NULL, raised. */
static struct target *find_target(const char *path)
{
    size_t size = strlen(path) + 1;
    struct target *target = eddy_alloc_zero(sizeof *target);
    int status = !target ? EDDY_ENOMEM : size > PATH_MAX ? EDDY_ENAMETOOLONG : 0;

    if (status == 0) {
        target->job.perform = do_find;
        target->job.release = release_target;
        memcpy(target->path, path, size);
        status = eddy__file_job_run(&target->job);
        if (status < 0)
            target = NULL; /* no longer ours */
        else
            status = target->job.status;
    }
    if (status == 0)
        return target;
    eddy_free(target);
    if (status == EDDY_EINVAL)
        eddy__raise(status, "cannot replace %s: it is no regular file", path);
    else
        eddy__path_fail("write", path, status);
    return NULL;
}

/* 0 or a code, raised. */
static int make_alike(struct target *target, int fd)
{
    struct target *like = target->exists ? eddy_alloc(sizeof *like) : NULL;

    if (!target->exists)
        return 0;
    if (!like)
        return eddy__raise_code(EDDY_ENOMEM);
    *like = *target;
    like->job =
        (struct eddy__job){.awaited = true, .perform = do_make_alike, .release = release_target};
    like->fd = fd;
    int status = eddy__file_job_run(&like->job);
    if (status == 0) {
        status = like->job.status;
        eddy_free(like);
    }
    return status < 0 ? eddy__path_fail("keep the permissions of", target->path, status) : 0;
}

static int replace(struct target *target, const char *name, int fd, const void *data, size_t size)
{
    const char *path = target->path;
    eddy_stream *s = stream_of(fd, name);

    if (!s)
        return eddy_status_pointer_(s);
    int status = make_alike(target, fd);
    if (status >= 0)
        status = write_and_sync(s, data, size);
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
    struct target *target = find_target(path);
    char *name;

    if (!target)
        return eddy_status_pointer_(target);
    /* The same folder, and a name that is short whatever the file's is. */
    const char *slash = strrchr(target->path, '/');
    int length = slash ? (int)(slash - target->path) + 1 : 0;
    char *folder = eddy_alloc((size_t)length + 1);
    int fd = EDDY_ENOMEM;
    if (folder) {
        memcpy(folder, target->path, (size_t)length);
        folder[length] = '\0';
        fd = open_unique(folder, ".eddy-", target->exists ? 0600 : mode, &name);
    }
    int status =
        fd < 0 ? eddy__path_fail("write", path, fd) : replace(target, name, fd, data, size);
    if (fd >= 0)
        eddy_free(name);
    eddy_free(folder);
    eddy_free(target);
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
        return eddy__raise(EDDY_EINVAL, "eddy_write_file needs a path and data of that size");
    return opts && opts->atomic ? write_atomic(path, data, size, mode)
                                : write_plain(path, data, size, mode);
}

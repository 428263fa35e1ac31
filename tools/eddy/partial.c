/* partial.c - files without a name and their linking, temporary files and parts and their
 * renaming. */
#define _GNU_SOURCE
#include "partial.h"
#include <eddy/error.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct partial {
    struct folder *folder;
    int fd;
    uint64_t size;
    bool is_part;
    bool keep;
    char name[NAME_MAX + 1]; /* "" without one, or once it was published */
};

/* What has no name is gone with the process, however that ends. */
static int open_unnamed(const struct folder *folder)
{
    return openat(folder->fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
}

/* Only root may link a descriptor directly. Fails with EEXIST when the name is taken. */
static int link_to(const struct folder *folder, int fd, const char *name)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, folder->fd, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : -errno;
}

void partial_probe(struct folder *folder)
{
    char name[48];
    int fd = open_unnamed(folder);

    snprintf(name, sizeof name, ".eddy-fetch-%ld-probe", (long)getpid());
    folder->unnamed = fd >= 0 && link_to(folder, fd, name) == 0;
    if (folder->unnamed)
        unlinkat(folder->fd, name, 0);
    if (fd >= 0)
        close(fd);
}

/* The process id and a number: other processes may write to the same folder. What a killed process
 * of the same id left is passed over. */
static int create(partial *self)
{
    if (self->folder->unnamed) {
        self->fd = open_unnamed(self->folder);
        return self->fd < 0 ? -errno : 0;
    }
    do {
        snprintf(self->name, sizeof self->name, ".eddy-fetch-%ld-%u", (long)getpid(),
                 self->folder->created++);
        self->fd =
            openat(self->folder->fd, self->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (self->fd < 0 && errno == EEXIST);
    return self->fd < 0 ? -errno : 0;
}

/* Raises why there is no file. */
static partial *refused(partial *self, int r)
{
    const char *name = self && self->is_part ? self->name : "a file";

    if (r == -EWOULDBLOCK)
        eddy_ignore(eddy_raise(EDDY_EBUSY, "another process is writing %s", name));
    else
        eddy_ignore(eddy_raise(r, "cannot create %s: %s", name, strerror(-r)));
    free(self);
    return NULL;
}

partial *partial_open(struct folder *folder)
{
    partial *self = calloc(1, sizeof *self);
    int r = -ENOMEM;

    if (self) {
        self->folder = folder;
        r = create(self);
    }
    return r < 0 ? refused(self, r) : self;
}

/* Opens the part and locks it: 0; 1 when it was published or removed meanwhile; -errno. */
static int open_part(partial *self)
{
    int flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    struct stat info;
    int r = 0;

    self->fd = openat(self->folder->fd, self->name, flags, 0666);
    if (self->fd < 0)
        return -errno;
    if (flock(self->fd, LOCK_EX | LOCK_NB) < 0 || fstat(self->fd, &info) < 0)
        r = -errno;
    else if (!S_ISREG(info.st_mode))
        r = -EINVAL;
    else if (info.st_nlink == 0)
        r = 1;
    else
        self->size = (uint64_t)info.st_size;
    if (r)
        close(self->fd);
    return r;
}

partial *partial_continue(struct folder *folder, const char *name)
{
    partial *self = calloc(1, sizeof *self);
    int r = 1;

    if (!self)
        return refused(NULL, -ENOMEM);
    self->folder = folder;
    self->is_part = self->keep = true;
    if (snprintf(self->name, sizeof self->name, ".%s.part", name) >= (int)sizeof self->name)
        r = -ENAMETOOLONG;
    while (r > 0)
        r = open_part(self);
    return r < 0 ? refused(self, r) : self;
}

void partial_keep(partial *self, bool keep)
{
    self->keep = keep;
}

/* Nothing is kept of a part that has no bytes. */
bool partial_is_kept(const partial *self)
{
    return self->is_part && self->keep && self->size && self->name[0];
}

const char *partial_name(const partial *self)
{
    return self->is_part && self->name[0] ? self->name : NULL;
}

uint64_t partial_size(const partial *self)
{
    return self->size;
}

int partial_fd(const partial *self)
{
    return self->fd;
}

void partial_close(partial *self)
{
    if (!self)
        return;
    if (self->name[0] && !partial_is_kept(self))
        unlinkat(self->folder->fd, self->name, 0);
    if (self->fd >= 0)
        close(self->fd);
    free(self);
}

int partial_write(partial *self, const void *data, size_t size)
{
    const char *p = data;

    while (size > 0) {
        ssize_t n = write(self->fd, p, size);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            p += n;
            size -= (size_t)n;
            self->size += (size_t)n;
        }
    }
    return 0;
}

int partial_empty(partial *self)
{
    if (ftruncate(self->fd, 0) < 0 || lseek(self->fd, 0, SEEK_SET) < 0)
        return eddy_raise(-errno, "cannot empty a file: %s", strerror(errno));
    self->size = 0;
    return 0;
}

/* Some network file systems do not know the flag; there a look before has to do. */
static int rename_to_free(partial *self, const char *name)
{
    if (renameat2(self->folder->fd, self->name, self->folder->fd, name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    if (faccessat(self->folder->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return -EEXIST;
    return renameat(self->folder->fd, self->name, self->folder->fd, name) == 0 ? 0 : -errno;
}

/* The descriptor is closed later: these are local files, whose close does not fail. */
static int publish_unnamed(partial *self, const char *name)
{
    int r = link_to(self->folder, self->fd, name);

    return r < 0 ? eddy_raise(r, "cannot write %s: %s", name, strerror(-r)) : 0;
}

/* Network file systems report a failed write as late as when a descriptor is closed. The one that
 * locks a part stays open. */
static int late_failure(const partial *self)
{
    int copy = fcntl(self->fd, F_DUPFD_CLOEXEC, 0);

    return copy >= 0 && close(copy) < 0 ? -errno : 0;
}

int partial_publish(partial *self, const char *name)
{
    if (!self->name[0])
        return publish_unnamed(self, name);
    int r = late_failure(self);
    if (r == 0)
        r = rename_to_free(self, name);
    if (r < 0)
        return eddy_raise(r, "cannot write %s: %s", name, strerror(-r));
    self->name[0] = '\0';
    return 0;
}

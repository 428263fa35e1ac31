/* partial.c - files without a name and their linking, temporary files and their renaming. */
#define _GNU_SOURCE
#include "partial.h"
#include <eddy/error.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct partial {
    struct folder *folder;
    int fd;
    char name[48]; /* "" without one, or once it was published */
};

/* What has no name is gone with the process, however that ends. */
static int open_unnamed(const struct folder *folder)
{
    return openat(folder->fd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
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
            openat(self->folder->fd, self->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (self->fd < 0 && errno == EEXIST);
    return self->fd < 0 ? -errno : 0;
}

partial *partial_open(struct folder *folder)
{
    partial *self = calloc(1, sizeof *self);
    int r = -ENOMEM;

    if (self) {
        self->folder = folder;
        r = create(self);
    }
    if (r < 0) {
        free(self);
        eddy_ignore(eddy_raise(r, "cannot create a file: %s", strerror(-r)));
        return NULL;
    }
    return self;
}

void partial_close(partial *self)
{
    if (!self)
        return;
    if (self->fd >= 0)
        close(self->fd);
    if (self->name[0])
        unlinkat(self->folder->fd, self->name, 0);
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
        }
    }
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

int partial_publish(partial *self, const char *name)
{
    int r = 0;

    if (self->folder->unnamed)
        return publish_unnamed(self, name);

    /* Network file systems report a failed write as late as here. */
    if (self->fd >= 0 && close(self->fd) < 0)
        r = -errno;
    self->fd = -1;
    if (r == 0)
        r = rename_to_free(self, name);
    if (r < 0)
        return eddy_raise(r, "cannot write %s: %s", name, strerror(-r));
    self->name[0] = '\0';
    return 0;
}

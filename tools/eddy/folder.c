/* folder.c - refuses a folder that cannot be written to before anything is fetched. */
#define _GNU_SOURCE
#include "folder.h"
#include "command.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int explain(const char *path, int code)
{
    switch (code) {
    case ENOENT:
        refuse("fetch", "-o %s: the folder it would be in does not exist; make it with mkdir -p",
               path);
        break;
    case ENOTDIR:
        refuse("fetch", "-o %s: not a folder", path);
        break;
    case EACCES:
    case EROFS:
        refuse("fetch", "-o %s: the folder cannot be written to: %s", path, strerror(code));
        break;
    default:
        refuse("fetch", "-o %s: %s", path, strerror(code));
    }
    return -1;
}

int folder_open(struct folder *self, const char *path)
{
    self->created = 0;
    self->fd = -1;
    if (!*path)
        return explain(path, EINVAL);
    if (mkdir(path, 0777) < 0 && errno != EEXIST)
        return explain(path, errno);
    self->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->fd < 0)
        return explain(path, errno);
    if (faccessat(self->fd, ".", W_OK | X_OK, AT_EACCESS) < 0) {
        int code = errno;
        folder_close(self);
        return explain(path, code);
    }
    return 0;
}

void folder_close(struct folder *self)
{
    if (self->fd >= 0)
        close(self->fd);
    self->fd = -1;
}

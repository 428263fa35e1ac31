/* dir_look.c - looking at a name below a watched folder, in a worker thread: what was made in a
 * folder before it was watched brings no event.
 *
 * Paths only lead to the folder; whether it is the right one is asked of what was opened there, and
 * that is what is watched and listed. */
#include "fs/dir_look.h"
#include "base/descriptor.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_MAX = 64 << 20 };
enum { AS_PLACE = O_PATH | O_NOFOLLOW | O_CLOEXEC };

static struct eddy__dir_look *look_of(struct eddy__job *job)
{
    return container_of(job, struct eddy__dir_look, job);
}

static void look_release(struct eddy__job *job)
{
    struct eddy__dir_look *look = look_of(job);

    if (look->fd >= 0)
        eddy__socket_close(look->fd);
    eddy__buffer_free(&look->names);
    eddy_free(look->root);
    eddy_free(look->folder);
    eddy_free(look->name);
    eddy_free(look);
}

void eddy__dir_look_free(struct eddy__dir_look *look)
{
    look_release(&look->job);
}

/* ---- listing ---- */

static bool look_is_folder(DIR *dir, const struct dirent *entry)
{
    struct stat found;

    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(dirfd(dir), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(found.st_mode);
}

static int look_add_name(struct eddy__dir_look *look, char letter, const char *name)
{
    size_t size = strlen(name) + 2;

    if (eddy__buffer_count(&look->names) + size > NAMES_MAX)
        return EDDY_ELIMIT;
    int status = eddy__buffer_reserve(&look->names, size);
    if (status < 0)
        return status;
    char *to = look->names.data + look->names.end;
    to[0] = letter;
    memcpy(to + 1, name, size - 1);
    look->names.end += size;
    return 0;
}

static int list(struct eddy__dir_look *look, int place)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int fd = eddy__sys(eddy__above_standard(openat(place, ".", flags)));
    DIR *dir;

    if (fd < 0)
        return fd;
    int status = eddy__sys((dir = fdopendir(fd)) ? 0 : -1);
    if (status < 0) {
        close(fd);
        return status;
    }
    for (struct dirent *entry; status == 0 && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = look_add_name(look, look_is_folder(dir, entry) ? 'd' : 'f', entry->d_name);
    closedir(dir);
    return status;
}

/* ---- finding ---- */

static int identify(int fd, struct eddy__dir_id *id, mode_t *mode)
{
    struct stat found;
    int status = eddy__sys(fstat(fd, &found));

    if (status < 0)
        return status;
    *id = (struct eddy__dir_id){found.st_dev, found.st_ino};
    *mode = found.st_mode;
    return 0;
}

static bool is_gone(int status)
{
    return status == EDDY_ENOENT || status == EDDY_ENOTDIR || status == -ELOOP;
}

/* A descriptor, or a code. Closes the one it goes on from. */
static int step(int from, const char *name, int flags)
{
    int fd = eddy__sys(eddy__above_standard(openat(from, name, AS_PLACE | flags)));

    if (from >= 0)
        close(from);
    return fd;
}

/* Whether fd is that folder; else it is closed. 0 or a code. */
static int expect(struct eddy__dir_look *look, int fd, const struct eddy__dir_id *expected,
                  enum eddy__dir_found otherwise)
{
    struct eddy__dir_id id = {0};
    mode_t mode;
    int status = fd < 0 ? fd : identify(fd, &id, &mode);

    if (is_gone(status) || (status == 0 && !eddy__dir_same(&id, expected))) {
        look->found = otherwise;
        status = EDDY_ENOENT;
    }
    if (status < 0 && fd >= 0)
        close(fd);
    return status;
}

/* The folder that has the name. A descriptor, or a code; is_gone: with look->found. */
static int descend(struct eddy__dir_look *look)
{
    char name[NAME_MAX + 1];
    int fd = step(-1, look->root, O_DIRECTORY);
    int status = look->first ? 0 : expect(look, fd, &look->root_id, EDDY__DIR_NO_ROOT);
    const char *rest = look->folder;

    if (status < 0 || !*rest)
        return status < 0 ? status : fd;
    while (fd >= 0 && *rest) {
        size_t length = strcspn(rest, "/");

        snprintf(name, sizeof name, "%.*s", (int)length, rest);
        rest += length + (rest[length] == '/');
        fd = step(fd, name, O_DIRECTORY);
    }
    status = expect(look, fd, &look->folder_id, EDDY__DIR_NOT_YET);
    return status < 0 ? status : fd;
}

/* ---- watching ---- */

/* Where there is no /proc: by its path, provided that this leads there before and after. */
static int watch_path(struct eddy__dir_look *look, const char *path)
{
    int wd = eddy__sys(inotify_add_watch(look->fd, path, look->mask | IN_DONT_FOLLOW));
    int fd, status;

    if (wd < 0)
        return wd;
    look->wd = wd;
    look->by_path = true;
    fd = step(-1, path, O_DIRECTORY);
    status = expect(look, fd, &look->id, EDDY__DIR_NOT_YET);
    if (status == 0)
        close(fd);
    return status;
}

static int watch_by_path(struct eddy__dir_look *look)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s%s%s%s%s", look->root, *look->folder ? "/" : "",
                          look->folder, *look->name ? "/" : "", look->name);

    return length < (int)sizeof path ? watch_path(look, path) : EDDY_ENAMETOOLONG;
}

static int watch_place(struct eddy__dir_look *look, int place)
{
    char path[40];

    snprintf(path, sizeof path, "/proc/self/fd/%d", place);
    int wd = look->by_path ? -ENOENT : eddy__sys(inotify_add_watch(look->fd, path, look->mask));
    if (wd >= 0)
        look->wd = wd;
    if (wd != -ENOENT && wd != -EACCES && wd != -ENOTDIR && wd != -EPERM)
        return wd < 0 ? wd : 0;
    return watch_by_path(look);
}

/* ---- all of it ---- */

static size_t unread(int fd)
{
    int count = 0;

    return ioctl(fd, FIONREAD, &count) == 0 && count > 0 ? (size_t)count : 0;
}

/* First watched, then listed: what is made between is told twice, not never. */
static int look_at_name(struct eddy__dir_look *look, int place)
{
    mode_t mode;
    int status = identify(place, &look->id, &mode);

    if (status < 0)
        return status;
    look->found = S_ISDIR(mode) ? EDDY__DIR_FOLDER : EDDY__DIR_FILE;
    if (look->found == EDDY__DIR_FILE || !look->watches)
        return 0;
    status = watch_place(look, place);
    look->after = unread(look->fd);
    return status == 0 && look->lists ? list(look, place) : status;
}

static int look_find(struct eddy__dir_look *look)
{
    int folder = descend(look);
    int place = folder >= 0 && *look->name ? step(folder, look->name, 0) : folder;
    int status = place < 0 ? place : look_at_name(look, place);

    if (place >= 0)
        close(place);
    return is_gone(status) ? 0 : status;
}

static int look_perform(struct eddy__job *job)
{
    struct eddy__dir_look *look = look_of(job);

    look->before = look->after = unread(look->fd);
    return look_find(look);
}

/* The root's links are followed, once: it is found by its path from the top afterwards. */
static int perform_first(struct eddy__job *job)
{
    struct eddy__dir_look *look = look_of(job);
    char full[PATH_MAX];

    int status = eddy__sys(realpath(look->root, full) ? 0 : -1);
    if (status < 0)
        return status;
    eddy_free(look->root);
    look->root = eddy_strdup(full);
    status = look->root ? look_perform(job) : EDDY_ENOMEM;
    return status == 0 && look->found != EDDY__DIR_FOLDER ? EDDY_ENOTDIR : status;
}

/* ---- making one ---- */

static int look_prepare(struct eddy__dir_look *look, const eddy_dir_watch *watch, const char *path)
{
    look->root = eddy_strdup(path);
    if (!look->root || !look->folder || !look->name)
        return eddy__raise_code(EDDY_ENOMEM);
    look->fd = eddy__sys(fcntl(watch->tree.fd, F_DUPFD_CLOEXEC, 3));
    return look->fd < 0 ? eddy__raise(look->fd, "cannot duplicate a descriptor: %s",
                                      eddy__words(look->fd).text)
                        : 0;
}

struct eddy__dir_look *eddy__dir_look_make(const eddy_dir_watch *watch, const char *path,
                                           char *folder, char *name)
{
    struct eddy__dir_look *look = eddy_alloc_zero(sizeof *look);

    if (!look) {
        eddy_free(folder);
        eddy_free(name);
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    look->fd = -1;
    look->folder = folder;
    look->name = name;
    look->mask = watch->mask;
    look->lists = watch->recursive;
    look->by_path = watch->by_path;
    look->first = !watch->tree.root;
    look->watches = look->first || watch->recursive;
    look->job.perform = look->first ? perform_first : look_perform;
    look->job.release = look_release;
    if (!look->first)
        look->root_id = watch->tree.root->id;
    if (look_prepare(look, watch, path) >= 0)
        return look;
    look_release(&look->job);
    return NULL;
}

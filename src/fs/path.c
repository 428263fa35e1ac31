/* path.c - system calls on paths, and the names in a folder: jobs in a worker thread. */
#include "base/descriptor.h"
#include "fs/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    NAMES_MAX = 64 << 20,
    PARENTS_MODE = 0777,
};

/* ---- one call ---- */

struct call {
    struct eddy__job job; /* must stay first */
    char *path;
    char *other;
    unsigned mode;
    /* results */
    struct stat stat;
    char *text;
    eddy_dir *dir;
};

static struct call *path_call_of(struct eddy__job *job)
{
    return container_of(job, struct call, job);
}

static void path_release_call(struct eddy__job *job)
{
    struct call *call = path_call_of(job);

    eddy_free(call->path);
    eddy_free(call->other);
    eddy_free(call->text);
    eddy_dir_close(call->dir);
    eddy_free(call);
}

static struct call *path_make_call(int (*perform)(struct eddy__job *job), const char *path,
                                   const char *other)
{
    struct call *call = eddy_alloc_zero(sizeof *call);

    if (!call)
        return NULL;
    call->job.perform = perform;
    call->job.release = path_release_call;
    call->path = eddy_strdup(path);
    call->other = other ? eddy_strdup(other) : NULL;
    if (call->path && (call->other || !other))
        return call;
    path_release_call(&call->job);
    return NULL;
}

/* A job on path, and perhaps another one; NULL, raised. */
static struct call *path_begin(int (*perform)(struct eddy__job *job), const char *path,
                               const char *other)
{
    if (eddy__checkpoint() < 0)
        return NULL;
    if (!path || !*path || (other && !*other)) {
        eddy__raise(EDDY_EINVAL, "a path is expected");
        return NULL;
    }
    struct call *call = path_make_call(perform, path, other);
    if (!call)
        eddy__raise_code(EDDY_ENOMEM);
    return call;
}

/* Runs it to its end. Its status, unraised; when that is a failure the call is released. */
static int path_run(struct call *call)
{
    int status = eddy__file_job_run(&call->job);

    if (status < 0 || call->job.status >= 0)
        return status;
    status = call->job.status;
    path_release_call(&call->job);
    return status;
}

/* The call, whose status is not negative, or NULL, raised. */
static struct call *path_run_on(struct call *call, const char *verb, const char *path)
{
    int status = call ? path_run(call) : 0;

    if (status >= 0)
        return call;
    eddy__path_fail(verb, path, status);
    return NULL;
}

/* The same for those that have nothing but a status. */
static int path_finish(struct call *call, const char *verb, const char *path)
{
    call = path_run_on(call, verb, path);
    if (!call)
        return eddy_status_pointer_(NULL);
    path_release_call(&call->job);
    return 0;
}

/* Of two paths: "cannot VERB FROM JOINT TO: …". */
static int finish_two(struct call *call, const char *verb, const char *from, const char *joint,
                      const char *to)
{
    int status = call ? path_run(call) : eddy_status_pointer_(NULL);

    if (!call)
        return status;
    if (status < 0 && status == eddy__self()->interrupt)
        return eddy__raise_interrupt(status);
    if (status < 0)
        return eddy__raise(status, "cannot %s %s %s %s: %s", verb, from, joint, to,
                           eddy__words(status).text);
    path_release_call(&call->job);
    return 0;
}

static int finish_stat(struct call *call, const char *path, struct stat *result)
{
    call = path_run_on(call, "look at", path);
    if (!call)
        return eddy_status_pointer_(NULL);
    if (result)
        *result = call->stat;
    path_release_call(&call->job);
    return 0;
}

static char *finish_text(struct call *call, const char *verb, const char *path)
{
    call = path_run_on(call, verb, path);
    if (!call)
        return NULL;
    char *text = eddy_take(call->text);
    path_release_call(&call->job);
    return text;
}

/* ---- system calls ---- */

static int do_rename(struct eddy__job *job)
{
    return eddy__sys(rename(path_call_of(job)->path, path_call_of(job)->other));
}

static int do_link(struct eddy__job *job)
{
    return eddy__sys(link(path_call_of(job)->path, path_call_of(job)->other));
}

static int do_symlink(struct eddy__job *job)
{
    return eddy__sys(symlink(path_call_of(job)->path, path_call_of(job)->other));
}

static int do_unlink(struct eddy__job *job)
{
    return eddy__sys(unlink(path_call_of(job)->path));
}

static int do_chmod(struct eddy__job *job)
{
    return eddy__sys(chmod(path_call_of(job)->path, path_call_of(job)->mode));
}

static int do_mkdir(struct eddy__job *job)
{
    return eddy__sys(mkdir(path_call_of(job)->path, path_call_of(job)->mode));
}

static int do_rmdir(struct eddy__job *job)
{
    return eddy__sys(rmdir(path_call_of(job)->path));
}

static int do_stat(struct eddy__job *job)
{
    return eddy__sys(stat(path_call_of(job)->path, &path_call_of(job)->stat));
}

static int do_lstat(struct eddy__job *job)
{
    return eddy__sys(lstat(path_call_of(job)->path, &path_call_of(job)->stat));
}

static int keep_text(struct call *call, const char *text)
{
    call->text = eddy_strdup(text);
    return call->text ? 0 : EDDY_ENOMEM;
}

static int do_readlink(struct eddy__job *job)
{
    char text[PATH_MAX];
    ssize_t n = eddy__sys(readlink(path_call_of(job)->path, text, sizeof text));

    if (n < 0)
        return (int)n;
    if (n == sizeof text)
        return EDDY_ENAMETOOLONG;
    text[n] = '\0';
    return keep_text(path_call_of(job), text);
}

static int do_realpath(struct eddy__job *job)
{
    char text[PATH_MAX];
    int r = eddy__sys(realpath(path_call_of(job)->path, text) ? 0 : -1);

    return r < 0 ? r : keep_text(path_call_of(job), text);
}

int eddy_rename(const char *from, const char *to)
{
    return finish_two(path_begin(do_rename, from, to ? to : ""), "rename", from, "to", to);
}

int eddy_link(const char *from, const char *to)
{
    return finish_two(path_begin(do_link, from, to ? to : ""), "link", from, "as", to);
}

int eddy_symlink(const char *target, const char *path)
{
    return finish_two(path_begin(do_symlink, target, path ? path : ""), "make a symbolic link to",
                      target, "as", path);
}

char *eddy_readlink(const char *path)
{
    return finish_text(path_begin(do_readlink, path, NULL), "read the symbolic link", path);
}

char *eddy_realpath(const char *path)
{
    return finish_text(path_begin(do_realpath, path, NULL), "resolve", path);
}

int eddy_unlink(const char *path)
{
    return path_finish(path_begin(do_unlink, path, NULL), "remove", path);
}

static int finish_mode(int (*perform)(struct eddy__job *job), const char *path, unsigned mode,
                       const char *verb)
{
    struct call *call = path_begin(perform, path, NULL);

    if (call)
        call->mode = mode;
    return path_finish(call, verb, path);
}

int eddy_chmod(const char *path, unsigned mode)
{
    return finish_mode(do_chmod, path, mode, "change the permissions of");
}

int eddy_mkdir(const char *path, unsigned mode)
{
    return finish_mode(do_mkdir, path, mode, "make the folder");
}

int eddy_rmdir(const char *path)
{
    return path_finish(path_begin(do_rmdir, path, NULL), "remove the folder", path);
}

int eddy_stat(const char *path, struct stat *result)
{
    return finish_stat(path_begin(do_stat, path, NULL), path, result);
}

int eddy_lstat(const char *path, struct stat *result)
{
    return finish_stat(path_begin(do_lstat, path, NULL), path, result);
}

/* ---- a folder with those above it ---- */

static bool path_is_folder(const char *path)
{
    struct stat found;

    return eddy__sys(stat(path, &found)) >= 0 && S_ISDIR(found.st_mode);
}

/* What is there may be a folder that cannot be made for yet another reason, as where an automounter
 * makes them. */
static int make_folder(const char *path, unsigned mode)
{
    int status = eddy__sys(mkdir(path, mode));

    return status < 0 && path_is_folder(path) ? 0 : status;
}

static void drop_final_slashes(char *path)
{
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        path[n - 1] = '\0';
}

/* Of something in the way that is no folder the next one says so: ENOTDIR. */
static int do_makedirs(struct eddy__job *job)
{
    char *path = path_call_of(job)->path;

    drop_final_slashes(path);
    if (path_is_folder(path))
        return 0;
    for (char *slash = path; (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        int status = make_folder(path, PARENTS_MODE);
        *slash = '/';
        if (status < 0 && status != EDDY_EEXIST)
            return status;
    }
    return make_folder(path, path_call_of(job)->mode);
}

int eddy_makedirs(const char *path, unsigned mode)
{
    return finish_mode(do_makedirs, path, mode, "make the folder");
}

/* ---- folders ---- */

/* Names one after the other, each with the letter of its type before it and its final zero. */
struct names {
    struct eddy__buffer text;
    size_t count;
};

static int path_add_name(struct names *names, unsigned char type, const char *name)
{
    size_t size = strlen(name) + 2;

    if (eddy__buffer_count(&names->text) + size > NAMES_MAX)
        return EDDY_ELIMIT;
    int status = eddy__buffer_reserve(&names->text, size);
    if (status < 0)
        return status;
    names->text.data[names->text.end] = (char)type;
    memcpy(names->text.data + names->text.end + 1, name, size - 1);
    names->text.end += size;
    names->count++;
    return 0;
}

/* Some file systems do not say; of what has gone meanwhile nobody does. */
static unsigned char path_type_of(DIR *folder, const struct dirent *entry)
{
    struct stat found;

    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type;
    if (fstatat(dirfd(folder), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) < 0)
        return DT_UNKNOWN;
    return IFTODT(found.st_mode);
}

static int read_names(struct names *names, DIR *folder)
{
    for (;;) {
        struct dirent *entry = NULL;
        int status = eddy__sys((errno = 0, entry = readdir(folder)) || !errno ? 0 : -1);
        if (!entry)
            return status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        status = path_add_name(names, path_type_of(folder, entry), entry->d_name);
        if (status < 0)
            return status;
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All in one block: the struct, the pointers, the types, the text. */
static eddy_dir *dir_of(const struct names *names)
{
    size_t size = names->text.end, count = names->count;
    eddy_dir *dir =
        eddy_alloc(sizeof *dir + count * (sizeof *dir->names + sizeof *dir->types) + size);

    if (!dir)
        return NULL;
    dir->count = count;
    dir->names = (char **)(dir + 1);
    dir->types = (mode_t *)(dir->names + count);
    char *text = (char *)(dir->types + count);
    if (size)
        memcpy(text, names->text.data, size);
    for (size_t i = 0; i < count; i++, text += strlen(text) + 1)
        dir->names[i] = ++text;
    qsort(dir->names, count, sizeof dir->names[0], compare_names);
    for (size_t i = 0; i < count; i++)
        dir->types[i] = DTTOIF((mode_t)(unsigned char)dir->names[i][-1]);
    return dir;
}

static int do_list(struct eddy__job *job)
{
    struct call *call = path_call_of(job);
    struct names names = {0};
    DIR *folder;
    int status = eddy__sys((folder = eddy__dir_open(call->path)) ? 0 : -1);

    if (status < 0)
        return status;
    status = read_names(&names, folder);
    closedir(folder);
    if (status == 0 && !(call->dir = dir_of(&names)))
        status = EDDY_ENOMEM;
    eddy__buffer_free(&names.text);
    return status;
}

eddy_dir *eddy_list_dir(const char *path)
{
    struct call *call = path_run_on(path_begin(do_list, path, NULL), "list", path);

    if (!call)
        return NULL;
    eddy_dir *dir = eddy_take(call->dir);
    path_release_call(&call->job);
    return dir;
}

void eddy_dir_close(eddy_dir *dir)
{
    eddy_free(dir);
}

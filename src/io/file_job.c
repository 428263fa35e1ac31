/* file_job.c - what the ring has no operation for: system calls on paths and descriptors in a
 * worker thread. */
#include "io/file.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { NAMES_MAX = 64 << 20 };
static const double CLOSE_SECONDS = 5.0;

/* ---- jobs ---- */

static struct eddy__file_job *job_of(struct eddy__work *work)
{
    return container_of(work, struct eddy__file_job, work);
}

static void run_job(struct eddy__work *work)
{
    struct eddy__file_job *job = job_of(work);

    job->status = eddy__fault() ? EDDY_EIO : job->perform(job);
}

static void job_done(struct eddy__work *work)
{
    struct eddy__file_job *job = job_of(work);

    if (job->task)
        eddy__wake(job->task, 0);
    else
        job->release(job);
}

/* The loop has gone before the job's end. */
static void job_dropped(struct eddy__work *work)
{
    struct eddy__file_job *job = job_of(work);

    if (!job->task)
        job->release(job);
}

static void abort_job(eddy_task *task, int code)
{
    struct eddy__file_job *job = task->waiting_on;

    if (eddy__work_cancel(&job->work))
        job->release(job);
    else if (job->awaited)
        return;
    else
        job->task = NULL;
    eddy__wake(task, code);
}

int eddy__file_job_run(struct eddy__file_job *job)
{
    static const struct eddy__wait_kind kind = {"a file system call", abort_job};
    eddy_task *self = eddy__self();
    int status = self->interrupt;

    job->work.run = run_job;
    job->work.done = job_done;
    job->work.drop = job_dropped;
    job->task = self;
    if (status == 0)
        status = eddy__work_submit(self->loop, EDDY__POOL_BLOCKING, &job->work);
    if (status < 0) {
        job->release(job);
        return status;
    }
    return eddy__park(&kind, job);
}

/* ---- one call ---- */

struct call {
    struct eddy__file_job job; /* must stay first */
    char *path;
    char *other;
    unsigned mode;
    int fd;
    bool owns_fd;
    int64_t size;
    struct stat stat;
    eddy_dir *dir;
};

static struct call *call_of(struct eddy__file_job *job)
{
    return container_of(job, struct call, job);
}

static void release_call(struct eddy__file_job *job)
{
    struct call *call = call_of(job);

    if (call->owns_fd)
        eddy__socket_close(call->fd);
    eddy__free(call->path);
    eddy__free(call->other);
    eddy_dir_close(call->dir);
    eddy__free(call);
}

static struct call *make_call(int (*perform)(struct eddy__file_job *job))
{
    struct call *call = eddy__alloc_zero(sizeof *call);

    if (!call) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    call->job.perform = perform;
    call->job.release = release_call;
    return call;
}

/* ---- on paths ---- */

static int status_of(int r)
{
    return r < 0 ? -errno : 0;
}

static int do_rename(struct eddy__file_job *job)
{
    return status_of(rename(call_of(job)->path, call_of(job)->other));
}

static int do_unlink(struct eddy__file_job *job)
{
    return status_of(unlink(call_of(job)->path));
}

static int do_mkdir(struct eddy__file_job *job)
{
    return status_of(mkdir(call_of(job)->path, call_of(job)->mode));
}

static int do_rmdir(struct eddy__file_job *job)
{
    return status_of(rmdir(call_of(job)->path));
}

static int do_stat(struct eddy__file_job *job)
{
    return status_of(stat(call_of(job)->path, &call_of(job)->stat));
}

/* A job on path, and perhaps another one; NULL raised. */
static struct call *begin_path(int (*perform)(struct eddy__file_job *job), const char *path,
                               const char *other)
{
    struct call *call;

    if (eddy__checkpoint() < 0)
        return NULL;
    if (!path || !*path || (other && !*other)) {
        eddy_raise(EDDY_EINVAL, "a path is expected");
        return NULL;
    }
    if (!(call = make_call(perform)))
        return NULL;
    call->path = eddy__strdup(path);
    call->other = other ? eddy__strdup(other) : NULL;
    if (call->path && (call->other || !other))
        return call;
    release_call(&call->job);
    eddy__raise_code(EDDY_ENOMEM);
    return NULL;
}

/* Runs it to its end. Its status, unraised; when that is a failure the call is released. */
static int run_call(struct call *call)
{
    int status = eddy__file_job_run(&call->job);

    if (status < 0 || call->job.status >= 0)
        return status;
    status = call->job.status;
    release_call(&call->job);
    return status;
}

/* The call, whose status is not negative, or NULL, raised. */
static struct call *run_path(struct call *call, const char *verb, const char *path)
{
    int status = call ? run_call(call) : 0;

    if (status >= 0)
        return call;
    eddy__path_fail(verb, path, status);
    return NULL;
}

/* The same for those that have nothing but a status. */
static int finish_path(struct call *call, const char *verb, const char *path)
{
    call = run_path(call, verb, path);
    if (!call)
        return eddy_status_pointer_(NULL);
    release_call(&call->job);
    return 0;
}

int eddy_rename(const char *from, const char *to)
{
    struct call *call = begin_path(do_rename, from, to ? to : "");
    int status = call ? run_call(call) : eddy_status_pointer_(NULL);

    if (!call)
        return status;
    if (status == 0) {
        release_call(&call->job);
        return 0;
    }
    if (status == eddy__self()->interrupt)
        return eddy__raise_interrupt(status);
    return eddy_raise(status, "cannot rename %s to %s: %s", from, to, eddy__words(status).text);
}

int eddy_unlink(const char *path)
{
    return finish_path(begin_path(do_unlink, path, NULL), "remove", path);
}

int eddy_mkdir(const char *path, unsigned mode)
{
    struct call *call = begin_path(do_mkdir, path, NULL);

    if (call)
        call->mode = mode;
    return finish_path(call, "make the folder", path);
}

int eddy_rmdir(const char *path)
{
    return finish_path(begin_path(do_rmdir, path, NULL), "remove the folder", path);
}

int eddy_stat(const char *path, struct stat *result)
{
    struct call *call = run_path(begin_path(do_stat, path, NULL), "look at", path);

    if (!call)
        return eddy_status_pointer_(NULL);
    if (result)
        *result = call->stat;
    release_call(&call->job);
    return 0;
}

/* ---- on descriptors ---- */

static int do_fstat(struct eddy__file_job *job)
{
    return status_of(fstat(call_of(job)->fd, &call_of(job)->stat));
}

static int do_truncate(struct eddy__file_job *job)
{
    return status_of(ftruncate(call_of(job)->fd, call_of(job)->size));
}

/* On the descriptor of s: 0 or a code, unraised. EDDY_ECLOSED: s may be gone. */
static int run_on(eddy_stream *s, struct call *call, struct stat *result)
{
    call->fd = s->fd.fd;
    call->job.awaited = true;
    eddy__file_hold(s);
    int status = eddy__file_job_run(&call->job);
    if (status == 0) {
        status = call->job.status;
        if (result)
            *result = call->stat;
        release_call(&call->job);
    }
    return (int)eddy__file_let_go(s, status);
}

int eddy_file_stat(eddy_stream *s, struct stat *result)
{
    int status = eddy__file_begin(s);
    struct call *call;

    if (status < 0)
        return status;
    if (!(call = make_call(do_fstat)))
        return EDDY_ENOMEM;
    status = run_on(s, call, result);
    return status < 0 ? eddy__stream_fail(s, "look at", status) : 0;
}

int eddy_file_truncate(eddy_stream *s, int64_t size)
{
    int status = eddy__file_begin(s);
    struct call *call;

    if (status < 0)
        return status;
    if (!s->reading)
        eddy__file_drop_ahead(s);
    if (!(call = make_call(do_truncate)))
        return EDDY_ENOMEM;
    call->size = size;
    status = run_on(s, call, NULL);
    return status < 0 ? eddy__stream_fail(s, "truncate", status) : 0;
}

static int do_close(struct eddy__file_job *job)
{
    call_of(job)->owns_fd = false;
    return status_of(close(call_of(job)->fd));
}

void eddy__file_close_fd(int fd)
{
    struct eddy__closer closer;
    struct call *call = eddy__self() ? eddy__alloc_zero(sizeof *call) : NULL;

    if (!call) {
        eddy__socket_close(fd);
        return;
    }
    call->job.perform = do_close;
    call->job.release = release_call;
    call->fd = fd;
    call->owns_fd = true;
    eddy__closer_enter(&closer, CLOSE_SECONDS);
    if (eddy__file_job_run(&call->job) == 0)
        release_call(&call->job);
    eddy__closer_leave(&closer);
}

/* ---- seeking ---- */

/* What whence counts from, or a code, raised. */
static int64_t base_of(eddy_stream *s, int whence)
{
    struct eddy__file *file = s->state;
    struct stat found;

    if (whence == SEEK_SET)
        return 0;
    if (whence == SEEK_CUR)
        return file->position - (int64_t)eddy__buffer_count(&s->in);
    if (whence != SEEK_END)
        return eddy_raise(EDDY_EINVAL, "whence is %d: SEEK_SET, SEEK_CUR or SEEK_END", whence);
    int status = eddy_file_stat(s, &found);
    return status < 0 ? status : found.st_size;
}

int64_t eddy_file_seek(eddy_stream *s, int64_t offset, int whence)
{
    int64_t position = eddy__file_begin(s);

    if (position < 0)
        return position;
    struct eddy__file *file = s->state;
    if (file->position < 0)
        return eddy__stream_fail(s, "seek in", -ESPIPE);
    position = base_of(s, whence);
    if (position < 0)
        return position;
    if (s->reading || s->writing)
        return eddy__stream_fail(s, "seek in", EDDY_EBUSY);
    if (__builtin_add_overflow(position, offset, &position) || position < 0)
        return eddy_raise(EDDY_EINVAL, "a position before the beginning of %s",
                          eddy_stream_peer(s));
    eddy__file_drop_ahead(s);
    file->position = position;
    s->eof = false;
    return position;
}

/* ---- folders ---- */

/* Names one after the other, each with its final zero. */
struct names {
    struct eddy__buffer text;
    size_t count;
};

static int add_name(struct names *names, const char *name)
{
    size_t size = strlen(name) + 1;

    if (eddy__buffer_count(&names->text) + size > NAMES_MAX)
        return EDDY_ELIMIT;
    int status = eddy__buffer_reserve(&names->text, size);
    if (status < 0)
        return status;
    memcpy(names->text.data + names->text.end, name, size);
    names->text.end += size;
    names->count++;
    return 0;
}

static int read_names(struct names *names, DIR *folder)
{
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(folder);
        if (!entry)
            return -errno;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int status = add_name(names, entry->d_name);
        if (status < 0)
            return status;
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All in one block: the struct, the pointers, the text. */
static eddy_dir *dir_of(const struct names *names)
{
    size_t size = names->text.end;
    eddy_dir *dir = eddy__alloc(sizeof *dir + names->count * sizeof(char *) + size);

    if (!dir)
        return NULL;
    dir->count = names->count;
    dir->names = (char **)(dir + 1);
    char *text = (char *)(dir->names + dir->count);
    if (size)
        memcpy(text, names->text.data, size);
    for (size_t i = 0; i < dir->count; i++, text += strlen(text) + 1)
        dir->names[i] = text;
    qsort(dir->names, dir->count, sizeof dir->names[0], compare_names);
    return dir;
}

static int do_list(struct eddy__file_job *job)
{
    struct call *call = call_of(job);
    struct names names = {0};
    DIR *folder = opendir(call->path);

    if (!folder)
        return -errno;
    int status = read_names(&names, folder);
    closedir(folder);
    if (status == 0 && !(call->dir = dir_of(&names)))
        status = EDDY_ENOMEM;
    eddy__buffer_free(&names.text);
    return status;
}

eddy_dir *eddy_list_dir(const char *path)
{
    struct call *call = run_path(begin_path(do_list, path, NULL), "list", path);

    if (!call)
        return NULL;
    eddy_dir *dir = eddy_take(call->dir);
    release_call(&call->job);
    return dir;
}

void eddy_dir_close(eddy_dir *dir)
{
    eddy__free(dir);
}

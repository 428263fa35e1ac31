/* file_job.c - what the ring has no operation for: jobs in a worker thread, and system calls on
 * descriptors. */
#include "fs/file.h"

#include <unistd.h>

static const double CLOSE_SECONDS = 5.0;

int eddy__file_job_run(struct eddy__job *job)
{
    static const struct eddy__wait_kind kind = {"a file system call", eddy__job_abort};

    return eddy__job_run(job, &kind);
}

/* ---- on descriptors ---- */

struct call {
    struct eddy__job job; /* must stay first */
    int fd;
    bool owns_fd;
    int64_t size;
    struct stat stat;
};

static struct call *file_job_call_of(struct eddy__job *job)
{
    return container_of(job, struct call, job);
}

static void file_job_release_call(struct eddy__job *job)
{
    struct call *call = file_job_call_of(job);

    if (call->owns_fd)
        eddy__socket_close(call->fd);
    eddy_free(call);
}

static struct call *file_job_make_call(int (*perform)(struct eddy__job *job))
{
    struct call *call = eddy_alloc_zero(sizeof *call);

    if (!call) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    call->job.perform = perform;
    call->job.release = file_job_release_call;
    return call;
}

static int do_fstat(struct eddy__job *job)
{
    return eddy__sys(fstat(file_job_call_of(job)->fd, &file_job_call_of(job)->stat));
}

static int do_truncate(struct eddy__job *job)
{
    return eddy__sys(ftruncate(file_job_call_of(job)->fd, file_job_call_of(job)->size));
}

/* On the descriptor of s: 0 or a code, unraised. EDDY_ECLOSED: s may be gone. */
static int file_job_run_on(eddy_stream *s, struct call *call, struct stat *result)
{
    call->fd = s->fd.fd;
    call->job.awaited = true;
    eddy__file_hold(s);
    int status = eddy__file_job_run(&call->job);
    if (status == 0) {
        status = call->job.status;
        if (result)
            *result = call->stat;
        file_job_release_call(&call->job);
    }
    return (int)eddy__file_let_go(s, status);
}

int eddy_file_stat(eddy_stream *s, struct stat *result)
{
    int status = eddy__file_begin(s);
    struct call *call;

    if (status < 0)
        return status;
    if (!(call = file_job_make_call(do_fstat)))
        return EDDY_ENOMEM;
    status = file_job_run_on(s, call, result);
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
    if (!(call = file_job_make_call(do_truncate)))
        return EDDY_ENOMEM;
    call->size = size;
    status = file_job_run_on(s, call, NULL);
    return status < 0 ? eddy__stream_fail(s, "truncate", status) : 0;
}

static int do_close(struct eddy__job *job)
{
    file_job_call_of(job)->owns_fd = false;
    return eddy__sys_close(file_job_call_of(job)->fd);
}

void eddy__file_close_fd(int fd)
{
    struct eddy__closer closer;
    struct call *call = eddy__self() ? eddy_alloc_zero(sizeof *call) : NULL;

    if (!call) {
        eddy__socket_close(fd);
        return;
    }
    call->job.perform = do_close;
    call->job.release = file_job_release_call;
    call->fd = fd;
    call->owns_fd = true;
    eddy__closer_enter(&closer, CLOSE_SECONDS);
    if (eddy__file_job_run(&call->job) == 0)
        file_job_release_call(&call->job);
    eddy__closer_leave(&closer);
}

/* ---- seeking ---- */

/* What whence counts from, or a code, raised. */
static int64_t base_of(eddy_stream *s, int whence)
{
    struct eddy__file *file = eddy__file_of(s);
    struct stat found;

    if (whence == SEEK_SET)
        return 0;
    if (whence == SEEK_CUR)
        return file->position - (int64_t)eddy__buffer_count(&s->in);
    if (whence != SEEK_END)
        return eddy__raise(EDDY_EINVAL, "whence is %d: SEEK_SET, SEEK_CUR or SEEK_END", whence);
    int status = eddy_file_stat(s, &found);
    return status < 0 ? status : found.st_size;
}

int64_t eddy_file_seek(eddy_stream *s, int64_t offset, int whence)
{
    int64_t position = eddy__file_begin(s);

    if (position < 0)
        return position;
    struct eddy__file *file = eddy__file_of(s);
    if (file->position < 0)
        return eddy__stream_fail(s, "seek in", -ESPIPE);
    position = base_of(s, whence);
    if (position < 0)
        return position;
    if (s->reading || s->writing)
        return eddy__stream_fail(s, "seek in", EDDY_EBUSY);
    if (__builtin_add_overflow(position, offset, &position)) /* the base is not negative */
        return eddy__raise(EDDY_EINVAL, "a position in %s past the largest that there is",
                           eddy_stream_peer(s));
    if (position < 0)
        return eddy__raise(EDDY_EINVAL, "a position before the beginning of %s",
                           eddy_stream_peer(s));
    eddy__file_drop_ahead(s);
    file->position = position;
    s->eof = false;
    eddy__spend();
    return position;
}

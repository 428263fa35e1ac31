/* file_op.c - operations of the ring on files: reading, writing and syncing with the task waiting
 * for the end of each. */
#include "base/sys.h"
#include "fs/file.h"

#include <limits.h>

/* ---- one operation ---- */

static void file_op_done(eddy_op *op)
{
    struct eddy__file_op *operation = container_of(op, struct eddy__file_op, op);

    operation->in_flight = false;
    eddy__wake(operation->task, 0);
}

/* The buffer is the kernel's until the operation is done (U1). */
static void abort_operation(eddy_task *task, int code)
{
    struct eddy__file_op *operation = task->waiting_on;

    operation->aborted = code;
    eddy_loop_cancel_op(task->loop, &operation->op);
}

/* By code. */
static const struct eddy__wait_kind kinds[] = {
    [EDDY_OP_READ] = {"file read", abort_operation},
    [EDDY_OP_WRITE] = {"file write", abort_operation},
    [EDDY_OP_FSYNC] = {"file sync", abort_operation},
    [EDDY_OP_OPEN] = {"file open", abort_operation},
};

static ssize_t run_once(struct eddy__file_op *operation)
{
    eddy_task *self = eddy__self();

    if (self->interrupt)
        return self->interrupt;
    if (eddy__fault())
        return -EIO;
    int status = eddy_loop_submit(self->loop, &operation->op);
    if (status < 0)
        return status;
    operation->in_flight = true;
    eddy__park(&kinds[operation->op.code], operation);
    return operation->op.result;
}

ssize_t eddy__file_op_run(struct eddy__file_op *operation)
{
    ssize_t result;

    operation->op.done = file_op_done;
    operation->task = eddy__self();
    do {
        result = run_once(operation);
    } while (result == -EINTR && !operation->aborted);
    if ((result == -ECANCELED || result == -EINTR) && operation->aborted)
        return operation->aborted;
    return result;
}

/* ---- on a file ---- */

ssize_t eddy__file_transfer(eddy_stream *s, int code, void *buf, size_t size, int64_t offset)
{
    struct eddy__file *file = eddy__file_of(s);
    struct eddy__file_op operation = {.op = {.code = code,
                                             .fd = s->fd.fd,
                                             .buffer = buf,
                                             .size = min_size(size, SSIZE_MAX),
                                             .offset = offset}};

    if (code == EDDY_OP_WRITE && file->position < 0) /* a FIFO, perhaps */
        operation.op.flags = EDDY__NO_SIGPIPE;

    eddy__file_hold(s);
    list_add_tail(&file->operations, &operation.link);
    ssize_t result = eddy__file_op_run(&operation);
    list_remove(&operation.link);
    return eddy__file_let_go(s, result);
}

int eddy__file_write_all(eddy_stream *s, const char *buf, size_t size, int64_t *offset)
{
    eddy__file_of(s)->written = true;
    while (size > 0) {
        void *from = (void *)(uintptr_t)buf; /* an operation's buffer may be written to */
        ssize_t n = eddy__file_transfer(s, EDDY_OP_WRITE, from, size, *offset);

        if (n <= 0)
            return n < 0 ? (int)n : EDDY_EIO;
        if (*offset >= 0)
            *offset += n;
        buf += n;
        size -= (size_t)n;
    }
    return 0;
}

void eddy__file_drop_ahead(eddy_stream *s)
{
    struct eddy__file *file = eddy__file_of(s);

    if (file->position >= 0)
        file->position -= (int64_t)eddy__buffer_count(&s->in);
    s->in.start = s->in.end;
    s->hiding = false;
}

/* ---- with a place of their own ---- */

static int begin_placed(eddy_stream *s, const void *buf, size_t size, int64_t offset)
{
    int status = eddy__file_begin(s);

    if (status < 0)
        return status;
    if ((!buf && size) || size > SSIZE_MAX || offset < 0)
        return eddy__raise(EDDY_EINVAL, "a buffer of that size and an offset of 0 or more are "
                                        "expected");
    if (eddy__file_of(s)->position < 0)
        return eddy__raise(EDDY_ESPIPE, "%s has no positions", eddy_stream_peer(s));
    return 0;
}

ssize_t eddy_file_pread(eddy_stream *s, void *buf, size_t size, int64_t offset)
{
    size_t got = 0;
    int status = begin_placed(s, buf, size, offset);

    if (status < 0)
        return status;
    while (got < size) {
        ssize_t n = eddy__file_transfer(s, EDDY_OP_READ, (char *)buf + got, size - got,
                                        offset + (int64_t)got);

        if (n < 0 && (got == 0 || n == EDDY_ECLOSED))
            return eddy__stream_fail(s, "read from", (int)n);
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    eddy__spend();
    return (ssize_t)got;
}

ssize_t eddy_file_pwrite(eddy_stream *s, const void *buf, size_t size, int64_t offset)
{
    int status = begin_placed(s, buf, size, offset);

    if (status < 0)
        return status;
    if (!s->reading)
        eddy__file_drop_ahead(s);
    status = eddy__file_write_all(s, buf, size, &offset);
    return status < 0 ? eddy__stream_fail(s, "write to", status) : (ssize_t)size;
}

int eddy_file_sync(eddy_stream *s)
{
    int status = eddy__file_begin(s);

    if (status < 0)
        return status;
    status = (int)eddy__file_transfer(s, EDDY_OP_FSYNC, NULL, 0, 0);
    return status < 0 ? eddy__stream_fail(s, "sync", status) : 0;
}

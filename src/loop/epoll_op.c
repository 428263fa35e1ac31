/* epoll_op.c - operations without io_uring: what can be polled waits for readiness, the rest runs
 * in a worker thread. */
#include "base/alloc.h"
#include "base/fault.h"
#include "base/sys.h"
#include "loop/epoll.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

/* Which of the two an operation is in. */
enum { STAGE_WAITS, STAGE_WORKS };

/* An open is asked to be cancelled while its thread may be stuck, in a FIFO or a dead server: the
 * operation ends, and the record, which has all the thread needs, goes on alone. */
struct record {
    eddy_op *op;   /* NULL: cancelled, nobody waits */
    eddy_op asked; /* what the thread looks at */
    char *path;    /* of asked, OPEN */
    ssize_t result;
    struct eddy__fd fd;
    struct eddy__work work;
};

static ssize_t result_of(ssize_t r)
{
    return r < 0 ? -errno : r;
}

/* ---- in a worker thread ---- */

static ssize_t transfer_blocking(const eddy_op *op)
{
    size_t size = min_size(op->size, EDDY__OP_MAX);

    if (op->code == EDDY_OP_READ)
        return op->offset < 0 ? read(op->fd, op->buffer, size)
                              : pread(op->fd, op->buffer, size, op->offset);
    return op->offset < 0 ? write(op->fd, op->buffer, size)
                          : pwrite(op->fd, op->buffer, size, op->offset);
}

static ssize_t perform(const eddy_op *op)
{
    if (eddy__fault()) {
        errno = EIO;
        return -1;
    }
    switch (op->code) {
    case EDDY_OP_FSYNC:
        return fsync(op->fd);
    case EDDY_OP_OPEN:
        return openat(op->fd, op->path, op->flags, op->mode);
    default:
        return transfer_blocking(op);
    }
}

static void run(struct eddy__work *work)
{
    struct record *record = container_of(work, struct record, work);

    do {
        record->result = result_of(perform(&record->asked));
    } while (record->result == -EINTR);
}

static void free_record(struct record *record)
{
    eddy__free(record->path);
    eddy__free(record);
}

static void finish(struct record *record, ssize_t result)
{
    eddy_op *op = record->op;

    free_record(record);
    eddy__op_finish(op, result);
}

/* U3: nobody else knows of the descriptor. */
static void finish_alone(struct record *record)
{
    if (record->result >= 0)
        close((int)record->result);
    free_record(record);
}

static void work_done(struct eddy__work *work)
{
    struct record *record = container_of(work, struct record, work);

    if (record->op)
        finish(record, record->result);
    else
        finish_alone(record);
}

/* The pool was closed before it began; or the loop has gone before an open that was cancelled. */
static void work_dropped(struct eddy__work *work)
{
    struct record *record = container_of(work, struct record, work);

    if (record->op)
        finish(record, -ECANCELED);
    else
        finish_alone(record);
}

static int submit_work(eddy_loop *loop, struct record *record)
{
    eddy__op_part(record->op)->stage = STAGE_WORKS;
    record->asked = *record->op;
    if (record->asked.code == EDDY_OP_OPEN) {
        if (!(record->path = eddy__strdup(record->asked.path)))
            return -ENOMEM;
        record->asked.path = record->path;
    }
    record->work.run = run;
    record->work.done = work_done;
    record->work.drop = work_dropped;
    return eddy__work_submit(loop, EDDY__POOL_BLOCKING, &record->work);
}

/* ---- waiting for readiness ---- */

static bool is_ready(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};

    return poll(&p, 1, 0) > 0;
}

/* The descriptor may block, and another reader may have been faster: asks the kernel not to wait.
 * Where it cannot promise that, a short transfer after a look is as near as one gets. */
static ssize_t transfer_nowait(const eddy_op *op)
{
    bool reads = op->code == EDDY_OP_READ;
    size_t size = min_size(op->size, EDDY__OP_MAX);

    if (eddy__fault())
        return -EIO;
    ssize_t r = reads ? eddy__sys_read_nowait(op->fd, op->buffer, size, op->offset)
                      : eddy__sys_write_nowait(op->fd, op->buffer, size, op->offset);
    if (r != -EOPNOTSUPP)
        return r;
    if (!is_ready(op->fd, reads ? POLLIN : POLLOUT))
        return -EAGAIN;
    eddy_op part_of = *op;
    part_of.size = min_size(op->size, PIPE_BUF);
    return result_of(transfer_blocking(&part_of));
}

static void on_ready(struct eddy__fd *fd, unsigned events)
{
    struct record *record = container_of(fd, struct record, fd);
    ssize_t r = transfer_nowait(record->op);

    (void)events;
    if (r == -EAGAIN || r == -EINTR)
        return;
    eddy__fd_forget(fd);
    finish(record, r);
}

static unsigned events_of(const eddy_op *op)
{
    return op->code == EDDY_OP_READ ? EDDY_READABLE : EDDY_WRITABLE;
}

static int wait_for_readiness(eddy_loop *loop, struct record *record)
{
    eddy_op *op = record->op;

    eddy__op_part(op)->stage = STAGE_WAITS;
    eddy__fd_init(&record->fd, loop, op->fd, on_ready);
    record->fd.level = true;
    int r = eddy__fd_want(&record->fd, events_of(op));
    if (r < 0)
        eddy__fd_forget(&record->fd);
    return r;
}

/* ---- both ---- */

static int start(eddy_loop *loop, struct record *record)
{
    int code = record->op->code;

    if (code == EDDY_OP_FSYNC || code == EDDY_OP_OPEN)
        return submit_work(loop, record);
    int r = wait_for_readiness(loop, record);
    if (r < 0 || !record->fd.always_ready)
        return r;
    eddy__fd_forget(&record->fd);
    return submit_work(loop, record);
}

int eddy__epoll_submit(eddy_loop *loop, eddy_op *op)
{
    struct record *record = eddy__alloc_zero(sizeof *record);

    if (!record)
        return -ENOMEM;
    record->op = op;
    eddy__op_part(op)->record = record;
    int r = start(loop, record);
    if (r < 0)
        free_record(record);
    return r;
}

/* What a thread has begun goes on to its end, which is then the operation's; but see struct record
 * for opens. */
void eddy__epoll_cancel(eddy_loop *loop, eddy_op *op)
{
    struct record *record = eddy__op_part(op)->record;

    (void)loop;
    if (!record)
        return;
    if (eddy__op_part(op)->stage == STAGE_WAITS)
        eddy__fd_forget(&record->fd);
    else if (!eddy__work_cancel(&record->work)) {
        if (op->code != EDDY_OP_OPEN)
            return;
        record->op = NULL;
    }
    eddy__op_part(op)->record = NULL;
    if (record->op)
        free_record(record);
    eddy__epoll_op_ended(op, -ECANCELED);
}

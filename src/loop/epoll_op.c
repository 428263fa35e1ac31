/* epoll_op.c - operations without io_uring: what can be polled waits for readiness, the rest runs
 * in a worker thread. */
#include "base/alloc.h"
#include "base/sys.h"
#include "loop/epoll.h"

#include <limits.h>
#include <poll.h>

/* One that waits for readiness. */
struct op_wait {
    eddy_op *op;
    struct eddy__fd fd;
};

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
    const struct eddy__op_kind *kind = eddy__op_kind_of(op);
    ssize_t r = kind->attempt(op);

    if (r != -EOPNOTSUPP)
        return r;
    if (!is_ready(op->fd, kind->event == EDDY_READABLE ? POLLIN : POLLOUT))
        return -EAGAIN;
    eddy_op part_of = *op;
    part_of.size = min_size(op->size, PIPE_BUF);
    if (eddy__op_is_quiet(op))
        return eddy__sys_write_masked(op->fd, op->buffer, part_of.size);
    return kind->perform(&part_of);
}

static void epoll_op_end_wait(struct op_wait *wait)
{
    eddy__op_part(wait->op)->record = NULL;
    eddy__fd_forget(&wait->fd);
    eddy_free(wait);
}

static void epoll_op_on_ready(struct eddy__fd *fd, unsigned events)
{
    struct op_wait *wait = container_of(fd, struct op_wait, fd);
    eddy_op *op = wait->op;
    ssize_t r = transfer_nowait(op);

    (void)events;
    if (r == -EAGAIN || r == -EINTR)
        return;
    epoll_op_end_wait(wait);
    eddy__op_finish(op, r);
}

/* ---- both ---- */

/* Some failures never make a descriptor ready: the wrong end of a pipe, an offset in one. */
static void try_before_waiting(struct op_wait *wait)
{
    eddy_op *op = wait->op;
    ssize_t r = transfer_nowait(op);

    if (r == -EAGAIN || r == -EINTR)
        return;
    epoll_op_end_wait(wait);
    eddy__op_ended(op, r);
}

/* Waits for readiness; what has none, a file, is for a thread. */
static int submit_transfer(eddy_loop *loop, eddy_op *op)
{
    struct op_wait *wait = eddy_alloc_zero(sizeof *wait);

    if (!wait)
        return -ENOMEM;
    wait->op = op;
    eddy__op_part(op)->record = wait;
    eddy__fd_init(&wait->fd, loop, op->fd, epoll_op_on_ready);
    wait->fd.level = true;
    int r = eddy__fd_want(&wait->fd, eddy__op_kind_of(op)->event);
    if (r >= 0 && !wait->fd.always_ready) {
        try_before_waiting(wait);
        return 0;
    }
    epoll_op_end_wait(wait);
    return r < 0 ? r : eddy__op_work_submit(loop, op);
}

int eddy__epoll_submit(eddy_loop *loop, eddy_op *op)
{
    return eddy__op_kind_of(op)->event ? submit_transfer(loop, op) : eddy__op_work_submit(loop, op);
}

void eddy__epoll_cancel(eddy_loop *loop, eddy_op *op)
{
    struct eddy__op *part = eddy__op_part(op);

    (void)loop;
    if (!part->record)
        return;
    if (part->works) {
        eddy__op_work_cancel(op);
        return;
    }
    epoll_op_end_wait(part->record);
    eddy__op_ended(op, -ECANCELED);
}

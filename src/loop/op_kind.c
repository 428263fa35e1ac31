/* op_kind.c - the kinds of operation, a row each: all that the loop and its backends know of one.
 *
 * A new one is a code in <eddy/loop.h>, the last one, by which EDDY__OP_KINDS counts; a row here
 * with its functions; and, when tasks are to wait for it, its words in fs/file_op.c. */
#include "base/sys.h"
#include "loop/io.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/io_uring.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- on a descriptor ---- */

static int check_descriptor(const eddy_op *op)
{
    return op->fd >= 0 ? 0 : eddy__raise(EDDY_EBADF, "op->fd is %d", op->fd);
}

static int look_at_descriptor(const eddy_op *op, struct stat *found)
{
    return fstat(op->fd, found);
}

static ssize_t perform_fsync(const eddy_op *op)
{
    return eddy__sys(fsync(op->fd));
}

/* ---- transfers ---- */

static int check_transfer(const eddy_op *op)
{
    int r = check_descriptor(op);

    if (r < 0)
        return r;
    if (!op->buffer && op->size)
        return eddy__raise(EDDY_EINVAL, "op->buffer is NULL");
    if (op->size > SSIZE_MAX)
        return eddy__raise(EDDY_EINVAL, "op->size is %zu, more than a result can tell", op->size);
    if (op->offset < -1)
        return eddy__raise(EDDY_EINVAL, "op->offset is %lld", (long long)op->offset);
    return 0;
}

/* How many bytes one read or write takes at most, as in the kernel. */
static size_t size_of(const eddy_op *op)
{
    return min_size(op->size, 0x7ffff000);
}

static ssize_t perform_read(const eddy_op *op)
{
    return eddy__sys(op->offset >= 0 ? pread(op->fd, op->buffer, size_of(op), op->offset)
                                     : read(op->fd, op->buffer, size_of(op)));
}

static ssize_t perform_write(const eddy_op *op)
{
    return eddy__sys(op->offset >= 0 ? pwrite(op->fd, op->buffer, size_of(op), op->offset)
                                     : write(op->fd, op->buffer, size_of(op)));
}

static ssize_t attempt_read(const eddy_op *op)
{
    return eddy__sys_read_nowait(op->fd, op->buffer, size_of(op), op->offset);
}

static ssize_t attempt_write(const eddy_op *op)
{
    return eddy__sys_write_nowait(op->fd, op->buffer, size_of(op), op->offset,
                                  eddy__op_is_quiet(op) ? EDDY__NO_SIGPIPE : 0);
}

static void prepare_transfer(const eddy_op *op, struct io_uring_sqe *sqe)
{
    sqe->addr = (uint64_t)(uintptr_t)op->buffer;
    sqe->len = (uint32_t)size_of(op);
    sqe->off = (uint64_t)op->offset;
}

/* ---- on a path ---- */

static int check_open(const eddy_op *op)
{
    return op->path ? 0 : eddy__raise(EDDY_EINVAL, "op->path is NULL");
}

static int look_at_path(const eddy_op *op, struct stat *found)
{
    return fstatat(op->fd, op->path, found, 0);
}

static ssize_t perform_open(const eddy_op *op)
{
    return eddy__sys(openat(op->fd, op->path, op->flags, op->mode));
}

/* In a worker: the attempt to do it at once would be O_NONBLOCK, which opens a FIFO in another way
 * than was asked for. */
static void prepare_open(const eddy_op *op, struct io_uring_sqe *sqe)
{
    sqe->flags |= IOSQE_ASYNC;
    sqe->addr = (uint64_t)(uintptr_t)op->path;
    sqe->len = op->mode;
    sqe->open_flags = (uint32_t)op->flags;
}

/* ---- all of them ---- */

const struct eddy__op_kind eddy__op_kinds[EDDY__OP_KINDS] = {
    [EDDY_OP_READ] = {.check = check_transfer,
                      .perform = perform_read,
                      .look = look_at_descriptor,
                      .event = EDDY_READABLE,
                      .attempt = attempt_read,
                      .opcode = IORING_OP_READ,
                      .prepare = prepare_transfer},
    [EDDY_OP_WRITE] = {.check = check_transfer,
                       .perform = perform_write,
                       .look = look_at_descriptor,
                       .event = EDDY_WRITABLE,
                       .attempt = attempt_write,
                       .opcode = IORING_OP_WRITE,
                       .prepare = prepare_transfer},
    [EDDY_OP_FSYNC] = {.check = check_descriptor,
                       .perform = perform_fsync,
                       .opcode = IORING_OP_FSYNC},
    [EDDY_OP_OPEN] = {.check = check_open,
                      .perform = perform_open,
                      .look = look_at_path,
                      .alone = true,
                      .opcode = IORING_OP_OPENAT,
                      .prepare = prepare_open},
};

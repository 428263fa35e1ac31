/* op.c - completion operations: checks, counting, their end. The backends do the work. */
#include "loop/io.h"

static int op_check(const eddy_op *op)
{
    if (!op->done)
        return eddy__raise(EDDY_EINVAL, "op->done is NULL");
    if (op->code <= 0 || op->code >= EDDY__OP_KINDS)
        return eddy__raise(EDDY_EINVAL, "op->code is %d: EDDY_OP_READ, WRITE, FSYNC or OPEN",
                           op->code);
    return eddy__op_kind_of(op)->check(op);
}

int eddy_loop_submit(eddy_loop *loop, eddy_op *op)
{
    int r = op_check(op);

    if (r < 0)
        return r;
    if (!eddy__loop_check_thread(loop, __func__))
        return EDDY_ELOOP;
    struct eddy__io *io = eddy__io_of(loop);
    if (io->ending || atomic_load_explicit(&loop->closed, memory_order_relaxed))
        return eddy__raise(EDDY_ECLOSED, "the loop is closed");
    struct eddy__op *part = eddy__op_part(op);
    *part = (struct eddy__op){.loop = loop};
    op->result = 0;
    if ((r = loop->backend->submit(loop, op)) < 0)
        return eddy__raise_code(r);
    list_add_tail(&io->ops, &part->link);
    loop->io_waits++;
    return 0;
}

void eddy_loop_cancel_op(eddy_loop *loop, eddy_op *op)
{
    struct eddy__op *part = eddy__op_part(op);

    if (part->cancelled || !eddy__loop_check_thread(loop, __func__))
        return;
    part->cancelled = true;
    loop->backend->cancel(loop, op);
}

void eddy__op_finish(eddy_op *op, ssize_t result)
{
    struct eddy__op *part = eddy__op_part(op);

    list_remove(&part->link);
    part->cancelled = true; /* a cancellation that comes too late finds nothing to do */
    part->loop->io_waits--;
    eddy__io_of(part->loop)->told++;
    op->result = result;
    op->done(op);
}

void eddy__op_ended(eddy_op *op, ssize_t result)
{
    struct eddy__op *part = eddy__op_part(op);

    op->result = result;
    list_add_tail(&eddy__io_of(part->loop)->ended, &part->ended);
}

bool eddy__ops_finish_ended(eddy_loop *loop)
{
    struct list *link;
    bool any = false;

    while ((link = list_take_first(&eddy__io_of(loop)->ended))) {
        eddy_op *op = eddy__op_whole(container_of(link, struct eddy__op, ended));

        any = true;
        eddy__op_finish(op, op->result);
    }
    return any;
}

void eddy__ops_cancel(eddy_loop *loop)
{
    struct eddy__io *io = eddy__io_of(loop);

    io->ending = true;
    list_each(link, &io->ops) {
        struct eddy__op *part = container_of(link, struct eddy__op, link);

        if (!part->cancelled) {
            part->cancelled = true;
            loop->backend->cancel(loop, eddy__op_whole(part));
        }
    }
}

void eddy__ops_end(eddy_loop *loop)
{
    struct eddy__io *io = eddy__io_of(loop);

    while (!list_empty(&io->ops)) {
        bool alone = loop->failed && !atomic_load(&loop->holds);
        loop->backend->poll(loop, alone ? 0 : NS_NEVER);
        eddy__inbox_drain(loop);
        if (alone) /* what the kernel has is its own for ever */
            return;
    }
}

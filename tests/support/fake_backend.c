/* fake_backend.c - a backend without a kernel, see fake_backend.h. */
#include "support/fake_backend.h"

#include "base/alloc.h"
#include "loop/io.h"

enum { EVENTS_MAX = 64, FDS_MAX = 64 };

struct fake {
    struct eddy__io io; /* must stay first */
    struct eddy__fd *fds[FDS_MAX];
    struct {
        int number;
        unsigned events;
    } events[EVENTS_MAX];
    int count;
};

static struct fake *fake_of(const eddy_loop *loop)
{
    return loop->backend_state;
}

/* ---- what tests call ---- */

void fake_ready(eddy_loop *loop, int number, unsigned events)
{
    struct fake *fake = fake_of(loop);

    if (fake->count == EVENTS_MAX)
        return;
    fake->events[fake->count].number = number;
    fake->events[fake->count++].events = events;
}

unsigned fake_wanted(eddy_loop *loop, int number)
{
    struct fake *fake = fake_of(loop);
    unsigned wanted = 0;

    for (int i = 0; i < FDS_MAX; i++)
        if (fake->fds[i] && fake->fds[i]->fd == number)
            wanted |= fake->fds[i]->wanted;
    return wanted;
}

eddy_op *fake_op(eddy_loop *loop, int n)
{
    list_each(link, &eddy__io_of(loop)->ops) {
        struct eddy__op *part = container_of(link, struct eddy__op, link);

        if (part->record && n-- == 0)
            return eddy__op_whole(part);
    }
    return NULL;
}

bool fake_cancelled(eddy_op *op)
{
    return eddy__op_part(op)->cancelled;
}

void fake_complete(eddy_op *op, ssize_t result)
{
    eddy__op_part(op)->record = NULL;
    eddy__op_ended(op, result);
}

/* ---- the backend ---- */

static int fake_arm(struct eddy__fd *fd)
{
    struct fake *fake = fake_of(fd->loop);

    if (fd->backend[0])
        return 0;
    for (int i = 0; i < FDS_MAX; i++) {
        if (fake->fds[i])
            continue;
        fake->fds[i] = fd;
        fd->backend[0] = &fake->fds[i];
        return 0;
    }
    return -ENOMEM;
}

static void fake_forget(struct eddy__fd *fd)
{
    struct eddy__fd **place = fd->backend[0];

    if (place && fake_of(fd->loop))
        *place = NULL;
    fd->backend[0] = NULL;
}

static int fake_submit(eddy_loop *loop, eddy_op *op)
{
    (void)loop;
    eddy__op_part(op)->record = op; /* it is in flight */
    return 0;
}

/* Only notes it, unless the loop is being closed and nobody will complete it. */
static void fake_cancel(eddy_loop *loop, eddy_op *op)
{
    if (eddy__io_of(loop)->ending && eddy__op_part(op)->record)
        fake_complete(op, -ECANCELED);
}

static void tell(struct fake *fake, int number, unsigned events)
{
    for (int i = 0; i < FDS_MAX; i++) {
        struct eddy__fd *fd = fake->fds[i];

        if (fd && fd->fd == number && fd->wanted & events)
            fd->on_ready(fd, fd->wanted & events);
    }
}

static bool deliver(eddy_loop *loop)
{
    struct fake *fake = fake_of(loop);
    int count = fake->count;
    bool any = eddy__fd_run_again(loop) || count > 0;

    for (int i = 0; i < count; i++)
        tell(fake, fake->events[i].number, fake->events[i].events);
    fake->count -= count;
    memmove(fake->events, fake->events + count, (size_t)fake->count * sizeof fake->events[0]);
    return eddy__ops_finish_ended(loop) || any;
}

static int fake_poll(eddy_loop *loop, int64_t timeout_ns)
{
    if (!deliver(loop) && timeout_ns > 0)
        eddy__wait_for_threads(loop, timeout_ns);
    return 0;
}

static bool fake_pending(eddy_loop *loop)
{
    struct fake *fake = fake_of(loop);

    return fake->count || !list_empty(&fake->io.ended) || !list_empty(&fake->io.again);
}

static int fake_open(eddy_loop *loop)
{
    struct fake *fake = eddy_alloc_zero(sizeof *fake);

    if (!fake)
        return -ENOMEM;
    eddy__io_init(&fake->io);
    loop->backend_state = fake;
    return 0;
}

static void fake_close(eddy_loop *loop)
{
    eddy_free(loop->backend_state);
    loop->backend_state = NULL;
}

static void fake_disown(eddy_loop *loop)
{
    (void)loop; /* there is nothing outside of memory */
}

static const struct eddy__backend backend = {
    .name = "fake",
    .open = fake_open,
    .close = fake_close,
    .arm = fake_arm,
    .forget = fake_forget,
    .submit = fake_submit,
    .cancel = fake_cancel,
    .pending = fake_pending,
    .poll = fake_poll,
    .disown = fake_disown,
};

eddy_loop *fake_loop_open(void)
{
    eddy__backend_instead = &backend;
    eddy_loop *loop = eddy_loop_open();
    eddy__backend_instead = NULL;
    return loop;
}

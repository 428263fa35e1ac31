/* io_uring.c - the backend on io_uring: readiness by polls on the ring, operations as such. */
#include "base/alloc.h"
#include "base/slab.h"
#include "loop/io.h"
#include "loop/uring.h"

#include <endian.h>
#include <poll.h>
#include <sys/stat.h>

/* A poll on the ring. The kernel names it in its completions, so it outlives its owner until the
 * last one has come:
 *
 *     owner, not armed     between two waits
 *     owner, armed         the kernel will complete it
 *     no owner, armed      forgotten, its cancellation is on the way
 *     no owner, not armed  given back, or busy: its completion is being dealt with */
struct poll {
    struct eddy__fd *owner;
    unsigned mask;
    uint16_t slot; /* in its slab */
    bool armed;
    bool busy;   /* its owner is being called */
    bool waited; /* not the first wait: a lasting poll pays */
    /* For writing, and completed without room: the kernel adds POLLHUP and POLLRDHUP to each poll,
     * and a peer that has half-closed would complete a one-shot poll at once, again and again. A
     * lasting one tells that once, and then only what is new. */
    bool half;
};

struct uring {
    struct eddy__io io; /* must stay first */
    struct ring ring;
    struct slab_pool polls;
    unsigned alone;     /* operations in flight on the ring that have a worker each: opens */
    unsigned alone_max; /* more are for worker threads */
    bool missed;        /* a cancellation has not found what it was for */
};

/* Each of the kernel's threads may be stuck in an open that waits, of a FIFO, while there are 4 to
 * 256 of them by default. So there are to be more of them than opens: the rest is for what ends. */
enum { WORKERS = 1024, WORKERS_FOR_OTHERS = 24 };

/* What user_data is: a pointer and one of these; 0 for nobody. */
enum { TAG_POLL = 1, TAG_OP, TAG_MASK = 7 };

/* A descriptor that is set to O_NONBLOCK, or that was told not to wait, answers EAGAIN; then its
 * operation's record is one of these, which waits for it. */
struct op_wait {
    eddy_op *op;
    struct eddy__fd fd;
};

static struct uring *uring_of(const eddy_loop *loop)
{
    return loop->backend_state;
}

static uint64_t tagged(const void *p, unsigned tag)
{
    return (uint64_t)(uintptr_t)p | tag;
}

/* ---- the submission queue ---- */

/* An entry; hands in what is queued when there is no room. NULL: the kernel does not take it. */
static struct io_uring_sqe *uring_take(struct uring *u)
{
    struct io_uring_sqe *sqe = ring_take(&u->ring);

    for (int i = 0; unlikely(!sqe) && i < 3; i++) {
        ring_enter(&u->ring, 0, 0);
        sqe = ring_take(&u->ring);
    }
    return sqe;
}

static int queue_poll(struct uring *u, int fd, unsigned mask, bool lasting, uint64_t user_data)
{
    struct io_uring_sqe *sqe = uring_take(u);

    if (!sqe)
        return -EAGAIN;
    sqe->opcode = IORING_OP_POLL_ADD;
    sqe->fd = fd;
    sqe->poll32_events = BYTE_ORDER == BIG_ENDIAN ? mask << 16 | mask >> 16 : mask;
    sqe->len = lasting ? IORING_POLL_ADD_MULTI : 0;
    sqe->user_data = user_data;
    return 0;
}

/* The target's own completion tells how it ended. */
static void queue_cancel(struct uring *u, uint64_t user_data)
{
    struct io_uring_sqe *sqe = uring_take(u);

    if (unlikely(!sqe)) {
        ring_cancel_now(&u->ring, user_data);
        return;
    }
    sqe->opcode = IORING_OP_ASYNC_CANCEL;
    sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
    sqe->fd = -1;
    sqe->addr = user_data;
}

/* ---- polls ---- */

static struct poll *new_poll(struct uring *u, struct eddy__fd *owner)
{
    struct poll *poll = slab_get(&u->polls);

    if (!poll)
        return NULL;
    *poll = (struct poll){.owner = owner, .slot = poll->slot};
    return poll;
}

/* Takes it from its owner, and back from the kernel. */
static void drop_poll(struct uring *u, struct poll *poll)
{
    poll->owner = NULL;
    if (poll->armed)
        queue_cancel(u, tagged(poll, TAG_POLL));
    else if (!poll->busy)
        slab_put(&u->polls, poll);
}

static int arm_poll(struct uring *u, struct poll *poll)
{
    struct eddy__fd *fd = poll->owner;
    bool often = !fd->level && poll->mask & POLLIN && (poll->waited || fd->multishot);
    bool lasting = often || poll->half;
    int r = queue_poll(u, fd->fd, poll->mask, lasting, tagged(poll, TAG_POLL));

    if (r < 0)
        return r;
    poll->armed = true;
    poll->waited = true;
    return 0;
}

/* The poll in this place of fd->backend, made if there is none. */
static struct poll *poll_at(struct uring *u, struct eddy__fd *fd, int place)
{
    if (!fd->backend[place])
        fd->backend[place] = new_poll(u, fd);
    return fd->backend[place];
}

/* One poll for all that is wanted, for one turn; a change of mind takes a new one. */
static int arm_level(struct uring *u, struct eddy__fd *fd)
{
    struct poll *poll = fd->backend[0];
    unsigned mask = (fd->wanted & EDDY_READABLE ? POLLIN | POLLRDHUP : 0u) |
                    (fd->wanted & EDDY_WRITABLE ? POLLOUT : 0u);

    if (poll && poll->armed && poll->mask != mask) {
        drop_poll(u, poll);
        fd->backend[0] = NULL;
    }
    if (!mask)
        return 0;
    poll = poll_at(u, fd, 0);
    if (!poll)
        return -ENOMEM;
    poll->mask = mask;
    return poll->armed || poll->busy ? 0 : arm_poll(u, poll);
}

static int arm_edge(struct uring *u, struct eddy__fd *fd, int place, unsigned mask)
{
    struct poll *poll = fd->backend[place];

    /* After a hangup there may be no further edge: ask anew how it stands. */
    if (unlikely(poll && poll->armed && fd->hangup && place == 0)) {
        drop_poll(u, poll);
        fd->backend[place] = NULL;
    }
    poll = poll_at(u, fd, place);
    if (!poll)
        return -ENOMEM;
    poll->mask = mask;
    return poll->armed ? 0 : arm_poll(u, poll);
}

static int uring_arm(struct eddy__fd *fd)
{
    struct uring *u = uring_of(fd->loop);
    int r = 0;

    if (fd->level)
        return arm_level(u, fd);
    if (fd->asked & EDDY_READABLE)
        r = arm_edge(u, fd, 0, POLLIN | POLLRDHUP);
    if (r >= 0 && fd->asked & EDDY_WRITABLE)
        r = arm_edge(u, fd, 1, POLLOUT);
    return r;
}

static void uring_forget(struct eddy__fd *fd)
{
    struct uring *u = uring_of(fd->loop);
    bool armed = false;

    if (!u) /* its polls went with it */
        return;
    for (int i = 0; i < 2; i++) {
        struct poll *poll = fd->backend[i];

        fd->backend[i] = NULL;
        if (!poll)
            continue;
        armed |= poll->armed;
        drop_poll(u, poll);
    }
    /* An armed poll keeps the file open, whatever close() says. */
    if (armed && !fd->shut)
        ring_enter(&u->ring, 0, 0);
}

/* Its owner was told, or need not be: arms it again where nobody else will. */
static void poll_ended(struct uring *u, struct poll *poll, bool told)
{
    struct eddy__fd *fd = poll->owner;

    if (!fd) {
        slab_put(&u->polls, poll);
        return;
    }
    if (!fd->wanted || (told && !fd->level))
        return;
    if ((fd->level ? arm_level(u, fd) : arm_poll(u, poll)) < 0)
        eddy__fd_again(fd, 0);
}

/* A lasting poll of a watch has told: another one asks how it stands in the next turn. */
static void renew_level(struct uring *u, struct poll *poll)
{
    struct eddy__fd *fd = poll->owner;

    drop_poll(u, poll);
    fd->backend[0] = NULL;
    if (arm_level(u, fd) < 0)
        eddy__fd_again(fd, 0);
}

static void poll_completed(struct uring *u, struct poll *poll, int result, bool more)
{
    unsigned mask = result < 0 ? (unsigned)POLLERR
                               : (unsigned)result & (poll->mask | POLLERR | POLLHUP | POLLNVAL);
    bool told = false;

    poll->armed = more;
    if (poll->mask & POLLOUT && !(mask & (POLLIN | POLLOUT | POLLRDHUP | POLLERR)))
        poll->half = true;
    if (poll->owner && mask && result != -ECANCELED && result != -EAGAIN && result != -ENOMEM) {
        poll->busy = told = true;
        eddy__fd_tell(poll->owner, mask);
        poll->busy = false;
    }
    if (!poll->armed)
        poll_ended(u, poll, told);
    else if (told && poll->owner && poll->owner->level)
        renew_level(u, poll);
}

/* ---- operations ---- */

/* Whether the kernel is to answer EAGAIN instead of waiting for room: its own wait tries the write
 * again and again when the peer has half-closed. */
static bool is_nowait(eddy_op *op)
{
    return eddy__op_kind_of(op)->event == EDDY_WRITABLE && op->offset < 0 &&
           !eddy__op_part(op)->may_block;
}

static uint32_t rw_flags(eddy_op *op)
{
    return (is_nowait(op) ? (uint32_t)EDDY__NOWAIT : 0) |
           (eddy__op_is_quiet(op) ? (uint32_t)EDDY__NO_SIGPIPE : 0);
}

static int start_op(struct uring *u, eddy_op *op)
{
    const struct eddy__op_kind *kind = eddy__op_kind_of(op);
    struct io_uring_sqe *sqe = uring_take(u);

    if (!sqe)
        return -EAGAIN;
    sqe->opcode = kind->opcode;
    sqe->fd = op->fd;
    sqe->user_data = tagged(op, TAG_OP);
    if (kind->prepare)
        kind->prepare(op, sqe);
    if (kind->event)
        sqe->rw_flags = rw_flags(op);
    return 0;
}

/* There the ring would take no notice of the offset. */
static bool offset_is_refused(const eddy_op *op)
{
    return eddy__op_kind_of(op)->event && op->offset >= 0 &&
           eddy__sys(lseek(op->fd, 0, SEEK_CUR)) == -ESPIPE;
}

static int uring_submit(eddy_loop *loop, eddy_op *op)
{
    struct uring *u = uring_of(loop);

    if (offset_is_refused(op)) {
        eddy__op_ended(op, -ESPIPE);
        return 0;
    }
    if (!eddy__op_kind_of(op)->alone)
        return start_op(u, op);
    if (u->alone >= u->alone_max)
        return eddy__op_work_submit(loop, op);
    int r = start_op(u, op);
    u->alone += r >= 0;
    return r;
}

static void uring_end_wait(struct op_wait *wait)
{
    eddy__op_part(wait->op)->record = NULL;
    eddy__fd_forget(&wait->fd);
    eddy_free(wait);
}

static void op_may_go_on(struct eddy__fd *fd, unsigned events)
{
    struct op_wait *wait = container_of(fd, struct op_wait, fd);
    struct uring *u = uring_of(fd->loop);
    eddy_op *op = wait->op;

    (void)events;
    uring_end_wait(wait);
    int r = eddy__op_part(op)->cancelled ? -ECANCELED : start_op(u, op);
    if (r < 0)
        eddy__op_finish(op, r);
}

static int wait_for_op(eddy_op *op)
{
    struct op_wait *wait = eddy_alloc_zero(sizeof *wait);

    if (!wait)
        return -ENOMEM;
    wait->op = op;
    eddy__fd_init(&wait->fd, eddy__op_part(op)->loop, op->fd, op_may_go_on);
    eddy__op_part(op)->record = wait;
    int r = eddy__fd_want(&wait->fd, eddy__op_kind_of(op)->event);
    if (r < 0)
        uring_end_wait(wait);
    return r;
}

/* One that waits is told in the next poll. */
static void uring_cancel(eddy_loop *loop, eddy_op *op)
{
    struct op_wait *wait = eddy__op_part(op)->record;

    if (eddy__op_part(op)->works)
        eddy__op_work_cancel(op);
    else if (wait)
        eddy__fd_again(&wait->fd, EDDY_READABLE | EDDY_WRITABLE);
    else
        queue_cancel(uring_of(loop), tagged(op, TAG_OP));
}

/* The kernel's own word for "interrupted, try again", which opens of a FIFO let through. */
enum { ERESTARTSYS = 512 };

static bool has_readiness(int fd)
{
    struct stat found;

    return eddy__sys(fstat(fd, &found)) >= 0 && !S_ISREG(found.st_mode) && !S_ISBLK(found.st_mode);
}

/* A transfer that the kernel has not done as it was asked to: 0 when it goes on in another way. */
static int do_otherwise(struct uring *u, eddy_op *op, int result)
{
    if (is_nowait(op) && (result == -EOPNOTSUPP || !has_readiness(op->fd))) {
        eddy__op_part(op)->may_block = true;
        return start_op(u, op);
    }
    if (result == -EAGAIN)
        return wait_for_op(op);
    if (eddy__op_is_quiet(op))
        return eddy__op_work_submit(eddy__op_part(op)->loop, op); /* there SIGPIPE is blocked */
    return result;
}

static void op_completed(struct uring *u, eddy_op *op, int result)
{
    bool cancelled = eddy__op_part(op)->cancelled;
    const struct eddy__op_kind *kind = eddy__op_kind_of(op);

    if (kind->event && !cancelled && (result == -EAGAIN || result == -EOPNOTSUPP)) {
        result = do_otherwise(u, op, result);
        if (result >= 0)
            return;
    }
    if (cancelled && (result == -EAGAIN || result == -EINTR || result == -ERESTARTSYS))
        result = -ECANCELED;
    u->alone -= kind->alone;
    eddy__op_finish(op, result);
}

/* ---- polling ---- */

static void completed(struct uring *u, const struct io_uring_cqe *cqe)
{
    void *target = (void *)(uintptr_t)(cqe->user_data & ~(uint64_t)TAG_MASK);

    switch (cqe->user_data & TAG_MASK) {
    case TAG_POLL:
        poll_completed(u, target, cqe->res, cqe->flags & IORING_CQE_F_MORE);
        break;
    case TAG_OP:
        op_completed(u, target, cqe->res);
        break;
    default: /* of a cancellation: it came too late, or too early */
        u->missed |= cqe->res == -ENOENT;
        break;
    }
}

/* What the kernel is about to try anew lies for a moment where no cancellation finds it: another
 * one goes to those that are still there. */
static void cancel_again(struct uring *u)
{
    u->missed = false;
    list_each(link, &u->io.ops) {
        struct eddy__op *part = container_of(link, struct eddy__op, link);

        if (part->cancelled && !part->works && !part->record)
            queue_cancel(u, tagged(eddy__op_whole(part), TAG_OP));
    }
}

static void reap(struct uring *u)
{
    struct ring *ring = &u->ring;
    uint32_t head = *ring->cq_head;
    uint32_t tail = __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE);

    while (head != tail) {
        struct io_uring_cqe cqe = ring->cqes[head & ring->cq_mask];

        __atomic_store_n(ring->cq_head, ++head, __ATOMIC_RELEASE);
        completed(u, &cqe);
    }
}

static bool uring_seen(eddy_loop *loop)
{
    const struct ring *ring = &uring_of(loop)->ring;

    return ring_has_deferred(ring) || ring_has_completions(ring);
}

static bool uring_pending(eddy_loop *loop)
{
    if (unlikely(loop->failed))
        return true;
    const struct uring *u = uring_of(loop);
    return !list_empty(&u->io.again) || !list_empty(&u->io.ended) || uring_seen(loop) ||
           ring_queued(&u->ring);
}

static void uring_enter(eddy_loop *loop, unsigned min_complete, int64_t timeout_ns)
{
    struct ring *ring = &uring_of(loop)->ring;
    int r = ring_enter(ring, min_complete, timeout_ns);

    if (r >= 0 || r == -ETIME || r == -EINTR || r == -EAGAIN || r == -EBUSY || ring->fd < 0)
        eddy__wait_worked(loop);
    else
        eddy__wait_failed(loop, "io_uring_enter", r);
}

static void uring_wait_for_events(eddy_loop *loop, int64_t timeout_ns)
{
    struct uring *u = uring_of(loop);

    if (!ring_has_deferred(&u->ring) && eddy__spin_due(&u->io.spin, loop, timeout_ns)) {
        if (ring_queued(&u->ring))
            uring_enter(loop, 0, 0);
        if (ring_has_completions(&u->ring))
            return;
        if (eddy__spin_run(&u->io.spin, loop, uring_seen)) {
            uring_enter(loop, 0, 0);
            if (ring_has_completions(&u->ring))
                return;
        } else if (timeout_ns != NS_NEVER) {
            timeout_ns -= loop->spin_ns;
        }
    }
    uring_enter(loop, eddy__sleep_begin(loop) ? 1 : 0, timeout_ns);
    eddy__sleep_end(loop);
}

static int uring_poll(eddy_loop *loop, int64_t timeout_ns)
{
    struct uring *u = uring_of(loop);

    if (eddy__ops_finish_ended(loop))
        timeout_ns = 0;
    if (unlikely(loop->failed)) {
        eddy__poll_failed(loop, timeout_ns);
        return loop->failed;
    }
    /* What is deferred is no reason not to wait: entering the kernel hands it out first. */
    if (eddy__fd_run_again(loop) || ring_has_completions(&u->ring))
        timeout_ns = 0;
    if (timeout_ns > 0)
        uring_wait_for_events(loop, timeout_ns);
    else if (ring_queued(&u->ring) || ring_has_deferred(&u->ring))
        uring_enter(loop, 0, 0);
    reap(u);
    if (unlikely(u->missed))
        cancel_again(u);
    return loop->failed;
}

/* ---- life ---- */

static int open_ring(struct ring *ring)
{
    uint8_t needed[EDDY__OP_KINDS + 1] = {IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL};

    for (int code = 1; code < EDDY__OP_KINDS; code++)
        needed[1 + code] = eddy__op_kinds[code].opcode;
    return ring_open(ring, needed, count_of(needed));
}

static int uring_open(eddy_loop *loop)
{
    struct uring *u = eddy_alloc_zero(sizeof *u);

    if (!u)
        return -ENOMEM;
    int r = open_ring(&u->ring);
    if (r < 0) {
        eddy_free(u);
        return r;
    }
    unsigned workers = ring_limit_workers(&u->ring, WORKERS);
    u->alone_max = workers > WORKERS_FOR_OTHERS ? workers - WORKERS_FOR_OTHERS : 0;
    eddy__io_init(&u->io);
    slab_pool_open(&u->polls, sizeof(struct poll), offsetof(struct poll, slot));
    loop->backend_state = u;
    return 0;
}

static void uring_close(eddy_loop *loop)
{
    struct uring *u = uring_of(loop);

    ring_close(&u->ring);
    slab_pool_close(&u->polls);
    eddy_free(u);
    loop->backend_state = NULL;
}

static void uring_disown(eddy_loop *loop)
{
    ring_disown(&uring_of(loop)->ring);
}

const struct eddy__backend eddy__backend_uring = {
    .name = "io_uring",
    .open = uring_open,
    .close = uring_close,
    .arm = uring_arm,
    .forget = uring_forget,
    .submit = uring_submit,
    .cancel = uring_cancel,
    .pending = uring_pending,
    .poll = uring_poll,
    .disown = uring_disown,
};

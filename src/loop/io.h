/* io.h - what the backends share; of loop/ only. */
#ifndef EDDY_LOOP_IO_H
#define EDDY_LOOP_IO_H

#include "base/sys.h"
#include "loop/parts.h"

/* When to watch for events in user space before sleeping: waking an idle core costs more than what
 * a peer needs to answer. A spin that saw nothing skips the next 1, 2, 4 … waits, one that saw
 * something halves that, so that spinning dies out where it does not help. */
struct eddy__spin {
    unsigned skip;
    unsigned penalty;
};

/* First member of every backend's state. */
struct eddy__io {
    struct list again; /* eddy__fds to be called back or armed in the next poll */
    struct list ops;   /* operations that were submitted and are not done */
    struct list ended; /* of those, whom the next poll finishes */
    struct eddy__spin spin;
    unsigned told;     /* events that somebody was called for, ever */
    unsigned failures; /* waits that failed, one after the other */
    bool reported;     /* a failing wait is told once */
    bool ending;       /* no new operations */
};

static inline struct eddy__io *eddy__io_of(const eddy_loop *loop)
{
    return loop->backend_state;
}

static inline void eddy__io_init(struct eddy__io *io)
{
    list_init(&io->again);
    list_init(&io->ops);
    list_init(&io->ended);
}

/* ---- descriptors (fd.c) ---- */

/* Calls back in the next poll as if the events had come up; with none, arms what is wanted. */
void eddy__fd_again(struct eddy__fd *fd, unsigned events);
/* Does so; true when there was something to do. */
bool eddy__fd_run_again(eddy_loop *loop);
/* What poll(2) said, as events. The end of both directions and errors count as both; that the peer
 * sends no more says nothing of writing. */
unsigned eddy__fd_events(unsigned mask);
/* Calls back for what of it is wanted. fd may be gone afterwards. */
void eddy__fd_tell(struct eddy__fd *fd, unsigned mask);

/* ---- waiting (wait.c) ---- */

/* Whether this wait, which is allowed timeout_ns, starts with a spin. */
bool eddy__spin_due(struct eddy__spin *spin, const eddy_loop *loop, int64_t timeout_ns);
/* Asks seen(loop) and looks into the inbox for loop->spin_ns; true when there was something. */
bool eddy__spin_run(struct eddy__spin *spin, eddy_loop *loop, bool (*seen)(eddy_loop *loop));
/* Both without a loop: unless it is to be skipped, asks seen(arg) for that long. */
bool eddy__spin_look(struct eddy__spin *spin, int64_t ns, bool (*seen)(void *arg), void *arg);
/* A wait for events failed with -errno: told to the exception handler, the first time. When it was
 * refused, or goes on failing, loop->failed is set, and told; until then it takes some time. */
void eddy__wait_failed(eddy_loop *loop, const char *what, int error);
static inline void eddy__wait_worked(eddy_loop *loop)
{
    eddy__io_of(loop)->failures = 0;
}
/* Waits for other threads alone. */
void eddy__wait_for_threads(eddy_loop *loop, int64_t timeout_ns);
/* The poll of a loop that has failed. */
void eddy__poll_failed(eddy_loop *loop, int64_t timeout_ns);
/* Announces a wait to those who push to the inbox; false: it has something, do not wait. */
static inline bool eddy__sleep_begin(eddy_loop *loop)
{
    atomic_store(&loop->sleeping, true);
    return !atomic_load(&loop->inbox);
}
static inline void eddy__sleep_end(eddy_loop *loop)
{
    atomic_store_explicit(&loop->sleeping, false, memory_order_relaxed);
}

/* ---- operations (op.c) ---- */

/* The library's part of an eddy_op: its private_. */
struct __attribute__((may_alias)) eddy__op {
    eddy_loop *loop;
    struct list link;  /* of io->ops */
    struct list ended; /* of io->ended */
    void *record;      /* the backend's part, or that of op_work.c */
    bool works;        /* it is in op_work.c */
    bool cancelled;
    bool may_block; /* in the kernel, which was asked not to in vain */
};
_Static_assert(sizeof(struct eddy__op) <= sizeof(((eddy_op *)0)->private_), "fits");

static inline struct eddy__op *eddy__op_part(eddy_op *op)
{
    return (struct eddy__op *)(void *)op->private_;
}

static inline eddy_op *eddy__op_whole(struct eddy__op *part)
{
    return container_of(part, eddy_op, private_);
}

/* The operation has ended: calls done, after which op is the caller's again. */
void eddy__op_finish(eddy_op *op, ssize_t result);
/* The same from the next poll, which is eddy__ops_finish_ended: true when there was one. */
void eddy__op_ended(eddy_op *op, ssize_t result);
bool eddy__ops_finish_ended(eddy_loop *loop);
/* Waits until all operations of the loop are done, which eddy__ops_cancel has cancelled. */
void eddy__ops_end(eddy_loop *loop);

/* ---- kinds of operation (op_kind.c) ---- */

struct io_uring_sqe;
struct stat;

/* All that is known of a kind: another one is a row of the table, and its functions. */
struct eddy__op_kind {
    /* 0, or what is wrong with it, raised. */
    int (*check)(const eddy_op *op);
    /* The system call, which may block: a result or -errno. */
    ssize_t (*perform)(const eddy_op *op);
    /* Finds what that would wait for: 0, or there is nothing. NULL: it always ends soon. */
    int (*look)(const eddy_op *op, struct stat *found);
    /* EDDY_READABLE or _WRITABLE: it is done when the descriptor is that; 0: no event tells. */
    unsigned event;
    /* With an event: the call without waiting. -EAGAIN; -EOPNOTSUPP: that cannot be promised. */
    ssize_t (*attempt)(const eddy_op *op);
    /* It may wait for ever where no event tells, and needs nothing of the caller's but its path: a
     * thread or a worker of the kernel is its own as long as it takes, and goes on alone when it is
     * cancelled. */
    bool alone;
    uint8_t opcode; /* of io_uring */
    /* Fills in what it takes besides descriptor and opcode; NULL: nothing. */
    void (*prepare)(const eddy_op *op, struct io_uring_sqe *sqe);
};

enum { EDDY__OP_KINDS = EDDY_OP_OPEN + 1 };
extern const struct eddy__op_kind eddy__op_kinds[EDDY__OP_KINDS]; /* by code; of 0 there is none */

/* Of an operation that was submitted. */
static inline const struct eddy__op_kind *eddy__op_kind_of(const eddy_op *op)
{
    return &eddy__op_kinds[op->code];
}

/* A write that is to give EPIPE without SIGPIPE. */
static inline bool eddy__op_is_quiet(const eddy_op *op)
{
    return eddy__op_kind_of(op)->event == EDDY_WRITABLE && op->flags & EDDY__NO_SIGPIPE;
}

/* ---- operations in worker threads (op_work.c) ---- */

/* 0 or an error, not raised. */
int eddy__op_work_submit(eddy_loop *loop, eddy_op *op);
void eddy__op_work_cancel(eddy_op *op);

#endif

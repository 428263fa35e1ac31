/* task.h - private door of the task layer.
 *
 * The life of a task:
 *
 *          eddy__task_start          the loop's batch            eddy__park
 *   NEW ───────────────────▶ READY ◀──────────────────▶ running ──────────▶ PARKED
 *                             ▲                           │                   │
 *                             └───────── eddy__wake ──────┼───────────────────┘
 *                                                         ▼ its function returned
 *                                                        DONE
 *
 * A parked task is in nobody's ring; exactly one eddy__wake brings it back. What it waits for is
 * described by a struct eddy__wait_kind, whose abort ends the wait for a cancellation or an
 * expired scope: at once by eddy__wake(task, code), or later through the operation's own end. A
 * task that is READY has completed what it waited for: a cancellation that comes now waits for
 * the next suspension (rule D1).
 *
 * `interrupt` is what suspending calls return right away: the chain of scopes and the cancellation
 * requests, worked out once when one of them changes and read by eddy__checkpoint. */
#ifndef EDDY_TASK_TASK_H
#define EDDY_TASK_TASK_H

#include "base/slab.h"
#include "loop/loop.h"
#include "task/future.h"
#include "task/job.h"
#include <eddy/coro.h>
#include <eddy/run.h>
#include <eddy/scope.h>
#include <eddy/sync.h>
#include <eddy/task.h>

enum eddy__task_state {
    EDDY__TASK_FREE, /* a control block without a task */
    EDDY__TASK_NEW,
    EDDY__TASK_READY, /* in the ring, or running */
    EDDY__TASK_PARKED,
    EDDY__TASK_DONE,
};

struct eddy__wait_kind {
    const char *what; /* for dumps: "queue get" */
    /* Ends the wait with code, now or later; NULL: the wait cannot be ended early. */
    void (*abort)(eddy_task *task, int code);
};

#define EDDY__TASK_STACK_MAX UINT32_MAX

/* What is needed until the task runs first, then copied to its own stack. */
struct eddy__launch {
    eddy_coro coro;
    uint32_t stack_size;
    uint16_t slot;
    bool packed;
};

/* What few tasks have. */
struct eddy__task_more {
    char *name;   /* given, or "Task-N" once somebody asked */
    char *reason; /* of its cancellation */
    struct eddy__locals *locals;
};

/* The control block is small and lies with others, not on the task's stack: the stack is there only
 * from the first step to the last, so that tasks that have not begun, and those that have ended,
 * cost no page (docs/design/tasks.md has the figures). */
struct eddy_task {
    struct eddy__fiber fiber;
    eddy_loop *loop;
    union {
        int wake;   /* while it lives: what eddy__park returns */
        int status; /* once DONE: what its function returned */
    };
    int interrupt; /* 0, or the code of suspending calls from now on */
    uint32_t refs; /* the loop until DONE, the handle, and those who wait for its end */
    uint32_t id;
    uint32_t canceller; /* id of the task that cancelled first, 0 for a callback */
    uint32_t number;    /* of "Task-N", 0 when it was given a name */
    uint32_t cancels;   /* requests that are pending */
    uint32_t ignored;   /* interrupted calls in a row, see D2 */
    uint16_t slot;      /* in its slab */
    uint8_t state;
    bool observed : 1; /* somebody saw its status */
    bool packed : 1;   /* its stack has no guard: check the canary */
    bool begun : 1;    /* has run: function is set, launch is gone */
    bool handle : 1;   /* somebody has one: it is closed, or detached, once */
    eddy_scope *scope; /* innermost */
    const struct eddy__wait_kind *waiting;
    void *waiting_on;
    struct eddy__task_wait *waits_for; /* while it waits for other tasks; otherwise NULL */
    eddy_waiters_ done_waiters;        /* tasks and callbacks, in order */
    /* of a group, gather or generator: called on the loop's stack when it has ended */
    void (*on_end)(eddy_task *task);
    void *owner;
    struct list siblings;
    struct eddy__task_more *more;
    const eddy_place *place;
    union {
        struct eddy__launch *launch;
        const char *function;
    };
};

/* ---- the tasks of a loop (run.c) ---- */

struct eddy__tasks {
    eddy_loop loop; /* must stay first */
    struct eddy__stack_pool stacks;
    struct eddy__stack *aside;     /* where packed tasks format and report; NULL before the first */
    size_t count;                  /* not ended */
    size_t blocks;                 /* control blocks in use: not ended, or somebody has a handle */
    struct slab_pool block_slabs;  /* control blocks */
    struct slab_pool launch_slabs; /* what they need until they begin */
    uint32_t last_number;          /* of "Task-N" */
    uint32_t last_id;
    eddy_task *main;                         /* of eddy_run, NULL otherwise */
    bool catches_overflows;                  /* of stacks, in the loop's thread */
    struct eddy__stack_report *stack_report; /* NULL: not wanted */
    struct eddy__task_wait *passing;         /* cancellations that are being passed on */
    uint32_t search;                         /* number of the last search for cycles of waits */
};

/* Every loop is part of one. */
static inline struct eddy__tasks *eddy__tasks_of(eddy_loop *loop)
{
    return container_of(loop, struct eddy__tasks, loop);
}

/* The task that runs; NULL in callbacks and outside. */
static inline eddy_task *eddy__self(void)
{
    return (eddy_task *)(void *)eddy__thread.fiber;
}

/* ---- suspending (park.c) ---- */

int eddy__checkpoint_slow(void);

/* First line of every suspending call without an object that somebody could close: 0, or the
 * failure to return (raised): outside a task, cancelled, expired. Every 64th call in a row yields
 * (rule D4). */
static inline int eddy__checkpoint(void)
{
    eddy_task *self = eddy__self();

    if (likely(self && !self->interrupt && --eddy__thread.budget > 0))
        return 0;
    return eddy__checkpoint_slow();
}

/* The two halves of a checkpoint, for calls on objects, which another task could close, or whose
 * memory it could give up, in a yield before the call has looked at them (rule D6). They begin with
 * eddy__check_interrupt, look at the object at once, and yield, if that is due, when they are done
 * with it: eddy__spend, or eddy__spent with what they return. `make lint` checks it. */
static inline int eddy__check_interrupt(void)
{
    eddy_task *self = eddy__self();

    if (likely(self && !self->interrupt))
        return 0;
    return eddy__checkpoint_slow();
}

/* Lets everybody else run once. */
void eddy__yield_turn(void);

static inline void eddy__spend(void)
{
    if (unlikely(--eddy__thread.budget <= 0))
        eddy__yield_turn();
}

static inline int eddy__spent(int status)
{
    eddy__spend();
    return status;
}

/* Suspends the running task until eddy__wake; returns the value given to it, unraised. Before it
 * the caller has put the task where somebody will find it. */
int eddy__park(const struct eddy__wait_kind *kind, void *on);

/* The same for a wait for other tasks, which wait describes. */
int eddy__park_for_tasks(struct eddy__task_wait *wait, const struct eddy__wait_kind *kind,
                         void *on);

/* Makes a parked task ready. */
static inline void eddy__wake(eddy_task *task, int value)
{
    task->wake = value;
    task->state = EDDY__TASK_READY;
    task->waiting = NULL;
    eddy__ready_push(task->loop, (uintptr_t)task);
}

/* Wakes the task that waits at that place, if one does. */
static inline void eddy__wake_at(eddy_task **place, int value)
{
    eddy_task *task = *place;

    *place = NULL;
    if (task)
        eddy__wake(task, value);
}

/* Suspends the running task, which the caller has put into the ring. */
void eddy__step_aside(void);

/* Raises what reached the running task, with the reason of its cancellation. Returns code. */
int eddy__raise_interrupt(int code) __attribute__((cold));

/* For the statuses of waits: raises a negative one with its standard sentence. */
static inline int eddy__raise_if(int code)
{
    return likely(code >= 0) ? code : eddy__raise_interrupt(code);
}

/* ---- queues of waiting tasks (waiters.c) ----
 * A waiter lives on the stack of the task that waits (or, for a done callback, in memory of its
 * own). queue is NULL once it was taken out: it has been granted what it waited for, or left. */
struct eddy_waiter_ {
    struct eddy_waiter_ *next;
    struct eddy_waiter_ *prev;
    eddy_waiters_ *queue;
    eddy_task *task;
    void *slot; /* what is handed over: an item, a result */
    void (*granted)(struct eddy_waiter_ *w, int status); /* NULL: wakes the task with status */
};

void eddy__waiters_add(eddy_waiters_ *queue, struct eddy_waiter_ *w);
void eddy__waiters_remove(struct eddy_waiter_ *w);
/* Takes w out and tells it: wakes its task with status, or calls granted. */
void eddy__waiter_grant(struct eddy_waiter_ *w, int status);
/* Grants to all that wait now. */
void eddy__waiters_grant_all(eddy_waiters_ *queue, int status);

/* Waits in queue until granted; a cancellation or deadline takes it out. Returns the status of the
 * grant, or ECANCELED, ETIMEDOUT; not raised. kind->abort must be eddy__waiter_abort. */
int eddy__wait_in(eddy_waiters_ *queue, struct eddy_waiter_ *w, const struct eddy__wait_kind *kind);
/* The abort of such waits: waiting_on is the waiter. */
void eddy__waiter_abort(eddy_task *task, int code);

/* ---- tasks (task.c, await.c, cancel.c) ---- */

/* A task with two references, the loop's and the caller's, that is not started. NULL raised. */
eddy_task *eddy__task_new(eddy_loop *loop, const eddy_coro *coro, const eddy_task_opts *opts);
/* Prepares the slabs of control blocks and launches. */
void eddy__task_slabs_open(struct eddy__tasks *tasks);

/* The rare part, made on demand: NULL without memory, not raised. */
struct eddy__task_more *eddy__task_more(eddy_task *task);
static inline const char *eddy__task_reason(const eddy_task *task)
{
    return task->more ? task->more->reason : NULL;
}
/* "Task-3", or the name it was given; in buf, or in the task. */
const char *eddy__task_name_in(const eddy_task *task, char *buf, size_t size);

/* Gives a task that the loop has taken out of the ring its stack: its client's begin. */
bool eddy__task_begin(eddy_loop *loop, struct eddy__fiber *fiber);

/* Frees a task that was never started. */
void eddy__task_discard(eddy_task *task);
/* Puts a new task into the ring. */
void eddy__task_start(eddy_task *task);
/* Runs it at once, up to its first suspension; in a callback only in the next turn. */
void eddy__task_start_eagerly(eddy_task *task);
void eddy__task_unref(eddy_task *task);
/* Cancels on behalf of a task, or of nobody (NULL). */
void eddy__task_cancel(eddy_task *task, const eddy_task *canceller);
/* After it has cancelled those whose end it will wait for: one who awaits it, and only such a one,
 * has sent the cancellation back, which ends there, for nobody has cancelled it. cancels are the
 * requests that it had before. */
void eddy__task_end_echo(eddy_task *self, uint32_t cancels);
/* Waits for its end whatever happens to the caller; does not look at its status. 0, or a failure,
 * not raised, when it waits for the caller. */
int eddy__task_join(eddy_task *task);
/* The status an awaiter sees of a done task, with its error record taken over; `aborted` is the
 * ECANCELED or ETIMEDOUT that reached the awaiter meanwhile, or 0. */
int eddy__task_result(eddy_task *task, int aborted);

/* The handle of a task that is gone: told as a bug for as long as its memory serves no other, which
 * in debug mode is long. AddressSanitizer and Valgrind tell by themselves (base/slab.h). */
bool eddy__task_report_gone(const char *call) __attribute__((cold));
static inline bool eddy__task_is_gone(const eddy_task *task, const char *call)
{
    return unlikely(task->state == EDDY__TASK_FREE) && eddy__task_report_gone(call);
}

/* ---- scopes (scope.c) ---- */

/* When its innermost scopes expire, as far out as the first shield. */
int64_t eddy__task_deadline(const eddy_task *task);
/* Works out task->interrupt anew and ends its wait when it is parked and now interrupted. */
void eddy__task_interrupt(eddy_task *task);

/* A shield for closers, which also restores the caller's error record when it is left. */
struct eddy__closer {
    eddy_scope scope;
    eddy_error *error;
};
void eddy__closer_enter(struct eddy__closer *closer, double seconds);
void eddy__closer_leave(struct eddy__closer *closer);

/* ---- what is said of tasks (describe.c) ---- */

/* Calls fn for every task of the loop that has not ended, in no particular order; fn may make tasks
 * ready, but neither create nor free them. */
void eddy__tasks_each(eddy_loop *loop, void (*fn)(eddy_task *task, void *arg), void *arg);

/* "'Task-2' (fetch), started at crawl.c:12". */
void eddy__task_describe(eddy_task *task, char *buf, size_t size);

/* The record of its failure; NULL when it returned a bare code. Of a task that has ended. */
eddy_error *eddy__task_record(const eddy_task *task);

/* A stack was too small: says whose, and ends the program. */
void eddy__overflow_die(const struct eddy__stack *stack) __attribute__((noreturn, cold));
void eddy__overflow_describe_task(const struct eddy__stack *stack, int fd);

/* ---- waits for other tasks (cancel.c) ----
 * A task that waits for other tasks and is cancelled passes the cancellation on to these, and goes
 * on waiting until they have ended; they do the same with the tasks that they wait for. In a cycle
 * of tasks that wait for each other nobody would ever end so. Therefore, when one task of a cycle
 * is cancelled or out of time, or begins to wait although it is, one of them leaves its wait. In
 * each cycle there is one that can: a cycle is closed only by a task that waits for a task which it
 * has not started. */
struct eddy__task_wait;

struct eddy__task_wait_kind {
    /* The awaited task of number wait->at, which counts from 0; NULL: there are no more. */
    eddy_task *(*next)(struct eddy__task_wait *wait);
    /* Ends the wait early; NULL: it cannot be left. */
    void (*leave)(eddy_task *task, int code);
};

/* Lies in the frame of the task that waits. Waits whose cancellation is being passed on are a
 * stack, of which the loop's tasks know the top; the waits on the way of a search for cycles are
 * one, too. */
struct eddy__task_wait {
    const struct eddy__task_wait_kind *kind;
    struct eddy__task_wait *before; /* on such a stack */
    eddy_task *task; /* the task that waits, while this is on such a stack; NULL otherwise */
    uint32_t at;
    uint32_t seen; /* number of the last search that came by */
    int aborted;   /* the code that the task was interrupted with, 0: it was not */
    bool again;    /* interrupted before: tasks whose request still stands get no second one */
};

/* Part of the abort of such a wait. */
void eddy__pass_on(struct eddy__task_wait *wait, eddy_task *task, int code);
/* Has somebody leave each cycle of waits that can be reached from a parked task. */
void eddy__break_cycles(eddy_task *task) __attribute__((cold));
/* Whether a parked task could be in one that must end: it waits for tasks, and was cancelled, is
 * late, or has cancelled those whom it waits for. */
static inline bool eddy__may_close_cycle(const eddy_task *task)
{
    return task->waits_for && (task->cancels || task->interrupt || !task->waiting->abort);
}

/* ---- for tests (park.c) ---- */

#ifdef EDDY_TESTING
/* Suspensions of this process so far, and: the running loop's main task is cancelled at the n-th
 * from now on (0: never). */
long eddy__suspend_count(void);
void eddy__cancel_at(long n);
/* Every checkpoint and every eddy__spend of the process yields, so that whatever can happen at the
 * 64th call in a row happens at the first. */
void eddy__yield_everywhere(bool always);
#endif

#endif

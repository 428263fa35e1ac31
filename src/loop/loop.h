/* loop.h - private door of the loop layer.
 *
 * One turn: run what is ready (a snapshot of the ring), deliver the scopes that expired in the turn
 * before, poll the backend, fire the timers that are due. Scopes come last so that what became
 * ready in the same turn wins over a deadline (rules D1, B2). */
#ifndef EDDY_LOOP_LOOP_H
#define EDDY_LOOP_LOOP_H

#include "base/base.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/list.h"
#include "base/slab.h"
#include "base/thread.h"
#include "context/context.h"
#include <eddy/loop.h>
#include <eddy/scope.h>
#include <pthread.h>
#include <stdatomic.h>

/* What the loop switches to; first member of a task. It has a stack from its first switch, for
 * which loop->begin prepares it, to its last. */
struct eddy__fiber {
    struct eddy__stack *stack; /* it and error are a struct eddy__fiber_head */
    eddy_error *error;
    struct eddy__context context;
};
_Static_assert(offsetof(struct eddy__fiber, error) == offsetof(struct eddy__fiber_head, error),
               "base/error.c finds the record there");

struct eddy__call;
struct eddy__fd;

/* ---- timers: equal deadlines leave in order of arming ---- */

struct eddy__timer_entry {
    int64_t deadline;
    uint64_t sequence;
    eddy_timer_ *timer;
};

/* entries: from the start a heap of those before the horizon, at the end a pile of the others. */
struct eddy__timers {
    struct eddy__timer_entry *entries;
    size_t near;
    size_t far;
    size_t capacity;
    int64_t horizon;
    uint64_t sequence;
};

/* ---- backends -------------------------------------------------------------------------- */

/* A descriptor whose readiness somebody wants to know. Edge-triggered by default: on_ready is
 * called when a wanted event comes up, and events that were wanted stay wanted; an event is wanted
 * anew only after the kernel said "not now" (EAGAIN, or a short read without hangup). level:
 * on_ready is called in each turn in which the wanted events hold. */
struct eddy__fd {
    eddy_loop *loop;
    int fd;
    bool level;
    bool multishot; /* for reading only, often: a lasting poll from the first wait on (listeners) */
    bool shut;      /* shutdown() comes before close(): forget need not reach the kernel at once */
    bool hangup;    /* an event had the peer's end: a short read does not mean "drained" */
    bool always_ready; /* the backend found that it cannot be polled: a regular file */
    uint8_t asked;     /* what arm is to arm again */
    uint8_t again_events;
    struct list again; /* in the backend's list of those to be called in the next poll */
    unsigned wanted;   /* EDDY_READABLE | EDDY_WRITABLE */
    void (*on_ready)(struct eddy__fd *fd, unsigned events);
    void *backend[2]; /* the backend's own: uring keeps the armed polls, epoll what is registered */
};

struct eddy__backend {
    const char *name;
    int (*open)(eddy_loop *loop);
    void (*close)(eddy_loop *loop);
    /* fd->wanted has changed, or in edge mode an event has to be armed again. */
    int (*arm)(struct eddy__fd *fd);
    /* No more calls for fd; its memory is free when it returns. Before the descriptor is closed;
     * perhaps after close. */
    void (*forget)(struct eddy__fd *fd);
    int (*submit)(eddy_loop *loop, eddy_op *op);
    void (*cancel)(eddy_loop *loop, eddy_op *op);
    /* Cheap: whether poll would find or has to hand in something. */
    bool (*pending)(eddy_loop *loop);
    /* Hands in, waits at most timeout_ns (0: not; NS_NEVER), calls back. loop->failed. */
    int (*poll)(eddy_loop *loop, int64_t timeout_ns);
    /* In the child of a fork: closes the descriptors without touching the parent's state. */
    void (*disown)(eddy_loop *loop);
};

extern const struct eddy__backend eddy__backend_uring;
extern const struct eddy__backend eddy__backend_epoll;
#ifdef EDDY_TESTING
/* The next loop gets this one, whatever its options say; NULL: as in the product. */
extern const struct eddy__backend *eddy__backend_instead;
#endif

/* ---- calls from other threads ------------------------------------------------------------ */

/* A node may be pushed from any thread and is then the loop's until fn is called. */
struct eddy__inbox_node {
    struct eddy__inbox_node *next;
    void (*fn)(struct eddy__inbox_node *node);
};

/* What a layer above keeps with the loop, which closes its guests first of all when it ends. A loop
 * has one guest of a kind, known by its close function. */
struct eddy__guest {
    struct list link; /* of loop->guests */
    void (*close)(struct eddy__guest *guest);
};

/* ---- the loop ---------------------------------------------------------------------------- */

struct eddy_loop {
    /* ready ring: a fiber, or a struct eddy__call with bit 0 set; capacity ≥ reserved always, so
     * that waking cannot fail: every task and call reserves its place when it is made */
    uintptr_t *ring;
    size_t ring_mask; /* capacity − 1 */
    size_t ring_capacity;
    size_t ring_head;
    size_t ring_tail;
    size_t ring_reserved;

    struct eddy__context context; /* of the loop's own stack, while a fiber runs */
    /* gives a fiber its stack; false: it has ended instead */
    bool (*begin)(eddy_loop *loop, struct eddy__fiber *fiber);
    /* run on the loop's stack after the fiber that set it has switched away */
    void (*after)(eddy_loop *loop, struct eddy__fiber *fiber);

    int64_t now;     /* nanoseconds; virtual_clock: made up */
    size_t now_step; /* ring_head when it was read: fresh as long as that step runs */
    bool virtual_clock;
    bool stopping;
    bool running;
    bool closing; /* what is left is being ended: nothing new from other threads */
    bool debug;
    struct eddy__timers timers;
    eddy_timer_ *late; /* expired scopes, delivered after the next batch */
    eddy_timer_ **late_end;

    const struct eddy__backend *backend;
    void *backend_state;
    int failed; /* −errno: the kernel tells of no events any more; what is left is to end */
    struct eddy__fd wake_fd;
    unsigned io_waits; /* tasks, watches and operations that wait for I/O */
    int64_t spin_ns;

    _Atomic(struct eddy__inbox_node *) inbox;
    atomic_bool sleeping; /* waiting in the backend: pushers must write the eventfd */
    atomic_bool closed;
    atomic_uint holds; /* other threads that mean to call */
    atomic_uint refs;  /* one for the owner and the tasks together, one a hold: keep the memory */
    atomic_bool interrupted; /* SIGINT came */

    struct eddy__call *free_calls; /* the one that was used last, and so is warm, first */
    struct list call_slabs;

    bool trimmed;         /* idle stacks have given their memory back */
    unsigned lap_entries; /* entries to run between polls while busy, see turn.c */
    uint64_t random;      /* 0: no shuffling */

    eddy_poll_hook *poll_hook;
    void *poll_hook_arg;
    eddy_exception_handler *handler;
    void *handler_arg;
    int64_t slow_ns;
    int64_t step_began; /* in debug mode */
    pthread_t thread;
    struct list open; /* in fork.c */

    /* of the task layer */
    struct eddy__stack_pool stacks;
    struct eddy__stack *aside;     /* where packed tasks format and report; NULL before the first */
    size_t task_count;             /* not ended */
    size_t task_blocks;            /* control blocks in use: not ended, or somebody has a handle */
    struct slab_pool task_slabs;   /* control blocks */
    struct slab_pool launch_slabs; /* what they need until they begin */
    uint32_t task_number;          /* of the last "Task-N" */
    uint32_t task_id;
    void (*describe_task)(eddy_task *task, char *buf, size_t size);
    void (*name_task)(char *buf, size_t size); /* of the running one */
    void (*on_interrupt)(eddy_loop *loop);     /* SIGINT came */
    eddy_task *main;                           /* of eddy_run, NULL otherwise */
    bool catches_overflows;                    /* of stacks, in its thread */
    bool report_deadlock; /* eddy_run: stop and say so when nothing can ever happen */
    bool deadlocked;
    struct eddy__peers *peers;               /* the loops of its eddy_run, NULL: it runs alone */
    unsigned index;                          /* among them */
    bool idle;                               /* of peers.c: only another thread can wake it */
    bool stuck;                              /* of peers.c: and none will */
    struct eddy__stack_report *stack_report; /* NULL: not wanted */
    struct eddy__workers
        *workers[2]; /* worker threads made on demand: see enum eddy__workers_use */
    struct list guests;
    struct eddy__along *along; /* of the task layer: cancellations that are being passed on */
    uint32_t search;           /* and the number of its last search for cycles of waits */
};

/* ---- life (loop.c) ---- */

/* NULL raised. */
eddy_loop *eddy__loop_make(const eddy_loop_opts *opts);
/* Ends everything but the tasks' control blocks; the last reference frees those and the loop. */
void eddy__loop_shut(eddy_loop *loop);
void eddy__loop_free(eddy_loop *loop);
void eddy__guest_add(eddy_loop *loop, struct eddy__guest *guest);
/* NULL: the loop has none of that kind. */
struct eddy__guest *eddy__guest_find(const eddy_loop *loop,
                                     void (*close)(struct eddy__guest *guest));

/* ---- ready ring (ready.c) ---- */

int eddy__ready_grow(eddy_loop *loop);
/* Makes room for one more task or call, in the ring and among the timers; 0 or EDDY_ENOMEM, not
 * raised. */
static inline int eddy__ready_reserve(eddy_loop *loop)
{
    if (unlikely(loop->ring_reserved >= loop->ring_capacity)) {
        int r = eddy__ready_grow(loop);

        if (r < 0)
            return r;
    }
    loop->ring_reserved++;
    return 0;
}
static inline void eddy__ready_unreserve(eddy_loop *loop)
{
    loop->ring_reserved--;
}
static inline void eddy__ready_push(eddy_loop *loop, uintptr_t entry)
{
    loop->ring[loop->ring_tail++ & loop->ring_mask] = entry;
}
static inline void eddy__ready_push_front(eddy_loop *loop, uintptr_t entry)
{
    loop->ring[--loop->ring_head & loop->ring_mask] = entry;
}
static inline size_t eddy__ready_count(const eddy_loop *loop)
{
    return loop->ring_tail - loop->ring_head;
}

/* ---- timers (timer.c) ---- */

/* timer->fire and ->late are set by the caller. 0 or EDDY_ENOMEM, not raised. NS_NEVER is not armed
 * and fine. */
int eddy__timer_arm(eddy_loop *loop, eddy_timer_ *timer, int64_t deadline);
/* Harmless when it is not armed (zero) or has fired. */
void eddy__timer_cancel(eddy_loop *loop, eddy_timer_ *timer);
int eddy__timers_reserve(eddy_loop *loop, size_t count);
/* Fires it after the batch that runs, without a deadline. */
void eddy__timer_fire_late(eddy_loop *loop, eddy_timer_ *timer);
void eddy__timers_fire(eddy_loop *loop);
void eddy__timers_deliver_late(eddy_loop *loop);
/* No timer is due before; NS_NEVER: there is none. */
static inline int64_t eddy__timers_next(const eddy_loop *loop)
{
    const struct eddy__timers *timers = &loop->timers;

    if (timers->near)
        return timers->entries[0].deadline;
    return timers->far ? timers->horizon : NS_NEVER;
}
/* When the next one is due. */
int64_t eddy__timers_next_exact(eddy_loop *loop);

/* The clock as of now, or as it was read in this step if that is less than a tick ago. For
 * call_later. */
int64_t eddy__loop_now(eddy_loop *loop);
/* Always reads it (the virtual clock is always exact). For sleeps and scopes. */
int64_t eddy__loop_now_exact(eddy_loop *loop);

/* ---- turns (turn.c) ---- */

/* Runs turns until loop->stopping, one at least. */
void eddy__loop_turns(eddy_loop *loop);
/* One turn without a poll that waits; for closing. */
void eddy__loop_turn(eddy_loop *loop, int64_t timeout_ns);
/* Enters and leaves the thread's "a loop runs" state (report.c). enter: 0 or EDDY_ELOOP raised. */
int eddy__loop_enter(eddy_loop *loop);
void eddy__loop_leave(eddy_loop *loop);

/* ---- inbox (inbox.c): any thread ---- */

/* The eventfd that wakes the loop. 0 or -errno, not raised. */
int eddy__inbox_open(eddy_loop *loop);
/* Awaits the operations in flight, refuses pushes from now on and calls what was pushed before.
 * Comes before the backend's close. */
void eddy__inbox_close(eddy_loop *loop);
/* fn(node) will be called in the loop's thread. 0, or EDDY_ECLOSED, not raised: it never will. The
 * caller keeps the loop's memory alive. */
int eddy__inbox_push(eddy_loop *loop, struct eddy__inbox_node *node);
void eddy__inbox_drain(eddy_loop *loop);
/* Ends the loop's sleep, or its next one; interrupt sets loop->interrupted before. May be called by
 * a signal handler. */
void eddy__loop_wake(eddy_loop *loop);
void eddy__loop_interrupt(eddy_loop *loop);
void eddy__loop_ref(eddy_loop *loop);
void eddy__loop_unref(eddy_loop *loop);

/* ---- fork (fork.c) ---- */

/* An open loop is disowned in the child of a fork: its descriptors are closed, and it counts as
 * closed. */
void eddy__fork_register(eddy_loop *loop);
void eddy__fork_forget(eddy_loop *loop);

/* ---- operations (op.c) ---- */

/* Cancels all, and refuses new ones from now on. */
void eddy__ops_cancel(eddy_loop *loop);

/* ---- descriptors (fd.c) ---- */
void eddy__fd_init(struct eddy__fd *fd, eddy_loop *loop, int number,
                   void (*on_ready)(struct eddy__fd *, unsigned));
/* Asks for events (edge mode: adds and arms them again; level mode: exactly these). 0 or -errno,
 * not raised. */
int eddy__fd_want(struct eddy__fd *fd, unsigned events);
void eddy__fd_forget(struct eddy__fd *fd);

/* ---- worker threads (work.c) ----
 * A job runs in a thread and then done is called in the loop. The loop is held meanwhile. */
enum eddy__workers_use { EDDY__WORKERS_BLOCKING, EDDY__WORKERS_NAMES };
struct eddy__work {
    struct eddy__inbox_node node; /* must stay first */
    struct list link;             /* of the pool's queue */
    struct eddy__workers *pool;
    eddy_loop *loop;
    const char *name; /* a constant, for reports of stuck jobs; NULL: it is not reported */
    void (*run)(struct eddy__work *work);  /* in the thread */
    void (*done)(struct eddy__work *work); /* in the loop; may free work */
    /* instead of done when the loop has gone: in the thread, after run, or in pool_close for a job
     * that never ran; may free work. NULL: nobody cares */
    void (*drop)(struct eddy__work *work);
    atomic_int state;      /* queued, running, left, finished */
    struct worker *worker; /* of work.c: that runs it */
};
/* Queues the job in the loop's pool of that use, making the pool and threads on demand. 0 or an
 * error, not raised. */
int eddy__work_submit(eddy_loop *loop, enum eddy__workers_use use, struct eddy__work *work);
/* True when the job had not begun: it never will, and done is not called. */
bool eddy__work_cancel(struct eddy__work *work);
/* For a job in the loop's EDDY__WORKERS_BLOCKING that eddy__work_cancel came too late for, and that
 * nobody waits for any more: it does not hold the loop. done or drop is called all the same. */
void eddy__work_leave(struct eddy__work *work);
/* In the thread: the job may wait for somebody else from now on, for ever. It does not count
 * against the limit of the pool's threads, and once it was left the pool's close does not wait for
 * it. 0; EDDY_ELIMIT: too many do; -ECANCELED: it was left; another failure: others would have no
 * thread. Then it must not wait. Not raised. */
int eddy__work_waits(void);
/* The job that the calling thread runs; NULL in other threads. */
struct eddy__work *eddy__work_current(void);
/* A pool of one's own: so many threads (0: as many as the loop's has), which get that name. NULL
 * without memory, not raised. Submitting is as above. */
struct eddy__workers *eddy__workers_open(unsigned threads, const char *name);
unsigned eddy__workers_threads(const struct eddy__workers *pool);
int eddy__workers_submit(struct eddy__workers *pool, eddy_loop *loop, struct eddy__work *work);
/* Waits at most that long for the threads to end; what is stuck goes on by itself. told hears of
 * stuck jobs by their names; NULL: nobody. */
void eddy__workers_close(struct eddy__workers *pool, int64_t timeout_ns, eddy_loop *told);
/* Closes the loop's own pools, within that time together. */
void eddy__work_close(eddy_loop *loop, int64_t timeout_ns);

/* ---- calls kept ready (call.c): for what must not fail when it comes ---- */
struct eddy__call *eddy__call_take(eddy_loop *loop, eddy_callback *fn, void *arg);
void eddy__call_ready(eddy_loop *loop, struct eddy__call *call);
void eddy__call_give_back(eddy_loop *loop, struct eddy__call *call);

/* ---- another stack for what a packed one has no room for (aside.c) ---- */

/* Before the first packed task begins: from now on eddy__aside changes stacks. False without
 * memory. */
bool eddy__aside_open(eddy_loop *loop) COLD;
void eddy__aside_enter(eddy_loop *loop);
void eddy__aside_close(eddy_loop *loop);

/* ---- reports (report.c) ---- */
void eddy__report(eddy_loop *loop, const eddy_report *report);

/* False, and reported, when function is called with NULL for its loop. */
bool eddy__loop_missing(const char *function) COLD;
static inline bool eddy__loop_given(const eddy_loop *loop, const char *function)
{
    return likely(loop) || eddy__loop_missing(function);
}

/* The same, and when it is called in debug mode by another thread than the one that runs the loop.
 */
bool eddy__loop_is_ours(const eddy_loop *loop, const char *function);
static inline bool eddy__loop_check_thread(const eddy_loop *loop, const char *function)
{
    return eddy__loop_given(loop, function) &&
           (likely(!loop->debug) || eddy__loop_is_ours(loop, function));
}

#include "loop/peers.h"

#endif

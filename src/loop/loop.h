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
#include "base/thread.h"
#include "context/context.h"
#include "loop/fd.h"
#include "loop/inbox.h"
#include "loop/peers.h"
#include "loop/timer.h"
#include "loop/work.h"
#include <eddy/loop.h>
#include <pthread.h>
#include <stdatomic.h>

/* What the loop switches to. It has a stack from its first switch, for which the client's begin
 * prepares it, to its last. */
struct eddy__fiber {
    struct eddy__stack *stack; /* it and error are a struct eddy__fiber_head */
    eddy_error *error;
    struct eddy__context context;
};
_Static_assert(offsetof(struct eddy__fiber, error) == offsetof(struct eddy__fiber_head, error),
               "base/error.c finds the record there");

/* What the layer whose fibers a loop runs does for it: tasks. */
struct eddy__loop_client {
    /* Gives a fiber its stack; false: it has ended instead. */
    bool (*begin)(eddy_loop *loop, struct eddy__fiber *fiber);
    /* SIGINT came. */
    void (*interrupt)(eddy_loop *loop);
    /* The loop has been idle for long: gives memory back. True: there is more. */
    bool (*trim)(eddy_loop *loop);
    /* The task of a report in words. */
    void (*describe)(eddy_task *task, char *buf, size_t size);
    /* The last reference has gone, perhaps in another thread: frees the loop's memory. */
    void (*free)(eddy_loop *loop);
};

/* What a layer above keeps with the loop, which closes its guests first of all when it ends. A loop
 * has one guest of a kind, known by its close function. */
struct eddy__guest {
    struct list link; /* of loop->guests */
    void (*close)(struct eddy__guest *guest);
};

/* ---- the loop ---- */

struct eddy__backend;
struct eddy__call;

/* First member of what its client keeps for each loop. */
struct eddy_loop {
    /* ready ring: a fiber, or a struct eddy__call with bit 0 set; capacity ≥ reserved always, so
     * that waking cannot fail: every fiber and call reserves its place when it is made */
    uintptr_t *ring;
    size_t ring_mask; /* capacity − 1 */
    size_t ring_capacity;
    size_t ring_head;
    size_t ring_tail;
    size_t ring_reserved;

    struct eddy__context context; /* of the loop's own stack, while a fiber runs */
    const struct eddy__loop_client *client;
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
    atomic_uint holds; /* other threads that mean to call, jobs included */
    int64_t spin_ns;

    struct eddy__call *free_calls; /* the one that was used last, and so is warm, first */
    struct list call_slabs;

    bool trimmed;         /* the client has given back what it does not need */
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

    /* other threads change these, apart from what the loop's own uses all the time */
    _Atomic(struct eddy__inbox_node *) inbox;
    atomic_bool sleeping; /* waiting in the backend: pushers must write the eventfd */
    atomic_bool closed;
    atomic_bool interrupted; /* SIGINT came */
    atomic_uint refs; /* one for the owner and the tasks together, one a hold: keep the memory */

    bool report_deadlock; /* stop and say so when nothing can ever happen */
    bool deadlocked;
    struct eddy__peers *peers; /* the loops of its eddy_run, NULL: it runs alone */
    unsigned index;            /* among them */
    bool idle;                 /* of peers.c: only another thread can wake it */
    bool stuck;                /* of peers.c: and none will */

    struct eddy__workers *workers[2]; /* made on demand, see enum eddy__workers_use */
    struct list submitted;            /* pools whose threads may have to be woken */
    struct list guests;
};

/* ---- life (loop.c) ---- */

/* In memory that is zero. It has one reference then. 0, or a failure raised. */
int eddy__loop_open(eddy_loop *loop, const struct eddy__loop_client *client,
                    const eddy_loop_opts *opts);
/* Ends everything but its memory, which is there to the last reference. */
void eddy__loop_shut(eddy_loop *loop);
void eddy__guest_add(eddy_loop *loop, struct eddy__guest *guest);
/* NULL: the loop has none of that kind. */
struct eddy__guest *eddy__guest_find(const eddy_loop *loop,
                                     void (*close)(struct eddy__guest *guest));

/* ---- ready ring (ready.c) ---- */

int eddy__ready_grow(eddy_loop *loop);
/* Makes room for one more fiber or call, in the ring and among the timers; 0 or EDDY_ENOMEM, not
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

/* ---- time (timer.c) ---- */

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
/* Enters and leaves the thread's "a loop runs" state. enter: 0 or EDDY_ELOOP raised. */
int eddy__loop_enter(eddy_loop *loop);
void eddy__loop_leave(eddy_loop *loop);

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

#endif

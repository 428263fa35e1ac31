/* sync.h - lock, event, condition, semaphore, barrier: visible structs that start as {0}, or by
 * their initializer (a semaphore, a barrier), and need no closing. First come, first served: what
 * is released is handed to the task that has waited longest directly. Their fields belong to the
 * library. Each serves the tasks of one loop only. An event or a barrier may be freed once every
 * task that waited for it was woken; a lock, a semaphore or a condition once the calls that wait
 * for it have returned. */
#ifndef EDDY_SYNC_H
#define EDDY_SYNC_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

struct eddy_waiter_;
typedef struct eddy_waiters_ {
    struct eddy_waiter_ *first;
    struct eddy_waiter_ *last;
} eddy_waiters_;

/* Lock: not re-entrant. acquire waits for it. When the lock was handed to a waiting task, and that
 * is cancelled before it has run, it passes the lock on. Releasing a lock that nobody holds is
 * EDDY_EOWNER and reported as a bug; in debug mode so is releasing one that another task holds.
 * acquire_nowait: EDDY_EAGAIN when it is taken. */
typedef struct eddy_lock {
    eddy_waiters_ waiters;
    eddy_task *owner;
    bool locked;
} eddy_lock;
EDDY_API EDDY_SUSPENDS int eddy_lock_acquire(eddy_lock *lock);
EDDY_API int eddy_lock_acquire_nowait(eddy_lock *lock);
EDDY_API int eddy_lock_release(eddy_lock *lock);
EDDY_API bool eddy_lock_locked(const eddy_lock *lock);

/* Event: set wakes every task that waits at that moment, even when clear follows at once. */
typedef struct eddy_event {
    eddy_waiters_ waiters;
    bool is_set;
} eddy_event;
EDDY_API EDDY_SUSPENDS int eddy_event_wait(eddy_event *event);
EDDY_API void eddy_event_set(eddy_event *event);
EDDY_API void eddy_event_clear(eddy_event *event);
EDDY_API bool eddy_event_is_set(const eddy_event *event);

/* Condition: has a lock of its own, or uses the one that .lock points to. wait releases the lock,
 * waits for a notification and acquires the lock again, also when the task is cancelled meanwhile.
 * A task that waits or notifies without holding the lock gets EDDY_EOWNER. wait_for waits again and
 * again until predicate(arg) is true. */
typedef struct eddy_condition {
    eddy_waiters_ waiters;
    eddy_lock *lock;
    eddy_lock own;
} eddy_condition;
typedef bool eddy_predicate(void *arg);
EDDY_API EDDY_SUSPENDS int eddy_condition_acquire(eddy_condition *condition);
EDDY_API int eddy_condition_release(eddy_condition *condition);
EDDY_API EDDY_SUSPENDS int eddy_condition_wait(eddy_condition *condition);
EDDY_API EDDY_SUSPENDS int eddy_condition_wait_for(eddy_condition *condition,
                                                   eddy_predicate *predicate, void *arg);
EDDY_API int eddy_condition_notify(eddy_condition *condition, unsigned n);
EDDY_API int eddy_condition_notify_all(eddy_condition *condition);

/* Semaphore: EDDY_SEMAPHORE(n) starts at n; EDDY_BOUNDED_SEMAPHORE(n) does, too, and never goes
 * above n: one release too many is EDDY_ERANGE and reported as a bug. acquire_nowait: EDDY_EAGAIN
 * at zero. */
typedef struct eddy_semaphore {
    eddy_waiters_ waiters;
    unsigned value;
    unsigned bound;
} eddy_semaphore;
#define EDDY_SEMAPHORE(n)                                                                          \
    {                                                                                              \
        .waiters = {NULL, NULL}, .value = (n), .bound = 0                                          \
    }
#define EDDY_BOUNDED_SEMAPHORE(n)                                                                  \
    {                                                                                              \
        .waiters = {NULL, NULL}, .value = (n), .bound = (n)                                        \
    }
EDDY_API EDDY_SUSPENDS int eddy_semaphore_acquire(eddy_semaphore *semaphore);
EDDY_API int eddy_semaphore_acquire_nowait(eddy_semaphore *semaphore);
EDDY_API int eddy_semaphore_release(eddy_semaphore *semaphore);
/* True when acquire would wait. */
EDDY_API bool eddy_semaphore_locked(const eddy_semaphore *semaphore);

/* Barrier: EDDY_BARRIER(n) lets n tasks through together; wait returns to each of them another
 * index of 0 … n−1. A task that is cancelled while it waits does not break the barrier. After abort
 * every wait is EDDY_EBROKEN until reset; reset also ends the waits at that moment with
 * EDDY_EBROKEN. */
typedef struct eddy_barrier {
    eddy_waiters_ waiters;
    unsigned parties;
    unsigned waiting;
    bool broken;
} eddy_barrier;
#define EDDY_BARRIER(n)                                                                            \
    {                                                                                              \
        .waiters = {NULL, NULL}, .parties = (n), .waiting = 0, .broken = false                     \
    }
EDDY_API EDDY_SUSPENDS int eddy_barrier_wait(eddy_barrier *barrier);
EDDY_API void eddy_barrier_abort(eddy_barrier *barrier);
EDDY_API void eddy_barrier_reset(eddy_barrier *barrier);

/* What eddy_with(&x) holds for the time of its block. */
typedef struct eddy_held_ {
    void *object;
    int (*release)(void *object);
} eddy_held_;
EDDY_API EDDY_SUSPENDS int eddy_held_lock_(eddy_held_ *held, eddy_lock *lock);
EDDY_API EDDY_SUSPENDS int eddy_held_semaphore_(eddy_held_ *held, eddy_semaphore *semaphore);
EDDY_API EDDY_SUSPENDS int eddy_held_condition_(eddy_held_ *held, eddy_condition *condition);
EDDY_API void eddy_held_leave_(eddy_held_ *held);

EDDY_END_DECLS

/* eddy_with(&lock) { … } acquires a lock, semaphore or condition and releases it at the end of the
 * block, also when return ends it, or break or continue, which leave just the block; when acquiring
 * fails (cancelled, out of time), the enclosing function returns the code. */
#define eddy_with(object) eddy_with_(object, __COUNTER__)
#define eddy_with_(object, n) eddy_with_block_(object, EDDY_CAT(eddy_h_, n), EDDY_CAT(eddy_o_, n))
#define eddy_with_block_(object, held, once)                                                       \
    for (eddy_held_ held __attribute__((cleanup(eddy_held_leave_))) = {NULL, NULL},                \
                         *once = __extension__({                                                   \
                             int eddy_status_v_ = eddy_hold_(object)(&held, object);               \
                             if (eddy_status_v_ < 0)                                               \
                                 return eddy_met_(EDDY_HERE, eddy_status_v_);                      \
                             &held;                                                                \
                         });                                                                       \
         once; once = NULL)
#define eddy_hold_(object)                                                                         \
    _Generic((object),                                                                             \
        eddy_lock *: eddy_held_lock_,                                                              \
        eddy_semaphore *: eddy_held_semaphore_,                                                    \
        eddy_condition *: eddy_held_condition_)

#endif

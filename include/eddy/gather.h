/* gather.h - running and waiting for several at once: gather, wait, wait_for, as_completed. */
#ifndef EDDY_GATHER_H
#define EDDY_GATHER_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

typedef struct eddy_gather_opts {
    int *statuses;           /* gets the status of every task; see below */
    bool cancel_on_error;    /* the first failure cancels the others */
    const eddy_place *place; /* where it was called, for reports */
} eddy_gather_opts;

/* Runs n coroutines as tasks and waits for all of them, also after a failure. Returns 0 or the
 * first failure; the others hang on its record (eddy_error_next). When the caller is cancelled all
 * of them are cancelled, and waited for. With .statuses the call returns 0 when all have ended,
 * whatever they returned. When the call itself was interrupted (EDDY_ECANCELED, EDDY_ETIMEDOUT) or
 * could not run them, it returns that, and the statuses are set all the same: EDDY_ENOTREADY for a
 * task that has not ended. */
EDDY_API EDDY_SUSPENDS int eddy_gather_with(const eddy_coro *coros, size_t n,
                                            const eddy_gather_opts *opts);
#define eddy_gather_n(coros, n, ...)                                                               \
    eddy_gather_with((coros), (n), &(eddy_gather_opts){.place = EDDY_HERE, __VA_ARGS__})
#define eddy_gather(...)                                                                           \
    eddy_gather_n(((const eddy_coro[]){__VA_ARGS__}),                                              \
                  sizeof((const eddy_coro[]){__VA_ARGS__}) / sizeof(eddy_coro))

/* The same for tasks that were started before; they stay the caller's, and their handles may be
 * closed meanwhile. Here and below: EDDY_EINVAL when one of the tasks is NULL, or n is more than
 * INT_MAX; EDDY_EDEADLOCK when one is the caller; EDDY_ELOOP when one belongs to another loop. */
EDDY_API EDDY_SUSPENDS int eddy_gather_tasks_with(eddy_task *const *tasks, size_t n,
                                                  const eddy_gather_opts *opts);
#define eddy_gather_tasks(tasks, n, ...)                                                           \
    eddy_gather_tasks_with((tasks), (n), &(eddy_gather_opts){.place = EDDY_HERE, __VA_ARGS__})

enum { EDDY_ALL_COMPLETED, EDDY_FIRST_COMPLETED, EDDY_FIRST_EXCEPTION };

typedef struct eddy_wait_opts {
    int return_when; /* EDDY_ALL_COMPLETED, EDDY_FIRST_COMPLETED, EDDY_FIRST_EXCEPTION */
} eddy_wait_opts;

/* Waits for tasks without cancelling any, whatever happens; eddy_task_done tells which have ended.
 * Returns how many have; EDDY_EINVAL for none at all. */
EDDY_API EDDY_SUSPENDS int eddy_wait_with(eddy_task *const *tasks, size_t n,
                                          const eddy_wait_opts *opts);
#define eddy_wait(tasks, n, ...) eddy_wait_with((tasks), (n), &(eddy_wait_opts){__VA_ARGS__})
/* The same for at most so many seconds. 0 or less lets the others run once, INFINITY is no limit,
 * NaN is EDDY_EINVAL. That the time is over is no failure: fewer have ended then. */
EDDY_API EDDY_SUSPENDS int eddy_wait_at_most_with(eddy_task *const *tasks, size_t n, double seconds,
                                                  const eddy_wait_opts *opts);
#define eddy_wait_at_most(tasks, n, seconds, ...)                                                  \
    eddy_wait_at_most_with((tasks), (n), (seconds), &(eddy_wait_opts){__VA_ARGS__})

/* Runs coro as a task for at most so many seconds. When they are over the task is cancelled, and
 * the call returns EDDY_ETIMEDOUT once its clean-up has ended; a task that returns a status of its
 * own all the same has that. With 0 or less coro is never started. EDDY_EINVAL for NaN. */
EDDY_API EDDY_SUSPENDS int eddy_wait_for_at(const eddy_place *place, eddy_coro coro,
                                            double seconds);
#define eddy_wait_for(coro, seconds) eddy_wait_for_at(EDDY_HERE, (coro), (seconds))

/* Gives tasks in the order in which they end. The caller closes it. */
typedef struct eddy_completion eddy_completion;
EDDY_API eddy_completion *eddy_as_completed(eddy_task *const *tasks, size_t n);
/* Waits until the next task has ended: 1 and *task, or 0 after the last; the tasks stay the
 * caller's. A timeout around the call leaves those that have not ended running. EDDY_EBUSY when
 * another task waits in it already. Closing ends such a wait with EDDY_ECLOSED. */
EDDY_API EDDY_SUSPENDS int eddy_completion_next(eddy_completion *completion, eddy_task **task);
EDDY_API void eddy_completion_close(eddy_completion *completion);
EDDY_AUTOCLOSE(eddy_completion, eddy_completion_close)

EDDY_END_DECLS

#endif

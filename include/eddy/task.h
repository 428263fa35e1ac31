/* task.h - a task runs a coroutine beside others on one loop. A handle owns it: closing the handle
 * cancels the task and waits for its end; eddy_detach lets it go. The loop keeps a reference of
 * its own until the task has ended. */
#ifndef EDDY_TASK_H
#define EDDY_TASK_H

#include <eddy/coro.h>
#include <eddy/loop.h>

EDDY_BEGIN_DECLS

typedef struct eddy_task_opts {
    const char *name;  /* copied; "Task-N" otherwise */
    size_t stack_size; /* bytes, rounded up, at most 4 GiB; 0: some 38 KiB */
    /* A small stack without a guard page: 1, 2, 4 or 8 KiB, as stack_size asks; ignored when that
     * is more. 1 KiB is enough for waits, queues and open streams, 2 KiB for starting tasks,
     * gather, generators, files, thread jobs, connecting and reads that fail, 4 KiB for
     * eddy_printf, 8 KiB for child processes. */
    bool packed;
    bool eager;              /* runs at once, up to its first suspension; not in callbacks */
    eddy_task **handle;      /* eddy_group_start: gives the caller a handle, too, to be closed */
    const eddy_place *place; /* where it was started, for reports */
} eddy_task_opts;

/* Starts coro in the running loop; it first runs in the next turn. Does not suspend. NULL with a
 * record: EDDY_ENOTASK outside a running loop, EDDY_EINVAL for stack_size, EDDY_ENOMEM. */
EDDY_API eddy_task *eddy_create_task_with(eddy_coro coro, const eddy_task_opts *opts);
#define eddy_create_task(coro, ...)                                                                \
    eddy_create_task_with((coro), &(eddy_task_opts){.place = EDDY_HERE, __VA_ARGS__})
/* The same in a loop that need not run yet. */
EDDY_API eddy_task *eddy_loop_create_task_with(eddy_loop *loop, eddy_coro coro,
                                               const eddy_task_opts *opts);
#define eddy_loop_create_task(loop, coro, ...)                                                     \
    eddy_loop_create_task_with((loop), (coro), &(eddy_task_opts){.place = EDDY_HERE, __VA_ARGS__})

/* Cancels the task if it has not ended, waits for its end however long that takes, and gives the
 * handle back. A failure of the task that nobody has observed is reported. NULL is fine. A call
 * from outside a task does not wait. Nor does the call wait for a task that itself waits for the
 * caller; that is reported as a bug. */
EDDY_API void eddy_task_close(eddy_task *task);
EDDY_AUTOCLOSE(eddy_task, eddy_task_close)
/* Gives the handle back and lets the task run on. NULL is fine; giving back the handle of a running
 * task twice is reported as a bug. */
EDDY_API void eddy_detach(eddy_task *task);

/* Waits for the end of task and returns its status; its error record becomes the caller's. When
 * the caller is cancelled or out of time, and no other task waits for task, task is cancelled too,
 * and the call returns after it has ended. EDDY_ECANCELED when the caller was cancelled, and when
 * the caller itself has cancelled task; EDDY_ECHILDCANCELED when somebody else has cancelled it.
 * EDDY_EDEADLOCK when task is the caller. When task has ended already the call does not suspend. */
EDDY_API EDDY_SUSPENDS int eddy_await(eddy_task *task);
/* The same, but a cancelled caller leaves task running. */
EDDY_API EDDY_SUSPENDS int eddy_await_shielded(eddy_task *task);

typedef struct eddy_cancel_opts {
    const char *reason; /* copied; reaches the awaiter's error record */
} eddy_cancel_opts;

/* Asks task to end: from now on its suspending calls return EDDY_ECANCELED, until it ends, enters a
 * shield or calls eddy_uncancel. False when it has ended already. Does not suspend. */
EDDY_API bool eddy_cancel_with(eddy_task *task, const eddy_cancel_opts *opts);
#define eddy_cancel(task, ...) eddy_cancel_with((task), &(eddy_cancel_opts){__VA_ARGS__})
/* Takes one request back from the current task; returns how many are left. */
EDDY_API unsigned eddy_uncancel(void);
/* How many requests are pending. */
EDDY_API unsigned eddy_task_cancelling(const eddy_task *task);

/* Has ended. */
EDDY_API bool eddy_task_done(const eddy_task *task);
/* Ended with EDDY_ECANCELED. */
EDDY_API bool eddy_task_cancelled(const eddy_task *task);
/* What its function returned; EDDY_ENOTREADY while it runs. Asking counts as observing. */
EDDY_API int eddy_task_status(eddy_task *task);
/* Its error record, NULL when there is none; lives as long as the task. Counts as observing. */
EDDY_API const eddy_error *eddy_task_error(eddy_task *task);
/* Names live as long as the task; set_name copies. */
EDDY_API const char *eddy_task_name(eddy_task *task);
EDDY_API int eddy_task_set_name(eddy_task *task, const char *name);
EDDY_API const char *eddy_task_function(const eddy_task *task);

/* Calls fn(task, arg) in the turn after task has ended, also when it has ended already; several in
 * order of registration. A failure that fn returns goes to the loop's exception handler, before
 * tasks that began to wait for task later than fn was added go on. 0 or EDDY_ENOMEM. */
typedef int eddy_task_callback(eddy_task *task, void *arg);
EDDY_API int eddy_task_add_done_callback(eddy_task *task, eddy_task_callback *fn, void *arg);
/* Removes every callback with this fn and arg; returns how many. */
EDDY_API unsigned eddy_task_remove_done_callback(eddy_task *task, eddy_task_callback *fn,
                                                 void *arg);

/* The task that runs, NULL outside tasks. */
EDDY_API eddy_task *eddy_current_task(void);

/* Every task of the running loop that has not ended, in order of creation: writes at most n of them
 * to tasks, returns how many there are. */
EDDY_API size_t eddy_all_tasks(eddy_task **tasks, size_t n);

/* Suspends for so many seconds; 0 or less lets the other tasks run once. EDDY_EINVAL for NaN. */
EDDY_API EDDY_SUSPENDS int eddy_sleep(double seconds);

/* Writes every task of the running loop and what it waits for to stream. */
EDDY_API void eddy_dump(FILE *stream);

EDDY_END_DECLS

#endif

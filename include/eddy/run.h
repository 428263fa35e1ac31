/* run.h - running coroutines from outside: eddy_run, run_until_complete, and from other threads. */
#ifndef EDDY_RUN_H
#define EDDY_RUN_H

#include <eddy/coro.h>
#include <eddy/loop.h>

EDDY_BEGIN_DECLS

enum { EDDY_LOOP_PER_CPU = -1 }; /* .loops: as many as CPUs that the process may use */

typedef struct eddy_run_opts {
    int backend; /* this and the next four are those of eddy_loop_opts */
    int clock;   /* EDDY_CLOCK_VIRTUAL is for a single loop only */
    unsigned long seed;
    int debug;
    double spin;
    int loops; /* each in a thread of its own, the caller's being the first; 0: 1, at most 1,024 */
} eddy_run_opts;

/* Makes a loop, runs coro as its main task, cancels and awaits what is left, closes the loop.
 * Returns main's status, so a program ends with return eddy_run(program_coro()) < 0; and a failure
 * is printed with its async traceback to stderr. SIGINT cancels main once, and the EDDY_ECANCELED
 * of that is not printed; a second SIGINT ends the process. EDDY_ELOOP inside a running loop;
 * EDDY_EDEADLOCK, after a report of all tasks, when none can ever run again.
 *
 * With .loops each loop has a main task of its own, which runs a copy of coro (<eddy/loops.h>), and
 * every loop goes on until all main tasks have ended. When one of them fails the others are
 * cancelled, and its failure is the status; otherwise the status is that of the first loop's. */
EDDY_API int eddy_run_with(eddy_coro coro, const eddy_run_opts *opts);
#define eddy_run(coro, ...) eddy_run_with((coro), &(eddy_run_opts){__VA_ARGS__})

/* Runs the loop until the coroutine, or the task, has ended; returns its status. EDDY_ELOOP when
 * the loop runs already, was stopped before that, or is not the task's; EDDY_ECLOSED when loop is
 * NULL, as after eddy_take. */
EDDY_API int eddy_loop_run_until_complete(eddy_loop *loop, eddy_coro coro);
EDDY_API int eddy_loop_run_until_done(eddy_loop *loop, eddy_task *task);

/* From a thread that does not run the loop: runs coro there as a task. */
typedef struct eddy_remote eddy_remote;

/* Starts it and gives a handle, which the caller closes. NULL when the loop is closed or memory is
 * short. A failure of the task that no thread has waited for is reported. */
EDDY_API eddy_remote *eddy_run_threadsafe(eddy_loop *loop, eddy_coro coro);
/* Blocks the calling thread until the task has ended, for at most so many seconds (0 or less: only
 * looks; INFINITY: no limit; NaN: EDDY_EINVAL). Returns the task's status, with the message of a
 * failure, or EDDY_ETIMEDOUT; the task runs on then. */
EDDY_API int eddy_remote_wait(eddy_remote *remote, double seconds);
/* Cancels the task, as eddy_cancel. 0, or EDDY_ECLOSED when the loop is closed. */
EDDY_API int eddy_remote_cancel(eddy_remote *remote);
/* Gives the handle back; the task runs on, and is not waited for. Threads that are blocked in
 * eddy_remote_wait get EDDY_ECLOSED. To begin a call when the close may have begun is a bug, as
 * with free. NULL is fine. */
EDDY_API void eddy_remote_close(eddy_remote *remote);
EDDY_AUTOCLOSE(eddy_remote, eddy_remote_close)

EDDY_END_DECLS

#endif

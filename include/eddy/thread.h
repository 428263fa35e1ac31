/* thread.h - running blocking code in threads while the loop goes on. */
#ifndef EDDY_THREAD_H
#define EDDY_THREAD_H

#include <eddy/coro.h>

EDDY_BEGIN_DECLS

/* Runs coro in a thread of the loop's pool and waits for its status; its error record becomes the
 * caller's. The pool has as many threads as the environment variable EDDY_THREADS says, otherwise 4
 * or the number of cores. When the caller is cancelled before the job began, the job never runs;
 * when it runs already it is abandoned: the call returns at once, the job goes on and must own what
 * it uses. So a job that writes into its caller's variables is awaited inside
 * eddy_shield(INFINITY). Suspending calls in the job are EDDY_ENOTASK. */
EDDY_API EDDY_SUSPENDS int eddy_to_thread(eddy_coro coro);

/* In a job: whether the task that waited for it has gone, so that its result is of no use. */
EDDY_API bool eddy_thread_cancelled(void);

EDDY_END_DECLS

#endif

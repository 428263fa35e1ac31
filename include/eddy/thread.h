/* thread.h - running blocking code in threads while the loop goes on. */
#ifndef EDDY_THREAD_H
#define EDDY_THREAD_H

#include <eddy/coro.h>

EDDY_BEGIN_DECLS

/* Runs coro in a thread of the loop's pool (EDDY_THREADS of them, 4 or the number of cores) and
 * waits for its status; its error record comes along. A job cancelled before it began never runs; a
 * running one is abandoned: the call returns at once and the job must own what it uses. A job that
 * writes into its caller's variables is awaited inside eddy_shield(INFINITY). Suspending calls in
 * the job are EDDY_ENOTASK. */
EDDY_API EDDY_SUSPENDS int eddy_to_thread(eddy_coro coro);

/* In a job: whether its awaiter has gone. */
EDDY_API bool eddy_thread_cancelled(void);

EDDY_END_DECLS

#endif

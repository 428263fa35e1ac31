/* loops.h - several loops in one program: those of eddy_run's .loops, a thread each, and waiting
 * for a coroutine that runs in another loop. What is shared between loops is a channel
 * (<eddy/channel.h>); everything else belongs to the loop it was made in. */
#ifndef EDDY_LOOPS_H
#define EDDY_LOOPS_H

#include <eddy/coro.h>
#include <eddy/loop.h>

EDDY_BEGIN_DECLS

/* How many loops the running one's eddy_run has, and which of them it is, from 0; 1 and 0 for a
 * loop that runs alone. */
EDDY_API unsigned eddy_loop_count(void);
EDDY_API unsigned eddy_loop_index(void);
/* The loop of that index; NULL past the last. Valid as long as that eddy_run goes on. */
EDDY_API eddy_loop *eddy_loop_at(unsigned index);

/* Runs coro as a task in loop, which may be the caller's own, and waits for its status; its error
 * record becomes the caller's. A caller that is cancelled or out of time cancels that task and
 * returns after it has ended, as with eddy_await: coro may use the caller's variables.
 * EDDY_ECHILDCANCELED when somebody else cancelled the task, EDDY_ECLOSED when the loop takes no
 * more. The task does not get the caller's task-local values. A loop of another eddy_run must be
 * held (eddy_loop_hold) until the call is made. Tasks that wait for each other in a circle over
 * several loops are not found: none of them leaves its wait when one is cancelled. */
EDDY_API EDDY_SUSPENDS int eddy_to_loop(eddy_loop *loop, eddy_coro coro);

EDDY_END_DECLS

#endif

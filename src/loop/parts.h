/* parts.h - what the life of a loop and its turns ask of its parts; of loop/ only. */
#ifndef EDDY_LOOP_PARTS_H
#define EDDY_LOOP_PARTS_H

#include "loop/backend.h"
#include "loop/loop.h"

/* ---- timers (timer.c) ---- */

int eddy__timers_reserve(eddy_loop *loop, size_t count);
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

/* ---- inbox (inbox.c) ---- */

/* The eventfd that wakes the loop. 0 or -errno, not raised. */
int eddy__inbox_open(eddy_loop *loop);
/* Awaits the operations in flight, refuses pushes from now on and calls what was pushed before.
 * Comes before the backend's close. */
void eddy__inbox_close(eddy_loop *loop);
void eddy__inbox_drain(eddy_loop *loop);

/* ---- fork (fork.c) ---- */

/* An open loop is disowned in the child of a fork: its descriptors are closed, and it counts as
 * closed. */
void eddy__fork_register(eddy_loop *loop);
void eddy__fork_forget(eddy_loop *loop);

/* ---- operations (op.c) ---- */

/* Cancels all, and refuses new ones from now on. */
void eddy__ops_cancel(eddy_loop *loop);

/* ---- worker threads (work.c) ---- */

/* Closes the loop's own pools, within that time together. */
/* At the end of a batch. */
void eddy__workers_wake_due(eddy_loop *loop);
void eddy__work_close(eddy_loop *loop, int64_t timeout_ns);

/* ---- reports (report.c) ---- */

/* thread.bug: misuse is told to whoever hears of failures. */
void eddy__report_bug(const char *message);

#endif

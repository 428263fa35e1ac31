/* timer.h - timers (timer.c), which leave in order of deadline, then of arming. Part of the door,
 * loop.h. */
#ifndef EDDY_LOOP_TIMER_H
#define EDDY_LOOP_TIMER_H

#include "base/base.h"
#include <eddy/loop.h>

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

/* timer->fire and ->late are set by the caller. 0 or EDDY_ENOMEM, not raised. NS_NEVER is not armed
 * and fine. */
int eddy__timer_arm(eddy_loop *loop, eddy_timer_ *timer, int64_t deadline);
/* Harmless when it is not armed (zero) or has fired. */
void eddy__timer_cancel(eddy_loop *loop, eddy_timer_ *timer);
/* Fires it after the batch that runs, without a deadline. */
void eddy__timer_fire_late(eddy_loop *loop, eddy_timer_ *timer);

#endif

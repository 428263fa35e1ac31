/* call.h - a callback that was asked for, in the ready ring or among the timers; of loop/ only. */
#ifndef EDDY_LOOP_CALL_H
#define EDDY_LOOP_CALL_H

#include "loop/loop.h"

/* Calls are carved from slabs that live as long as the loop, so that a handle of a call that was
 * made can be looked at; id tells whether it is still the same one. */
struct eddy__call {
    struct eddy__call *next; /* in loop->free_calls while unused */
    eddy_callback *fn;
    void *arg;
    uint64_t id;
    eddy_timer_ timer;
    bool in_ring;
};

void eddy__call_run(eddy_loop *loop, struct eddy__call *call);
void eddy__calls_close(eddy_loop *loop);

#endif

/* done.h - callbacks of the end of a task or a future (done.c); of task/ only. */
#ifndef EDDY_TASK_DONE_H
#define EDDY_TASK_DONE_H

#include "task/task.h"

/* Its call is asked for when it is made, for a time that never comes, so that it can become due
 * without memory. It is gone when the call is made. */
struct eddy__done_callback {
    struct eddy_waiter_ waiter; /* must stay first */
    struct list link;           /* of a future's callbacks */
    eddy_loop *loop;            /* that makes the call */
    eddy_handle call;
    eddy_callback *run;
    void *of; /* the task or the future */
    union {
        eddy_task_callback *task;
        eddy_future_callback *future;
    } fn;
    void *arg;
};

/* loop will call run with it. NULL, raised. */
struct eddy__done_callback *eddy__done_callback_make(eddy_loop *loop, eddy_callback *run);
/* It waits in queue, or is due when that is NULL: what it waits for is done. */
void eddy__done_callback_add(struct eddy__done_callback *callback, eddy_waiters_ *queue);
/* Whether a waiter is one. */
bool eddy__is_done_callback(const struct eddy_waiter_ *w);
/* The call, if it is still to come, is not made. */
void eddy__done_callback_free(struct eddy__done_callback *callback);

#endif

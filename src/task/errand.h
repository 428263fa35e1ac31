/* errand.h - a coroutine that somebody outside has a loop run as a task; of task/ only.
 *
 * Two references: the sender's, and the loop's from sending until `ended` has returned; and one of
 * each thread that waits (remote.c). The sender keeps the loop's memory. */
#ifndef EDDY_TASK_ERRAND_H
#define EDDY_TASK_ERRAND_H

#include "task/task.h"

struct eddy__errand {
    struct eddy__inbox_node start; /* must stay first */
    struct eddy__inbox_node cancel;
    eddy_loop *loop;
    eddy_coro coro;
    eddy_task *task; /* of the loop's thread only */
    atomic_uint refs;
    atomic_bool cancelling; /* `cancel` is on its way */
    int status;             /* both are set when ended is called */
    eddy_error *error;      /* NULL: a bare code */
    /* in the loop's thread; task is NULL when there never was one */
    void (*ended)(struct eddy__errand *errand, eddy_task *task);
    void (*free)(struct eddy__errand *errand);
};

/* The owner has set loop, coro, ended and free. 0, or EDDY_ECLOSED raised: ended will not be
 * called; the sender's reference is there either way. */
int eddy__errand_send(struct eddy__errand *errand);
/* Cancels the task: once more only when it has taken back the request before. 0, or EDDY_ECLOSED,
 * not raised. */
int eddy__errand_cancel(struct eddy__errand *errand);
void eddy__errand_unref(struct eddy__errand *errand);
/* Raises what the errand has ended with; returns its status. */
int eddy__errand_raise(const struct eddy__errand *errand);

#endif

/* keeper.h - what stays in a loop without anybody's waiting for it; of process/ only.
 *
 * It needs to hear of the loop's end to give back what it has, and it should show in dumps. So it
 * is a task, which only waits. Cancellations do not end it, the loop's close does. */
#ifndef EDDY_PROCESS_KEEPER_H
#define EDDY_PROCESS_KEEPER_H

#include "task/task.h"

struct eddy__keeper {
    eddy_task *task; /* NULL: not started, or ended */
    struct eddy__wait_kind kind;
    bool over;
    void (*ended)(struct eddy__keeper *keeper); /* on the loop's stack; may free it */
};

/* Starts it in loop, which need not run yet: what is for dumps. 0, or EDDY_ENOMEM raised. */
int eddy__keeper_start(struct eddy__keeper *keeper, eddy_loop *loop, const char *what,
                       void (*ended)(struct eddy__keeper *keeper));
/* ended will be called soon. */
void eddy__keeper_end(struct eddy__keeper *keeper);

#endif

/* local.h - a task's values: a counted array that is copied before it is changed when others have
 * it, too, so that inheriting costs nothing; of task/ only. */
#ifndef EDDY_TASK_LOCAL_H
#define EDDY_TASK_LOCAL_H

#include "task/task.h"
#include <eddy/local.h>

struct eddy__locals;

struct eddy__locals *eddy__locals_ref(struct eddy__locals *locals);
void eddy__locals_unref(struct eddy__locals *locals);
/* The running task's, or outside tasks the thread's; NULL when there are none. */
static inline struct eddy__locals *eddy__locals_current(void)
{
    const eddy_task *self = eddy__self();

    if (unlikely(!self))
        return eddy__thread.locals;
    return self->more ? self->more->locals : NULL;
}

#endif

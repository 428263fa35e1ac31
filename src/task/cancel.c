/* cancel.c - asking tasks to end. */
#include "base/alloc.h"
#include "task/task.h"

int eddy__task_request(eddy_task *task, const eddy_task *canceller)
{
    if (task->state == EDDY__TASK_DONE)
        return 0;
    if (task->cancels == 0)
        task->canceller = canceller ? canceller->id : 0;
    if (task->cancels < UINT16_MAX)
        task->cancels++;
    return eddy__task_update(task);
}

void eddy__task_cancel(eddy_task *task, const eddy_task *canceller)
{
    int code = eddy__task_request(task, canceller);

    if (code)
        task->waiting->abort(task, code);
}

/* The first one given counts; without memory there is none. */
static void set_reason(eddy_task *task, const char *reason)
{
    struct eddy__task_more *more = eddy__task_more(task);

    if (more && !more->reason)
        more->reason = eddy__strdup(reason);
}

bool eddy_cancel_with(eddy_task *task, const eddy_cancel_opts *opts)
{
    if (!task || task->state == EDDY__TASK_DONE ||
        !eddy__loop_check_thread(task->loop, "eddy_cancel"))
        return false;
    if (opts && opts->reason)
        set_reason(task, opts->reason);
    eddy__task_cancel(task, eddy__self());
    return true;
}

unsigned eddy_uncancel(void)
{
    eddy_task *self = eddy__self();

    if (!self || !self->cancels)
        return 0;
    if (--self->cancels == 0) {
        if (self->more) {
            eddy__free(self->more->reason);
            self->more->reason = NULL;
        }
        eddy__task_interrupt(self);
    }
    return self->cancels;
}

unsigned eddy_task_cancelling(const eddy_task *task)
{
    return task->cancels;
}

/* cancel.c - asking tasks to end. */
#include "base/alloc.h"
#include "task/task.h"

void eddy__task_cancel(eddy_task *task, const eddy_task *canceller)
{
    if (task->state == EDDY__TASK_DONE)
        return;
    if (task->cancels == 0)
        task->canceller = canceller ? canceller->id : 0;
    if (task->cancels < UINT32_MAX)
        task->cancels++;
    eddy__task_interrupt(task);
}

/* ---- passing a cancellation on ---- */

static bool is_older(const eddy_task *task, const eddy_task *than)
{
    return (int32_t)(task->id - than->id) < 0;
}

/* Best by who waits for a task that is older than itself: it has not started that one, and so need
 * not wait for its end. */
static void leave_cycle(const struct eddy__along *last, const struct eddy__along *reached)
{
    const struct eddy__along *along = last, *leaver = NULL;
    const eddy_task *awaited = reached->task;

    for (;;) {
        if (along->kind->leave && (!leaver || is_older(awaited, along->task)))
            leaver = along;
        if (along == reached)
            break;
        awaited = along->task;
        along = along->before;
    }
    if (leaver && leaver->task->state == EDDY__TASK_PARKED) /* otherwise it has left */
        leaver->kind->leave(leaver->task, leaver->task->interrupt);
}

/* Without recursion, for the chain of those who wait for each other may be long: an abort in here
 * only puts its own on top. */
static void drain(eddy_loop *loop)
{
    struct eddy__along *along;

    while ((along = loop->along)) {
        eddy_task *next = along->kind->next(along);

        along->at++;
        if (!next) {
            loop->along = along->before;
            along->task = NULL;
        } else if (!along->again || !next->cancels) {
            eddy__task_cancel(next, along->task);
        }
    }
}

void eddy__pass_on(struct eddy__along *along, eddy_task *task, int code)
{
    eddy_loop *loop = task->loop;

    if (along->task) {
        leave_cycle(loop->along, along);
        return;
    }
    along->again = along->aborted != 0;
    along->aborted = code;
    along->task = task;
    along->at = 0;
    along->before = loop->along;
    loop->along = along;
    if (!along->before)
        drain(loop);
}

/* ---- the public calls ---- */

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

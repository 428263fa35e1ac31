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

void eddy__task_end_echo(eddy_task *self, uint32_t cancels)
{
    if (self->cancels == cancels)
        return;
    self->cancels = cancels;
    eddy__task_interrupt(self);
}

/* ---- passing a cancellation on ---- */

/* Without recursion, for the chain of those who wait for each other may be long: an abort in here
 * only puts its own on top. */
static void drain(struct eddy__tasks *tasks)
{
    struct eddy__along *along;

    while ((along = tasks->along)) {
        eddy_task *next = along->kind->next(along);

        along->at++;
        if (!next) {
            tasks->along = along->before;
            along->task = NULL;
        } else if (!along->again || !next->cancels) {
            eddy__task_cancel(next, along->task);
        }
    }
}

void eddy__pass_on(struct eddy__along *along, eddy_task *task, int code)
{
    struct eddy__tasks *tasks = eddy__tasks_of(task->loop);

    if (along->task) /* it came back: who has begun this looks for the cycle */
        return;
    along->again = along->aborted != 0;
    along->aborted = code;
    along->task = task;
    along->at = 0;
    along->before = tasks->along;
    tasks->along = along;
    if (!along->before)
        drain(tasks);
}

/* ---- cycles of waits ---- */

static struct eddy__along *along_of(const eddy_task *task)
{
    return task->state == EDDY__TASK_PARKED ? task->along : NULL;
}

static bool is_older(const eddy_task *task, const eddy_task *than)
{
    return (int32_t)(task->id - than->id) < 0;
}

/* Who leaves first: he who was interrupted, and he who waits for a task that is older than himself,
 * for he has not started that one, and so need not wait for its end. */
enum { INTERRUPTED = 2, WAITS_FOR_OLDER = 1, LEAVES_AT_ONCE = INTERRUPTED | WAITS_FOR_OLDER };

static int rank_of(const eddy_task *task, const eddy_task *awaited)
{
    return (task->interrupt ? INTERRUPTED : 0) | (is_older(awaited, task) ? WAITS_FOR_OLDER : 0);
}

/* Of those from last down to reached, which wait for each other: NULL when none can leave, or when
 * all would leave tasks that they have started, or are hidden by shields, but one of them ends in
 * time. */
static struct eddy__along *choose_leaver(struct eddy__along *last,
                                         const struct eddy__along *reached)
{
    const eddy_task *awaited = reached->task;
    struct eddy__along *leaver = NULL;
    int best = -1;
    bool in_time = false;

    for (struct eddy__along *along = last;; along = along->before) {
        eddy_task *task = along->task;
        int rank = along->kind->leave ? rank_of(task, awaited) : -1;

        if (rank > best) {
            best = rank;
            leaver = along;
        }
        in_time |= !task->interrupt && eddy__task_deadline(task) != NS_NEVER;
        if (along == reached)
            break;
        awaited = task;
    }
    return best == LEAVES_AT_ONCE || !in_time ? leaver : NULL;
}

/* Returns where the search goes on: before the one who leaves, what was beyond it being unseen. */
static struct eddy__along *leave_cycle(struct eddy__along *top, const struct eddy__along *reached)
{
    struct eddy__along *leaver = choose_leaver(top, reached);

    if (!leaver)
        return top;
    eddy_task *task = leaver->task;
    for (struct eddy__along *end = leaver->before; top != end; top = top->before) {
        top->task = NULL;
        top->seen = 0;
    }
    leaver->kind->leave(task, task->interrupt ? task->interrupt : EDDY_EDEADLOCK);
    return top;
}

static struct eddy__along *enter(struct eddy__along *top, struct eddy__along *along,
                                 eddy_task *task, uint32_t search)
{
    along->before = top;
    along->task = task;
    along->at = 0;
    along->seen = search;
    return along;
}

/* Depth first, without recursion. */
void eddy__break_cycles(eddy_task *task)
{
    uint32_t search = ++eddy__tasks_of(task->loop)->search;
    struct eddy__along *top = enter(NULL, along_of(task), task, search);

    while (top) {
        eddy_task *next = top->kind->next(top);
        struct eddy__along *along = next ? along_of(next) : NULL;

        top->at++;
        if (!next) {
            top->task = NULL;
            top = top->before;
        } else if (along && along->task) {
            top = leave_cycle(top, along);
        } else if (along && along->seen != search) {
            top = enter(top, along, next, search);
        }
    }
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
    if (!task || task->state == EDDY__TASK_DONE || eddy__task_is_gone(task, "eddy_cancel") ||
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
    return eddy__task_is_gone(task, __func__) ? 0 : task->cancels;
}

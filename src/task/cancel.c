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

/* Passes cancellations on until there is none left to pass. It works without recursion, since the
 * chain of tasks that wait for each other may be long: an abort that is called in here only puts
 * the wait of its task on top of the stack. */
static void drain(struct eddy__tasks *tasks)
{
    struct eddy__task_wait *wait;

    while ((wait = tasks->passing)) {
        eddy_task *next = wait->kind->next(wait);

        wait->at++;
        if (!next) {
            tasks->passing = wait->before;
            wait->task = NULL;
        } else if (!wait->again || !next->cancels) {
            eddy__task_cancel(next, wait->task);
        }
    }
}

void eddy__pass_on(struct eddy__task_wait *wait, eddy_task *task, int code)
{
    struct eddy__tasks *tasks = eddy__tasks_of(task->loop);

    if (wait->task) /* it came back in a cycle, which the first caller looks for */
        return;
    wait->again = wait->aborted != 0;
    wait->aborted = code;
    wait->task = task;
    wait->at = 0;
    wait->before = tasks->passing;
    tasks->passing = wait;
    if (!wait->before)
        drain(tasks);
}

/* ---- cycles of waits ---- */

static struct eddy__task_wait *wait_of(const eddy_task *task)
{
    return task->state == EDDY__TASK_PARKED ? task->waits_for : NULL;
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
static struct eddy__task_wait *choose_leaver(struct eddy__task_wait *last,
                                             const struct eddy__task_wait *reached)
{
    const eddy_task *awaited = reached->task;
    struct eddy__task_wait *leaver = NULL;
    int best = -1;
    bool in_time = false;

    for (struct eddy__task_wait *wait = last;; wait = wait->before) {
        eddy_task *task = wait->task;
        int rank = wait->kind->leave ? rank_of(task, awaited) : -1;

        if (rank > best) {
            best = rank;
            leaver = wait;
        }
        in_time |= !task->interrupt && eddy__task_deadline(task) != NS_NEVER;
        if (wait == reached)
            break;
        awaited = task;
    }
    return best == LEAVES_AT_ONCE || !in_time ? leaver : NULL;
}

/* Returns where the search goes on: before the one who leaves, what was beyond it being unseen. */
static struct eddy__task_wait *leave_cycle(struct eddy__task_wait *top,
                                           const struct eddy__task_wait *reached)
{
    struct eddy__task_wait *leaver = choose_leaver(top, reached);

    if (!leaver)
        return top;
    eddy_task *task = leaver->task;
    for (struct eddy__task_wait *end = leaver->before; top != end; top = top->before) {
        top->task = NULL;
        top->seen = 0;
    }
    leaver->kind->leave(task, task->interrupt ? task->interrupt : EDDY_EDEADLOCK);
    return top;
}

static struct eddy__task_wait *cancel_enter(struct eddy__task_wait *top,
                                            struct eddy__task_wait *wait, eddy_task *task,
                                            uint32_t search)
{
    wait->before = top;
    wait->task = task;
    wait->at = 0;
    wait->seen = search;
    return wait;
}

/* Depth first, without recursion. */
void eddy__break_cycles(eddy_task *task)
{
    uint32_t search = ++eddy__tasks_of(task->loop)->search;
    struct eddy__task_wait *top = cancel_enter(NULL, wait_of(task), task, search);

    while (top) {
        eddy_task *next = top->kind->next(top);
        struct eddy__task_wait *wait = next ? wait_of(next) : NULL;

        top->at++;
        if (!next) {
            top->task = NULL;
            top = top->before;
        } else if (wait && wait->task) {
            top = leave_cycle(top, wait);
        } else if (wait && wait->seen != search) {
            top = cancel_enter(top, wait, next, search);
        }
    }
}

/* ---- the public calls ---- */

/* The first one given counts; without memory there is none. */
static void set_reason(eddy_task *task, const char *reason)
{
    struct eddy__task_more *more = eddy__task_more(task);

    if (more && !more->reason)
        more->reason = eddy_strdup(reason);
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
            eddy_free(self->more->reason);
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

/* scope.c - timeouts and shields: a chain from the task's innermost scope outwards. */
#include "task/task.h"

#include <math.h>

static void link_scope(eddy_task *task, eddy_scope *scope)
{
    scope->task = task;
    scope->inner = NULL;
    scope->outer = task->scope;
    if (task->scope)
        task->scope->inner = scope;
    task->scope = scope;
}

static void unlink_scope(eddy_scope *scope)
{
    if (scope->inner)
        scope->inner->outer = scope->outer;
    else
        scope->task->scope = scope->outer;
    if (scope->outer)
        scope->outer->inner = scope->inner;
}

/* What suspending calls of task return: an explicit cancellation before everything, then an aborted
 * group, then an expired deadline, as far out as the first shield. */
static int interrupt_of(const eddy_task *task)
{
    int code = 0;

    for (const eddy_scope *scope = task->scope; scope; scope = scope->outer) {
        if (scope->status && (!code || scope->status == EDDY_ECANCELED))
            code = scope->status;
        if (scope->shield)
            return code;
    }
    return task->cancels ? EDDY_ECANCELED : code;
}

void eddy__task_interrupt(eddy_task *task)
{
    task->interrupt = interrupt_of(task);
    if (!task->interrupt)
        task->ignored = 0;
    else if (task->state == EDDY__TASK_PARKED && task->waiting->abort)
        task->waiting->abort(task, task->interrupt);
    if (task->state == EDDY__TASK_PARKED && !eddy__tasks_of(task->loop)->passing &&
        eddy__may_close_cycle(task))
        eddy__break_cycles(task);
}

static void scope_expired(eddy_loop *loop, eddy_timer_ *timer)
{
    eddy_scope *scope = container_of(timer, eddy_scope, timer);

    (void)loop;
    scope->expired = true;
    scope->status = EDDY_ETIMEDOUT;
    eddy__task_interrupt(scope->task);
}

static int arm(eddy_scope *scope, double seconds)
{
    eddy_loop *loop = scope->task->loop;
    int64_t ns = eddy__ns_of_seconds(seconds);
    int64_t now = eddy__loop_now_exact(loop);

    if (ns == 0) {
        scope->timer.deadline = now;
        eddy__timer_fire_late(loop, &scope->timer);
        return 0;
    }
    return eddy__timer_arm(loop, &scope->timer, eddy__ns_after(now, ns));
}

/* Outside a task it has no effect, and its task is NULL. */
static void open_scope(eddy_scope *scope, double seconds)
{
    eddy_task *self = eddy__self();

    *scope = (eddy_scope){.timer = {.fire = scope_expired, .late = true, .deadline = NS_NEVER}};
    if (!self)
        return;
    link_scope(self, scope);
    scope->status = isnan(seconds) ? EDDY_EINVAL : arm(scope, seconds);
}

void eddy_scope_enter(eddy_scope *scope, double seconds)
{
    open_scope(scope, seconds);
    if (scope->status)
        eddy__task_interrupt(scope->task);
}

void eddy_scope_enter_shield(eddy_scope *scope, double seconds)
{
    open_scope(scope, seconds);
    scope->shield = true;
    if (!scope->task)
        return;
    scope->error = eddy__error_ref(scope->task->fiber.error);
    eddy__task_interrupt(scope->task);
}

void eddy_scope_leave(eddy_scope *scope)
{
    eddy_task *task = scope->task;

    if (!task)
        return;
    eddy__timer_cancel(task->loop, &scope->timer);
    unlink_scope(scope);
    scope->task = NULL;
    if (scope->error)
        eddy__error_put(scope->error);
    if (scope->shield || scope->status)
        eddy__task_interrupt(task);
}

bool eddy_scope_expired(const eddy_scope *scope)
{
    return scope->expired;
}

int eddy_scope_reschedule(eddy_scope *scope, double seconds)
{
    if (!scope->task)
        return eddy__raise(EDDY_ECLOSED, "a scope that was left cannot be rescheduled");
    if (isnan(seconds))
        return eddy__raise(EDDY_EINVAL, "the new timeout is NaN: seconds are expected");
    if (scope->expired)
        return eddy__raise(EDDY_ETIMEDOUT, "the scope has expired already");
    eddy__timer_cancel(scope->task->loop, &scope->timer);
    scope->status = arm(scope, seconds);
    eddy__task_interrupt(scope->task);
    return scope->status < 0 ? eddy__raise_code(scope->status) : 0;
}

int64_t eddy__task_deadline(const eddy_task *task)
{
    int64_t deadline = NS_NEVER;

    for (const eddy_scope *scope = task->scope; scope; scope = scope->outer) {
        if (scope->timer.deadline < deadline)
            deadline = scope->timer.deadline;
        if (scope->shield)
            break;
    }
    return deadline;
}

double eddy_deadline(void)
{
    const eddy_task *self = eddy__self();

    return eddy__seconds_of_ns(self ? eddy__task_deadline(self) : NS_NEVER);
}

void eddy__closer_enter(struct eddy__closer *closer, double seconds)
{
    closer->error = eddy__error_take();
    eddy_scope_enter_shield(&closer->scope, seconds);
}

void eddy__closer_leave(struct eddy__closer *closer)
{
    eddy_scope_leave(&closer->scope);
    eddy__error_put(closer->error);
}

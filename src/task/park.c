/* park.c - suspending the running task. */
#include "task/task.h"

#include <math.h>

enum { IGNORED_REPORT = 1000 };

#ifdef EDDY_TESTING
static long suspensions;
static long cancel_at;

long eddy__suspend_count(void)
{
    return __atomic_load_n(&suspensions, __ATOMIC_RELAXED);
}

void eddy__cancel_at(long n)
{
    __atomic_store_n(&cancel_at, n > 0 ? eddy__suspend_count() + n : 0, __ATOMIC_RELAXED);
}

void eddy__yield_everywhere(bool always)
{
    eddy__budget = always ? 1 : EDDY__BUDGET;
}

static void count_suspension(eddy_loop *loop)
{
    eddy_task *main = eddy__tasks_of(loop)->main;
    long mine = __atomic_add_fetch(&suspensions, 1, __ATOMIC_RELAXED);

    if (mine == __atomic_load_n(&cancel_at, __ATOMIC_RELAXED) && main)
        eddy__task_cancel(main, NULL);
}
#else
static void count_suspension(eddy_loop *loop)
{
    (void)loop;
}
#endif

/* The only place where a task switches away; one place for all keeps the processor's return stack
 * right when tasks wait along the same path. */
static NOINLINE void switch_away(eddy_task *self)
{
    count_suspension(self->loop);
    if (unlikely(self->packed) && !eddy__stack_check(self->fiber.stack))
        eddy__overflow_die(self->fiber.stack);
    eddy__context_switch(&self->fiber.context, &self->loop->context);
}

int eddy__park(const struct eddy__wait_kind *kind, void *on)
{
    eddy_task *self = eddy__self();

    self->waiting = kind;
    self->waiting_on = on;
    self->state = EDDY__TASK_PARKED;
    if (unlikely(self->waits_for != NULL) && eddy__may_close_cycle(self))
        eddy__break_cycles(self);
    switch_away(self);
    return eddy__self()->wake; /* not self: see run_ready in loop/turn.c */
}

int eddy__park_for_tasks(struct eddy__task_wait *wait, const struct eddy__wait_kind *kind, void *on)
{
    eddy__self()->waits_for = wait;
    int r = eddy__park(kind, on);
    eddy__self()->waits_for = NULL;
    return r;
}

void eddy__step_aside(void)
{
    switch_away(eddy__self());
}

void eddy__yield_turn(void)
{
    eddy_task *self = eddy__self();

    eddy__ready_push(self->loop, (uintptr_t)self);
    switch_away(self);
}

int eddy__raise_interrupt(int code)
{
    eddy_task *self = eddy__self();

    if (code == EDDY_ECANCELED && self && eddy__task_reason(self))
        return eddy__raise_cancelled(code, "cancelled", eddy__task_reason(self));
    if (code == EDDY_EINVAL)
        return eddy__raise(code, "the duration of a scope is NaN: seconds are expected");
    if (code == EDDY_EDEADLOCK)
        return eddy__raise(code, "it waits, in a shield, for a task that waits for it");
    return eddy__raise_code(code);
}

/* After 1,000 in a row, 2,000, 4,000 and so on: one that never stops is told of now and then. */
static bool is_report_due(uint32_t ignored)
{
    uint32_t times = ignored / IGNORED_REPORT;

    return ignored % IGNORED_REPORT == 0 && (times & (times - 1)) == 0;
}

/* "1,000", "64,000", "1,024,000" */
static void write_thousands(char *buf, size_t size, uint32_t n)
{
    n /= 1000;
    if (n < 1000)
        snprintf(buf, size, "%u,000", n);
    else
        snprintf(buf, size, "%u,%03u,000", n / 1000, n % 1000);
}

static COLD void report_ignored(void *arg)
{
    eddy_task *self = arg;
    char calls[24], message[120];

    write_thousands(calls, sizeof calls, self->ignored);
    snprintf(message, sizeof message,
             "a task has ignored %s interrupted calls in a row: it should return when a call fails",
             calls);
    eddy__report(self->loop, &(eddy_report){.message = message, .task = self});
}

COLD int eddy__checkpoint_slow(void)
{
    eddy_task *self = eddy__self();

    if (!self)
        return eddy__raise(EDDY_ENOTASK, eddy__thread.loop
                                             ? "a suspending call in a callback: start a task"
                                             : "a suspending call outside a task: use eddy_run");
    if (self->interrupt) {
        if (self->ignored < UINT32_MAX && is_report_due(++self->ignored))
            eddy__aside(report_ignored, self);
        eddy__thread.budget--;
    }
    if (eddy__thread.budget <= 0)
        eddy__yield_turn();
    return self->interrupt ? eddy__raise_interrupt(self->interrupt) : 0;
}

/* ---- sleep ---- */

struct sleeper {
    eddy_timer_ timer;
    eddy_task *task;
};

static void sleep_over(eddy_loop *loop, eddy_timer_ *timer)
{
    (void)loop;
    eddy__wake(container_of(timer, struct sleeper, timer)->task, 0);
}

static void sleep_abort(eddy_task *task, int code)
{
    struct sleeper *sleeper = task->waiting_on;

    eddy__timer_cancel(task->loop, &sleeper->timer);
    eddy__wake(task, code);
}

static const struct eddy__wait_kind sleeping = {"a sleep", sleep_abort};

static int sleep_until(eddy_task *self, int64_t deadline)
{
    struct sleeper sleeper = {.timer = {.fire = sleep_over}, .task = self};

    int r = eddy__timer_arm(self->loop, &sleeper.timer, deadline);
    if (r < 0)
        return eddy__raise_code(r);
    r = eddy__park(&sleeping, &sleeper);
    /* a sleep carries nothing that could be lost, so here an explicit cancellation that came before
     * the task has run again wins (D1) */
    if (r == 0 && self->interrupt == EDDY_ECANCELED)
        r = EDDY_ECANCELED;
    return eddy__raise_if(r);
}

static int sleep_for(double seconds)
{
    eddy_task *self = eddy__self();
    int64_t ns = eddy__ns_of_seconds(seconds);

    if (isnan(seconds))
        return eddy__raise(EDDY_EINVAL, "eddy_sleep: NaN seconds, a number is expected");
    return sleep_until(self, eddy__ns_after(eddy__loop_now_exact(self->loop), ns));
}

int eddy_sleep(double seconds)
{
    int r = eddy__checkpoint();

    if (r < 0)
        return r;
    if (!(seconds <= 0))
        return sleep_for(seconds);
    eddy__yield_turn();
    return eddy__raise_if(eddy__self()->interrupt);
}

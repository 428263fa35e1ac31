/* aside.c - eddy__aside for packed tasks: one stack of the loop, on which they format and report,
 * one at a time, without suspending. */
#include "task/aside.h"

struct errand {
    struct eddy__context context;
    void (*fn)(void *arg);
    void *arg;
    struct eddy__fiber *fiber;
};

/* Runs on the loop's second stack. */
static void aside_run(void *arg)
{
    struct errand *errand = arg;

    errand->fn(errand->arg);
    eddy__context_leave(&errand->context, &errand->fiber->context);
}

static NOINLINE void change_stacks(void (*fn)(void *arg), void *arg, void *frame)
{
    struct eddy__fiber *fiber = eddy__thread.fiber;
    struct eddy__stack *stack = eddy__tasks_of(eddy__thread.loop)->aside;
    struct errand errand = {.fn = fn, .arg = arg, .fiber = fiber};

    eddy__context_make(&errand.context, stack->low, stack, aside_run, &errand);
    eddy__thread.aside_from = frame;
    eddy__context_switch(&fiber->context, &errand.context);
    eddy__thread.aside_from = NULL;
    eddy__context_drop(&errand.context);
}

static void aside(void (*fn)(void *arg), void *arg, void *frame)
{
    const struct eddy__fiber *fiber = eddy__thread.fiber;

    if (!eddy__thread.aside_from && fiber && fiber->stack && fiber->stack->packed)
        change_stacks(fn, arg, frame);
    else
        fn(arg);
}

bool eddy__aside_open(struct eddy__tasks *tasks)
{
    if (!tasks->aside)
        tasks->aside = eddy__stack_get(&tasks->stacks, 0, false);
    eddy__aside_enter(tasks);
    return tasks->aside != NULL;
}

void eddy__aside_enter(const struct eddy__tasks *tasks)
{
    eddy__thread.aside = tasks->aside ? aside : NULL;
}

void eddy__aside_close(struct eddy__tasks *tasks)
{
    if (tasks->aside)
        eddy__stack_put(&tasks->stacks, tasks->aside);
    tasks->aside = NULL;
}

/* aside.c - eddy__aside for packed tasks: one stack of the loop, on which they format and report,
 * one at a time, without suspending. */
#include "loop/loop.h"

struct errand {
    struct eddy__context context;
    void (*fn)(void *arg);
    void *arg;
    struct eddy__fiber *fiber;
};

/* Runs on the loop's second stack. */
static void run(void *arg)
{
    struct errand *errand = arg;

    errand->fn(errand->arg);
    eddy__context_leave(&errand->context, &errand->fiber->context);
}

static NOINLINE void change_stacks(void (*fn)(void *arg), void *arg, void *frame)
{
    struct eddy__fiber *fiber = eddy__thread.fiber;
    struct eddy__stack *stack = eddy__thread.loop->aside;
    struct errand errand = {.fn = fn, .arg = arg, .fiber = fiber};

    eddy__context_make(&errand.context, stack->low, stack, run, &errand);
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

bool eddy__aside_open(eddy_loop *loop)
{
    if (!loop->aside)
        loop->aside = eddy__stack_get(&loop->stacks, 0, false);
    eddy__aside_enter(loop);
    return loop->aside != NULL;
}

void eddy__aside_enter(eddy_loop *loop)
{
    eddy__thread.aside = loop->aside ? aside : NULL;
}

void eddy__aside_close(eddy_loop *loop)
{
    if (loop->aside)
        eddy__stack_put(&loop->stacks, loop->aside);
    loop->aside = NULL;
}

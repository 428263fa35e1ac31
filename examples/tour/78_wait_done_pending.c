/* A wait that runs out of time is no error: it says how many have ended, and cancels nothing. */
#include "tour.h"

static int foo(int *result)
{
    *result = 42;
    return 0;
}
EDDY_CORO(foo, int *)

static int slow(void)
{
    return eddy_sleep(5);
}
EDDY_CORO(slow)

/* That eddy_wait takes tasks and no coroutine objects is known to the compiler. */
#define objection(x)                                                                               \
    _Generic((x), eddy_task * : NULL,                                                              \
             eddy_coro : "Passing coroutines is forbidden, use tasks explicitly.")

static int wait_for_tasks(void)
{
    int result = 0;
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(foo_coro(&result)));

    int done = eddy_try(eddy_wait(&task, 1));
    if (eddy_task_done(task))
        printf("task in done: %d, pending: %d\n", result, 1 - done);

    eddy_auto(eddy_task) *late = eddy_try(eddy_create_task(slow_coro()));
    eddy_task *both[] = {late, task};
    done = eddy_try(eddy_wait_at_most(both, 2, 0.5));
    printf("done: %d, pending: %d, cancelled: %s\n", done, 2 - done,
           truth(eddy_task_cancelled(late)));

    const char *why = objection(foo_coro(&result));
    if (why)
        printf("TypeError: %s\n", why);
    return 0;
}
EDDY_CORO(wait_for_tasks)

int main(void)
{
    return eddy_run(wait_for_tasks_coro()) < 0;
}

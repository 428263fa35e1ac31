/* A task that failed keeps its status and error until somebody awaits it. */
#include "tour.h"

static int task_that_fails(void)
{
    eddy_try(eddy_sleep(0.5));
    return eddy_raise(EDDY_EINVAL, "Task failed!");
}
EDDY_CORO(task_that_fails)

static int late_caller(void)
{
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(task_that_fails_coro()));

    eddy_try(eddy_sleep(1)); /* the task fails meanwhile */
    int r = eddy_await(task);
    if (r != EDDY_EINVAL)
        return r;
    printf("Caught error from task: %s\n", eddy_error_message(eddy_last_error()));
    return 0;
}
EDDY_CORO(late_caller)

int main(void)
{
    return eddy_run(late_caller_coro()) < 0;
}

/* Asking a task how it ended, without waiting: while it runs the answer is EDDY_ENOTREADY. */
#include "tour.h"

static int task_that_fails(void)
{
    eddy_try(eddy_sleep(0.5));
    return eddy_raise(EDDY_EINVAL, "Task failed!");
}
EDDY_CORO(task_that_fails)

static int task_that_succeeds(const char **result)
{
    eddy_try(eddy_sleep(0.5));
    *result = "Task succeeded";
    return 0;
}
EDDY_CORO(task_that_succeeds, const char **)

static int ask_tasks(void)
{
    const char *result = NULL;
    eddy_auto(eddy_task) *bad = eddy_try(eddy_create_task(task_that_fails_coro()));
    eddy_auto(eddy_task) *good = eddy_try(eddy_create_task(task_that_succeeds_coro(&result)));

    if (eddy_task_status(good) == EDDY_ENOTREADY)
        printf("Not done: Result is not set.\n");
    eddy_try(eddy_sleep(1));

    const char *message = eddy_error_message(eddy_task_error(bad));
    if (eddy_task_status(bad) < 0)
        printf("Caught error from task: %s\n", message);
    if (eddy_task_status(good) == 0)
        printf("Result: %s\n", result);
    printf("Exception: ValueError('%s'), %s\n", message, eddy_task_error(good) ? "?" : "None");
    return 0;
}
EDDY_CORO(ask_tasks)

int main(void)
{
    return eddy_run(ask_tasks_coro()) < 0;
}

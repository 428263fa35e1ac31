/* eddy_wait_for is the timeout for a coroutine that shall run as a task of its own. It returns when
 * that has ended, so the result may lie in this frame. */
#include "tour.h"

static int very_slow_task(const char **result)
{
    eddy_try(eddy_sleep(10));
    *result = "Very slow result";
    return 0;
}
EDDY_CORO(very_slow_task, const char **)

static int task_timeout(void)
{
    const char *result = NULL;

    printf("\n=== Task Timeout ===\n");
    int r = eddy_wait_for(very_slow_task_coro(&result), 2);
    if (r == EDDY_ETIMEDOUT) {
        printf("Task timed out\n");
        return 0;
    }
    eddy_try(r);
    printf("Task completed: %s\n", result);
    return 0;
}
EDDY_CORO(task_timeout)

int main(void)
{
    return eddy_run(task_timeout_coro()) < 0;
}

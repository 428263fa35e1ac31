/* Cancelling is asking: the task's waits fail with EDDY_ECANCELED from then on, and it returns that
 * when it has put its things in order. The third step, due in the same instant, is not made. */
#include "tour.h"

static int long_task(void)
{
    for (int step = 0; step < 10; step++) {
        int r = eddy_sleep(1);
        if (r == EDDY_ECANCELED)
            printf("Long task was cancelled\n");
        eddy_try(r);
        printf("Long task step %d\n", step);
    }
    return 0;
}
EDDY_CORO(long_task)

static int task_cancellation(void)
{
    printf("\n=== Task Cancellation ===\n");
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(long_task_coro()));

    eddy_try(eddy_sleep(3));
    eddy_cancel(task);
    int r = eddy_await(task);
    if (r != EDDY_ECANCELED)
        return r;
    printf("Task was cancelled\n");
    return 0;
}
EDDY_CORO(task_cancellation)

int main(void)
{
    return eddy_run(task_cancellation_coro()) < 0;
}

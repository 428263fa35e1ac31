/* eddy_wait waits for several tasks and leaves them as they are; what a task is called, what it ran
 * and how it ended can be asked. */
#include "tour.h"

static int coroutine1(void)
{
    eddy_try(eddy_sleep(1));
    printf("Coroutine 1 executed\n");
    return 0;
}
EDDY_CORO(coroutine1)

static int coroutine2(void)
{
    eddy_try(eddy_sleep(2));
    printf("Coroutine 2 executed\n");
    return 0;
}
EDDY_CORO(coroutine2)

static int wait_for_both(void)
{
    eddy_auto(eddy_task) *first = eddy_try(eddy_create_task(coroutine1_coro()));
    eddy_auto(eddy_task) *second = eddy_try(eddy_create_task(coroutine2_coro()));
    eddy_task *tasks[] = {first, second};

    eddy_try(eddy_wait(tasks, 2));
    for (int i = 0; i < 2; i++)
        printf("Task <Task finished name='%s' coro=<%s()> result=%s> completed\n",
               eddy_task_name(tasks[i]), eddy_task_function(tasks[i]),
               eddy_task_status(tasks[i]) == 0 ? "None" : "failed");
    return 0;
}
EDDY_CORO(wait_for_both)

int main(void)
{
    return eddy_run(wait_for_both_coro()) < 0;
}

/* Tasks run side by side: the two take two seconds together, not three. */
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

static int both(void)
{
    eddy_auto(eddy_task) *first = eddy_try(eddy_create_task(coroutine1_coro()));
    eddy_auto(eddy_task) *second = eddy_try(eddy_create_task(coroutine2_coro()));
    eddy_task *tasks[] = {first, second};

    return eddy_gather_tasks(tasks, 2);
}
EDDY_CORO(both)

int main(void)
{
    return eddy_run(both_coro()) < 0;
}

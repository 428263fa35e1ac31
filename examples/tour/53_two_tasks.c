/* Two tasks, awaited one after the other: they run at the same time all the same. */
#include "tour.h"

static int my_coroutine(int delay)
{
    printf("协程开始,等待 %d 秒\n", delay);
    eddy_try(eddy_sleep(delay));
    printf("协程结束\n");
    return 0;
}
EDDY_CORO(my_coroutine, int)

static int two_tasks(void)
{
    eddy_auto(eddy_task) *task1 = eddy_try(eddy_create_task(my_coroutine_coro(1)));
    eddy_auto(eddy_task) *task2 = eddy_try(eddy_create_task(my_coroutine_coro(2)));

    eddy_try(eddy_await(task1));
    eddy_try(eddy_await(task2));
    printf("所有任务完成\n");
    return 0;
}
EDDY_CORO(two_tasks)

int main(void)
{
    return eddy_run(two_tasks_coro()) < 0;
}

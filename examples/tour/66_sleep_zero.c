/* eddy_sleep(0) lets every other task run once: long work stays polite with it. */
#include "tour.h"

static int large_task(const char **result)
{
    for (int i = 0; i < 100000; i++) {
        volatile long square = (long)i * i; /* imagine more of this */
        (void)square;
        if (i % 1000 == 0)
            eddy_try(eddy_sleep(0));
    }
    *result = "任务完成";
    return 0;
}
EDDY_CORO(large_task, const char **)

static int alone_and_in_company(void)
{
    const char *result = NULL;
    int turns = 0;

    eddy_try(large_task(&result));
    printf("%s\n", result);

    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(large_task_coro(&result)));
    while (!eddy_task_done(task)) {
        turns++;
        eddy_try(eddy_sleep(0));
    }
    eddy_try(eddy_task_status(task));
    printf("%s, the other coroutine got %d turns\n", result, turns);
    return 0;
}
EDDY_CORO(alone_and_in_company)

int main(void)
{
    return eddy_run(alone_and_in_company_coro()) < 0;
}

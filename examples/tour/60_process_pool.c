/* A job in another process. The text that the job writes to lies in the caller's memory, which the
 * process does not see: .data names it, so that a copy goes there and comes back. */
#include "tour.h"
#include <unistd.h>

static int cpu_bound_task(int seconds, struct text *result)
{
    sleep((unsigned)seconds); /* imagine hard work */
    text_set(result, "CPU密集型任务完成,耗时 %d 秒", seconds);
    return 0;
}
EDDY_CORO(cpu_bound_task, int, struct text *)

static int process_pool(void)
{
    struct text result;
    eddy_auto(eddy_pool) *pool = eddy_try(eddy_process_pool_open());

    eddy_try(eddy_pool_run(pool, cpu_bound_task_coro(2, &result), .data = &result,
                           .size = sizeof result));
    printf("%s\n", result.s);
    return 0;
}
EDDY_CORO(process_pool)

int main(void)
{
    return eddy_run(process_pool_coro()) < 0;
}

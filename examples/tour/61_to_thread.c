/* Three seconds of blocking take one in three threads. A failure comes out of a thread with its
 * error, as out of any call. */
#include "tour.h"
#include <math.h>
#include <unistd.h>

static int cpu_bound_task(int seconds, struct text *result)
{
    sleep((unsigned)seconds); /* imagine hard work */
    text_set(result, "CPU密集型任务完成,耗时 %d 秒", seconds);
    return 0;
}
EDDY_CORO(cpu_bound_task, int, struct text *)

/* The shield waits for the thread even if this task is cancelled: the thread writes to *result. */
static int in_thread(int seconds, struct text *result)
{
    eddy_shield(INFINITY)
        eddy_try(eddy_to_thread(cpu_bound_task_coro(seconds, result)));
    return 0;
}
EDDY_CORO(in_thread, int, struct text *)

static int failing(void)
{
    return eddy_raise(EDDY_EINVAL, "failed in the thread");
}
EDDY_CORO(failing)

static int three_threads(void)
{
    struct text results[3];
    double start = eddy_time();

    eddy_try(eddy_gather(in_thread_coro(1, &results[0]), in_thread_coro(1, &results[1]),
                         in_thread_coro(1, &results[2])));
    for (int i = 0; i < 3; i++)
        printf("%s\n", results[i].s);
    printf("Total: %.2fs\n", eddy_time() - start);

    if (eddy_to_thread(failing_coro()) == EDDY_EINVAL)
        printf("Caught: %s\n", eddy_error_message(eddy_last_error()));
    return 0;
}
EDDY_CORO(three_threads)

int main(void)
{
    return eddy_run(three_threads_coro()) < 0;
}

/* What Python does with a decorator: a function that gets a coroutine object, knows its name, and
 * runs it with something before and after. */
#include "log.h"
#include "tour.h"

static int traced(eddy_coro coro)
{
    double start = eddy_time();

    log_info("Starting %s", coro.name);
    int r = eddy_call(&coro);
    if (r < 0)
        log_error("Failed %s in %.3fs: %s", coro.name, eddy_time() - start,
                  eddy_error_message(eddy_last_error()));
    else
        log_info("Completed %s in %.3fs", coro.name, eddy_time() - start);
    return r;
}

static int sample_task(const char *name, double duration, struct text *result)
{
    eddy_try(eddy_sleep(duration));
    text_set(result, "Task %s completed", name);
    return 0;
}
EDDY_CORO(sample_task, const char *, double, struct text *)

static int failing_task(void)
{
    eddy_try(eddy_sleep(0.2));
    return eddy_raise(EDDY_EINVAL, "Simulated failure");
}
EDDY_CORO(failing_task)

static int trace_both(void)
{
    struct text result;

    eddy_try(traced(sample_task_coro("Task-0", 0.3, &result)));
    printf("%s\n", result.s);
    if (traced(failing_task_coro()) == EDDY_EINVAL)
        printf("Caught: %s\n", eddy_error_message(eddy_last_error()));
    return 0;
}
EDDY_CORO(trace_both)

int main(void)
{
    return eddy_run(trace_both_coro()) < 0;
}

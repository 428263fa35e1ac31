/* Driving a loop by hand. A task belongs to its loop and not to one run of it: after eddy_loop_stop
 * it stands still, and goes on when the loop does. */
#include "tour.h"

static int coroutine(const char **result)
{
    eddy_try(eddy_sleep(0.5));
    printf("coroutine done\n");
    *result = "result";
    return 0;
}
EDDY_CORO(coroutine, const char **)

static int ticker(void)
{
    for (int i = 0; i < 3; i++) {
        printf("tick %d\n", i);
        eddy_try(eddy_sleep(0.25));
    }
    printf("stop() called\n");
    eddy_loop_stop(eddy_loop_running());
    printf("still in the same turn\n");
    eddy_try(eddy_sleep(0.25));
    printf("after the second run_forever()\n");
    eddy_loop_stop(eddy_loop_running());
    return 0;
}
EDDY_CORO(ticker)

static int run_one_task(eddy_loop *loop)
{
    const char *result = NULL;
    eddy_auto(eddy_task) *task = eddy_try(eddy_loop_create_task(loop, coroutine_coro(&result)));

    eddy_try(eddy_loop_run_until_done(loop, task));
    printf("run_until_complete: %s\n", result);
    return 0;
}

static int run_twice(eddy_loop *loop)
{
    eddy_auto(eddy_task) *ticks = eddy_try(eddy_loop_create_task(loop, ticker_coro()));

    for (int i = 0; i < 2; i++) {
        eddy_try(eddy_loop_run_forever(loop));
        printf("run_forever returned, task done: %s\n", truth(eddy_task_done(ticks)));
    }
    return 0;
}

static int drive_by_hand(void)
{
    eddy_auto(eddy_loop) *loop = eddy_try(eddy_loop_open());

    eddy_try(run_one_task(loop));
    eddy_try(run_twice(loop));
    eddy_loop_close(eddy_take(loop));
    printf("closed: %s\n", truth(!loop));
    return 0;
}

int main(void)
{
    return drive_by_hand() < 0;
}

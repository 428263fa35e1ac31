/* A future is a value that somebody sets and others wait for. Waiting for one that is set does not
 * suspend. */
#include "tour.h"

EDDY_CORO(eddy_sleep, double) /* the library's functions make coroutine objects as well */

static int custom_future_demo(void)
{
    const char *result = "Custom future result";

    printf("\n=== Custom Future Demo ===\n");
    eddy_auto(eddy_future) *future = eddy_try(eddy_future_open(sizeof result));
    eddy_try(eddy_future_set_result(future, &result));

    const char *received = NULL;
    eddy_try(eddy_future_await(future, &received));
    printf("Future result: %s\n", received);

    eddy_auto(eddy_task) *pause = eddy_try(eddy_create_task(eddy_sleep_coro(0)));
    eddy_try(eddy_await(pause));
    printf("Completed future: %s\n", truth(eddy_task_done(pause)));
    return 0;
}
EDDY_CORO(custom_future_demo)

int main(void)
{
    return eddy_run(custom_future_demo_coro()) < 0;
}

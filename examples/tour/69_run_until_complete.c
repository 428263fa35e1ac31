/* run_until_complete drives a loop as far as one coroutine needs, and leaves it open. */
#include "tour.h"

static int func(const char **result)
{
    printf("协程函数执行\n");
    eddy_try(eddy_sleep(0.5));
    *result = "完成";
    return 0;
}
EDDY_CORO(func, const char **)

static int run_func(void)
{
    const char *result = NULL;
    eddy_auto(eddy_loop) *loop = eddy_try(eddy_loop_open());

    eddy_try(eddy_loop_run_until_complete(loop, func_coro(&result)));
    printf("%s\n", result);
    printf("Loop closed: %s\n", truth(!loop));
    eddy_loop_close(eddy_take(loop));

    /* The usual way does all of the above. */
    eddy_try(eddy_run(func_coro(&result)));
    printf("%s\n", result);

    /* What is left of a closed loop is NULL. */
    if (eddy_loop_run_until_complete(loop, func_coro(&result)) == EDDY_ECLOSED)
        printf("RuntimeError: %s\n", eddy_error_message(eddy_last_error()));
    return 0;
}

int main(void)
{
    return run_func() < 0;
}

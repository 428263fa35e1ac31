/* To await a coroutine is to call it. One that is only called needs no EDDY_CORO. */
#include "tour.h"

static int another_coroutine(const char **result)
{
    eddy_try(eddy_sleep(1));
    *result = "另一个协程的结果";
    return 0;
}

static int print_result(void)
{
    const char *result;

    eddy_try(another_coroutine(&result));
    printf("%s\n", result);
    return 0;
}
EDDY_CORO(print_result)

int main(void)
{
    return eddy_run(print_result_coro()) < 0;
}

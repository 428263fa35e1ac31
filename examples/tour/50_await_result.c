/* A result comes back through a pointer, the status as the value of the call. */
#include "tour.h"

static int my_coroutine(int delay, struct text *result)
{
    printf("协程开始,等待 %d 秒\n", delay);
    eddy_try(eddy_sleep(delay));
    printf("协程结束\n");
    text_set(result, "等待了 %d 秒的结果", delay);
    return 0;
}

static int print_result(void)
{
    struct text result;

    eddy_try(my_coroutine(2, &result));
    printf("%s\n", result.s);
    return 0;
}
EDDY_CORO(print_result)

int main(void)
{
    return eddy_run(print_result_coro()) < 0;
}

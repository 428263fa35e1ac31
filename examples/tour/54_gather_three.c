/* Different coroutines gathered: each writes its result where its caller wants it. */
#include "tour.h"

static int my_coroutine(int delay, struct text *result)
{
    printf("协程开始,等待 %d 秒\n", delay);
    eddy_try(eddy_sleep(delay));
    printf("协程结束\n");
    text_set(result, "等待了 %d 秒的结果", delay);
    return 0;
}
EDDY_CORO(my_coroutine, int, struct text *)

static int another_coroutine(struct text *result)
{
    eddy_try(eddy_sleep(1));
    text_set(result, "另一个协程的结果");
    return 0;
}
EDDY_CORO(another_coroutine, struct text *)

static int gather_three(void)
{
    struct text results[3];

    eddy_try(eddy_gather(my_coroutine_coro(1, &results[0]), my_coroutine_coro(2, &results[1]),
                         another_coroutine_coro(&results[2])));
    print_texts("", results, 3);
    return 0;
}
EDDY_CORO(gather_three)

int main(void)
{
    return eddy_run(gather_three_coro()) < 0;
}

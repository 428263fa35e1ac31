/* A loop of one's own, and eddy_run, which makes one, runs the coroutine in it and closes it. */
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

/* A closed loop is gone: what is left of it is a handle that eddy_take has set to NULL. */
static void print_state(const eddy_loop *loop)
{
    printf("running: %s, closed: %s\n", truth(eddy_loop_is_running(loop)), truth(!loop));
}

static int both_ways(void)
{
    struct text result;
    eddy_auto(eddy_loop) *loop = eddy_try(eddy_loop_open());

    print_state(loop);
    eddy_try(eddy_loop_run_until_complete(loop, my_coroutine_coro(1, &result)));
    printf("%s\n", result.s);
    eddy_loop_close(eddy_take(loop));
    print_state(loop);

    eddy_try(eddy_run(my_coroutine_coro(1, &result)));
    printf("%s\n", result.s);
    return 0;
}

int main(void)
{
    return both_ways() < 0;
}

/* A coroutine object is a value. One that is never run costs nothing and is nobody's mistake, and
 * one that was run can be run again. */
#include "tour.h"

static int func1(void)
{
    return 0;
}
EDDY_CORO(func1)

static int func(void)
{
    printf("1\n");
    return 0;
}
EDDY_CORO(func)

static int make_and_run(void)
{
    eddy_coro f1 = func1_coro();
    printf("func1_coro() made: %s\n", f1.name); /* and that is all that happens to it */

    eddy_coro f = func_coro();
    printf("func_coro() called, nothing printed yet\n");
    eddy_auto(eddy_loop) *loop = eddy_try(eddy_loop_open());
    eddy_try(eddy_loop_run_until_complete(loop, f));
    return eddy_loop_run_until_complete(loop, f);
}

int main(void)
{
    return make_and_run() < 0;
}

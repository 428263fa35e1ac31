/* Python's ensure_future takes a coroutine or a task. Here the two have different types, and
 * _Generic picks the right function when the program is compiled. */
#include "tour.h"

static eddy_task *start(eddy_coro coro)
{
    return eddy_create_task(coro);
}

static eddy_task *itself(eddy_task *task)
{
    return task;
}

#define ensure_task(x) _Generic((x), eddy_coro : start, eddy_task * : itself)(x)

static int coro(const char **result)
{
    eddy_try(eddy_sleep(0.5));
    *result = "coro result";
    return 0;
}
EDDY_CORO(coro, const char **)

static int two_ways(void)
{
    const char *result = NULL;
    eddy_auto(eddy_task) *created = eddy_try(eddy_create_task(coro_coro(&result)));
    eddy_try(eddy_await(created));
    printf("%s\n", result);

    eddy_auto(eddy_task) *ensured = eddy_try(ensure_task(coro_coro(&result)));
    eddy_try(eddy_await(ensured));
    printf("%s\n", result);
    printf("Same object: %s\n", truth(ensure_task(ensured) == ensured));
    return 0;
}
EDDY_CORO(two_ways)

int main(void)
{
    return eddy_run(two_ways_coro()) < 0;
}

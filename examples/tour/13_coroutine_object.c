/* A coroutine object is a plain value: the function and its arguments. It can be looked at, copied
 * and kept; nothing runs until somebody runs it. */
#include "tour.h"

static int simple_coroutine(int *result)
{
    *result = 42;
    return 0;
}
EDDY_CORO(simple_coroutine, int *)

int main(void)
{
    int result = 0;
    eddy_coro coro = simple_coroutine_coro(&result);

    printf("Coroutine object: <coroutine object %s at %p>\n", coro.name, (void *)&coro);
    printf("Type: <class '%s'>\n", _Generic(coro, eddy_coro : "coroutine"));
    if (eddy_run(coro) < 0)
        return 1;
    printf("Result: %d\n", result);
    return 0;
}

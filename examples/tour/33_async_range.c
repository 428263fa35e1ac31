/* A generator is a coroutine that hands out items with eddy_yield; eddy_gen_next gives 1 for an
 * item and 0 at the end. */
#include "tour.h"

static int range(int start, int stop, int step)
{
    for (int i = start; step > 0 ? i < stop : i > stop; i += step) {
        eddy_try(eddy_sleep(0.1));
        eddy_try(eddy_yield(&i));
    }
    return 0;
}
EDDY_CORO(range, int, int, int)

static int print_range(int start, int stop, int step)
{
    int i, r;
    eddy_auto(eddy_gen) *numbers = eddy_try(eddy_gen_open(range_coro(start, stop, step), sizeof i));

    while ((r = eddy_gen_next(numbers, &i)) > 0)
        printf(" %d\n", i);
    return r;
}

static int async_iterator_demo(void)
{
    printf("=== Async Iterator Demo ===\n");
    printf("AsyncRange:\n");
    eddy_try(print_range(0, 5, 1));
    printf("AsyncRange down:\n");
    return print_range(5, 0, -2);
}
EDDY_CORO(async_iterator_demo)

int main(void)
{
    return eddy_run(async_iterator_demo_coro()) < 0;
}

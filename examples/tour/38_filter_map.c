/* Generators that draw on generators: each value passes the whole chain before the next one starts.
 * A function that waits and one that does not have the same type, so either may be given. */
#include "tour.h"

typedef int function(int x, int *result);

static int numbers(int n)
{
    for (int i = 0; i < n; i++) {
        eddy_try(eddy_sleep(0.1));
        eddy_try(eddy_yield(&i));
    }
    return 0;
}
EDDY_CORO(numbers, int)

static int filter(function *keep, eddy_gen *source)
{
    int item, kept, r;

    while ((r = eddy_gen_next(source, &item)) > 0) {
        eddy_try(keep(item, &kept));
        if (kept)
            eddy_try(eddy_yield(&item));
    }
    return r;
}
EDDY_CORO(filter, function *, eddy_gen *)

static int map(function *convert, eddy_gen *source)
{
    int item, result, r;

    while ((r = eddy_gen_next(source, &item)) > 0) {
        eddy_try(convert(item, &result));
        eddy_try(eddy_yield(&result));
    }
    return r;
}
EDDY_CORO(map, function *, eddy_gen *)

static int is_even(int x, int *result)
{
    eddy_try(eddy_sleep(0.05));
    *result = x % 2 == 0;
    return 0;
}

static int square(int x, int *result)
{
    eddy_try(eddy_sleep(0.05));
    *result = x * x;
    return 0;
}

static int is_large(int x, int *result)
{
    *result = x > 7;
    return 0;
}

static int negate(int x, int *result)
{
    *result = -x;
    return 0;
}

static int waiting_functions(void)
{
    eddy_auto(eddy_gen) *source = eddy_try(eddy_gen_open(numbers_coro(10), sizeof(int)));
    eddy_auto(eddy_gen) *even = eddy_try(eddy_gen_open(filter_coro(is_even, source), sizeof(int)));
    eddy_auto(eddy_gen) *squares = eddy_try(eddy_gen_open(map_coro(square, even), sizeof(int)));
    int results[10], n = 0, r;

    while ((r = eddy_gen_next(squares, &results[n])) > 0)
        printf(" %d\n", results[n++]);
    print_ints("Pipeline results: ", results, (size_t)n);
    return r;
}

static int plain_functions(void)
{
    eddy_auto(eddy_gen) *source = eddy_try(eddy_gen_open(numbers_coro(10), sizeof(int)));
    eddy_auto(eddy_gen) *large =
        eddy_try(eddy_gen_open(filter_coro(is_large, source), sizeof(int)));
    eddy_auto(eddy_gen) *negative = eddy_try(eddy_gen_open(map_coro(negate, large), sizeof(int)));
    int results[10], n = 0, r;

    while ((r = eddy_gen_next(negative, &results[n])) > 0)
        n++;
    print_ints("Plain functions: ", results, (size_t)n);
    return r;
}

static int async_data_pipeline(void)
{
    printf("\n=== Async Data Pipeline ===\n");
    eddy_try(waiting_functions());
    return plain_functions();
}
EDDY_CORO(async_data_pipeline)

int main(void)
{
    return eddy_run(async_data_pipeline_coro()) < 0;
}

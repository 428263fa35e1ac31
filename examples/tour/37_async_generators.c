/* Three generators and one function that prints whatever numbers a generator hands out. */
#include "random.h"
#include "tour.h"

static int counter(int start, int stop, double delay)
{
    for (int i = start; i < stop; i++) {
        eddy_try(eddy_sleep(delay));
        eddy_try(eddy_yield(&i));
    }
    return 0;
}
EDDY_CORO(counter, int, int, double)

static int fibonacci(int n)
{
    for (int i = 0, a = 0, b = 1; i < n; i++) {
        eddy_try(eddy_sleep(0.1));
        eddy_try(eddy_yield(&a));
        int next = a + b;
        a = b;
        b = next;
    }
    return 0;
}
EDDY_CORO(fibonacci, int)

static int random_numbers(int n, int low, int high)
{
    struct random random = {42};

    for (int i = 0; i < n; i++) {
        eddy_try(eddy_sleep(random_uniform(&random, 0.1, 0.5, 0.1)));
        int number = random_int(&random, low, high);
        eddy_try(eddy_yield(&number));
    }
    return 0;
}
EDDY_CORO(random_numbers, int, int, int)

/* A coroutine object is cheap to pass on: it is a value. */
static int print_numbers(eddy_coro source, const char *end)
{
    int number, r;
    eddy_auto(eddy_gen) *numbers = eddy_try(eddy_gen_open(source, sizeof number));

    while ((r = eddy_gen_next(numbers, &number)) > 0)
        printf(" %d%s", number, end);
    return r;
}

static int async_generator_demo(void)
{
    printf("=== Async Generator Demo ===\n");
    printf("Async counter:\n");
    eddy_try(print_numbers(counter_coro(0, 5, 0.2), "\n"));

    printf("\nAsync Fibonacci:\n");
    eddy_try(print_numbers(fibonacci_coro(10), " "));
    printf("\n");

    printf("\nAsync random numbers:\n");
    return print_numbers(random_numbers_coro(5, 1, 100), "\n");
}
EDDY_CORO(async_generator_demo)

int main(void)
{
    return eddy_run(async_generator_demo_coro()) < 0;
}

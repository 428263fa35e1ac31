/* Calling a coroutine is awaiting it: two calls take two seconds. Gathering two takes one. */
#include "tour.h"

static int greet(const char *name, int delay, struct text *result)
{
    printf("Hello, %s!\n", name);
    eddy_try(eddy_sleep(delay));
    printf("Goodbye, %s!\n", name);
    text_set(result, "Greeted %s", name);
    return 0;
}
EDDY_CORO(greet, const char *, int, struct text *)

static int greet_everybody(void)
{
    struct text results[2];

    printf("=== Sequential Execution ===\n");
    eddy_try(greet("Alice", 1, &results[0]));
    eddy_try(greet("Bob", 1, &results[1]));
    printf("Results: %s, %s\n", results[0].s, results[1].s);

    printf("\n=== Concurrent Execution ===\n");
    eddy_try(
        eddy_gather(greet_coro("Charlie", 1, &results[0]), greet_coro("David", 1, &results[1])));
    print_texts("Results: ", results, 2);
    return 0;
}
EDDY_CORO(greet_everybody)

int main(void)
{
    return eddy_run(greet_everybody_coro()) < 0;
}

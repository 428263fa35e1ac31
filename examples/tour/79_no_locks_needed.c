/* Tasks of one loop share one thread and change places only where they wait. So a counter needs no
 * lock; a value that is carried across a wait does. */
#include "tour.h"
#include <pthread.h>

static int counter;
static int other_threads;

static int add(pthread_t thread, int n)
{
    for (int i = 0; i < n; i++) {
        counter++;
        other_threads += !pthread_equal(thread, pthread_self());
        eddy_try(eddy_sleep(0));
    }
    return 0;
}
EDDY_CORO(add, pthread_t, int)

static int careless(void)
{
    int value = counter;

    eddy_try(eddy_sleep(0)); /* the others run here */
    counter = value + 1;
    return 0;
}
EDDY_CORO(careless)

static int careful(eddy_lock *lock)
{
    eddy_with(lock)
        eddy_try(careless());
    return 0;
}
EDDY_CORO(careful, eddy_lock *)

static int run_many(eddy_coro coro, int n)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    counter = 0;
    for (int i = 0; i < n; i++)
        eddy_group_start(group, coro);
    return eddy_group_join(group);
}

static int count_in_three_ways(void)
{
    eddy_lock lock = {0};

    eddy_try(run_many(add_coro(pthread_self(), 10), 1000));
    printf("1000 coroutines, no lock: %d, threads: %d\n", counter, 1 + other_threads);
    eddy_try(run_many(careless_coro(), 100));
    printf("A value carried across await, no lock: %d\n", counter);
    eddy_try(run_many(careful_coro(&lock), 100));
    printf("A value carried across await, with lock: %d\n", counter);
    return 0;
}
EDDY_CORO(count_in_three_ways)

int main(void)
{
    return eddy_run(count_in_three_ways_coro()) < 0;
}

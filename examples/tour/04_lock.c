/* A lock is held over several waits, so the three counters run one after the other. eddy_with takes
 * it, and gives it back however the block is left. */
#include "tour.h"

static int counter(eddy_lock *lock)
{
    eddy_with(lock) {
        for (int i = 0; i < 5; i++) {
            printf("Counting\n");
            eddy_try(eddy_sleep(1));
        }
    }
    return 0;
}
EDDY_CORO(counter, eddy_lock *)

static int three_counters(void)
{
    eddy_lock lock = {0};

    return eddy_gather(counter_coro(&lock), counter_coro(&lock), counter_coro(&lock));
}
EDDY_CORO(three_counters)

int main(void)
{
    return eddy_run(three_counters_coro()) < 0;
}

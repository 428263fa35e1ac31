/* What blocks, blocks everybody: no tick for a second. In a thread the same call harms nobody. */
#include "tour.h"
#include <unistd.h>

static int ticker(const char *name)
{
    for (int n = 0;; n++) {
        printf("%s: tick %d\n", name, n);
        eddy_try(eddy_sleep(0.25));
    }
}
EDDY_CORO(ticker, const char *)

static int blocking_second(void)
{
    sleep(1); /* not eddy_sleep: the thread stands still */
    return 0;
}
EDDY_CORO(blocking_second)

static int block_in_the_loop(void)
{
    eddy_auto(eddy_task) *ticks = eddy_try(eddy_create_task(ticker_coro("blocked")));

    eddy_try(eddy_sleep(0.1));
    printf("blocking call begins\n");
    eddy_try(blocking_second());
    printf("blocking call ends\n");
    eddy_try(eddy_sleep(0.1));
    eddy_cancel(ticks); /* closing it would do the same */
    return 0;
}

static int block_in_a_thread(void)
{
    eddy_auto(eddy_task) *ticks = eddy_try(eddy_create_task(ticker_coro("threaded")));

    eddy_try(eddy_sleep(0.1));
    printf("threaded call begins\n");
    eddy_try(eddy_to_thread(blocking_second_coro()));
    printf("threaded call ends\n");
    eddy_cancel(ticks);
    return 0;
}

static int both(void)
{
    eddy_try(block_in_the_loop());
    return block_in_a_thread();
}
EDDY_CORO(both)

int main(void)
{
    return eddy_run(both_coro()) < 0;
}

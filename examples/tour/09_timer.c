/* eddy_gather runs coroutine objects together and waits for all of them. */
#include "tour.h"

static int timer(int seconds)
{
    eddy_try(eddy_sleep(seconds));
    printf("Timer finished after %d seconds\n", seconds);
    return 0;
}
EDDY_CORO(timer, int)

static int three_timers(void)
{
    return eddy_gather(timer_coro(1), timer_coro(2), timer_coro(3));
}
EDDY_CORO(three_timers)

int main(void)
{
    return eddy_run(three_timers_coro()) < 0;
}

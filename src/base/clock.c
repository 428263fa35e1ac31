/* clock.c - the clock, and seconds as nanoseconds. */
#include "base/clock.h"

#include <math.h> /* INFINITY */
#include <time.h>

static inline int64_t read_clock(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

int64_t eddy__clock_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t eddy__clock_tick(void)
{
    return read_clock(CLOCK_MONOTONIC_COARSE);
}

double eddy__seconds_of_ns(int64_t ns)
{
    return ns == NS_NEVER ? (double)INFINITY : (double)ns / (double)NS_PER_SECOND;
}

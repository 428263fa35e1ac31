/* clock.c - the clock, and seconds as nanoseconds. */
#include "base/clock.h"

#include <math.h> /* INFINITY */
#include <time.h>

int64_t eddy__clock_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

double eddy__seconds_of_ns(int64_t ns)
{
    return ns == NS_NEVER ? (double)INFINITY : (double)ns / (double)NS_PER_SECOND;
}

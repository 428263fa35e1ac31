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

int64_t eddy__ns_of_seconds(double seconds)
{
    double ns = seconds * (double)NS_PER_SECOND;

    if (!(ns > 0)) /* NaN too */
        return 0;
    /* 2^62 ns are 146 years: adding it to the clock cannot overflow */
    if (ns >= (double)(INT64_C(1) << 62))
        return NS_NEVER;
    int64_t whole = (int64_t)ns;
    return whole + ((double)whole < ns);
}

double eddy__seconds_of_ns(int64_t ns)
{
    return ns == NS_NEVER ? (double)INFINITY : (double)ns / (double)NS_PER_SECOND;
}

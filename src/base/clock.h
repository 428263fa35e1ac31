/* clock.h - the only place that reads the clock. */
#ifndef EDDY_BASE_CLOCK_H
#define EDDY_BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_NEVER INT64_MAX

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t eddy__clock_now(void);

/* The same as of the kernel's last tick, 1 to 10 ms ago: a quarter of the price. */
int64_t eddy__clock_tick(void);

/* The time that comes so long after another. What lies beyond the 292 years of the clock, which a
 * virtual one can reach, is NS_NEVER. All sums with a time are made here. */
static inline int64_t eddy__ns_after(int64_t time, int64_t ns)
{
    int64_t sum;

    return __builtin_add_overflow(time, ns, &sum) ? NS_NEVER : sum;
}

/* Seconds to nanoseconds, rounded up: negative and NaN are 0, INFINITY and what is too large, 2^62
 * ns or 146 years, are NS_NEVER. */
static inline int64_t eddy__ns_of_seconds(double seconds)
{
    double ns = seconds * (double)NS_PER_SECOND;

    if (!(ns > 0))
        return 0;
    if (ns >= (double)(INT64_C(1) << 62))
        return NS_NEVER;
    int64_t whole = (int64_t)ns;
    return whole + ((double)whole < ns);
}

double eddy__seconds_of_ns(int64_t ns);

#endif

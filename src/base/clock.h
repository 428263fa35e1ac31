/* clock.h - the only place that reads the clock. */
#ifndef EDDY_BASE_CLOCK_H
#define EDDY_BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_NEVER INT64_MAX

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t eddy__clock_now(void);

/* Seconds to nanoseconds, rounded up: negative and NaN are 0, too large and INFINITY are NS_NEVER.
 * */
int64_t eddy__ns_of_seconds(double seconds);
double eddy__seconds_of_ns(int64_t ns);

#endif

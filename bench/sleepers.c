/* sleepers.c - many tasks that each sleep the same time: bytes for each, and seconds over the sleep
 * to start and end them all.
 *
 * sleepers [COUNT [SECONDS [packed]]] */
#include "bench.h"

#include <eddy.h>

static long asleep, awake;

static int sleeper(double seconds)
{
    asleep++;
    eddy_try(eddy_sleep(seconds));
    awake++;
    return 0;
}
EDDY_CORO(sleeper, double)

static int measure(long count, double seconds, bool packed)
{
    double before = bench_memory(), start = bench_now();
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    for (long i = 0; i < count; i++)
        eddy_try(eddy_group_start(group, sleeper_coro(seconds), .packed = packed));
    while (asleep < count)
        eddy_try(eddy_sleep(0));
    double bytes = (bench_memory() - before) / (double)count;
    if (awake > 0)
        return eddy_raise(EDDY_ERANGE, "some awoke before all slept");
    eddy_try(eddy_group_join(group));
    bench_report("sleepers_bytes", bytes, "bytes");
    bench_report("sleepers_time", bench_now() - start - seconds, "s");
    bench_report("sleepers_cpu", bench_cpu(), "s");
    return 0;
}
EDDY_CORO(measure, long, double, bool)

int main(int argc, char **argv)
{
    long count = bench_arg(argc, argv, 1, 1000000), seconds = bench_arg(argc, argv, 2, 5);

    return eddy_run(measure_coro(count, (double)seconds, argc > 3)) < 0;
}

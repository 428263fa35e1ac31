/* switch.c - what a yield costs: two tasks that do nothing else, by way of the full scheduler. */
#include "bench.h"

#include <eddy.h>

static int player(long count)
{
    for (long i = 0; i < count / 2; i++)
        eddy_try(eddy_sleep(0));
    return 0;
}
EDDY_CORO(player, long)

static int measure(long count)
{
    double start = bench_cpu();

    eddy_try(eddy_gather(player_coro(count), player_coro(count)));
    bench_report("switch", (bench_cpu() - start) / (double)count * 1e9, "ns");
    return 0;
}
EDDY_CORO(measure, long)

int main(int argc, char **argv)
{
    return eddy_run(measure_coro(bench_arg(argc, argv, 1, 20000000))) < 0;
}

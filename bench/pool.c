/* pool.c - what a job that does nothing costs in a pool of two threads, one at a time and 64 at
 * once; and how much faster than in the loop jobs are that compute.
 *
 * pool [ROUNDS [processes]]: in a pool of two processes instead. */
#include "bench.h"

#include <eddy.h>

enum { JOBS = 8, WORKERS = 2, STEPS = 20000000, AT_ONCE = 64 };

static int nothing(void)
{
    return 0;
}
EDDY_CORO(nothing)

static int rounds(eddy_pool *pool, long count)
{
    for (long i = 0; i < count; i++)
        eddy_try(eddy_pool_run(pool, nothing_coro()));
    return 0;
}
EDDY_CORO(rounds, eddy_pool *, long)

static int measure_empty(const char *name, eddy_pool *pool, long count, int at_once)
{
    eddy_coro callers[AT_ONCE];

    for (int i = 0; i < at_once; i++)
        callers[i] = rounds_coro(pool, count / at_once);
    double start = bench_now();
    eddy_try(eddy_gather_n(callers, (size_t)at_once));
    bench_report(name, (bench_now() - start) / (double)(count / at_once * at_once) * 1e6, "us");
    return 0;
}

static int compute(unsigned long *result)
{
    *result = bench_compute(*result, STEPS);
    return 0;
}
EDDY_CORO(compute, unsigned long *)

static int compute_in(eddy_pool *pool, unsigned long *result)
{
    return eddy_pool_run(pool, compute_coro(result), .data = result, .size = sizeof *result);
}
EDDY_CORO(compute_in, eddy_pool *, unsigned long *)

static int measure_speedup(eddy_pool *pool)
{
    unsigned long results[JOBS] = {1, 2, 3, 4, 5, 6, 7, 8};
    eddy_coro jobs[JOBS];
    double start = bench_now();

    for (int i = 0; i < JOBS; i++)
        eddy_try(compute(&results[i]));
    double alone = bench_now() - start;
    for (int i = 0; i < JOBS; i++)
        jobs[i] = compute_in_coro(pool, &results[i]);
    start = bench_now();
    eddy_try(eddy_gather_n(jobs, JOBS));
    bench_report("pool_speedup", alone / (bench_now() - start), "x");
    return 0;
}

static int pools(long count, bool processes)
{
    eddy_auto(eddy_pool) *pool = eddy_try(processes ? eddy_process_pool_open(.workers = WORKERS)
                                                    : eddy_thread_pool_open(.threads = WORKERS));

    eddy_try(rounds(pool, 1000));
    eddy_try(measure_empty("pool_1", pool, count, 1));
    eddy_try(measure_empty("pool_64", pool, count, AT_ONCE));
    return measure_speedup(pool);
}
EDDY_CORO(pools, long, bool)

int main(int argc, char **argv)
{
    return eddy_run(pools_coro(bench_arg(argc, argv, 1, 20000), argc > 2)) < 0;
}

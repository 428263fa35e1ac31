/* pool.c - the same sums on the loop, in a pool of threads and in one of processes, two at a time;
 * what a job that does nothing costs in each; and small sums mapped, in chunks and one at a time.
 * Wall-clock time for each job. */
#include "bench.h"

#include <eddy.h>

enum { JOBS = 8, WORKERS = 2, ITEMS = 20000, ITEM_STEPS = 2000 };

static int sum(long n, unsigned long *result)
{
    unsigned long x = *result;

    for (long i = 0; i < n; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    *result = x;
    return 0;
}
EDDY_CORO(sum, long, unsigned long *)

static int sum_in(eddy_pool *pool, long n, unsigned long *result)
{
    eddy_coro job = sum_coro(n, result);

    if (!pool)
        return eddy_call(&job);
    return eddy_pool_run(pool, job, .data = result, .size = sizeof *result);
}
EDDY_CORO(sum_in, eddy_pool *, long, unsigned long *)

static int measure(const char *name, eddy_pool *pool, long n)
{
    unsigned long results[JOBS] = {1, 2, 3, 4, 5, 6, 7, 8};
    eddy_coro jobs[JOBS];

    for (int i = 0; i < JOBS; i++)
        jobs[i] = sum_in_coro(pool, n, &results[i]);
    double start = bench_now();
    eddy_try(eddy_gather_n(jobs, JOBS));
    bench_report(name, (bench_now() - start) / JOBS * 1e9, "ns");
    return 0;
}

static int measure_empty(const char *name, eddy_pool *pool, long rounds)
{
    unsigned long result = 0;
    double start = bench_now();

    for (long i = 0; i < rounds; i++)
        eddy_try(sum_in(pool, 0, &result));
    bench_report(name, (bench_now() - start) / (double)rounds * 1e9, "ns");
    return 0;
}

static int sum_item(const void *item, void *result)
{
    *(unsigned long *)result = *(const unsigned long *)item;
    return sum(ITEM_STEPS, result);
}

static int map_in(eddy_pool *pool, const unsigned long *items, unsigned long *results, size_t chunk)
{
    for (int i = 0; !pool && i < ITEMS; i++)
        eddy_try(sum_item(&items[i], &results[i]));
    if (!pool)
        return 0;
    return eddy_pool_map(pool, sum_item, items, ITEMS, sizeof *items, .results = results,
                         .result_size = sizeof *results, .chunk = chunk);
}

static int measure_map(const char *name, eddy_pool *pool, size_t chunk)
{
    static unsigned long items[ITEMS], results[ITEMS];

    for (unsigned i = 0; i < ITEMS; i++)
        items[i] = i;
    double start = bench_now();
    eddy_try(map_in(pool, items, results, chunk));
    bench_report(name, (bench_now() - start) / ITEMS * 1e9, "ns");
    return 0;
}

static int maps(eddy_pool *threads, eddy_pool *processes)
{
    eddy_try(measure_map("map_loop", NULL, 0));
    eddy_try(measure_map("map_threads", threads, 0));
    eddy_try(measure_map("map_threads_by_one", threads, 1));
    eddy_try(measure_map("map_processes", processes, 0));
    return measure_map("map_processes_by_one", processes, 1);
}

static int pools(long n, long rounds)
{
    eddy_auto(eddy_pool) *processes = eddy_try(eddy_process_pool_open(.workers = WORKERS));
    eddy_auto(eddy_pool) *threads = eddy_try(eddy_thread_pool_open(.threads = WORKERS));

    eddy_try(measure("loop", NULL, n));
    eddy_try(measure("threads", threads, n));
    eddy_try(measure("processes", processes, n));
    eddy_try(measure_empty("threads_empty", threads, rounds));
    eddy_try(measure_empty("processes_empty", processes, rounds));
    return maps(threads, processes);
}
EDDY_CORO(pools, long, long)

int main(int argc, char **argv)
{
    long n = bench_arg(argc, argv, 1, 100000000), rounds = bench_arg(argc, argv, 2, 20000);

    return eddy_run(pools_coro(n, rounds)) < 0;
}

/* libuv: jobs in its pool, of two threads; as pool.c. */
#include "bench.h"

#include <uv.h>

enum { JOBS = 8, STEPS = 20000000, AT_ONCE = 64 };

static long left;

static void nothing(uv_work_t *work)
{
    (void)work;
}

static void on_done(uv_work_t *work, int status)
{
    if (status == 0 && left-- > 0)
        uv_queue_work(uv_default_loop(), work, nothing, on_done);
}

static void run_empty(long count, int at_once)
{
    static uv_work_t works[AT_ONCE];

    left = count - at_once;
    for (int i = 0; i < at_once; i++)
        uv_queue_work(uv_default_loop(), &works[i], nothing, on_done);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

static void measure_empty(const char *name, long count, int at_once)
{
    double start = bench_now();

    run_empty(count, at_once);
    bench_report(name, (bench_now() - start) / (double)count * 1e6, "us");
}

static volatile unsigned long result;

static void compute(uv_work_t *work)
{
    result = bench_compute((unsigned long)(uintptr_t)work, STEPS);
}

static void measure_speedup(void)
{
    static uv_work_t works[JOBS];
    double start = bench_now();

    for (int i = 0; i < JOBS; i++)
        compute(&works[i]);
    double alone = bench_now() - start;
    left = 0;
    start = bench_now();
    for (int i = 0; i < JOBS; i++)
        uv_queue_work(uv_default_loop(), &works[i], compute, NULL);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    bench_report("pool_speedup", alone / (bench_now() - start), "x");
}

int main(int argc, char **argv)
{
    long count = bench_arg(argc, argv, 1, 20000);

    setenv("UV_THREADPOOL_SIZE", "2", 1);
    run_empty(1000, 1);
    measure_empty("pool_1", count, 1);
    measure_empty("pool_64", count, AT_ONCE);
    measure_speedup();
    return 0;
}

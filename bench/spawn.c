/* spawn.c - what a task costs from creation to join: one at a time, and in batches. */
#include "bench.h"

#include <eddy.h>

#define BATCH 10000

static long ran;

static int nothing(void)
{
    ran++;
    return 0;
}
EDDY_CORO(nothing)

static int spawn_each(long count)
{
    for (long i = 0; i < count; i++) {
        eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(nothing_coro()));
        eddy_try(eddy_await(task));
    }
    return 0;
}

static int spawn_batches(long count)
{
    static eddy_task *tasks[BATCH];

    for (long done = 0; done < count; done += BATCH) {
        for (int i = 0; i < BATCH; i++)
            tasks[i] = eddy_try(eddy_create_task(nothing_coro()));
        for (int i = 0; i < BATCH; i++) {
            eddy_try(eddy_await(tasks[i]));
            eddy_task_close(tasks[i]);
        }
    }
    return 0;
}

static int measure(long count)
{
    eddy_try(spawn_batches(BATCH));
    double start = bench_cpu();
    eddy_try(spawn_each(count));
    double middle = bench_cpu();
    eddy_try(spawn_batches(count));
    bench_report("spawn", (middle - start) / (double)count * 1e9, "ns");
    bench_report("spawn_batch", (bench_cpu() - middle) / (double)count * 1e9, "ns");
    return 0;
}
EDDY_CORO(measure, long)

int main(int argc, char **argv)
{
    long count = bench_arg(argc, argv, 1, 5000000);

    return eddy_run(measure_coro(count)) < 0 || ran != 2 * count + BATCH;
}

/* libuv: arm a batch of timers, cancel nine in ten, take a turn of the loop; the rest fire. */
#include "bench.h"

#include <uv.h>

#define BATCH 1000

static uv_timer_t **unused;
static long left, fired;

/* As many as can be pending at once. */
static void make_timers(uv_loop_t *loop, long count)
{
    uv_timer_t *timers = calloc((size_t)count, sizeof *timers);

    unused = calloc((size_t)count, sizeof *unused);
    for (left = 0; left < count; left++) {
        uv_timer_init(loop, &timers[left]);
        unused[left] = &timers[left];
    }
}

static void on_timer(uv_timer_t *timer)
{
    unused[left++] = timer;
    fired++;
}

static void arm_and_cancel(long done)
{
    uv_timer_t *timers[BATCH];

    for (int i = 0; i < BATCH; i++) {
        timers[i] = unused[--left];
        uv_timer_start(timers[i], on_timer, bench_delay((unsigned)(done + i)), 0);
    }
    for (int i = BATCH - 1; i >= 0; i--) {
        if (i % 10 != 0) {
            uv_timer_stop(timers[i]);
            unused[left++] = timers[i];
        }
    }
}

int main(int argc, char **argv)
{
    long count = bench_arg(argc, argv, 1, 5000000);
    uv_loop_t *loop = uv_default_loop();

    make_timers(loop, count / 10 + BATCH);
    double start = bench_cpu();
    for (long done = 0; done < count; done += BATCH) {
        arm_and_cancel(done);
        uv_run(loop, UV_RUN_NOWAIT);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    bench_report("timers", (bench_cpu() - start) / (double)count * 1e9, "ns");
    return fired != count / 10;
}

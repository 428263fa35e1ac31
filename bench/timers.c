/* timers.c - what a timer costs when nine in ten are cancelled: arm a batch, cancel most of it,
 * take a turn of the loop; the rest fire as their time comes. */
#include "bench.h"

#include <eddy.h>

#define BATCH 1000

static long fired;

static int on_timer(void *unused)
{
    (void)unused;
    fired++;
    return 0;
}

static void arm_and_cancel(eddy_loop *loop, long done)
{
    eddy_handle timers[BATCH];

    for (int i = 0; i < BATCH; i++) {
        double delay = 1e-3 * bench_delay((unsigned)(done + i));
        timers[i] = eddy_loop_call_later(loop, delay, on_timer, NULL);
    }
    for (int i = 0; i < BATCH; i++)
        if (i % 10 != 0)
            eddy_loop_cancel_call(loop, timers[i]);
}

static int measure(long count)
{
    eddy_loop *loop = eddy_loop_running();
    double start = bench_cpu();

    for (long done = 0; done < count; done += BATCH) {
        arm_and_cancel(loop, done);
        eddy_try(eddy_sleep(0));
    }
    while (fired < count / 10)
        eddy_try(eddy_sleep(0.001));
    bench_report("timers", (bench_cpu() - start) / (double)count * 1e9, "ns");
    return 0;
}
EDDY_CORO(measure, long)

int main(int argc, char **argv)
{
    return eddy_run(measure_coro(bench_arg(argc, argv, 1, 5000000))) < 0;
}

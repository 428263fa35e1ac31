/* State Threads: many threads that each sleep the same time. */
#include "bench.h"

#include <st.h>

static long asleep, awake, count, seconds;
static st_cond_t all_awake;

static void *sleeper(void *arg)
{
    asleep++;
    st_sleep((int)seconds);
    if (++awake == count)
        st_cond_signal(all_awake);
    return arg;
}

int main(int argc, char **argv)
{
    count = bench_arg(argc, argv, 1, 1000000);
    seconds = bench_arg(argc, argv, 2, 5);
    st_init();
    all_awake = st_cond_new();
    double before = bench_memory(), start = bench_now();
    for (long i = 0; i < count; i++) {
        if (!st_thread_create(sleeper, NULL, 0, 4096))
            return perror("st_thread_create"), 1;
        if (i % 1000 == 0)
            st_usleep(0); /* sleeps are counted from the clock as of the last turn: keep it right */
    }
    while (asleep < count)
        st_usleep(0);
    double bytes = (bench_memory() - before) / (double)count;
    if (awake > 0)
        return fprintf(stderr, "sleepers: some awoke before all slept\n"), 1;
    st_cond_wait(all_awake);
    bench_report("sleepers_bytes", bytes, "bytes");
    bench_report("sleepers_time", bench_now() - start - (double)seconds, "s");
    bench_report("sleepers_cpu", bench_cpu(), "s");
    return 0;
}

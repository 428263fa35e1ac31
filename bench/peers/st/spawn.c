/* State Threads: create and join, one at a time and in batches. */
#include "bench.h"

#include <st.h>

#define BATCH 10000

static long ran;

static void *nothing(void *arg)
{
    ran++;
    return arg;
}

static void spawn_batches(long count, int batch)
{
    static st_thread_t threads[BATCH];

    for (long done = 0; done < count; done += batch) {
        for (int i = 0; i < batch; i++)
            threads[i] = st_thread_create(nothing, NULL, 1, 16384);
        for (int i = 0; i < batch; i++)
            st_thread_join(threads[i], NULL);
    }
}

static void measure(const char *name, long count, int batch)
{
    double start = bench_cpu();

    spawn_batches(count, batch);
    bench_report(name, (bench_cpu() - start) / (double)count * 1e9, "ns");
}

int main(int argc, char **argv)
{
    long count = bench_arg(argc, argv, 1, 2000000);

    st_init();
    spawn_batches(BATCH, BATCH);
    measure("spawn", count, 1);
    measure("spawn_batch", count, BATCH);
    return ran != 2 * count + BATCH;
}

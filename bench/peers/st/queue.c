/* State Threads has no queue: a ring and two conditions instead. */
#include "bench.h"

#include <st.h>

static long ring[1024], capacity, filled, head, count, sum;
static st_cond_t not_empty, not_full;

static void *producer(void *arg)
{
    for (long i = 0; i < count; i++) {
        while (filled == capacity)
            st_cond_wait(not_full);
        ring[(head + filled++) & (capacity - 1)] = i;
        st_cond_signal(not_empty);
    }
    return arg;
}

static void *consumer(void *arg)
{
    for (long i = 0; i < count; i++) {
        while (filled == 0)
            st_cond_wait(not_empty);
        sum += ring[head];
        head = (head + 1) & (capacity - 1);
        filled--;
        st_cond_signal(not_full);
    }
    return arg;
}

static void measure(const char *name, long size)
{
    capacity = size;
    double start = bench_cpu();
    st_thread_t a = st_thread_create(producer, NULL, 1, 0);
    st_thread_t b = st_thread_create(consumer, NULL, 1, 0);
    st_thread_join(a, NULL);
    st_thread_join(b, NULL);
    bench_report(name, (bench_cpu() - start) / (double)count * 1e9, "ns");
}

int main(int argc, char **argv)
{
    count = bench_arg(argc, argv, 1, 5000000);
    st_init();
    not_empty = st_cond_new();
    not_full = st_cond_new();
    measure("queue_1", 1);
    measure("queue_1024", 1024);
    return sum != count * (count - 1);
}

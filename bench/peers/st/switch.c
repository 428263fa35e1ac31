/* State Threads has no yield: two threads hand over to each other by conditions. */
#include "bench.h"

#include <st.h>

static st_cond_t turn[2];
static long count;

static void *player(void *arg)
{
    int me = arg != NULL;

    for (long i = 0; i < count / 2; i++) {
        st_cond_signal(turn[!me]);
        st_cond_wait(turn[me]);
    }
    st_cond_signal(turn[!me]);
    return NULL;
}

int main(int argc, char **argv)
{
    count = bench_arg(argc, argv, 1, 10000000);
    st_init();
    turn[0] = st_cond_new();
    turn[1] = st_cond_new();
    double start = bench_cpu();
    st_thread_t a = st_thread_create(player, NULL, 1, 0);
    st_thread_t b = st_thread_create(player, turn, 1, 0);
    st_thread_join(a, NULL);
    st_thread_join(b, NULL);
    bench_report("switch", (bench_cpu() - start) / (double)count * 1e9, "ns");
    return 0;
}

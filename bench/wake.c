/* wake.c - round trip from a thread to a loop on another CPU and back: a threadsafe call there, a
 * semaphore back. */
#include "bench.h"

#include <eddy.h>
#include <pthread.h>
#include <semaphore.h>

static eddy_loop *loop;
static sem_t answered;
static long rounds;

static int answer(void *unused)
{
    (void)unused;
    sem_post(&answered);
    return 0;
}

static int stop(void *unused)
{
    (void)unused;
    eddy_loop_stop(loop);
    return 0;
}

static void *thread(void *unused)
{
    bench_pin(1);
    double start = bench_now();
    for (long i = 0; i < rounds; i++) {
        eddy_loop_call_soon_threadsafe(loop, answer, NULL);
        sem_wait(&answered);
    }
    bench_report("wake", (bench_now() - start) / (double)rounds * 1e6, "us");
    eddy_loop_call_soon_threadsafe(loop, stop, NULL);
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t other;

    rounds = bench_arg(argc, argv, 1, 20000);
    sem_init(&answered, 0, 0);
    bench_pin(0);
    loop = eddy_loop_open();
    if (!loop || pthread_create(&other, NULL, thread, NULL) != 0)
        return 1;
    eddy_loop_run_forever(loop);
    pthread_join(other, NULL);
    eddy_loop_close(loop);
    return 0;
}

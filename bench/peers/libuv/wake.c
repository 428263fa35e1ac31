/* Round trip from a thread to a libuv loop on another CPU and back. */
#include "bench.h"

#include <semaphore.h>
#include <uv.h>

static uv_async_t bell;
static sem_t answered;
static long rounds;

static void on_bell(uv_async_t *async)
{
    (void)async;
    sem_post(&answered);
}

static void thread(void *unused)
{
    (void)unused;
    bench_pin(1);
    double start = bench_now();
    for (long i = 0; i < rounds; i++) {
        uv_async_send(&bell);
        sem_wait(&answered);
    }
    bench_report("wake", (bench_now() - start) / (double)rounds * 1e6, "us");
    exit(0);
}

int main(int argc, char **argv)
{
    uv_thread_t other;

    rounds = bench_arg(argc, argv, 1, 20000);
    sem_init(&answered, 0, 0);
    uv_async_init(uv_default_loop(), &bell, on_bell);
    bench_pin(0);
    uv_thread_create(&other, thread, NULL);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

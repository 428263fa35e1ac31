/* echo.c - a TCP echo server: a task for each connection.
 *
 * echo PORT [LOOPS [WORK]] prints "ready PORT" and serves until it is terminated; bench/run does
 * the rest. With LOOPS each has its share of the connections; WORK is how many microseconds of
 * processor time each request takes besides. */
#include "bench.h"

#include <eddy.h>
#include <math.h>
#include <stdatomic.h>

static atomic_int port;
static atomic_uint serving; /* loops */
static long spins;          /* of WORK */

static void spin(long n)
{
    for (volatile long i = 0; i < n; i++)
        ;
}

/* How often to spin for so long: the best of ten, for others may be at work here. */
static long calibrate(double microseconds)
{
    const long sample = 100000;
    double best = INFINITY;

    for (int i = 0; i < 10; i++) {
        double start = bench_cpu();

        spin(sample);
        best = fmin(best, bench_cpu() - start);
    }
    return (long)((double)sample * microseconds * 1e-6 / best);
}

static int echo(eddy_stream *peer)
{
    char buffer[32768];
    ssize_t n;

    while ((n = eddy_try(eddy_read(peer, buffer, sizeof buffer))) > 0) {
        spin(spins);
        eddy_try(eddy_write(peer, buffer, (size_t)n));
    }
    return 0;
}

static int serve(void)
{
    while (eddy_loop_index() > 0 && !atomic_load(&port))
        eddy_try(eddy_sleep(0.001));
    eddy_auto(eddy_server) *server =
        eddy_try(eddy_server_open(echo, .host = "127.0.0.1", .port = atomic_load(&port),
                                  .backlog = 1024, .reuse_port = eddy_loop_count() > 1));

    atomic_store(&port, eddy_server_port(server));
    if (atomic_fetch_add(&serving, 1) + 1 == eddy_loop_count()) {
        printf("ready %d\n", eddy_server_port(server));
        fflush(stdout);
    }
    return eddy_sleep(INFINITY);
}
EDDY_CORO(serve)

int main(int argc, char **argv)
{
    atomic_store(&port, (int)bench_arg(argc, argv, 1, 7000));
    spins = calibrate((double)bench_arg(argc, argv, 3, 0));
    return eddy_run(serve_coro(), .loops = (int)bench_arg(argc, argv, 2, 1)) < 0;
}

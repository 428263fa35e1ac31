/* process.c - /bin/true is started and awaited, one at a time and 16 at once. Wall-clock time.
 *
 * process [COUNT] */
#include "bench.h"

#include <eddy.h>

enum { AT_ONCE = 16 };

static int start_some(long count)
{
    static const char *const argv[] = {"/bin/true", NULL};

    for (long i = 0; i < count; i++) {
        eddy_auto(eddy_process) *child = eddy_try(eddy_process_open(argv));
        eddy_try(eddy_process_wait(child, NULL));
    }
    return 0;
}
EDDY_CORO(start_some, long)

static int measure(const char *name, long count, int at_once)
{
    eddy_coro starters[AT_ONCE];

    for (int i = 0; i < at_once; i++)
        starters[i] = start_some_coro(count / at_once);
    double start = bench_now();
    eddy_try(eddy_gather_n(starters, (size_t)at_once));
    bench_report(name, (bench_now() - start) / (double)(count / at_once * at_once) * 1e3, "ms");
    return 0;
}

static int both(long count)
{
    eddy_try(start_some(10));
    eddy_try(measure("process_1", count, 1));
    return measure("process_16", count, AT_ONCE);
}
EDDY_CORO(both, long)

int main(int argc, char **argv)
{
    return eddy_run(both_coro(bench_arg(argc, argv, 1, 1000))) < 0;
}

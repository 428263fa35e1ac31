/* channel.c - what an item costs on its way through a channel, of one place and of 1,024: in one
 * loop, and from one loop to another; and a coroutine's round trip to another loop.
 *
 * In one loop it is CPU time, as for a queue; between two loops it is time that passes, for they
 * share the work, and the CPU time of both. */
#include "bench.h"

#include <eddy.h>

struct exchange {
    const char *name;
    eddy_channel *channel;
    long count;
};

static int sends(struct exchange *x)
{
    for (long i = 0; i < x->count; i++)
        eddy_try(eddy_channel_send(x->channel, &i));
    return 0;
}
EDDY_CORO(sends, struct exchange *)

static int receives(struct exchange *x)
{
    long sum = 0, item;

    for (long i = 0; i < x->count; i++) {
        eddy_try(eddy_channel_receive(x->channel, &item));
        sum += item;
    }
    return sum == x->count * (x->count - 1) / 2 ? 0 : eddy_raise(EDDY_ERANGE, "items were lost");
}
EDDY_CORO(receives, struct exchange *)

static int in_one_loop(struct exchange *x)
{
    double start = bench_cpu();

    eddy_try(eddy_gather(sends_coro(x), receives_coro(x)));
    bench_report(x->name, (bench_cpu() - start) / (double)x->count * 1e9, "ns");
    return 0;
}
EDDY_CORO(in_one_loop, struct exchange *)

static int in_two_loops(struct exchange *x)
{
    bench_pin(eddy_loop_index());
    if (eddy_loop_index() == 1)
        return sends(x);
    double start = bench_now(), cpu = bench_cpu();
    char name[64];
    eddy_try(receives(x));
    bench_report(x->name, (bench_now() - start) / (double)x->count * 1e9, "ns");
    snprintf(name, sizeof name, "%s_cpu", x->name);
    bench_report(name, (bench_cpu() - cpu) / (double)x->count * 1e9, "ns");
    return 0;
}
EDDY_CORO(in_two_loops, struct exchange *)

static int nothing(void)
{
    return 0;
}
EDDY_CORO(nothing)

static int calls(long rounds)
{
    bench_pin(eddy_loop_index());
    if (eddy_loop_index() == 1)
        return 0;
    double start = bench_now();
    for (long i = 0; i < rounds; i++)
        eddy_try(eddy_to_loop(eddy_loop_at(1), nothing_coro()));
    bench_report("to_loop", (bench_now() - start) / (double)rounds * 1e6, "us");
    return 0;
}
EDDY_CORO(calls, long)

static int exchange(const char *name, size_t capacity, long count, int loops)
{
    struct exchange x = {name, eddy_channel_open(sizeof(long), capacity), count};

    if (!x.channel)
        return -1;
    int r =
        loops == 1 ? eddy_run(in_one_loop_coro(&x)) : eddy_run(in_two_loops_coro(&x), .loops = 2);
    eddy_channel_close(x.channel);
    return r;
}

int main(int argc, char **argv)
{
    long count = bench_arg(argc, argv, 1, 5000000);

    return exchange("channel_1", 1, count, 1) < 0 || exchange("channel_1024", 1024, count, 1) < 0 ||
           exchange("channel_1_loops", 1, count / 20, 2) < 0 ||
           exchange("channel_1024_loops", 1024, count, 2) < 0 ||
           eddy_run(calls_coro(20000), .loops = 2) < 0;
}

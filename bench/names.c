/* names.c - host names are looked up: localhost; names that nobody has asked for, 64 at once; one
 * that is known already. Wall-clock time.
 *
 * names DNS_PORT [COUNT] */
#include "bench.h"

#include <eddy.h>

enum { AT_ONCE = 64 };

static int look_up(const char *host)
{
    eddy_address addresses[4];
    int n = eddy_try(eddy_getaddrinfo(host, 0, addresses, 4));

    return n > 0 ? 0 : eddy_raise(EDDY_ENAME, "%s has no address", host);
}

static int same(const char *host, long count)
{
    for (long i = 0; i < count; i++)
        eddy_try(look_up(host));
    return 0;
}

static int others(long *left)
{
    char host[64];

    while (*left > 0) {
        snprintf(host, sizeof host, "n%ld.bench.example", --*left);
        eddy_try(look_up(host));
    }
    return 0;
}
EDDY_CORO(others, long *)

static int others_at_once(long count)
{
    eddy_coro askers[AT_ONCE];

    for (int i = 0; i < AT_ONCE; i++)
        askers[i] = others_coro(&count);
    return eddy_gather_n(askers, AT_ONCE);
}

static void report(const char *name, double start, long count)
{
    bench_report(name, (bench_now() - start) / (double)count * 1e6, "us");
}

static int measure(long port, long count)
{
    char server[32];

    snprintf(server, sizeof server, "127.0.0.1:%ld", port);
    eddy_try(eddy_loop_set_resolver(eddy_loop_running(), .servers = server));
    double start = bench_now();
    eddy_try(same("localhost", count));
    report("names_local", start, count);
    start = bench_now();
    eddy_try(others_at_once(count));
    report("names_dns", start, count);
    eddy_try(look_up("cached.bench.example"));
    start = bench_now();
    eddy_try(same("cached.bench.example", count));
    report("names_cached", start, count);
    return 0;
}
EDDY_CORO(measure, long, long)

int main(int argc, char **argv)
{
    long port = bench_arg(argc, argv, 1, 53), count = bench_arg(argc, argv, 2, 20000);

    return eddy_run(measure_coro(port, count)) < 0;
}

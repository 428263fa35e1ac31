/* primes.c - counts the primes below a number, in as many processes as there are cores:
 * primes [LIMIT] */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>

enum { PARTS = 1000 };

struct range {
    long from, to;
};

static bool is_prime(long n)
{
    for (long i = 2; i * i <= n; i++)
        if (n % i == 0)
            return false;
    return n > 1;
}

/* Runs in a worker, with copies of both. */
static int count_primes(const void *item, void *result)
{
    const struct range *range = item;
    long *count = result;

    for (long n = range->from; n < range->to; n++)
        *count += is_prime(n);
    return 0;
}

static int count_all(long limit)
{
    struct range ranges[PARTS];
    long counts[PARTS], sum = 0;
    eddy_auto(eddy_pool) *pool = eddy_try(eddy_process_pool_open());

    for (long i = 0; i < PARTS; i++)
        ranges[i] = (struct range){limit * i / PARTS, limit * (i + 1) / PARTS};
    eddy_try(eddy_pool_map(pool, count_primes, ranges, PARTS, sizeof *ranges, .results = counts,
                           .result_size = sizeof *counts));
    for (int i = 0; i < PARTS; i++)
        sum += counts[i];
    printf("%ld primes below %ld\n", sum, limit);
    return 0;
}
EDDY_CORO(count_all, long)

int main(int argc, char **argv)
{
    char *end = NULL;
    long limit = argc > 1 ? strtol(argv[1], &end, 10) : 2000000;

    if (end && *end) {
        fprintf(stderr, "usage: primes [LIMIT]\n");
        return 2;
    }
    return eddy_run(count_all_coro(limit)) < 0;
}

/* The same three requests one after the other, blocking, and then together in one thread. A result
 * goes to storage of the caller. */
#include "tour.h"
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { URLS = 3 };
static const char *const urls[URLS] = {"url1", "url2", "url3"};
static const int delays[URLS] = {1, 2, 1};

static void sync_fetch_data(const char *url, int delay, struct text *data)
{
    printf("Sync: Fetching from %s\n", url);
    sleep((unsigned)delay); /* the whole thread stands still */
    printf("Sync: Finished fetching from %s\n", url);
    text_set(data, "Data from %s", url);
}

static double wall_clock(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void sync_fetch_all(struct text results[URLS])
{
    double start = wall_clock();

    for (int i = 0; i < URLS; i++)
        sync_fetch_data(urls[i], delays[i], &results[i]);
    printf("Sync total time: %.2fs\n", wall_clock() - start);
}

static int async_fetch_data(const char *url, int delay, struct text *data)
{
    printf("Async: Fetching from %s\n", url);
    eddy_try(eddy_sleep(delay)); /* only this coroutine waits */
    printf("Async: Finished fetching from %s\n", url);
    text_set(data, "Data from %s", url);
    return 0;
}
EDDY_CORO(async_fetch_data, const char *, int, struct text *)

static int async_fetch_all(struct text *results)
{
    double start = eddy_time();
    eddy_coro fetches[URLS];

    for (int i = 0; i < URLS; i++)
        fetches[i] = async_fetch_data_coro(urls[i], delays[i], &results[i]);
    eddy_try(eddy_gather_n(fetches, URLS));
    printf("Async total time: %.2fs\n", eddy_time() - start);
    return 0;
}
EDDY_CORO(async_fetch_all, struct text *)

int main(void)
{
    struct text sync_results[URLS] = {0};
    struct text async_results[URLS] = {0};
    bool equal = true;

    printf("=== Synchronous vs Asynchronous ===\n");
    printf("Running synchronous version:\n");
    sync_fetch_all(sync_results);
    printf("\nRunning asynchronous version:\n");
    if (eddy_run(async_fetch_all_coro(async_results)) < 0)
        return 1;
    for (int i = 0; i < URLS; i++)
        equal = equal && strcmp(sync_results[i].s, async_results[i].s) == 0;
    printf("\nResults equal: %s\n", truth(equal));
    return 0;
}

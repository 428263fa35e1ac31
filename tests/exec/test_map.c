/* test_map.c - T4: a function applied to an array of items in a pool. */
#include "task/reports.h"

#include "exec/exec.h"
#include <eddy/gather.h>
#include <eddy/pool.h>
#include <eddy/thread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>

enum { MANY = 1000 };

static eddy_pool *open_pool(bool processes)
{
    eddy_pool *pool =
        processes ? eddy_process_pool_open(.workers = 2) : eddy_thread_pool_open(.threads = 2);

    CHECK(pool);
    return pool;
}

static int squares(const void *item, void *result)
{
    int n = *(const int *)item;

    CHECK_INT(*(long *)result, 0);
    *(long *)result = (long)n * n;
    return n % 7;
}

static void fill(int *items, int n)
{
    for (int i = 0; i < n; i++)
        items[i] = i + 1;
}

TEST(T4_map_gives_results_in_order)
{
    static const size_t chunks[] = {0, 1, 3, 64, 5000};
    int items[MANY];

    fill(items, MANY);
    for (int processes = 0; processes < 2; processes++) {
        eddy_auto(eddy_pool) *pool = open_pool(processes);

        for (size_t k = 0; k < count_of(chunks); k++) {
            long results[MANY] = {0};

            CHECK_OK(eddy_pool_map(pool, squares, items, MANY, sizeof *items, .results = results,
                                   .result_size = sizeof *results, .chunk = chunks[k]));
            for (int i = 0; i < MANY; i++)
                CHECK_INT(results[i], (long)items[i] * items[i]);
        }
        CHECK_INT(eddy_pool_map(pool, squares, NULL, 0, sizeof *items), 0);
    }
}

/* ---- chunks ---- */

static int notes_worker(const void *item, void *result)
{
    (void)item;
    *(pid_t *)result = getpid();
    return 0;
}

/* With one worker that does one job, the process tells the chunk. */
static int count_chunks(eddy_pool *pool, size_t n, size_t chunk)
{
    pid_t pids[100];
    char items[100] = "";
    int count = 1;

    CHECK_OK(eddy_pool_map(pool, notes_worker, items, n, 1, .results = pids,
                           .result_size = sizeof *pids, .chunk = chunk));
    for (size_t i = 1; i < n; i++)
        count += pids[i] != pids[i - 1];
    return count;
}

TEST(T4_map_sends_items_in_chunks)
{
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1, .jobs_per_worker = 1);
    eddy_auto(eddy_pool) *small =
        eddy_process_pool_open(.workers = 1, .jobs_per_worker = 1, .data_max = 200);

    CHECK_INT(count_chunks(pool, 40, 0), 4);
    CHECK_INT(count_chunks(pool, 40, 1), 40);
    CHECK_INT(count_chunks(pool, 40, 15), 3);
    CHECK_INT(count_chunks(pool, 100, 1000), 1);
    CHECK(count_chunks(small, 100, 1000) > 4); /* bounded by .data_max */
}

struct page {
    char text[4096];
};

static int shouts(const void *item, void *result)
{
    const struct page *in = item;
    struct page *out = result;

    for (size_t i = 0; i < sizeof in->text; i++)
        out->text[i] = (char)(in->text[i] - 32);
    return 0;
}

TEST(T4_map_in_place_of_large_items)
{
    enum { PAGES = 600 };
    struct page *pages = malloc(PAGES * sizeof *pages);

    for (int processes = 0; processes < 2; processes++) {
        eddy_auto(eddy_pool) *pool = open_pool(processes);

        for (int i = 0; i < PAGES; i++)
            memset(&pages[i], 'a' + i % 26, sizeof *pages);
        CHECK_OK(eddy_pool_map(pool, shouts, pages, PAGES, sizeof *pages, .results = pages,
                               .result_size = sizeof *pages, .chunk = PAGES));
        for (int i = 0; i < PAGES; i++) {
            CHECK_INT(pages[i].text[0], 'A' + i % 26);
            CHECK_INT(pages[i].text[4095], 'A' + i % 26);
        }
    }
    free(pages);
}

TEST(T4_map_refuses_nonsense)
{
    int items[2] = {1, 2};
    long results[2];
    eddy_auto(eddy_pool) *pool = eddy_thread_pool_open(.threads = 1);
    eddy_auto(eddy_pool) *small = eddy_process_pool_open(.workers = 1, .data_max = 100);

    CHECK_INT(eddy_pool_map(NULL, squares, items, 2, sizeof *items), EDDY_EINVAL);
    CHECK_INT(eddy_pool_map(pool, NULL, items, 2, sizeof *items), EDDY_EINVAL);
    CHECK_INT(eddy_pool_map(pool, squares, NULL, 2, sizeof *items), EDDY_EINVAL);
    CHECK_INT(eddy_pool_map(pool, squares, items, 2, 0), EDDY_EINVAL);
    CHECK_INT(eddy_pool_map(pool, squares, items, 2, sizeof *items, .results = results),
              EDDY_EINVAL);
    CHECK_STR(last_message(), ".results and .result_size go together");
    CHECK_INT(eddy_pool_map(small, squares, items, 2, 100), EDDY_EMSGSIZE);
    CHECK_CONTAINS(last_message(), "of .data_max, which is 100");
}

/* ---- failures ---- */

static int fails_at(const void *item, void *result)
{
    int n = *(const int *)item;

    if (result)
        *(long *)result = n;
    if (n == 13)
        return eddy_raise(EDDY_EUSER - 4, "unlucky number %d", n);
    if (n == 15)
        kill(getpid(), SIGKILL);
    return n;
}

/* Of the chunk that failed there are the results before; others may have been cancelled. */
TEST(T4_map_failure_is_raised_with_its_index)
{
    int items[MANY];

    fill(items, MANY);
    for (int processes = 0; processes < 2; processes++)
        for (size_t chunk = 0; chunk < 8; chunk += 7) {
            long results[MANY] = {0};
            eddy_auto(eddy_pool) *pool = open_pool(processes);
            int r = eddy_pool_map(pool, fails_at, items, 14, sizeof *items, .results = results,
                                  .result_size = sizeof *results, .chunk = chunk);

            CHECK_INT(r, EDDY_EUSER - 4);
            CHECK_STR(last_message(), "item 12: unlucky number 13");
            CHECK_STR(eddy_error_place(eddy_last_error())->function, "fails_at");
            CHECK_PTR(eddy_error_next(eddy_last_error()), NULL);
            CHECK(results[0] == 1 || results[0] == 0);
            CHECK(results[11] == 12 || (results[11] == 0 && chunk == 0));
            CHECK_INT(pool->refs, 1);
        }
}

struct counted {
    atomic_int *runs; /* in memory that the workers share */
    int n;
};

static int counts(const void *item, void *result)
{
    const struct counted *it = item;

    (void)result;
    atomic_fetch_add(it->runs, 1);
    usleep(it->n == 5 ? 0 : 300);
    return it->n == 5 ? EDDY_EIO : 0;
}

TEST(T4_map_failure_ends_the_others)
{
    atomic_int *runs = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct counted items[MANY];

    CHECK(runs != MAP_FAILED);
    for (int i = 0; i < MANY; i++)
        items[i] = (struct counted){runs, i};
    for (int processes = 0; processes < 2; processes++) {
        eddy_auto(eddy_pool) *pool = open_pool(processes);

        atomic_store(runs, 0);
        CHECK_INT(eddy_pool_map(pool, counts, items, MANY, sizeof *items, .chunk = 2), EDDY_EIO);
        CHECK_CONTAINS(last_message(), "item 5: ");
        CHECK(atomic_load(runs) < MANY / 2);
    }
    munmap(runs, 4096);
}

TEST(T4_map_collects_every_status)
{
    int items[14], statuses[14];

    fill(items, 14);
    for (int processes = 0; processes < 2; processes++) {
        eddy_auto(eddy_pool) *pool = open_pool(processes);

        CHECK_INT(eddy_pool_map(pool, fails_at, items, 14, sizeof *items, .statuses = statuses,
                                .chunk = 4),
                  0);
        for (int i = 0; i < 14; i++)
            CHECK_INT(statuses[i], i == 12 ? EDDY_EUSER - 4 : i + 1);
        CHECK_PTR(eddy_last_error(), NULL);
    }
}

/* ---- T3: workers that die ---- */

TEST(T4_map_names_the_item_that_killed_its_worker)
{
    int items[MANY];

    fill(items, MANY);
    items[12] = 0;
    eddy_auto(eddy_pool) *pool = open_pool(true);
    CHECK_INT(eddy_pool_map(pool, fails_at, items, 40, sizeof *items, .chunk = 20), EDDY_EBROKEN);
    CHECK_STR(last_message(), "item 14: the worker was killed by signal 9 (Killed)");
}

TEST(T4_map_dead_worker_fails_its_chunk_only)
{
    int items[40], statuses[40];
    long results[40] = {0};

    fill(items, 40);
    eddy_auto(eddy_pool) *pool = open_pool(true);
    CHECK_INT(eddy_pool_map(pool, fails_at, items, 40, sizeof *items, .statuses = statuses,
                            .results = results, .result_size = sizeof *results, .chunk = 10),
              0);
    for (int i = 0; i < 40; i++) {
        bool died = i >= 14 && i < 20;

        CHECK_INT(statuses[i], i == 12 ? EDDY_EUSER - 4 : died ? EDDY_EBROKEN : i + 1);
        CHECK_INT(results[i], died ? 0 : i + 1);
    }
}

/* What a worker leaves that has gone astray is not believed. */
static int scribbles(const void *item, void *result)
{
    (void)result;
    memset((char *)(uintptr_t)item - 64, 0xff, 64); /* what lies before the items */
    kill(getpid(), SIGKILL);
    return 0;
}

TEST(T4_map_worker_that_destroys_its_chunk)
{
    int items[8], statuses[8];
    long results[8] = {0};

    fill(items, 8);
    eddy_auto(eddy_pool) *pool = open_pool(true);
    CHECK_INT(eddy_pool_map(pool, scribbles, items, 8, sizeof *items, .chunk = 4), EDDY_EBROKEN);
    CHECK_INT(eddy_pool_map(pool, scribbles, items, 8, sizeof *items, .results = results,
                            .result_size = sizeof *results, .statuses = statuses, .chunk = 4),
              0);
}

/* ---- T1, T2: cancelling and closing ---- */

static int naps(const void *item, void *result)
{
    (void)item, (void)result;
    while (!eddy_thread_cancelled())
        usleep(100);
    return 0;
}

static int maps_naps(eddy_pool *pool, int *statuses)
{
    char items[100] = "";

    return eddy_pool_map(pool, naps, items, sizeof items, 1, .statuses = statuses);
}
EDDY_CORO(maps_naps, eddy_pool *, int *)

TEST(T4_map_cancelled_ends_what_runs)
{
    int statuses[100];

    for (int processes = 0; processes < 2; processes++) {
        eddy_auto(eddy_pool) *pool = open_pool(processes);
        int r = 0;

        eddy_timeout(0.01)
            r = maps_naps(pool, NULL);
        CHECK_INT(r, EDDY_ETIMEDOUT);
        eddy_timeout(0.01)
            r = maps_naps(pool, statuses);
        CHECK_INT(r, EDDY_ETIMEDOUT);
        CHECK_INT(statuses[0], EDDY_ECANCELED);
        CHECK_INT(statuses[99], EDDY_ECANCELED);
        CHECK_INT(pool->refs, 1);
    }
}

TEST(T4_map_whose_pool_is_closed)
{
    int statuses[100];

    for (int processes = 0; processes < 2; processes++) {
        eddy_pool *pool = open_pool(processes);
        eddy_auto(eddy_task) *one = eddy_create_task(maps_naps_coro(pool, NULL));
        eddy_auto(eddy_task) *two = eddy_create_task(maps_naps_coro(pool, statuses));

        CHECK_OK(eddy_sleep(0.01));
        eddy_pool_close(pool);
        CHECK_INT(eddy_await(one), EDDY_ECLOSED);
        CHECK_INT(eddy_await(two), 0);
        CHECK_INT(statuses[99], EDDY_ECLOSED);
    }
}

/* ---- all at once, with one thing going wrong ---- */

static int scenario(bool processes)
{
    int items[9], statuses[9];
    long results[9] = {0};
    eddy_auto(eddy_pool) *pool = eddy_try(processes ? eddy_process_pool_open(.workers = 1)
                                                    : eddy_thread_pool_open(.threads = 1));

    fill(items, 9);
    eddy_try(eddy_pool_map(pool, squares, items, 9, sizeof *items, .results = results,
                           .result_size = sizeof *results, .chunk = 4));
    CHECK_INT(results[8], 81);
    return eddy_pool_map(pool, squares, items, 9, sizeof *items, .statuses = statuses,
                         .results = results, .result_size = sizeof *results, .chunk = 4);
}

SWEEP(map_in_threads_cancelled_anywhere)
{
    return scenario(false);
}

SWEEP(map_in_processes_cancelled_anywhere)
{
    return scenario(true);
}

TORTURE(map_in_threads_without_memory)
{
    return scenario(false);
}

TORTURE(map_in_processes_without_memory)
{
    return scenario(true);
}

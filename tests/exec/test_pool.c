/* test_pool.c - T1, T2: pools of threads. */
#include "closing.h"
#include "task/reports.h"

#include "exec/exec.h"
#include <eddy/gather.h>
#include <eddy/pool.h>
#include <eddy/thread.h>
#include <semaphore.h>

static struct reports reports;
static sem_t gate;
static atomic_int began, ended, saw_cancelled, at_once, most;

static int adds(int a, int b, int *sum)
{
    CHECK(!eddy_thread_cancelled());
    *sum = a + b;
    return 1;
}
EDDY_CORO(adds, int, int, int *)

TEST(pool_runs_a_job_in_a_thread)
{
    int sum = 0;
    eddy_auto(eddy_pool) *pool = eddy_thread_pool_open(.threads = 2);

    CHECK_INT(eddy_pool_run(pool, adds_coro(3, 4, &sum)), 1);
    CHECK_INT(sum, 7);
    sum = 0;
    CHECK_INT(eddy_pool_run(pool, adds_coro(4, 4, &sum), .data = &sum, .size = sizeof sum), 1);
    CHECK_INT(sum, 8);
}

static int names_itself(char *name)
{
    pthread_getname_np(pthread_self(), name, 16);
    return 0;
}
EDDY_CORO(names_itself, char *)

TEST(pool_threads_have_its_name)
{
    char name[16];
    eddy_auto(eddy_pool) *pool = eddy_thread_pool_open(.name = "disk");
    eddy_auto(eddy_pool) *other = eddy_thread_pool_open();

    CHECK_OK(eddy_pool_run(pool, names_itself_coro(name), .data = name, .size = sizeof name));
    CHECK_STR(name, "disk");
    CHECK_OK(eddy_pool_run(other, names_itself_coro(name), .data = name, .size = sizeof name));
    CHECK_STR(name, "eddy-pool");
}

static int breaks(int code)
{
    return eddy_raise(code, "the disk is %s", "full");
}
EDDY_CORO(breaks, int)

TEST(pool_failure_comes_along_with_its_record)
{
    eddy_auto(eddy_pool) *pool = eddy_thread_pool_open(.threads = 1);

    CHECK_INT(eddy_pool_run(pool, breaks_coro(EDDY_EUSER - 4)), EDDY_EUSER - 4);
    CHECK_STR(last_message(), "the disk is full");
    CHECK_STR(eddy_error_place(eddy_last_error())->function, "breaks");
}

/* ---- what is refused ---- */

TEST_PLAIN(pool_needs_a_loop)
{
    CHECK_PTR(eddy_thread_pool_open(), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ELOOP);
    eddy_error_clear();
}

TEST(pool_refuses_nonsense)
{
    int sum = 0, other = 0;
    eddy_auto(eddy_pool) *pool = eddy_thread_pool_open();

    CHECK_INT(eddy_pool_run(NULL, adds_coro(1, 2, &sum)), EDDY_EINVAL);
    CHECK_INT(eddy_pool_run(pool, adds_coro(1, 2, &sum), .data = &other, .size = sizeof other),
              EDDY_EINVAL);
    CHECK_STR(last_message(), "no argument of adds is .data");
    CHECK_INT(sum, 0);
    eddy_pool_close(NULL);
}

/* ---- the bound ---- */

static int counts(void)
{
    int n = atomic_fetch_add(&at_once, 1) + 1;

    if (n > atomic_load(&most))
        atomic_store(&most, n);
    usleep(1000);
    atomic_fetch_sub(&at_once, 1);
    return 0;
}
EDDY_CORO(counts)

static int counts_in(eddy_pool *pool)
{
    return eddy_pool_run(pool, counts_coro());
}
EDDY_CORO(counts_in, eddy_pool *)

TEST(pool_bounds_its_threads_and_its_queue)
{
    enum { JOBS = 20 };
    eddy_coro coros[JOBS];
    eddy_auto(eddy_pool) *pool = eddy_thread_pool_open(.threads = 2, .queue = 1);

    CHECK_INT(pool->permits, 3);
    for (int i = 0; i < JOBS; i++)
        coros[i] = counts_in_coro(pool);
    CHECK_OK(eddy_gather_n(coros, JOBS));
    CHECK(most <= 2);
    CHECK_INT(pool->permits, 3);
}

/* ---- T1: cancelling ---- */

static int waits_at_the_gate(int status, int *result)
{
    atomic_fetch_add(&began, 1);
    while (sem_wait(&gate) < 0)
        continue;
    if (eddy_thread_cancelled())
        atomic_fetch_add(&saw_cancelled, 1);
    *result = 42;
    atomic_fetch_add(&ended, 1);
    return status;
}
EDDY_CORO(waits_at_the_gate, int, int *)

static int gate_in(eddy_pool *pool, int status)
{
    int result = 0;

    int r = eddy_pool_run(pool, waits_at_the_gate_coro(status, &result), .data = &result,
                          .size = sizeof result);
    CHECK_INT(result, r < 0 ? 0 : 42);
    return r;
}
EDDY_CORO(gate_in, eddy_pool *, int)

static void await_count(const atomic_int *count, int n)
{
    while (atomic_load(count) < n)
        CHECK_OK(eddy_sleep(0.001));
}

TEST(T1_pool_job_cancelled_while_queued_never_runs)
{
    NEEDS_ORDER();
    sem_init(&gate, 0, 0);
    for (unsigned queue = 0; queue < 3; queue++) {
        eddy_auto(eddy_pool) *pool = eddy_thread_pool_open(.threads = 1, .queue = queue);
        eddy_auto(eddy_task) *first = eddy_create_task(gate_in_coro(pool, 1));
        eddy_auto(eddy_task) *second = eddy_create_task(gate_in_coro(pool, 2));
        eddy_auto(eddy_task) *third = eddy_create_task(gate_in_coro(pool, 3));

        await_count(&began, 1 + 2 * (int)queue);
        eddy_cancel(second);
        CHECK_INT(eddy_await(second), EDDY_ECANCELED);
        sem_post(&gate);
        sem_post(&gate);
        CHECK_INT(eddy_await(first), 1);
        CHECK_INT(eddy_await(third), 3);
        CHECK_INT(began, 2 + 2 * (int)queue);
    }
}

TEST(T1_pool_job_that_runs_is_abandoned_and_owns_its_data)
{
    sem_init(&gate, 0, 0);
    eddy_auto(eddy_pool) *pool = eddy_thread_pool_open(.threads = 1);
    eddy_auto(eddy_task) *task = eddy_create_task(gate_in_coro(pool, 0));

    await_count(&began, 1);
    eddy_cancel(task);
    CHECK_INT(eddy_await(task), EDDY_ECANCELED);
    CHECK_INT(ended, 0);
    sem_post(&gate);
    await_count(&ended, 1);
    CHECK_INT(saw_cancelled, 1);
}

/* ---- T2: the end ---- */

static int opens_the_gate_later(double seconds)
{
    eddy_try(eddy_sleep(seconds));
    sem_post(&gate);
    return 0;
}
EDDY_CORO(opens_the_gate_later, double)

TEST(T2_close_waits_for_what_runs_and_drops_what_waits)
{
    NEEDS_ORDER();
    sem_init(&gate, 0, 0);
    reports_listen(&reports);
    eddy_auto(eddy_pool) *pool = eddy_thread_pool_open(.threads = 1, .queue = 1);
    eddy_auto(eddy_task) *running = eddy_create_task(gate_in_coro(pool, 6));
    eddy_auto(eddy_task) *queued = eddy_create_task(gate_in_coro(pool, 7));
    eddy_auto(eddy_task) *held_back = eddy_create_task(gate_in_coro(pool, 8));
    await_count(&began, 1);
    eddy_auto(eddy_task) *opener = eddy_create_task(opens_the_gate_later_coro(0.01));

    eddy_pool_close(eddy_take(pool));
    CHECK_INT(ended, 1);
    CHECK_INT(saw_cancelled, 1);
    CHECK_INT(eddy_await(running), 6);
    CHECK_INT(eddy_await(queued), EDDY_ECLOSED);
    CHECK_INT(eddy_await(held_back), EDDY_ECLOSED);
    CHECK_INT(began, 1);
    CHECK_INT(reports.count, 0);
    CHECK_OK(eddy_await(opener));
}

TEST_REAL(T2_close_is_bounded_and_names_the_stuck_job)
{
    sem_init(&gate, 0, 0);
    reports_listen(&reports);
    eddy_auto(eddy_pool) *pool = eddy_thread_pool_open(.threads = 2, .name = "slow", .grace = 0.02);
    eddy_auto(eddy_task) *task = eddy_create_task(gate_in_coro(pool, EDDY_EIO));
    await_count(&began, 1);
    double start = eddy_time();

    eddy_pool_close(eddy_take(pool));
    CHECK(eddy_time() - start > 0.02 - 1e-6);
    if (!test_is_watched())
        CHECK(eddy_time() - start < 1);
    CHECK_INT(reports.count, 1);
    CHECK_STR(reports.message,
              "thread pool slow was closed while its job waits_at_the_gate was stuck");
    CHECK_INT(eddy_await(task), EDDY_ECLOSED);
    sem_post(&gate); /* its late failure is heard of */
    for (int i = 0; i < 1000 && reports.count == 1; i++)
        CHECK_OK(eddy_sleep(0.001));
    CHECK_STR(reports.message, "a thread's job failed after its awaiter had gone");
}

TEST_REAL(T2_close_names_the_first_16_stuck_jobs)
{
    enum { JOBS = 17, NAMED = 16 };
    eddy_task *tasks[JOBS];

    sem_init(&gate, 0, 0);
    reports_listen(&reports);
    eddy_auto(eddy_pool) *pool = eddy_thread_pool_open(.threads = JOBS, .grace = 0.001);
    for (int i = 0; i < JOBS; i++)
        tasks[i] = eddy_create_task(gate_in_coro(pool, 0));
    await_count(&began, JOBS);
    eddy_pool_close(eddy_take(pool));
    CHECK_INT(reports.count, NAMED);
    for (int i = 0; i < JOBS; i++) {
        CHECK_INT(eddy_await(tasks[i]), EDDY_ECLOSED);
        eddy_detach(tasks[i]);
        sem_post(&gate);
    }
    await_count(&ended, JOBS);
    CHECK_INT(reports.count, NAMED);
}

/* What was computed (B7): a time that has passed, none, no limit. */
TEST_REAL(pool_B7_grace_that_was_computed)
{
    static const double none[] = {0, -0.0, -3, -INFINITY};

    sem_init(&gate, 0, 0);
    reports_listen(&reports);
    for (unsigned i = 0; i < count_of(none); i++) {
        eddy_auto(eddy_pool) *pool = eddy_thread_pool_open(.threads = 1);
        eddy_auto(eddy_task) *task = eddy_create_task(gate_in_coro(pool, 0));
        await_count(&began, (int)i + 1);
        CHECK_OK(eddy_pool_set_grace(pool, none[i]));
        double start = eddy_time();
        eddy_pool_close(eddy_take(pool));
        CHECK(test_is_watched() || eddy_time() - start < 4); /* the default is 5 */
        CHECK_INT(reports.count, (int)i + 1);
        CHECK_INT(eddy_await(task), EDDY_ECLOSED);
        sem_post(&gate);
        await_count(&ended, (int)i + 1);
    }
}

TEST(pool_B7_grace_without_a_limit)
{
    sem_init(&gate, 0, 0);
    reports_listen(&reports);
    eddy_auto(eddy_pool) *pool = eddy_thread_pool_open(.threads = 1, .grace = 1e-9);
    eddy_auto(eddy_task) *running = eddy_create_task(gate_in_coro(pool, 6));
    await_count(&began, 1);
    eddy_auto(eddy_task) *opener = eddy_create_task(opens_the_gate_later_coro(0.01));

    CHECK_OK(eddy_pool_set_grace(pool, INFINITY));
    eddy_pool_close(eddy_take(pool));
    CHECK_INT(eddy_await(running), 6);
    CHECK_INT(reports.count, 0);
}

TEST(pool_B7_grace_that_is_refused)
{
    static const double bad[] = {NAN, -1, -INFINITY};
    eddy_auto(eddy_pool) *pool = eddy_thread_pool_open(.grace = INFINITY);

    CHECK(pool != NULL);
    CHECK_INT(eddy_pool_set_grace(pool, NAN), EDDY_EINVAL);
    CHECK_INT(eddy_pool_set_grace(NULL, 1), EDDY_EINVAL);
    for (unsigned i = 0; i < count_of(bad); i++) {
        CHECK_PTR(eddy_thread_pool_open(.grace = bad[i]), NULL);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
        CHECK_PTR(eddy_process_pool_open(.grace = bad[i]), NULL);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    }
    CHECK_CONTAINS(last_message(), "eddy_pool_set_grace");
}

/* The grace is kept although the closing task has been cancelled (A13). */
TEST(T2_close_is_shielded)
{
    sem_init(&gate, 0, 0);
    eddy_auto(eddy_pool) *pool = eddy_thread_pool_open(.threads = 1);
    eddy_auto(eddy_task) *running = eddy_create_task(gate_in_coro(pool, 6));
    await_count(&began, 1);
    eddy_auto(eddy_task) *opener = eddy_create_task(opens_the_gate_later_coro(0.01));

    eddy_cancel(eddy_current_task());
    eddy_pool_close(eddy_take(pool));
    CHECK_INT(ended, 1);
    eddy_uncancel();
    CHECK_INT(eddy_await(running), 6);
}

static int close_it(void *pool)
{
    eddy_pool_close(pool);
    return 0;
}

TEST(T2_close_in_a_callback_blocks)
{
    sem_init(&gate, 0, 0);
    reports_listen(&reports);
    eddy_pool *pool = eddy_thread_pool_open(.threads = 1, .grace = 0.01);
    eddy_auto(eddy_task) *running = eddy_create_task(gate_in_coro(pool, 6));
    await_count(&began, 1);

    eddy_loop_call_soon(eddy_loop_running(), close_it, pool);
    CHECK_INT(eddy_await(running), EDDY_ECLOSED);
    CHECK_INT(reports.count, 1);
    sem_post(&gate);
    await_count(&ended, 1);
}

static eddy_pool *kept;

static int keeps_a_pool(void)
{
    kept = eddy_try(eddy_thread_pool_open(.threads = 1));
    return eddy_pool_run(kept, counts_coro());
}
EDDY_CORO(keeps_a_pool)

TEST_PLAIN(pool_may_be_closed_after_its_loop)
{
    CHECK_OK(eddy_run(keeps_a_pool_coro()));
    eddy_pool_close(kept);
}

TEST(pool_of_another_loop_is_refused)
{
    kept = eddy_thread_pool_open(.threads = 1);
    kept->loop = (eddy_loop *)(void *)&gate;
    CHECK_INT(eddy_pool_run(kept, counts_coro()), EDDY_ELOOP);
    kept->loop = eddy_loop_running();
    eddy_pool_close(kept);
}

/* ---- all at once, with one thing going wrong ---- */

static int scenario(void)
{
    int sum = 0;
    eddy_auto(eddy_pool) *pool = eddy_try(eddy_thread_pool_open(.threads = 1, .queue = 1));
    eddy_coro jobs[] = {counts_in_coro(pool), counts_in_coro(pool), counts_in_coro(pool)};

    eddy_try(eddy_pool_run(pool, adds_coro(1, 2, &sum), .data = &sum, .size = sizeof sum));
    eddy_try(eddy_gather_n(jobs, count_of(jobs)));
    eddy_timeout(0.0005)
        eddy_ignore(eddy_pool_run(pool, counts_coro()));
    return eddy_pool_run(pool, returns_coro(0));
}

SWEEP(pool_jobs_cancelled_anywhere)
{
    return scenario();
}

TORTURE(pool_jobs_without_memory)
{
    return scenario();
}

static int is_done(void)
{
    return 5;
}
EDDY_CORO(is_done)

static int copies_item(const void *item, void *result)
{
    *(int *)result = *(const int *)item;
    return 0;
}

TEST_REAL(D6_pool_is_looked_at_before_a_yield)
{
    int items[2] = {1, 2}, results[2] = {0, 0};
    eddy_pool *pool = eddy_thread_pool_open(.threads = 1);
    int r = CLOSED_IN_THE_CALL(eddy_pool_close, pool, eddy_pool_run(pool, is_done_coro()));

    CHECK(r == 5 || r == EDDY_ECLOSED); /* the job may be faster than the close */
    pool = eddy_thread_pool_open(.threads = 1);
    r = CLOSED_IN_THE_CALL(eddy_pool_close, pool,
                           eddy_pool_map(pool, copies_item, items, 2, sizeof items[0],
                                         .results = results, .result_size = sizeof results[0]));
    CHECK(r == 0 || r == EDDY_ECLOSED);
    pool = eddy_thread_pool_open(.threads = 1);
    CHECK_INT(CLOSED_IN_THE_CALL(eddy_pool_close, pool,
                                 eddy_pool_map(pool, copies_item, items, 0, sizeof items[0])),
              0);
}

/* test_thread.c - T1: jobs in worker threads. */
#include "task/reports.h"

#include "base/alloc.h"
#include "census.h"
#include <eddy/future.h>
#include <eddy/scope.h>
#include <eddy/thread.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

static pthread_t loop_thread;
static struct reports reports;

static int adds(int a, int b, int *sum)
{
    CHECK(!pthread_equal(pthread_self(), loop_thread));
    CHECK(!eddy_thread_cancelled());
    *sum = a + b;
    return 1;
}
EDDY_CORO(adds, int, int, int *)

TEST(thread_job_runs_in_a_thread_and_gives_its_status)
{
    int sum = 0;

    loop_thread = pthread_self();
    CHECK_INT(eddy_to_thread(adds_coro(3, 4, &sum)), 1);
    CHECK_INT(sum, 7);
    CHECK(!eddy_thread_cancelled());
}

/* ---- failures ---- */

static int breaks(int code)
{
    return eddy_raise(code, "the disk is %s", "full");
}
EDDY_CORO(breaks, int)

TEST(thread_failure_comes_along_with_its_record)
{
    CHECK_INT(eddy_to_thread(breaks_coro(EDDY_EUSER - 4)), EDDY_EUSER - 4);
    CHECK_STR(last_message(), "the disk is full");
    CHECK_STR(eddy_error_place(eddy_last_error())->function, "breaks");
    CHECK_CONTAINS(last_text(), "  awaited by task Task-1 (test_task)\n");
}

static int deals_with_it(int status)
{
    eddy_ignore(breaks(EDDY_EIO));
    return status;
}
EDDY_CORO(deals_with_it, int)

TEST(thread_record_of_another_failure_stays_there)
{
    CHECK_INT(eddy_to_thread(deals_with_it_coro(0)), 0);
    CHECK_PTR(eddy_last_error(), NULL);
    CHECK_INT(eddy_to_thread(deals_with_it_coro(EDDY_ENOSPC)), EDDY_ENOSPC);
    CHECK_STR(last_message(), eddy_status_message(EDDY_ENOSPC));
    CHECK(!strstr(last_text(), "the disk is full"));
}

/* ---- the loop goes on ---- */

static atomic_int tick_count;

static int ticks(void)
{
    for (;;) {
        eddy_try(eddy_sleep(0.001));
        atomic_fetch_add(&tick_count, 1);
    }
}
EDDY_CORO(ticks)

static int waits_for_ticks(int n)
{
    while (atomic_load(&tick_count) < n)
        usleep(100);
    return 0;
}
EDDY_CORO(waits_for_ticks, int)

TEST_REAL(thread_loop_runs_on_meanwhile)
{
    __attribute__((unused)) eddy_auto(eddy_task) *ticker = eddy_create_task(ticks_coro());

    CHECK_OK(eddy_to_thread(waits_for_ticks_coro(5)));
}

enum { JOBS = 4 };
static pthread_barrier_t all_here;

static int meets_the_others(void)
{
    pthread_barrier_wait(&all_here);
    return 0;
}
EDDY_CORO(meets_the_others)

static int runs_job(eddy_coro coro)
{
    return eddy_to_thread(coro);
}

static int meets_in_thread(void)
{
    return runs_job(meets_the_others_coro());
}
EDDY_CORO(meets_in_thread)

TEST(thread_jobs_run_side_by_side)
{
    eddy_task *tasks[JOBS];

    pthread_barrier_init(&all_here, NULL, JOBS);
    for (int i = 0; i < JOBS; i++)
        tasks[i] = eddy_create_task(meets_in_thread_coro());
    for (int i = 0; i < JOBS; i++) {
        CHECK_OK(eddy_await(tasks[i]));
        eddy_task_close(tasks[i]);
    }
    pthread_barrier_destroy(&all_here);
}

/* ---- T1: cancelling ---- */

static sem_t gate;
static atomic_int began, ended, saw_cancelled;

static int waits_at_the_gate(int status)
{
    atomic_fetch_add(&began, 1);
    while (sem_wait(&gate) < 0)
        continue;
    if (eddy_thread_cancelled())
        atomic_fetch_add(&saw_cancelled, 1);
    atomic_fetch_add(&ended, 1);
    return status < 0 && status != EDDY_ECANCELED ? breaks(status) : status;
}
EDDY_CORO(waits_at_the_gate, int)

static int gate_in_thread(int status)
{
    return runs_job(waits_at_the_gate_coro(status));
}
EDDY_CORO(gate_in_thread, int)

static void await_count(const atomic_int *count, int n)
{
    while (atomic_load(count) < n)
        CHECK_OK(eddy_sleep(0.001));
}

TEST(T1_cancelled_while_queued_never_runs)
{
    setenv("EDDY_THREADS", "1", 1);
    sem_init(&gate, 0, 0);
    eddy_auto(eddy_task) *first = eddy_create_task(gate_in_thread_coro(1));
    await_count(&began, 1);
    eddy_auto(eddy_task) *second = eddy_create_task(gate_in_thread_coro(2));
    eddy_auto(eddy_task) *third = eddy_create_task(gate_in_thread_coro(3));
    settle();
    eddy_cancel(second);
    CHECK_INT(eddy_await(second), EDDY_ECANCELED);
    sem_post(&gate);
    sem_post(&gate);
    CHECK_INT(eddy_await(first), 1);
    CHECK_INT(eddy_await(third), 3);
    CHECK_INT(began, 2);
    CHECK_INT(saw_cancelled, 0);
}

/* Starts a job, leaves it alone at its gate, and lets it end with that status. */
static void abandon_job(int status)
{
    sem_init(&gate, 0, 0);
    reports_listen(&reports);
    eddy_auto(eddy_task) *task = eddy_create_task(gate_in_thread_coro(status));
    await_count(&began, 1);
    eddy_cancel(task);
    CHECK_INT(eddy_await(task), EDDY_ECANCELED); /* at once */
    CHECK_INT(ended, 0);
    sem_post(&gate);
    while (atomic_load(&eddy_loop_running()->holds)) /* until it has arrived */
        CHECK_OK(eddy_sleep(0.001));
    CHECK_INT(ended, 1);
    CHECK_INT(saw_cancelled, 1);
}

TEST(T1_running_job_is_abandoned)
{
    abandon_job(0);
    CHECK_INT(reports.count, 0);
}

TEST(T1_late_failure_is_reported)
{
    abandon_job(EDDY_EUSER - 9);
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_EUSER - 9);
    CHECK_STR(reports.message, "a thread's job failed after its awaiter had gone");
}

/* Who gives up because he was asked to has not failed. */
TEST(T1_late_cancellation_is_not_reported)
{
    abandon_job(EDDY_ECANCELED);
    CHECK_INT(reports.count, 0);
}

TEST(T1_shield_waits_for_the_job)
{
    int sum = 0;

    loop_thread = pthread_self();
    eddy_cancel(eddy_current_task());
    CHECK_INT(eddy_to_thread(adds_coro(1, 1, &sum)), EDDY_ECANCELED);
    CHECK_INT(sum, 0);
    eddy_shield(INFINITY)
        CHECK_INT(eddy_to_thread(adds_coro(1, 1, &sum)), 1);
    CHECK_INT(sum, 2);
    eddy_uncancel();
}

/* D1: a job that had ended before the cancellation came gives its result. */
static int passes_the_gate(void)
{
    int r = gate_in_thread(6);

    CHECK_INT(eddy_sleep(0), EDDY_ECANCELED);
    return r;
}
EDDY_CORO(passes_the_gate)

static int cancel_it(void *arg)
{
    CHECK(eddy_cancel(arg));
    return 0;
}

static int let_it_end_then_cancel(void *arg)
{
    sem_post(&gate);
    while (!atomic_load(&ended))
        usleep(1000);
    usleep(10000); /* its end has arrived, and comes after the call */
    eddy_loop_call_soon(eddy_loop_running(), cancel_it, arg);
    return 0;
}

TEST(D1_job_that_has_ended_gives_its_result)
{
    sem_init(&gate, 0, 0);
    eddy_auto(eddy_task) *task = eddy_create_task(passes_the_gate_coro());
    await_count(&began, 1);
    eddy_loop_call_soon(eddy_loop_running(), let_it_end_then_cancel, task);
    CHECK_INT(eddy_await(task), 6);
}

/* ---- X8: suspending in a job ---- */

static int quick(void)
{
    return 6;
}
EDDY_CORO(quick)

static int suspends_in_thread(void)
{
    eddy_future *future = eddy_future_open(0);

    CHECK_INT(eddy_sleep(1), EDDY_ENOTASK);
    CHECK_INT(eddy_sleep(0), EDDY_ENOTASK);
    CHECK_INT(eddy_future_await(future, NULL), EDDY_ENOTASK);
    CHECK_INT(eddy_to_thread(quick_coro()), EDDY_ENOTASK);
    CHECK_PTR(eddy_create_task(quick_coro()), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOTASK);
    CHECK_PTR(eddy_current_task(), NULL);
    CHECK_PTR(eddy_loop_running(), NULL);
    eddy_future_close(future);
    return 0;
}
EDDY_CORO(suspends_in_thread)

TEST(X8_suspending_call_in_a_job_is_an_error)
{
    CHECK_INT(eddy_to_thread(suspends_in_thread_coro()), 0);
    CHECK_PTR(eddy_last_error(), NULL);
}

/* A job may run a loop of its own. */
static int runs_a_loop(void)
{
    return eddy_run(quick_coro(), .clock = EDDY_CLOCK_VIRTUAL);
}
EDDY_CORO(runs_a_loop)

TEST(thread_job_may_run_a_loop)
{
    CHECK_INT(eddy_to_thread(runs_a_loop_coro()), 6);
}

TEST_PLAIN(X8_to_thread_outside_a_task)
{
    CHECK_INT(eddy_to_thread(quick_coro()), EDDY_ENOTASK);
    eddy_error_clear();
}

/* ---- the end of the loop ---- */

static int leaves_a_job_behind(int status)
{
    eddy_detach(eddy_create_task(gate_in_thread_coro(status)));
    await_count(&began, 1);
    return 0;
}
EDDY_CORO(leaves_a_job_behind, int)

static int works_until_cancelled(void)
{
    atomic_fetch_add(&began, 1);
    while (!eddy_thread_cancelled())
        usleep(100);
    atomic_fetch_add(&ended, 1);
    return EDDY_ECANCELED;
}
EDDY_CORO(works_until_cancelled)

static int works_in_thread(void)
{
    return runs_job(works_until_cancelled_coro());
}
EDDY_CORO(works_in_thread)

static int leaves_work_behind(void)
{
    eddy_detach(eddy_create_task(works_in_thread_coro()));
    await_count(&began, 1);
    return 0;
}
EDDY_CORO(leaves_work_behind)

TEST_PLAIN(T1_no_thread_is_left_after_the_loop)
{
    int before = census_threads();

    CHECK_INT(eddy_run(leaves_work_behind_coro()), 0);
    CHECK_INT(ended, 1);
    for (int i = 0; i < 100 && census_threads() > before; i++)
        usleep(1000);
    CHECK_INT(census_threads(), before);
}

/* One that does not end in time outlives the loop, frees itself, and its failure is told. */
static int run_with_stuck_job(void *arg)
{
    long before = eddy__alloc_live();
    eddy_loop *loop = eddy_loop_open();
    int fails = *(int *)arg;

    sem_init(&gate, 0, 0);
    CHECK_INT(eddy_loop_run_until_complete(loop, leaves_a_job_behind_coro(fails)), 0);
    eddy__workers_close(loop->workers[EDDY__WORKERS_BLOCKING], 1000000, NULL);
    eddy_loop_close(loop);
    sem_post(&gate);
    while (eddy__alloc_live() > before)
        usleep(1000);
    usleep(10000);
    return 0;
}

TEST_PLAIN(T1_stuck_job_outlives_the_loop)
{
    char output[1000];
    int code = EDDY_EIO, fine = 0;

    CHECK_INT(test_child(run_with_stuck_job, &fine, output, sizeof output), 0);
    CHECK_STR(output, "");
    CHECK_INT(test_child(run_with_stuck_job, &code, output, sizeof output), 0);
    CHECK_CONTAINS(output, "eddy: a thread's job failed after its awaiter had gone\n");
    CHECK_CONTAINS(output, "EDDY_EIO: the disk is full\n");
}

/* ---- all at once, with one thing going wrong ---- */

static int naps(void)
{
    usleep(3000);
    return 0;
}
EDDY_CORO(naps)

static int scenario(void)
{
    eddy_try(eddy_to_thread(quick_coro()));
    eddy_timeout(0.001)
        eddy_ignore(eddy_to_thread(naps_coro()));
    return eddy_to_thread(returns_coro(0));
}

SWEEP(thread_jobs_cancelled_anywhere)
{
    return scenario();
}

TORTURE(thread_jobs_without_memory)
{
    return scenario();
}

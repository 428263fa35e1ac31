/* test_park.c - suspending: sleeps, fairness, who may suspend and where. */
#include "reports.h"

#include <eddy/gather.h>
#include <eddy/group.h>
#include <pthread.h>
#include <signal.h>

/* ---- nobody starves ---- */

static int counts_turns(int *turn)
{
    for (;;) {
        ++*turn;
        eddy_try(eddy_sleep(0));
    }
}
EDDY_CORO(counts_turns, int *)

TEST(D4_every_64th_call_that_need_not_wait_yields)
{
    int turn = 0;

    NEEDS_ORDER();
    eddy_auto(eddy_task) *done = eddy_create_task(returns_coro(0));
    eddy_auto(eddy_task) *other = eddy_create_task(counts_turns_coro(&turn));

    turns(1);
    int start = turn;
    for (int i = 1; i < 64; i++)
        CHECK_INT(eddy_await(done), 0);
    CHECK_INT(turn, start);
    CHECK_INT(eddy_await(done), 0);
    CHECK_INT(turn, start + 1);
    for (int i = 0; i < 640; i++)
        CHECK_INT(eddy_await(done), 0);
    CHECK_INT(turn, start + 11);
}

TEST(D4_sleep_0_always_yields_once)
{
    int turn = 0;

    NEEDS_ORDER();
    eddy_auto(eddy_task) *other = eddy_create_task(counts_turns_coro(&turn));
    for (int i = 1; i < 100; i++) {
        CHECK_INT(eddy_sleep(i % 2 ? 0 : -1), 0);
        CHECK_INT(turn, i);
    }
}

/* ---- durations ---- */

TEST(B7_sleep_of_odd_durations)
{
    eddy_auto(eddy_task) *for_ever = eddy_create_task(sleeps_coro(INFINITY));
    eddy_auto(eddy_task) *nearly = eddy_create_task(sleeps_coro(1e300));

    CHECK_INT(eddy_sleep(NAN), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "NaN");
    CHECK_INT(eddy_sleep(-5), 0);
    CHECK_INT(eddy_sleep(-INFINITY), 0);
    CHECK_NEAR(eddy_loop_time(eddy_loop_running()), 0, 1e-6);
    CHECK_INT(eddy_sleep(1e6), 0);
    CHECK(!eddy_task_done(for_ever) && !eddy_task_done(nearly));
    CHECK(eddy_cancel(for_ever));
    CHECK_INT(eddy_await(for_ever), EDDY_ECANCELED);
}

static int notes_around_sleep(struct notes *notes)
{
    note(notes, 1);
    eddy_try(eddy_sleep(1));
    note(notes, 3);
    return 0;
}
EDDY_CORO(notes_around_sleep, struct notes *)

TEST(sleepers_wake_in_order_of_their_deadlines)
{
    struct notes notes = {0};

    eddy_auto(eddy_task) *a = eddy_create_task(notes_around_sleep_coro(&notes));
    CHECK_INT(eddy_sleep(0.5), 0);
    note(&notes, 2);
    CHECK_INT(eddy_sleep(0.6), 0);
    note(&notes, 4);
    CHECK_INT(noted(&notes), 1234);
}

/* ---- who may suspend ---- */

static int suspends_in_every_way(void)
{
    eddy_coro coro = returns_coro(0);

    CHECK_INT(eddy_sleep(0), EDDY_ENOTASK);
    CHECK_INT(eddy_last_status(), EDDY_ENOTASK);
    CHECK_INT(eddy_await(NULL), EDDY_ENOTASK);
    CHECK_INT(eddy_await_shielded(NULL), EDDY_ENOTASK);
    CHECK_INT(eddy_gather(coro, coro), EDDY_ENOTASK);
    CHECK_INT(eddy_wait(NULL, 0), EDDY_ENOTASK);
    CHECK_INT(eddy_wait_for(coro, 1), EDDY_ENOTASK);
    CHECK_INT(eddy_yield(NULL), EDDY_ENOTASK);
    CHECK_PTR(eddy_group_open(), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOTASK);
    CHECK_PTR(eddy_current_task(), NULL);
    CHECK_INT(eddy_uncancel(), 0);
    eddy_timeout(1)
        CHECK(eddy_deadline() == (double)INFINITY);
    eddy_shield(1)
        CHECK_INT(eddy_sleep(0), EDDY_ENOTASK);
    eddy_error_clear();
    return 0;
}

TEST_PLAIN(X8_suspending_calls_outside_a_loop)
{
    suspends_in_every_way();
    CHECK_INT(eddy_sleep(0), EDDY_ENOTASK);
    CHECK_CONTAINS(last_message(), "use eddy_run");
    eddy_error_clear();
}

static int suspends_in_callback(void *arg)
{
    suspends_in_every_way();
    CHECK_INT(eddy_sleep(0), EDDY_ENOTASK);
    CHECK_CONTAINS(last_message(), "in a callback");
    eddy_error_clear();
    *(bool *)arg = true;
    return 0;
}

TEST(X8_suspending_calls_in_a_callback)
{
    bool called = false;

    CHECK(eddy_loop_call_soon(eddy_loop_running(), suspends_in_callback, &called).call);
    settle();
    CHECK(called);
    CHECK_INT(eddy_sleep(1), 0);
}

static void *suspends_in_thread(void *arg)
{
    suspends_in_every_way();
    return arg;
}

TEST(X8_suspending_calls_in_a_foreign_thread)
{
    pthread_t thread;

    CHECK_INT(pthread_create(&thread, NULL, suspends_in_thread, NULL), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(eddy_sleep(1), 0);
}

static void suspends_in_handler(int number)
{
    (void)number;
    suspends_in_every_way();
}

/* The record is allocated, so this is for handlers that interrupt no allocation. */
TEST_PLAIN(X8_suspending_calls_in_a_signal_handler)
{
#ifdef __SANITIZE_THREAD__
    SKIP("ThreadSanitizer allows no allocation in a handler");
#endif
    CHECK(signal(SIGUSR1, suspends_in_handler) != SIG_ERR);
    CHECK_INT(raise(SIGUSR1), 0);
    CHECK(signal(SIGUSR1, SIG_DFL) != SIG_ERR);
}

static int close_in_callback(eddy_task *task, void *arg)
{
    (void)task;
    eddy_task_close(arg);
    return 0;
}

TEST(X8_close_in_a_callback_does_not_wait)
{
    eddy_task *a = eddy_create_task(sleeps_coro(100));
    eddy_auto(eddy_task) *trigger = eddy_create_task(returns_coro(0));

    CHECK_INT(eddy_task_add_done_callback(trigger, close_in_callback, a), 0);
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
}

static int stays_in_its_thread(int steps)
{
    pthread_t home = pthread_self();

    for (int i = 0; i < steps; i++) {
        eddy_try(eddy_sleep(i % 3 ? 0 : 1e-6));
        CHECK(pthread_equal(home, pthread_self()));
    }
    return 0;
}
EDDY_CORO(stays_in_its_thread, int)

static int three_that_stay(void)
{
    return eddy_gather(stays_in_its_thread_coro(10), stays_in_its_thread_coro(20),
                       stays_in_its_thread_coro(30));
}
EDDY_CORO(three_that_stay)

static void *runs_three(void *arg)
{
    CHECK_INT(eddy_run(three_that_stay_coro()), 0);
    return arg;
}

TEST_PLAIN(X7_tasks_stay_in_the_thread_of_their_loop)
{
    pthread_t threads[3];

    for (int i = 0; i < 3; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, runs_three, NULL), 0);
    runs_three(NULL);
    for (int i = 0; i < 3; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
}

static void *runs_a_turn(void *loop)
{
    CHECK_INT(eddy_loop_run_once(loop, 0), EDDY_ELOOP);
    CHECK_CONTAINS(last_message(), "another thread");
    eddy_error_clear();
    return NULL;
}

TEST_PLAIN(X7_a_loop_with_tasks_is_not_run_by_another_thread)
{
    pthread_t thread;
    eddy_auto(eddy_loop) *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);

    eddy_detach(eddy_loop_create_task(loop, sleeps_coro(1)));
    CHECK_INT(eddy_loop_run_once(loop, 0), 0);
    CHECK_INT(pthread_create(&thread, NULL, runs_a_turn, loop), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
}

static int notes(void *arg)
{
    *(bool *)arg = true;
    return 0;
}

TEST(G7_what_is_due_after_the_end_of_the_clock_never_is)
{
    bool called = false;

    CHECK_INT(eddy_sleep(4e9), 0);
    CHECK_INT(eddy_sleep(4e9), 0);
    CHECK_NEAR(eddy_time(), 8e9, 1e3);
    CHECK(eddy_loop_call_later(eddy_loop_running(), 4e9, notes, &called).call);
    int r = 0;
    eddy_timeout(1e9)
        r = eddy_sleep(4e9);
    CHECK_INT(r, EDDY_ETIMEDOUT);
    CHECK_NEAR(eddy_time(), 9e9, 1e3);
    eddy_timeout(4e9)
        r = eddy_sleep(1e8);
    CHECK_INT(r, 0);
    CHECK_NEAR(eddy_time(), 9.1e9, 1e3);
    CHECK(!called);
}

/* test_run.c - G3, G6, G8: eddy_run, run_until_complete, closing what is left, deadlocks. */
#include "reports.h"

#include <eddy/future.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static int answer(int value)
{
    eddy_try(eddy_sleep(1));
    return value;
}
EDDY_CORO(answer, int)

static void unsee(void)
{
    eddy_error_clear();
}

/* ---- G3: eddy_run ---- */

TEST_PLAIN(G3_run_returns_mains_status_and_may_be_called_again)
{
    for (int i = 0; i < 3; i++)
        CHECK_INT(eddy_run(answer_coro(i), .clock = EDDY_CLOCK_VIRTUAL), i);
    CHECK_PTR(eddy_loop_running(), NULL);
    CHECK_PTR(eddy_current_task(), NULL);
}

TEST(G3_run_inside_a_task_is_an_error)
{
    CHECK_INT(eddy_run(answer_coro(1)), EDDY_ELOOP);
    CHECK_STR(last_message(), "eddy_run() cannot be called from a running event loop");
    CHECK_OK(eddy_sleep(1));
}

static int run_in_callback(void *arg)
{
    *(int *)arg = eddy_run(answer_coro(1));
    return 0;
}

TEST(G3_run_inside_a_callback_is_an_error)
{
    int status = 0;

    eddy_loop_call_soon(eddy_loop_running(), run_in_callback, &status);
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(status, EDDY_ELOOP);
}

static int leaf(void)
{
    eddy_try(eddy_sleep(1));
    return eddy_raise(EDDY_EUSER - 7, "no bread left");
}
EDDY_CORO(leaf)

static int middle(void)
{
    eddy_auto(eddy_task) *task = eddy_create_task(leaf_coro(), .name = "baker");

    return eddy_await(task);
}
EDDY_CORO(middle)

static int run_failing(void *arg)
{
    (void)arg;
    CHECK_INT(eddy_run(middle_coro(), .clock = EDDY_CLOCK_VIRTUAL), EDDY_EUSER - 7);
    return 0;
}

TEST_PLAIN(G3_run_prints_an_unhandled_failure_with_its_async_traceback)
{
    char output[4000];

    CHECK_INT(test_child(run_failing, NULL, output, sizeof output), 0);
    CHECK_CONTAINS(output, "eddy: unhandled failure of the main task\n  leaf (");
    CHECK_CONTAINS(output, "tests/task/test_run.c:");
    CHECK_CONTAINS(output, ") in task baker\n");
    CHECK_CONTAINS(output, "  awaited by task Task-1 (middle)\n");
    CHECK_CONTAINS(output, "EDDY_EUSER: no bread left\n");
    CHECK_STR(strstr(output, "no bread left"), "no bread left\n"); /* once, and no more is said */
}

static int run_with_bare_code(void *arg)
{
    (void)arg;
    CHECK_INT(eddy_run(returns_coro(EDDY_ENOSPC)), EDDY_ENOSPC);
    return 0;
}

TEST_PLAIN(G3_run_prints_a_code_without_a_record)
{
    char output[1000];

    CHECK_INT(test_child(run_with_bare_code, NULL, output, sizeof output), 0);
    CHECK_CONTAINS(output, "EDDY_ENOSPC: No space left on device\n");
}

/* ---- G3: what is left when main has ended ---- */

static struct notes notes;

static int lingers(int id)
{
    CHECK_INT(eddy_sleep(1000), EDDY_ECANCELED);
    note(&notes, id);
    eddy_shield(INFINITY)
        CHECK_OK(eddy_sleep(5));
    note(&notes, id);
    return EDDY_ECANCELED;
}
EDDY_CORO(lingers, int)

static int leaves_tasks_behind(void)
{
    eddy_detach(eddy_create_task(lingers_coro(1)));
    eddy_detach(eddy_create_task(lingers_coro(2)));
    CHECK_OK(eddy_sleep(0));
    return 4;
}
EDDY_CORO(leaves_tasks_behind)

TEST_PLAIN(G3_run_cancels_and_awaits_what_is_left)
{
    NEEDS_ORDER();
    CHECK_INT(eddy_run(leaves_tasks_behind_coro(), .clock = EDDY_CLOCK_VIRTUAL), 4);
    CHECK_INT(noted(&notes), 1212);
}

static int never_ends(int id)
{
    while (eddy_sleep(1) >= 0)
        continue;
    note(&notes, id);
    return EDDY_ECANCELED;
}
EDDY_CORO(never_ends, int)

/* Its clean-up starts one task that helps it, and one that nobody ends. */
static int starts_more(void)
{
    eddy_ignore(eddy_sleep(1000));
    note(&notes, 1);
    eddy_detach(eddy_create_task(never_ends_coro(3)));
    eddy_shield(INFINITY) {
        eddy_auto(eddy_task) *helper = eddy_create_task(sleeps_coro(2));

        CHECK_OK(eddy_await(helper));
    }
    note(&notes, 2);
    return EDDY_ECANCELED;
}
EDDY_CORO(starts_more)

static int leaves_a_starter(void)
{
    eddy_detach(eddy_create_task(starts_more_coro()));
    return eddy_sleep(0);
}
EDDY_CORO(leaves_a_starter)

TEST_PLAIN(G3_tasks_started_by_clean_up_end_after_it)
{
    CHECK_INT(eddy_run(leaves_a_starter_coro(), .clock = EDDY_CLOCK_VIRTUAL), 0);
    CHECK_INT(noted(&notes), 123);
}

static int starts_another(void);
EDDY_CORO(starts_another)

static int starts_another(void)
{
    eddy_ignore(eddy_sleep(1000));
    note(&notes, 1);
    eddy_detach(eddy_create_task(starts_another_coro(), .name = "hydra"));
    return EDDY_ECANCELED;
}

static int leaves_a_hydra(void)
{
    eddy_detach(eddy_create_task(starts_another_coro()));
    return eddy_sleep(0);
}
EDDY_CORO(leaves_a_hydra)

static int run_with_hydra(void *arg)
{
    (void)arg;
    return eddy_run(leaves_a_hydra_coro(), .clock = EDDY_CLOCK_VIRTUAL);
}

/* Each that is ended leaves another: it comes to an end all the same, and is told. */
TEST_PLAIN(G3_tasks_that_start_others_for_ever_do_not_keep_a_run)
{
    char output[4000];

    CHECK_INT(test_child(run_with_hydra, NULL, output, sizeof output), 0);
    CHECK_CONTAINS(output, "eddy: a task cannot be ended");
    CHECK_CONTAINS(output, "'hydra' (starts_another)");
}

static int stops_while_it_ends(void)
{
    eddy_ignore(eddy_sleep(1000));
    eddy_loop_stop(eddy_loop_running());
    eddy_shield(INFINITY)
        CHECK_OK(eddy_sleep(5));
    note(&notes, 1);
    return 0;
}
EDDY_CORO(stops_while_it_ends)

TEST_PLAIN(G3_stop_does_not_keep_a_loop_from_closing)
{
    eddy_loop *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);

    eddy_detach(eddy_loop_create_task(loop, stops_while_it_ends_coro()));
    CHECK_OK(eddy_loop_run_once(loop, 0));
    eddy_loop_close(loop);
    CHECK_INT(noted(&notes), 1);
}

/* ---- G6: loops by hand ---- */

TEST_PLAIN(G6_run_until_complete)
{
    eddy_auto(eddy_loop) *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);

    CHECK_INT(eddy_loop_run_until_complete(loop, answer_coro(5)), 5);
    CHECK_INT(eddy_loop_run_until_complete(loop, answer_coro(6)), 6);
    CHECK_NEAR(eddy_loop_time(loop), 2, 0);
    CHECK_INT(eddy_loop_run_until_complete(loop, middle_coro()), EDDY_EUSER - 7);
    CHECK_STR(last_message(), "no bread left");
    CHECK_INT(eddy_loop_run_until_complete(NULL, answer_coro(1)), EDDY_ECLOSED);
    CHECK_STR(last_message(), "Event loop is closed");
    unsee();
}

static int stops_early(void)
{
    eddy_loop_stop(eddy_loop_running());
    note(&notes, 1);
    eddy_try(eddy_sleep(1));
    note(&notes, 2);
    return 3;
}
EDDY_CORO(stops_early)

static int run_stops_early(void *arg)
{
    (void)arg;
    return eddy_run(stops_early_coro(), .clock = EDDY_CLOCK_VIRTUAL) == EDDY_ELOOP ? 0 : 1;
}

TEST_PLAIN(G3_run_that_is_stopped_early_is_an_error)
{
    char output[2048];

    CHECK_INT(test_child(run_stops_early, NULL, output, sizeof output), 0);
    CHECK_CONTAINS(output, "Event loop stopped before Future completed.");
}

TEST_PLAIN(G6_run_until_complete_stopped_early_is_an_error)
{
    eddy_auto(eddy_loop) *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);

    CHECK_INT(eddy_loop_run_until_complete(loop, stops_early_coro()), EDDY_ELOOP);
    CHECK_STR(last_message(), "Event loop stopped before Future completed.");
    CHECK_INT(noted(&notes), 1);
    /* the task stands still, and goes on when the loop does */
    CHECK_INT(eddy_loop_run_until_complete(loop, answer_coro(5)), 5);
    CHECK_OK(eddy_loop_run_once(loop, 0));
    CHECK_INT(noted(&notes), 12);
    unsee();
}

static int runs_its_own_loop(void)
{
    eddy_loop *loop = eddy_loop_running();

    CHECK_INT(eddy_loop_run_until_complete(loop, answer_coro(1)), EDDY_ELOOP);
    CHECK_STR(last_message(), "This event loop is already running");
    CHECK_INT(eddy_loop_run_until_done(loop, eddy_current_task()), EDDY_ELOOP);
    CHECK_INT(eddy_loop_run_forever(loop), EDDY_ELOOP);
    CHECK_INT(eddy_loop_run_once(loop, 0), EDDY_ELOOP);
    return 0;
}
EDDY_CORO(runs_its_own_loop)

TEST_PLAIN(G6_running_loop_is_not_run)
{
    eddy_auto(eddy_loop) *loop = eddy_loop_open();

    CHECK_INT(eddy_loop_run_until_complete(loop, runs_its_own_loop_coro()), 0);
}

TEST_PLAIN(G6_run_until_done)
{
    eddy_auto(eddy_loop) *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);
    eddy_auto(eddy_loop) *other = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);
    eddy_auto(eddy_task) *task = eddy_loop_create_task(loop, answer_coro(7));

    CHECK_INT(eddy_loop_run_until_done(other, task), EDDY_ELOOP);
    CHECK_STR(last_message(), "the task belongs to another loop");
    CHECK_INT(eddy_loop_run_until_done(loop, task), 7);
    CHECK_INT(eddy_loop_run_until_done(loop, task), 7); /* has ended: at once */
    CHECK_NEAR(eddy_loop_time(loop), 1, 0);
    unsee();
}

TEST_PLAIN(G6_cancelled_task_ends_the_run)
{
    eddy_auto(eddy_loop) *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);
    eddy_auto(eddy_task) *task = eddy_loop_create_task(loop, answer_coro(7));

    eddy_cancel(task, .reason = "too late");
    CHECK_INT(eddy_loop_run_until_done(loop, task), EDDY_ECANCELED);
    unsee();
}

/* ---- closing ---- */

static int ten_seconds(void)
{
    note(&notes, 1);
    CHECK_INT(eddy_sleep(10), EDDY_ECANCELED);
    note(&notes, 2);
    return EDDY_ECANCELED;
}
EDDY_CORO(ten_seconds)

TEST_PLAIN(D5_closing_a_loop_ends_its_tasks)
{
    eddy_loop *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);
    eddy_task *kept = eddy_loop_create_task(loop, ten_seconds_coro());

    eddy_detach(eddy_loop_create_task(loop, ten_seconds_coro()));
    CHECK_OK(eddy_loop_run_once(loop, 0));
    eddy_loop_close(loop);
    CHECK_INT(noted(&notes), 1122);
    CHECK(eddy_task_cancelled(kept)); /* a handle outlives its loop */
    eddy_task_close(kept);
    eddy_loop_close(NULL);
}

/* A1: what never ran never will. */
TEST_PLAIN(A1_tasks_of_a_loop_that_never_ran)
{
    eddy_loop *loop = eddy_loop_open();

    eddy_detach(eddy_loop_create_task(loop, ten_seconds_coro()));
    eddy_loop_close(loop);
    CHECK_INT(notes.n, 0);
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int fails_and_closes(void)
{
    eddy_auto(eddy_loop) *loop = eddy_loop_open();

    eddy_loop_call_soon(loop, nothing, NULL);
    return eddy_raise(EDDY_EIO, "the first failure");
}

TEST_PLAIN(closing_a_loop_leaves_the_record_alone)
{
    CHECK_INT(fails_and_closes(), EDDY_EIO);
    CHECK_STR(last_message(), "the first failure");
    unsee();
}

/* Inside another loop it cannot run, and there is nothing to run. */
TEST(closing_a_loop_inside_another)
{
    CHECK_INT(fails_and_closes(), EDDY_EIO);
    CHECK_STR(last_message(), "the first failure");
    CHECK_PTR(eddy_loop_running(), eddy_current_task()->loop);
    CHECK_OK(eddy_sleep(1));
}

static int recurse(int depth)
{
    volatile char room[256];

    room[depth % 256] = (char)depth;
    return depth > 0 ? recurse(depth - 1) + room[3] : 0;
}

static int overflows_when_cancelled(void)
{
    eddy_ignore(eddy_sleep(1000));
    return recurse(10000);
}
EDDY_CORO(overflows_when_cancelled)

static int close_with_overflow(void *arg)
{
    eddy_loop *loop = eddy_loop_open();

    eddy_detach(eddy_loop_create_task(loop, overflows_when_cancelled_coro()));
    eddy_loop_run_once(loop, 0);
    if (arg) {
        eddy_task *task = eddy_loop_create_task(loop, overflows_when_cancelled_coro());

        eddy_loop_run_once(loop, 0);
        eddy_cancel(task);
        eddy_loop_run_once(loop, 0);
        _exit(3);
    }
    eddy_loop_close(loop);
    return 0;
}

/* X1 holds however a loop is run. */
TEST_PLAIN(X1_overflow_while_a_loop_closes_or_makes_one_turn)
{
    char output[2000];
    static char once[] = "once";

    if (test_is_watched())
        SKIP("the sanitizer tells of overflows itself");
    for (int i = 0; i < 2; i++) {
        int status = test_child(close_with_overflow, i ? once : NULL, output, sizeof output);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
        CHECK_CONTAINS(output, "eddy: stack overflow in task 'Task-");
        CHECK_CONTAINS(output, "(overflows_when_cancelled): its stack has ");
    }
}

/* ---- G8: deadlock ---- */

static int waits_for_nobody(void)
{
    eddy_future *future = eddy_future_open(0);
    int r = eddy_future_await(future, NULL);

    eddy_future_close(future);
    note(&notes, 2);
    return r;
}
EDDY_CORO(waits_for_nobody)

static int deadlocks(void)
{
    eddy_auto(eddy_task) *one = eddy_create_task(waits_for_nobody_coro(), .name = "philosopher");

    eddy_try(eddy_sleep(0.001));
    note(&notes, 1);
    return eddy_await(one);
}
EDDY_CORO(deadlocks)

static int run_deadlock(void *arg)
{
    int clock = *(int *)arg;

    CHECK_INT(eddy_run(deadlocks_coro(), .clock = clock), EDDY_EDEADLOCK);
    CHECK_INT(eddy_last_status(), EDDY_EDEADLOCK);
    CHECK_INT(noted(&notes), 12); /* the tasks were ended in an orderly way */
    unsee();
    return 0;
}

TEST_PLAIN(G8_deadlock_is_reported_with_all_tasks)
{
    char output[4000];

    for (int clock = EDDY_CLOCK_REAL; clock <= EDDY_CLOCK_VIRTUAL; clock++) {
        CHECK_INT(test_child(run_deadlock, &clock, output, sizeof output), 0);
        CHECK_CONTAINS(output, "eddy: deadlock: no task can ever run again\n2 tasks:\n");
        CHECK_CONTAINS(output, "  'Task-1' (deadlocks): waits for ");
        CHECK_CONTAINS(output, "  'philosopher' (waits_for_nobody), started at test_run.c:");
        CHECK_CONTAINS(output, ": waits for a future\n");
    }
}

/* Shielded for ever from what would end it. */
static int cannot_be_ended(void)
{
    int r = 0;

    eddy_shield(INFINITY)
        r = waits_for_nobody();
    return r;
}
EDDY_CORO(cannot_be_ended)

static int leaves_a_stone(void)
{
    eddy_detach(eddy_create_task(cannot_be_ended_coro(), .name = "stone"));
    return eddy_sleep(0);
}
EDDY_CORO(leaves_a_stone)

static int run_with_stone(void *arg)
{
    bool in_main = *(bool *)arg;
    int r = eddy_run(in_main ? cannot_be_ended_coro() : leaves_a_stone_coro());

    CHECK_INT(r, in_main ? EDDY_EDEADLOCK : 0);
    return 0;
}

/* Told once, and no reason to hang. */
TEST_PLAIN(G8_task_that_nothing_can_end_is_reported)
{
    static const char told[] = "eddy: a task cannot be ended: nothing will wake it\n";
    char output[4000];

    for (int in_main = 0; in_main < 2; in_main++) {
        CHECK_INT(test_child(run_with_stone, &(bool){in_main}, output, sizeof output), 0);
        const char *first = strstr(output, told);
        CHECK(first);
        CHECK_PTR(strstr(first + 1, told), NULL);
        CHECK_CONTAINS(output,
                       in_main ? "'Task-1' (cannot_be_ended)" : "'stone' (cannot_be_ended)");
    }
}

static eddy_future *promised;

static int keep_promise(void *arg)
{
    (void)arg;
    return eddy_future_set_result(promised, NULL);
}

static void *keep_promise_later(void *arg)
{
    usleep(20000);
    CHECK_OK(eddy_loop_call_soon_threadsafe(arg, keep_promise, NULL));
    eddy_loop_release(arg);
    return NULL;
}

TEST(G8_no_deadlock_while_a_thread_holds_the_loop)
{
    eddy_loop *loop = eddy_loop_running();
    pthread_t thread;

    promised = eddy_future_open(0);
    eddy_loop_hold(loop);
    CHECK_OK(-pthread_create(&thread, NULL, keep_promise_later, loop));
    CHECK_OK(eddy_future_await(promised, NULL));
    pthread_join(thread, NULL);
    eddy_future_close(promised);
}

/* ---- all at once, with one thing going wrong ---- */

static int whole_life(void)
{
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(sleeps_coro(1)));

    eddy_try(eddy_await(task));
    eddy_detach(eddy_create_task(sleeps_coro(1000)));
    return eddy_sleep(1);
}

SWEEP(run_cancelled_anywhere)
{
    return whole_life();
}

TORTURE(run_without_memory)
{
    return whole_life();
}

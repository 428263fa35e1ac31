/* G1, G2: calls that are asked for, their order, their cancellation and their failures. */
#include "task/reports.h"

#include "base/alloc.h"
#include <unistd.h>

static eddy_loop *the_loop;
static struct notes notes;

static eddy_loop *open_virtual(void)
{
    the_loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);
    CHECK(the_loop);
    return the_loop;
}

static void turn(double timeout)
{
    CHECK_OK(eddy_loop_run_once(the_loop, timeout));
}

static int digit(void *arg)
{
    note(&notes, (int)(intptr_t)arg);
    return 0;
}

static void *as_arg(int n)
{
    return (void *)(intptr_t)n;
}

/* ---- order ---- */

static int ask_again(void *arg)
{
    note(&notes, (int)(intptr_t)arg);
    CHECK(eddy_loop_call_soon(the_loop, digit, as_arg(3)).call);
    return 0;
}

TEST_PLAIN(call_G1_soon_from_a_callback_runs_in_the_next_turn)
{
    eddy_auto(eddy_loop) *loop = open_virtual();

    eddy_loop_call_soon(loop, ask_again, as_arg(1));
    eddy_loop_call_soon(loop, digit, as_arg(2));
    CHECK_INT(noted(&notes), 0);
    turn(0);
    CHECK_INT(noted(&notes), 12);
    turn(0);
    CHECK_INT(noted(&notes), 123);
}

TEST_PLAIN(call_G1_equal_deadlines_in_order_of_arming)
{
    eddy_auto(eddy_loop) *loop = open_virtual();

    for (int i = 1; i <= 6; i++)
        CHECK(eddy_loop_call_at(loop, 10, digit, as_arg(i)).call);
    CHECK(eddy_loop_call_later(loop, 10, digit, as_arg(7)).call);
    CHECK(eddy_loop_call_at(loop, 5, digit, as_arg(8)).call);
    for (int i = 0; i < 3; i++)
        turn(10);
    CHECK_INT(noted(&notes), 81234567);
}

/* Also when each is armed in a turn of its own, and when others were taken out from between. */
TEST(call_G1_order_survives_other_timers)
{
    eddy_loop *loop = eddy_loop_running();
    eddy_handle others[6];
    double when = eddy_time() + 2;

    for (int i = 1; i <= 6; i++) {
        eddy_loop_call_at(loop, when, digit, as_arg(i));
        others[i - 1] = eddy_loop_call_at(loop, when - (i % 2 ? 0.1 : -0.1), digit, as_arg(9));
        CHECK_OK(eddy_sleep(0.01));
    }
    for (int i = 0; i < 6; i++)
        CHECK(eddy_loop_cancel_call(loop, others[i]));
    CHECK_OK(eddy_sleep(3));
    CHECK_INT(noted(&notes), 123456);
}

TEST(call_at_times_past_and_never)
{
    eddy_loop *loop = eddy_loop_running();

    CHECK_OK(eddy_sleep(100));
    CHECK(eddy_loop_call_at(loop, 50, digit, as_arg(2)).call);
    CHECK(eddy_loop_call_at(loop, -1, digit, as_arg(1)).call);
    CHECK(eddy_loop_call_later(loop, -5, digit, as_arg(3)).call);
    eddy_handle never = eddy_loop_call_later(loop, INFINITY, digit, as_arg(9));
    CHECK(eddy_loop_call_at(loop, 1e300, digit, as_arg(9)).call);
    CHECK_OK(eddy_sleep(0));
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(noted(&notes), 123);
    CHECK_OK(eddy_sleep(1e6));
    CHECK_INT(noted(&notes), 123);
    CHECK(eddy_loop_cancel_call(loop, never));
    CHECK(!eddy_loop_cancel_call(loop, never));
}

TEST(call_B7_nan_is_refused)
{
    eddy_loop *loop = eddy_loop_running();

    CHECK_PTR(eddy_loop_call_later(loop, NAN, digit, NULL).call, NULL);
    CHECK_PTR(eddy_loop_call_at(loop, NAN, digit, NULL).call, NULL);
}

/* The delay counts from the call, also while the loop stands still between two runs. */
static double asked_at[2], made_at[2];

static int note_time(void *arg)
{
    made_at[(intptr_t)arg] = eddy_loop_time(the_loop);
    if (arg)
        eddy_loop_stop(the_loop);
    return 0;
}

static int ask_and_block(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2; i++) {
        asked_at[i] = eddy_loop_time(the_loop);
        CHECK(eddy_loop_call_later(the_loop, 0.05, note_time, as_arg(i)).call);
        usleep(40000);
    }
    return 0;
}

/* No more than a tick: what lies between two calls of one step counts. */
TEST_PLAIN(call_later_is_not_early_after_a_step_has_blocked)
{
    eddy_auto(eddy_loop) *loop = the_loop = eddy_loop_open(.clock = EDDY_CLOCK_REAL);

    CHECK(eddy_loop_call_soon(loop, ask_and_block, NULL).call);
    CHECK_OK(eddy_loop_run_forever(loop));
    for (int i = 0; i < 2; i++)
        CHECK(made_at[i] - asked_at[i] > 0.05 - 0.0101);
}

TEST_PLAIN(call_later_outside_a_run_counts_from_now)
{
    eddy_auto(eddy_loop) *loop = the_loop = eddy_loop_open(.clock = EDDY_CLOCK_REAL);

    eddy_loop_call_later(loop, 3600, digit, as_arg(9));
    usleep(30000);
    double began = eddy_loop_time(loop);
    eddy_loop_call_later(loop, 0.02, digit, as_arg(1));
    while (notes.n == 0)
        turn(INFINITY);
    CHECK(eddy_loop_time(loop) - began > 0.02 - 1e-6);
}

/* ---- handles ---- */

TEST_PLAIN(call_cancelled_before_it_is_due)
{
    eddy_auto(eddy_loop) *loop = open_virtual();
    eddy_handle soon = eddy_loop_call_soon(loop, digit, as_arg(1));
    eddy_handle later = eddy_loop_call_later(loop, 1, digit, as_arg(2));

    CHECK(eddy_loop_cancel_call(loop, soon));
    CHECK(eddy_loop_cancel_call(loop, later));
    CHECK(!eddy_loop_cancel_call(loop, soon));
    CHECK(!eddy_loop_cancel_call(loop, later));
    turn(5);
    turn(5);
    CHECK_INT(notes.n, 0);
}

TEST_PLAIN(call_cancelled_after_it_was_made)
{
    eddy_auto(eddy_loop) *loop = open_virtual();
    eddy_handle soon = eddy_loop_call_soon(loop, digit, as_arg(1));
    eddy_handle later = eddy_loop_call_later(loop, 1, digit, as_arg(2));

    turn(1);
    turn(0);
    CHECK_INT(noted(&notes), 12);
    CHECK(!eddy_loop_cancel_call(loop, soon));
    CHECK(!eddy_loop_cancel_call(loop, later));
    CHECK(!eddy_loop_cancel_call(loop, (eddy_handle){NULL, 0}));
}

/* Due, and in the ring already. */
TEST_PLAIN(call_cancelled_when_it_is_due)
{
    eddy_auto(eddy_loop) *loop = open_virtual();
    eddy_handle later = eddy_loop_call_later(loop, 1, digit, as_arg(2));

    turn(1); /* the timer fires at its end */
    CHECK(eddy_loop_cancel_call(loop, later));
    CHECK(!eddy_loop_cancel_call(loop, later));
    turn(0);
    CHECK_INT(notes.n, 0);
}

static eddy_handle own, next;

static int cancel_from_within(void *arg)
{
    (void)arg;
    CHECK(!eddy_loop_cancel_call(the_loop, own));
    CHECK(eddy_loop_cancel_call(the_loop, next));
    CHECK(!eddy_loop_cancel_call(the_loop, next));
    return 0;
}

TEST_PLAIN(call_cancelled_from_within)
{
    eddy_auto(eddy_loop) *loop = open_virtual();

    own = eddy_loop_call_soon(loop, cancel_from_within, NULL);
    next = eddy_loop_call_soon(loop, digit, as_arg(1));
    turn(0);
    turn(0);
    CHECK_INT(notes.n, 0);
}

/* A handle whose call was made does not name the one that got its memory. */
TEST_PLAIN(call_handles_stay_safe)
{
    eddy_auto(eddy_loop) *loop = open_virtual();
    eddy_handle first = eddy_loop_call_soon(loop, digit, as_arg(1));

    turn(0);
    eddy_handle second = eddy_loop_call_soon(loop, digit, as_arg(2));
    CHECK_PTR(second.call, first.call);
    CHECK(!eddy_loop_cancel_call(loop, first));
    turn(0);
    CHECK_INT(noted(&notes), 12);
}

/* Cancelled calls do not pile up: the same memory serves for ever. */
TEST(call_cancelled_often_needs_no_memory)
{
    eddy_loop *loop = eddy_loop_running();

    eddy_loop_cancel_call(loop, eddy_loop_call_later(loop, 1, digit, NULL));
    long before = eddy__alloc_live();
    for (int i = 0; i < 10000; i++)
        CHECK(eddy_loop_cancel_call(loop, eddy_loop_call_later(loop, i, digit, NULL)));
    CHECK_INT(eddy__alloc_live(), before);
}

static int count(void *arg)
{
    ++*(int *)arg;
    return 0;
}

TEST(call_without_memory_gives_no_handle)
{
    int asked = 0, made = 0;

    eddy__alloc_fail_at(1);
    while (eddy_loop_call_soon(eddy_loop_running(), count, &made).call)
        CHECK(++asked < 200);
    eddy__alloc_fail_at(0);
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(made, asked);
}

/* ---- failures ---- */

static struct reports reports;

static int fail(void *arg)
{
    note(&notes, (int)(intptr_t)arg);
    return eddy_raise(EDDY_EUSER - 3, "callback %d failed", (int)(intptr_t)arg);
}

static int fail_barely(void *arg)
{
    note(&notes, (int)(intptr_t)arg);
    return EDDY_ENOSPC;
}

TEST(call_G2_failing_callback_does_not_stop_the_loop)
{
    eddy_loop *loop = eddy_loop_running();

    reports_listen(&reports);
    eddy_loop_call_soon(loop, fail, as_arg(1));
    eddy_loop_call_soon(loop, digit, as_arg(2));
    eddy_loop_call_later(loop, 1, fail, as_arg(3));
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(noted(&notes), 12);
    CHECK_INT(reports.count, 1);
    CHECK_STR(reports.message, "a callback failed");
    CHECK_INT(reports.status, EDDY_EUSER - 3);
    CHECK_STR(reports.task, "");
    CHECK_OK(eddy_sleep(2));
    CHECK_INT(noted(&notes), 123);
    CHECK_INT(reports.count, 2);
}

/* A bare code is told, too. */
TEST(call_G2_failure_without_a_record_has_its_code)
{
    reports_listen(&reports);
    eddy_loop_call_soon(eddy_loop_running(), fail, as_arg(1));
    eddy_loop_call_soon(eddy_loop_running(), fail_barely, as_arg(2));
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(reports.count, 2);
    CHECK_INT(reports.status, EDDY_ENOSPC);
}

static int sees_no_record(void *arg)
{
    (void)arg;
    CHECK_PTR(eddy_last_error(), NULL);
    CHECK_PTR(eddy_current_task(), NULL);
    return 0;
}

TEST(call_record_of_one_callback_is_not_the_next_ones)
{
    reports_listen(&reports);
    eddy_raise(EDDY_EIO, "the task's own");
    eddy_loop_call_soon(eddy_loop_running(), fail, as_arg(1));
    eddy_loop_call_soon(eddy_loop_running(), sees_no_record, NULL);
    CHECK_OK(eddy_sleep(0));
    CHECK_STR(eddy_error_message(eddy_last_error()), "the task's own");
}

/* ---- all at once, with one thing going wrong ---- */

static int scenario(void)
{
    eddy_loop *loop = eddy_loop_running();
    eddy_handle kept = eddy_loop_call_later(loop, 1, digit, as_arg(1));
    eddy_handle dropped = eddy_loop_call_later(loop, 2, digit, as_arg(2));

    eddy_loop_call_soon(loop, digit, as_arg(3));
    eddy_loop_cancel_call(loop, dropped);
    int r = eddy_sleep(3);
    eddy_loop_cancel_call(loop, kept);
    return r;
}

SWEEP(calls_cancelled_anywhere)
{
    return scenario();
}

TORTURE(calls_without_memory)
{
    return scenario();
}

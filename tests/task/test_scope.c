/* test_scope.c - timeouts and shields. */
#include "reports.h"

static double now(void)
{
    return eddy_loop_time(eddy_loop_running());
}

/* ---- B1 to B4 ---- */

TEST(B1_timeout_0_without_suspension_is_no_error)
{
    eddy_scope limit;
    int ran = 0;

    eddy_timeout_as(limit, 0)
        ran++;
    CHECK_INT(ran, 1);
    CHECK(!eddy_scope_expired(&limit));
    CHECK_INT(eddy_sleep(0), 0);
    CHECK(!eddy_scope_expired(&limit));
}

TEST(B1_timeout_0_with_a_suspension_expires)
{
    eddy_scope limit;

    eddy_timeout_as(limit, 0) {
        CHECK_INT(eddy_sleep(0), EDDY_ETIMEDOUT);
        CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
        CHECK_INT(eddy_sleep(1), EDDY_ETIMEDOUT);
    }
    CHECK(eddy_scope_expired(&limit));
    CHECK_INT(eddy_sleep(0), 0);
}

static int resolves_after(double seconds, eddy_future *future)
{
    eddy_try(eddy_sleep(seconds));
    return eddy_future_set_result(future, NULL);
}
EDDY_CORO(resolves_after, double, eddy_future *)

TEST(B2_result_and_deadline_of_one_tick_are_a_result)
{
    eddy_auto(eddy_future) *future = eddy_future_open(0);
    eddy_auto(eddy_task) *resolver = eddy_create_task(resolves_after_coro(1, future));

    settle();
    eddy_timeout(1) {
        CHECK_INT(eddy_future_await(future, NULL), 0);
        CHECK_NEAR(now(), 1, 1e-6);
    }
}

TEST(B2_also_when_the_deadline_was_armed_first)
{
    eddy_auto(eddy_future) *future = eddy_future_open(0);
    eddy_scope limit;

    eddy_timeout_as(limit, 1) {
        eddy_auto(eddy_task) *resolver = eddy_create_task(resolves_after_coro(1, future));
        CHECK_INT(eddy_future_await(future, NULL), 0);
        CHECK_INT(eddy_sleep(1), EDDY_ETIMEDOUT); /* delivered at the next suspension */
    }
    CHECK(eddy_scope_expired(&limit));
}

TEST(B2_a_sleep_as_long_as_its_deadline_is_over)
{
    eddy_timeout(1)
        CHECK_INT(eddy_sleep(1), 0);
}

TEST(B3_outer_deadline_first)
{
    eddy_scope outer, inner;

    eddy_timeout_as(outer, 1) {
        eddy_timeout_as(inner, 2) {
            CHECK_INT(eddy_sleep(10), EDDY_ETIMEDOUT);
            CHECK_NEAR(now(), 1, 1e-6);
        }
        CHECK_INT(eddy_sleep(10), EDDY_ETIMEDOUT);
        CHECK(!eddy_scope_expired(&inner));
    }
    CHECK(eddy_scope_expired(&outer));
    CHECK_INT(eddy_sleep(10), 0);
    CHECK(!eddy_scope_expired(&inner));
}

TEST(B3_inner_deadline_first)
{
    eddy_scope outer, inner;

    eddy_timeout_as(outer, 2) {
        eddy_timeout_as(inner, 1)
            CHECK_INT(eddy_sleep(10), EDDY_ETIMEDOUT);
        CHECK(eddy_scope_expired(&inner));
        CHECK(!eddy_scope_expired(&outer));
        CHECK_INT(eddy_sleep(0.5), 0);
        CHECK_INT(eddy_sleep(10), EDDY_ETIMEDOUT);
    }
    CHECK(eddy_scope_expired(&outer));
}

TEST(B3_equal_deadlines_both_expire)
{
    eddy_scope outer, inner;

    eddy_timeout_as(outer, 1) {
        eddy_timeout_as(inner, 1)
            CHECK_INT(eddy_sleep(10), EDDY_ETIMEDOUT);
        CHECK(eddy_scope_expired(&inner));
    }
    CHECK(eddy_scope_expired(&outer));
}

TEST(B4_leaving_an_expired_scope_clears_its_effect)
{
    eddy_timeout(1)
        CHECK_INT(eddy_sleep(10), EDDY_ETIMEDOUT);
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_NEAR(now(), 2, 1e-6);
}

TEST(B4_a_scope_that_was_left_expires_no_more)
{
    eddy_scope limit;

    eddy_timeout_as(limit, 1) {
        if (now() < 1)
            break;
    }
    CHECK_INT(eddy_sleep(5), 0);
    CHECK(!eddy_scope_expired(&limit));
}

static int returns_out_of_a_scope(void)
{
    eddy_timeout(1)
        eddy_try(eddy_sleep(10));
    return 0;
}

TEST(B4_return_leaves_the_scope)
{
    CHECK_INT(returns_out_of_a_scope(), EDDY_ETIMEDOUT);
    CHECK_INT(eddy_sleep(5), 0);
}

/* ---- D3 ---- */

static int deep_inside(int depth)
{
    int r = depth ? deep_inside(depth - 1) : eddy_sleep(10);

    CHECK_INT(r, EDDY_ETIMEDOUT);
    CHECK_INT(eddy_sleep(0), EDDY_ETIMEDOUT);
    return r;
}

TEST(D3_a_deadline_reaches_every_depth)
{
    eddy_timeout(1)
        CHECK_INT(deep_inside(5), EDDY_ETIMEDOUT);
}

static int sleeps_in_timeout(int *status)
{
    eddy_timeout(1) {
        eddy_ignore(eddy_sleep(10));
        *status = eddy_sleep(10);
    }
    return 0;
}
EDDY_CORO(sleeps_in_timeout, int *)

TEST(D3_cancellation_wins_over_expiry)
{
    int status = 0;
    eddy_auto(eddy_task) *a = eddy_create_task(sleeps_in_timeout_coro(&status));

    CHECK_INT(eddy_sleep(0.5), 0);
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(status, EDDY_ECANCELED);
}

static int expires_then_is_cancelled(int *status)
{
    eddy_timeout(0) {
        CHECK_INT(eddy_sleep(0), EDDY_ETIMEDOUT);
        eddy_cancel(eddy_current_task());
        status[0] = eddy_sleep(0);
        eddy_uncancel();
        status[1] = eddy_sleep(0);
    }
    return 0;
}

TEST(D3_both_pending)
{
    int status[2] = {0};

    CHECK_INT(expires_then_is_cancelled(status), 0);
    CHECK_INT(status[0], EDDY_ECANCELED);
    CHECK_INT(status[1], EDDY_ETIMEDOUT);
}

TEST(D3_a_deadline_is_not_inherited_by_tasks)
{
    eddy_timeout(1) {
        eddy_auto(eddy_task) *a = eddy_create_task(sleeps_coro(2));
        eddy_shield(10)
            CHECK_INT(eddy_await(a), 0);
    }
}

/* ---- B6 ---- */

TEST(B6_rescheduled_later_earlier_and_off)
{
    eddy_scope limit;

    eddy_timeout_as(limit, 1) {
        CHECK_INT(eddy_scope_reschedule(&limit, 3), 0);
        CHECK_INT(eddy_sleep(2), 0);
        CHECK_INT(eddy_scope_reschedule(&limit, INFINITY), 0);
        CHECK_INT(eddy_sleep(100), 0);
        CHECK_INT(eddy_scope_reschedule(&limit, 0.5), 0);
        CHECK_INT(eddy_sleep(1), EDDY_ETIMEDOUT);
        CHECK_NEAR(now(), 102.5, 1e-6);
        CHECK_INT(eddy_scope_reschedule(&limit, 1), EDDY_ETIMEDOUT);
        CHECK_CONTAINS(last_message(), "expired");
    }
    CHECK(eddy_scope_expired(&limit));
    CHECK_INT(eddy_scope_reschedule(&limit, 1), EDDY_ECLOSED);
    CHECK_INT(eddy_last_status(), EDDY_ECLOSED);
}

TEST(B6_rescheduled_to_now)
{
    eddy_scope limit;

    eddy_timeout_as(limit, 10) {
        CHECK_INT(eddy_scope_reschedule(&limit, -1), 0);
        CHECK_INT(eddy_sleep(0), EDDY_ETIMEDOUT);
    }
    eddy_timeout_as(limit, 0) {
        CHECK_INT(eddy_scope_reschedule(&limit, 10), 0);
        CHECK_INT(eddy_sleep(5), 0);
    }
    CHECK(!eddy_scope_expired(&limit));
}

static int extends(eddy_scope *limit)
{
    eddy_try(eddy_sleep(0.5));
    return eddy_scope_reschedule(limit, 5);
}
EDDY_CORO(extends, eddy_scope *)

TEST(B6_rescheduled_by_another_task)
{
    eddy_scope limit;

    eddy_timeout_as(limit, 1) {
        eddy_auto(eddy_task) *other = eddy_create_task(extends_coro(&limit));
        CHECK_INT(eddy_sleep(10), EDDY_ETIMEDOUT);
        CHECK_NEAR(now(), 5.5, 1e-6);
        CHECK_INT(eddy_task_status(other), 0);
    }
}

/* ---- B7 ---- */

TEST(B7_negative_infinite_and_NaN)
{
    eddy_scope limit;

    eddy_timeout(-3)
        CHECK_INT(eddy_sleep(0), EDDY_ETIMEDOUT);
    eddy_timeout(-INFINITY)
        CHECK_INT(eddy_sleep(0), EDDY_ETIMEDOUT);
    eddy_timeout(INFINITY)
        CHECK_INT(eddy_sleep(1e6), 0);
    eddy_timeout(1e300)
        CHECK_INT(eddy_sleep(1e6), 0);
    eddy_timeout_as(limit, NAN) {
        CHECK_INT(eddy_sleep(1), EDDY_EINVAL);
        CHECK_CONTAINS(last_message(), "NaN");
    }
    CHECK(!eddy_scope_expired(&limit));
    CHECK_INT(eddy_sleep(1), 0);
    eddy_shield(NAN)
        CHECK_INT(eddy_sleep(1), EDDY_EINVAL);
    CHECK_INT(eddy_sleep(1), 0);
}

TEST(B7_NaN_for_reschedule_changes_nothing)
{
    eddy_scope limit;

    eddy_timeout_as(limit, 1) {
        CHECK_INT(eddy_scope_reschedule(&limit, NAN), EDDY_EINVAL);
        CHECK_INT(eddy_sleep(5), EDDY_ETIMEDOUT);
        CHECK_NEAR(now(), 1, 1e-6);
    }
}

TEST(B7_a_NaN_scope_can_be_repaired)
{
    eddy_scope limit;

    eddy_timeout_as(limit, NAN) {
        CHECK_INT(eddy_sleep(0), EDDY_EINVAL);
        CHECK_INT(eddy_scope_reschedule(&limit, 1), 0);
        CHECK_INT(eddy_sleep(5), EDDY_ETIMEDOUT);
    }
}

/* ---- B8 ---- */

TEST(B8_deadline_is_the_earliest_of_the_scopes)
{
    CHECK(eddy_deadline() == (double)INFINITY);
    CHECK_INT(eddy_sleep(1), 0);
    eddy_timeout(10) {
        CHECK_NEAR(eddy_deadline(), 11, 1e-6);
        eddy_timeout(20)
            CHECK_NEAR(eddy_deadline(), 11, 1e-6);
        eddy_timeout(5) {
            CHECK_NEAR(eddy_deadline(), 6, 1e-6);
            eddy_timeout(INFINITY)
                CHECK_NEAR(eddy_deadline(), 6, 1e-6);
        }
        CHECK_NEAR(eddy_deadline(), 11, 1e-6);
    }
    CHECK(eddy_deadline() == (double)INFINITY);
}

TEST(B8_a_shield_hides_outer_deadlines)
{
    eddy_timeout(1) {
        eddy_shield(INFINITY)
            CHECK(eddy_deadline() == (double)INFINITY);
        eddy_shield(5)
            CHECK_NEAR(eddy_deadline(), 5, 1e-6);
        CHECK_NEAR(eddy_deadline(), 1, 1e-6);
    }
}

TEST(B8_deadline_after_rescheduling_and_expiry)
{
    eddy_scope limit;

    eddy_timeout_as(limit, 1) {
        CHECK_INT(eddy_scope_reschedule(&limit, 2), 0);
        CHECK_NEAR(eddy_deadline(), 2, 1e-6);
        CHECK_INT(eddy_scope_reschedule(&limit, INFINITY), 0);
        CHECK(eddy_deadline() == (double)INFINITY);
        CHECK_INT(eddy_scope_reschedule(&limit, 0), 0);
        CHECK_NEAR(eddy_deadline(), 0, 1e-6);
        CHECK_INT(eddy_sleep(0), EDDY_ETIMEDOUT);
        CHECK_NEAR(eddy_deadline(), 0, 1e-6);
    }
}

/* ---- A13: shields ---- */

struct shielded {
    int inside, inside_again, after;
};

static int sleeps_in_shield(struct shielded *s, double seconds)
{
    eddy_shield(seconds) {
        s->inside = eddy_sleep(2);
        s->inside_again = eddy_sleep(2);
    }
    s->after = eddy_sleep(0);
    return 0;
}
EDDY_CORO(sleeps_in_shield, struct shielded *, double)

TEST(A13_a_cancellation_waits_outside_the_shield)
{
    struct shielded s = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(sleeps_in_shield_coro(&s, 10));

    CHECK_INT(eddy_sleep(1), 0);
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.inside, 0);
    CHECK_INT(s.inside_again, 0);
    CHECK_INT(s.after, EDDY_ECANCELED);
    CHECK_NEAR(now(), 4, 1e-6);
}

TEST(A13_a_shield_is_bounded)
{
    struct shielded s = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(sleeps_in_shield_coro(&s, 3));

    CHECK_INT(eddy_sleep(1), 0);
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.inside, 0);
    CHECK_INT(s.inside_again, EDDY_ETIMEDOUT);
    CHECK_INT(s.after, EDDY_ECANCELED);
    CHECK_NEAR(now(), 3, 1e-6);
}

TEST(A13_outer_deadlines_wait_outside_the_shield)
{
    eddy_timeout(1) {
        eddy_shield(10)
            CHECK_INT(eddy_sleep(5), 0);
        CHECK_INT(eddy_sleep(0), EDDY_ETIMEDOUT);
    }
}

TEST(A13_timeouts_inside_a_shield_work)
{
    eddy_cancel(eddy_current_task());
    eddy_shield(10) {
        eddy_timeout(1)
            CHECK_INT(eddy_sleep(5), EDDY_ETIMEDOUT);
        CHECK_INT(eddy_sleep(1), 0);
        eddy_shield(1) {
            CHECK_INT(eddy_sleep(5), EDDY_ETIMEDOUT);
        }
        CHECK_INT(eddy_sleep(1), 0);
    }
    CHECK_INT(eddy_sleep(0), EDDY_ECANCELED);
    eddy_uncancel();
}

TEST(A13_shields_restore_the_record)
{
    eddy_ignore(eddy_raise(EDDY_EUSER, "the failure to be returned"));
    eddy_shield(1)
        eddy_ignore(eddy_sleep(5));
    CHECK_INT(eddy_last_status(), EDDY_EUSER);
    CHECK_STR(last_message(), "the failure to be returned");
}

TEST(A13_a_failure_in_a_shield_keeps_its_record_when_there_was_none)
{
    eddy_error_clear();
    eddy_shield(1)
        eddy_ignore(eddy_raise(EDDY_EIO, "the flush failed"));
    CHECK_STR(last_message(), "the flush failed");
}

/* ---- odd use ---- */

TEST(a_scope_may_be_left_twice)
{
    eddy_scope limit;

    eddy_scope_enter(&limit, 1);
    eddy_scope_leave(&limit);
    eddy_scope_leave(&limit);
    CHECK_INT(eddy_sleep(2), 0);
}

TEST(scopes_may_be_left_out_of_order)
{
    eddy_scope outer, inner;

    eddy_scope_enter(&outer, 1);
    eddy_scope_enter(&inner, 2);
    eddy_scope_leave(&outer);
    CHECK_INT(eddy_sleep(1.5), 0);
    CHECK_INT(eddy_sleep(1.5), EDDY_ETIMEDOUT);
    eddy_scope_leave(&inner);
    CHECK_INT(eddy_sleep(2), 0);
}

TEST_PLAIN(scopes_outside_a_task_have_no_effect)
{
    eddy_scope limit;
    int ran = 0;

    eddy_timeout_as(limit, 0)
        ran++;
    eddy_shield(0)
        ran++;
    CHECK_INT(ran, 2);
    CHECK(!eddy_scope_expired(&limit));
    CHECK_INT(eddy_scope_reschedule(&limit, 1), EDDY_ECLOSED);
    eddy_error_clear();
}

TEST(many_scopes_expire_at_once)
{
    eddy_scope scopes[40];

    for (int i = 0; i < 40; i++)
        eddy_scope_enter(&scopes[i], i % 2 ? 0 : 1);
    CHECK_INT(eddy_sleep(2), EDDY_ETIMEDOUT);
    for (int i = 40; i-- > 0;)
        eddy_scope_leave(&scopes[i]);
    CHECK_INT(eddy_sleep(2), 0);
}

TEST_REAL(D3_deadlines_on_the_real_clock)
{
    double began = now();

    eddy_timeout(0.02)
        CHECK_INT(eddy_sleep(5), EDDY_ETIMEDOUT);
    CHECK(now() - began > 0.02 - 1e-6);
    CHECK(now() - began < 1);
}

/* ---- everything that can go wrong ---- */

static int nested_scopes(void)
{
    eddy_scope limit;
    int r = 0;

    eddy_timeout_as(limit, 10) {
        eddy_try(eddy_sleep(1));
        eddy_timeout(1)
            r = eddy_sleep(5);
        if (r != EDDY_ETIMEDOUT)
            return r;
        eddy_try(eddy_scope_reschedule(&limit, 20));
        eddy_shield(1)
            eddy_ignore(eddy_sleep(0.5));
        eddy_try(eddy_sleep(0));
    }
    return eddy_sleep(1);
}

SWEEP(scopes_cancelled_anywhere)
{
    return nested_scopes();
}

TORTURE(scopes_without_memory)
{
    return nested_scopes();
}

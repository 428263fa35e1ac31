/* test_group.c - task groups. */
#include "reports.h"

#include <eddy/gather.h>
#include <eddy/group.h>

static struct reports reports;

static double now(void)
{
    return eddy_loop_time(eddy_loop_running());
}

static int gives_after(double seconds, int value, int *result)
{
    eddy_try(eddy_sleep(seconds));
    *result = value;
    return 0;
}
EDDY_CORO(gives_after, double, int, int *)

/* ---- the quiet course ---- */

TEST(C6_join_waits_for_all)
{
    int a = 0, b = 0; /* C11: before the group */
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, gives_after_coro(2, 1, &a)), 0);
    CHECK_INT(eddy_group_start(group, gives_after_coro(1, 2, &b)), 0);
    CHECK_INT(eddy_group_count(group), 2);
    CHECK_INT(eddy_group_join(group), 0);
    CHECK_INT(eddy_group_count(group), 0);
    CHECK_INT(a, 1);
    CHECK_INT(b, 2);
    CHECK_NEAR(now(), 2, 1e-6);
}

TEST(C6_an_empty_group)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_join(group), 0);
    CHECK_INT(eddy_group_join(group), 0);
    eddy_group_close(NULL);
}

TEST(D5_close_cancels_and_waits)
{
    int a = 0;
    eddy_group *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, gives_after_coro(10, 1, &a)), 0);
    CHECK_INT(eddy_group_start(group, stubborn_coro(3, 0)), 0);
    settle();
    eddy_group_close(group);
    CHECK_INT(a, 0);
    CHECK_NEAR(now(), 3, 1e-6);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
}

static int writes_to(int *out)
{
    eddy_shield(INFINITY)
        eddy_ignore(eddy_sleep(1));
    *out = 42;
    return 0;
}
EDDY_CORO(writes_to, int *)

static int leaves_early(int *out)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    eddy_try(eddy_group_start(group, writes_to_coro(out)));
    eddy_try(eddy_sleep(0.5));
    return eddy_raise(EDDY_EUSER, "out of the middle");
}

TEST(C11_what_children_write_outlives_the_group)
{
    int out = 0;

    CHECK_INT(leaves_early(&out), EDDY_EUSER);
    CHECK_INT(out, 42);
    CHECK_STR(last_message(), "out of the middle");
}

/* ---- C6: failures ---- */

TEST(C6_a_failing_child_cancels_its_siblings)
{
    int a = 0;
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, gives_after_coro(10, 1, &a)), 0);
    CHECK_INT(eddy_group_start(group, fails_after_coro(1, EDDY_EUSER)), 0);
    CHECK_INT(eddy_group_join(group), EDDY_EUSER);
    CHECK_STR(last_message(), "failed after 1 s");
    CHECK_INT(failures(eddy_last_error()), 1);
    CHECK_INT(a, 0);
    CHECK_NEAR(now(), 1, 1e-6);
    CHECK_INT(eddy_sleep(1), 0);
}

TEST(C6_a_failing_child_cancels_the_body)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, fails_after_coro(1, EDDY_EUSER)), 0);
    int body = eddy_sleep(10);
    CHECK_INT(body, EDDY_ECANCELED);
    CHECK_INT(eddy_sleep(10), EDDY_ECANCELED);
    CHECK_INT(eddy_task_cancelling(eddy_current_task()), 0);
    CHECK_NEAR(now(), 1, 1e-6);
    CHECK_INT(eddy_group_join(group, .body = body), EDDY_EUSER);
    CHECK_INT(failures(eddy_last_error()), 1); /* the body's was an echo */
    CHECK_INT(eddy_sleep(1), 0);
}

TEST(C6_join_returns_when_all_have_ended)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, stubborn_coro(5, 0)), 0);
    CHECK_INT(eddy_group_start(group, fails_after_coro(1, EDDY_EUSER)), 0);
    CHECK_INT(eddy_group_join(group), EDDY_EUSER);
    CHECK_NEAR(now(), 5, 1e-6);
}

TEST(C6_errors_in_order_of_completion_the_body_last)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, stubborn_coro(3, EDDY_EUSER - 3)), 0);
    CHECK_INT(eddy_group_start(group, stubborn_coro(2, EDDY_EUSER - 2)), 0);
    CHECK_INT(eddy_group_start(group, fails_after_coro(9, EDDY_EUSER - 9)), 0); /* cancelled */
    settle();
    int body = eddy_raise(EDDY_EUSER - 4, "the body");
    CHECK_INT(eddy_group_join(group, .body = body), EDDY_EUSER - 2);

    const eddy_error *error = eddy_last_error();
    CHECK_INT(eddy_error_code(error), EDDY_EUSER - 2);
    CHECK_INT(eddy_error_code(error = eddy_error_next(error)), EDDY_EUSER - 3);
    CHECK_INT(eddy_error_code(error = eddy_error_next(error)), EDDY_EUSER - 4);
    CHECK_STR(eddy_error_message(error), "the body");
    CHECK_PTR(eddy_error_next(error), NULL);
}

TEST(C6_a_failing_body_cancels_the_children)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, sleeps_coro(10)), 0);
    settle();
    CHECK_INT(eddy_group_join(group, .body = eddy_raise(EDDY_EUSER, "the body")), EDDY_EUSER);
    CHECK_STR(last_message(), "the body");
    CHECK_NEAR(now(), 0, 1e-6);
}

TEST(C6_traceback_names_the_opener)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, fails_after_coro(1, EDDY_EUSER), .name = "child"), 0);
    CHECK_INT(eddy_group_start(group, stubborn_coro(2, EDDY_EIO), .name = "second"), 0);
    CHECK_INT(eddy_group_join(group), EDDY_EUSER);
    CHECK_CONTAINS(last_text(), "in task child\n");
    CHECK_CONTAINS(last_text(), "awaited by task Task-1 (test_task)\n");
    CHECK_CONTAINS(last_text(), "and also:");
}

/* ---- C7 ---- */

TEST(C7_a_child_cancelled_by_its_handle_is_no_failure)
{
    int a = 0;
    eddy_task *child = NULL;
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, sleeps_coro(10), .handle = &child), 0);
    CHECK_INT(eddy_group_start(group, gives_after_coro(2, 1, &a)), 0);
    settle();
    CHECK(eddy_cancel(child));
    CHECK_INT(eddy_group_join(group), 0);
    CHECK_INT(a, 1);
    CHECK(eddy_task_cancelled(child));
    eddy_task_close(child);
}

TEST(C7_closing_the_handle_of_a_child)
{
    eddy_task *child = NULL;
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, stubborn_coro(3, 0), .handle = &child), 0);
    settle();
    eddy_task_close(child);
    CHECK_NEAR(now(), 3, 1e-6);
    CHECK_INT(eddy_group_count(group), 0);
    CHECK_INT(eddy_group_join(group), 0);
}

TEST(C7_a_child_may_be_awaited_by_its_handle)
{
    eddy_task *child = NULL;
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, stubborn_coro(1, 7), .handle = &child), 0);
    CHECK_INT(eddy_await(child), 7);
    eddy_task_close(child);
    CHECK_INT(eddy_group_join(group), 0);
}

/* ---- C8: starting ---- */

static int starts_more(eddy_group *group, int left);
EDDY_CORO(starts_more, eddy_group *, int)

static int starts_more(eddy_group *group, int left)
{
    eddy_try(eddy_sleep(1));
    if (left == 0)
        return 0;
    return eddy_group_start(group, starts_more_coro(group, left - 1));
}

TEST(C8_children_start_others_while_the_group_is_joined)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, starts_more_coro(group, 4)), 0);
    CHECK_INT(eddy_group_join(group), 0);
    CHECK_NEAR(now(), 5, 1e-6);
}

TEST(C8_a_start_after_the_end_is_refused_and_join_reports_it)
{
    eddy_task *child = eddy_current_task();
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_join(group), 0);
    CHECK_INT(eddy_group_start(group, sleeps_coro(1), .handle = &child), EDDY_ECLOSED);
    CHECK_PTR(child, NULL);
    CHECK_CONTAINS(last_message(), "ended");
    CHECK_INT(eddy_group_count(group), 0);
    CHECK_INT(eddy_group_join(group), EDDY_ECLOSED);
}

TEST(C8_a_start_while_aborting_is_refused_and_join_reports_it)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, fails_after_coro(0, EDDY_EUSER)), 0);
    CHECK_INT(eddy_sleep(1), EDDY_ECANCELED);
    CHECK_INT(eddy_group_start(group, sleeps_coro(1)), EDDY_ECLOSED);
    CHECK_CONTAINS(last_message(), "aborted");
    CHECK_INT(eddy_group_join(group), EDDY_EUSER);
    CHECK_INT(failures(eddy_last_error()), 2);
    CHECK_INT(eddy_error_code(eddy_error_next(eddy_last_error())), EDDY_ECLOSED);
}

static int starts_when_cancelled(eddy_group *group, int *ran)
{
    if (eddy_sleep(10) != EDDY_ECANCELED)
        return 0;
    return eddy_group_start(group, gives_after_coro(1, 1, ran));
}
EDDY_CORO(starts_when_cancelled, eddy_group *, int *)

static int opens_and_joins(int *ran)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    eddy_try(eddy_group_start(group, starts_when_cancelled_coro(group, ran)));
    return eddy_group_join(group);
}
EDDY_CORO(opens_and_joins, int *)

TEST(C8_a_start_after_the_opener_was_cancelled_is_refused)
{
    int ran = 0;
    eddy_auto(eddy_task) *opener = eddy_create_task(opens_and_joins_coro(&ran));

    settle();
    CHECK(eddy_cancel(opener));
    CHECK_INT(eddy_await(opener), EDDY_ECLOSED);
    CHECK_INT(ran, 0);
    CHECK_NEAR(now(), 0, 1e-6);
}

TEST(C8_a_start_before_join_although_no_child_is_left)
{
    int a = 0;
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, returns_coro(0)), 0);
    settle();
    CHECK_INT(eddy_group_count(group), 0);
    CHECK_INT(eddy_group_start(group, gives_after_coro(1, 1, &a)), 0);
    CHECK_INT(eddy_group_join(group), 0);
    CHECK_INT(a, 1);
}

static int starts_in_callback(eddy_task *task, void *group)
{
    static int late;

    (void)task;
    CHECK_INT(eddy_group_start((eddy_group *)group, gives_after_coro(1, 1, &late)), 0);
    return 0;
}

TEST(C8_a_start_between_the_end_of_the_last_child_and_the_return_of_join)
{
    eddy_task *child = NULL;
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, sleeps_coro(1), .handle = &child), 0);
    CHECK_INT(eddy_task_add_done_callback(child, starts_in_callback, group), 0);
    CHECK_INT(eddy_group_join(group), 0);
    CHECK_NEAR(now(), 2, 1e-6);
    eddy_task_close(child);
}

static int writes_at_once(int *out)
{
    *out = 1;
    return eddy_sleep(1);
}
EDDY_CORO(writes_at_once, int *)

TEST(A14_eager_child)
{
    int a = 0;
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, writes_at_once_coro(&a), .eager = true), 0);
    CHECK_INT(a, 1);
    CHECK_INT(eddy_group_join(group), 0);
}

/* ---- C9 ---- */

static int opens_stubborn(int status, int *then)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    eddy_try(eddy_group_start(group, stubborn_coro(2, status)));
    int r = eddy_group_join(group);
    *then = eddy_sleep(1);
    return r;
}
EDDY_CORO(opens_stubborn, int, int *)

TEST(C9_failure_during_clean_up_is_returned_and_the_cancellation_follows)
{
    int then = 0;
    eddy_auto(eddy_task) *opener = eddy_create_task(opens_stubborn_coro(EDDY_EIO, &then));

    settle();
    CHECK(eddy_cancel(opener));
    CHECK_INT(eddy_await(opener), EDDY_EIO);
    CHECK_INT(then, EDDY_ECANCELED);
    CHECK_NEAR(now(), 2, 1e-6);
}

TEST(C9_without_a_failure_join_returns_the_cancellation)
{
    int then = 0;
    eddy_auto(eddy_task) *opener = eddy_create_task(opens_stubborn_coro(0, &then));

    settle();
    CHECK(eddy_cancel(opener, .reason = "enough"));
    CHECK_INT(eddy_await(opener), EDDY_ECANCELED);
    CHECK_CONTAINS(eddy_error_message(eddy_task_error(opener)), "enough");
}

TEST(C9_deadline_around_join)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, sleeps_coro(10)), 0);
    eddy_timeout(1)
        CHECK_INT(eddy_group_join(group), EDDY_ETIMEDOUT);
    CHECK_NEAR(now(), 1, 1e-6);
}

static int body_is_cancelled(void)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    eddy_try(eddy_group_start(group, stubborn_coro(2, EDDY_EIO)));
    int body = eddy_sleep(10);
    return eddy_group_join(group, .body = body);
}
EDDY_CORO(body_is_cancelled)

TEST(C9_external_cancellation_in_the_body)
{
    eddy_auto(eddy_task) *opener = eddy_create_task(body_is_cancelled_coro());

    settle();
    CHECK(eddy_cancel(opener));
    CHECK_INT(eddy_await(opener), EDDY_EIO);
    CHECK_INT(failures(eddy_last_error()), 1);
}

static int nested(int *then)
{
    eddy_auto(eddy_group) *outer = eddy_try(eddy_group_open());
    eddy_auto(eddy_group) *inner = eddy_try(eddy_group_open());

    eddy_try(eddy_group_start(outer, stubborn_coro(1, EDDY_EUSER - 1)));
    eddy_try(eddy_group_start(inner, stubborn_coro(1, EDDY_EUSER - 2)));
    int r = eddy_group_join(inner);
    *then = eddy_sleep(1);
    CHECK_INT(r, EDDY_EUSER - 2);
    return eddy_group_join(outer, .body = r);
}
EDDY_CORO(nested, int *)

TEST(C9_nested_groups_that_fail_at_once)
{
    int then = 0;
    eddy_auto(eddy_task) *a = eddy_create_task(nested_coro(&then));

    CHECK_INT(eddy_await(a), EDDY_EUSER - 1);
    CHECK_INT(then, EDDY_ECANCELED);
    CHECK_INT(failures(eddy_last_error()), 2);
    CHECK_INT(eddy_error_code(eddy_error_next(eddy_last_error())), EDDY_EUSER - 2);
}

TEST(C6_a_failing_outer_group_cancels_a_body_that_joins_an_inner_one)
{
    eddy_auto(eddy_group) *outer = eddy_group_open();
    eddy_auto(eddy_group) *inner = eddy_group_open();

    CHECK_INT(eddy_group_start(outer, fails_after_coro(1, EDDY_EUSER)), 0);
    CHECK_INT(eddy_group_start(inner, sleeps_coro(10)), 0);
    int r = eddy_group_join(inner);
    CHECK_INT(r, EDDY_ECANCELED);
    CHECK_NEAR(now(), 1, 1e-6);
    CHECK_INT(eddy_group_join(outer, .body = r), EDDY_EUSER);
}

/* ---- C10 ---- */

TEST(C10_cancel_ends_a_group_without_an_error)
{
    int a = 0;
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, gives_after_coro(10, 1, &a)), 0);
    CHECK_INT(eddy_sleep(1), 0);
    eddy_group_cancel(group);
    eddy_group_cancel(group);
    int body = eddy_sleep(1);
    CHECK_INT(body, EDDY_ECANCELED);
    CHECK_INT(eddy_group_start(group, sleeps_coro(1)), EDDY_ECLOSED);
    CHECK_INT(eddy_group_join(group, .body = body), 0);
    CHECK_INT(a, 0);
    CHECK_NEAR(now(), 1, 1e-6);
    CHECK_INT(eddy_sleep(1), 0);
}

static int cancels_group_after(eddy_group *group, double seconds)
{
    eddy_try(eddy_sleep(seconds));
    eddy_group_cancel(group);
    return 0;
}
EDDY_CORO(cancels_group_after, eddy_group *, double)

TEST(C10_a_child_cancels_the_group_while_it_is_joined)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, sleeps_coro(10)), 0);
    CHECK_INT(eddy_group_start(group, cancels_group_after_coro(group, 1)), 0);
    CHECK_INT(eddy_group_join(group), 0);
    CHECK_NEAR(now(), 1, 1e-6);
}

TEST(C10_a_failure_after_the_cancel_is_still_one)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, stubborn_coro(2, EDDY_EIO)), 0);
    settle();
    eddy_group_cancel(group);
    CHECK_INT(eddy_group_join(group), EDDY_EIO);
}

/* ---- bad use ---- */

TEST(D5_failure_in_a_group_that_is_not_joined_is_reported)
{
    reports_listen(&reports);
    eddy_group *group = eddy_group_open();
    CHECK_INT(eddy_group_start(group, fails_after_coro(0, EDDY_EUSER)), 0);
    CHECK_INT(eddy_sleep(1), EDDY_ECANCELED);
    eddy_ignore(eddy_raise(EDDY_EIO, "mine"));
    eddy_group_close(group);
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_EUSER);
    CHECK_CONTAINS(reports.message, "not joined");
    CHECK_STR(last_message(), "mine");
}

TEST(D5_joined_failures_are_not_reported)
{
    reports_listen(&reports);
    eddy_group *group = eddy_group_open();
    CHECK_INT(eddy_group_start(group, fails_after_coro(0, EDDY_EUSER)), 0);
    CHECK_INT(eddy_group_join(group), EDDY_EUSER);
    eddy_group_close(group);
    CHECK_INT(reports.count, 0);
}

static int joins_and_closes(eddy_group *group)
{
    CHECK_INT(eddy_group_join(group), EDDY_EOWNER);
    eddy_group_close(group);
    return 0;
}
EDDY_CORO(joins_and_closes, eddy_group *)

TEST(a_group_is_joined_and_closed_by_its_opener_only)
{
    reports_listen(&reports);
    eddy_auto(eddy_group) *group = eddy_group_open();
    CHECK_INT(eddy_group_start(group, sleeps_coro(2)), 0);
    eddy_auto(eddy_task) *other = eddy_create_task(joins_and_closes_coro(group));
    CHECK_INT(eddy_await(other), 0);
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_EOWNER);
    CHECK_INT(eddy_group_count(group), 1);
    CHECK_INT(eddy_group_join(group), 0);
    CHECK_INT(eddy_group_join(NULL), EDDY_EINVAL);
    CHECK_INT(eddy_group_start(NULL, (eddy_coro){0}), EDDY_EINVAL);
}

static int join_in_callback(void *group)
{
    CHECK_INT(eddy_group_join(group), EDDY_ENOTASK);
    CHECK_INT(eddy_group_start((eddy_group *)group, sleeps_coro(1)), 0);
    eddy_error_clear();
    return 0;
}

TEST(X8_a_group_in_a_callback)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK(eddy_loop_call_soon(eddy_loop_running(), join_in_callback, group).call);
    settle();
    CHECK_INT(eddy_group_count(group), 1);
    CHECK_INT(eddy_group_join(group), 0);
}

/* ---- everything that can go wrong ---- */

static int group_of_all_kinds(void)
{
    int a = 0, b = 0;

    reports_listen(&reports);
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());
    eddy_try(eddy_group_start(group, gives_after_coro(1, 1, &a), .name = "first"));
    eddy_try(eddy_group_start(group, starts_more_coro(group, 2)));
    eddy_try(eddy_sleep(0));
    eddy_try(eddy_group_join(group));

    eddy_auto(eddy_group) *failing = eddy_try(eddy_group_open());
    eddy_try(eddy_group_start(failing, fails_after_coro(1, EDDY_EUSER)));
    eddy_try(eddy_group_start(failing, stubborn_coro(2, EDDY_EUSER)));
    eddy_try(eddy_group_start(failing, gives_after_coro(9, 1, &b)));
    int r = eddy_group_join(failing, .body = eddy_sleep(3));
    return r == EDDY_EUSER && failures(eddy_last_error()) == 2 ? 0 : r;
}

SWEEP(groups_cancelled_anywhere)
{
    return group_of_all_kinds();
}

/* With a child's failure no join must say that all went well. */
TORTURE(groups_without_memory)
{
    return group_of_all_kinds();
}

TORTURE(C6_a_failure_counts_also_without_memory)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());
    eddy_try(eddy_group_start(group, returns_coro(EDDY_EUSER)));
    CHECK(eddy_group_join(group) < 0);
    return 0;
}

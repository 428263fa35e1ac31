/* test_gather.c - running several coroutines until all have ended. */
#include "closing.h"
#include "reports.h"

#include <eddy/gather.h>

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

/* ---- C1 ---- */

TEST(C1_results_in_argument_order_waits_for_all)
{
    int a = 0, b = 0, c = 0;

    CHECK_INT(eddy_gather(gives_after_coro(3, 1, &a), gives_after_coro(1, 2, &b),
                          gives_after_coro(2, 3, &c)),
              0);
    CHECK_INT(a, 1);
    CHECK_INT(b, 2);
    CHECK_INT(c, 3);
    CHECK_NEAR(now(), 3, 1e-6);
}

TEST(C1_nothing_to_gather)
{
    CHECK_INT(eddy_gather_n(NULL, 0), 0);
    CHECK_INT(eddy_gather_with(NULL, 0, NULL), 0);
    CHECK_INT(eddy_gather_tasks(NULL, 0), 0);
}

TEST(C1_more_coroutines_than_can_be_counted)
{
    eddy_coro coro = sleeps_coro(1);

    CHECK_INT(eddy_gather_n(&coro, SIZE_MAX / sizeof(eddy_task *) + 2), EDDY_EINVAL);
}

TEST(C1_siblings_of_a_failure_run_on_to_their_end)
{
    int a = 0, b = 0;

    CHECK_INT(eddy_gather(gives_after_coro(3, 1, &a), fails_after_coro(1, EDDY_EUSER),
                          gives_after_coro(2, 2, &b)),
              EDDY_EUSER);
    CHECK_INT(a, 1);
    CHECK_INT(b, 2);
    CHECK_NEAR(now(), 3, 1e-6);
    CHECK_STR(last_message(), "failed after 1 s");
}

TEST(C1_the_first_failure_in_time_is_the_result)
{
    CHECK_INT(eddy_gather(fails_after_coro(2, EDDY_EUSER), fails_after_coro(1, EDDY_EIO)),
              EDDY_EIO);
}

TEST(C1_cancel_on_error_cancels_the_siblings)
{
    int a = 0;
    eddy_coro coros[] = {gives_after_coro(3, 1, &a), fails_after_coro(1, EDDY_EUSER),
                         stubborn_coro(2, 0)};

    CHECK_INT(eddy_gather_n(coros, 3, .cancel_on_error = true), EDDY_EUSER);
    CHECK_INT(a, 0);
    CHECK_NEAR(now(), 2, 1e-6); /* it waited for the one that took its time */
    CHECK_PTR(eddy_error_next(eddy_last_error()), NULL);
}

static int gives_up(void)
{
    eddy_cancel(eddy_current_task());
    return eddy_sleep(0);
}
EDDY_CORO(gives_up)

TEST(C1_statuses_collects_and_returns_0)
{
    int a = 0, statuses[4] = {9, 9, 9, 9};
    eddy_coro coros[] = {gives_after_coro(1, 1, &a), fails_after_coro(2, EDDY_EUSER),
                         returns_coro(5), gives_up_coro()};

    reports_listen(&reports);
    CHECK_INT(eddy_gather_n(coros, 4, .statuses = statuses), 0);
    CHECK_INT(statuses[0], 0);
    CHECK_INT(statuses[1], EDDY_EUSER);
    CHECK_INT(statuses[2], 5);
    CHECK_INT(statuses[3], EDDY_ECANCELED);
    CHECK_INT(reports.count, 0);
    CHECK_PTR(eddy_last_error(), NULL);
}

TEST(C1_statuses_are_set_when_the_call_is_interrupted)
{
    eddy_coro coros[] = {sleeps_coro(10), stubborn_coro(2, 5)};
    int statuses[2] = {9, 9}, r = 0;

    eddy_timeout(1)
        r = eddy_gather_n(coros, 2, .statuses = statuses);
    CHECK_INT(r, EDDY_ETIMEDOUT);
    CHECK_INT(statuses[0], EDDY_ECANCELED);
    CHECK_INT(statuses[1], 5);
    CHECK_NEAR(now(), 2, 1e-6);
}

TEST(C1_statuses_are_set_when_the_call_does_not_run)
{
    int statuses[2] = {9, 9}, r = 0;
    eddy_task *tasks[] = {eddy_create_task(sleeps_coro(1)), eddy_current_task()};

    eddy_timeout(0) {
        eddy_ignore(eddy_sleep(1));
        r = eddy_gather_n(((eddy_coro[]){sleeps_coro(1), sleeps_coro(1)}), 2, .statuses = statuses);
    }
    CHECK_INT(r, EDDY_ETIMEDOUT);
    CHECK_INT(statuses[0], EDDY_ENOTREADY);
    CHECK_INT(statuses[1], EDDY_ENOTREADY);
    statuses[0] = statuses[1] = 9;
    CHECK_INT(eddy_gather_tasks(tasks, 2, .statuses = statuses), EDDY_EDEADLOCK);
    CHECK_INT(statuses[0], EDDY_ENOTREADY);
    CHECK_INT(statuses[1], EDDY_ENOTREADY);
    eddy_task_close(tasks[0]);
}

TEST(C1_statuses_with_cancel_on_error)
{
    int statuses[2] = {9, 9};
    eddy_coro coros[] = {sleeps_coro(10), fails_after_coro(1, EDDY_EUSER)};

    CHECK_INT(eddy_gather_n(coros, 2, .statuses = statuses, .cancel_on_error = true), 0);
    CHECK_INT(statuses[0], EDDY_ECANCELED);
    CHECK_INT(statuses[1], EDDY_EUSER);
    CHECK_NEAR(now(), 1, 1e-6);
}

TEST(C1_positive_statuses_are_no_failures)
{
    CHECK_INT(eddy_gather(returns_coro(3), returns_coro(4)), 0);
}

TEST(C1_many)
{
    enum { MANY = 500 };
    static eddy_coro coros[MANY];
    static int results[MANY];

    for (int i = 0; i < MANY; i++)
        coros[i] = gives_after_coro(i % 7, i, &results[i]);
    CHECK_INT(eddy_gather_n(coros, MANY), 0);
    for (int i = 0; i < MANY; i++)
        CHECK_INT(results[i], i);
}

/* ---- gather of tasks ---- */

TEST(C1_gather_of_tasks_leaves_them_to_the_caller)
{
    int a = 0;
    eddy_task *tasks[] = {eddy_create_task(gives_after_coro(1, 1, &a)),
                          eddy_create_task(fails_after_coro(2, EDDY_EUSER)),
                          eddy_create_task(returns_coro(0))};

    CHECK_INT(eddy_sleep(0.5), 0);
    CHECK_INT(eddy_gather_tasks(tasks, 3), EDDY_EUSER);
    CHECK_INT(eddy_task_status(tasks[0]), 0);
    CHECK_INT(eddy_task_status(tasks[1]), EDDY_EUSER);
    for (int i = 0; i < 3; i++)
        eddy_task_close(tasks[i]);
}

TEST(C1_gather_of_tasks_one_of_which_failed_before)
{
    eddy_task *tasks[] = {eddy_create_task(fails_after_coro(0, EDDY_EUSER)),
                          eddy_create_task(sleeps_coro(10))};

    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(eddy_gather_tasks(tasks, 2, .cancel_on_error = true), EDDY_EUSER);
    CHECK_NEAR(now(), 1, 1e-6);
    CHECK(eddy_task_cancelled(tasks[1]));
    eddy_task_close(tasks[0]);
    eddy_task_close(tasks[1]);
}

TEST(gather_of_what_is_no_other_task)
{
    eddy_auto(eddy_task) *a = eddy_create_task(returns_coro(0));
    eddy_task *with_null[] = {a, NULL};
    eddy_task *with_self[] = {a, eddy_current_task()};

    CHECK_INT(eddy_gather_tasks(with_null, 2), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "1");
    CHECK_INT(eddy_gather_tasks(with_self, 2), EDDY_EDEADLOCK);
    CHECK_INT(eddy_await(a), 0);
}

/* ---- C2 ---- */

static int gathers_two(int first, int second, struct notes *notes)
{
    int r = eddy_gather(stubborn_coro(first, EDDY_ECANCELED), stubborn_coro(second, 0));

    note(notes, 1);
    return r;
}
EDDY_CORO(gathers_two, int, int, struct notes *)

TEST(C2_cancelling_a_gather_waits_for_every_child)
{
    struct notes notes = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(gathers_two_coro(3, 5, &notes));

    settle();
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_sleep(4), 0);
    CHECK_INT(notes.n, 0);
    CHECK_INT(eddy_await(a), EDDY_ECANCELED);
    CHECK_NEAR(now(), 5, 1e-6);
}

static int gathers_tasks(eddy_task **tasks, size_t n)
{
    return eddy_gather_tasks(tasks, n);
}
EDDY_CORO(gathers_tasks, eddy_task **, size_t)

TEST(C2_cancelling_a_gather_cancels_every_child)
{
    eddy_task *tasks[3];

    for (int i = 0; i < 3; i++)
        tasks[i] = eddy_create_task(sleeps_coro(10));
    eddy_auto(eddy_task) *a = eddy_create_task(gathers_tasks_coro(tasks, 3));
    settle();
    CHECK(eddy_cancel(a));
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), EDDY_ECANCELED);
    for (int i = 0; i < 3; i++) {
        CHECK(eddy_task_cancelled(tasks[i]));
        eddy_task_close(tasks[i]);
    }
}

static int gathers_and_sleeps(int *gathered)
{
    *gathered = eddy_gather(stubborn_coro(2, 0), stubborn_coro(3, 0));
    return eddy_sleep(1);
}
EDDY_CORO(gathers_and_sleeps, int *)

TEST(C2_children_that_succeed_all_the_same_win)
{
    int gathered = 9;
    eddy_auto(eddy_task) *a = eddy_create_task(gathers_and_sleeps_coro(&gathered));

    settle();
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), EDDY_ECANCELED);
    CHECK_INT(gathered, 0);
}

static int gathers_a_bad_loser(void)
{
    return eddy_gather(stubborn_coro(2, EDDY_EIO), sleeps_coro(10));
}
EDDY_CORO(gathers_a_bad_loser)

TEST(C2_a_failure_during_the_clean_up_is_returned)
{
    eddy_auto(eddy_task) *a = eddy_create_task(gathers_a_bad_loser_coro());

    settle();
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), EDDY_EIO);
}

TEST(C2_deadline_around_a_gather)
{
    eddy_timeout(1)
        CHECK_INT(eddy_gather(sleeps_coro(10), sleeps_coro(20)), EDDY_ETIMEDOUT);
    CHECK_NEAR(now(), 1, 1e-6);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
}

TEST(A7_a_child_of_a_gather_cancelled_by_a_third_party)
{
    eddy_task *tasks[] = {eddy_create_task(sleeps_coro(3)), eddy_create_task(sleeps_coro(5))};
    eddy_auto(eddy_task) *a = eddy_create_task(gathers_tasks_coro(tasks, 2));

    settle();
    CHECK(eddy_cancel(tasks[0], .reason = "by a third party"));
    CHECK_INT(eddy_await(a), EDDY_ECHILDCANCELED);
    CHECK_NEAR(now(), 5, 1e-6);
    CHECK_CONTAINS(last_text(), "by a third party"); /* A11 */
    eddy_task_close(tasks[0]);
    eddy_task_close(tasks[1]);
}

/* ---- C3 ---- */

TEST(C3_every_failure_is_kept_in_order_of_completion)
{
    CHECK_INT(eddy_gather(fails_after_coro(3, EDDY_EUSER - 3), fails_after_coro(1, EDDY_EUSER - 1),
                          fails_after_coro(2, EDDY_EUSER - 2)),
              EDDY_EUSER - 1);
    const eddy_error *error = eddy_last_error();
    CHECK_STR(eddy_error_message(error), "failed after 1 s");
    CHECK_INT(eddy_error_code(error = eddy_error_next(error)), EDDY_EUSER - 2);
    CHECK_STR(eddy_error_message(error), "failed after 2 s");
    CHECK_INT(eddy_error_code(error = eddy_error_next(error)), EDDY_EUSER - 3);
    CHECK_PTR(eddy_error_next(error), NULL);
    CHECK_CONTAINS(last_text(), "and also:");
    CHECK_CONTAINS(last_text(), "failed after 3 s");
}

static int gathers_two_failures(double seconds)
{
    return eddy_gather(fails_after_coro(seconds, EDDY_EUSER),
                       fails_after_coro(seconds + 1, EDDY_EUSER));
}
EDDY_CORO(gathers_two_failures, double)

TEST(C3_failures_of_nested_gathers_are_all_kept)
{
    CHECK_INT(eddy_gather(gathers_two_failures_coro(1), gathers_two_failures_coro(5)), EDDY_EUSER);
    CHECK_INT(failures(eddy_last_error()), 4);
    CHECK_CONTAINS(last_text(), "failed after 6 s");
}

TEST(D5_gathered_failures_are_observed)
{
    reports_listen(&reports);
    CHECK_INT(eddy_gather(fails_after_coro(1, EDDY_EUSER), fails_after_coro(2, EDDY_EUSER)),
              EDDY_EUSER);
    CHECK_INT(reports.count, 0);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
}

/* ---- everything that can go wrong ---- */

static int gathers_in_gathers(void)
{
    int a = 0, b = 0, statuses[2];
    eddy_coro coros[] = {gathers_two_failures_coro(1), sleeps_coro(1)};

    eddy_try(eddy_gather(gives_after_coro(1, 1, &a), gives_after_coro(2, 2, &b)));
    eddy_try(eddy_gather_n(coros, 2, .statuses = statuses));
    int r = eddy_gather_n(coros, 2, .cancel_on_error = true);
    return r == EDDY_EUSER ? 0 : r;
}

SWEEP(gathers_cancelled_anywhere)
{
    return gathers_in_gathers();
}

TORTURE(gathers_without_memory)
{
    return gathers_in_gathers();
}

/* ---- handles that are closed meanwhile (D6) ---- */

static int closes_all_after_a_second(eddy_task **tasks, int n)
{
    eddy_try(eddy_sleep(1));
    for (int i = 0; i < n; i++)
        eddy_task_close(eddy_take(tasks[i]));
    return 0;
}
EDDY_CORO(closes_all_after_a_second, eddy_task **, int)

TEST(D6_gathered_handles_closed_before_the_gather_has_run)
{
    eddy_task *tasks[] = {eddy_create_task(fails_after_coro(1, EDDY_EUSER)),
                          eddy_create_task(sleeps_coro(1))};
    eddy_auto(eddy_task) *closer = eddy_create_task(closes_all_after_a_second_coro(tasks, 2));
    int statuses[2] = {1, 1};

    reports_listen(&reports);
    CHECK_INT(eddy_gather_tasks(tasks, 2, .statuses = statuses), 0);
    CHECK_INT(statuses[0], EDDY_EUSER);
    CHECK_INT(statuses[1], 0);
    CHECK_INT(eddy_await(closer), 0);
    CHECK_INT(reports.count, 0);
}

TEST(D6_gather_looks_at_its_tasks_before_it_yields)
{
    eddy_task *task = eddy_create_task(returns_coro(EDDY_EUSER));

    settle();
    CHECK_INT(CLOSED_IN_THE_CALL(eddy_task_close, task, eddy_gather_tasks(&task, 1)), EDDY_EUSER);
}

/* test_wait.c - waiting for some of several tasks, for one with a limit, for each as it ends. */
#include "closing.h"
#include "reports.h"

#include <eddy/future.h>
#include <eddy/gather.h>

static struct reports reports;

static double now(void)
{
    return eddy_loop_time(eddy_loop_running());
}

/* Three tasks, closed by close_all. */
static void start(eddy_task *tasks[3], eddy_coro a, eddy_coro b, eddy_coro c)
{
    tasks[0] = eddy_create_task(a);
    tasks[1] = eddy_create_task(b);
    tasks[2] = eddy_create_task(c);
}

static void close_all(eddy_task *tasks[3])
{
    for (int i = 0; i < 3; i++)
        eddy_task_close(tasks[i]);
}

/* ---- C4: wait ---- */

TEST(C4_wait_for_all)
{
    eddy_task *tasks[3];

    start(tasks, sleeps_coro(1), fails_after_coro(2, EDDY_EUSER), sleeps_coro(3));
    CHECK_INT(eddy_wait(tasks, 3), 3);
    CHECK_NEAR(now(), 3, 1e-6);
    CHECK_INT(eddy_task_status(tasks[1]), EDDY_EUSER);
    CHECK_INT(eddy_wait(tasks, 3), 3);
    close_all(tasks);
}

TEST(C4_wait_for_the_first)
{
    eddy_task *tasks[3];

    start(tasks, sleeps_coro(3), sleeps_coro(1), sleeps_coro(2));
    CHECK_INT(eddy_wait(tasks, 3, .return_when = EDDY_FIRST_COMPLETED), 1);
    CHECK_NEAR(now(), 1, 1e-6);
    CHECK(!eddy_task_done(tasks[0]) && eddy_task_done(tasks[1]) && !eddy_task_done(tasks[2]));
    CHECK_INT(eddy_wait(tasks, 3, .return_when = EDDY_FIRST_COMPLETED), 1); /* as before */
    close_all(tasks);
}

TEST(C4_wait_for_the_first_failure)
{
    eddy_task *tasks[3];

    start(tasks, sleeps_coro(1), fails_after_coro(2, EDDY_EUSER), sleeps_coro(3));
    CHECK_INT(eddy_wait(tasks, 3, .return_when = EDDY_FIRST_EXCEPTION), 2);
    CHECK_NEAR(now(), 2, 1e-6);
    CHECK_INT(eddy_wait(tasks, 3, .return_when = EDDY_FIRST_EXCEPTION), 2);
    CHECK_INT(eddy_task_status(tasks[1]), EDDY_EUSER);
    close_all(tasks);
}

TEST(C4_without_a_failure_the_first_is_waited_for_in_vain)
{
    eddy_task *tasks[3];

    start(tasks, sleeps_coro(1), sleeps_coro(2), sleeps_coro(3));
    CHECK_INT(eddy_wait(tasks, 3, .return_when = EDDY_FIRST_EXCEPTION), 3);
    CHECK_NEAR(now(), 3, 1e-6);
    close_all(tasks);
}

TEST(C4_a_cancelled_child_is_no_failure)
{
    eddy_task *tasks[3];

    start(tasks, sleeps_coro(1), sleeps_coro(10), sleeps_coro(3));
    CHECK(eddy_cancel(tasks[1]));
    CHECK_INT(eddy_wait(tasks, 3, .return_when = EDDY_FIRST_EXCEPTION), 3);
    CHECK_NEAR(now(), 3, 1e-6);
    close_all(tasks);
}

TEST(C4_an_empty_set_is_an_error)
{
    CHECK_INT(eddy_wait(NULL, 0), EDDY_EINVAL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
}

TEST(C4_bad_arguments)
{
    eddy_auto(eddy_task) *a = eddy_create_task(returns_coro(0));
    eddy_task *with_null[] = {a, NULL};
    eddy_task *self = eddy_current_task();

    CHECK_INT(eddy_wait(with_null, 2), EDDY_EINVAL);
    CHECK_INT(eddy_wait(&self, 1), EDDY_EDEADLOCK);
    CHECK_INT(eddy_wait(&a, 1, .return_when = 7), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "EDDY_FIRST_EXCEPTION");
    CHECK_INT(eddy_wait_with(&a, 1, NULL), 1);
}

TEST(C4_a_timeout_cancels_nothing)
{
    eddy_task *tasks[3];

    start(tasks, sleeps_coro(1), sleeps_coro(3), sleeps_coro(4));
    CHECK_INT(eddy_wait_at_most(tasks, 3, 2), 1);
    CHECK_NEAR(now(), 2, 1e-6);
    CHECK_INT(eddy_task_cancelling(tasks[1]) + eddy_task_cancelling(tasks[2]), 0);
    CHECK_INT(eddy_wait(tasks, 3), 3);
    CHECK_INT(eddy_task_status(tasks[2]), 0);
    close_all(tasks);
}

TEST(C4_B7_a_time_that_has_passed_does_not_wait)
{
    static const double passed[] = {0, -0.0, -1, -INFINITY};
    eddy_task *tasks[3];

    start(tasks, returns_coro(0), sleeps_coro(3), sleeps_coro(4));
    for (unsigned i = 0; i < count_of(passed); i++) /* the others have run once after the first */
        CHECK_INT(eddy_wait_at_most(tasks, 3, passed[i]), 1);
    CHECK_NEAR(now(), 0, 1e-6);
    CHECK_INT(eddy_wait_at_most(tasks, 3, NAN), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "NaN");
    CHECK_INT(eddy_wait_at_most(tasks, 3, INFINITY), 3);
    CHECK_INT(eddy_wait_at_most(tasks, 3, -1), 3);
    close_all(tasks);
}

TEST(C4_end_and_timeout_in_one_tick_count_the_end)
{
    eddy_auto(eddy_task) *a = eddy_create_task(sleeps_coro(1));

    settle();
    CHECK_INT(eddy_wait_at_most(&a, 1, 1), 1);
}

TEST(C4_a_deadline_around_a_wait_is_a_failure)
{
    eddy_auto(eddy_task) *a = eddy_create_task(sleeps_coro(10));

    eddy_timeout(1)
        CHECK_INT(eddy_wait_at_most(&a, 1, 5), EDDY_ETIMEDOUT);
    eddy_timeout(1)
        CHECK_INT(eddy_wait_at_most(&a, 1, 1), EDDY_ETIMEDOUT);
    CHECK_INT(eddy_task_cancelling(a), 0);
    CHECK_INT(eddy_wait_at_most(&a, 1, 1), 0);
}

static int waits(eddy_task **tasks, size_t n)
{
    return eddy_wait(tasks, n);
}
EDDY_CORO(waits, eddy_task **, size_t)

TEST(C4_cancelling_the_wait_leaves_the_children_running)
{
    eddy_task *tasks[3];

    start(tasks, sleeps_coro(1), sleeps_coro(2), sleeps_coro(3));
    eddy_auto(eddy_task) *a = eddy_create_task(waits_coro(tasks, 3));
    settle();
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), EDDY_ECANCELED);
    CHECK_NEAR(now(), 0, 1e-6);
    CHECK_INT(eddy_wait(tasks, 3), 3);
    for (int i = 0; i < 3; i++)
        CHECK_INT(eddy_task_status(tasks[i]), 0);
    close_all(tasks);
}

TEST(C4_waiting_observes_nothing)
{
    reports_listen(&reports);
    eddy_task *a = eddy_create_task(fails_after_coro(1, EDDY_EUSER));
    CHECK_INT(eddy_wait(&a, 1), 1);
    eddy_task_close(a);
    CHECK_INT(reports.count, 1);
}

TEST(C4_a_task_named_twice_counts_twice)
{
    eddy_auto(eddy_task) *a = eddy_create_task(sleeps_coro(1));
    eddy_task *twice[] = {a, a};

    CHECK_INT(eddy_wait(twice, 2), 2);
}

/* ---- B5: wait_for ---- */

static int notes_and_sleeps(struct notes *notes, double seconds)
{
    note(notes, 1);
    return eddy_sleep(seconds);
}
EDDY_CORO(notes_and_sleeps, struct notes *, double)

TEST(B5_wait_for_in_time)
{
    CHECK_INT(eddy_wait_for(sleeps_coro(1), 2), 0);
    CHECK_NEAR(now(), 1, 1e-6);
    CHECK_INT(eddy_wait_for(returns_coro(7), 1), 7);
    CHECK_INT(eddy_wait_for(fails_after_coro(1, EDDY_EUSER), 2), EDDY_EUSER);
    CHECK_STR(last_message(), "failed after 1 s");
    CHECK_INT(eddy_wait_for(sleeps_coro(1), INFINITY), 0);
}

TEST(B5_wait_for_0_never_starts_it)
{
    struct notes notes = {0};

    CHECK_INT(eddy_wait_for(notes_and_sleeps_coro(&notes, 0), 0), EDDY_ETIMEDOUT);
    CHECK_INT(eddy_wait_for(notes_and_sleeps_coro(&notes, 0), -1), EDDY_ETIMEDOUT);
    CHECK_INT(eddy_wait_for(notes_and_sleeps_coro(&notes, 0), -INFINITY), EDDY_ETIMEDOUT);
    settle();
    CHECK_INT(notes.n, 0);
    CHECK_INT(eddy_wait_for(notes_and_sleeps_coro(&notes, 0), NAN), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "NaN");
    CHECK_INT(notes.n, 0);
}

TEST(B5_wait_for_cancels_on_expiry)
{
    struct notes notes = {0};

    CHECK_INT(eddy_wait_for(notes_and_sleeps_coro(&notes, 10), 1), EDDY_ETIMEDOUT);
    CHECK_NEAR(now(), 1, 1e-6);
    CHECK_INT(notes.n, 1);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
    CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    CHECK_INT(eddy_sleep(1), 0);
}

static int cleans_up_for(double seconds)
{
    int r = eddy_sleep(100);

    eddy_shield(INFINITY)
        eddy_ignore(eddy_sleep(seconds));
    return r;
}
EDDY_CORO(cleans_up_for, double)

TEST(B5_wait_for_returns_when_the_clean_up_has_ended)
{
    CHECK_INT(eddy_wait_for(cleans_up_for_coro(3), 1), EDDY_ETIMEDOUT);
    CHECK_NEAR(now(), 4, 1e-6);
}

TEST(B5_a_body_that_swallows_the_cancellation_returns_its_value)
{
    CHECK_INT(eddy_wait_for(stubborn_coro(5, 7), 1), 7);
    CHECK_NEAR(now(), 5, 1e-6);
    CHECK_INT(eddy_wait_for(stubborn_coro(5, EDDY_EIO), 1), EDDY_EIO);
    CHECK_INT(eddy_sleep(1), 0);
}

TEST(B5_end_and_deadline_in_one_tick_are_a_result)
{
    CHECK_INT(eddy_wait_for(sleeps_coro(1), 1), 0);
}

static int waits_for(double inner, double limit)
{
    return eddy_wait_for(stubborn_coro(inner, EDDY_ECANCELED), limit);
}
EDDY_CORO(waits_for, double, double)

TEST(B5_cancelled_from_outside)
{
    eddy_auto(eddy_task) *a = eddy_create_task(waits_for_coro(5, 3));
    eddy_auto(eddy_task) *b = eddy_create_task(waits_for_coro(5, 1));

    CHECK_INT(eddy_sleep(2), 0);
    CHECK(eddy_cancel(a)); /* before its limit, which passes during the clean-up */
    CHECK(eddy_cancel(b)); /* after it */
    CHECK_INT(eddy_await(a), EDDY_ECANCELED);
    CHECK_INT(eddy_await(b), EDDY_ECANCELED);
    CHECK_NEAR(now(), 5, 1e-6);
}

TEST(B5_outer_deadline_is_earlier)
{
    eddy_timeout(1)
        CHECK_INT(eddy_wait_for(sleeps_coro(10), 5), EDDY_ETIMEDOUT);
    CHECK_NEAR(now(), 1, 1e-6);
}

/* ---- C5: as_completed ---- */

TEST(C5_tasks_come_in_order_of_completion)
{
    eddy_task *tasks[3], *task = NULL;

    start(tasks, sleeps_coro(3), fails_after_coro(1, EDDY_EUSER), sleeps_coro(2));
    eddy_auto(eddy_completion) *completion = eddy_as_completed(tasks, 3);
    CHECK_INT(eddy_completion_next(completion, &task), 1);
    CHECK_PTR(task, tasks[1]);
    CHECK_NEAR(now(), 1, 1e-6);
    CHECK_INT(eddy_await(task), EDDY_EUSER);
    CHECK_INT(eddy_completion_next(completion, &task), 1);
    CHECK_PTR(task, tasks[2]);
    CHECK_INT(eddy_completion_next(completion, &task), 1);
    CHECK_PTR(task, tasks[0]);
    CHECK_INT(eddy_completion_next(completion, &task), 0);
    CHECK_INT(eddy_completion_next(completion, &task), 0);
    close_all(tasks);
}

TEST(C5_tasks_that_ended_before_or_meanwhile)
{
    eddy_task *tasks[3], *task = NULL;

    start(tasks, sleeps_coro(3), sleeps_coro(2), returns_coro(0));
    settle();
    eddy_auto(eddy_completion) *completion = eddy_as_completed(tasks, 3);
    CHECK_INT(eddy_sleep(5), 0);
    CHECK_INT(eddy_completion_next(completion, &task), 1);
    CHECK_PTR(task, tasks[2]);
    CHECK_INT(eddy_completion_next(completion, &task), 1);
    CHECK_PTR(task, tasks[1]);
    close_all(tasks); /* the completion outlives them */
    CHECK_INT(eddy_completion_next(completion, &task), 1);
}

TEST(C5_its_timeout_leaves_the_rest_running)
{
    eddy_task *tasks[3], *task = NULL;

    start(tasks, sleeps_coro(3), sleeps_coro(1), sleeps_coro(4));
    eddy_auto(eddy_completion) *completion = eddy_as_completed(tasks, 3);
    eddy_timeout(2) {
        CHECK_INT(eddy_completion_next(completion, &task), 1);
        CHECK_INT(eddy_completion_next(completion, &task), EDDY_ETIMEDOUT);
    }
    CHECK_INT(eddy_task_cancelling(tasks[0]) + eddy_task_cancelling(tasks[2]), 0);
    CHECK_INT(eddy_completion_next(completion, &task), 1);
    CHECK_PTR(task, tasks[0]);
    CHECK_NEAR(now(), 3, 1e-6);
    close_all(tasks);
}

static int takes_next(eddy_completion *completion)
{
    eddy_task *task;

    return eddy_completion_next(completion, &task);
}
EDDY_CORO(takes_next, eddy_completion *)

TEST(A4_cancelling_as_completed_leaves_the_tasks_running)
{
    eddy_auto(eddy_task) *a = eddy_create_task(sleeps_coro(3));
    eddy_auto(eddy_completion) *completion = eddy_as_completed(&a, 1);
    eddy_auto(eddy_task) *b = eddy_create_task(takes_next_coro(completion));

    settle();
    CHECK(eddy_cancel(b));
    CHECK_INT(eddy_await(b), EDDY_ECANCELED);
    CHECK_INT(eddy_await(a), 0);
}

TEST(C5_only_one_task_waits_for_the_next)
{
    eddy_auto(eddy_task) *a = eddy_create_task(sleeps_coro(3));
    eddy_auto(eddy_completion) *completion = eddy_as_completed(&a, 1);
    eddy_auto(eddy_task) *b = eddy_create_task(takes_next_coro(completion));

    settle();
    CHECK_INT(takes_next(completion), EDDY_EBUSY);
    CHECK_INT(eddy_await(b), 1);
}

TEST(C5_closing_ends_a_wait_for_the_next)
{
    eddy_auto(eddy_task) *a = eddy_create_task(sleeps_coro(3));
    eddy_completion *completion = eddy_as_completed(&a, 1);
    eddy_auto(eddy_task) *b = eddy_create_task(takes_next_coro(completion));

    settle();
    eddy_completion_close(completion);
    CHECK_INT(eddy_await(b), EDDY_ECLOSED);
    CHECK(!eddy_task_done(a));
}

static int passes(eddy_future *gate)
{
    return eddy_future_await(gate, NULL);
}
EDDY_CORO(passes, eddy_future *)

/* The task that waits has been woken by an end, but has not run yet. */
TEST(C5_closing_after_an_end_that_nobody_has_taken)
{
    eddy_future *gate = eddy_future_open(0);
    eddy_auto(eddy_task) *a = eddy_create_task(passes_coro(gate));
    eddy_completion *completion = eddy_as_completed(&a, 1);
    eddy_auto(eddy_task) *b = eddy_create_task(takes_next_coro(completion));

    settle();
    CHECK_INT(eddy_future_set_result(gate, NULL), 0);
    CHECK_INT(eddy_sleep(0), 0);
    CHECK(eddy_task_done(a) && !eddy_task_done(b));
    eddy_completion_close(completion);
    CHECK_INT(eddy_await(b), EDDY_ECLOSED);
    eddy_future_close(gate);
}

static int takes_64(eddy_completion *completion)
{
    for (int i = 0; i < 64; i++)
        CHECK_INT(takes_next(completion), 1);
    return 0;
}
EDDY_CORO(takes_64, eddy_completion *)

static int closes_soon(eddy_completion *completion)
{
    eddy_completion_close(completion);
    return 0;
}
EDDY_CORO(closes_soon, eddy_completion *)

/* Every 64th call in a row lets others run (D4): one of them may close what the call is about. */
TEST(C5_closing_while_a_taker_yields)
{
    eddy_task *tasks[64];
    eddy_auto(eddy_task) *a = eddy_create_task(sleeps_coro(0));

    CHECK_INT(eddy_await(a), 0);
    for (size_t i = 0; i < 64; i++)
        tasks[i] = a;
    eddy_completion *completion = eddy_as_completed(tasks, 64);
    eddy_auto(eddy_task) *taker = eddy_create_task(takes_64_coro(completion));
    eddy_auto(eddy_task) *closer = eddy_create_task(closes_soon_coro(completion));
    CHECK_INT(eddy_await(closer), 0);
    CHECK_INT(eddy_await(taker), 0);
}

TEST(C4_more_tasks_than_can_be_counted)
{
    eddy_auto(eddy_task) *a = eddy_create_task(sleeps_coro(1));
    size_t absurd = SIZE_MAX / sizeof(eddy_task *) + 2;

    CHECK_INT(eddy_wait(&a, absurd), EDDY_EINVAL);
    CHECK_INT(eddy_gather_tasks(&a, absurd), EDDY_EINVAL);
    CHECK_PTR(eddy_as_completed(&a, absurd), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
}

TEST(C5_nothing_to_complete)
{
    eddy_task *none = NULL, *self = eddy_current_task();
    eddy_auto(eddy_completion) *completion = eddy_as_completed(NULL, 0);

    CHECK(completion != NULL);
    CHECK_INT(eddy_completion_next(completion, &none), 0);
    CHECK_PTR(eddy_as_completed(&none, 1), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_as_completed(&self, 1), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EDEADLOCK);
    eddy_completion_close(NULL);
}

/* ---- everything that can go wrong ---- */

static int waits_of_all_kinds(void)
{
    eddy_auto(eddy_task) *a = eddy_try(eddy_create_task(sleeps_coro(1)));
    eddy_auto(eddy_task) *b = eddy_try(eddy_create_task(sleeps_coro(2)));
    eddy_auto(eddy_task) *c = eddy_try(eddy_create_task(sleeps_coro(9)));
    eddy_task *tasks[] = {a, b, c}, *task;
    eddy_auto(eddy_completion) *completion = eddy_try(eddy_as_completed(tasks, 3));

    eddy_try(eddy_wait(tasks, 3, .return_when = EDDY_FIRST_COMPLETED));
    eddy_try(eddy_wait_at_most(tasks, 3, 3));
    eddy_try(eddy_completion_next(completion, &task));
    eddy_try(eddy_completion_next(completion, &task));
    eddy_try(eddy_wait_for(sleeps_coro(1), 2));
    int r = eddy_wait_for(sleeps_coro(2), 1);
    if (r != EDDY_ETIMEDOUT)
        return r;
    eddy_cancel(c);
    return eddy_completion_next(completion, &task);
}

SWEEP(waits_cancelled_anywhere)
{
    return waits_of_all_kinds();
}

TORTURE(waits_without_memory)
{
    return waits_of_all_kinds();
}

/* ---- handles that are closed meanwhile (D6) ---- */

static int closes_after_a_second(eddy_task *task)
{
    eddy_try(eddy_sleep(1));
    eddy_task_close(task);
    return 0;
}
EDDY_CORO(closes_after_a_second, eddy_task *)

TEST(D6_handle_closed_before_the_wait_has_run)
{
    eddy_task *task = eddy_create_task(sleeps_coro(1));
    eddy_auto(eddy_task) *closer = eddy_create_task(closes_after_a_second_coro(task));

    CHECK_INT(eddy_wait(&task, 1), 1);
    CHECK_INT(eddy_await(closer), 0);
}

TEST(D6_wait_looks_at_its_tasks_before_it_yields)
{
    eddy_task *task = eddy_create_task(returns_coro(0));

    settle();
    CHECK_INT(CLOSED_IN_THE_CALL(eddy_task_close, task, eddy_wait(&task, 1)), 1);
}

TEST(D6_completion_holds_its_tasks)
{
    eddy_task *task = eddy_create_task(sleeps_coro(1)), *done = NULL;
    eddy_auto(eddy_completion) *completion = eddy_as_completed(&task, 1);
    eddy_auto(eddy_task) *closer = eddy_create_task(closes_after_a_second_coro(task));

    CHECK_INT(eddy_completion_next(completion, &done), 1);
    CHECK_PTR(done, task);
    CHECK_INT(eddy_task_status(done), 0);
    CHECK_INT(eddy_await(closer), 0);
}

/* A second consumer that comes between the end of a task and the first one's run. */
static int consumes(eddy_completion *completion, double later)
{
    eddy_task *task = NULL;

    eddy_try(eddy_sleep(later));
    return eddy_completion_next(completion, &task);
}
EDDY_CORO(consumes, eddy_completion *, double)

TEST(C5_two_consumers_get_one_task_once)
{
    eddy_auto(eddy_task) *task = eddy_create_task(sleeps_coro(1));
    eddy_auto(eddy_completion) *completion = eddy_as_completed(&task, 1);
    eddy_auto(eddy_task) *first = eddy_create_task(consumes_coro(completion, 0));
    eddy_auto(eddy_task) *second = eddy_create_task(consumes_coro(completion, 1));
    eddy_auto(eddy_task) *third = eddy_create_task(consumes_coro(completion, 2));

    NEEDS_ORDER();
    CHECK_INT(eddy_await(first), 1);
    CHECK_INT(eddy_await(second), EDDY_EBUSY);
    CHECK_INT(eddy_await(third), 0);
}

/* test_cancel.c - cancellation is a level; completion wins. */
#include "reports.h"

static struct reports reports;

static int notes_its_start(struct notes *notes)
{
    note(notes, 1);
    return 0;
}
EDDY_CORO(notes_its_start, struct notes *)

/* ---- A1, A3 ---- */

TEST(A1_cancelled_before_its_first_step_never_runs)
{
    struct notes notes = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(notes_its_start_coro(&notes));

    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), EDDY_ECANCELED);
    CHECK_INT(notes.n, 0);
    CHECK(eddy_task_cancelled(a));
    CHECK_INT(eddy_task_status(a), EDDY_ECANCELED);
}

TEST(A1_closed_before_its_first_step_never_runs)
{
    struct notes notes = {0};

    eddy_task_close(eddy_create_task(notes_its_start_coro(&notes)));
    settle();
    CHECK_INT(notes.n, 0);
}

static int sleeps_then_returns(int status)
{
    eddy_ignore(eddy_sleep(100));
    return status;
}
EDDY_CORO(sleeps_then_returns, int)

TEST(A3_cancelled_but_done)
{
    eddy_auto(eddy_task) *a = eddy_create_task(sleeps_then_returns_coro(0));
    eddy_auto(eddy_task) *b = eddy_create_task(sleeps_then_returns_coro(5));
    eddy_auto(eddy_task) *c = eddy_create_task(sleeps_then_returns_coro(EDDY_EIO));

    settle();
    CHECK(eddy_cancel(a) && eddy_cancel(b) && eddy_cancel(c));
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(eddy_await(b), 5);
    CHECK_INT(eddy_await(c), EDDY_EIO);
    CHECK(!eddy_task_cancelled(a) && !eddy_task_cancelled(b) && !eddy_task_cancelled(c));
}

TEST(A3_cancelled_is_who_returns_ECANCELED)
{
    eddy_auto(eddy_task) *a = eddy_create_task(returns_coro(EDDY_ECANCELED));

    settle();
    CHECK(eddy_task_cancelled(a));
    CHECK_INT(eddy_task_cancelling(a), 0);
}

/* ---- A2: counting requests ---- */

struct counted {
    unsigned before, after;
    int first, second;
};

static int counts_requests(struct counted *c)
{
    c->first = eddy_sleep(100);
    c->before = eddy_task_cancelling(eddy_current_task());
    while (eddy_uncancel() > 0)
        c->after++;
    c->second = eddy_sleep(1);
    return 0;
}
EDDY_CORO(counts_requests, struct counted *)

TEST(A2_several_requests_are_one_cancellation)
{
    struct counted c = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(counts_requests_coro(&c));

    settle();
    for (int i = 0; i < 3; i++)
        CHECK(eddy_cancel(a));
    CHECK_INT(eddy_task_cancelling(a), 3);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(c.first, EDDY_ECANCELED);
    CHECK_INT(c.before, 3);
    CHECK_INT(c.after, 2);
    CHECK_INT(c.second, 0);
    CHECK_INT(eddy_task_cancelling(a), 0);
    CHECK(!eddy_cancel(a));
}

TEST(A2_uncancel_has_the_floor_0)
{
    CHECK_INT(eddy_uncancel(), 0);
    CHECK_INT(eddy_uncancel(), 0);
    CHECK(eddy_cancel(eddy_current_task()));
    CHECK_INT(eddy_task_cancelling(eddy_current_task()), 1);
    CHECK_INT(eddy_uncancel(), 0);
    CHECK_INT(eddy_uncancel(), 0);
    CHECK_INT(eddy_sleep(1), 0);
}

TEST(A2_taken_back_before_delivery_nothing_is_delivered)
{
    CHECK(eddy_cancel(eddy_current_task()));
    CHECK(eddy_cancel(eddy_current_task()));
    CHECK_INT(eddy_uncancel(), 1);
    CHECK_INT(eddy_uncancel(), 0);
    CHECK_INT(eddy_sleep(0), 0);
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(eddy_task_cancelling(eddy_current_task()), 0);
}

TEST(A2_one_request_left_is_still_a_cancellation)
{
    CHECK(eddy_cancel(eddy_current_task()));
    CHECK(eddy_cancel(eddy_current_task()));
    CHECK_INT(eddy_uncancel(), 1);
    CHECK_INT(eddy_sleep(1), EDDY_ECANCELED);
    CHECK_INT(eddy_uncancel(), 0);
}

TEST(cancel_of_nothing)
{
    eddy_auto(eddy_task) *done = eddy_create_task(returns_coro(0));

    CHECK(!eddy_cancel(NULL));
    CHECK_INT(eddy_await(done), 0);
    CHECK(!eddy_cancel(done, .reason = "too late"));
    CHECK(!eddy_cancel_with(done, NULL));
    CHECK_INT(eddy_task_cancelling(done), 0);
}

/* ---- D1: completion wins ---- */

struct received {
    int status, value, then;
};

static int receives(eddy_queue *queue, struct received *got)
{
    got->status = eddy_queue_get(queue, &got->value);
    got->then = eddy_sleep(0);
    return 0;
}
EDDY_CORO(receives, eddy_queue *, struct received *)

TEST(D1_an_item_handed_over_is_returned_although_a_cancellation_came)
{
    int item = 42;
    struct received got = {0};
    eddy_auto(eddy_queue) *queue = eddy_queue_open(sizeof item, 0);
    eddy_auto(eddy_task) *a = eddy_create_task(receives_coro(queue, &got));

    settle();
    CHECK_INT(eddy_queue_put(queue, &item), 0);
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(got.status, 0);
    CHECK_INT(got.value, 42);
    CHECK_INT(got.then, EDDY_ECANCELED);
}

static int awaits_and_notes(eddy_task *inner, struct received *got)
{
    got->status = eddy_await(inner);
    got->then = eddy_sleep(0);
    return 0;
}
EDDY_CORO(awaits_and_notes, eddy_task *, struct received *)

static int cancels(eddy_task *task)
{
    eddy_cancel(task);
    return 0;
}
EDDY_CORO(cancels, eddy_task *)

TEST(D1_a_task_that_ended_first_counts)
{
    struct received got = {0};
    eddy_auto(eddy_task) *inner = eddy_create_task(sleeps_coro(1));
    eddy_auto(eddy_task) *outer = eddy_create_task(awaits_and_notes_coro(inner, &got));

    settle();
    CHECK_INT(eddy_sleep(1), 0);
    while (!eddy_task_done(inner))
        settle();
    CHECK(eddy_task_done(outer) || eddy_cancel(outer));
    CHECK_INT(eddy_await(outer), 0);
    CHECK_INT(got.status, 0);
}

static int sleeps_and_notes(struct received *got)
{
    got->status = eddy_sleep(1);
    got->then = eddy_sleep(0);
    return 0;
}
EDDY_CORO(sleeps_and_notes, struct received *)

TEST(D1_a_sleep_yields_to_a_cancellation_that_comes_before_it_has_run)
{
    struct received got = {0};

    NEEDS_ORDER();
    eddy_auto(eddy_task) *canceller = NULL;
    CHECK_INT(eddy_sleep(0), 0);
    eddy_auto(eddy_task) *sleeper = eddy_create_task(sleeps_and_notes_coro(&got));
    turns(1);
    /* this task is armed later, so at the same time it runs after the sleeper woke: turn round */
    canceller = eddy_create_task(cancels_coro(sleeper));
    CHECK_INT(eddy_await(canceller), 0);
    CHECK_INT(eddy_await(sleeper), 0);
    CHECK_INT(got.status, EDDY_ECANCELED);
    CHECK_INT(got.then, EDDY_ECANCELED);
}

/* Armed before the sleeper and for the same time, so that it runs first when both are awake. */
static int cancels_after(double seconds, eddy_task **task)
{
    eddy_try(eddy_sleep(seconds));
    eddy_cancel(*task);
    return 0;
}
EDDY_CORO(cancels_after, double, eddy_task **)

TEST(D1_a_sleep_that_is_over_but_has_not_returned_is_cancelled)
{
    struct received got = {0};
    eddy_task *sleeper = NULL;

    NEEDS_ORDER();
    eddy_auto(eddy_task) *canceller = eddy_create_task(cancels_after_coro(1, &sleeper));
    sleeper = eddy_create_task(sleeps_and_notes_coro(&got));
    CHECK_INT(eddy_await(sleeper), 0);
    CHECK_INT(got.status, EDDY_ECANCELED);
    eddy_task_close(sleeper);
}

/* ---- D2: a level ---- */

struct levels {
    int first, second, shielded, after, cleared;
};

static int meets_the_level(struct levels *l)
{
    l->first = eddy_sleep(100);
    l->second = eddy_sleep(100);
    eddy_shield(10)
        l->shielded = eddy_sleep(1);
    l->after = eddy_sleep(0);
    eddy_uncancel();
    l->cleared = eddy_sleep(1);
    return 0;
}
EDDY_CORO(meets_the_level, struct levels *)

TEST(D2_every_call_fails_until_shield_or_uncancel)
{
    struct levels l = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(meets_the_level_coro(&l));

    settle();
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(l.first, EDDY_ECANCELED);
    CHECK_INT(l.second, EDDY_ECANCELED);
    CHECK_INT(l.shielded, 0);
    CHECK_INT(l.after, EDDY_ECANCELED);
    CHECK_INT(l.cleared, 0);
    CHECK_NEAR(eddy_loop_time(eddy_loop_running()), 2, 1e-6);
}

static int fails_in_every_call(int *failures)
{
    eddy_coro coro = returns_coro(0);
    eddy_lock lock = {0};
    eddy_task *self = eddy_current_task();
    eddy_auto(eddy_future) *future = eddy_try(eddy_future_open(0));

    eddy_cancel(self);
    *failures += eddy_sleep(1) == EDDY_ECANCELED;
    *failures += eddy_await(self) == EDDY_ECANCELED;
    *failures += eddy_await_shielded(self) == EDDY_ECANCELED;
    *failures += eddy_gather(coro, coro) == EDDY_ECANCELED;
    *failures += eddy_wait(&self, 1) == EDDY_ECANCELED;
    *failures += eddy_wait_for(coro, 1) == EDDY_ECANCELED;
    *failures += eddy_future_await(future, NULL) == EDDY_ECANCELED;
    *failures += eddy_lock_acquire(&lock) == EDDY_ECANCELED;
    return 0;
}
EDDY_CORO(fails_in_every_call, int *)

TEST(D2_every_suspending_call_fails)
{
    int failures = 0;
    eddy_auto(eddy_task) *a = eddy_create_task(fails_in_every_call_coro(&failures));

    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(failures, 8);
}

static int ignores(int calls)
{
    while (calls-- > 0)
        eddy_ignore(eddy_sleep(1));
    return 0;
}
EDDY_CORO(ignores, int)

static int counts_turns(int *n)
{
    for (;;) {
        ++*n;
        eddy_try(eddy_sleep(0));
    }
}
EDDY_CORO(counts_turns, int *)

TEST(D2_a_loop_that_ignores_its_cancellation_starves_nobody)
{
    int n = 0;
    eddy_auto(eddy_task) *a = eddy_create_task(ignores_coro(640));

    settle();
    eddy_cancel(a);
    eddy_auto(eddy_task) *other = eddy_create_task(counts_turns_coro(&n));
    CHECK_INT(eddy_await(a), 0);
    CHECK(n >= 9 && n <= 13);
}

TEST(D2_a_task_that_ignores_1000_calls_is_reported)
{
    reports_listen(&reports);
    eddy_auto(eddy_task) *a = eddy_create_task(ignores_coro(1000), .name = "deaf");
    settle();
    eddy_cancel(a);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(reports.count, 0); /* the first call was interrupted, 999 were ignored */
    eddy_auto(eddy_task) *b = eddy_create_task(ignores_coro(2000), .name = "deaf");
    settle();
    eddy_cancel(b);
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(reports.count, 1);
    CHECK_CONTAINS(reports.message, "1,000");
    CHECK_CONTAINS(reports.task, "'deaf' (ignores), started at test_cancel.c:");
}

TEST(D2_a_task_that_goes_on_ignoring_is_reported_at_each_doubling)
{
    reports_listen(&reports);
    eddy_auto(eddy_task) *a = eddy_create_task(ignores_coro(8001));
    settle();
    eddy_cancel(a);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(reports.count, 4);
    CHECK_CONTAINS(reports.message, "ignored 8,000 interrupted");
    eddy_auto(eddy_task) *b = eddy_create_task(ignores_coro(1030000));
    settle();
    eddy_cancel(b);
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(reports.count, 4 + 11);
    CHECK_CONTAINS(reports.message, "ignored 1,024,000 interrupted");
}

static int counts_its_cancellations(unsigned *taken_back)
{
    eddy_ignore(eddy_sleep(1000));
    for (; eddy_task_cancelling(eddy_current_task()); ++*taken_back)
        eddy_uncancel();
    return eddy_sleep(1);
}
EDDY_CORO(counts_its_cancellations, unsigned *)

TEST(A2_each_of_70000_requests_counts)
{
    unsigned taken_back = 0;
    eddy_auto(eddy_task) *a = eddy_create_task(counts_its_cancellations_coro(&taken_back));

    settle();
    for (int i = 0; i < 70000; i++)
        CHECK(eddy_cancel(a));
    CHECK_INT(eddy_task_cancelling(a), 70000);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(taken_back, 70000);
}

static int ignores_its_deadline(void)
{
    eddy_timeout(1)
        for (int i = 0; i < 1100; i++)
            eddy_ignore(eddy_sleep(2));
    return 0;
}

TEST(D2_ignored_deadlines_are_reported_too)
{
    reports_listen(&reports);
    CHECK_INT(ignores_its_deadline(), 0);
    CHECK_INT(reports.count, 1);
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(ignores_its_deadline(), 0);
    CHECK_INT(reports.count, 2); /* a new streak */
}

static int cleans_up_in_a_shield(int *cleaned)
{
    int r = eddy_sleep(100);

    eddy_shield(5)
        *cleaned = eddy_sleep(1) == 0 ? 1 : -1;
    return r;
}
EDDY_CORO(cleans_up_in_a_shield, int *)

TEST(D2_cancelled_again_during_its_clean_up)
{
    int cleaned = 0;
    eddy_auto(eddy_task) *a = eddy_create_task(cleans_up_in_a_shield_coro(&cleaned));

    settle();
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_sleep(0.5), 0);
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), EDDY_ECANCELED);
    CHECK_INT(cleaned, 1);
}

/* ---- the record ---- */

TEST(A11_reason_is_that_of_the_first_who_gave_one)
{
    eddy_auto(eddy_task) *a = eddy_create_task(sleeps_coro(10));

    settle();
    CHECK(eddy_cancel(a));
    CHECK(eddy_cancel(a, .reason = "first"));
    CHECK(eddy_cancel(a, .reason = "second"));
    CHECK_INT(eddy_await(a), EDDY_ECANCELED);
    CHECK_CONTAINS(last_message(), "first");
}

/* ---- everything that can go wrong ---- */

static int cancellations(void)
{
    int cleaned = 0;
    eddy_auto(eddy_task) *a = eddy_try(eddy_create_task(cleans_up_in_a_shield_coro(&cleaned)));
    eddy_auto(eddy_task) *b = eddy_try(eddy_create_task(ignores_coro(70)));

    eddy_try(eddy_sleep(1));
    eddy_cancel(a, .reason = "to see");
    eddy_cancel(b, .reason = "to see");
    int r = eddy_await(a);
    if (r != EDDY_ECANCELED)
        return r;
    eddy_cancel(eddy_current_task(), .reason = "oneself");
    r = eddy_sleep(1);
    eddy_uncancel();
    return r == EDDY_ECANCELED ? eddy_await(b) : r;
}

SWEEP(cancellations_cancelled_anywhere)
{
    return cancellations();
}

TORTURE(cancellations_without_memory)
{
    return cancellations();
}

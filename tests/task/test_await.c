/* test_await.c - waiting for the end of a task, and what its failure says then. */
#include "reports.h"

static struct reports reports;

static int awaits(eddy_task *task)
{
    return eddy_await(task);
}
EDDY_CORO(awaits, eddy_task *)

static int awaits_shielded(eddy_task *task)
{
    return eddy_await_shielded(task);
}
EDDY_CORO(awaits_shielded, eddy_task *)

static int awaits_and_notes(eddy_task *task, struct notes *notes, int what)
{
    int r = eddy_await(task);

    note(notes, what);
    return r;
}
EDDY_CORO(awaits_and_notes, eddy_task *, struct notes *, int)

static int notes_when_cancelled(struct notes *notes, int what)
{
    int r = eddy_sleep(100);

    note(notes, what);
    return r;
}
EDDY_CORO(notes_when_cancelled, struct notes *, int)

static int awaits_future(eddy_future *future, int *value)
{
    return eddy_future_await(future, value);
}
EDDY_CORO(awaits_future, eddy_future *, int *)

/* Awaits the future and then looks at what a suspending call says. */
static int awaits_future_twice(eddy_future *future, int *value, int *then)
{
    int r = eddy_future_await(future, value);

    *then = eddy_sleep(0);
    return r;
}
EDDY_CORO(awaits_future_twice, eddy_future *, int *, int *)

/* ---- A4: who is taken along ---- */

TEST(A4_cancelling_the_awaiter_cancels_the_inner_task)
{
    struct notes notes = {0};
    eddy_auto(eddy_task) *inner = eddy_create_task(notes_when_cancelled_coro(&notes, 1));
    eddy_auto(eddy_task) *outer = eddy_create_task(awaits_and_notes_coro(inner, &notes, 2));

    settle();
    CHECK(eddy_cancel(outer));
    settle();
    CHECK_INT(noted(&notes), 12);
    CHECK(eddy_task_cancelled(inner));
    CHECK(eddy_task_cancelled(outer));
}

TEST(A4_the_outer_returns_after_the_inner_has_ended)
{
    eddy_auto(eddy_task) *inner = eddy_create_task(stubborn_coro(5, 0));
    eddy_auto(eddy_task) *outer = eddy_create_task(awaits_coro(inner));

    settle();
    CHECK(eddy_cancel(outer));
    CHECK_INT(eddy_sleep(4), 0);
    CHECK_INT(eddy_task_cancelling(inner), 1);
    CHECK(!eddy_task_done(outer));
    CHECK_INT(eddy_sleep(2), 0);
    CHECK(eddy_task_done(outer));
    CHECK_INT(eddy_task_status(outer), 0); /* D1: what the inner returned all the same */
}

static int awaits_and_sleeps(eddy_task *inner, int *then)
{
    int r = eddy_await(inner);

    *then = eddy_sleep(1);
    return r;
}
EDDY_CORO(awaits_and_sleeps, eddy_task *, int *)

TEST(A4_inner_that_goes_its_way_leaves_the_cancellation_pending)
{
    int then = 1;
    eddy_auto(eddy_task) *inner = eddy_create_task(stubborn_coro(5, 7));
    eddy_auto(eddy_task) *outer = eddy_create_task(awaits_and_sleeps_coro(inner, &then));

    settle();
    CHECK(eddy_cancel(outer));
    CHECK_INT(eddy_await(outer), 7);
    CHECK_INT(then, EDDY_ECANCELED);
}

TEST(A4_inner_that_fails_of_its_cancellation)
{
    eddy_auto(eddy_task) *inner = eddy_create_task(stubborn_coro(5, EDDY_EIO));
    eddy_auto(eddy_task) *outer = eddy_create_task(awaits_coro(inner));

    settle();
    CHECK(eddy_cancel(outer));
    CHECK_INT(eddy_await(outer), EDDY_EIO);
}

static int takes_its_first_cancellation_back(int *seen)
{
    *seen = eddy_sleep(100);
    eddy_uncancel();
    return eddy_sleep(100);
}
EDDY_CORO(takes_its_first_cancellation_back, int *)

TEST(A4_inner_that_took_back_a_cancellation_gets_the_next)
{
    int seen = 0;
    eddy_auto(eddy_task) *inner = eddy_create_task(takes_its_first_cancellation_back_coro(&seen));
    eddy_auto(eddy_task) *outer = eddy_create_task(awaits_coro(inner));

    settle();
    CHECK(eddy_cancel(outer));
    settle();
    CHECK_INT(seen, EDDY_ECANCELED);
    CHECK(!eddy_task_done(outer));
    CHECK(eddy_cancel(outer));
    CHECK_INT(eddy_await(outer), EDDY_ECANCELED);
    CHECK(eddy_task_cancelled(inner));
    CHECK_INT(eddy_sleep(0), 0);
}

static int gathers_one(int *seen)
{
    return eddy_gather(takes_its_first_cancellation_back_coro(seen));
}
EDDY_CORO(gathers_one, int *)

static int joins_one(int *seen)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    eddy_try(eddy_group_start(group, takes_its_first_cancellation_back_coro(seen)));
    return eddy_group_join(group);
}
EDDY_CORO(joins_one, int *)

static int asks_one(int *seen)
{
    eddy_auto(eddy_gen) *gen =
        eddy_try(eddy_gen_open(takes_its_first_cancellation_back_coro(seen), 0));

    return eddy_gen_next(gen, NULL);
}
EDDY_CORO(asks_one, int *)

TEST(A4_all_that_wait_pass_the_next_cancellation_on)
{
    int seen[3] = {0};
    const eddy_coro waiting[] = {gathers_one_coro(&seen[0]), joins_one_coro(&seen[1]),
                                 asks_one_coro(&seen[2])};

    for (int i = 0; i < 3; i++) {
        eddy_auto(eddy_task) *outer = eddy_create_task(waiting[i]);

        settle();
        CHECK(eddy_cancel(outer));
        settle();
        CHECK_INT(seen[i], EDDY_ECANCELED);
        CHECK(!eddy_task_done(outer));
        CHECK(eddy_cancel(outer));
        CHECK_INT(eddy_await(outer), EDDY_ECANCELED);
        CHECK_INT(eddy_sleep(0), 0);
    }
    CHECK_NEAR(eddy_time(), 0, 1);
}

static int awaits_a_chain(int depth);
EDDY_CORO(awaits_a_chain, int)

static int awaits_a_chain(int depth)
{
    if (depth == 0)
        return eddy_sleep(100);
    eddy_auto(eddy_task) *inner = eddy_try(eddy_create_task(awaits_a_chain_coro(depth - 1)));
    return eddy_await(inner);
}

TEST(A4_cancellation_goes_down_a_long_chain)
{
    enum { DEPTH = 2000 };
    eddy_auto(eddy_task) *top = eddy_create_task(awaits_a_chain_coro(DEPTH));

    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(eddy_all_tasks(NULL, 0), DEPTH + 2);
    CHECK(eddy_cancel(top));
    CHECK_INT(eddy_await(top), EDDY_ECANCELED);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
}

TEST(A4_one_of_several_awaiters_just_leaves)
{
    eddy_auto(eddy_task) *inner = eddy_create_task(sleeps_coro(5));
    eddy_auto(eddy_task) *a = eddy_create_task(awaits_coro(inner));
    eddy_auto(eddy_task) *b = eddy_create_task(awaits_coro(inner));

    settle();
    CHECK(eddy_cancel(a));
    settle();
    CHECK(eddy_task_cancelled(a));
    CHECK_INT(eddy_task_cancelling(inner), 0);
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(eddy_task_status(inner), 0);
}

static int nothing(eddy_task *task, void *arg)
{
    (void)task;
    (void)arg;
    return 0;
}

TEST(A4_a_done_callback_is_no_awaiter)
{
    eddy_auto(eddy_task) *inner = eddy_create_task(sleeps_coro(5));
    eddy_auto(eddy_task) *outer = eddy_create_task(awaits_coro(inner));

    CHECK_INT(eddy_task_add_done_callback(inner, nothing, NULL), 0);
    settle();
    CHECK(eddy_cancel(outer));
    settle();
    CHECK(eddy_task_cancelled(inner));
}

TEST(A4_shielded_await_leaves_the_inner_running)
{
    eddy_auto(eddy_task) *inner = eddy_create_task(sleeps_coro(5));
    eddy_auto(eddy_task) *outer = eddy_create_task(awaits_shielded_coro(inner));

    settle();
    CHECK(eddy_cancel(outer));
    settle();
    CHECK(eddy_task_cancelled(outer));
    CHECK_INT(eddy_task_cancelling(inner), 0);
    CHECK_INT(eddy_await_shielded(inner), 0);
}

TEST(A4_deadline_of_the_awaiter_cancels_the_inner_task)
{
    eddy_auto(eddy_task) *inner = eddy_create_task(sleeps_coro(5));
    eddy_auto(eddy_task) *kept = eddy_create_task(sleeps_coro(5));

    eddy_timeout(1)
        CHECK_INT(eddy_await(inner), EDDY_ETIMEDOUT);
    CHECK(eddy_task_cancelled(inner));
    eddy_timeout(1)
        CHECK_INT(eddy_await_shielded(kept), EDDY_ETIMEDOUT);
    CHECK_INT(eddy_task_cancelling(kept), 0);
}

TEST(A4_cancelled_twice_on_the_way_down)
{
    eddy_auto(eddy_task) *inner = eddy_create_task(stubborn_coro(5, EDDY_ECANCELED));
    eddy_auto(eddy_task) *outer = eddy_create_task(awaits_coro(inner));

    settle();
    CHECK(eddy_cancel(outer));
    settle();
    CHECK(eddy_cancel(outer));
    CHECK_INT(eddy_task_cancelling(inner), 1);
    CHECK_INT(eddy_await(outer), EDDY_ECANCELED);
    CHECK_NEAR(eddy_loop_time(eddy_loop_running()), 5, 1e-6);
}

static int awaits_for_a_second(eddy_task *inner)
{
    int r = 0;

    eddy_timeout(1)
        r = eddy_await(inner);
    return r;
}
EDDY_CORO(awaits_for_a_second, eddy_task *)

TEST(D3_cancellation_wins_over_a_deadline_while_the_inner_ends)
{
    eddy_auto(eddy_task) *inner = eddy_create_task(stubborn_coro(5, EDDY_ECANCELED));
    eddy_auto(eddy_task) *outer = eddy_create_task(awaits_for_a_second_coro(inner));

    CHECK_INT(eddy_sleep(2), 0);
    CHECK(eddy_cancel(outer));
    CHECK_INT(eddy_await(outer), EDDY_ECANCELED);
    CHECK_NEAR(eddy_loop_time(eddy_loop_running()), 5, 1e-6);
}

/* ---- A5, A6, A8: futures ---- */

TEST(A5_result_set_before_the_cancel_is_delivered)
{
    int value = 0, then = 1, result = 42;
    eddy_auto(eddy_future) *future = eddy_future_open(sizeof value);
    eddy_auto(eddy_task) *a = eddy_create_task(awaits_future_twice_coro(future, &value, &then));

    settle();
    CHECK_INT(eddy_future_set_result(future, &result), 0);
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(value, 42);
    CHECK_INT(then, EDDY_ECANCELED);
}

TEST(A5_cancel_before_the_result_wins)
{
    int value = 0, result = 42;
    eddy_auto(eddy_future) *future = eddy_future_open(sizeof value);
    eddy_auto(eddy_task) *a = eddy_create_task(awaits_future_coro(future, &value));

    settle();
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_future_set_result(future, &result), 0);
    CHECK_INT(eddy_await(a), EDDY_ECANCELED);
    CHECK_INT(value, 0);
    CHECK_INT(eddy_future_result(future, &value), 0);
    CHECK_INT(value, 42);
}

TEST(A8_two_awaiters_one_cancelled)
{
    int first = 0, second = 0, result = 42;
    eddy_auto(eddy_future) *future = eddy_future_open(sizeof result);
    eddy_auto(eddy_task) *a = eddy_create_task(awaits_future_coro(future, &first));
    eddy_auto(eddy_task) *b = eddy_create_task(awaits_future_coro(future, &second));

    settle();
    CHECK(eddy_cancel(a));
    settle();
    CHECK(eddy_task_cancelled(a));
    CHECK(!eddy_future_done(future));
    CHECK_INT(eddy_future_set_result(future, &result), 0);
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(first, 0);
    CHECK_INT(second, 42);
}

/* ---- A7: who cancelled it ---- */

TEST(A7_task_cancelled_by_a_third_party)
{
    eddy_auto(eddy_task) *inner = eddy_create_task(sleeps_coro(5));
    eddy_auto(eddy_task) *outer = eddy_create_task(awaits_coro(inner));

    settle();
    CHECK(eddy_cancel(inner));
    CHECK_INT(eddy_await(outer), EDDY_ECHILDCANCELED);
    CHECK_INT(eddy_task_cancelling(outer), 0);
    CHECK(!eddy_task_cancelled(outer));
}

static int cancels(eddy_task *task)
{
    eddy_cancel(task);
    return 0;
}
EDDY_CORO(cancels, eddy_task *)

TEST(A7_cancelled_before_and_after_it_was_awaited)
{
    eddy_auto(eddy_task) *inner = eddy_create_task(sleeps_coro(5));
    eddy_auto(eddy_task) *third = eddy_create_task(cancels_coro(inner));

    CHECK_INT(eddy_await(third), 0);
    CHECK_INT(eddy_await(inner), EDDY_ECHILDCANCELED);
    CHECK_INT(eddy_await(inner), EDDY_ECHILDCANCELED);
}

TEST(A7_task_that_gave_up_by_itself)
{
    eddy_auto(eddy_task) *inner = eddy_create_task(returns_coro(EDDY_ECANCELED));

    CHECK_INT(eddy_await(inner), EDDY_ECHILDCANCELED);
}

TEST(A7_task_cancelled_by_its_awaiter_is_no_surprise)
{
    eddy_auto(eddy_task) *inner = eddy_create_task(sleeps_coro(5));

    CHECK(eddy_cancel(inner));
    CHECK_INT(eddy_await(inner), EDDY_ECANCELED);
    CHECK_INT(eddy_task_cancelling(eddy_current_task()), 0);
}

/* ---- A9 ---- */

TEST(A9_awaiting_what_is_done_does_not_suspend)
{
    struct notes notes = {0};
    eddy_auto(eddy_task) *done = eddy_create_task(returns_coro(3));
    eddy_auto(eddy_future) *future = eddy_future_open(0);

    CHECK_INT(eddy_await(done), 3);
    CHECK_INT(eddy_future_set_result(future, NULL), 0);
    eddy_auto(eddy_task) *other = eddy_create_task(awaits_and_notes_coro(done, &notes, 1));
    CHECK_INT(eddy_await(done), 3);
    CHECK_INT(eddy_await_shielded(done), 3);
    CHECK_INT(eddy_future_await(future, NULL), 0);
    CHECK_INT(notes.n, 0);
    CHECK_INT(eddy_await(other), 3);
}

TEST(A9_a_task_that_awaits_itself_gets_an_error)
{
    CHECK_INT(eddy_await(eddy_current_task()), EDDY_EDEADLOCK);
    CHECK_CONTAINS(last_message(), "itself");
    CHECK_INT(eddy_await_shielded(eddy_current_task()), EDDY_EDEADLOCK);
    CHECK_INT(eddy_await(NULL), EDDY_EINVAL);
    CHECK_INT(eddy_await_shielded(NULL), EDDY_EINVAL);
}

struct ring {
    eddy_task *tasks[3];
    int status[3];
};

static int awaits_next(struct ring *ring, int i)
{
    ring->status[i] = eddy_await(ring->tasks[(i + 1) % 3]);
    return 0;
}
EDDY_CORO(awaits_next, struct ring *, int)

TEST(A9_a_cycle_is_reported_in_debug_mode_with_its_members)
{
    static const char *const names[] = {"ann", "bob", "cid"};
    struct ring ring = {0};

    NEEDS_ORDER();
    reports_listen(&reports);
    eddy_loop_set_debug(eddy_loop_running(), true);
    eddy_loop_set_slow_callback_duration(eddy_loop_running(), INFINITY);
    for (int i = 0; i < 3; i++)
        ring.tasks[i] = eddy_create_task(awaits_next_coro(&ring, i), .name = names[i]);
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(ring.status[2], EDDY_EDEADLOCK);
    CHECK_INT(ring.status[1], 0);
    CHECK_INT(ring.status[0], 0);
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_EDEADLOCK);
    CHECK_CONTAINS(reports.message, "cid -> ann -> bob -> cid");
    for (int i = 0; i < 3; i++)
        eddy_task_close(ring.tasks[i]);
}

TEST(A9_debug_mode_switched_on_beside_a_cycle)
{
    struct ring ring = {0};

    for (int i = 0; i < 3; i++)
        ring.tasks[i] = eddy_create_task(awaits_next_coro(&ring, i));
    settle();
    eddy_loop_set_debug(eddy_loop_running(), true);
    eddy_loop_set_slow_callback_duration(eddy_loop_running(), INFINITY);
    eddy_auto(eddy_task) *outside = eddy_create_task(awaits_shielded_coro(ring.tasks[0]));
    settle();
    for (int i = 0; i < 3; i++)
        eddy_task_close(ring.tasks[i]);
    CHECK(eddy_task_done(outside) || eddy_await(outside) == 0);
}

TEST(A9_a_cycle_can_be_cancelled)
{
    struct ring ring = {0};

    for (int i = 0; i < 3; i++)
        ring.tasks[i] = eddy_create_task(awaits_next_coro(&ring, i));
    settle();
    eddy_cancel(ring.tasks[1]);
    CHECK_INT(eddy_sleep(1), 0);
    for (int i = 0; i < 3; i++) {
        CHECK(eddy_task_done(ring.tasks[i]));
        eddy_task_close(ring.tasks[i]);
    }
}

/* ---- A10 ---- */

TEST(A10_awaiters_wake_in_the_order_in_which_they_began_to_wait)
{
    struct notes notes = {0};
    eddy_task *tasks[3];

    NEEDS_ORDER();
    eddy_auto(eddy_task) *inner = eddy_create_task(sleeps_coro(1));
    for (int i = 0; i < 3; i++)
        tasks[i] = eddy_create_task(awaits_and_notes_coro(inner, &notes, i + 1));
    CHECK_INT(eddy_sleep(2), 0);
    CHECK_INT(noted(&notes), 123);
    for (int i = 0; i < 3; i++)
        eddy_task_close(tasks[i]);
}

TEST(task_of_another_loop_cannot_be_awaited)
{
    eddy_auto(eddy_loop) *other = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);
    eddy_task *a = eddy_loop_create_task(other, returns_coro(0));

    CHECK_INT(eddy_await(a), EDDY_ELOOP);
    CHECK_INT(eddy_gather_tasks(&a, 1), EDDY_ELOOP);
    CHECK_INT(eddy_wait(&a, 1), EDDY_ELOOP);
    eddy__task_discard(a);
}

/* ---- everything that can go wrong ---- */

static int chain_that_fails(int depth);
EDDY_CORO(chain_that_fails, int)

static int chain_that_fails(int depth)
{
    if (depth == 0)
        return eddy_raise(EDDY_EUSER, "unlucky number %d", 13);
    eddy_auto(eddy_task) *inner =
        eddy_try(eddy_create_task(chain_that_fails_coro(depth - 1), .name = "link"));
    return eddy_await(inner);
}

static int awaits_of_all_kinds(void)
{
    eddy_auto(eddy_task) *inner = eddy_try(eddy_create_task(sleeps_coro(3)));
    eddy_auto(eddy_task) *a = eddy_try(eddy_create_task(awaits_coro(inner)));
    eddy_auto(eddy_task) *b = eddy_try(eddy_create_task(awaits_shielded_coro(inner)));
    eddy_auto(eddy_task) *failing = eddy_try(eddy_create_task(chain_that_fails_coro(3)));

    int r = eddy_await(failing);
    if (r != EDDY_EUSER)
        return r < 0 ? r : EDDY_EINVAL;
    eddy_cancel(a, .reason = "to see what comes");
    r = eddy_await(a);
    if (r < 0 && r != EDDY_ECANCELED)
        return r;
    eddy_try(eddy_await(b));
    return eddy_await_shielded(inner);
}

SWEEP(awaits_cancelled_anywhere)
{
    return awaits_of_all_kinds();
}

TORTURE(awaits_without_memory)
{
    return awaits_of_all_kinds();
}

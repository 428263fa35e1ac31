/* test_future.c - eddy_future. */
#include "reports.h"

struct scene {
    eddy_future *future;
    int order[8];
    int n;
    int status[4];
    int value[4];
    int after[4];
};

static int await_it(struct scene *s, int id)
{
    s->status[id] = 99;
    s->status[id] = eddy_future_await(s->future, &s->value[id]);
    s->order[s->n++] = id;
    s->after[id] = eddy_sleep(0);
    return s->status[id];
}
EDDY_CORO(await_it, struct scene *, int)

TEST(future_is_awaited)
{
    struct scene s = {.future = eddy_future_open(sizeof(int))};
    eddy_auto(eddy_task) *a = eddy_create_task(await_it_coro(&s, 0));

    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(s.status[0], 99);
    CHECK(!eddy_future_done(s.future));
    CHECK_INT(eddy_future_set_result(s.future, &(int){5}), 0);
    CHECK(eddy_future_done(s.future));
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.value[0], 5);
    eddy_future_close(s.future);
}

TEST(future_result_of_asyncio)
{
    eddy_auto(eddy_future) *future = eddy_future_open(sizeof(int));
    int value = 0;

    CHECK_INT(eddy_future_result(future, &value), EDDY_ENOTREADY);
    CHECK_STR(eddy_error_message(eddy_last_error()), "Result is not set.");
    CHECK_INT(eddy_future_set_result(future, &(int){5}), 0);
    CHECK_INT(eddy_future_result(future, &value), 0);
    CHECK_INT(value, 5);
    CHECK_INT(eddy_future_result(future, NULL), 0);
}

TEST(future_without_result)
{
    eddy_auto(eddy_future) *event = eddy_future_open(0);
    eddy_auto(eddy_future) *zeros = eddy_future_open(sizeof(int));
    int value = 7;

    CHECK_INT(eddy_future_set_result(event, NULL), 0);
    CHECK_INT(eddy_future_await(event, NULL), 0);
    CHECK_INT(eddy_future_set_result(zeros, NULL), 0);
    CHECK_INT(eddy_future_await(zeros, &value), 0);
    CHECK_INT(value, 0);
}

TEST(future_of_impossible_size)
{
    CHECK_PTR(eddy_future_open(SIZE_MAX), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOMEM);
    if (!test_is_watched())
        CHECK_PTR(eddy_future_open(SIZE_MAX / 2), NULL);
    eddy_future_close(NULL);
}

TEST(A5_completion_wins)
{
    struct scene s = {.future = eddy_future_open(sizeof(int))};
    eddy_auto(eddy_task) *a = eddy_create_task(await_it_coro(&s, 0));

    settle();
    CHECK_INT(eddy_future_set_result(s.future, &(int){5}), 0);
    eddy_cancel(a);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.value[0], 5);
    CHECK_INT(s.after[0], EDDY_ECANCELED);
    eddy_future_close(s.future);
}

TEST(A6_resolving_twice_is_an_error)
{
    eddy_auto(eddy_future) *future = eddy_future_open(sizeof(int));
    eddy_auto(eddy_future) *cancelled = eddy_future_open(0);
    int value = 0;

    CHECK_INT(eddy_future_set_result(future, &(int){1}), 0);
    CHECK_INT(eddy_future_set_result(future, &(int){2}), EDDY_EALREADYDONE);
    CHECK_INT(eddy_future_set_error(future, EDDY_EIO, "late"), EDDY_EALREADYDONE);
    CHECK_INT(eddy_future_cancel(future), EDDY_EALREADYDONE);
    CHECK_INT(eddy_last_status(), EDDY_EALREADYDONE);
    CHECK_INT(eddy_future_result(future, &value), 0);
    CHECK_INT(value, 1);
    CHECK(!eddy_future_cancelled(future));

    CHECK_INT(eddy_future_cancel(cancelled), 0);
    CHECK_INT(eddy_future_set_result(cancelled, NULL), EDDY_EALREADYDONE);
    CHECK_INT(eddy_future_cancel(cancelled), EDDY_EALREADYDONE);
    CHECK(eddy_future_cancelled(cancelled));
}

TEST(A7_cancelled_future_is_told_from_ones_own_cancellation)
{
    struct scene s = {.future = eddy_future_open(sizeof(int))};
    eddy_auto(eddy_task) *a = eddy_create_task(await_it_coro(&s, 0));

    settle();
    CHECK_INT(eddy_future_cancel(s.future), 0);
    CHECK(eddy_future_done(s.future));
    CHECK_INT(eddy_await(a), EDDY_ECHILDCANCELED);
    CHECK_INT(s.after[0], 0);
    CHECK_INT(eddy_future_result(s.future, NULL), EDDY_ECHILDCANCELED);
    eddy_future_close(s.future);

    s.future = eddy_future_open(0);
    CHECK_INT(eddy_future_set_error(s.future, EDDY_ECANCELED, NULL), 0);
    CHECK(eddy_future_cancelled(s.future));
    eddy_future_close(s.future);
}

TEST(A8_cancelled_awaiter_leaves_the_others_alone)
{
    struct scene s = {.future = eddy_future_open(sizeof(int))};
    eddy_auto(eddy_task) *a = eddy_create_task(await_it_coro(&s, 0));
    eddy_auto(eddy_task) *b = eddy_create_task(await_it_coro(&s, 1));

    settle();
    eddy_cancel(a);
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(s.status[0], EDDY_ECANCELED);
    CHECK_INT(s.status[1], 99);
    CHECK(!eddy_future_done(s.future));
    CHECK_INT(eddy_future_set_result(s.future, &(int){5}), 0);
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(s.value[1], 5);
    eddy_future_close(s.future);
}

static int count_turns(int *turns)
{
    for (;;) {
        ++*turns;
        eddy_try(eddy_sleep(0));
    }
}
EDDY_CORO(count_turns, int *)

TEST(A9_resolved_future_is_awaited_without_suspending)
{
    NEEDS_ORDER();
    eddy_auto(eddy_future) *future = eddy_future_open(0);
    int turns = 0;
    __attribute__((unused)) eddy_auto(eddy_task) *other =
        eddy_create_task(count_turns_coro(&turns));

    CHECK_INT(eddy_future_set_result(future, NULL), 0);
    for (int i = 0; i < 60; i++)
        CHECK_INT(eddy_future_await(future, NULL), 0);
    CHECK_INT(turns, 0);
    for (int i = 0; i < 60; i++) /* D4 */
        CHECK_INT(eddy_future_await(future, NULL), 0);
    CHECK_INT(turns, 1);
}

TEST(A10_awaiters_wake_in_the_order_of_their_waiting)
{
    NEEDS_ORDER();
    struct scene s = {.future = eddy_future_open(sizeof(int))};
    eddy_task *tasks[4];

    for (int i = 0; i < 4; i++)
        tasks[i] = eddy_create_task(await_it_coro(&s, i));
    settle();
    CHECK_INT(eddy_future_set_result(s.future, &(int){5}), 0);
    for (int i = 3; i >= 0; i--)
        CHECK_INT(eddy_await(tasks[i]), 0);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(s.order[i], i);
        eddy_task_close(tasks[i]);
    }
    eddy_future_close(s.future);
}

/* ---- done callbacks ---- */

static int called[8], calls;

static int note_call(eddy_future *future, void *arg)
{
    const int *id = arg;

    CHECK(eddy_future_done(future));
    CHECK_PTR(eddy_current_task(), NULL);
    called[calls++] = *id;
    return 0;
}

static int close_it(eddy_future *future, void *arg)
{
    (void)arg;
    eddy_future_close(future);
    called[calls++] = 9;
    return 0;
}

TEST(A10_callbacks_run_in_the_next_turn_in_order)
{
    eddy_auto(eddy_future) *future = eddy_future_open(0);
    int ids[] = {1, 2, 3, 4};

    CHECK_INT(eddy_future_add_done_callback(future, note_call, &ids[0]), 0);
    CHECK_INT(eddy_future_add_done_callback(future, note_call, &ids[1]), 0);
    CHECK_INT(eddy_future_add_done_callback(future, note_call, &ids[2]), 0);
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(calls, 0);
    CHECK_INT(eddy_future_set_result(future, NULL), 0);
    CHECK_INT(calls, 0);
    CHECK_INT(eddy_future_add_done_callback(future, note_call, &ids[3]), 0); /* done already */
    CHECK_INT(calls, 0);
    settle();
    CHECK_INT(calls, 4);
    for (int i = 0; i < 4; i++)
        CHECK_INT(called[i], i + 1);
}

TEST(A10_tasks_and_callbacks_in_order_of_coming)
{
    struct scene s = {.future = eddy_future_open(sizeof(int))};
    int id = 7;
    eddy_auto(eddy_task) *a = eddy_create_task(await_it_coro(&s, 0));

    CHECK_INT(eddy_future_add_done_callback(s.future, note_call, &id), 0);
    settle();
    CHECK_INT(eddy_future_cancel(s.future), 0);
    CHECK_INT(eddy_await(a), EDDY_ECHILDCANCELED);
    CHECK_INT(calls, 1);
    eddy_future_close(s.future);
}

TEST(future_callback_may_close_it)
{
    eddy_future *future = eddy_future_open(0);

    CHECK_INT(eddy_future_add_done_callback(future, close_it, NULL), 0);
    CHECK_INT(eddy_future_set_result(future, NULL), 0);
    settle();
    CHECK_INT(calls, 1);
}

TEST(future_closed_before_its_callbacks_were_called)
{
    eddy_future *resolved = eddy_future_open(0);
    eddy_future *pending = eddy_future_open(0);
    int id = 1;

    CHECK_INT(eddy_future_add_done_callback(resolved, note_call, &id), 0);
    CHECK_INT(eddy_future_add_done_callback(pending, note_call, &id), 0);
    CHECK_INT(eddy_future_set_result(resolved, NULL), 0);
    eddy_future_close(resolved);
    eddy_future_close(pending);
    settle();
    CHECK_INT(calls, 0);
}

static eddy_future *outliving;

static int leave_it_behind(void)
{
    int id = 1;

    CHECK_INT(eddy_future_add_done_callback(outliving, note_call, &id), 0);
    return 0;
}
EDDY_CORO(leave_it_behind)

TEST_PLAIN(future_outlives_its_loop)
{
    outliving = eddy_future_open(0);
    CHECK_INT(eddy_future_add_done_callback(outliving, note_call, NULL), EDDY_ELOOP);
    CHECK_INT(eddy_run(leave_it_behind_coro(), .clock = EDDY_CLOCK_VIRTUAL), 0);
    CHECK_INT(eddy_future_set_result(outliving, NULL), 0);
    eddy_future_close(outliving);
    CHECK_INT(calls, 0);
    eddy_error_clear();
}

TEST(future_callback_that_is_null)
{
    eddy_auto(eddy_future) *future = eddy_future_open(0);

    CHECK_INT(eddy_future_add_done_callback(future, NULL, NULL), EDDY_EINVAL);
}

static int complains(eddy_future *future, void *arg)
{
    note_call(future, arg);
    return eddy_raise(EDDY_EUSER, "it complains");
}

static int reports;

static void hear_before_await(eddy_loop *loop, const eddy_report *report, void *arg)
{
    const struct scene *s = arg;

    (void)loop;
    CHECK_INT(eddy_error_code(report->error), EDDY_EUSER);
    CHECK_INT(s->n, 0);
    reports++;
}

TEST(A10_G2_a_callback_that_fails_is_reported_before_the_awaiter_goes_on)
{
    struct scene s = {.future = eddy_future_open(sizeof(int))};
    int id = 7;

    eddy_loop_set_exception_handler(eddy_loop_running(), hear_before_await, &s);
    CHECK_INT(eddy_future_add_done_callback(s.future, complains, &id), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(await_it_coro(&s, 0));
    settle();
    CHECK_INT(eddy_future_set_result(s.future, &id), 0);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(reports, 1);
    eddy_future_close(s.future);
}

TEST(A11_reason_of_a_cancelled_future)
{
    struct scene s = {.future = eddy_future_open(sizeof(int))};
    eddy_auto(eddy_future) *other = eddy_future_open(0);
    eddy_auto(eddy_future) *bare = eddy_future_open(0);
    char reason[] = "no more";
    eddy_auto(eddy_task) *a = eddy_create_task(await_it_coro(&s, 0));

    settle();
    CHECK_INT(eddy_future_cancel(s.future, .reason = reason), 0);
    memset(reason, 'x', sizeof reason - 1);
    CHECK_INT(eddy_await(a), EDDY_ECHILDCANCELED);
    CHECK_STR(eddy_cancel_reason(eddy_last_error()), "no more");
    CHECK_STR(eddy_error_message(eddy_last_error()), "the future was cancelled: no more");
    CHECK_INT(eddy_future_cancel(s.future, .reason = "again"), EDDY_EALREADYDONE);
    eddy_future_close(s.future);

    CHECK_INT(eddy_future_set_error(other, EDDY_ECANCELED, "not wanted"), 0);
    CHECK_INT(eddy_future_await(other, NULL), EDDY_ECHILDCANCELED);
    CHECK_STR(eddy_cancel_reason(eddy_last_error()), "not wanted");
    CHECK_INT(eddy_future_cancel(bare), 0);
    CHECK_INT(eddy_future_await(bare, NULL), EDDY_ECHILDCANCELED);
    CHECK_PTR(eddy_cancel_reason(eddy_last_error()), NULL);
}

/* ---- failures ---- */

static char reported[100];

static void hear(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)loop;
    (void)arg;
    reports++;
    snprintf(reported, sizeof reported, "%s: %s", report->message,
             eddy_error_message(report->error));
}

TEST(future_error_reaches_its_awaiters)
{
    struct scene s = {.future = eddy_future_open(sizeof(int))};
    char message[] = "the disk is full";
    eddy_auto(eddy_task) *a = eddy_create_task(await_it_coro(&s, 0));

    CHECK_INT(eddy_raise(EDDY_EUSER, "mine"), EDDY_EUSER);
    CHECK_INT(eddy_future_set_error(s.future, EDDY_ENOSPC, message), 0);
    memset(message, 'x', 5);
    CHECK_STR(eddy_error_message(eddy_last_error()), "mine"); /* was not disturbed */
    CHECK_INT(eddy_await(a), EDDY_ENOSPC);
    CHECK_STR(eddy_error_message(eddy_last_error()), "the disk is full");
    CHECK_INT(eddy_future_result(s.future, NULL), EDDY_ENOSPC);
    CHECK_INT(eddy_future_await(s.future, NULL), EDDY_ENOSPC);
    CHECK_STR(eddy_error_message(eddy_last_error()), "the disk is full");
    CHECK(!eddy_future_cancelled(s.future));
    eddy_future_close(s.future);
    CHECK_STR(eddy_error_message(eddy_last_error()), "the disk is full");
}

TEST(future_error_without_code_or_message)
{
    eddy_auto(eddy_future) *future = eddy_future_open(0);
    eddy_auto(eddy_future) *positive = eddy_future_open(0);

    CHECK_INT(eddy_future_set_error(future, EDDY_EIO, NULL), 0);
    CHECK_INT(eddy_future_await(future, NULL), EDDY_EIO);
    CHECK_STR(eddy_error_message(eddy_last_error()), eddy_status_message(EDDY_EIO));
    CHECK_INT(eddy_future_set_error(positive, 5, "five"), 0);
    CHECK_INT(eddy_future_await(positive, NULL), EDDY_EINVAL);
}

TEST(future_that_failed_unseen_is_reported_at_close)
{
    eddy_future *unseen = eddy_future_open(0);
    eddy_future *seen = eddy_future_open(0);
    eddy_future *cancelled = eddy_future_open(0);

    eddy_loop_set_exception_handler(eddy_loop_running(), hear, NULL);
    CHECK_INT(eddy_future_set_error(unseen, EDDY_EIO, "%s lost"), 0);
    CHECK_INT(eddy_future_set_error(seen, EDDY_EIO, "seen"), 0);
    CHECK_INT(eddy_future_cancel(cancelled), 0);
    CHECK_INT(eddy_future_result(seen, NULL), EDDY_EIO);
    eddy_future_close(seen);
    eddy_future_close(cancelled);
    CHECK_INT(reports, 0);
    eddy_future_close(unseen);
    CHECK_INT(reports, 1);
    CHECK_STR(reported, "Future exception was never retrieved: %s lost");
}

TEST(future_closed_while_awaited)
{
    struct scene s = {.future = eddy_future_open(sizeof(int))};
    struct scene t = {.future = eddy_future_open(sizeof(int))};
    struct scene u = {.future = eddy_future_open(sizeof(int))};
    eddy_auto(eddy_task) *a = eddy_create_task(await_it_coro(&s, 0));
    eddy_auto(eddy_task) *b = eddy_create_task(await_it_coro(&t, 0));
    eddy_auto(eddy_task) *c = eddy_create_task(await_it_coro(&u, 0));

    eddy_loop_set_exception_handler(eddy_loop_running(), hear, NULL);
    settle();
    CHECK_INT(eddy_future_set_result(t.future, &(int){6}), 0);
    CHECK_INT(eddy_future_set_error(u.future, EDDY_EIO, "kept"), 0);
    eddy_future_close(s.future);
    eddy_future_close(t.future);
    eddy_future_close(u.future);
    CHECK_INT(eddy_await(a), EDDY_ECLOSED);
    CHECK_INT(eddy_await(b), 0); /* it had been resolved before */
    CHECK_INT(t.value[0], 6);
    CHECK_INT(eddy_await(c), EDDY_EIO);
    CHECK_STR(eddy_error_message(eddy_last_error()), "kept");
    CHECK_INT(reports, 0);
}

TEST(future_deadline_of_an_awaiter)
{
    eddy_auto(eddy_future) *future = eddy_future_open(0);

    eddy_timeout(1) {
        CHECK_INT(eddy_future_await(future, NULL), EDDY_ETIMEDOUT);
    }
    CHECK(!eddy_future_done(future));
    CHECK_INT(eddy_future_set_error(future, EDDY_ETIMEDOUT, "its own"), 0);
    CHECK_INT(eddy_future_await(future, NULL), EDDY_ETIMEDOUT);
}

TEST_PLAIN(X8_future_outside_a_task)
{
    eddy_auto(eddy_future) *future = eddy_future_open(0);

    CHECK_INT(eddy_future_await(future, NULL), EDDY_ENOTASK);
    CHECK_INT(eddy_future_set_result(future, NULL), 0);
    CHECK_INT(eddy_future_result(future, NULL), 0);
    eddy_error_clear();
}

static int everything(void)
{
    struct scene s = {.future = eddy_try(eddy_future_open(sizeof(int)))};
    eddy_task *a = eddy_create_task(await_it_coro(&s, 0));
    eddy_task *b = eddy_create_task(await_it_coro(&s, 1));
    int id = 1;
    int r = a && b ? eddy_future_add_done_callback(s.future, note_call, &id) : EDDY_ENOMEM;

    if (r == 0)
        r = eddy_sleep(1);
    CHECK_INT(eddy_future_set_error(s.future, EDDY_EUSER, "meant"), 0);
    if (r == 0)
        CHECK_INT(eddy_future_await(s.future, NULL), EDDY_EUSER);
    if (r == 0)
        r = eddy_sleep(0);
    if (r == 0)
        CHECK_INT(calls, 1);
    eddy_task_close(a);
    eddy_task_close(b);
    eddy_shield(1) /* keeps r's record */
        eddy_ignore(eddy_future_result(s.future, NULL));
    eddy_future_close(s.future);
    return r;
}

SWEEP(future_swept)
{
    return everything();
}

TORTURE(future_without_memory)
{
    return everything();
}

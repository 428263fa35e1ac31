/* test_task.c - tasks: making, starting, ending, names, reports. */
#include "reports.h"

static struct reports reports;

static int notes_once(struct notes *notes, int what)
{
    note(notes, what);
    return 0;
}
EDDY_CORO(notes_once, struct notes *, int)

static int notes_around_sleep(struct notes *notes, int before, int after)
{
    note(notes, before);
    eddy_try(eddy_sleep(1));
    note(notes, after);
    return 0;
}
EDDY_CORO(notes_around_sleep, struct notes *, int, int)

/* ---- starting ---- */

TEST(A14_tasks_first_run_in_the_next_turn_in_order_of_creation)
{
    struct notes notes = {0};

    NEEDS_ORDER();
    eddy_auto(eddy_task) *a = eddy_create_task(notes_once_coro(&notes, 1));
    eddy_auto(eddy_task) *b = eddy_create_task(notes_once_coro(&notes, 2));
    eddy_auto(eddy_task) *c = eddy_create_task(notes_once_coro(&notes, 3));
    CHECK_INT(notes.n, 0);
    CHECK_INT(eddy_sleep(0), 0);
    CHECK_INT(noted(&notes), 123);
    CHECK(eddy_task_done(a) && eddy_task_done(b) && eddy_task_done(c));
}

static int starts_another(struct notes *notes)
{
    eddy_detach(eddy_create_task(notes_once_coro(notes, 3)));
    note(notes, 1);
    return 0;
}
EDDY_CORO(starts_another, struct notes *)

TEST(A14_a_task_started_in_a_turn_runs_in_the_next)
{
    struct notes notes = {0};

    NEEDS_ORDER();
    eddy_detach(eddy_create_task(starts_another_coro(&notes)));
    eddy_detach(eddy_create_task(notes_once_coro(&notes, 2)));
    turns(2);
    CHECK_INT(noted(&notes), 123);
}

TEST(A14_eager_runs_at_once_up_to_its_first_suspension)
{
    struct notes notes = {0};

    eddy_auto(eddy_task) *later = eddy_create_task(notes_once_coro(&notes, 9));
    eddy_auto(eddy_task) *a =
        eddy_create_task(notes_around_sleep_coro(&notes, 1, 3), .eager = true);
    note(&notes, 2);
    CHECK(!eddy_task_done(a));
    CHECK_INT(eddy_await(later), 0);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(noted(&notes), 1293);
}

TEST(A14_eager_task_may_have_ended_when_it_is_given)
{
    struct notes notes = {0};

    eddy_auto(eddy_task) *a = eddy_create_task(notes_once_coro(&notes, 1), .eager = true);
    CHECK(eddy_task_done(a));
    CHECK_INT(eddy_task_status(a), 0);
}

static int starts_eagerly(struct notes *notes)
{
    note(notes, 1);
    eddy_auto(eddy_task) *inner = eddy_create_task(notes_once_coro(notes, 2), .eager = true);
    note(notes, 3);
    return eddy_await(inner);
}
EDDY_CORO(starts_eagerly, struct notes *)

TEST(A14_eager_tasks_nest)
{
    struct notes notes = {0};

    eddy_auto(eddy_task) *a = eddy_create_task(starts_eagerly_coro(&notes), .eager = true);
    CHECK_INT(noted(&notes), 123);
    CHECK(eddy_task_done(a));
}

static int start_eager_task_in_callback(void *arg)
{
    struct notes *notes = arg;

    eddy_detach(eddy_create_task(notes_once_coro(notes, 2), .eager = true));
    note(notes, 1);
    return 0;
}

TEST(A14_eager_task_of_a_callback_runs_in_the_next_turn)
{
    struct notes notes = {0};

    CHECK(eddy_loop_call_soon(eddy_loop_running(), start_eager_task_in_callback, &notes).call);
    settle();
    CHECK_INT(noted(&notes), 12);
}

TEST(A14_eager_task_in_a_loop_that_does_not_run_yet)
{
    struct notes notes = {0};
    eddy_loop *other = eddy_loop_open();

    CHECK(other != NULL);
    eddy_task *a = eddy_loop_create_task(other, notes_once_coro(&notes, 1), .eager = true);
    settle();
    CHECK_INT(notes.n, 0);
    eddy__task_discard(a); /* no loop can run inside this one to end it */
    eddy_loop_close(other);
}

TEST_PLAIN(task_made_before_its_loop_runs)
{
    struct notes notes = {0};
    eddy_auto(eddy_loop) *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);

    CHECK_INT(eddy_loop_run_once(loop, 0), 0);
    eddy_task *a = eddy_loop_create_task(loop, notes_once_coro(&notes, 1));
    CHECK_INT(notes.n, 0);
    CHECK_INT(eddy_loop_run_until_done(loop, a), 0);
    CHECK_INT(notes.n, 1);
    eddy_detach(a);
}

TEST_PLAIN(task_without_a_running_loop)
{
    CHECK_PTR(eddy_create_task(returns_coro(0)), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOTASK);
    CHECK_CONTAINS(last_message(), "eddy_run");
    eddy_error_clear();
}

/* ---- status, names, lists ---- */

TEST(task_status_is_what_its_function_returned)
{
    eddy_auto(eddy_task) *a = eddy_create_task(returns_coro(7));

    CHECK(!eddy_task_done(a));
    CHECK_INT(eddy_task_status(a), EDDY_ENOTREADY);
    CHECK_PTR(eddy_task_error(a), NULL);
    CHECK_INT(eddy_await(a), 7);
    CHECK(eddy_task_done(a));
    CHECK(!eddy_task_cancelled(a));
    CHECK_INT(eddy_task_status(a), 7);
    CHECK_PTR(eddy_task_error(a), NULL);
}

TEST(task_error_is_its_record)
{
    eddy_auto(eddy_task) *a = eddy_create_task(fails_after_coro(1, EDDY_EUSER));

    CHECK_INT(eddy_sleep(2), 0);
    CHECK_INT(eddy_task_status(a), EDDY_EUSER);
    CHECK_INT(eddy_error_code(eddy_task_error(a)), EDDY_EUSER);
    CHECK_STR(eddy_error_message(eddy_task_error(a)), "failed after 1 s");
    CHECK_CONTAINS(eddy_error_task(eddy_task_error(a)), "fails_after");
    CHECK_STR(eddy_error_place(eddy_task_error(a))->function, "fails_after");
    CHECK_PTR(eddy_last_error(), NULL);
}

TEST(task_names)
{
    char name[] = "crawler";
    eddy_auto(eddy_task) *a = eddy_create_task(returns_coro(0), .name = name);
    eddy_auto(eddy_task) *b = eddy_create_task(returns_coro(0));

    name[0] = 'b';
    CHECK_STR(eddy_task_name(a), "crawler");
    CHECK_STR(eddy_task_function(a), "returns");
    CHECK(strncmp(eddy_task_name(b), "Task-", 5) == 0);
    CHECK(strcmp(eddy_task_name(b), eddy_task_name(eddy_current_task())) != 0);
    CHECK_INT(eddy_task_set_name(b, "indexer"), 0);
    CHECK_STR(eddy_task_name(b), "indexer");
    CHECK_INT(eddy_task_set_name(b, NULL), EDDY_EINVAL);
    CHECK_STR(eddy_task_name(b), "indexer");
}

TEST(all_tasks_in_order_of_creation)
{
    eddy_task *all[2] = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(sleeps_coro(1));
    eddy_auto(eddy_task) *b = eddy_create_task(sleeps_coro(2));

    CHECK_INT(eddy_all_tasks(all, 2), 3);
    CHECK_PTR(all[0], eddy_current_task());
    CHECK_PTR(all[1], a);
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
}

TEST(all_tasks_whatever_places_they_took)
{
    enum { MANY = 100 };
    eddy_task *tasks[MANY], *all[MANY];

    for (int i = 0; i < MANY; i++)
        tasks[i] = eddy_create_task(sleeps_coro(9));
    for (int i = 0; i < MANY; i += 2)
        eddy_task_close(eddy_take(tasks[i]));
    for (int i = 0; i < MANY; i += 2)
        tasks[i] = eddy_create_task(sleeps_coro(9));
    CHECK_INT(eddy_all_tasks(all, 70), MANY + 1);
    for (int i = 1; i < 70; i++) /* first those that stayed, then the new ones */
        CHECK_PTR(all[i], tasks[i <= MANY / 2 ? 2 * i - 1 : 2 * i - MANY - 2]);
    for (int i = 0; i < MANY; i++)
        eddy_task_close(tasks[i]);
}

static int uses_stack(size_t bytes)
{
    char block[4096];

    memset(block, 1, sizeof block);
    __asm__ volatile("" ::"r"(block) : "memory");
    return bytes > sizeof block ? block[1] + uses_stack(bytes - sizeof block) : block[0];
}
EDDY_CORO(uses_stack, size_t)

TEST(stack_size_is_honoured)
{
    eddy_auto(eddy_task) *a = eddy_create_task(uses_stack_coro(1 << 20), .stack_size = 3 << 20);

    CHECK_INT(eddy_await(a), 256);
}

TEST(packed_task_runs_and_waits)
{
    eddy_auto(eddy_task) *a = eddy_create_task(sleeps_coro(1), .packed = true, .stack_size = 8192);

    CHECK_INT(eddy_await(a), 0);
}

/* ---- the end: done callbacks ---- */

struct called {
    struct notes notes;
    eddy_task *task;
};

static int called_1(eddy_task *task, void *arg)
{
    ((struct called *)arg)->task = task;
    note(&((struct called *)arg)->notes, 1);
    return 0;
}

static int called_2(eddy_task *task, void *arg)
{
    CHECK(eddy_task_done(task));
    note(&((struct called *)arg)->notes, 2);
    return 0;
}

TEST(A10_done_callbacks_run_in_the_next_turn_in_order)
{
    struct called c = {0};

    NEEDS_ORDER();
    eddy_auto(eddy_task) *a = eddy_create_task(returns_coro(0));
    CHECK_INT(eddy_task_add_done_callback(a, called_1, &c), 0);
    CHECK_INT(eddy_task_add_done_callback(a, called_2, &c), 0);
    CHECK_INT(eddy_task_add_done_callback(a, called_1, &c), 0);
    CHECK_INT(eddy_sleep(0), 0);
    CHECK(eddy_task_done(a));
    CHECK_INT(c.notes.n, 0);
    CHECK_INT(eddy_sleep(0), 0);
    CHECK_INT(noted(&c.notes), 121);
    CHECK_PTR(c.task, a);
}

TEST(A10_done_callback_of_an_ended_task_still_runs)
{
    struct called c = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(returns_coro(0));

    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(eddy_task_add_done_callback(a, called_1, &c), 0);
    CHECK_INT(c.notes.n, 0);
    CHECK_INT(eddy_sleep(0), 0);
    CHECK_INT(c.notes.n, 1);
}

TEST(A10_done_callback_keeps_the_task_after_its_handle)
{
    static struct called c;
    eddy_task *a = eddy_create_task(sleeps_coro(1));

    CHECK_INT(eddy_task_add_done_callback(a, called_1, &c), 0);
    eddy_detach(a);
    CHECK_INT(eddy_sleep(2), 0);
    CHECK_INT(c.notes.n, 1);
}

TEST(A10_removed_done_callbacks_do_not_run)
{
    struct called c = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(returns_coro(0));

    CHECK_INT(eddy_task_add_done_callback(a, called_1, &c), 0);
    CHECK_INT(eddy_task_add_done_callback(a, called_2, &c), 0);
    CHECK_INT(eddy_task_add_done_callback(a, called_1, &c), 0);
    CHECK_INT(eddy_task_remove_done_callback(a, called_1, &c), 2);
    CHECK_INT(eddy_task_remove_done_callback(a, called_1, NULL), 0);
    settle();
    CHECK_INT(noted(&c.notes), 2);
}

static struct called at_the_end;

static int leaves_a_callback(void)
{
    eddy_auto(eddy_task) *a = eddy_try(eddy_create_task(returns_coro(0)));

    eddy_try(eddy_await(a));
    eddy_try(eddy_task_add_done_callback(a, called_1, &at_the_end));
    return 0;
}
EDDY_CORO(leaves_a_callback)

TEST_PLAIN(A10_done_callback_runs_although_main_returns)
{
    CHECK_INT(eddy_run(leaves_a_callback_coro()), 0);
    CHECK_INT(at_the_end.notes.n, 1);
}

/* ---- nothing outlives its owner, nothing is lost silently ---- */

TEST(D5_close_cancels_and_waits)
{
    eddy_task *quick = eddy_create_task(sleeps_coro(100));
    eddy_task *slow = eddy_create_task(stubborn_coro(3, 0));

    settle();
    double began = eddy_loop_time(eddy_loop_running());
    eddy_task_close(quick);
    CHECK_NEAR(eddy_loop_time(eddy_loop_running()), began, 1e-6);
    eddy_task_close(slow);
    CHECK_NEAR(eddy_loop_time(eddy_loop_running()), began + 3, 1e-6);
    eddy_task_close(NULL);
    eddy_detach(NULL);
}

TEST(D5_close_waits_also_in_a_cancelled_task)
{
    eddy_task *slow = eddy_create_task(stubborn_coro(3, 0));

    settle();
    eddy_cancel(eddy_current_task());
    eddy_task_close(slow);
    eddy_uncancel();
    CHECK_NEAR(eddy_loop_time(eddy_loop_running()), 3, 1e-6);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
}

TEST(D5_close_leaves_the_error_record_alone)
{
    eddy_task *a = eddy_create_task(sleeps_coro(1));

    settle();
    eddy_ignore(eddy_raise(EDDY_EUSER, "mine"));
    eddy_task_close(a);
    CHECK_INT(eddy_last_status(), EDDY_EUSER);
    CHECK_STR(last_message(), "mine");
}

TEST(D5_failure_that_nobody_observed_is_reported_once_with_its_start)
{
    char place[64];

    reports_listen(&reports);
    eddy_task *a = eddy_create_task(fails_after_coro(1, EDDY_EUSER), .name = "lost");
    snprintf(place, sizeof place, "'lost' (fails_after), started at test_task.c:%d", __LINE__ - 1);
    CHECK_INT(eddy_sleep(2), 0);
    CHECK(eddy_task_done(a));
    CHECK_INT(reports.count, 0); /* the last handle is not gone yet */
    eddy_task_close(a);
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_EUSER);
    CHECK_STR(reports.task, place);
    settle();
    CHECK_INT(reports.count, 1);
}

TEST(D5_failure_of_a_detached_task_is_reported)
{
    reports_listen(&reports);
    eddy_detach(eddy_create_task(fails_after_coro(1, EDDY_EUSER)));
    CHECK_INT(eddy_sleep(2), 0);
    CHECK_INT(reports.count, 1);
}

TEST(D5_observed_failures_are_not_reported)
{
    reports_listen(&reports);
    eddy_task *awaited = eddy_create_task(fails_after_coro(1, EDDY_EUSER));
    eddy_task *asked = eddy_create_task(fails_after_coro(1, EDDY_EUSER));
    eddy_task *looked_at = eddy_create_task(fails_after_coro(1, EDDY_EUSER));
    eddy_task *cancelled = eddy_create_task(sleeps_coro(10));

    CHECK_INT(eddy_await(awaited), EDDY_EUSER);
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(eddy_task_status(asked), EDDY_EUSER);
    CHECK(eddy_task_error(looked_at) != NULL);
    eddy_task_close(awaited);
    eddy_task_close(asked);
    eddy_task_close(looked_at);
    eddy_task_close(cancelled);
    CHECK_INT(reports.count, 0);
}

TEST(D5_status_of_a_running_task_does_not_observe_it)
{
    reports_listen(&reports);
    eddy_task *a = eddy_create_task(fails_after_coro(1, EDDY_EUSER));

    CHECK_INT(eddy_task_status(a), EDDY_ENOTREADY);
    eddy_detach(a);
    CHECK_INT(eddy_sleep(2), 0);
    CHECK_INT(reports.count, 1);
}

TEST(A12_cancelling_a_failed_task_does_not_silence_its_report)
{
    reports_listen(&reports);
    eddy_task *a = eddy_create_task(fails_after_coro(1, EDDY_EUSER));

    CHECK_INT(eddy_sleep(2), 0);
    CHECK(!eddy_cancel(a));
    CHECK_INT(eddy_task_cancelling(a), 0);
    eddy_task_close(a);
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_EUSER);
}

static int forgets_a_failure(void)
{
    eddy_detach(eddy_create_task(fails_after_coro(0, EDDY_EUSER), .name = "lost"));
    return eddy_sleep(1);
}
EDDY_CORO(forgets_a_failure)

static int run_forgetful(void *arg)
{
    (void)arg;
    return eddy_run(forgets_a_failure_coro(), .clock = EDDY_CLOCK_VIRTUAL);
}

TEST_PLAIN(D5_default_report_has_name_place_and_traceback)
{
    char output[2048];

    CHECK_INT(test_child(run_forgetful, NULL, output, sizeof output), 0);
    CHECK_CONTAINS(output, "a task failed and nobody looked");
    CHECK_CONTAINS(output, "'lost' (fails_after), started at test_task.c:");
    CHECK_CONTAINS(output, "EDDY_EUSER: failed after 0 s");
}

static int counts_down(int *left)
{
    while (*left > 0) {
        eddy_try(eddy_sleep(1));
        --*left;
    }
    return 0;
}
EDDY_CORO(counts_down, int *)

TEST(D5_detached_task_lives_on)
{
    static int left = 5;

    eddy_detach(eddy_create_task(counts_down_coro(&left)));
    CHECK_INT(eddy_sleep(10), 0);
    CHECK_INT(left, 0);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
}

TEST(own_handle_cannot_be_closed)
{
    struct eddy_task *self = eddy_current_task();

    reports_listen(&reports);
    self->refs++; /* as if somebody had kept a handle */
    eddy_task_close(self);
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_EINVAL);
    CHECK_CONTAINS(reports.message, "own handle");
}

TEST(handle_given_back_twice_is_reported)
{
    reports_listen(&reports);
    eddy_task *a = eddy_create_task(sleeps_coro(1));

    eddy_detach(a);
    eddy_detach(a);
    CHECK_INT(reports.count, 1);
    eddy_task_close(a);
    CHECK_INT(reports.count, 2);
    CHECK_CONTAINS(reports.message, "twice");
    CHECK_INT(eddy_sleep(2), 0);
}

/* ---- everything that can go wrong ---- */

static int nothing(eddy_task *task, void *arg)
{
    (void)task;
    (void)arg;
    return 0;
}

TEST_PLAIN(done_callback_of_a_closed_loop_is_refused)
{
    eddy_loop *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);
    eddy_task *task = eddy_loop_create_task(loop, sleeps_coro(1));

    CHECK_OK(eddy_loop_run_until_done(loop, task));
    eddy_loop_close(loop);
    CHECK_INT(eddy_task_add_done_callback(task, nothing, NULL), EDDY_ECLOSED);
    eddy_error_clear();
    eddy_detach(task);
}

static int life_of_tasks(void)
{
    eddy_auto(eddy_task) *a = eddy_try(eddy_create_task(sleeps_coro(2), .name = "a"));
    eddy_auto(eddy_task) *b = eddy_try(eddy_create_task(sleeps_coro(1), .eager = true));
    eddy_auto(eddy_task) *c = eddy_try(eddy_create_task(stubborn_coro(5, 0)));

    eddy_try(eddy_task_add_done_callback(a, nothing, NULL));
    eddy_try(eddy_sleep(0));
    eddy_try(eddy_await(b));
    eddy_try(eddy_task_set_name(c, "c"));
    eddy_cancel(c, .reason = "no longer wanted");
    eddy_try(eddy_await_shielded(a));
    return 0;
}

SWEEP(tasks_cancelled_anywhere)
{
    return life_of_tasks();
}

TORTURE(tasks_without_memory)
{
    return life_of_tasks();
}

TEST(task_of_NULL_gets_no_name)
{
    CHECK_INT(eddy_task_set_name(NULL, "nobody"), EDDY_EINVAL);
}

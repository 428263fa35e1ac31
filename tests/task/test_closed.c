/* test_closed.c - handles that are closed while others use them: whoever waits holds (D6). */
#include "closing.h"
#include "reports.h"

#include <eddy/gather.h>

static struct reports reports;

/* The block of a task that is freed serves the next one. */
static int closes_and_starts_another(eddy_task *task, eddy_task **another)
{
    eddy_try(eddy_sleep(1));
    eddy_task_close(task); /* it has ended: no wait */
    *another = eddy_create_task(returns_coro(7), .eager = true);
    return 0;
}
EDDY_CORO(closes_and_starts_another, eddy_task *, eddy_task **)

static int answers_after_a_second(void)
{
    eddy_try(eddy_sleep(1));
    return 42;
}
EDDY_CORO(answers_after_a_second)

static void close_between_end_and_run(int (*await)(eddy_task *))
{
    eddy_task *another = NULL;
    eddy_task *task = eddy_create_task(answers_after_a_second_coro());
    eddy_auto(eddy_task) *closer = eddy_create_task(closes_and_starts_another_coro(task, &another));

    CHECK_INT(await(task), 42);
    CHECK_INT(eddy_await(closer), 0);
    eddy_task_close(another);
}

TEST(D6_handle_closed_before_the_awaiter_has_run)
{
    NEEDS_ORDER();
    close_between_end_and_run(eddy_await);
    close_between_end_and_run(eddy_await_shielded);
}

TEST(D6_await_looks_at_the_task_before_it_yields)
{
    eddy_task *task = eddy_create_task(returns_coro(3));

    settle();
    CHECK_INT(CLOSED_IN_THE_CALL(eddy_task_close, task, eddy_await(task)), 3);
}

TEST(D6_closing_a_task_that_is_awaited_ends_it_for_the_awaiter)
{
    eddy_task *task = eddy_create_task(sleeps_coro(100));

    CHECK_INT(CLOSED_IN_THE_CALL(eddy_task_close, task, eddy_await(task)), EDDY_ECHILDCANCELED);
}

static int closes_of_another(eddy_task *task)
{
    eddy_task_close(task);
    return 0;
}
EDDY_CORO(closes_of_another, eddy_task *)

TEST(D5_handle_closed_by_two_at_once_is_reported)
{
    eddy_task *task = eddy_create_task(stubborn_coro(10, 0));
    eddy_auto(eddy_task) *a = eddy_create_task(closes_of_another_coro(task));
    eddy_auto(eddy_task) *b = eddy_create_task(closes_of_another_coro(task));

    reports_listen(&reports);
    settle();
    CHECK_INT(reports.count, 1);
    CHECK_CONTAINS(reports.message, "a task's handle was given back twice");
    CHECK_INT(eddy_gather_tasks(((eddy_task *[]){a, b}), 2), 0);
}

/* Under AddressSanitizer and Valgrind the first look at the task is told of. */
TEST(D6_call_on_a_task_whose_handle_was_given_back)
{
    if (test_is_watched())
        SKIP("the checker tells");
    eddy_task *task = eddy_create_task(returns_coro(1));

    CHECK_INT(eddy_await(task), 1);
    eddy_task_close(task);
    reports_listen(&reports);
    CHECK_INT(eddy_await(task), EDDY_EINVAL);
    CHECK_CONTAINS(reports.message, "eddy_await of a task whose handle was given back before");
    CHECK_INT(eddy_gather_tasks(&task, 1), EDDY_EINVAL);
    CHECK(!eddy_cancel(task));
    CHECK_INT(reports.count, 3);
}

static int asks_after_close(void)
{
    eddy_task *task = eddy_create_task(returns_coro(3));

    reports_listen(&reports);
    CHECK_INT(eddy_await(task), 3);
    eddy_task_close(task);
    for (int i = 0; i < 100; i++) /* tasks that come since have other blocks */
        eddy_task_close(eddy_create_task(returns_coro(0)));
#define TELLS(call, value)                                                                         \
    do {                                                                                           \
        int before = reports.count;                                                                \
        CHECK_INT((call), (value));                                                                \
        CHECK_INT(reports.count, before + 1);                                                      \
        CHECK_CONTAINS(reports.message, "given back");                                             \
    } while (0)
    TELLS(eddy_await(task), EDDY_EINVAL);
    TELLS(eddy_await_shielded(task), EDDY_EINVAL);
    TELLS(eddy_gather_tasks(&task, 1), EDDY_EINVAL);
    TELLS(eddy_wait(&task, 1), EDDY_EINVAL);
    TELLS(eddy_as_completed(&task, 1) != NULL, false);
    TELLS(eddy_cancel(task), false);
    TELLS(eddy_task_cancelling(task), 0);
    TELLS(eddy_task_done(task), true);
    TELLS(eddy_task_cancelled(task), false);
    TELLS(eddy_task_status(task), EDDY_EINVAL);
    TELLS(eddy_task_error(task) != NULL, false);
    TELLS(strcmp(eddy_task_name(task), "?"), 0);
    TELLS(eddy_task_set_name(task, "late"), EDDY_EINVAL);
    TELLS(strcmp(eddy_task_function(task), "?"), 0);
    TELLS(eddy_task_add_done_callback(task, NULL, NULL), EDDY_EINVAL);
    TELLS(eddy_task_remove_done_callback(task, NULL, NULL), 0);
    TELLS((eddy_task_close(task), 0), 0);
    TELLS((eddy_detach(task), 0), 0);
    return 0;
}
EDDY_CORO(asks_after_close)

TEST_PLAIN(D6_debug_mode_tells_of_closed_handles_for_long)
{
    if (test_is_watched())
        SKIP("the checker tells");
    CHECK_INT(eddy_run(asks_after_close_coro(), .debug = 1), 0);
}

/* test_record.c - what the failure of a task says to those who awaited it. */
#include "reports.h"

static struct reports reports;

static int awaits(eddy_task *task)
{
    return eddy_await(task);
}
EDDY_CORO(awaits, eddy_task *)

static int looks_why(char *why)
{
    int r = eddy_sleep(100);

    snprintf(why, 32, "%s", eddy_cancel_reason(eddy_last_error()));
    return r;
}
EDDY_CORO(looks_why, char *)

TEST(A11_the_reason_can_be_asked_for)
{
    char why[32] = "";
    eddy_auto(eddy_task) *a = eddy_create_task(looks_why_coro(why));
    eddy_auto(eddy_task) *b = eddy_create_task(sleeps_coro(100));

    CHECK_PTR(eddy_cancel_reason(NULL), NULL);
    settle();
    eddy_cancel(a, .reason = "stop it");
    eddy_cancel(b);
    CHECK_INT(eddy_await(a), EDDY_ECANCELED);
    CHECK_STR(eddy_cancel_reason(eddy_last_error()), "stop it");
    CHECK_STR(why, "stop it");
    CHECK_INT(eddy_await(b), EDDY_ECANCELED);
    CHECK_PTR(eddy_cancel_reason(eddy_last_error()), NULL);
}

TEST(A11_reason_of_a_cancellation_reaches_the_awaiter)
{
    eddy_auto(eddy_task) *inner = eddy_create_task(sleeps_coro(5));
    eddy_auto(eddy_task) *outer = eddy_create_task(awaits_coro(inner));
    char reason[] = "the server shuts down";

    settle();
    CHECK(eddy_cancel(inner, .reason = reason));
    reason[0] = '\0';
    CHECK_INT(eddy_await(outer), EDDY_ECHILDCANCELED);
    CHECK_CONTAINS(last_message(), "the server shuts down");
    CHECK_CONTAINS(eddy_error_message(eddy_task_error(inner)), "the server shuts down");
}

TEST(A11_reason_of_ones_own_cancellation)
{
    CHECK(eddy_cancel(eddy_current_task(), .reason = "enough"));
    CHECK_INT(eddy_sleep(1), EDDY_ECANCELED);
    CHECK_STR(last_message(), "cancelled: enough");
    CHECK_INT(eddy_uncancel(), 0);
    CHECK(eddy_cancel(eddy_current_task()));
    CHECK_INT(eddy_sleep(1), EDDY_ECANCELED);
    CHECK_STR(last_message(), "cancelled");
    CHECK_INT(eddy_uncancel(), 0);
}

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

TEST(record_of_a_failure_names_code_message_place_and_task)
{
    eddy_auto(eddy_task) *a = eddy_create_task(chain_that_fails_coro(0), .name = "bottom");

    CHECK_INT(eddy_await(a), EDDY_EUSER);
    CHECK_INT(eddy_last_status(), EDDY_EUSER);
    CHECK_STR(last_message(), "unlucky number 13");
    CHECK_STR(eddy_error_place(eddy_last_error())->function, "chain_that_fails");
    CHECK_CONTAINS(eddy_error_place(eddy_last_error())->file, "test_record.c");
    CHECK_STR(eddy_error_task(eddy_last_error()), "bottom");
    CHECK_PTR(eddy_error_next(eddy_last_error()), NULL);
}

TEST(traceback_names_all_who_awaited)
{
    eddy_auto(eddy_task) *a = eddy_create_task(chain_that_fails_coro(2), .name = "top");

    CHECK_INT(eddy_task_set_name(eddy_current_task(), "me"), 0);
    CHECK_INT(eddy_await(a), EDDY_EUSER);
    const char *text = last_text();
    CHECK_CONTAINS(text, "  chain_that_fails (");
    CHECK_CONTAINS(text, "test_record.c:");
    CHECK_CONTAINS(text, " in task link\n");
    CHECK_CONTAINS(text, "  awaited by task link\n");
    CHECK_CONTAINS(text, "  awaited by task top\n  awaited by task me\n");
    CHECK_CONTAINS(text, "\nEDDY_EUSER: unlucky number 13\n");
}

TEST(traceback_is_cut_to_the_buffer)
{
    char text[20];

    eddy_ignore(eddy_raise(EDDY_EUSER, "a sentence that is longer than the buffer"));
    CHECK(eddy_error_format(eddy_last_error(), text, sizeof text) > sizeof text);
    CHECK_INT(strlen(text), sizeof text - 1);
    CHECK(eddy_error_format(eddy_last_error(), NULL, 0) > sizeof text);
    CHECK_INT(eddy_error_format(NULL, text, sizeof text), 0);
    CHECK_STR(text, "");
}

TEST(parts_of_no_record)
{
    CHECK_INT(eddy_error_code(NULL), 0);
    CHECK_STR(eddy_error_message(NULL), "");
    CHECK_PTR(eddy_error_place(NULL), NULL);
    CHECK_STR(eddy_error_task(NULL), "");
    CHECK_PTR(eddy_error_next(NULL), NULL);
}

TEST(failure_comes_up_a_long_chain)
{
    char text[256];
    eddy_auto(eddy_task) *top = eddy_create_task(chain_that_fails_coro(2000));

    CHECK_INT(eddy_await(top), EDDY_EUSER);
    CHECK_STR(last_message(), "unlucky number 13");
    CHECK(eddy_error_format(eddy_last_error(), text, sizeof text) > 2000);
    eddy_error_clear();
}

TEST(record_of_a_success_is_not_touched)
{
    eddy_auto(eddy_task) *a = eddy_create_task(returns_coro(0));

    eddy_ignore(eddy_raise(EDDY_EIO, "before"));
    CHECK_INT(eddy_await(a), 0);
    CHECK_STR(last_message(), "before");
    eddy_error_clear();
    CHECK_PTR(eddy_last_error(), NULL);
    CHECK_INT(eddy_last_status(), 0);
}

TEST(bare_code_is_reported_in_debug_mode)
{
    reports_listen(&reports);
    eddy_loop_set_debug(eddy_loop_running(), true);
    eddy_loop_set_slow_callback_duration(eddy_loop_running(), INFINITY);
    eddy_auto(eddy_task) *a = eddy_create_task(returns_coro(EDDY_EIO), .name = "bare");
    CHECK_INT(eddy_await(a), EDDY_EIO);
    CHECK_INT(eddy_last_status(), EDDY_EIO);
    CHECK_INT(reports.count, 1);
    CHECK_CONTAINS(reports.task, "'bare' (returns), started at test_record.c:");
}

/* G2, G5: who is told of failures, misuse, and calls from another thread. */
#include "task/reports.h"

#include "base/error.h"
#include <eddy/future.h>
#include <eddy/group.h>
#include <pthread.h>
#include <unistd.h>

static struct reports reports;

/* ---- handlers ---- */

static int fails(int code)
{
    return eddy_raise(code, "it went wrong");
}
EDDY_CORO(fails, int)

TEST(report_G2_handler_is_told_with_task_and_record)
{
    reports_listen(&reports);
    eddy_detach(eddy_create_task(fails_coro(EDDY_EIO), .name = "loser"));
    eddy_detach(eddy_create_task(returns_coro(0)));
    settle();
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_EIO);
    CHECK_CONTAINS(reports.task, "'loser' (fails), started at test_report.c:");
}

/* A code that was returned without a record is told as well. */
TEST(report_G2_bare_code_is_told)
{
    reports_listen(&reports);
    eddy_loop_set_debug(eddy_loop_running(), false); /* which complains of it besides */
    eddy_detach(eddy_create_task(returns_coro(EDDY_ENOSPC)));
    settle();
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_ENOSPC);
}

TEST(report_G2_a_program_tells_the_handler)
{
    reports_listen(&reports);
    eddy_ignore(eddy_raise(EDDY_EIO, "it went wrong"));
    eddy_loop_call_exception_handler(eddy_loop_running(),
                                     &(eddy_report){.message = "the program has to say",
                                                    .task = eddy_current_task(),
                                                    .error = eddy_last_error()});
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_EIO);
    CHECK_STR(reports.message, "the program has to say");
    CHECK_CONTAINS(reports.task, "Task-");
    eddy_loop_call_exception_handler(NULL, &(eddy_report){.message = "to nobody"});
    CHECK_INT(reports.count, 2);
    CHECK_CONTAINS(reports.message, "the loop is NULL");
}

static int complains(eddy_task *task, void *arg)
{
    (void)task;
    note(arg, 1);
    return eddy_raise(EDDY_EUSER, "a callback complains");
}

static int notes_the_end_of(eddy_task *task, struct notes *notes)
{
    eddy_try(eddy_await(task));
    CHECK_INT(reports.count, 1);
    note(notes, 3);
    return 0;
}
EDDY_CORO(notes_the_end_of, eddy_task *, struct notes *)

TEST(A10_G2_a_done_callback_that_fails_is_reported_before_the_awaiter_goes_on)
{
    struct notes notes = {0};

    reports_listen(&reports);
    eddy_task *a = eddy_create_task(sleeps_coro(1));
    CHECK_INT(eddy_task_add_done_callback(a, complains, &notes), 0);
    eddy_auto(eddy_task) *awaiter = eddy_create_task(notes_the_end_of_coro(a, &notes));
    CHECK_INT(eddy_await(awaiter), 0);
    CHECK_INT(noted(&notes), 13);
    CHECK_INT(reports.status, EDDY_EUSER);
    eddy_detach(a);
}

/* Its record is the callback's, not that of the report which comes in between. */
TEST(A10_G2_a_done_callback_that_fails_and_drops_a_failed_task)
{
    struct notes notes = {0};

    reports_listen(&reports);
    eddy_task *a = eddy_create_task(fails_after_coro(1, EDDY_EIO));
    CHECK_INT(eddy_task_add_done_callback(a, complains, &notes), 0);
    eddy_detach(a);
    CHECK_INT(eddy_sleep(2), 0);
    CHECK_INT(reports.count, 2);
    CHECK_INT(reports.status, EDDY_EUSER);
}

TEST(C8_a_start_refused_after_join_is_not_reported_by_close)
{
    reports_listen(&reports);
    eddy_group *group = eddy_group_open();
    CHECK_INT(eddy_group_start(group, returns_coro(0)), 0);
    CHECK_INT(eddy_group_join(group), 0);
    CHECK_INT(eddy_group_start(group, returns_coro(0)), EDDY_ECLOSED);
    eddy_group_close(group);
    CHECK_INT(reports.count, 0);
}

static int fail_in_callback(void *arg)
{
    (void)arg;
    return eddy_raise(EDDY_EUSER, "callback");
}

static int speak(void *arg)
{
    eddy_loop *loop = eddy_loop_open();

    if (arg)
        eddy_loop_set_exception_handler(loop, reports_note, &reports);
    eddy_loop_set_exception_handler(loop, NULL, NULL);
    eddy_loop_call_soon(loop, fail_in_callback, NULL);
    CHECK_OK(eddy_loop_run_once(loop, 0));
    eddy_loop_default_exception_handler(loop, &(eddy_report){.message = "a report of mine"});
    eddy_loop_default_exception_handler(NULL, &(eddy_report){.message = "without a loop"});
    eddy_loop_close(loop);
    return 0;
}

TEST_PLAIN(report_G2_default_handler_writes_to_stderr)
{
    char output[1000];

    for (int i = 0; i < 2; i++) {
        CHECK_INT(test_child(speak, i ? &reports : NULL, output, sizeof output), 0);
        CHECK_CONTAINS(output, "eddy: a callback failed\n");
        CHECK_CONTAINS(output, "  fail_in_callback (tests/loop/test_report.c:");
        CHECK_CONTAINS(output, "EDDY_EUSER: callback\n");
        CHECK_CONTAINS(output, "eddy: a report of mine\n");
        CHECK_CONTAINS(output, "eddy: without a loop\n");
    }
}

/* ---- misuse ---- */

TEST(report_bug_goes_to_the_handler)
{
    reports_listen(&reports);
    eddy_loop_close(eddy_loop_running());
    CHECK_INT(reports.count, 1);
    CHECK_STR(reports.message, "Cannot close a running event loop");
    CHECK_INT(reports.status, EDDY_ELOOP);
    CHECK_CONTAINS(reports.task, "(test_task)");
    CHECK_OK(eddy_sleep(1)); /* nothing happened to it */
}

static int bug(void *arg)
{
    (void)arg;
    eddy__bug(EDDY_EOWNER, "%s released twice", "it");
    return 0;
}

TEST_PLAIN(report_bug_without_a_loop_goes_to_stderr)
{
    char output[200];

    CHECK_INT(test_child(bug, NULL, output, sizeof output), 0);
    CHECK_STR(output, "eddy: it released twice\n");
}

/* ---- G5: calls from another thread ---- */

static eddy_loop *the_loop;
static eddy_task *the_task;
static eddy_future *the_future;

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void nothing_ready(eddy_watch *watch, unsigned events, void *arg)
{
    (void)watch, (void)events, (void)arg;
}

static void never_done(eddy_op *op)
{
    (void)op;
}

static void *call_from_outside(void *arg)
{
    eddy_op op = {.code = EDDY_OP_FSYNC, .fd = 1, .done = never_done};
    eddy_handle none = {NULL, 0};

    (void)arg;
    CHECK_PTR(eddy_loop_call_soon(the_loop, nothing, NULL).call, NULL);
    CHECK_INT(eddy_last_status(), EDDY_ELOOP);
    CHECK_PTR(eddy_loop_call_later(the_loop, 1, nothing, NULL).call, NULL);
    CHECK_PTR(eddy_loop_call_at(the_loop, 1, nothing, NULL).call, NULL);
    CHECK(!eddy_loop_cancel_call(the_loop, none));
    CHECK_PTR(eddy_loop_create_task(the_loop, fails_coro(1)), NULL);
    CHECK(!eddy_cancel(the_task));
    CHECK_PTR(eddy_watch_open(the_loop, 0, EDDY_READABLE, nothing_ready, NULL), NULL);
    CHECK(eddy_loop_submit(the_loop, &op) < 0);
    eddy_loop_stop(the_loop);
    eddy_error_clear();
    return NULL;
}

static void run_in_thread(void *(*fn)(void *arg))
{
    pthread_t thread;

    CHECK_OK(-pthread_create(&thread, NULL, fn, NULL));
    pthread_join(thread, NULL);
}

/* What fn, run in a thread, makes the library write to stderr. */
static const char *words_of_thread(void *(*fn)(void *arg))
{
    static char output[4096];
    FILE *file = tmpfile();
    int saved = dup(2);

    CHECK(file && saved >= 0);
    fflush(NULL);
    dup2(fileno(file), 2);
    run_in_thread(fn);
    dup2(saved, 2);
    close(saved);
    rewind(file);
    output[fread(output, 1, sizeof output - 1, file)] = '\0';
    fclose(file);
    return output;
}

TEST(report_G5_call_from_another_thread_is_caught_in_debug_mode)
{
    static const char *const names[] = {
        "eddy_loop_call_soon", "eddy_loop_call_later", "eddy_loop_cancel_call", "eddy_create_task",
        "eddy_cancel",         "eddy_watch_open",      "eddy_loop_submit",      "eddy_loop_stop"};
    char expected[200];

    the_loop = eddy_loop_running();
    the_task = eddy_create_task(sleeps_coro(1));
    eddy_loop_set_debug(the_loop, true);
    const char *output = words_of_thread(call_from_outside);
    for (size_t i = 0; i < count_of(names); i++) {
        snprintf(expected, sizeof expected,
                 "eddy: %s was called from another thread than the loop's: use "
                 "eddy_loop_call_soon_threadsafe\n",
                 names[i]);
        CHECK_CONTAINS(output, expected);
    }
    eddy_loop_set_debug(the_loop, false);
    CHECK_OK(eddy_await(the_task)); /* was not cancelled, nor was the loop stopped */
    eddy_task_close(the_task);
}

static int await_future(void)
{
    return eddy_future_await(the_future, NULL);
}
EDDY_CORO(await_future)

static void *resolve_outside(void *arg)
{
    CHECK_OK(eddy_future_set_result(the_future, NULL));
    return arg;
}

/* So is what wakes a task: a result, an event, an item. */
TEST(report_G5_waking_a_task_from_another_thread_is_caught)
{
    eddy_auto(eddy_task) *task = eddy_create_task(await_future_coro());

    the_future = eddy_future_open(0);
    eddy_loop_set_debug(eddy_loop_running(), true);
    settle();
    const char *output = words_of_thread(resolve_outside);
    CHECK_CONTAINS(output, "eddy: what wakes a task was called from another thread");
    CHECK_OK(eddy_await(task));
    eddy_future_close(the_future);
}

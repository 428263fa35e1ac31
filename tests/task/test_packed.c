/* Tasks on packed stacks: what fails, formats and reports has room although they have none (X9). */
#include "reports.h"

#include <string.h>

/* A frame as large as 600 characters would be the caller's own fault: they are elsewhere. */
static const char *long_text(void)
{
    static char text[601];

    memset(text, 'x', sizeof text - 1);
    return text;
}

static int fails_with(const char *text, int number)
{
    return eddy_raise(EDDY_EUSER, "item %d of %g: %s", number, 0.5, text);
}
EDDY_CORO(fails_with, const char *, int)

static int tries_in_levels(int levels)
{
    if (levels > 0) {
        eddy_try(tries_in_levels(levels - 1));
        return 0;
    }
    return eddy_raise(EDDY_ENOENT, "at the bottom: %s", "nothing");
}
EDDY_CORO(tries_in_levels, int)

static int late(void)
{
    eddy_timeout(1)
        eddy_try(eddy_sleep(10));
    return 0;
}
EDDY_CORO(late)

static int ignores(int calls)
{
    eddy_ignore(eddy_sleep(10));
    while (calls-- > 0)
        eddy_ignore(eddy_sleep(10));
    return eddy_uncancel() == 0 ? 0 : EDDY_EUSER;
}
EDDY_CORO(ignores, int)

static int misuses(void)
{
    eddy_loop_stop(NULL);
    return eddy_last_status();
}
EDDY_CORO(misuses)

static char dumped[4096];

static int tells(FILE *stream)
{
    eddy_dump(stream);
    return strcmp(eddy_task_name(eddy_current_task()), "Task-2") == 0 ? 0 : EDDY_EUSER;
}
EDDY_CORO(tells, FILE *)

static int cancels(eddy_task *task)
{
    eddy_cancel(task, .reason = "the packed one asks for it");
    return 0;
}
EDDY_CORO(cancels, eddy_task *)

static int awaits(eddy_task *task)
{
    return eddy_await(task);
}
EDDY_CORO(awaits, eddy_task *)

static eddy_task *packed(eddy_coro coro, size_t size)
{
    return eddy_create_task(coro, .packed = true, .stack_size = size);
}

static const size_t sizes[] = {0, 1024, 2048, 4096, 8192};

#define EACH_SIZE(i) (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)

TEST(X9_packed_task_is_cancelled)
{
    for
        EACH_SIZE(i)
        {
            eddy_auto(eddy_task) *task = packed(sleeps_coro(10), sizes[i]);
            settle();
            eddy_cancel(task);
            CHECK_INT(eddy_await(task), EDDY_ECANCELED);
            eddy_auto(eddy_task) *why = packed(sleeps_coro(10), sizes[i]);
            settle();
            eddy_cancel(why, .reason = long_text());
            eddy_ignore(eddy_await_shielded(why));
            CHECK_STR(eddy_cancel_reason(eddy_task_error(why)), long_text());
        }
}

TEST(X9_packed_task_runs_out_of_time)
{
    for
        EACH_SIZE(i)
        {
            eddy_auto(eddy_task) *task = packed(late_coro(), sizes[i]);
            CHECK_INT(eddy_await(task), EDDY_ETIMEDOUT);
            CHECK_STR(last_message(), eddy_status_message(EDDY_ETIMEDOUT));
        }
}

static int leaves_packed(size_t size)
{
    eddy_detach(packed(sleeps_coro(10), size));
    return eddy_sleep(0.001);
}
EDDY_CORO(leaves_packed, size_t)

static int run_that_leaves(void *arg)
{
    return eddy_run(leaves_packed_coro(*(size_t *)arg)) < 0;
}

TEST_PLAIN(X9_packed_task_is_cancelled_at_the_end_of_run)
{
    char output[1000];

    for
        EACH_SIZE(i)
        {
            size_t size = sizes[i];

            CHECK_INT(test_child(run_that_leaves, &size, output, sizeof output), 0);
            CHECK_STR(output, "");
        }
}

TEST(X9_packed_task_fails_with_a_long_message)
{
    char expected[700];

    snprintf(expected, sizeof expected, "item 7 of 0.5: %s", long_text());
    for
        EACH_SIZE(i)
        {
            eddy_auto(eddy_task) *task = packed(fails_with_coro(long_text(), 7), sizes[i]);
            CHECK_INT(eddy_await(task), EDDY_EUSER);
            CHECK_STR(last_message(), expected);
            CHECK_STR(eddy_error_place(eddy_last_error())->function, "fails_with");
            CHECK_CONTAINS(eddy_error_task(eddy_last_error()), "(fails_with)");
            CHECK_CONTAINS(last_text(), "called from");
            eddy_auto(eddy_task) *deep = packed(tries_in_levels_coro(4), sizes[i]);
            CHECK_INT(eddy_await(deep), EDDY_ENOENT);
            CHECK_STR(last_message(), "at the bottom: nothing");
            eddy_auto(eddy_task) *inner = packed(fails_with_coro(long_text(), 7), sizes[i]);
            eddy_auto(eddy_task) *outer = packed(awaits_coro(inner), sizes[i]);
            CHECK_INT(eddy_await(outer), EDDY_EUSER);
            CHECK_STR(last_message(), expected);
        }
}

TEST(X9_packed_task_is_reported)
{
    static struct reports reports;

    reports_listen(&reports);
    for
        EACH_SIZE(i)
        {
            int before = reports.count;

            eddy_detach(packed(fails_with_coro(long_text(), 7), sizes[i]));
            settle();
            CHECK_INT(reports.count, before + 1);
            CHECK_INT(reports.status, EDDY_EUSER);
            eddy_auto(eddy_task) *task = packed(ignores_coro(1001), sizes[i]);
            settle();
            eddy_cancel(task);
            CHECK_OK(eddy_await_shielded(task));
            CHECK_INT(reports.count, before + 2);
            CHECK_CONTAINS(reports.message, "a task has ignored 1,000 interrupted calls in a row");
            CHECK_CONTAINS(reports.task, "(ignores)");
            eddy_auto(eddy_task) *bug = packed(misuses_coro(), sizes[i]);
            CHECK_INT(eddy_await(bug), EDDY_ELOOP);
            CHECK_INT(reports.count, before + 3);
            CHECK_CONTAINS(reports.message, "the loop is NULL");
            CHECK_CONTAINS(reports.task, "(misuses)");
        }
}

/* ---- a handler that does what it should not ---- */

static int told, asleep;

static void raises(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)loop;
    (void)report;
    (void)arg;
    told++;
    asleep = eddy_sleep(1);
    eddy_ignore(eddy_raise(EDDY_EUSER - 1, "a handler fails, too: %s", long_text()));
    if (told == 1)
        eddy_loop_stop(NULL);
}

TEST(X9_handler_called_by_a_packed_task_raises_and_cannot_suspend)
{
    eddy_loop_set_exception_handler(eddy_loop_running(), raises, NULL);
    eddy_auto(eddy_task) *task = packed(misuses_coro(), 0);
    CHECK_INT(eddy_await(task), EDDY_ELOOP);
    CHECK_INT(told, 2);
    CHECK_INT(asleep, EDDY_ENOTASK);
}

static int misuses_twice(void *arg)
{
    (void)arg;
    return eddy_run(misuses_coro()) != EDDY_ELOOP;
}

TEST_PLAIN(X9_default_handler_tells_of_packed_tasks)
{
    static char output[4000];

    CHECK_INT(test_child(misuses_twice, NULL, output, sizeof output), 0);
    CHECK_CONTAINS(output, "the loop is NULL");
}

TEST(X9_packed_task_tells_names_and_gives_reasons)
{
    FILE *stream = fmemopen(dumped, sizeof dumped, "w");
    eddy_auto(eddy_task) *task = packed(tells_coro(stream), 0);
    CHECK_OK(eddy_await(task));
    fclose(stream);
    CHECK_CONTAINS(dumped, "2 tasks:\n");
    CHECK_CONTAINS(dumped, "(tells), started at test_packed.c:");
    eddy_auto(eddy_task) *victim = packed(sleeps_coro(10), 0);
    settle();
    eddy_auto(eddy_task) *killer = packed(cancels_coro(victim), 0);
    CHECK_OK(eddy_await(killer));
    CHECK_INT(eddy_await(victim), EDDY_ECHILDCANCELED);
    CHECK_STR(eddy_cancel_reason(eddy_last_error()), "the packed one asks for it");
}

/* Packed sizes end at 8 KiB: a larger one has a guard. */
TEST(X9_packed_task_with_a_large_stack_is_not_packed)
{
    eddy_auto(eddy_task) *task = packed(sleeps_coro(1), 16384);
    settle();
    CHECK(!task->fiber.stack->packed || test_is_watched());
    CHECK_INT(eddy_await(task), 0);
}

/* ---- sizes that cannot be ---- */

static int handles(eddy_stream *stream)
{
    (void)stream;
    return 0;
}

TEST(X10_stack_of_more_than_4_gib_is_refused)
{
    static const size_t absurd[] = {SIZE_MAX, SIZE_MAX / 2, (size_t)UINT32_MAX + 1};

    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        CHECK_PTR(eddy_create_task(returns_coro(0), .stack_size = absurd[i]), NULL);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
        CHECK_CONTAINS(last_message(), "a stack of");
        CHECK_STR(eddy_error_place(eddy_last_error())->function,
                  "test_body_X10_stack_of_more_than_4_gib_is_refused");
        CHECK_PTR(packed(returns_coro(0), absurd[i]), NULL);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
        CHECK_PTR(eddy_server_open(handles, .host = "127.0.0.1", .stack_size = absurd[i]), NULL);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    }
}

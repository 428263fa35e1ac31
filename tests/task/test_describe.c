/* test_describe.c - tasks in words: names, dumps, overflows (X1). */
#include "reports.h"

#include <eddy/future.h>
#include <eddy/gen.h>
#include <signal.h>

/* ---- names ---- */

static void check_description(eddy_task *task, const char *expected)
{
    char text[200];

    eddy__task_describe(task, text, sizeof text);
    CHECK_CONTAINS(text, expected);
}

TEST(description_has_name_function_and_place)
{
    eddy_auto(eddy_task) *numbered = eddy_create_task(sleeps_coro(1));
    eddy_auto(eddy_task) *named = eddy_create_task(sleeps_coro(1), .name = "sloth");
    eddy_auto(eddy_task) *placeless = eddy_create_task_with(sleeps_coro(1), NULL);

    check_description(numbered, "'Task-2' (sleeps), started at test_describe.c:");
    check_description(named, "'sloth' (sleeps), started at test_describe.c:");
    check_description(placeless, "'Task-3' (sleeps)");
    CHECK_OK(eddy_task_set_name(numbered, "two"));
    check_description(numbered, "'two' (sleeps), started at test_describe.c:");
}

TEST(records_have_the_name_that_was_set)
{
    CHECK_OK(eddy_task_set_name(eddy_current_task(), "renamed"));
    eddy_ignore(eddy_raise(EDDY_EIO, "x"));
    CHECK_STR(eddy_error_task(eddy_last_error()), "renamed");
}

TEST(description_is_cut_to_the_buffer)
{
    char name[500], text[20];

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    eddy_auto(eddy_task) *task = eddy_create_task(sleeps_coro(1), .name = name);
    eddy__task_describe(task, text, sizeof text);
    CHECK_STR(text, "'xxxxxxxxxxxxxxxxxx");
    CHECK_STR(eddy_task_name(task), name);
}

/* ---- the list of all ---- */

static const char *dump(void)
{
    static char text[4000];
    FILE *file = tmpfile();

    CHECK(file);
    eddy_dump(file);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static int dumps_in_callback(void *arg)
{
    CHECK_CONTAINS(dump(), "'Task-1' (test_task): is ready\n");
    *(bool *)arg = true;
    return 0;
}

TEST(dump_says_what_each_task_waits_for)
{
    eddy_auto(eddy_future) *future = eddy_future_open(0);
    bool dumped = false;
    eddy_auto(eddy_task) *sleeper = eddy_create_task(sleeps_coro(1), .name = "sleeper");
    eddy_auto(eddy_task) *stubborn_one = eddy_create_task(stubborn_coro(1, 0), .name = "mule");

    CHECK_CONTAINS(dump(), "3 tasks:\n  'Task-1' (test_task): runs\n");
    CHECK_CONTAINS(dump(), "'sleeper' (sleeps), started at test_describe.c:");
    CHECK_CONTAINS(dump(), ": is ready\n");
    settle();
    eddy_cancel(stubborn_one);
    CHECK_CONTAINS(dump(), ": waits for a sleep\n");
    eddy_loop_call_soon(eddy_loop_running(), dumps_in_callback, &dumped);
    CHECK_OK(eddy_sleep(0));
    CHECK(dumped);
}

TEST_PLAIN(dump_outside_a_loop)
{
    CHECK_STR(dump(), "no loop runs in this thread\n");
}

static int counts(void)
{
    return eddy_sleep(1);
}
EDDY_CORO(counts)

TEST(dump_in_order_of_creation_after_many_have_ended)
{
    eddy_task *tasks[20];

    for (int i = 0; i < 20; i++)
        tasks[i] = eddy_create_task(counts_coro());
    for (int i = 0; i < 20; i += 2)
        eddy_task_close(tasks[i]);
    eddy_auto(eddy_task) *last = eddy_create_task(counts_coro(), .name = "last");
    const char *text = dump();
    CHECK_CONTAINS(text, "12 tasks:\n");
    CHECK(strstr(text, "'Task-3'") < strstr(text, "'Task-21'"));
    CHECK(strstr(text, "'Task-21'") < strstr(text, "'last'"));
    CHECK_PTR(strstr(text, "'Task-2'"), NULL);
    for (int i = 1; i < 20; i += 2)
        eddy_task_close(tasks[i]);
}

/* ---- X1: a stack that was too small ---- */

static int digs(int depth)
{
    volatile char room[200];

    room[depth % 200] = (char)depth;
    return depth > 0 ? digs(depth - 1) + room[3] : 0;
}
EDDY_CORO(digs, int)

static int large_frame(void)
{
    volatile char room[60000];

    for (size_t i = 0; i < sizeof room; i += 1000)
        room[i] = 1;
    return room[500];
}
EDDY_CORO(large_frame)

/* A little more than a packed stack has. */
static int fills(void)
{
    volatile char room[2048];

    for (size_t i = 0; i < sizeof room; i++)
        room[i] = 1;
    return room[1000];
}
EDDY_CORO(fills)

enum which { BY_RECURSION, BY_ONE_FRAME, WITH_MORE, RENAMED, PACKED, MAIN };

static int starts(int which)
{
    eddy_task *task = NULL;

    if (which == BY_RECURSION)
        task = eddy_create_task(digs_coro(100000), .name = "digger");
    else if (which == BY_ONE_FRAME)
        task = eddy_create_task(large_frame_coro());
    else if (which == WITH_MORE)
        task = eddy_create_task(digs_coro(100000), .stack_size = 200000);
    else if (which == PACKED)
        task = eddy_create_task(fills_coro(), .packed = true, .stack_size = 2048);
    else
        task = eddy_create_task(digs_coro(100000));
    if (which == MAIN)
        return digs(100000);
    if (which == RENAMED)
        eddy_task_set_name(task, "miner");
    return eddy_await(task);
}
EDDY_CORO(starts, int)

static int overflow(void *arg)
{
    return eddy_run(starts_coro(*(enum which *)arg));
}

/* A packed stack has no guard: its overflow is found when the task waits or ends. */
static const char *output_of_overflow(enum which which)
{
    static char output[4000];
    int status = test_child(overflow, &which, output, sizeof output);

    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGSEGV || (which == PACKED && WTERMSIG(status) == SIGABRT));
    return output;
}

TEST_PLAIN(X1_overflow_names_task_size_and_place)
{
    static const char place[] = "\n  started at tests/task/test_describe.c:";

    if (test_is_watched())
        SKIP("the sanitizer tells of overflows itself");
    const char *text = output_of_overflow(BY_RECURSION);
    CHECK_CONTAINS(text, "eddy: stack overflow in task 'digger' (digs): its stack has ");
    CHECK_CONTAINS(text, " bytes; give it more with .stack_size\n");
    CHECK_CONTAINS(text, place);
    text = output_of_overflow(BY_ONE_FRAME);
    CHECK_CONTAINS(text, "in task 'Task-2' (large_frame): its stack has ");
    CHECK_CONTAINS(text, place);
    text = output_of_overflow(WITH_MORE);
    CHECK(strtoul(strstr(text, "its stack has ") + 14, NULL, 10) >= 200000);
    text = output_of_overflow(RENAMED);
    CHECK_CONTAINS(text, "in task 'miner' (digs)");
    text = output_of_overflow(MAIN);
    CHECK_CONTAINS(text, "in task 'Task-1' (starts)");
}

TEST_PLAIN(X1_overflow_of_a_packed_stack_is_told)
{
    if (test_is_watched())
        SKIP("the sanitizer tells of overflows itself");
    const char *text = output_of_overflow(PACKED);
    CHECK_CONTAINS(text, "eddy: stack overflow in task 'Task-2' (fills): its stack has ");
}

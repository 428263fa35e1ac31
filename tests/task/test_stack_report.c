/* test_stack_report.c - EDDY_STACK_REPORT=1 says how deep each coroutine function went. */
#include "reports.h"

#include "base/alloc.h"

static int shallow(void)
{
    return eddy_sleep(0);
}
EDDY_CORO(shallow)

static int deep(int levels)
{
    char room[5000];

    memset(room, 1, sizeof room);
    return levels > 1 ? deep(levels - 1) : eddy_sleep(room[levels] - 1);
}
EDDY_CORO(deep, int)

static int program(void)
{
    eddy_task *tasks[] = {eddy_create_task(shallow_coro()), eddy_create_task(shallow_coro()),
                          eddy_create_task(deep_coro(3), .stack_size = 100000),
                          eddy_create_task(shallow_coro())};

    for (int i = 0; i < 4; i++) {
        CHECK_OK(eddy_await(tasks[i]));
        eddy_task_close(tasks[i]);
    }
    return 0;
}
EDDY_CORO(program)

static int run_program(void *arg)
{
    (void)arg;
    return eddy_run(program_coro());
}

struct row {
    unsigned long tasks, used, size;
};

static struct row row_of(const char *table, const char *function)
{
    struct row row = {0, 0, 0};
    const char *line = strstr(table, function);

    CHECK(line && (line == table || line[-1] == '\n'));
    CHECK_INT(sscanf(line + strlen(function), "%lu %lu %lu", &row.tasks, &row.used, &row.size), 3);
    return row;
}

TEST_PLAIN(stack_report_is_a_table_of_functions)
{
    char table[4000];

    if (test_is_watched())
        SKIP("watched programs have other stacks");
    setenv("EDDY_STACK_REPORT", "1", 1);
    CHECK_INT(test_child(run_program, NULL, table, sizeof table), 0);
    CHECK(strncmp(table, "coroutine function ", 19) == 0);
    struct row flat = row_of(table, "shallow "), low = row_of(table, "deep ");
    CHECK_INT(flat.tasks, 3);
    CHECK_INT(low.tasks, 1);
    CHECK_INT(row_of(table, "program ").tasks, 1);
    CHECK(flat.used > 64 && flat.used < 6000);
    CHECK(low.used > 15000 && low.used < 40000);
    CHECK(low.size >= 100000 && flat.size > flat.used);
}

TEST_PLAIN(stack_report_only_on_demand)
{
    char output[100];

    unsetenv("EDDY_STACK_REPORT");
    CHECK_INT(test_child(run_program, NULL, output, sizeof output), 0);
    CHECK_STR(output, "");
    setenv("EDDY_STACK_REPORT", "0", 1);
    CHECK_INT(test_child(run_program, NULL, output, sizeof output), 0);
    CHECK_STR(output, "");
}

TEST_PLAIN(stack_report_without_memory)
{
    long allocations = 0;

    setenv("EDDY_STACK_REPORT", "1", 1);
    for (long n = 1; n < 100; n++) {
        long before = eddy__alloc_live();

        eddy__alloc_fail_at(n);
        eddy_loop *loop = eddy_loop_open();
        eddy__alloc_fail_at(0);
        if (loop) {
            struct eddy__tasks *tasks = eddy__tasks_of(loop);
            allocations = n;
            tasks->stack_report = (eddy_free(tasks->stack_report), NULL); /* prints nothing */
            eddy_loop_close(loop);
            break;
        }
        eddy_error_clear();
        CHECK_INT(eddy__alloc_live(), before);
    }
    CHECK(allocations > 1);
}

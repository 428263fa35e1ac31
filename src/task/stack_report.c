/* stack_report.c - the table of stack use. */
#include "task/stack_report.h"

#include "base/alloc.h"
#include <stdlib.h>

enum { MAX_FUNCTIONS = 256 };

struct eddy__stack_report {
    size_t count;
    struct {
        const char *function;
        size_t tasks;
        size_t used; /* the deepest */
        size_t size; /* of that one's stack */
    } rows[MAX_FUNCTIONS];
};

int eddy__stack_report_open(struct eddy__tasks *tasks)
{
    const char *wanted = getenv("EDDY_STACK_REPORT");

    if (!wanted || !*wanted || strcmp(wanted, "0") == 0)
        return 0;
    if (strcmp(wanted, "1") != 0)
        return eddy__raise(EDDY_EINVAL, "EDDY_STACK_REPORT is \"%s\": 0 or 1 is expected", wanted);
    tasks->stack_report = eddy_alloc_zero(sizeof *tasks->stack_report);
    if (!tasks->stack_report)
        return eddy__raise_code(EDDY_ENOMEM);
    eddy__stack_pool_measure(&tasks->stacks);
    return 0;
}

void eddy__stack_report_note(eddy_task *task)
{
    struct eddy__stack_report *report = eddy__tasks_of(task->loop)->stack_report;
    size_t used = eddy__stack_high_water(task->fiber.stack);
    size_t i = 0;

    while (i < report->count && strcmp(report->rows[i].function, task->function) != 0)
        i++;
    if (i == MAX_FUNCTIONS)
        return;
    if (i == report->count)
        report->rows[report->count++].function = task->function;
    report->rows[i].tasks++;
    if (used > report->rows[i].used) {
        report->rows[i].used = used;
        report->rows[i].size = eddy__stack_size(task->fiber.stack);
    }
}

void eddy__stack_report_close(struct eddy__tasks *tasks)
{
    struct eddy__stack_report *report = tasks->stack_report;

    if (!report)
        return;
    flockfile(stderr); /* other loops may be closing, too */
    fprintf(stderr, "%-32s %10s %12s %12s\n", "coroutine function", "tasks", "bytes used",
            "of a stack of");
    for (size_t i = 0; i < report->count; i++)
        fprintf(stderr, "%-32s %10zu %12zu %12zu\n", report->rows[i].function,
                report->rows[i].tasks, report->rows[i].used, report->rows[i].size);
    funlockfile(stderr);
    eddy_free(report);
    tasks->stack_report = NULL;
}

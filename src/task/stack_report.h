/* stack_report.h - EDDY_STACK_REPORT=1: how deep each coroutine function went; of task/ only. */
#ifndef EDDY_TASK_STACK_REPORT_H
#define EDDY_TASK_STACK_REPORT_H

#include "task/task.h"

struct eddy__stack_report;

/* Starts measuring when the environment asks for it. 0, or EDDY_ENOMEM, EDDY_EINVAL, raised. */
int eddy__stack_report_open(struct eddy__tasks *tasks);
/* Prints the table to stderr. */
void eddy__stack_report_close(struct eddy__tasks *tasks);

void eddy__stack_report_note(eddy_task *task);

/* A task has ended. */
static inline void eddy__stack_report_add(eddy_task *task)
{
    if (unlikely(eddy__tasks_of(task->loop)->stack_report != NULL))
        eddy__stack_report_note(task);
}

#endif

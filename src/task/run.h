/* run.h - what running a loop with tasks takes; of task/ only. */
#ifndef EDDY_TASK_RUN_H
#define EDDY_TASK_RUN_H

#include "task/task.h"

/* The thread's "this loop runs", with overflows of stacks caught. 0, or a failure raised. */
int eddy__run_enter(eddy_loop *loop);
/* SIGINT came to one of the loops of an eddy_run: cancels all mains (mains.c). */
void eddy__run_interrupt(eddy_loop *loop);
/* Cancels what is left and waits for it; then makes the calls that are ready, such as done
 * callbacks, and what they lead to. False when some task can never end. */
bool eddy__run_end_tasks(eddy_loop *loop);

#endif

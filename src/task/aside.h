/* aside.h - another stack for what a packed one has no room for; of task/ only. */
#ifndef EDDY_TASK_ASIDE_H
#define EDDY_TASK_ASIDE_H

#include "task/task.h"

/* Before the first packed task begins: from now on eddy__aside changes stacks. False without
 * memory. */
bool eddy__aside_open(struct eddy__tasks *tasks) COLD;
/* The loop enters a thread. */
void eddy__aside_enter(const struct eddy__tasks *tasks);
void eddy__aside_close(struct eddy__tasks *tasks);

#endif

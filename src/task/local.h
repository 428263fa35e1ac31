/* local.h - a task's values: a counted array that is copied when it is changed, so that inheriting
 * costs nothing; of task/ only. */
#ifndef EDDY_TASK_LOCAL_H
#define EDDY_TASK_LOCAL_H

#include <eddy/local.h>

struct eddy__locals;

struct eddy__locals *eddy__locals_ref(struct eddy__locals *locals);
void eddy__locals_unref(struct eddy__locals *locals);

#endif

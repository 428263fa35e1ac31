/* thread.c - one of these for each thread. */
#include "base/thread.h"

_Thread_local struct eddy__thread eddy__thread;

void eddy__thread_leave_loop(void)
{
    eddy__thread.loop = NULL;
    eddy__thread.fiber = NULL;
    eddy__thread.task_name = NULL;
    eddy__thread.bug = NULL;
    eddy__thread.aside = NULL;
    eddy__thread.aside_from = NULL;
}

#ifdef EDDY_TESTING
int eddy__budget = EDDY__BUDGET;
#endif

/* thread.c - one of these for each thread. */
#include "base/thread.h"

_Thread_local struct eddy__thread eddy__thread;

#ifdef EDDY_TESTING
int eddy__budget = EDDY__BUDGET;
#endif

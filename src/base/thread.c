/* thread.c - one of these for each thread. */
#include "base/thread.h"

_Thread_local struct eddy__thread eddy__thread;

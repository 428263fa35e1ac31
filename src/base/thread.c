#include "base/thread.h"

_Thread_local struct eddy__thread eddy__thread;

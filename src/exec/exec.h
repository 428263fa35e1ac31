/* exec.h - private door of the executors. */
#ifndef EDDY_EXEC_EXEC_H
#define EDDY_EXEC_EXEC_H

#include "task/task.h"

#endif

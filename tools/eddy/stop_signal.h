/* stop_signal.h - SIGTERM and SIGHUP end a task in good order, as SIGINT ends the main task. */
#ifndef EDDY_TOOL_STOP_SIGNAL_H
#define EDDY_TOOL_STOP_SIGNAL_H

#include <eddy/task.h>

typedef struct stop_signal stop_signal;

/* From now on these signals cancel task, which outlives this. *number becomes the signal. Blocks
 * them for the process; close lets them through again. NULL with a record. */
stop_signal *stop_signal_open(eddy_task *task, int *number);
void stop_signal_close(stop_signal *self);
EDDY_AUTOCLOSE(stop_signal, stop_signal_close)

#endif

/* sigint.h - SIGINT while eddy_run runs, rule G4; of task/ only. */
#ifndef EDDY_TASK_SIGINT_H
#define EDDY_TASK_SIGINT_H

#include "loop/loop.h"

/* True when SIGINT was at its default and now interrupts loop, a second one ends the process. */
bool eddy__sigint_open(eddy_loop *loop);
void eddy__sigint_close(void);

#endif

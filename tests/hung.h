/* hung.h - what a test does that does not end. */
#ifndef HUNG_H
#define HUNG_H

#include <sys/types.h>

/* In the test's process, at its start: lets a debugger attach. */
void hung_allow(void);

/* Writes to output where the processes of that group are, and what their tasks wait for, so far as
 * gdb is there and may attach. Takes some seconds, under three minutes. */
void hung_show(pid_t group, int output);

#endif

/* overflow.h - says whose stack overflowed (X1). */
#ifndef EDDY_CONTEXT_OVERFLOW_H
#define EDDY_CONTEXT_OVERFLOW_H

#include "context/stack.h"

/* Writes to fd whose stack it was; called from a signal handler. */
typedef void eddy__overflow_describe(const struct eddy__stack *stack, int fd);

/* Makes an overflow of the running fiber's stack (eddy__thread.fiber) call describe and end the
 * program with SIGSEGV. Any other fault goes to the handler that was there before. Once for each
 * thread: it needs an alternate stack. `describe` is the same for all threads. 0 or a negative
 * errno. Does nothing under AddressSanitizer, which tells more itself. */
int eddy__overflow_open(eddy__overflow_describe *describe);

/* Undoes one eddy__overflow_open of the calling thread. */
void eddy__overflow_close(void);

#endif

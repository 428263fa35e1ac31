/* io_fake.h - a backend without a kernel, for tests: they say what becomes ready and how operations
 * end. Loops get it by .backend = EDDY__BACKEND_FAKE. */
#ifndef EDDY_LOOP_IO_FAKE_H
#define EDDY_LOOP_IO_FAKE_H

#include "loop/loop.h"

/* In the next poll the events come up at the descriptor of that number (in level mode: once). Not
 * more than 64 of these at a time. */
void eddy__fake_ready(eddy_loop *loop, int number, unsigned events);
/* What is asked of the descriptor of that number now; 0 when nobody waits. */
unsigned eddy__fake_wanted(eddy_loop *loop, int number);

/* The n-th of the operations in flight, oldest first; NULL when there are fewer. */
eddy_op *eddy__fake_op(eddy_loop *loop, int n);
/* Whether the loop was asked to cancel it; it stays in flight until it is completed. */
bool eddy__fake_cancelled(eddy_op *op);
/* Ends it in the next poll. */
void eddy__fake_complete(eddy_op *op, ssize_t result);

#endif

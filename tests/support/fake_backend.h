/* fake_backend.h - a backend without a kernel: a test says what becomes ready and how operations
 * end. */
#ifndef TESTS_SUPPORT_FAKE_BACKEND_H
#define TESTS_SUPPORT_FAKE_BACKEND_H

#include "loop/loop.h"

/* A loop on it; NULL when it could not be made. */
eddy_loop *fake_loop_open(void);

/* In the next poll the events come up at the descriptor of that number (in level mode: once). Not
 * more than 64 of these at a time. */
void fake_ready(eddy_loop *loop, int number, unsigned events);
/* What is asked of the descriptor of that number now; 0 when nobody waits. */
unsigned fake_wanted(eddy_loop *loop, int number);

/* The n-th of the operations in flight, oldest first; NULL when there are fewer. */
eddy_op *fake_op(eddy_loop *loop, int n);
/* Whether the loop was asked to cancel it; it stays in flight until it is completed. */
bool fake_cancelled(eddy_op *op);
/* Ends it in the next poll. */
void fake_complete(eddy_op *op, ssize_t result);

#endif

/* epoll.h - operations on the epoll backend, which has none of its own; of loop/ only. */
#ifndef EDDY_LOOP_EPOLL_H
#define EDDY_LOOP_EPOLL_H

#include "loop/io.h"

/* epoll_op.c */
int eddy__epoll_submit(eddy_loop *loop, eddy_op *op);
void eddy__epoll_cancel(eddy_loop *loop, eddy_op *op);

#endif

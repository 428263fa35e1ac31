/* ops.h - a loop that does not spin, and how many operations are done on it. */
#ifndef LOOP_OPS_H
#define LOOP_OPS_H

#include "test.h"

static int done_count;

static inline void done(eddy_op *op)
{
    (void)op;
    done_count++;
}

static inline eddy_loop *open_loop(void)
{
    eddy_loop *loop = eddy_loop_open(.spin = -1);

    CHECK(loop);
    return loop;
}

static inline void run_until(eddy_loop *loop, int count)
{
    while (done_count < count)
        CHECK_OK(eddy_loop_run_once(loop, 0.01));
    CHECK_INT(done_count, count);
}

#endif

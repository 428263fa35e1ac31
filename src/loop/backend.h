/* backend.h - what a loop asks of the kernel; of loop/ only. */
#ifndef EDDY_LOOP_BACKEND_H
#define EDDY_LOOP_BACKEND_H

#include "loop/fd.h"

struct eddy__backend {
    const char *name;
    int (*open)(eddy_loop *loop);
    void (*close)(eddy_loop *loop);
    /* fd->wanted has changed, or in edge mode an event has to be armed again. */
    int (*arm)(struct eddy__fd *fd);
    /* No more calls for fd; its memory is free when it returns. Before the descriptor is closed;
     * perhaps after close. */
    void (*forget)(struct eddy__fd *fd);
    int (*submit)(eddy_loop *loop, eddy_op *op);
    void (*cancel)(eddy_loop *loop, eddy_op *op);
    /* Cheap: whether poll would find or has to hand in something. */
    bool (*pending)(eddy_loop *loop);
    /* Hands in, waits at most timeout_ns (0: not; NS_NEVER), calls back. loop->failed. */
    int (*poll)(eddy_loop *loop, int64_t timeout_ns);
    /* In the child of a fork: closes the descriptors without touching the parent's state. */
    void (*disown)(eddy_loop *loop);
};

extern const struct eddy__backend eddy__backend_uring;
extern const struct eddy__backend eddy__backend_epoll;
#ifdef EDDY_TESTING
/* The next loop gets this one, whatever its options say; NULL: as in the product. */
extern const struct eddy__backend *eddy__backend_instead;
#endif

#endif

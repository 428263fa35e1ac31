/* future.h - inside of a future, for eddy_select. */
#ifndef EDDY_TASK_FUTURE_H
#define EDDY_TASK_FUTURE_H

#include "base/base.h"
#include "base/list.h"
#include <eddy/future.h>
#include <eddy/sync.h>

#include <stddef.h>

/* Pending until status is 0 or a failure; then it changes no more. Closing makes it EDDY_ECLOSED
 * for those who wait. Each of them has a reference: what was granted before is found after. */
struct eddy_future {
    eddy_waiters_ waiters; /* tasks and callbacks, in order */
    struct list callbacks; /* struct eddy__done_callback, until called */
    size_t size;
    eddy_error *error;
    uint32_t refs; /* the owner, and tasks that wait */
    int status;    /* EDDY__FUTURE_PENDING while it is */
    bool cancelled;
    bool observed; /* somebody was told of the failure */
    _Alignas(max_align_t) unsigned char result[];
};
enum {
    EDDY__FUTURE_PENDING = 1,
    EDDY__FUTURE_DONE = 2, /* what its waiters are granted, whatever its status */
};

void eddy__future_unref(eddy_future *future);
/* Of a future that is done: copies the result (NULL: not wanted) or takes over the error record;
 * returns its status, raised. */
int eddy__future_take(eddy_future *future, void *result);

#endif

/* set.h - watching several tasks end: what gather, wait and as_completed share; of task/ only. */
#ifndef EDDY_TASK_SET_H
#define EDDY_TASK_SET_H

#include "task/task.h"

struct eddy__watcher {
    struct eddy_waiter_ waiter; /* must stay first */
    struct eddy__set *set;
    eddy_task *task; /* held */
    uint32_t index;
};

/* Holds its tasks: handles may be closed meanwhile. order[0 … done−1] are the indexes of those
 * that have ended, in the order in which they did. The task that waits is woken when `needed` have
 * ended, or earlier by a failure. */
struct eddy__set {
    size_t count;
    size_t done;
    size_t needed;
    bool wake_on_failure;
    bool cancel_on_error; /* a failure cancels the others */
    bool failed;
    eddy_task *waiting; /* parked in eddy__set_wait */
    struct eddy__watcher *watchers;
    uint32_t *order;
    struct eddy__task_wait wait; /* of those who just leave, for they may wait in a shield */
};

/* 0 or, raised, EDDY_ENOMEM, EDDY_EINVAL (one is NULL), EDDY_EDEADLOCK (one is the caller),
 * EDDY_ELOOP (one is of another loop). */
int eddy__set_open(struct eddy__set *set, eddy_task *const *tasks, size_t n);
void eddy__set_close(struct eddy__set *set);

/* Waits until `needed` tasks have ended (or one failed, with wake_on_failure). 0, or what kind's
 * abort made of a cancellation; not raised. */
int eddy__set_wait(struct eddy__set *set, size_t needed, const struct eddy__wait_kind *kind,
                   void *on, struct eddy__task_wait *wait);
/* The abort of those who just leave: waiting_on is the set; with set->wait. */
void eddy__set_abort(eddy_task *task, int code);
void eddy__set_cancel_all(struct eddy__set *set, const eddy_task *canceller);

#endif

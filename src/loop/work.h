/* work.h - worker threads (work.c). A job runs in a thread and then done is called in the loop,
 * which is held meanwhile. Part of the door, loop.h. */
#ifndef EDDY_LOOP_WORK_H
#define EDDY_LOOP_WORK_H

#include "base/list.h"
#include "loop/inbox.h"
#include <stdatomic.h>

enum eddy__workers_use { EDDY__WORKERS_BLOCKING, EDDY__WORKERS_NAMES };
struct eddy__work {
    struct eddy__inbox_node node; /* must stay first */
    struct list link;             /* of the pool's queue */
    struct eddy__workers *pool;
    eddy_loop *loop;
    const char *name; /* a constant, for reports of stuck jobs; NULL: it is not reported */
    void (*run)(struct eddy__work *work);  /* in the thread */
    void (*done)(struct eddy__work *work); /* in the loop; may free work */
    /* instead of done when the loop has gone: in the thread, after run, or in pool_close for a job
     * that never ran; may free work. NULL: nobody cares */
    void (*drop)(struct eddy__work *work);
    atomic_int state;      /* queued, running, left, finished */
    struct worker *worker; /* of work.c: that runs it */
};
/* Queues the job in the loop's pool of that use, making the pool and threads on demand. 0 or an
 * error, not raised. */
int eddy__work_submit(eddy_loop *loop, enum eddy__workers_use use, struct eddy__work *work);
/* True when the job had not begun: it never will, and done is not called. */
bool eddy__work_cancel(struct eddy__work *work);
/* For a job in the loop's EDDY__WORKERS_BLOCKING that eddy__work_cancel came too late for, and that
 * nobody waits for any more: it does not hold the loop. done or drop is called all the same. */
void eddy__work_leave(struct eddy__work *work);
/* In the thread: the job may wait for somebody else from now on, for ever. It does not count
 * against the limit of the pool's threads, and once it was left the pool's close does not wait for
 * it. 0; EDDY_ELIMIT: too many do; -ECANCELED: it was left; another failure: others would have no
 * thread. Then it must not wait. Not raised. */
int eddy__work_waits(void);
/* The job that the calling thread runs; NULL in other threads. */
struct eddy__work *eddy__work_current(void);
/* A pool of one's own, for jobs of that loop: so many threads (0: as many as the loop's has), which
 * get that name. NULL without memory, not raised. Submitting is as above. */
struct eddy__workers *eddy__workers_open(eddy_loop *loop, unsigned threads, const char *name);
unsigned eddy__workers_threads(const struct eddy__workers *pool);
int eddy__workers_submit(struct eddy__workers *pool, struct eddy__work *work);
/* Waits at most that long for the threads to end; what is stuck goes on by itself. told hears of
 * stuck jobs by their names; NULL: nobody. */
void eddy__workers_close(struct eddy__workers *pool, int64_t timeout_ns, eddy_loop *told);

#endif

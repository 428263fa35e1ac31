/* worker.h - a pool of worker threads, for work.c and worker.c; of loop/ only. */
#ifndef EDDY_LOOP_WORKER_H
#define EDDY_LOOP_WORKER_H

#include "loop/io.h"

struct worker {
    struct list link; /* of pool->workers */
    struct eddy__workers *pool;
    pthread_t thread;
    const char *job; /* the name of what it runs, NULL: nothing, or nothing with a name */
    struct eddy__spin spin;
    bool waits; /* in a job that may do so for ever */
    bool left;  /* and nobody waits for that job */
    bool ended; /* will not touch the pool again */
};

/* Threads are started when a job finds none idle, and stay until the pool closes. Those that wait
 * for somebody else do not count: the others are `max` at most, and who is one too many when its
 * wait is over ends. Who opened the pool owns it, the loop those of its own; one that was closed
 * while a thread was stuck in its job belongs to its threads, and the last to end frees it.
 *
 * Jobs come without the mutex. Who submits one counts it, pushes it, and then looks whether a
 * thread has to be started or woken; a thread says that it sleeps, and then looks for jobs: so one
 * of the two sees the other. All else changes with the mutex, but for `looking` when a job has
 * ended; what is atomic may be looked at without. What the threads change for each job lies apart
 * from what each submission looks at: caches pass it to and fro otherwise, which costs more than a
 * job. */
struct eddy__workers {
    eddy_loop *loop;      /* whose jobs these are; referred to */
    atomic_uint threads;  /* not ended */
    atomic_uint waiting;  /* of those, in a job that waits */
    atomic_uint sleeping; /* of those, until they are woken */
    unsigned max;
    struct list submitted;        /* of the loop's: it may have to wake threads */
    struct eddy__workers **place; /* in the loop; NULL: it is not the loop's own */

    int64_t look_ns; /* how long a thread looks for a next job */
    struct list workers;
    struct list dropped;  /* jobs that have not begun when it closes */
    pthread_cond_t ended; /* a thread has */

    _Atomic(struct eddy__inbox_node *) arriving; /* jobs, the last one first */
    atomic_uint came;                            /* jobs, ever */

    pthread_cond_t woken; /* a thread is to wake, or the pool closes */
    unsigned wakes;       /* that nobody has woken by yet */
    unsigned left;        /* threads in a job that waits and that nobody waits for */
    struct worker *gone;  /* the last that was one too many, not joined yet */
    char name[16];        /* of its threads */
    bool closing;
    bool abandoned;

    pthread_mutex_t mutex;
    struct list queue;   /* of what has arrived, in order */
    atomic_uint taken;   /* jobs, ever */
    atomic_uint looking; /* threads that look for a job, or will do so next */
};

/* How many jobs wait for a thread. */
static inline unsigned eddy__workers_queued(const struct eddy__workers *pool)
{
    return pool->came - pool->taken;
}

/* Of a job. */
enum { WORK_QUEUED, WORK_RUNNING, WORK_LEFT, WORK_FINISHED };

static inline struct eddy__work *eddy__work_of(struct list *link)
{
    return container_of(link, struct eddy__work, link);
}

/* How many threads do not wait for somebody else. */
static inline unsigned eddy__workers_at_work(const struct eddy__workers *pool)
{
    return pool->threads - pool->waiting;
}

static inline unsigned eddy__workers_idle(const struct eddy__workers *pool)
{
    return pool->looking + pool->sleeping;
}

/* ---- work.c ---- */

/* With the mutex: has as many threads wake as there are jobs that nobody will look for. Returns how
 * many; the caller signals as often. */
unsigned eddy__workers_rouse(struct eddy__workers *pool);
/* With the mutex: moves what has arrived to the queue. False: there is nothing in it. */
bool eddy__workers_take_in(struct eddy__workers *pool);
/* The loop is not held any more. */
void eddy__work_let_go(eddy_loop *loop);
void eddy__workers_free(struct eddy__workers *pool);

/* ---- worker.c ---- */

/* With the mutex: one more thread. 0 or -errno. */
int eddy__worker_add(struct eddy__workers *pool);
/* With the mutex: the worker does not count any more, and another takes its place where jobs need
 * it. 0, or -errno and nothing has changed. */
int eddy__worker_stand_aside(struct worker *worker);

#endif

/* exec.h - private door of the executors. */
#ifndef EDDY_EXEC_EXEC_H
#define EDDY_EXEC_EXEC_H

#include "task/task.h"
#include <eddy/pool.h>

/* What the kinds of pools share: at most so many jobs are admitted, other callers wait in the order
 * in which they came. Of the loop's thread. */
struct eddy_pool {
    const struct eddy__pool_kind *kind;
    eddy_loop *loop;
    unsigned refs;    /* the owner's, and one for each task that runs something in it */
    unsigned permits; /* jobs that may be admitted now */
    unsigned workers; /* jobs that may run at the same time */
    size_t data_max;  /* the most bytes of a job's data */
    double grace;     /* seconds for which the close waits */
    bool closed;
    eddy_waiters_ waiting; /* to be admitted */
    eddy_waiters_ closing; /* for the jobs to end */
};

/* One of coro's arguments is data, when size is not 0: the job gets the address of a copy instead,
 * which comes back when it has ended. */
struct eddy__pool_job {
    eddy_coro coro;
    void *data;
    size_t size;
    int *wait_status; /* of a worker that died; NULL: nobody wants it */
    bool salvage;     /* the copy comes back from a worker that died, too, as it left it */
};

struct eddy__pool_kind {
    /* Runs an admitted job; gives its permit back with eddy__pool_leave when its place is free. */
    int (*run)(eddy_pool *pool, const struct eddy__pool_job *job);
    /* Ends what runs, waits, closes what the kernel knows of. The memory stays until free. */
    void (*close)(eddy_pool *pool);
    void (*free)(eddy_pool *pool);
};

/* A grace of 0 is the default. */
void eddy__pool_init(eddy_pool *pool, const struct eddy__pool_kind *kind, unsigned permits,
                     double grace);
/* 0, or EDDY_EINVAL for what is no .grace, raised. */
int eddy__pool_check_grace(double grace);
void eddy__pool_ref(eddy_pool *pool);
void eddy__pool_unref(eddy_pool *pool);
/* 0, or why nothing can be run in pool by the running task, raised. */
int eddy__pool_check(const eddy_pool *pool);
/* Admits the job and runs it; the pool may go meanwhile. */
int eddy__pool_run(eddy_pool *pool, const struct eddy__pool_job *job);
/* A place is free: admits who waits longest, or tells who closes the pool. */
void eddy__pool_leave(eddy_pool *pool);
/* In a closing task: waits for the next eddy__pool_leave, or what ends the wait. 0 or the failure,
 * not raised. */
int eddy__pool_wait(eddy_pool *pool);
/* The job's coroutine as it is to be called where its data lies at copy: the arguments that point
 * there are put right. */
eddy_coro eddy__pool_redirect(const struct eddy__pool_job *job, void *copy);

/* ---- jobs in threads (thread.c) ---- */

/* Where a job runs: the loop's own threads, all zero; or a pool's, which keeps a list of the jobs
 * that wait or run and gets its permit back when a job has left the threads. */
struct eddy__thread_place {
    struct eddy__workers *threads;
    struct list *jobs;
    eddy_pool *pool;
};

/* Runs a job in a thread and waits for its status. */
int eddy__thread_run(const struct eddy__thread_place *place, const struct eddy__pool_job *job);
/* Jobs of the list that have not begun never do, and their callers get EDDY_ECLOSED; those that run
 * are told to end. */
void eddy__thread_jobs_cancel(struct list *jobs);
/* The pool goes: callers of what still runs get EDDY_ECLOSED, too; the jobs go on by themselves. */
void eddy__thread_jobs_abandon(struct list *jobs);

#endif

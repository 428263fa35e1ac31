/* job.h - a job in a worker thread, and who waits for it (job.c). Part of the door, task.h. */
#ifndef EDDY_TASK_JOB_H
#define EDDY_TASK_JOB_H

#include "loop/loop.h"

struct eddy__wait_kind;

/* First member of a job, which owns what it uses, so that it can be left behind by the task that
 * waits for it:
 *
 *     queued ──▶ runs ──▶ ended, and is the waiter's to release
 *       │          └────▶ left behind; released when it has ended
 *       └───────────────▶ released at once */
struct eddy__job {
    struct eddy__work work;
    eddy_task *task; /* that waits; NULL: none does, or not any more */
    bool awaited;    /* it uses what is not its own: once begun, it is not left behind */
    bool left;
    int status;
    int (*perform)(struct eddy__job *job); /* in the thread: a status, unraised */
    /* In the loop, before the task wakes, when it has ended and was not left behind; or NULL. */
    void (*ended)(struct eddy__job *job);
    /* Frees the whole, with the results that nobody took. work.loop is NULL when the loop has gone:
     * then it is called in the thread. */
    void (*release)(struct eddy__job *job);
};

/* Makes job->work ready to be submitted: by eddy__work_submit or eddy__workers_submit. */
void eddy__job_init(struct eddy__job *job);
/* Waits for a job that was submitted. 0: it has run, and is the caller's. Else a code, unraised: it
 * has not, or was left behind, and the caller no longer has it. kind->abort is eddy__job_abort, or
 * does what that does. */
int eddy__job_await(struct eddy__job *job, const struct eddy__wait_kind *kind);
void eddy__job_abort(eddy_task *task, int code);
/* All of it in the loop's own threads. The same results; one that cannot be submitted is gone. */
int eddy__job_run(struct eddy__job *job, const struct eddy__wait_kind *kind);

/* Releases a job that has not begun, and wakes its task with code; false: it has begun. */
bool eddy__job_withdraw(struct eddy__job *job, int code);
/* The same, and leaves one behind that runs. */
void eddy__job_leave(struct eddy__job *job, int code);
/* The job that the calling thread runs; NULL: none. */
struct eddy__job *eddy__job_current(void);

#endif

/* job.c - jobs in worker threads that a task waits for, and may leave behind. */
#include "task/task.h"

static struct eddy__job *job_of(struct eddy__work *work)
{
    return container_of(work, struct eddy__job, work);
}

static void job_run(struct eddy__work *work)
{
    struct eddy__job *job = job_of(work);

    job->status = job->perform(job);
}

static void job_done(struct eddy__work *work)
{
    struct eddy__job *job = job_of(work);
    eddy_task *task = job->task;

    if (job->left) {
        job->release(job);
        return;
    }
    job->task = NULL; /* leaving comes too late */
    if (job->ended)
        job->ended(job); /* which may release a job without a task */
    if (task)
        eddy__wake(task, 0);
}

/* The loop has gone before the job's end. A task that still waits does so for ever. */
static void job_drop(struct eddy__work *work)
{
    struct eddy__job *job = job_of(work);

    work->loop = NULL;
    if (job->left)
        job->release(job);
}

void eddy__job_init(struct eddy__job *job)
{
    job->work.run = job_run;
    job->work.done = job_done;
    job->work.drop = job_drop;
}

struct eddy__job *eddy__job_current(void)
{
    struct eddy__work *work = eddy__work_current();

    return work && work->run == job_run ? job_of(work) : NULL;
}

/* ---- waiting ---- */

int eddy__job_await(struct eddy__job *job, const struct eddy__wait_kind *kind)
{
    job->task = eddy__self();
    return eddy__park(kind, job);
}

int eddy__job_run(struct eddy__job *job, const struct eddy__wait_kind *kind)
{
    eddy_task *self = eddy__self();
    int status = self->interrupt;

    eddy__job_init(job);
    if (status == 0)
        status = eddy__work_submit(self->loop, EDDY__WORKERS_BLOCKING, &job->work);
    if (status == 0)
        return eddy__job_await(job, kind);
    job->release(job);
    return status;
}

/* ---- leaving ---- */

bool eddy__job_withdraw(struct eddy__job *job, int code)
{
    eddy_task *task = job->task;

    if (!eddy__work_cancel(&job->work))
        return false;
    job->release(job);
    if (task)
        eddy__wake(task, code);
    return true;
}

void eddy__job_leave(struct eddy__job *job, int code)
{
    eddy_task *task = job->task;

    if (job->left || eddy__job_withdraw(job, code) || job->awaited)
        return;
    job->left = true;
    if (task)
        eddy__wake(task, code);
}

void eddy__job_abort(eddy_task *task, int code)
{
    eddy__job_leave(task->waiting_on, code);
}

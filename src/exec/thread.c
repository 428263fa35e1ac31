/* thread.c - running a coroutine's function in a worker thread while its task waits. */
#include <eddy/thread.h>

#include "base/alloc.h"
#include "exec/exec.h"

/* Of the task until it leaves (abandoned), then of the loop, which frees it when the job has ended.
 * */
struct job {
    struct eddy__work work; /* must stay first */
    eddy_coro coro;
    eddy_task *task; /* who waits; NULL: abandoned */
    atomic_bool abandoned;
    int status;
    eddy_error *error;
};

static void job_run(struct eddy__work *work)
{
    struct job *job = (struct job *)(void *)work;

    job->status = job->coro.run(job->coro.args);
    job->error = eddy__error_take();
    if (eddy_error_code(job->error) != job->status) { /* of a failure that it had dealt with */
        eddy__error_unref(job->error);
        job->error = NULL;
    }
}

/* A job that gave up since it was asked to has not failed. */
static void report_late(struct job *job, eddy_loop *loop)
{
    struct eddy__error_list failure = {0};

    if (job->status >= 0 || job->status == EDDY_ECANCELED)
        return;
    eddy__error_list_add(&failure, job->error, job->status);
    eddy__report(loop, &(eddy_report){.message = "a thread's job failed after its awaiter had gone",
                                      .error = failure.first});
    eddy__error_list_clear(&failure);
}

static void free_job(struct job *job)
{
    eddy__error_unref(job->error);
    eddy__free(job);
}

static void job_done(struct eddy__work *work)
{
    struct job *job = (struct job *)(void *)work;

    if (job->task) {
        eddy__wake(job->task, 0);
        return;
    }
    report_late(job, work->loop);
    free_job(job);
}

/* The loop did not wait for the job any longer; nobody but stderr hears of it. */
static void job_drop(struct eddy__work *work)
{
    struct job *job = (struct job *)(void *)work;

    report_late(job, NULL);
    free_job(job);
}

/* A job that has not begun never will; one that runs is left to itself. */
static void job_abort(eddy_task *task, int code)
{
    struct job *job = task->waiting_on;

    if (eddy__work_cancel(&job->work)) {
        free_job(job);
    } else {
        job->task = NULL;
        atomic_store(&job->abandoned, true);
    }
    eddy__wake(task, code);
}

static const struct eddy__wait_kind waiting_for_thread = {"a thread", job_abort};

static int result_of(struct job *job)
{
    int status = job->status;

    if (status < 0)
        eddy__error_awaited(job->error, status);
    free_job(job);
    return status;
}

int eddy_to_thread(eddy_coro coro)
{
    eddy_task *self = eddy__self();

    int r = eddy__checkpoint();
    if (r < 0)
        return r;
    struct job *job = eddy__alloc_zero(sizeof *job);
    if (!job)
        return eddy__raise_code(EDDY_ENOMEM);
    job->work.run = job_run;
    job->work.done = job_done;
    job->work.drop = job_drop;
    job->coro = coro;
    job->task = self;
    if ((r = eddy__work_submit(self->loop, EDDY__POOL_BLOCKING, &job->work)) < 0) {
        eddy__free(job);
        return eddy_raise_at(NULL, r, "cannot start a thread: %s", eddy_status_message(r));
    }
    r = eddy__park(&waiting_for_thread, job);
    return r < 0 ? eddy__raise_interrupt(r) : result_of(job);
}

bool eddy_thread_cancelled(void)
{
    struct eddy__work *work = eddy__work_current();

    return work && work->run == job_run && atomic_load(&((struct job *)(void *)work)->abandoned);
}

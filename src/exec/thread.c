/* thread.c - running a coroutine's function in a worker thread while its task waits. */
#include <eddy/thread.h>

#include "base/alloc.h"
#include "exec/exec.h"

/* Of the task until it leaves (abandoned), then of the loop, which frees it when it has ended. */
struct job {
    struct eddy__work work; /* must stay first */
    eddy_coro coro;
    eddy_task *task;  /* who waits; NULL: abandoned */
    eddy_pool *pool;  /* whose permit it has; NULL: nobody's, or the pool has gone */
    struct list link; /* of the pool's jobs, of the loop's thread */
    atomic_bool abandoned;
    int status;
    eddy_error *error;
    _Alignas(max_align_t) unsigned char data[]; /* of its own, so that it may outlive its caller */
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

/* It has left the threads, or never came there. */
static void leave_pool(struct job *job)
{
    list_remove(&job->link);
    if (job->pool)
        eddy__pool_leave(job->pool);
    job->pool = NULL;
}

static void thread_free_job(struct job *job)
{
    eddy__error_unref(job->error);
    eddy__free(job);
}

static void thread_job_done(struct eddy__work *work)
{
    struct job *job = (struct job *)(void *)work;

    leave_pool(job);
    if (job->task) {
        eddy__wake(job->task, 0);
        return;
    }
    report_late(job, work->loop);
    thread_free_job(job);
}

/* The loop did not wait for the job any longer; nobody but stderr hears of it. */
static void job_drop(struct eddy__work *work)
{
    struct job *job = (struct job *)(void *)work;

    report_late(job, NULL);
    thread_free_job(job);
}

/* A job that has not begun never will. */
static bool drop_queued(struct job *job, int code)
{
    eddy_task *task = job->task;

    if (!eddy__work_cancel(&job->work))
        return false;
    leave_pool(job);
    thread_free_job(job);
    eddy__wake(task, code);
    return true;
}

/* One that runs is left to itself. */
static void abandon(struct job *job, int code)
{
    eddy_task *task = job->task;

    if (drop_queued(job, code))
        return;
    job->task = NULL;
    atomic_store(&job->abandoned, true);
    eddy__wake(task, code);
}

static void job_abort(eddy_task *task, int code)
{
    abandon(task->waiting_on, code);
}

static const struct eddy__wait_kind waiting_for_thread = {"a thread", job_abort};

static int thread_result_of(struct job *job, const struct eddy__pool_job *asked)
{
    int status = job->status;

    if (asked->size > 0)
        memcpy(asked->data, job->data, asked->size);
    if (status < 0)
        eddy__error_awaited(job->error, status);
    thread_free_job(job);
    return status;
}

static struct job *new_job(const struct eddy__pool_job *asked)
{
    struct job *job = eddy__alloc_zero(sizeof *job + asked->size);

    if (!job)
        return NULL;
    job->work.run = job_run;
    job->work.done = thread_job_done;
    job->work.drop = job_drop;
    job->work.name = asked->coro.name;
    job->coro = eddy__pool_redirect(asked, job->data);
    job->task = eddy__self();
    list_init(&job->link);
    if (asked->size > 0)
        memcpy(job->data, asked->data, asked->size);
    return job;
}

static int submit(const struct eddy__job_place *place, struct job *job)
{
    eddy_loop *loop = job->task->loop;
    int r = place->threads ? eddy__workers_submit(place->threads, loop, &job->work)
                           : eddy__work_submit(loop, EDDY__WORKERS_BLOCKING, &job->work);

    if (r < 0)
        return r;
    if (place->jobs)
        list_add_tail(place->jobs, &job->link);
    job->pool = place->pool;
    return 0;
}

static int not_begun(const struct eddy__job_place *place, struct job *job, int r)
{
    eddy__free(job);
    if (place->pool)
        eddy__pool_leave(place->pool);
    return eddy__raise(r, "cannot start a thread: %s", eddy_status_message(r));
}

int eddy__job_run(const struct eddy__job_place *place, const struct eddy__pool_job *asked)
{
    struct job *job = new_job(asked);
    int r = job ? submit(place, job) : EDDY_ENOMEM;

    if (r < 0)
        return not_begun(place, job, r);
    r = eddy__park(&waiting_for_thread, job);
    return r < 0 ? eddy__raise_interrupt(r) : thread_result_of(job, asked);
}

void eddy__jobs_cancel(struct list *jobs)
{
    list_each_safe(link, jobs)
    {
        struct job *job = container_of(link, struct job, link);

        atomic_store(&job->abandoned, true);
        if (job->task)
            drop_queued(job, EDDY_ECLOSED);
    }
}

void eddy__jobs_abandon(struct list *jobs)
{
    list_each_safe(link, jobs)
    {
        struct job *job = container_of(link, struct job, link);

        list_remove(link);
        job->pool = NULL;
        if (job->task)
            abandon(job, EDDY_ECLOSED);
    }
}

int eddy_to_thread(eddy_coro coro)
{
    static const struct eddy__job_place loops_own;
    const struct eddy__pool_job job = {.coro = coro};
    int r = eddy__checkpoint();

    return r < 0 ? r : eddy__job_run(&loops_own, &job);
}

bool eddy_thread_cancelled(void)
{
    struct eddy__work *work = eddy__work_current();

    return work && work->run == job_run && atomic_load(&((struct job *)(void *)work)->abandoned);
}

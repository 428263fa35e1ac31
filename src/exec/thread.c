/* thread.c - running a coroutine's function in a worker thread while its task waits. */
#include <eddy/thread.h>

#include "base/alloc.h"
#include "exec/exec.h"

struct thread_job {
    struct eddy__job base; /* must stay first */
    eddy_coro coro;
    eddy_pool *pool;       /* whose permit it has; NULL: nobody's, or the pool has gone */
    struct list link;      /* of the pool's jobs, of the loop's thread */
    atomic_bool abandoned; /* nobody wants its result: the function may ask */
    eddy_error *error;
    _Alignas(max_align_t) unsigned char data[]; /* of its own, so that it may outlive its caller */
};

static struct thread_job *thread_job_of(struct eddy__job *base)
{
    return container_of(base, struct thread_job, base);
}

static int call_coro(struct eddy__job *base)
{
    struct thread_job *job = thread_job_of(base);
    int status = job->coro.run(job->coro.args);

    job->error = eddy__error_take();
    if (eddy_error_code(job->error) != status) { /* of a failure that it had dealt with */
        eddy__error_unref(job->error);
        job->error = NULL;
    }
    return status;
}

/* A job that gave up since it was asked to has not failed. Of a loop that has gone (NULL) nobody
 * but stderr hears of it. */
static void report_late(const struct thread_job *job, eddy_loop *loop)
{
    struct eddy__error_list failure = {0};

    if (job->base.status >= 0 || job->base.status == EDDY_ECANCELED)
        return;
    eddy__error_list_add(&failure, job->error, job->base.status);
    eddy__report(loop, &(eddy_report){.message = "a thread's job failed after its awaiter had gone",
                                      .error = failure.first});
    eddy__error_list_clear(&failure);
}

/* It has left the threads, or never came there. */
static void leave_pool(struct eddy__job *base)
{
    struct thread_job *job = thread_job_of(base);

    list_remove(&job->link);
    if (job->pool)
        eddy__pool_leave(job->pool);
    job->pool = NULL;
}

static void free_thread_job(struct thread_job *job)
{
    eddy__error_unref(job->error);
    eddy_free(job);
}

/* Its task has gone; with the loop the pool and its list have gone, too. */
static void release_thread_job(struct eddy__job *base)
{
    struct thread_job *job = thread_job_of(base);

    if (base->work.loop)
        leave_pool(base);
    report_late(job, base->work.loop);
    free_thread_job(job);
}

static void leave_thread_job(struct thread_job *job, int code)
{
    atomic_store(&job->abandoned, true);
    eddy__job_leave(&job->base, code);
}

static void abort_thread_job(eddy_task *task, int code)
{
    leave_thread_job(thread_job_of(task->waiting_on), code);
}

static const struct eddy__wait_kind waiting_for_thread = {"a thread", abort_thread_job};

static int thread_result_of(struct thread_job *job, const struct eddy__pool_job *asked)
{
    int status = job->base.status;

    if (asked->size > 0)
        memcpy(asked->data, job->data, asked->size);
    if (status < 0)
        eddy__error_awaited(job->error, status);
    free_thread_job(job);
    return status;
}

static struct thread_job *new_thread_job(const struct eddy__pool_job *asked)
{
    struct thread_job *job = eddy_alloc_zero(sizeof *job + asked->size);

    if (!job)
        return NULL;
    eddy__job_init(&job->base);
    job->base.perform = call_coro;
    job->base.ended = leave_pool;
    job->base.release = release_thread_job;
    job->base.work.name = asked->coro.name;
    job->coro = eddy__pool_redirect(asked, job->data);
    list_init(&job->link);
    if (asked->size > 0)
        memcpy(job->data, asked->data, asked->size);
    return job;
}

static int submit(const struct eddy__thread_place *place, struct thread_job *job)
{
    struct eddy__work *work = &job->base.work;
    int r = place->threads ? eddy__workers_submit(place->threads, work)
                           : eddy__work_submit(eddy__thread.loop, EDDY__WORKERS_BLOCKING, work);

    if (r < 0)
        return r;
    if (place->jobs)
        list_add_tail(place->jobs, &job->link);
    job->pool = place->pool;
    return 0;
}

static int not_begun(const struct eddy__thread_place *place, struct thread_job *job, int r)
{
    eddy_free(job);
    if (place->pool)
        eddy__pool_leave(place->pool);
    return eddy__raise(r, "cannot start a thread: %s", eddy_status_message(r));
}

int eddy__thread_run(const struct eddy__thread_place *place, const struct eddy__pool_job *asked)
{
    struct thread_job *job = new_thread_job(asked);
    int r = job ? submit(place, job) : EDDY_ENOMEM;

    if (r < 0)
        return not_begun(place, job, r);
    r = eddy__job_await(&job->base, &waiting_for_thread);
    return r < 0 ? eddy__raise_interrupt(r) : thread_result_of(job, asked);
}

void eddy__thread_jobs_cancel(struct list *jobs)
{
    list_each_safe(link, jobs)
    {
        struct thread_job *job = container_of(link, struct thread_job, link);

        atomic_store(&job->abandoned, true);
        eddy__job_withdraw(&job->base, EDDY_ECLOSED);
    }
}

void eddy__thread_jobs_abandon(struct list *jobs)
{
    list_each_safe(link, jobs)
    {
        struct thread_job *job = container_of(link, struct thread_job, link);

        list_remove(link);
        job->pool = NULL;
        leave_thread_job(job, EDDY_ECLOSED);
    }
}

int eddy_to_thread(eddy_coro coro)
{
    static const struct eddy__thread_place loops_own;
    const struct eddy__pool_job job = {.coro = coro};
    int r = eddy__checkpoint();

    return r < 0 ? r : eddy__thread_run(&loops_own, &job);
}

bool eddy_thread_cancelled(void)
{
    struct eddy__job *job = eddy__job_current();

    return job && job->perform == call_coro && atomic_load(&thread_job_of(job)->abandoned);
}

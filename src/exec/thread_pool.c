/* thread_pool.c - pools of threads that a program opens; eddy_to_thread uses the loop's own. */
#include "base/alloc.h"
#include "exec/exec.h"

struct thread_pool {
    eddy_pool base; /* must stay first */
    struct eddy__workers *threads;
    struct list jobs; /* those that wait for a thread or run */
};

static struct thread_pool *thread_pool_of(eddy_pool *pool)
{
    return (struct thread_pool *)(void *)pool;
}

static int thread_pool_run(eddy_pool *pool, const struct eddy__pool_job *job)
{
    struct thread_pool *self = thread_pool_of(pool);

    return eddy__thread_run(&(struct eddy__thread_place){self->threads, &self->jobs, pool}, job);
}

/* Jobs end as the loop hears of it, so the task waits and the loop goes on. */
static void wait_for_jobs(struct thread_pool *self)
{
    struct eddy__closer closer;

    eddy__closer_enter(&closer, self->base.grace);
    while (!list_empty(&self->jobs) && eddy__pool_wait(&self->base) >= 0)
        continue;
    eddy__closer_leave(&closer);
}

/* With nothing left to run threads end at once. Of a loop that has gone the jobs have taken leave
 * themselves, in their threads, and the list says nothing. */
static void thread_pool_close(eddy_pool *pool)
{
    struct thread_pool *self = thread_pool_of(pool);
    eddy_loop *loop = pool->loop;
    bool loop_lives = !atomic_load(&loop->closed);
    int64_t timeout = eddy__ns_of_seconds(self->base.grace);

    if (loop_lives)
        eddy__thread_jobs_cancel(&self->jobs);
    if (loop_lives && eddy__self()) {
        wait_for_jobs(self);
        timeout = list_empty(&self->jobs) ? NS_PER_SECOND : 0;
    }
    if (loop_lives)
        eddy__thread_jobs_abandon(&self->jobs);
    eddy__workers_close(self->threads, timeout, loop_lives ? loop : NULL);
    self->threads = NULL;
}

static void thread_pool_free(eddy_pool *pool)
{
    eddy_free(thread_pool_of(pool));
}

static const struct eddy__pool_kind thread_pool = {thread_pool_run, thread_pool_close,
                                                   thread_pool_free};

static int thread_pool_check(const eddy_thread_pool_opts *opts)
{
    if (!eddy__thread.loop)
        return eddy__raise(EDDY_ELOOP, "no loop runs in this thread: use eddy_run");
    return eddy__pool_check_grace(opts->grace);
}

static unsigned permits_of(unsigned threads, unsigned queue)
{
    return queue == 0 || queue > UINT32_MAX - threads ? UINT32_MAX : threads + queue;
}

eddy_pool *eddy_thread_pool_open_with(const eddy_thread_pool_opts *opts)
{
    static const eddy_thread_pool_opts defaults;
    struct thread_pool *self;

    if (!opts)
        opts = &defaults;
    if (thread_pool_check(opts) < 0)
        return NULL;
    self = eddy_alloc_zero(sizeof *self);
    if (self)
        self->threads = eddy__workers_open(eddy__thread.loop, opts->threads,
                                           opts->name ? opts->name : "eddy-pool");
    if (!self || !self->threads) {
        eddy_free(self);
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    list_init(&self->jobs);
    self->base.data_max = SIZE_MAX / 2;
    self->base.workers = eddy__workers_threads(self->threads);
    eddy__pool_init(&self->base, &thread_pool, permits_of(self->base.workers, opts->queue),
                    opts->grace);
    return &self->base;
}

/* worker.c - the threads of a pool: what each does, how one is started, and those that wait. */
#include "loop/worker.h"

#include "base/alloc.h"
#include "base/sys.h"

#include <signal.h>

/* How many of a pool's threads may wait, beyond its limit. */
enum { WAITING_MAX = 1024 };

static _Thread_local struct eddy__work *current;

struct eddy__work *eddy__work_current(void)
{
    return current;
}

/* ---- running ---- */

static void arrived(struct eddy__inbox_node *node)
{
    struct eddy__work *work = container_of(node, struct eddy__work, node);

    eddy__work_let_go(work->loop);
    work->done(work);
}

static void arrived_left(struct eddy__inbox_node *node)
{
    struct eddy__work *work = container_of(node, struct eddy__work, node);

    work->done(work);
}

/* When the loop hears of its end the thread counts as one that looks for the next. */
static void work_run(struct eddy__workers *pool, struct eddy__work *work)
{
    eddy_loop *loop = work->loop;

    current = work;
    work->run(work);
    current = NULL;
    pool->looking++;
    bool holds = atomic_exchange(&work->state, WORK_FINISHED) == WORK_RUNNING;
    work->node.fn = holds ? arrived : arrived_left;
    if (eddy__inbox_push(loop, &work->node) < 0) {
        if (holds)
            eddy__work_let_go(loop);
        if (work->drop)
            work->drop(work);
    }
}

/* ---- the next job ---- */

static bool job_arrives(void *pool)
{
    return atomic_load(&((struct eddy__workers *)pool)->arriving);
}

/* With the mutex, which others may have meanwhile. Who wakes it counts it as looking again. */
static void sleep_until_woken(struct eddy__workers *pool)
{
    pool->looking--; /* first: a thread that counts twice stands for one that is not there */
    pool->sleeping++;
    while (pool->wakes == 0 && !eddy__workers_take_in(pool) && !pool->closing)
        pthread_cond_wait(&pool->woken, &pool->mutex);
    if (pool->wakes > 0) {
        pool->wakes--;
    } else {
        pool->sleeping--;
        pool->looking++;
    }
}

/* As above. There may be no job afterwards. */
static void await_job(struct worker *worker)
{
    struct eddy__workers *pool = worker->pool;

    pthread_mutex_unlock(&pool->mutex);
    eddy__spin_look(&worker->spin, pool->look_ns, job_arrives, pool);
    pthread_mutex_lock(&pool->mutex);
    if (!eddy__workers_take_in(pool) && !pool->closing)
        sleep_until_woken(pool);
}

/* With the mutex: the next job, NULL when the thread is to end. */
static struct eddy__work *next_job(struct worker *worker)
{
    struct eddy__workers *pool = worker->pool;

    if (eddy__workers_at_work(pool) > pool->max)
        return NULL;
    while (!eddy__workers_take_in(pool) && !pool->closing)
        await_job(worker);
    struct list *link = list_take_first(&pool->queue);
    if (!link)
        return NULL;
    struct eddy__work *work = eddy__work_of(link);
    pool->looking--;
    pool->taken++;
    work->worker = worker;
    worker->job = work->name;
    atomic_store(&work->state, WORK_RUNNING);
    return work;
}

/* With the mutex. */
static void job_ended(struct worker *worker)
{
    worker->pool->waiting -= worker->waits;
    worker->pool->left -= worker->left;
    worker->waits = worker->left = false;
    worker->job = NULL;
}

/* With the mutex: the thread ends. Before the pool closes each joins the one before it: that is
 * what is returned, or NULL. */
static struct worker *end_worker(struct worker *worker)
{
    struct eddy__workers *pool = worker->pool;
    struct worker *before = pool->closing ? NULL : pool->gone;

    if (!pool->closing)
        pool->gone = worker;
    if (before)
        list_remove(&before->link);
    worker->ended = true;
    pool->threads--;
    pool->looking--;
    for (unsigned n = eddy__workers_rouse(pool); n > 0; n--)
        pthread_cond_signal(&pool->woken);
    pthread_cond_signal(&pool->ended);
    return before;
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    struct eddy__workers *pool = worker->pool;
    struct eddy__work *work;

    pthread_setname_np(pthread_self(), pool->name);
    pthread_mutex_lock(&pool->mutex);
    while ((work = next_job(worker))) {
        pthread_mutex_unlock(&pool->mutex);
        work_run(pool, work);
        pthread_mutex_lock(&pool->mutex);
        job_ended(worker);
    }
    struct worker *before = end_worker(worker);
    bool last = pool->threads == 0 && pool->abandoned;
    pthread_mutex_unlock(&pool->mutex);
    if (before) {
        pthread_join(before->thread, NULL);
        eddy_free(before);
    }
    if (last)
        eddy__workers_free(pool);
    return NULL;
}

/* ---- starting ---- */

struct start {
    pthread_t *thread;
    struct worker *worker;
    int r;
};

/* Signals are for the threads of the program. */
static void worker_create(void *arg)
{
    struct start *start = arg;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    start->r = eddy__sys_posix(pthread_create(start->thread, NULL, worker_main, start->worker));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* 0 or -errno. The C library takes some 4 KiB of stack for it. */
static int create_thread(pthread_t *thread, struct worker *worker)
{
    struct start start = {thread, worker, 0};

    eddy__aside(worker_create, &start);
    return start.r;
}

int eddy__worker_add(struct eddy__workers *pool)
{
    struct worker *worker = eddy_alloc_zero(sizeof *worker);

    if (!worker)
        return -ENOMEM;
    worker->pool = pool;
    int r = create_thread(&worker->thread, worker);
    if (r < 0) {
        eddy_free(worker);
        return r;
    }
    list_add_tail(&pool->workers, &worker->link);
    pool->threads++;
    pool->looking++;
    return 0;
}

/* ---- those that wait for somebody else ---- */

int eddy__worker_stand_aside(struct worker *worker)
{
    struct eddy__workers *pool = worker->pool;
    int r = 0;

    if (pool->waiting == WAITING_MAX)
        return EDDY_ELIMIT;
    pool->waiting++;
    if (eddy__workers_queued(pool) > eddy__workers_idle(pool))
        r = eddy__worker_add(pool);
    if (r < 0 && eddy__workers_at_work(pool) == 0) {
        pool->waiting--;
        return r;
    }
    worker->waits = true;
    return 0;
}

int eddy__work_waits(void)
{
    struct worker *worker = current->worker;
    struct eddy__workers *pool = worker->pool;
    int r = 0;

    pthread_mutex_lock(&pool->mutex);
    if (atomic_load(&current->state) == WORK_LEFT)
        r = -ECANCELED;
    else if (!worker->waits)
        r = eddy__worker_stand_aside(worker);
    pthread_mutex_unlock(&pool->mutex);
    return r;
}

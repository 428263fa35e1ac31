/* work.c - threads that run what would block the loop. */
#include "base/alloc.h"
#include "base/fault.h"
#include "loop/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS_MAX = 1024, THREADS_LEAST = 4, THREADS_NAMES = 4 };

enum { QUEUED, RUNNING, FINISHED };

struct worker {
    struct list link; /* of pool->workers */
    struct eddy__pool *pool;
    pthread_t thread;
    bool ended; /* will not touch the pool again */
};

/* Threads are started when a job finds none idle, and stay until the pool closes. All fields are
 * guarded by mutex. The loop owns the pool; one that was closed while a thread was stuck in its
 * job belongs to its threads, and the last to end frees it. */
struct eddy__pool {
    pthread_mutex_t mutex;
    pthread_cond_t jobs;  /* there is one, or the pool closes */
    pthread_cond_t ended; /* a thread has */
    struct list queue;
    struct list workers;
    unsigned queued;
    unsigned threads; /* not ended */
    unsigned idle;
    unsigned max;
    bool closing;
    bool abandoned;
    struct eddy__pool **place; /* in the loop */
};

/* Stands in the loop's place of a pool that was closed. */
static struct eddy__pool closed_pool;

static _Thread_local struct eddy__work *current;

struct eddy__work *eddy__work_current(void)
{
    return current;
}

/* ---- making and freeing ---- */

static unsigned threads_of(enum eddy__pool_use use)
{
    const char *text = getenv("EDDY_THREADS");
    long n = text && use == EDDY__POOL_BLOCKING ? strtol(text, NULL, 10) : 0;

    if (use == EDDY__POOL_NAMES)
        return THREADS_NAMES;
    if (n <= 0) {
        n = sysconf(_SC_NPROCESSORS_ONLN);
        n = n > THREADS_LEAST ? n : THREADS_LEAST;
    }
    return n < THREADS_MAX ? (unsigned)n : THREADS_MAX;
}

static struct eddy__pool *new_pool(enum eddy__pool_use use, struct eddy__pool **place)
{
    struct eddy__pool *pool = eddy__alloc_zero(sizeof *pool);
    pthread_condattr_t monotonic;

    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->jobs, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    list_init(&pool->queue);
    list_init(&pool->workers);
    pool->max = threads_of(use);
    pool->place = place;
    return pool;
}

static void free_pool(struct eddy__pool *pool)
{
    struct list *link;

    while ((link = list_take_first(&pool->workers)))
        eddy__free(container_of(link, struct worker, link));
    pthread_cond_destroy(&pool->ended);
    pthread_cond_destroy(&pool->jobs);
    pthread_mutex_destroy(&pool->mutex);
    eddy__free(pool);
}

/* ---- in the threads ---- */

static void let_go(eddy_loop *loop)
{
    atomic_fetch_sub(&loop->holds, 1);
}

static void arrived(struct eddy__inbox_node *node)
{
    struct eddy__work *work = container_of(node, struct eddy__work, node);

    let_go(work->loop);
    work->done(work);
}

static void run(struct eddy__work *work)
{
    eddy_loop *loop = work->loop;

    current = work;
    work->run(work);
    current = NULL;
    atomic_store(&work->state, FINISHED);
    work->node.fn = arrived;
    if (eddy__inbox_push(loop, &work->node) < 0) {
        let_go(loop);
        if (work->drop)
            work->drop(work);
    }
    eddy__loop_unref(loop);
}

/* With the mutex: the next job, NULL when the pool closes. */
static struct eddy__work *next_job(struct eddy__pool *pool)
{
    while (list_empty(&pool->queue) && !pool->closing) {
        pool->idle++;
        pthread_cond_wait(&pool->jobs, &pool->mutex);
        pool->idle--;
    }
    struct list *link = list_take_first(&pool->queue);
    if (!link)
        return NULL;
    struct eddy__work *work = container_of(link, struct eddy__work, link);
    pool->queued--;
    atomic_store(&work->state, RUNNING);
    return work;
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    struct eddy__pool *pool = worker->pool;
    struct eddy__work *work;

    pthread_setname_np(pthread_self(), "eddy-work");
    pthread_mutex_lock(&pool->mutex);
    while ((work = next_job(pool))) {
        pthread_mutex_unlock(&pool->mutex);
        run(work);
        pthread_mutex_lock(&pool->mutex);
    }
    worker->ended = true;
    bool last = --pool->threads == 0 && pool->abandoned;
    pthread_cond_signal(&pool->ended);
    pthread_mutex_unlock(&pool->mutex);
    if (last)
        free_pool(pool);
    return NULL;
}

/* ---- starting ---- */

static int create_thread(pthread_t *thread, struct worker *worker)
{
    sigset_t all, before;

    if (eddy__fault())
        return EIO;
    /* Signals are for the threads of the program. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(thread, NULL, worker_main, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

/* With the mutex. 0 or -errno. */
static int add_worker(struct eddy__pool *pool)
{
    struct worker *worker = eddy__alloc_zero(sizeof *worker);

    if (!worker)
        return -ENOMEM;
    worker->pool = pool;
    int r = create_thread(&worker->thread, worker);
    if (r != 0) {
        eddy__free(worker);
        return -r;
    }
    list_add_tail(&pool->workers, &worker->link);
    pool->threads++;
    return 0;
}

static int enqueue(struct eddy__pool *pool, struct eddy__work *work)
{
    int r = 0;

    pthread_mutex_lock(&pool->mutex);
    if (pool->queued >= pool->idle && pool->threads < pool->max)
        r = add_worker(pool);
    if (pool->threads > 0) {
        r = 0; /* fewer threads than there might be are no failure */
        list_add_tail(&pool->queue, &work->link);
        pool->queued++;
        pthread_cond_signal(&pool->jobs);
    }
    pthread_mutex_unlock(&pool->mutex);
    return r;
}

int eddy__work_submit(eddy_loop *loop, enum eddy__pool_use use, struct eddy__work *work)
{
    struct eddy__pool **place = &loop->pools[use];

    if (!*place && !(*place = new_pool(use, place)))
        return EDDY_ENOMEM;
    if (*place == &closed_pool)
        return EDDY_ECLOSED;
    work->loop = loop;
    work->pool = *place;
    atomic_store(&work->state, QUEUED);
    eddy__loop_ref(loop);
    atomic_fetch_add(&loop->holds, 1);
    int r = enqueue(*place, work);
    if (r < 0) {
        let_go(loop);
        eddy__loop_unref(loop);
    }
    return r;
}

bool eddy__work_cancel(struct eddy__work *work)
{
    if (atomic_load(&work->state) != QUEUED) /* its pool may have gone */
        return false;
    struct eddy__pool *pool = work->pool;
    pthread_mutex_lock(&pool->mutex);
    bool queued = atomic_load(&work->state) == QUEUED;
    if (queued) {
        list_remove(&work->link);
        pool->queued--;
        atomic_store(&work->state, FINISHED);
    }
    pthread_mutex_unlock(&pool->mutex);
    if (queued) {
        let_go(work->loop);
        eddy__loop_unref(work->loop);
    }
    return queued;
}

/* ---- closing ---- */

static void drop_queue(struct list *queue)
{
    struct list *link;

    while ((link = list_take_first(queue))) {
        struct eddy__work *work = container_of(link, struct eddy__work, link);
        eddy_loop *loop = work->loop;

        atomic_store(&work->state, FINISHED);
        let_go(loop);
        if (work->drop)
            work->drop(work);
        eddy__loop_unref(loop);
    }
}

/* With the mutex. */
static void wait_for_threads(struct eddy__pool *pool, int64_t timeout_ns)
{
    int64_t now = eddy__clock_now();
    int64_t end = timeout_ns < NS_NEVER - now ? now + timeout_ns : NS_NEVER;
    struct timespec ts = {.tv_sec = (time_t)(end / NS_PER_SECOND),
                          .tv_nsec = (long)(end % NS_PER_SECOND)};

    while (pool->threads > 0)
        if (pthread_cond_timedwait(&pool->ended, &pool->mutex, &ts) == ETIMEDOUT)
            return;
}

static void join_or_detach(struct eddy__pool *pool)
{
    list_each(link, &pool->workers) {
        struct worker *worker = container_of(link, struct worker, link);

        if (worker->ended)
            pthread_join(worker->thread, NULL);
        else
            pthread_detach(worker->thread);
    }
}

void eddy__pool_close(struct eddy__pool *pool, int64_t timeout_ns)
{
    struct list dropped;

    if (!pool || pool == &closed_pool)
        return;
    *pool->place = &closed_pool;
    list_init(&dropped);
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    for (struct list *link; (link = list_take_first(&pool->queue));)
        list_add_tail(&dropped, link);
    pool->queued = 0;
    pthread_cond_broadcast(&pool->jobs);
    wait_for_threads(pool, timeout_ns);
    join_or_detach(pool);
    pool->abandoned = pool->threads > 0;
    bool abandoned = pool->abandoned;
    pthread_mutex_unlock(&pool->mutex);
    if (!abandoned)
        free_pool(pool);
    drop_queue(&dropped);
}

/* work.c - threads that run what would block the loop. */
#include "base/alloc.h"
#include "base/sys.h"
#include "loop/io.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS_MAX = 1024, THREADS_LEAST = 4, THREADS_NAMES = 4 };
/* How many of a pool's threads may wait, beyond its limit. */
enum { WAITING_MAX = 1024 };
/* How long a thread looks for its next job before it sleeps: about as long as that, and being
 * woken, would keep it busy. */
static const int64_t LOOK_NS = 5000;

enum { QUEUED, RUNNING, LEFT, FINISHED };

struct worker {
    struct list link; /* of pool->workers */
    struct eddy__workers *pool;
    pthread_t thread;
    const char *job; /* the name of what it runs, NULL: nothing, or nothing with a name */
    int64_t look_ns; /* how long it looks for a next job, as its last job's loop allows */
    struct eddy__spin spin;
    bool waits; /* in a job that may do so for ever */
    bool left;  /* and nobody waits for that job */
    bool ended; /* will not touch the pool again */
};

/* Threads are started when a job finds none idle, and stay until the pool closes. Those that wait
 * for somebody else do not count: the others are `max` at most, and who is one too many when its
 * wait is over ends. All fields are guarded by mutex; `queued` may be looked at without. Those who
 * are `looking` are idle and need no signal. Who opened the pool owns it, the loop those of its
 * own; one that was closed while a thread was stuck in its job belongs to its threads, and the last
 * to end frees it. */
struct eddy__workers {
    pthread_mutex_t mutex;
    pthread_cond_t jobs;  /* there is one, or the pool closes */
    pthread_cond_t ended; /* a thread has */
    struct list queue;
    struct list workers;
    atomic_uint queued;
    unsigned threads; /* not ended */
    unsigned waiting; /* of those, in a job that waits */
    unsigned left;    /* and of those, in one that nobody waits for */
    unsigned idle;
    unsigned looking;
    unsigned max;
    bool closing;
    bool abandoned;
    struct worker *gone;          /* the last that was one too many, not joined yet */
    struct eddy__workers **place; /* in the loop; NULL: it is not the loop's own */
    struct list dropped;          /* jobs that have not begun when it closes */
    char name[16];                /* of its threads */
};

/* Stands in the loop's place of a pool that was closed. */
static struct eddy__workers closed_pool;

static _Thread_local struct eddy__work *current;

struct eddy__work *eddy__work_current(void)
{
    return current;
}

/* ---- making and freeing ---- */

static unsigned default_threads(void)
{
    const char *text = getenv("EDDY_THREADS");
    long n = text ? strtol(text, NULL, 10) : 0;

    if (n <= 0) {
        n = sysconf(_SC_NPROCESSORS_ONLN);
        n = n > THREADS_LEAST ? n : THREADS_LEAST;
    }
    return n < THREADS_MAX ? (unsigned)n : THREADS_MAX;
}

static struct eddy__workers *open_pool(unsigned threads, const char *name)
{
    struct eddy__workers *pool = eddy__alloc_zero(sizeof *pool);
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
    list_init(&pool->dropped);
    if (threads == 0)
        threads = default_threads();
    pool->max = threads < THREADS_MAX ? threads : THREADS_MAX;
    snprintf(pool->name, sizeof pool->name, "%s", name);
    return pool;
}

struct opening {
    unsigned threads;
    const char *name;
    struct eddy__workers *pool;
};

static void open_aside(void *arg)
{
    struct opening *opening = arg;

    opening->pool = open_pool(opening->threads, opening->name);
}

/* The C library takes 2 KiB of stack to count processors. */
struct eddy__workers *eddy__workers_open(unsigned threads, const char *name)
{
    struct opening opening = {threads, name, NULL};

    eddy__aside(open_aside, &opening);
    return opening.pool;
}

/* The loop's pool of that use, made when it is first needed. NULL without memory. */
static struct eddy__workers *pool_of(eddy_loop *loop, enum eddy__workers_use use)
{
    struct eddy__workers **place = &loop->workers[use];

    if (!*place) {
        *place = eddy__workers_open(use == EDDY__WORKERS_NAMES ? THREADS_NAMES : 0, "eddy-work");
        if (*place)
            (*place)->place = place;
    }
    return *place;
}

unsigned eddy__workers_threads(const struct eddy__workers *pool)
{
    return pool->max;
}

static void work_free(struct eddy__workers *pool)
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

static void work_let_go(eddy_loop *loop)
{
    atomic_fetch_sub(&loop->holds, 1);
}

static void arrived(struct eddy__inbox_node *node)
{
    struct eddy__work *work = container_of(node, struct eddy__work, node);

    work_let_go(work->loop);
    work->done(work);
}

static void arrived_left(struct eddy__inbox_node *node)
{
    struct eddy__work *work = container_of(node, struct eddy__work, node);

    work->done(work);
}

static void work_run(struct eddy__work *work)
{
    eddy_loop *loop = work->loop;

    current = work;
    work->run(work);
    current = NULL;
    bool holds = atomic_exchange(&work->state, FINISHED) == RUNNING;
    work->node.fn = holds ? arrived : arrived_left;
    if (eddy__inbox_push(loop, &work->node) < 0) {
        if (holds)
            work_let_go(loop);
        if (work->drop)
            work->drop(work);
    }
    eddy__loop_unref(loop);
}

static bool has_job(void *pool)
{
    return atomic_load_explicit(&((struct eddy__workers *)pool)->queued, memory_order_relaxed) > 0;
}

/* With the mutex, which others may have meanwhile. */
static void await_job(struct worker *worker)
{
    struct eddy__workers *pool = worker->pool;

    pool->idle++;
    pool->looking++;
    pthread_mutex_unlock(&pool->mutex);
    eddy__spin_look(&worker->spin, worker->look_ns, has_job, pool);
    pthread_mutex_lock(&pool->mutex);
    pool->looking--;
    while (list_empty(&pool->queue) && !pool->closing)
        pthread_cond_wait(&pool->jobs, &pool->mutex);
    pool->idle--;
}

/* How many do not wait for somebody else. */
static unsigned at_work(const struct eddy__workers *pool)
{
    return pool->threads - pool->waiting;
}

/* With the mutex: the next job, NULL when the thread is to end. */
static struct eddy__work *next_job(struct worker *worker)
{
    struct eddy__workers *pool = worker->pool;

    if (at_work(pool) > pool->max)
        return NULL;
    if (list_empty(&pool->queue) && !pool->closing)
        await_job(worker);
    struct list *link = list_take_first(&pool->queue);
    if (!link)
        return NULL;
    struct eddy__work *work = container_of(link, struct eddy__work, link);
    pool->queued--;
    work->worker = worker;
    worker->job = work->name;
    worker->look_ns = work->loop->spin_ns < LOOK_NS ? work->loop->spin_ns : LOOK_NS;
    atomic_store(&work->state, RUNNING);
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
    pthread_cond_signal(&pool->ended);
    return before;
}

static void *work_main(void *arg)
{
    struct worker *worker = arg;
    struct eddy__workers *pool = worker->pool;
    struct eddy__work *work;

    pthread_setname_np(pthread_self(), pool->name);
    pthread_mutex_lock(&pool->mutex);
    while ((work = next_job(worker))) {
        pthread_mutex_unlock(&pool->mutex);
        work_run(work);
        pthread_mutex_lock(&pool->mutex);
        job_ended(worker);
    }
    struct worker *before = end_worker(worker);
    bool last = pool->threads == 0 && pool->abandoned;
    pthread_mutex_unlock(&pool->mutex);
    if (before) {
        pthread_join(before->thread, NULL);
        eddy__free(before);
    }
    if (last)
        work_free(pool);
    return NULL;
}

/* ---- starting ---- */

struct start {
    pthread_t *thread;
    struct worker *worker;
    int r;
};

/* Signals are for the threads of the program. */
static void work_create(void *arg)
{
    struct start *start = arg;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    start->r = eddy__sys_posix(pthread_create(start->thread, NULL, work_main, start->worker));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* 0 or -errno. The C library takes some 4 KiB of stack for it. */
static int work_create_thread(pthread_t *thread, struct worker *worker)
{
    struct start start = {thread, worker, 0};

    eddy__aside(work_create, &start);
    return start.r;
}

/* With the mutex. 0 or -errno. */
static int add_worker(struct eddy__workers *pool)
{
    struct worker *worker = eddy__alloc_zero(sizeof *worker);

    if (!worker)
        return -ENOMEM;
    worker->pool = pool;
    int r = work_create_thread(&worker->thread, worker);
    if (r < 0) {
        eddy__free(worker);
        return r;
    }
    list_add_tail(&pool->workers, &worker->link);
    pool->threads++;
    return 0;
}

static int enqueue(struct eddy__workers *pool, struct eddy__work *work)
{
    int r = 0;

    pthread_mutex_lock(&pool->mutex);
    if (pool->queued >= pool->idle && at_work(pool) < pool->max)
        r = add_worker(pool);
    if (at_work(pool) > 0) {
        r = 0; /* fewer threads than there might be are no failure */
        list_add_tail(&pool->queue, &work->link);
        if (++pool->queued > pool->looking)
            pthread_cond_signal(&pool->jobs);
    }
    pthread_mutex_unlock(&pool->mutex);
    return r;
}

int eddy__work_submit(eddy_loop *loop, enum eddy__workers_use use, struct eddy__work *work)
{
    struct eddy__workers *pool = pool_of(loop, use);

    return pool ? eddy__workers_submit(pool, loop, work) : EDDY_ENOMEM;
}

int eddy__workers_submit(struct eddy__workers *pool, eddy_loop *loop, struct eddy__work *work)
{
    if (pool == &closed_pool)
        return EDDY_ECLOSED;
    work->loop = loop;
    work->pool = pool;
    atomic_store(&work->state, QUEUED);
    eddy__loop_ref(loop);
    atomic_fetch_add(&loop->holds, 1);
    int r = enqueue(pool, work);
    if (r < 0) {
        work_let_go(loop);
        eddy__loop_unref(loop);
    }
    return r;
}

bool eddy__work_cancel(struct eddy__work *work)
{
    if (atomic_load(&work->state) != QUEUED) /* its pool may have gone */
        return false;
    struct eddy__workers *pool = work->pool;
    pthread_mutex_lock(&pool->mutex);
    bool queued = atomic_load(&work->state) == QUEUED;
    if (queued) {
        list_remove(&work->link);
        pool->queued--;
        atomic_store(&work->state, FINISHED);
    }
    pthread_mutex_unlock(&pool->mutex);
    if (queued) {
        work_let_go(work->loop);
        eddy__loop_unref(work->loop);
    }
    return queued;
}

/* ---- jobs that wait for somebody else ---- */

/* With the mutex: the worker does not count any more, and another takes its place where jobs need
 * it. 0, or -errno and nothing has changed. */
static int stand_aside(struct worker *worker)
{
    struct eddy__workers *pool = worker->pool;
    int r = 0;

    if (pool->waiting == WAITING_MAX)
        return EDDY_ELIMIT;
    pool->waiting++;
    if (pool->queued > pool->idle)
        r = add_worker(pool);
    if (r < 0 && at_work(pool) == 0) {
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
    if (atomic_load(&current->state) == LEFT)
        r = -ECANCELED;
    else if (!worker->waits)
        r = stand_aside(worker);
    pthread_mutex_unlock(&pool->mutex);
    return r;
}

/* Not waited for at the close are only those that are known to wait: the others end soon. */
void eddy__work_leave(struct eddy__work *work)
{
    struct eddy__workers *pool = work->pool;
    eddy_loop *loop = work->loop;
    int running = RUNNING;

    if (pool != loop->workers[EDDY__WORKERS_BLOCKING]) /* it was closed, and may have gone */
        return;
    pthread_mutex_lock(&pool->mutex);
    struct worker *worker = work->worker;
    if (atomic_compare_exchange_strong(&work->state, &running, LEFT)) { /* work is its own now */
        work_let_go(loop);
        if (worker->waits) {
            worker->left = true;
            pool->left++;
        } else {
            stand_aside(worker); /* a dead server's file: what fails goes on to count */
        }
    }
    pthread_mutex_unlock(&pool->mutex);
}

/* ---- closing ---- */

static void drop_queue(struct list *queue)
{
    struct list *link;

    while ((link = list_take_first(queue))) {
        struct eddy__work *work = container_of(link, struct eddy__work, link);
        eddy_loop *loop = work->loop;

        atomic_store(&work->state, FINISHED);
        work_let_go(loop);
        if (work->drop)
            work->drop(work);
        eddy__loop_unref(loop);
    }
}

/* With the mutex. */
static void wait_for_threads(struct eddy__workers *pool, int64_t timeout_ns)
{
    int64_t end = eddy__ns_after(eddy__clock_now(), timeout_ns);
    struct timespec ts = {.tv_sec = (time_t)(end / NS_PER_SECOND),
                          .tv_nsec = (long)(end % NS_PER_SECOND)};

    while (pool->threads > pool->left)
        if (pthread_cond_timedwait(&pool->ended, &pool->mutex, &ts) == ETIMEDOUT)
            return;
}

static void join_or_detach(struct eddy__workers *pool)
{
    list_each(link, &pool->workers) {
        struct worker *worker = container_of(link, struct worker, link);

        if (worker->ended)
            pthread_join(worker->thread, NULL);
        else
            pthread_detach(worker->thread);
    }
}

/* The first so many names of jobs that are stuck. */
struct stuck {
    const char *jobs[16];
    unsigned count;
    char pool[16];
};

/* With the mutex. Names stay when the job has gone: they are the program's constants. */
static void note_stuck(const struct eddy__workers *pool, struct stuck *stuck)
{
    stuck->count = 0;
    memcpy(stuck->pool, pool->name, sizeof stuck->pool);
    list_each(link, &pool->workers) {
        struct worker *worker = container_of(link, struct worker, link);

        if (!worker->ended && worker->job && stuck->count < count_of(stuck->jobs))
            stuck->jobs[stuck->count++] = worker->job;
    }
}

static void work_report_stuck(const struct stuck *stuck, eddy_loop *loop)
{
    char message[160];

    for (unsigned i = 0; i < stuck->count; i++) {
        snprintf(message, sizeof message, "thread pool %s was closed while its job %s was stuck",
                 stuck->pool, stuck->jobs[i]);
        eddy__report(loop, &(eddy_report){.message = message});
    }
}

static void move_all(struct list *from, struct list *to)
{
    for (struct list *link; (link = list_take_first(from));)
        list_add_tail(to, link);
}

/* With the mutex: refuses jobs from now on; threads end when they have done what they do. */
static void begin_close(struct eddy__workers *pool)
{
    if (pool->place)
        *pool->place = &closed_pool;
    pool->closing = true;
    move_all(&pool->queue, &pool->dropped);
    pool->queued = 0;
    pthread_cond_broadcast(&pool->jobs);
}

void eddy__workers_close(struct eddy__workers *pool, int64_t timeout_ns, eddy_loop *told)
{
    struct list dropped;
    struct stuck stuck;

    if (!pool || pool == &closed_pool)
        return;
    list_init(&dropped);
    pthread_mutex_lock(&pool->mutex);
    begin_close(pool);
    wait_for_threads(pool, timeout_ns);
    move_all(&pool->dropped, &dropped);
    note_stuck(pool, &stuck);
    join_or_detach(pool);
    pool->abandoned = pool->threads > 0;
    bool abandoned = pool->abandoned;
    pthread_mutex_unlock(&pool->mutex);
    if (!abandoned)
        work_free(pool);
    drop_queue(&dropped);
    if (told)
        work_report_stuck(&stuck, told);
}

void eddy__work_close(eddy_loop *loop, int64_t timeout_ns)
{
    int64_t end = eddy__ns_after(eddy__clock_now(), timeout_ns);
    struct eddy__workers *pools[count_of(loop->workers)];

    memcpy(pools, loop->workers, sizeof pools);
    for (size_t i = 0; i < count_of(pools); i++) {
        if (!pools[i] || pools[i] == &closed_pool)
            continue;
        pthread_mutex_lock(&pools[i]->mutex);
        begin_close(pools[i]);
        pthread_mutex_unlock(&pools[i]->mutex);
    }
    for (size_t i = 0; i < count_of(pools); i++) {
        int64_t left = end - eddy__clock_now();

        eddy__workers_close(pools[i], left > 0 ? left : 0, loop);
    }
}

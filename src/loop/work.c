/* work.c - pools of threads for what would block the loop: jobs go in, pools open and close. */
#include "loop/worker.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <unistd.h>

enum { THREADS_MAX = 1024, THREADS_LEAST = 4, THREADS_NAMES = 4 };

/* How long a thread looks for its next job before it sleeps: about as long as that, and being
 * woken, would keep it busy. */
static const int64_t LOOK_NS = 5000;

/* Stands in the loop's place of a pool that was closed. */
static struct eddy__workers closed_pool;

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

static struct eddy__workers *open_pool(eddy_loop *loop, unsigned threads, const char *name)
{
    struct eddy__workers *pool = eddy_alloc_zero(sizeof *pool);
    pthread_condattr_t monotonic;

    if (!pool)
        return NULL;
    pool->loop = loop;
    eddy__loop_ref(loop);
    pool->look_ns = loop->spin_ns < LOOK_NS ? loop->spin_ns : LOOK_NS;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->woken, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    list_init(&pool->queue);
    list_init(&pool->workers);
    list_init(&pool->dropped);
    list_init(&pool->submitted);
    if (threads == 0)
        threads = default_threads();
    pool->max = threads < THREADS_MAX ? threads : THREADS_MAX;
    snprintf(pool->name, sizeof pool->name, "%s", name);
    return pool;
}

struct opening {
    eddy_loop *loop;
    unsigned threads;
    const char *name;
    struct eddy__workers *pool;
};

static void open_aside(void *arg)
{
    struct opening *opening = arg;

    opening->pool = open_pool(opening->loop, opening->threads, opening->name);
}

/* The C library takes 2 KiB of stack to count processors. */
struct eddy__workers *eddy__workers_open(eddy_loop *loop, unsigned threads, const char *name)
{
    struct opening opening = {loop, threads, name, NULL};

    eddy__aside(open_aside, &opening);
    return opening.pool;
}

/* The loop's pool of that use, made when it is first needed. NULL without memory. */
static struct eddy__workers *pool_of(eddy_loop *loop, enum eddy__workers_use use)
{
    struct eddy__workers **place = &loop->workers[use];

    if (!*place) {
        *place =
            eddy__workers_open(loop, use == EDDY__WORKERS_NAMES ? THREADS_NAMES : 0, "eddy-work");
        if (*place)
            (*place)->place = place;
    }
    return *place;
}

unsigned eddy__workers_threads(const struct eddy__workers *pool)
{
    return pool->max;
}

void eddy__workers_free(struct eddy__workers *pool)
{
    struct list *link;

    while ((link = list_take_first(&pool->workers)))
        eddy_free(container_of(link, struct worker, link));
    pthread_cond_destroy(&pool->ended);
    pthread_cond_destroy(&pool->woken);
    pthread_mutex_destroy(&pool->mutex);
    eddy__loop_unref(pool->loop);
    eddy_free(pool);
}

/* ---- submitting ---- */

void eddy__work_let_go(eddy_loop *loop)
{
    atomic_fetch_sub(&loop->holds, 1);
}

/* The last that came is the first there. */
bool eddy__workers_take_in(struct eddy__workers *pool)
{
    struct list *next = &pool->queue;

    if (!atomic_load(&pool->arriving))
        return !list_empty(&pool->queue);
    for (struct eddy__inbox_node *node = atomic_exchange(&pool->arriving, NULL); node;) {
        struct eddy__work *work = container_of(node, struct eddy__work, node);

        node = node->next;
        list_add_tail(next, &work->link);
        next = &work->link;
    }
    return true;
}

/* Fewer threads than there might be are no failure. 0 or -errno. */
static int start_worker(struct eddy__workers *pool)
{
    int r = 0;

    pthread_mutex_lock(&pool->mutex);
    if (eddy__workers_queued(pool) > eddy__workers_idle(pool) &&
        eddy__workers_at_work(pool) < pool->max)
        r = eddy__worker_add(pool);
    if (eddy__workers_at_work(pool) > 0)
        r = 0;
    pthread_mutex_unlock(&pool->mutex);
    return r;
}

unsigned eddy__workers_rouse(struct eddy__workers *pool)
{
    unsigned count = 0;

    for (; pool->sleeping > 0 && eddy__workers_queued(pool) > pool->looking; count++) {
        pool->sleeping--;
        pool->looking++;
        pool->wakes++;
    }
    return count;
}

static void wake_threads(struct eddy__workers *pool)
{
    pthread_mutex_lock(&pool->mutex);
    unsigned count = eddy__workers_rouse(pool);
    pthread_mutex_unlock(&pool->mutex);
    for (; count > 0; count--)
        pthread_cond_signal(&pool->woken);
}

void eddy__workers_wake_due(eddy_loop *loop)
{
    struct list *link;

    while ((link = list_take_first(&loop->submitted))) {
        struct eddy__workers *pool = container_of(link, struct eddy__workers, submitted);

        if (eddy__workers_queued(pool) > pool->looking)
            wake_threads(pool);
    }
}

/* One is woken at once when none is at work. Others wait for the end of the batch: by then those at
 * work may have done what it submits, and waking a thread costs more than a short job. */
static void see_to_threads(struct eddy__workers *pool)
{
    if (pool->sleeping == 0 || !list_empty(&pool->submitted) ||
        eddy__workers_queued(pool) <= pool->looking)
        return;
    if (pool->sleeping == eddy__workers_at_work(pool))
        wake_threads(pool);
    else
        list_add_tail(&pool->loop->submitted, &pool->submitted);
}

static void work_push(struct eddy__workers *pool, struct eddy__inbox_node *node)
{
    node->next = atomic_load_explicit(&pool->arriving, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&pool->arriving, &node->next, node))
        continue;
}

static int enqueue(struct eddy__workers *pool, struct eddy__work *work)
{
    pool->came++;
    if (eddy__workers_at_work(pool) < pool->max &&
        eddy__workers_queued(pool) > eddy__workers_idle(pool)) {
        int r = start_worker(pool);
        if (r < 0) {
            pool->came--;
            return r;
        }
    }
    work_push(pool, &work->node);
    see_to_threads(pool);
    return 0;
}

int eddy__work_submit(eddy_loop *loop, enum eddy__workers_use use, struct eddy__work *work)
{
    struct eddy__workers *pool = pool_of(loop, use);

    return pool ? eddy__workers_submit(pool, work) : EDDY_ENOMEM;
}

int eddy__workers_submit(struct eddy__workers *pool, struct eddy__work *work)
{
    eddy_loop *loop = pool->loop;

    if (pool == &closed_pool)
        return EDDY_ECLOSED;
    work->loop = loop;
    work->pool = pool;
    atomic_store(&work->state, WORK_QUEUED);
    atomic_fetch_add(&loop->holds, 1);
    int r = enqueue(pool, work);
    if (r < 0)
        eddy__work_let_go(loop);
    return r;
}

bool eddy__work_cancel(struct eddy__work *work)
{
    if (atomic_load(&work->state) != WORK_QUEUED) /* its pool may have gone */
        return false;
    struct eddy__workers *pool = work->pool;
    pthread_mutex_lock(&pool->mutex);
    bool queued = atomic_load(&work->state) == WORK_QUEUED;
    if (queued) {
        eddy__workers_take_in(pool);
        list_remove(&work->link);
        pool->taken++;
        atomic_store(&work->state, WORK_FINISHED);
    }
    pthread_mutex_unlock(&pool->mutex);
    if (queued)
        eddy__work_let_go(work->loop);
    return queued;
}

/* Not waited for at the close are only those that are known to wait: the others end soon. */
void eddy__work_leave(struct eddy__work *work)
{
    struct eddy__workers *pool = work->pool;
    eddy_loop *loop = work->loop;
    int running = WORK_RUNNING;

    if (pool != loop->workers[EDDY__WORKERS_BLOCKING]) /* it was closed, and may have gone */
        return;
    pthread_mutex_lock(&pool->mutex);
    struct worker *worker = work->worker;
    if (atomic_compare_exchange_strong(&work->state, &running,
                                       WORK_LEFT)) { /* work is its own now */
        eddy__work_let_go(loop);
        if (worker->waits) {
            worker->left = true;
            pool->left++;
        } else {
            eddy__worker_stand_aside(
                worker); /* a dead server's file: what fails goes on to count */
        }
    }
    pthread_mutex_unlock(&pool->mutex);
}

/* ---- closing ---- */

static void drop_queue(struct list *queue)
{
    struct list *link;

    while ((link = list_take_first(queue))) {
        struct eddy__work *work = eddy__work_of(link);

        atomic_store(&work->state, WORK_FINISHED);
        eddy__work_let_go(work->loop);
        if (work->drop)
            work->drop(work);
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
    list_remove(&pool->submitted);
    eddy__workers_take_in(pool);
    move_all(&pool->queue, &pool->dropped);
    atomic_store(&pool->taken, pool->came);
    pthread_cond_broadcast(&pool->woken);
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
    drop_queue(&dropped);
    if (told)
        work_report_stuck(&stuck, told);
    if (!abandoned)
        eddy__workers_free(pool);
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

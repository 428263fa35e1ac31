/* pool.c - what thread pools and process pools share: admission, the data of a job, the end. */
#include "base/alloc.h"
#include "exec/exec.h"

#include <math.h>

static const double POOL_GRACE = 5; /* seconds */

void eddy__pool_init(eddy_pool *pool, const struct eddy__pool_kind *kind, unsigned permits,
                     double grace)
{
    pool->kind = kind;
    pool->loop = eddy__thread.loop;
    pool->refs = 1;
    pool->permits = permits;
    pool->grace = grace > 0 ? grace : POOL_GRACE;
    eddy__loop_ref(pool->loop);
}

int eddy__pool_check_grace(double grace)
{
    if (!(grace >= 0))
        return eddy__raise(EDDY_EINVAL,
                           ".grace is %g: at least 0 is expected, which is the default; "
                           "eddy_pool_set_grace takes what was computed",
                           grace);
    return 0;
}

int eddy_pool_set_grace(eddy_pool *pool, double seconds)
{
    if (!pool || isnan(seconds))
        return eddy__raise(EDDY_EINVAL, pool ? "the grace of a pool is NaN: seconds are expected"
                                             : "the pool is NULL");
    pool->grace = seconds;
    return 0;
}

void eddy__pool_ref(eddy_pool *pool)
{
    pool->refs++;
}

void eddy__pool_unref(eddy_pool *pool)
{
    eddy_loop *loop = pool->loop;

    if (--pool->refs > 0)
        return;
    pool->kind->free(pool);
    eddy__loop_unref(loop);
}

/* ---- admission ---- */

static const struct eddy__wait_kind waiting_for_pool = {"a place in a pool", eddy__waiter_abort};

/* The permit of somebody who was cancelled after he got it goes to the next (E2). */
static int pool_enter(eddy_pool *pool)
{
    struct eddy_waiter_ waiter = {0};

    if (pool->permits > 0 && !pool->waiting.first) {
        pool->permits--;
        return 0;
    }
    int r = eddy__wait_in(&pool->waiting, &waiter, &waiting_for_pool);
    if (r < 0)
        return r;
    if (pool->closed)
        return EDDY_ECLOSED;
    if ((r = eddy__self()->interrupt) < 0)
        eddy__pool_leave(pool);
    return r;
}

void eddy__pool_leave(eddy_pool *pool)
{
    if (pool->waiting.first) {
        eddy__waiter_grant(pool->waiting.first, 0);
        return;
    }
    pool->permits++;
    eddy__waiters_grant_all(&pool->closing, 0);
}

static const struct eddy__wait_kind waiting_for_jobs = {"jobs of a pool", eddy__waiter_abort};

int eddy__pool_wait(eddy_pool *pool)
{
    struct eddy_waiter_ waiter = {0};
    int r = eddy__self()->interrupt;

    return r < 0 ? r : eddy__wait_in(&pool->closing, &waiter, &waiting_for_jobs);
}

/* ---- the data of a job ---- */

/* Arguments lie in a coroutine object as in a struct, so pointers are aligned. */
static unsigned redirect(eddy_coro *coro, const void *from, void *to)
{
    unsigned count = 0;

    for (size_t at = 0; at + sizeof from <= sizeof coro->args; at += sizeof from)
        if (memcmp(coro->args + at, &from, sizeof from) == 0) {
            memcpy(coro->args + at, &to, sizeof to);
            count++;
        }
    return count;
}

eddy_coro eddy__pool_redirect(const struct eddy__pool_job *job, void *copy)
{
    eddy_coro redirected = job->coro;

    if (job->size > 0)
        redirect(&redirected, job->data, copy);
    return redirected;
}

static int check_data(const eddy_pool *pool, const struct eddy__pool_job *job)
{
    eddy_coro copy = job->coro;

    if (job->size == 0)
        return 0;
    if (!job->data || !redirect(&copy, job->data, job->data))
        return eddy__raise(EDDY_EINVAL, "no argument of %s is .data", job->coro.name);
    if (job->size > pool->data_max)
        return eddy__raise(EDDY_EMSGSIZE, ".size is %zu: at most %zu bytes of data", job->size,
                           pool->data_max);
    return 0;
}

/* ---- running ---- */

int eddy__pool_check(const eddy_pool *pool)
{
    if (!pool)
        return eddy__raise(EDDY_EINVAL, "the pool is NULL");
    if (pool->loop != eddy__thread.loop)
        return eddy__raise(EDDY_ELOOP, "the pool belongs to another loop");
    if (pool->closed)
        return eddy__raise(EDDY_ECLOSED, "the pool is closed");
    return 0;
}

int eddy__pool_run(eddy_pool *pool, const struct eddy__pool_job *job)
{
    eddy__pool_ref(pool);
    int r = pool_enter(pool);
    if (r < 0)
        eddy__raise_interrupt(r);
    else
        r = pool->kind->run(pool, job);
    eddy__pool_unref(pool);
    return r;
}

int eddy_pool_run_with(eddy_pool *pool, eddy_coro coro, const eddy_pool_run_opts *opts)
{
    static const eddy_pool_run_opts defaults;
    int r = eddy__check_interrupt();

    if (!opts)
        opts = &defaults;
    if (opts->wait_status)
        *opts->wait_status = 0;
    struct eddy__pool_job job = {coro, opts->data, opts->size, opts->wait_status, false};
    if (r < 0 || (r = eddy__pool_check(pool)) < 0 || (r = check_data(pool, &job)) < 0)
        return eddy__spent(r);
    return eddy__pool_run(pool, &job);
}

void eddy_pool_close(eddy_pool *pool)
{
    if (!pool)
        return;
    pool->closed = true;
    eddy__waiters_grant_all(&pool->waiting, EDDY_ECLOSED);
    pool->kind->close(pool);
    eddy__pool_unref(pool);
}

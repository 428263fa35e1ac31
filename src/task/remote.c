/* remote.c - coroutines that other threads run in a loop. */
#include "base/alloc.h"
#include "task/errand.h"

#include <errno.h>
#include <math.h>
#include <time.h>

/* An errand whose sender is a thread. The loop is held as long as it lives. */
struct eddy_remote {
    struct eddy__errand errand; /* must stay first */
    pthread_mutex_t mutex;      /* guards what follows */
    pthread_cond_t ended;
    bool done;
    bool detached; /* closed: nobody will wait, and who does ends */
    bool unseen;   /* has failed, and nobody has waited yet */
};

static eddy_remote *remote_of(struct eddy__errand *errand)
{
    return (eddy_remote *)(void *)errand;
}

static void free_remote(struct eddy__errand *errand)
{
    eddy_remote *remote = remote_of(errand);
    eddy_loop *loop = errand->loop;

    pthread_cond_destroy(&remote->ended);
    pthread_mutex_destroy(&remote->mutex);
    eddy_free(remote);
    eddy_loop_release(loop);
}

/* Its failure is reported by the task itself when nobody will wait, else it is the thread's. */
static void remote_ended(struct eddy__errand *errand, eddy_task *task)
{
    eddy_remote *remote = remote_of(errand);
    bool failed = task && task->status < 0 && task->status != EDDY_ECANCELED;

    pthread_mutex_lock(&remote->mutex);
    if (failed)
        remote->unseen = task->observed = !remote->detached;
    remote->done = true;
    pthread_cond_broadcast(&remote->ended);
    pthread_mutex_unlock(&remote->mutex);
}

static eddy_remote *remote_make(eddy_loop *loop, eddy_coro coro)
{
    eddy_remote *remote = eddy_alloc_zero(sizeof *remote);
    pthread_condattr_t monotonic;

    if (!remote)
        return NULL;
    remote->errand.loop = loop;
    remote->errand.coro = coro;
    remote->errand.ended = remote_ended;
    remote->errand.free = free_remote;
    pthread_mutex_init(&remote->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&remote->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    eddy_loop_hold(loop);
    return remote;
}

eddy_remote *eddy_run_threadsafe(eddy_loop *loop, eddy_coro coro)
{
    if (!eddy__loop_given(loop, __func__))
        return NULL;
    eddy_remote *remote = remote_make(loop, coro);
    if (!remote) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    if (eddy__errand_send(&remote->errand) < 0) {
        eddy__errand_unref(&remote->errand);
        return NULL;
    }
    return remote;
}

static struct timespec deadline_of(double timeout)
{
    int64_t at = eddy__ns_after(eddy__clock_now(), eddy__ns_of_seconds(timeout));

    return (struct timespec){.tv_sec = at / NS_PER_SECOND, .tv_nsec = at % NS_PER_SECOND};
}

/* What it has ended with; ECLOSED: the handle was closed before; ETIMEDOUT: neither in time. */
static int wait_until(eddy_remote *remote, const struct timespec *deadline)
{
    int r = 0;

    pthread_mutex_lock(&remote->mutex);
    while (!remote->done && !remote->detached && r == 0)
        r = pthread_cond_timedwait(&remote->ended, &remote->mutex, deadline);
    bool done = remote->done, detached = remote->detached;
    if (done)
        remote->unseen = false;
    pthread_mutex_unlock(&remote->mutex);
    if (!done)
        return eddy__raise_code(detached ? EDDY_ECLOSED : EDDY_ETIMEDOUT);
    return remote->errand.status < 0 ? eddy__errand_raise(&remote->errand) : remote->errand.status;
}

int eddy_remote_wait(eddy_remote *remote, double seconds)
{
    if (isnan(seconds))
        return eddy__raise(EDDY_EINVAL, "eddy_remote_wait: NaN seconds");
    if (eddy__thread.loop == remote->errand.loop)
        return eddy__raise(EDDY_EDEADLOCK, "the loop's own thread would wait for itself");
    /* from here on another thread may close the handle */
    atomic_fetch_add(&remote->errand.refs, 1);
    struct timespec deadline = deadline_of(seconds);
    int status = wait_until(remote, &deadline);
    eddy__errand_unref(&remote->errand);
    return status;
}

int eddy_remote_cancel(eddy_remote *remote)
{
    return eddy__errand_cancel(&remote->errand) < 0 ? eddy__raise_code(EDDY_ECLOSED) : 0;
}

static void report(eddy_remote *remote, eddy_loop *loop)
{
    eddy_error *own = eddy__error_take();

    eddy__errand_raise(&remote->errand);
    eddy__report(loop,
                 &(eddy_report){.message = "a task of another thread failed and nobody looked",
                                .error = eddy_last_error()});
    eddy__error_put(own);
    eddy__errand_unref(&remote->errand);
}

static void report_in_loop(struct eddy__inbox_node *node)
{
    eddy_remote *remote = (eddy_remote *)(void *)node;

    report(remote, remote->errand.loop);
}

void eddy_remote_close(eddy_remote *remote)
{
    if (!remote)
        return;
    pthread_mutex_lock(&remote->mutex);
    remote->detached = true;
    pthread_cond_broadcast(&remote->ended);
    bool unseen = remote->unseen;
    pthread_mutex_unlock(&remote->mutex);
    if (!unseen) {
        eddy__errand_unref(&remote->errand);
        return;
    }
    remote->errand.start.fn = report_in_loop; /* the start is long over */
    if (eddy__inbox_push(remote->errand.loop, &remote->errand.start) < 0)
        report(remote, NULL);
}

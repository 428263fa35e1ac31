/* remote.c - coroutines that other threads run in a loop. */
#include "base/alloc.h"
#include "task/task.h"

#include <errno.h>
#include <math.h>
#include <time.h>

/* Shared by the thread, which holds one reference, and the loop, which holds one from the request
 * until the task has ended. The loop is held as long as it lives. */
struct eddy_remote {
    struct eddy__inbox_node start; /* must stay first */
    struct eddy__inbox_node cancel;
    eddy_loop *loop;
    eddy_coro coro;
    eddy_task *task; /* of the loop's thread only */
    atomic_uint refs;
    atomic_bool cancelling;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t ended;
    bool done;
    bool detached; /* nobody will wait */
    bool unseen;   /* has failed, and nobody has waited yet */
    int status;
    /* of its failure: records do not cross threads, their words do. NULL: the code's own */
    char *message;
    const eddy_place *place;
};

static void unref(eddy_remote *remote)
{
    if (atomic_fetch_sub(&remote->refs, 1) != 1)
        return;
    eddy_loop *loop = remote->loop;

    pthread_cond_destroy(&remote->ended);
    pthread_mutex_destroy(&remote->mutex);
    eddy__free(remote->message);
    eddy__free(remote);
    eddy_loop_release(loop);
}

static void finish(eddy_remote *remote, int status)
{
    pthread_mutex_lock(&remote->mutex);
    remote->done = true;
    remote->status = status;
    pthread_cond_broadcast(&remote->ended);
    pthread_mutex_unlock(&remote->mutex);
    unref(remote);
}

/* Its failure is reported by the task itself when nobody will wait, else it is the thread's. */
static void keep_failure(eddy_remote *remote, eddy_task *task)
{
    const eddy_error *error = eddy__task_record(task);

    remote->message = error ? eddy__strdup(eddy_error_message(error)) : NULL;
    remote->place = eddy_error_place(error);
    pthread_mutex_lock(&remote->mutex);
    remote->unseen = task->observed = !remote->detached;
    pthread_mutex_unlock(&remote->mutex);
}

static void task_ended(eddy_task *task)
{
    eddy_remote *remote = task->owner;

    remote->task = NULL;
    if (task->status < 0 && task->status != EDDY_ECANCELED)
        keep_failure(remote, task);
    finish(remote, task->status);
}

static void start(struct eddy__inbox_node *node)
{
    eddy_remote *remote = (eddy_remote *)(void *)node;
    eddy_task *task =
        remote->loop->closing ? NULL : eddy__task_new(remote->loop, &remote->coro, NULL);

    if (!task) {
        finish(remote, remote->loop->closing ? EDDY_ECLOSED : EDDY_ENOMEM);
        return;
    }
    remote->task = task;
    task->owner = remote;
    task->on_end = task_ended;
    eddy__task_start(task);
    eddy__task_unref(task);
}

static void cancel(struct eddy__inbox_node *node)
{
    eddy_remote *remote = container_of(node, eddy_remote, cancel);

    if (remote->task)
        eddy__task_cancel(remote->task, NULL);
    unref(remote);
}

static eddy_remote *make(eddy_loop *loop, eddy_coro coro)
{
    eddy_remote *remote = eddy__alloc_zero(sizeof *remote);
    pthread_condattr_t monotonic;

    if (!remote)
        return NULL;
    remote->start.fn = start;
    remote->cancel.fn = cancel;
    remote->loop = loop;
    remote->coro = coro;
    atomic_store(&remote->refs, 2);
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
    eddy_remote *remote = make(loop, coro);

    if (!remote) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    if (eddy__inbox_push(loop, &remote->start) < 0) {
        unref(remote);
        unref(remote);
        eddy_raise_at(NULL, EDDY_ECLOSED, "Event loop is closed");
        return NULL;
    }
    return remote;
}

static struct timespec deadline_of(double timeout)
{
    int64_t ns = eddy__ns_of_seconds(timeout);
    int64_t at = eddy__clock_now();

    at = ns > INT64_MAX / 2 - at ? INT64_MAX / 2 : at + ns;
    return (struct timespec){.tv_sec = at / NS_PER_SECOND, .tv_nsec = at % NS_PER_SECOND};
}

static int raise_failure(const eddy_remote *remote)
{
    return eddy_raise_at(remote->place, remote->status, "%s",
                         remote->message ? remote->message : eddy_status_message(remote->status));
}

int eddy_remote_wait(eddy_remote *remote, double timeout)
{
    if (isnan(timeout))
        return eddy_raise_at(NULL, EDDY_EINVAL, "eddy_remote_wait: the timeout is NaN");
    if (eddy__thread.loop == remote->loop)
        return eddy_raise_at(NULL, EDDY_EDEADLOCK, "the loop's own thread would wait for itself");
    struct timespec deadline = deadline_of(timeout);
    int r = 0;

    pthread_mutex_lock(&remote->mutex);
    while (!remote->done && r == 0)
        r = pthread_cond_timedwait(&remote->ended, &remote->mutex, &deadline);
    bool done = remote->done;
    if (done)
        remote->unseen = false;
    pthread_mutex_unlock(&remote->mutex);
    if (!done)
        return eddy__raise_code(EDDY_ETIMEDOUT);
    return remote->status < 0 ? raise_failure(remote) : remote->status;
}

int eddy_remote_cancel(eddy_remote *remote)
{
    if (atomic_exchange(&remote->cancelling, true))
        return 0;
    atomic_fetch_add(&remote->refs, 1);
    int r = eddy__inbox_push(remote->loop, &remote->cancel);
    if (r < 0)
        unref(remote);
    return r < 0 ? eddy__raise_code(EDDY_ECLOSED) : 0;
}

static void report(eddy_remote *remote, eddy_loop *loop)
{
    eddy_error *own = eddy__error_take();

    raise_failure(remote);
    eddy__report(loop,
                 &(eddy_report){.message = "a task of another thread failed and nobody looked",
                                .error = eddy_last_error()});
    eddy__error_put(own);
    unref(remote);
}

static void report_in_loop(struct eddy__inbox_node *node)
{
    eddy_remote *remote = (eddy_remote *)(void *)node;

    report(remote, remote->loop);
}

void eddy_remote_close(eddy_remote *remote)
{
    if (!remote)
        return;
    pthread_mutex_lock(&remote->mutex);
    remote->detached = true;
    bool unseen = remote->unseen;
    pthread_mutex_unlock(&remote->mutex);
    if (!unseen) {
        unref(remote);
        return;
    }
    remote->start.fn = report_in_loop; /* the start is long over */
    if (eddy__inbox_push(remote->loop, &remote->start) < 0)
        report(remote, NULL);
}

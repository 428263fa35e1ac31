/* wait.c - waiting for some of several tasks, for one with a limit, and for each as it ends. */
#include "base/alloc.h"
#include "task/set.h"
#include <eddy/gather.h>
#include <math.h>

static const struct eddy__wait_kind waiting_for_some = {"one of several tasks", eddy__set_abort};

/* ---- wait ---- */

static int wait_check(size_t n, double seconds, const eddy_wait_opts *opts)
{
    if (n == 0)
        return eddy__raise(EDDY_EINVAL, "Set of Tasks/Futures is empty.");
    if (isnan(seconds))
        return eddy__raise(EDDY_EINVAL, "eddy_wait_at_most: NaN seconds");
    if (opts->return_when < EDDY_ALL_COMPLETED || opts->return_when > EDDY_FIRST_EXCEPTION)
        return eddy__raise(EDDY_EINVAL,
                           "eddy_wait: .return_when is %d: one of "
                           "EDDY_ALL_COMPLETED, EDDY_FIRST_COMPLETED, EDDY_FIRST_EXCEPTION",
                           opts->return_when);
    return 0;
}

int eddy_wait_at_most_with(eddy_task *const *tasks, size_t n, double seconds,
                           const eddy_wait_opts *opts)
{
    static const eddy_wait_opts defaults;
    struct eddy__set set;
    eddy_scope limit;

    opts = opts ? opts : &defaults;
    int r = eddy__check_interrupt();
    if (r < 0)
        return r;
    if ((r = wait_check(n, seconds, opts)) < 0)
        return r;
    if ((r = eddy__set_open(&set, tasks, n)) < 0)
        return r;
    set.wake_on_failure = opts->return_when == EDDY_FIRST_EXCEPTION;
    eddy_scope_enter(&limit, seconds);
    r = limit.status; /* without memory for its timer */
    if (r == 0)
        r = eddy__set_wait(&set, opts->return_when == EDDY_FIRST_COMPLETED ? 1 : n,
                           &waiting_for_some, &set, &set.wait);
    eddy_scope_leave(&limit);
    int done = (int)set.done;
    eddy__set_close(&set);
    /* running out of its own time is no failure */
    if (r == EDDY_ETIMEDOUT && limit.expired && !eddy__self()->interrupt)
        r = 0;
    return eddy__spent(r < 0 ? eddy__raise_interrupt(r) : done);
}

int eddy_wait_with(eddy_task *const *tasks, size_t n, const eddy_wait_opts *opts)
{
    return eddy_wait_at_most_with(tasks, n, (double)INFINITY, opts);
}

/* ---- wait_for ---- */

int eddy_wait_for_at(const eddy_place *place, eddy_coro coro, double seconds)
{
    eddy_scope limit;
    int r = eddy__checkpoint();

    if (r < 0)
        return r;
    if (isnan(seconds))
        return eddy_raise_at(place, EDDY_EINVAL, "eddy_wait_for: NaN seconds");
    if (seconds <= 0)
        return eddy_raise_at(place, EDDY_ETIMEDOUT, "timed out");
    eddy_task *task = eddy_create_task_with(coro, &(eddy_task_opts){.place = place});
    if (!task)
        return eddy_status_(task);
    eddy_scope_enter(&limit, seconds);
    r = eddy_await(task);
    eddy_scope_leave(&limit);
    eddy_task_close(task);
    return r;
}

/* ---- as_completed ---- */

/* Counted: by the handle, and by a call that waits in it. */
struct eddy_completion {
    struct eddy__set set;
    size_t given;
    unsigned refs;
    bool busy; /* a task waits for the next one, or has been woken for it and has not run yet */
    bool closed;
};

eddy_completion *eddy_as_completed(eddy_task *const *tasks, size_t n)
{
    eddy_completion *completion = eddy_alloc_zero(sizeof *completion);

    if (!completion) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    if (n > 0 && eddy__set_open(&completion->set, tasks, n) < 0) {
        eddy_free(completion);
        return NULL;
    }
    completion->refs = 1;
    return completion;
}

static void wait_unref(eddy_completion *completion)
{
    if (--completion->refs == 0)
        eddy_free(completion);
}

static int wait_for_next(eddy_completion *completion)
{
    completion->refs++;
    completion->busy = true;
    int r = eddy__set_wait(&completion->set, completion->given + 1, &waiting_for_some,
                           &completion->set, &completion->set.wait);
    completion->busy = false;
    bool closed = completion->closed;
    wait_unref(completion);
    if (closed)
        return eddy__raise(EDDY_ECLOSED, "what gives tasks as they end was closed");
    return eddy__raise_if(r);
}

static int give_next(eddy_completion *completion, eddy_task **task)
{
    const struct eddy__set *set = &completion->set;

    *task = set->watchers[set->order[completion->given++]].task;
    return 1;
}

int eddy_completion_next(eddy_completion *completion, eddy_task **task)
{
    const struct eddy__set *set = &completion->set;
    int r = eddy__check_interrupt();

    if (r < 0)
        return r;
    if (completion->given == set->count)
        return eddy__spent(0);
    if (completion->busy)
        return eddy__raise(EDDY_EBUSY, "another task waits for the next one to end");
    if (set->done == completion->given) {
        r = wait_for_next(completion);
        return r < 0 ? r : give_next(completion, task);
    }
    return eddy__spent(give_next(completion, task));
}

void eddy_completion_close(eddy_completion *completion)
{
    if (!completion)
        return;
    completion->closed = true;
    if (completion->set.waiting)
        eddy__set_abort(completion->set.waiting, EDDY_ECLOSED);
    eddy__set_close(&completion->set);
    wait_unref(completion);
}

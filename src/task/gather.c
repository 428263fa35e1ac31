/* gather.c - running several coroutines, or waiting for several tasks, until all have ended. */
#include <eddy/gather.h>

#include "base/alloc.h"
#include "task/set.h"
#include <limits.h>

struct gathering {
    struct eddy__set set; /* must stay first: waiting_on is read as the set */
    struct eddy__task_wait wait;
};

/* Cancels all and waits on: children write into the caller's frame. */
static void gather_abort(eddy_task *task, int code)
{
    struct gathering *g = task->waiting_on;

    eddy__pass_on(&g->wait, task, code);
}

static eddy_task *gather_next_child(struct eddy__task_wait *wait)
{
    const struct gathering *g = container_of(wait, struct gathering, wait);

    return wait->at < g->set.count ? g->set.watchers[wait->at].task : NULL;
}

/* Others' tasks may be left. */
static const struct eddy__task_wait_kind wait_for_own = {gather_next_child, NULL};
static const struct eddy__task_wait_kind wait_for_given = {gather_next_child, eddy__set_abort};

/* The status of one that has ended, for the caller: a cancellation that is not the caller's own is
 * another's. */
static int gather_status_of(const struct gathering *g, const eddy_task *task)
{
    if (task->status == EDDY_ECANCELED && !g->wait.aborted && task->canceller != eddy__self()->id)
        return EDDY_ECHILDCANCELED;
    return task->status;
}

/* The failures in order of completion. Those that were cancelled because of a failure, or by the
 * caller's own cancellation, say nothing. */
static void collect(const struct gathering *g, struct eddy__error_list *failures)
{
    for (size_t i = 0; i < g->set.done; i++) {
        eddy_task *task = g->set.watchers[g->set.order[i]].task;
        int status = gather_status_of(g, task);

        task->observed = true;
        if (status >= 0 || (task->status == EDDY_ECANCELED && (g->wait.aborted || g->set.failed)))
            continue;
        eddy__error_list_add(failures, eddy__task_record(task), status);
    }
}

static bool any_cancelled(const struct gathering *g)
{
    for (size_t i = 0; i < g->set.count; i++)
        if (g->set.watchers[i].task->status == EDDY_ECANCELED)
            return true;
    return false;
}

static int gather_result_of(struct gathering *g, bool statuses)
{
    struct eddy__error_list failures = {0};

    collect(g, &failures);
    if (statuses)
        eddy__error_list_clear(&failures);
    if (failures.code)
        return eddy__error_list_raise(&failures);
    return g->wait.aborted && any_cancelled(g) ? eddy__raise_interrupt(g->wait.aborted) : 0;
}

/* Before the call can fail they are defined, and when it returns they are what is known. */
static void clear_statuses(const eddy_gather_opts *opts, size_t n)
{
    for (size_t i = 0; opts && opts->statuses && i < n; i++)
        opts->statuses[i] = EDDY_ENOTREADY;
}

static void copy_statuses(const struct eddy__set *set, int *statuses)
{
    for (size_t i = 0; i < set->done; i++)
        statuses[set->order[i]] = set->watchers[set->order[i]].task->status;
}

static int gather(eddy_task *const *tasks, size_t n, const eddy_gather_opts *opts,
                  const struct eddy__task_wait_kind *kind)
{
    static const struct eddy__wait_kind gathering = {"a gather", gather_abort};
    struct gathering g = {.wait.kind = kind};

    int r = eddy__set_open(&g.set, tasks, n);
    if (r < 0)
        return r;
    g.set.cancel_on_error = opts && opts->cancel_on_error;
    if (g.set.cancel_on_error && g.set.failed)
        eddy__set_cancel_all(&g.set, NULL);
    int left = eddy__set_wait(&g.set, n, &gathering, &g, &g.wait);
    if (opts && opts->statuses)
        copy_statuses(&g.set, opts->statuses);
    if (left == 0)
        r = gather_result_of(&g, opts && opts->statuses);
    eddy__set_close(&g.set);
    return left < 0 ? eddy__raise_interrupt(left) : r;
}

int eddy_gather_tasks_with(eddy_task *const *tasks, size_t n, const eddy_gather_opts *opts)
{
    clear_statuses(opts, n);
    int r = eddy__check_interrupt();
    if (r < 0)
        return r;
    return eddy__spent(n > 0 ? gather(tasks, n, opts, &wait_for_given) : 0);
}

/* Cancels what runs, and waits for it. */
static void close_all(eddy_task **tasks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        eddy__task_cancel(tasks[i], eddy__self());
    for (size_t i = 0; i < n; i++)
        eddy_task_close(tasks[i]);
}

int eddy_gather_with(const eddy_coro *coros, size_t n, const eddy_gather_opts *opts)
{
    eddy_task_opts child = {.place = opts ? opts->place : NULL};

    clear_statuses(opts, n);
    int r = eddy__checkpoint();
    if (r < 0 || n == 0)
        return r;
    if (n > INT_MAX)
        return eddy_raise_at(child.place, EDDY_EINVAL, "%zu coroutines are too many", n);
    eddy_task **tasks = eddy_alloc(n * sizeof(*tasks));
    if (!tasks)
        return eddy__raise_code(EDDY_ENOMEM);
    size_t started = 0;
    for (; started < n; started++) {
        tasks[started] = eddy_create_task_with(coros[started], &child);
        if (!tasks[started])
            break;
    }
    r = started == n ? gather(tasks, n, opts, &wait_for_own) : eddy_status_(tasks[started]);
    close_all(tasks, started);
    eddy_free(tasks);
    return r;
}

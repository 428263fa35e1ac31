/* set.c - tasks that are watched together. */
#include "task/set.h"

#include "base/alloc.h"
#include <limits.h>

/* A cancelled task is no failure here, as in asyncio's FIRST_EXCEPTION. */
static bool is_failure(const eddy_task *task)
{
    return task->status < 0 && task->status != EDDY_ECANCELED;
}

static void set_note(struct eddy__set *set, uint32_t index)
{
    set->order[set->done++] = index;
    if (is_failure(set->watchers[index].task))
        set->failed = true;
}

static void set_task_ended(struct eddy_waiter_ *w, int status)
{
    struct eddy__watcher *watcher = (struct eddy__watcher *)(void *)w;
    struct eddy__set *set = watcher->set;
    bool first_failure = !set->failed;

    (void)status;
    set_note(set, watcher->index);
    if (set->cancel_on_error && first_failure && set->failed)
        eddy__set_cancel_all(set, NULL);
    if (set->waiting && (set->done >= set->needed || (set->wake_on_failure && set->failed))) {
        eddy_task *waiting = set->waiting;

        set->waiting = NULL;
        eddy__wake(waiting, 0);
    }
}

static int set_check(eddy_task *const *tasks, size_t n)
{
    if (n > INT_MAX)
        return eddy__raise(EDDY_EINVAL, "%zu tasks are too many to wait for", n);
    for (size_t i = 0; i < n; i++) {
        if (!tasks[i])
            return eddy__raise(EDDY_EINVAL, "task %zu of those to wait for is NULL", i);
        if (tasks[i] == eddy__self())
            return eddy__raise(EDDY_EDEADLOCK,
                               "task %zu of those to wait for is the one that waits", i);
        if (eddy__task_is_gone(tasks[i], "a wait for several tasks, one"))
            return EDDY_EINVAL;
        if (tasks[i]->loop != eddy__thread.loop)
            return eddy__raise(EDDY_ELOOP, "task %zu belongs to another loop", i);
    }
    return 0;
}

/* Who needs fewer than there are waits for none in particular. */
static eddy_task *next_needed(struct eddy__task_wait *wait)
{
    const struct eddy__set *set = container_of(wait, struct eddy__set, wait);
    bool all = set->needed == set->count && !set->wake_on_failure;

    return all && wait->at < set->count ? set->watchers[wait->at].task : NULL;
}

int eddy__set_open(struct eddy__set *set, eddy_task *const *tasks, size_t n)
{
    int r = set_check(tasks, n);

    if (r < 0)
        return r;
    static const struct eddy__task_wait_kind just_leaves = {next_needed, eddy__set_abort};

    *set = (struct eddy__set){.count = n, .wait.kind = &just_leaves};
    set->watchers = eddy_alloc_zero(n * (sizeof *set->watchers + sizeof *set->order));
    if (!set->watchers)
        return eddy__raise_code(EDDY_ENOMEM);
    set->order = (uint32_t *)(void *)(set->watchers + n);
    for (size_t i = 0; i < n; i++) {
        struct eddy__watcher *watcher = &set->watchers[i];

        *watcher = (struct eddy__watcher){
            .waiter = {.granted = set_task_ended, .task = eddy__self()},
            .set = set,
            .task = tasks[i],
            .index = (uint32_t)i,
        };
        tasks[i]->refs++;
        if (tasks[i]->state == EDDY__TASK_DONE)
            set_note(set, (uint32_t)i);
        else
            eddy__waiters_add(&tasks[i]->done_waiters, &watcher->waiter);
    }
    return 0;
}

void eddy__set_close(struct eddy__set *set)
{
    if (!set->watchers)
        return;
    for (size_t i = 0; i < set->count; i++) {
        eddy__waiters_remove(&set->watchers[i].waiter);
        eddy__task_unref(set->watchers[i].task);
    }
    eddy_free(set->watchers);
    set->watchers = NULL;
}

int eddy__set_wait(struct eddy__set *set, size_t needed, const struct eddy__wait_kind *kind,
                   void *on, struct eddy__task_wait *wait)
{
    if (set->done >= needed || (set->wake_on_failure && set->failed))
        return 0;
    set->needed = needed;
    set->waiting = eddy__self();
    int r = eddy__park_for_tasks(wait, kind, on);
    set->waiting = NULL;
    return r;
}

void eddy__set_abort(eddy_task *task, int code)
{
    struct eddy__set *set = task->waiting_on;

    set->waiting = NULL;
    eddy__wake(task, code);
}

void eddy__set_cancel_all(struct eddy__set *set, const eddy_task *canceller)
{
    for (size_t i = 0; i < set->count; i++)
        eddy__task_cancel(set->watchers[i].task, canceller);
}

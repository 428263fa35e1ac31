/* waiters.c - queues of waiting tasks, first in first out. */
#include "task/task.h"

void eddy__waiters_add(eddy_waiters_ *queue, struct eddy_waiter_ *w)
{
    w->queue = queue;
    w->next = NULL;
    w->prev = queue->last;
    if (queue->last)
        queue->last->next = w;
    else
        queue->first = w;
    queue->last = w;
}

void eddy__waiters_remove(struct eddy_waiter_ *w)
{
    eddy_waiters_ *queue = w->queue;

    if (!queue)
        return;
    if (w->prev)
        w->prev->next = w->next;
    else
        queue->first = w->next;
    if (w->next)
        w->next->prev = w->prev;
    else
        queue->last = w->prev;
    w->queue = NULL;
}

/* What sets, releases, puts: all that wakes others comes through here, and so is checked (G5). */
static COLD void check_thread(const eddy_task *task)
{
    eddy__loop_check_thread(task->loop, "what wakes a task");
}

void eddy__waiter_grant(struct eddy_waiter_ *w, int status)
{
    eddy__waiters_remove(w);
    if (w->granted) {
        w->granted(w, status);
        return;
    }
    if (unlikely(w->task->loop->debug))
        check_thread(w->task);
    eddy__wake(w->task, status);
}

void eddy__waiters_grant_all(eddy_waiters_ *queue, int status)
{
    /* those who come while the others are told belong to the next time */
    struct eddy_waiter_ *last = queue->last;
    struct eddy_waiter_ *w = NULL;

    while (w != last && (w = queue->first))
        eddy__waiter_grant(w, status);
}

void eddy__waiter_abort(eddy_task *task, int code)
{
    struct eddy_waiter_ *w = task->waiting_on;

    eddy__waiters_remove(w);
    eddy__wake(task, code);
}

int eddy__wait_in(eddy_waiters_ *queue, struct eddy_waiter_ *w, const struct eddy__wait_kind *kind)
{
    w->task = eddy__self();
    eddy__waiters_add(queue, w);
    return eddy__park(kind, w);
}

/* errand.c - coroutines that arrive in a loop's inbox and run there as tasks. */
#include "task/errand.h"

void eddy__errand_unref(struct eddy__errand *errand)
{
    if (atomic_fetch_sub(&errand->refs, 1) != 1)
        return;
    eddy__error_unref(errand->error);
    errand->free(errand);
}

static void errand_finish(struct eddy__errand *errand, eddy_task *task, int status)
{
    errand->task = NULL;
    errand->status = status;
    errand->ended(errand, task);
    eddy__errand_unref(errand);
}

static void errand_task_ended(eddy_task *task)
{
    struct eddy__errand *errand = task->owner;

    if (task->status < 0)
        errand->error = eddy__error_ref(eddy__task_record(task));
    errand_finish(errand, task, task->status);
}

static COLD void never_started(struct eddy__errand *errand)
{
    int code = EDDY_ENOMEM;

    if (errand->loop->closing)
        code = eddy__raise(EDDY_ECLOSED, "Event loop is closed");
    errand->error = eddy__error_take();
    errand_finish(errand, NULL, code);
}

static void errand_start(struct eddy__inbox_node *node)
{
    struct eddy__errand *errand = (struct eddy__errand *)(void *)node;
    eddy_task *task =
        errand->loop->closing ? NULL : eddy__task_new(errand->loop, &errand->coro, NULL);

    if (!task) {
        never_started(errand);
        return;
    }
    errand->task = task;
    task->owner = errand;
    task->on_end = errand_task_ended;
    eddy__task_start(task);
    eddy_detach(task);
}

static void cancel(struct eddy__inbox_node *node)
{
    struct eddy__errand *errand = container_of(node, struct eddy__errand, cancel);

    atomic_store(&errand->cancelling, false);
    if (errand->task && !errand->task->cancels)
        eddy__task_cancel(errand->task, NULL);
    eddy__errand_unref(errand);
}

int eddy__errand_send(struct eddy__errand *errand)
{
    errand->start.fn = errand_start;
    errand->cancel.fn = cancel;
    atomic_store(&errand->refs, 2);
    if (eddy__inbox_push(errand->loop, &errand->start) >= 0)
        return 0;
    atomic_store(&errand->refs, 1);
    return eddy__raise(EDDY_ECLOSED, "Event loop is closed");
}

int eddy__errand_cancel(struct eddy__errand *errand)
{
    if (atomic_exchange(&errand->cancelling, true))
        return 0;
    atomic_fetch_add(&errand->refs, 1);
    int r = eddy__inbox_push(errand->loop, &errand->cancel);
    if (r < 0)
        eddy__errand_unref(errand);
    return r;
}

int eddy__errand_raise(const struct eddy__errand *errand)
{
    return eddy__error_awaited(errand->error, errand->status);
}

/* await.c - waiting for the end of a task, and closing its handle. */
#include "base/alloc.h"
#include "task/done.h"

struct awaiting {
    struct eddy_waiter_ waiter; /* must stay first: waiting_on is read as the waiter */
    struct eddy__task_wait wait;
    eddy_task *inner;
    bool propagate; /* cancel inner when the awaiter is */
};

static bool sole_awaiter(const struct awaiting *a)
{
    for (const struct eddy_waiter_ *w = a->inner->done_waiters.first; w; w = w->next)
        if (w != &a->waiter && w->task)
            return false;
    return true;
}

static void await_abort(eddy_task *task, int code);

static const struct eddy__wait_kind awaiting_task = {"a task", await_abort};
static const struct eddy__wait_kind joining_task = {"the end of a task", NULL};

/* What inner waits for when that is a task. */
static eddy_task *awaited_by(const eddy_task *task)
{
    if (task->state != EDDY__TASK_PARKED || task->waiting != &awaiting_task)
        return NULL;
    return ((const struct awaiting *)task->waiting_on)->inner;
}

/* Whether from awaits one that awaits … to. There may be cycles without it. */
static bool leads_to(const eddy_task *from, const eddy_task *to)
{
    size_t left = eddy__tasks_of(to->loop)->count;

    while (from && from != to && left-- > 0)
        from = awaited_by(from);
    return from == to;
}

static bool takes_along(const struct awaiting *a)
{
    return a->wait.aborted || (a->propagate && sole_awaiter(a));
}

/* The only one who waits for a task takes it along and waits on; one of several just leaves. */
static void await_abort(eddy_task *task, int code)
{
    struct awaiting *a = task->waiting_on;

    if (takes_along(a))
        eddy__pass_on(&a->wait, task, code);
    else
        eddy__waiter_abort(task, code);
}

static eddy_task *take_inner(struct eddy__task_wait *wait)
{
    return wait->at == 0 ? container_of(wait, struct awaiting, wait)->inner : NULL;
}

static const struct eddy__task_wait_kind wait_of_await = {take_inner, eddy__waiter_abort};

/* Its words must not be on the stack of everybody who waits. */
static COLD void tell_cycle(void *arg)
{
    eddy_task *self = eddy__self(), *inner = arg;
    char members[512] = "";
    size_t length = 0;

    for (eddy_task *t = inner; t; t = awaited_by(t)) {
        int n = snprintf(members + length, sizeof members - length, "%s -> ", eddy_task_name(t));

        length = min_size(length + (size_t)(n > 0 ? n : 0), sizeof members - 1);
        if (t == self)
            break;
    }
    members[length - 4] = '\0';
    eddy__bug(EDDY_EDEADLOCK, "tasks await each other: %s -> %s", eddy_task_name(self), members);
}

/* Debug mode: a cycle of tasks that await each other would wait for ever. */
static int check_cycle(eddy_task *self, eddy_task *inner)
{
    if (!leads_to(inner, self))
        return 0;
    eddy__aside(tell_cycle, inner);
    return EDDY_EDEADLOCK;
}

static int check_await(eddy_task *self, eddy_task *task)
{
    if (!task)
        return eddy__raise(EDDY_EINVAL, "eddy_await: the task is NULL");
    if (task == self)
        return eddy__raise(EDDY_EDEADLOCK, "a task cannot await itself");
    if (eddy__task_is_gone(task, "eddy_await"))
        return EDDY_EINVAL;
    if (task->loop != self->loop)
        return eddy__raise(EDDY_ELOOP, "the task belongs to another loop");
    return self->loop->debug ? check_cycle(self, task) : 0;
}

int eddy__task_result(eddy_task *task, int aborted)
{
    const eddy_task *self = eddy__self();
    int code = task->status;

    task->observed = true;
    if (likely(code >= 0))
        return code;
    if (code != EDDY_ECANCELED)
        return eddy__error_awaited(task->fiber.error, code);
    if (aborted)
        return eddy__raise_interrupt(aborted);
    if (!self || task->canceller != self->id)
        code = EDDY_ECHILDCANCELED;
    if (eddy__task_reason(task))
        return eddy__raise_cancelled(code, eddy_status_message(code), eddy__task_reason(task));
    return eddy__error_awaited(task->fiber.error, code);
}

static int await_task(eddy_task *task, bool propagate)
{
    eddy_task *self = eddy__self();
    struct awaiting a = {.wait.kind = &wait_of_await, .inner = task, .propagate = propagate};

    int r = eddy__check_interrupt();
    if (r < 0)
        return r;
    if ((r = check_await(self, task)) < 0)
        return r;
    if (task->state == EDDY__TASK_DONE)
        return eddy__spent(eddy__task_result(task, 0));
    a.waiter.task = self;
    eddy__waiters_add(&task->done_waiters, &a.waiter);
    task->refs++; /* who has the handle may close it before this one has run again */
    int left = eddy__park_for_tasks(&a.wait, &awaiting_task, &a);
    if (left == 0)
        r = eddy__task_result(task, a.wait.aborted);
    eddy__task_unref(task);
    return left < 0 ? eddy__raise_interrupt(left) : r;
}

int eddy_await(eddy_task *task)
{
    return await_task(task, true);
}

int eddy_await_shielded(eddy_task *task)
{
    return await_task(task, false);
}

/* ---- closing ---- */

bool eddy__task_report_gone(const char *call)
{
    eddy__bug(EDDY_EINVAL, "%s of a task whose handle was given back before", call);
    return true;
}

int eddy__task_join(eddy_task *task)
{
    struct awaiting a = {.wait.kind = &wait_of_await, .inner = task};

    if (task->state == EDDY__TASK_DONE)
        return 0;
    a.waiter.task = eddy__self();
    eddy__waiters_add(&task->done_waiters, &a.waiter);
    return eddy__park_for_tasks(&a.wait, &joining_task, &a);
}

/* From now on nobody has a handle of it; the reference is still there. False, and reported, when it
 * was given back before. */
static bool take_handle(eddy_task *task)
{
    if (unlikely(!task->handle)) {
        eddy__bug(EDDY_EINVAL, "a task's handle was given back twice");
        return false;
    }
    task->handle = false;
    return true;
}

/* Cancels it and waits for its end. When the cancellation comes back to the caller, or nobody else
 * can leave the cycle, that end waits for the caller's own. */
static void end_task_of(eddy_task *task, eddy_task *self)
{
    uint32_t cancels = self->cancels;

    eddy__task_cancel(task, self);
    if (self->cancels != cancels || eddy__task_join(task) < 0)
        eddy__bug(EDDY_EDEADLOCK, "a task closes the handle of one that waits for it: it cannot "
                                  "wait for that one's end");
}

static NOINLINE void end_first(eddy_task *task)
{
    eddy_task *self = eddy__self();

    if (task == self) {
        eddy__bug(EDDY_EINVAL, "a task closes its own handle: it cannot wait for its own end");
        return;
    }
    eddy_error *saved = eddy__error_take();
    if (self && self->loop == task->loop)
        end_task_of(task, self);
    else
        eddy__task_cancel(task, self);
    eddy__error_put(saved);
}

void eddy_task_close(eddy_task *task)
{
    if (!task || !take_handle(task))
        return;
    if (task->state != EDDY__TASK_DONE)
        end_first(task);
    eddy__task_unref(task);
}

void eddy_detach(eddy_task *task)
{
    if (task && take_handle(task))
        eddy__task_unref(task);
}

/* ---- done callbacks ---- */

static int run_task_callback(void *arg)
{
    struct eddy__done_callback callback = *(struct eddy__done_callback *)arg;

    eddy__done_callback_free(arg);
    int r = callback.fn.task(callback.of, callback.arg);
    eddy_error *error = eddy__error_take(); /* the task's last handle may bring a report */
    eddy__task_unref(callback.of);
    eddy__error_put(error);
    return r;
}

int eddy_task_add_done_callback(eddy_task *task, eddy_task_callback *fn, void *arg)
{
    if (eddy__task_is_gone(task, __func__))
        return EDDY_EINVAL;
    if (atomic_load(&task->loop->closed))
        return eddy__raise(EDDY_ECLOSED, "Event loop is closed");
    struct eddy__done_callback *callback = eddy__done_callback_make(task->loop, run_task_callback);
    if (!callback)
        return EDDY_ENOMEM;
    callback->of = task;
    callback->fn.task = fn;
    callback->arg = arg;
    task->refs++;
    eddy__done_callback_add(callback, task->state == EDDY__TASK_DONE ? NULL : &task->done_waiters);
    return 0;
}

unsigned eddy_task_remove_done_callback(eddy_task *task, eddy_task_callback *fn, void *arg)
{
    struct eddy_waiter_ *next;
    unsigned n = 0;

    if (eddy__task_is_gone(task, __func__))
        return 0;
    for (struct eddy_waiter_ *w = task->done_waiters.first; w; w = next) {
        struct eddy__done_callback *callback = container_of(w, struct eddy__done_callback, waiter);

        next = w->next;
        if (!eddy__is_done_callback(w) || callback->fn.task != fn || callback->arg != arg)
            continue;
        eddy__done_callback_free(callback);
        eddy__task_unref(task);
        n++;
    }
    return n;
}

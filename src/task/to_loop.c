/* to_loop.c - eddy_to_loop: a task waits for a coroutine that runs in another loop. */
#include "base/alloc.h"
#include "task/errand.h"
#include <eddy/loops.h>

/* An errand whose sender is a task. It waits until `answer` has come to its own loop, whatever
 * happens to it, so that nothing of its stack is used later. */
struct call {
    struct eddy__errand errand; /* must stay first */
    struct eddy__inbox_node answer;
    eddy_loop *from;
    eddy_task *caller;
    struct eddy__task_wait wait;
    int aborted; /* what reached the caller meanwhile, 0: nothing */
    bool foreign;
};

static struct call *to_loop_call_of(struct eddy__errand *errand)
{
    return (struct call *)(void *)errand;
}

static void to_loop_answered(struct eddy__inbox_node *node)
{
    eddy__wake(container_of(node, struct call, answer)->caller, 0);
}

/* When the push fails the caller was stuck, and its loop has been closed over it. */
static void to_loop_ended(struct eddy__errand *errand, eddy_task *task)
{
    struct call *call = to_loop_call_of(errand);

    if (task)
        task->observed = true;
    (void)eddy__inbox_push(call->from, &call->answer);
}

static void abort_call(eddy_task *task, int code)
{
    struct call *call = task->waiting_on;

    call->aborted = code;
    (void)eddy__errand_cancel(&call->errand); /* closed: it has ended, the answer is coming */
}

/* Only within one loop it is known who waits for whom. */
static eddy_task *task_of_call(struct eddy__task_wait *wait)
{
    const struct call *call = container_of(wait, struct call, wait);

    return wait->at == 0 && call->errand.loop == call->from ? call->errand.task : NULL;
}

/* Both loops stay as long as this does. Loops of one run know of each other when nothing can happen
 * any more; others are held. */
static void to_loop_hold(struct call *call)
{
    if (call->foreign) {
        eddy_loop_hold(call->from);
        eddy_loop_hold(call->errand.loop);
    } else {
        eddy__loop_ref(call->from);
        eddy__loop_ref(call->errand.loop);
    }
}

static void free_call(struct eddy__errand *errand)
{
    struct call *call = to_loop_call_of(errand);
    void (*let_go)(eddy_loop *) = call->foreign ? eddy_loop_release : eddy__loop_unref;
    eddy_loop *from = call->from, *to = errand->loop;

    eddy_free(call);
    let_go(from);
    let_go(to);
}

static struct call *to_loop_make(eddy_loop *to, eddy_coro coro)
{
    eddy_task *self = eddy__self();
    struct call *call = eddy_alloc_zero(sizeof *call);

    if (!call)
        return NULL;
    static const struct eddy__task_wait_kind wait = {task_of_call, NULL};

    call->wait.kind = &wait;
    call->errand.loop = to;
    call->errand.coro = coro;
    call->errand.ended = to_loop_ended;
    call->errand.free = free_call;
    call->answer.fn = to_loop_answered;
    call->from = self->loop;
    call->caller = self;
    call->foreign = to != self->loop && (!to->peers || to->peers != self->loop->peers);
    to_loop_hold(call);
    return call;
}

static int result(const struct call *call)
{
    int status = call->errand.status;

    if (status >= 0)
        return status;
    if (status != EDDY_ECANCELED)
        return eddy__errand_raise(&call->errand);
    if (call->aborted)
        return eddy__raise_interrupt(call->aborted);
    return eddy__error_awaited(call->errand.error, EDDY_ECHILDCANCELED);
}

int eddy_to_loop(eddy_loop *loop, eddy_coro coro)
{
    static const struct eddy__wait_kind kind = {"a coroutine in another loop", abort_call};
    int r = eddy__check_interrupt();

    if (r < 0)
        return r;
    if (!loop)
        return eddy_raise_at(
            NULL, EDDY_EINVAL,
            "eddy_to_loop: the loop is NULL; eddy_loop_at gives those of this run");
    struct call *call = to_loop_make(loop, coro);
    if (!call)
        return eddy__raise_code(EDDY_ENOMEM);
    r = eddy__errand_send(&call->errand);
    if (r >= 0) {
        eddy__park_for_tasks(&call->wait, &kind, call);
        r = result(call);
    }
    eddy__errand_unref(&call->errand);
    return r;
}

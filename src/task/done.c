/* done.c - callbacks of the end of a task or a future: calls that are kept until they are due. */
#include "task/done.h"

#include "base/alloc.h"
#include <math.h>

struct eddy__done_callback *eddy__done_callback_make(eddy_loop *loop, eddy_callback *run)
{
    struct eddy__done_callback *callback = eddy_alloc_zero(sizeof *callback);

    if (callback)
        callback->call = eddy_loop_call_at(loop, (double)INFINITY, run, callback);
    if (!callback || !callback->call.call) {
        eddy_free(callback);
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    eddy__loop_ref(loop);
    list_init(&callback->link);
    callback->loop = loop;
    callback->run = run;
    return callback;
}

/* Gives the call that was kept back and takes it again for the next turn. */
static void done_callback_due(struct eddy_waiter_ *w, int status)
{
    struct eddy__done_callback *callback = container_of(w, struct eddy__done_callback, waiter);

    (void)status;
    if (atomic_load(&callback->loop->closed))
        return;
    eddy_loop_cancel_call(callback->loop, callback->call);
    callback->call = eddy_loop_call_soon(callback->loop, callback->run, callback);
}

void eddy__done_callback_add(struct eddy__done_callback *callback, eddy_waiters_ *queue)
{
    callback->waiter.granted = done_callback_due;
    if (queue)
        eddy__waiters_add(queue, &callback->waiter);
    else
        done_callback_due(&callback->waiter, 0);
}

bool eddy__is_done_callback(const struct eddy_waiter_ *w)
{
    return w->granted == done_callback_due;
}

void eddy__done_callback_free(struct eddy__done_callback *callback)
{
    if (callback->waiter.queue)
        eddy__waiters_remove(&callback->waiter);
    list_remove(&callback->link);
    if (!atomic_load(&callback->loop->closed))
        eddy_loop_cancel_call(callback->loop, callback->call);
    eddy__loop_unref(callback->loop);
    eddy_free(callback);
}

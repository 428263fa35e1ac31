/* future.c - eddy_future. */
#include "task/done.h"

#include "base/alloc.h"

static const struct eddy__wait_kind future_waits = {"a future", eddy__waiter_abort};

/* ---- opening and closing ---- */

eddy_future *eddy_future_open(size_t size)
{
    eddy_future *future = NULL;

    if (size <= SIZE_MAX - sizeof *future)
        future = eddy_alloc_zero(sizeof *future + size);
    if (!future) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    future->size = size;
    future->refs = 1;
    future->status = EDDY__FUTURE_PENDING;
    list_init(&future->callbacks);
    return future;
}

void eddy__future_unref(eddy_future *future)
{
    if (--future->refs > 0)
        return;
    if (future->status < 0 && !future->observed && !future->cancelled)
        eddy__report(eddy__thread.loop,
                     &(eddy_report){.message = "Future exception was never retrieved",
                                    .error = future->error});
    eddy__error_unref(future->error);
    eddy_free(future);
}

/* Those who wait are told that it is done; how, they find in the future. */
static void future_resolve(eddy_future *future, int status)
{
    future->status = status;
    eddy__waiters_grant_all(&future->waiters, EDDY__FUTURE_DONE);
}

void eddy_future_close(eddy_future *future)
{
    if (!future)
        return;
    list_each_safe(link, &future->callbacks)
        eddy__done_callback_free(container_of(link, struct eddy__done_callback, link));
    if (future->status == EDDY__FUTURE_PENDING) {
        future->observed = true;
        future_resolve(future, EDDY_ECLOSED);
    }
    eddy__future_unref(future);
}

/* ---- resolving ---- */

static COLD int already(const eddy_future *future)
{
    return eddy__raise(EDDY_EALREADYDONE, "the future is %s already",
                       future->cancelled ? "cancelled" : "resolved");
}

int eddy_future_set_result(eddy_future *future, const void *result)
{
    if (future->status != EDDY__FUTURE_PENDING)
        return already(future);
    if (result)
        memcpy(future->result, result, future->size);
    future_resolve(future, 0);
    return 0;
}

/* Makes the record as a raise of the calling task would, without disturbing the task's own. It has
 * no place but the return addresses: the failure is the caller's, not this file's. */
static eddy_error *make_record(int code, const char *message)
{
    eddy_error *own = eddy__error_take();

    eddy__raise(code, "%s", message ? message : eddy_status_message(code));
    eddy_error *error = eddy__error_take();
    eddy__error_put(own);
    return error;
}

static eddy_error *make_cancelled(const char *reason)
{
    static const char message[] = "the future was cancelled";
    eddy_error *own = eddy__error_take();

    if (reason)
        eddy__raise_cancelled(EDDY_ECHILDCANCELED, message, reason);
    else
        eddy__raise(EDDY_ECHILDCANCELED, "%s", message);
    eddy_error *error = eddy__error_take();
    eddy__error_put(own);
    return error;
}

int eddy_future_set_error(eddy_future *future, int code, const char *message)
{
    if (code == EDDY_ECANCELED)
        return eddy_future_cancel(future, .reason = message);
    if (future->status != EDDY__FUTURE_PENDING)
        return already(future);
    if (code >= 0)
        code = EDDY_EINVAL;
    future->error = make_record(code, message);
    future_resolve(future, code);
    return 0;
}

int eddy_future_cancel_with(eddy_future *future, const eddy_cancel_opts *opts)
{
    if (future->status != EDDY__FUTURE_PENDING)
        return already(future);
    future->cancelled = true;
    future->error = make_cancelled(opts ? opts->reason : NULL);
    future_resolve(future, EDDY_ECHILDCANCELED);
    return 0;
}

/* ---- awaiting ---- */

int eddy__future_take(eddy_future *future, void *result)
{
    if (unlikely(future->status < 0)) {
        future->observed = true;
        if (!future->error)
            return eddy__raise_code(future->status);
        return eddy__error_awaited(future->error, future->status);
    }
    if (result)
        memcpy(result, future->result, future->size);
    return 0;
}

int eddy_future_await(eddy_future *future, void *result)
{
    struct eddy_waiter_ w = {0};
    int r = eddy__check_interrupt();

    if (r < 0)
        return r;
    if (future->status != EDDY__FUTURE_PENDING) {
        r = eddy__future_take(future, result);
        eddy__spend();
        return r;
    }
    future->refs++;
    r = eddy__wait_in(&future->waiters, &w, &future_waits);
    /* otherwise this task alone was sent away (rule A8) */
    if (r == EDDY__FUTURE_DONE)
        r = eddy__future_take(future, result);
    else
        eddy__raise_if(r);
    eddy__future_unref(future);
    return r;
}

int eddy_future_result(eddy_future *future, void *result)
{
    if (future->status == EDDY__FUTURE_PENDING)
        return eddy__raise(EDDY_ENOTREADY, "Result is not set.");
    return eddy__future_take(future, result);
}

bool eddy_future_done(const eddy_future *future)
{
    return future->status != EDDY__FUTURE_PENDING;
}

bool eddy_future_cancelled(const eddy_future *future)
{
    return future->cancelled;
}

/* ---- done callbacks ---- */

static int run_future_callback(void *arg)
{
    struct eddy__done_callback callback = *(struct eddy__done_callback *)arg;

    eddy__done_callback_free(arg);
    return callback.fn.future(callback.of, callback.arg);
}

int eddy_future_add_done_callback(eddy_future *future, eddy_future_callback *fn, void *arg)
{
    eddy_loop *loop = eddy__thread.loop;

    if (!fn)
        return eddy__raise(EDDY_EINVAL, "the callback is NULL");
    if (!loop)
        return eddy__raise(EDDY_ELOOP, "no loop is running that could make the call");
    struct eddy__done_callback *callback = eddy__done_callback_make(loop, run_future_callback);
    if (!callback)
        return EDDY_ENOMEM;
    callback->of = future;
    callback->fn.future = fn;
    callback->arg = arg;
    list_add_tail(&future->callbacks, &callback->link);
    eddy__done_callback_add(callback,
                            future->status == EDDY__FUTURE_PENDING ? &future->waiters : NULL);
    return 0;
}

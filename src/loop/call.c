/* call.c - call_soon, call_later, call_at and cancelling them. */
#include "loop/call.h"

#include "base/alloc.h"
#include <math.h>

enum { SLAB_CALLS = 64 };

struct call_slab {
    struct list link;
    struct eddy__call calls[SLAB_CALLS];
};

/* Each call of a slab has its place in the ready ring, so that making it ready cannot fail. */
static COLD int call_add_slab(eddy_loop *loop)
{
    struct call_slab *slab = eddy_alloc_zero(sizeof *slab);

    if (!slab)
        return EDDY_ENOMEM;
    for (int i = 0; i < SLAB_CALLS; i++) {
        if (eddy__ready_reserve(loop) < 0) {
            while (i-- > 0)
                eddy__ready_unreserve(loop);
            eddy_free(slab);
            return EDDY_ENOMEM;
        }
    }
    for (int i = SLAB_CALLS; i-- > 0;) {
        slab->calls[i].next = loop->free_calls;
        loop->free_calls = &slab->calls[i];
    }
    list_add_tail(&loop->call_slabs, &slab->link);
    return 0;
}

void eddy__calls_close(eddy_loop *loop)
{
    struct list *link;

    while ((link = list_take_first(&loop->call_slabs)))
        eddy_free(container_of(link, struct call_slab, link));
    loop->free_calls = NULL;
}

static inline struct eddy__call *call_take(eddy_loop *loop, eddy_callback *fn, void *arg)
{
    if (unlikely(!loop->free_calls) && call_add_slab(loop) < 0)
        return NULL;
    struct eddy__call *call = loop->free_calls;
    loop->free_calls = call->next;
    call->fn = fn;
    call->arg = arg;
    return call;
}

static void call_give_back(eddy_loop *loop, struct eddy__call *call)
{
    call->id++;
    call->next = loop->free_calls;
    loop->free_calls = call;
}

static void call_ready(eddy_loop *loop, struct eddy__call *call)
{
    call->in_ring = true;
    eddy__ready_push(loop, (uintptr_t)call | 1);
}

static void timer_fired(eddy_loop *loop, eddy_timer_ *timer)
{
    call_ready(loop, container_of(timer, struct eddy__call, timer));
}

/* A bare code gets the record that eddy_raise would have made. */
static COLD void call_report_failure(eddy_loop *loop, int code)
{
    if (eddy_last_status() != code)
        eddy__raise_code(code);
    eddy__report(loop, &(eddy_report){.message = "a callback failed", .error = eddy_last_error()});
}

void eddy__call_run(eddy_loop *loop, struct eddy__call *call)
{
    eddy_callback *fn = call->fn;
    void *arg = call->arg;

    call->in_ring = false;
    call_give_back(loop, call);
    if (!fn) /* cancelled */
        return;
    int r = fn(arg);
    if (r < 0)
        call_report_failure(loop, r);
    eddy_error_clear();
}

eddy_handle eddy_loop_call_soon(eddy_loop *loop, eddy_callback *fn, void *arg)
{
    struct eddy__call *call = NULL;

    if (eddy__loop_check_thread(loop, __func__))
        call = call_take(loop, fn, arg);
    if (!call)
        return (eddy_handle){NULL, 0};
    call_ready(loop, call);
    return (eddy_handle){call, call->id};
}

static inline eddy_handle call_at_ns(eddy_loop *loop, int64_t when, eddy_callback *fn, void *arg)
{
    struct eddy__call *call = NULL;

    if (eddy__loop_check_thread(loop, "eddy_loop_call_later"))
        call = call_take(loop, fn, arg);
    if (!call)
        return (eddy_handle){NULL, 0};
    call->timer.fire = timer_fired;
    if (eddy__timer_arm(loop, &call->timer, when) < 0) {
        call_give_back(loop, call);
        return (eddy_handle){NULL, 0};
    }
    return (eddy_handle){call, call->id};
}

eddy_handle eddy_loop_call_later(eddy_loop *loop, double delay, eddy_callback *fn, void *arg)
{
    if (isnan(delay) || !eddy__loop_given(loop, __func__))
        return (eddy_handle){NULL, 0};
    int64_t ns = eddy__ns_of_seconds(delay);
    /* between two runs nothing else makes the clock read anew */
    int64_t now = loop->running ? eddy__loop_now(loop) : eddy__loop_now_exact(loop);
    return call_at_ns(loop, eddy__ns_after(now, ns), fn, arg);
}

eddy_handle eddy_loop_call_at(eddy_loop *loop, double when, eddy_callback *fn, void *arg)
{
    if (isnan(when) || !eddy__loop_given(loop, __func__))
        return (eddy_handle){NULL, 0};
    return call_at_ns(loop, eddy__ns_of_seconds(when), fn, arg);
}

bool eddy_loop_cancel_call(eddy_loop *loop, eddy_handle handle)
{
    struct eddy__call *call = handle.call;

    if (!eddy__loop_check_thread(loop, __func__) || !call || call->id != handle.id)
        return false;
    if (call->in_ring) {
        bool was_to_come = call->fn != NULL;

        call->fn = NULL;
        return was_to_come;
    }
    eddy__timer_cancel(loop, &call->timer);
    call_give_back(loop, call);
    return true;
}

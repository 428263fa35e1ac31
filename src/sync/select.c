/* select.c - eddy_select.
 *
 * A task that selects stands in the queues of all its cases at once. The first grant decides: it
 * takes the task out of all other queues before anything else can happen there, so that exactly
 * one operation is done (rule F5). */
#include "sync/sync.h"
#include <limits.h>

enum { NODES_ON_STACK = 8 };

/* One node for each case; waiting_on of the task while it waits. */
struct selection {
    struct eddy_waiter_ *nodes;
    size_t n;
    size_t winner;
};

static void select_take_out(struct selection *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->nodes[i].queue)
            eddy__waiters_remove(&s->nodes[i]);
    }
}

static void granted(struct eddy_waiter_ *w, int status)
{
    struct selection *s = w->task->waiting_on;

    s->winner = (size_t)(w - s->nodes);
    select_take_out(s);
    eddy__wake(w->task, status);
}

static void aborted(eddy_task *task, int code)
{
    select_take_out(task->waiting_on);
    eddy__wake(task, code);
}

static const struct eddy__wait_kind select_waits = {"one of several queues and futures", aborted};

/* ---- what the kinds of cases do ---- */

static int select_check(const eddy_select_case *cases, size_t n)
{
    if (!cases || n == 0)
        return eddy__raise(EDDY_EINVAL, "eddy_select needs a case");
    if (n > INT_MAX)
        return eddy__raise(EDDY_EINVAL, "eddy_select has too many cases");
    for (size_t i = 0; i < n; i++) {
        const eddy_select_case *c = &cases[i];

        if (c->kind < EDDY_SELECT_GET || c->kind > EDDY_SELECT_FUTURE)
            return eddy__raise(EDDY_EINVAL, "case %zu of eddy_select has no kind", i);
        if (!c->object || (!c->item && c->kind != EDDY_SELECT_FUTURE))
            return eddy__raise(EDDY_EINVAL, "case %zu of eddy_select has a NULL in it", i);
    }
    return 0;
}

/* True when it happened, with its status raised; false when it would have to wait. */
static bool attempt(eddy_select_case *c)
{
    eddy_future *future = c->object;
    int r;

    switch (c->kind) {
    case EDDY_SELECT_GET:
        r = eddy__queue_try_get(c->object, c->item);
        break;
    case EDDY_SELECT_PUT:
        r = eddy__queue_try_put(c->object, c->item);
        break;
    default:
        if (future->status == EDDY__FUTURE_PENDING)
            return false;
        c->status = eddy__future_take(future, c->item);
        return true;
    }
    if (r == EDDY_EEMPTY || r == EDDY_EFULL)
        return false;
    c->status = r == 0 ? 0 : eddy__queue_raise(r);
    return true;
}

static int attempt_first(eddy_select_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (attempt(&cases[i]))
            return (int)i;
    }
    return EDDY_EAGAIN;
}

static eddy_waiters_ *waiters_of(const eddy_select_case *c)
{
    eddy_queue *queue = c->object;
    eddy_future *future = c->object;

    switch (c->kind) {
    case EDDY_SELECT_GET:
        return &queue->getters;
    case EDDY_SELECT_PUT:
        return &queue->putters;
    default:
        return &future->waiters;
    }
}

/* A future is kept while it is waited for, see future.h; a queue may be gone after the wait. */
static void keep_futures(const eddy_select_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (cases[i].kind == EDDY_SELECT_FUTURE)
            ((eddy_future *)cases[i].object)->refs++;
    }
}

static void give_back_futures(const eddy_select_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (cases[i].kind == EDDY_SELECT_FUTURE)
            eddy__future_unref(cases[i].object);
    }
}

/* ---- waiting ---- */

static int wait_in_all(eddy_select_case *cases, size_t n, struct eddy_waiter_ *nodes)
{
    struct selection s = {nodes, n, SIZE_MAX};

    for (size_t i = 0; i < n; i++) {
        nodes[i] =
            (struct eddy_waiter_){.task = eddy__self(), .slot = cases[i].item, .granted = granted};
        eddy__waiters_add(waiters_of(&cases[i]), &nodes[i]);
    }
    keep_futures(cases, n);
    int r = eddy__park(&select_waits, &s);
    if (s.winner < n) {
        eddy_select_case *c = &cases[s.winner];

        if (c->kind == EDDY_SELECT_FUTURE)
            c->status = eddy__future_take(c->object, c->item);
        else
            c->status = r == 0 ? 0 : eddy__queue_raise(r);
        r = (int)s.winner;
    }
    give_back_futures(cases, n);
    return eddy__raise_if(r);
}

static NOINLINE int wait_with_few(eddy_select_case *cases, size_t n)
{
    struct eddy_waiter_ nodes[NODES_ON_STACK];

    return wait_in_all(cases, n, nodes);
}

static int wait_with_many(eddy_select_case *cases, size_t n)
{
    struct eddy_waiter_ *nodes = NULL;

    if (n <= SIZE_MAX / sizeof *nodes)
        nodes = eddy_alloc(n * sizeof *nodes);
    if (!nodes)
        return eddy__raise_code(EDDY_ENOMEM);
    int r = wait_in_all(cases, n, nodes);
    eddy_free(nodes);
    return r;
}

int eddy_select(eddy_select_case *cases, size_t n)
{
    int r = eddy__check_interrupt();

    if (r < 0 || (r = select_check(cases, n)) < 0)
        return r;
    r = attempt_first(cases, n);
    if (r < 0)
        return n <= NODES_ON_STACK ? wait_with_few(cases, n) : wait_with_many(cases, n);
    eddy__spend();
    return r;
}

int eddy_select_nowait(eddy_select_case *cases, size_t n)
{
    int r = select_check(cases, n);

    if (r < 0)
        return r;
    r = attempt_first(cases, n);
    return r >= 0 ? r : eddy__raise(EDDY_EAGAIN, "no case of eddy_select can happen yet");
}

/* queue.c - eddy_queue: who puts, who gets, who waits. */
#include "sync/sync.h"

static const struct eddy__wait_kind put_waits = {"room in a queue", eddy__waiter_abort};
static const struct eddy__wait_kind get_waits = {"an item in a queue", eddy__waiter_abort};
static const struct eddy__wait_kind join_waits = {"the last item of a queue to be done",
                                                  eddy__waiter_abort};

/* ---- opening, closing ---- */

static int check_options(size_t item_size, const eddy_queue_opts *opts)
{
    if (item_size == 0)
        return eddy__raise(EDDY_EINVAL, "a queue's items need a size");
    if (opts->kind < EDDY_FIFO || opts->kind > EDDY_PRIORITY)
        return eddy__raise(EDDY_EINVAL, "%d is no kind of queue", opts->kind);
    if (opts->kind == EDDY_PRIORITY && !opts->compare)
        return eddy__raise(EDDY_EINVAL, "a priority queue needs .compare");
    return 0;
}

eddy_queue *eddy_queue_open_with(size_t item_size, size_t capacity, const eddy_queue_opts *opts)
{
    static const eddy_queue_opts defaults;

    if (!opts)
        opts = &defaults;
    if (check_options(item_size, opts) < 0)
        return NULL;
    eddy_queue *queue = eddy_alloc_zero(sizeof *queue);
    if (!queue) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    queue->item_size = item_size;
    queue->capacity = capacity ? capacity : SIZE_MAX;
    queue->kind = (uint8_t)opts->kind;
    queue->compare = opts->compare;
    queue->drop = opts->drop;
    queue->refs = 1;
    if (eddy__order_open(queue) < 0) {
        eddy_free(queue);
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    return queue;
}

static void queue_unref(eddy_queue *queue)
{
    if (--queue->refs)
        return;
    eddy_free(queue->items);
    eddy_free(queue);
}

void eddy_queue_close(eddy_queue *queue)
{
    if (!queue)
        return;
    if (queue->closed) {
        eddy__bug(EDDY_ECLOSED, "a queue is closed twice");
        return;
    }
    queue->closed = true;
    eddy_queue_shutdown(queue, .immediate = true);
    eddy__waiters_grant_all(&queue->joiners, EDDY_ECLOSED);
    queue_unref(queue);
}

static void finished(eddy_queue *queue, size_t n)
{
    queue->unfinished -= min_size(n, queue->unfinished);
    if (queue->unfinished == 0)
        eddy__waiters_grant_all(&queue->joiners, 0);
}

/* The items are out of the queue before the first drop, which may call anything. */
static void queue_drop_all(eddy_queue *queue)
{
    size_t n = queue->count;

    queue->count = 0;
    queue->refs++;
    eddy__order_drop(queue, n);
    finished(queue, n);
    queue_unref(queue);
}

void eddy_queue_shutdown_with(eddy_queue *queue, const eddy_shutdown_opts *opts)
{
    queue->shut = true;
    queue->room = 0;
    eddy__waiters_grant_all(&queue->putters, EDDY_ECLOSED);
    eddy__waiters_grant_all(&queue->getters, EDDY_ECLOSED);
    if (opts && opts->immediate)
        queue_drop_all(queue);
}

/* ---- attempts ---- */

static inline void queue_push(eddy_queue *queue, const void *item)
{
    queue->unfinished++;
    if (likely(queue->kind == EDDY_FIFO))
        eddy__ring_push(queue, item);
    else
        eddy__order_push(queue, item);
}

static inline void queue_pop(eddy_queue *queue, void *item)
{
    if (likely(queue->kind == EDDY_FIFO))
        eddy__ring_pop(queue, item);
    else
        eddy__order_pop(queue, item);
}

static inline int try_put(eddy_queue *queue, const void *item)
{
    struct eddy_waiter_ *getter = queue->getters.first;

    if (getter) {
        queue->unfinished++;
        eddy__item_copy(getter->slot, item, queue->item_size);
        eddy__waiter_grant(getter, 0);
        return 0;
    }
    if (unlikely(queue->shut))
        return EDDY_ECLOSED;
    if (queue->count >= queue->capacity)
        return EDDY_EFULL;
    if (unlikely(queue->count == queue->slots) && eddy__order_grow(queue) < 0)
        return EDDY_ENOMEM;
    queue_push(queue, item);
    return 0;
}

static inline int try_get(eddy_queue *queue, void *item)
{
    struct eddy_waiter_ *putter = queue->putters.first;

    if (queue->count == 0)
        return queue->shut ? EDDY_ECLOSED : EDDY_EEMPTY;
    queue_pop(queue, item);
    if (putter) {
        queue_push(queue, putter->slot);
        eddy__waiter_grant(putter, 0);
    }
    return 0;
}

int eddy__queue_try_put(eddy_queue *queue, const void *item)
{
    return try_put(queue, item);
}

int eddy__queue_try_get(eddy_queue *queue, void *item)
{
    return try_get(queue, item);
}

int eddy__queue_raise(int status)
{
    if (status == EDDY_ECLOSED)
        return eddy__raise(status, "the queue is shut down");
    return eddy__raise_if(status);
}

static COLD int queue_refuse(const eddy_queue *queue)
{
    return eddy__raise(EDDY_EINVAL, queue ? "the item is NULL" : "the queue is NULL");
}

int eddy_queue_put_nowait(eddy_queue *queue, const void *item)
{
    if (unlikely(!queue || !item))
        return queue_refuse(queue);
    int r = eddy__queue_try_put(queue, item);
    return likely(r == 0) ? 0 : eddy__queue_raise(r);
}

int eddy_queue_get_nowait(eddy_queue *queue, void *item)
{
    if (unlikely(!queue || !item))
        return queue_refuse(queue);
    int r = eddy__queue_try_get(queue, item);
    return likely(r == 0) ? 0 : eddy__queue_raise(r);
}

/* ---- put and get ----
 *
 * Each has a short way, for a ring that nobody waits at, in a task that is neither interrupted nor
 * due to yield. It calls nothing, so that it needs no stack frame worth speaking of. */

static inline bool goes_on(void)
{
    const eddy_task *self = eddy__self();

    return self && !self->interrupt && eddy__thread.budget > 1;
}

/* After a wait the queue is not looked at: it may have been closed. Not inlined, so that putters
 * and getters wait along the same path: the processor predicts returns by the order of calls,
 * which a switch between different paths upsets. */
static NOINLINE int queue_wait_among(eddy_waiters_ *waiters, void *item,
                                     const struct eddy__wait_kind *kind)
{
    struct eddy_waiter_ w = {.slot = item};
    int r = eddy__wait_in(waiters, &w, kind);

    return likely(r == 0) ? 0 : eddy__queue_raise(r);
}

static NOINLINE int put_slow(eddy_queue *queue, const void *item)
{
    int r = eddy__check_interrupt();

    if (unlikely(r < 0))
        return r;
    if (unlikely(!queue || !item))
        return queue_refuse(queue);
    r = try_put(queue, item);
    if (r == EDDY_EFULL)
        return queue_wait_among(&queue->putters, eddy__unconst(item), &put_waits);
    eddy__spend();
    return likely(r == 0) ? 0 : eddy__queue_raise(r);
}

static NOINLINE int get_slow(eddy_queue *queue, void *item)
{
    int r = eddy__check_interrupt();

    if (unlikely(r < 0))
        return r;
    if (unlikely(!queue || !item))
        return queue_refuse(queue);
    r = try_get(queue, item);
    if (r == EDDY_EEMPTY)
        return queue_wait_among(&queue->getters, item, &get_waits);
    eddy__spend();
    return likely(r == 0) ? 0 : eddy__queue_raise(r);
}

int eddy_queue_put(eddy_queue *queue, const void *item)
{
    if (likely(goes_on() && queue && item && queue->count < queue->room && !queue->getters.first)) {
        eddy__thread.budget--;
        queue->unfinished++;
        return eddy__ring_push(queue, item);
    }
    return put_slow(queue, item);
}

int eddy_queue_get(eddy_queue *queue, void *item)
{
    if (likely(goes_on() && queue && item && queue->count && queue->kind == EDDY_FIFO &&
               !queue->putters.first)) {
        eddy__thread.budget--;
        return eddy__ring_pop(queue, item);
    }
    return get_slow(queue, item);
}

/* ---- done, join, size ---- */

int eddy_queue_task_done(eddy_queue *queue)
{
    if (queue->unfinished == 0)
        return eddy__raise(EDDY_ERANGE, "task_done was called too many times");
    finished(queue, 1);
    return 0;
}

int eddy_queue_join(eddy_queue *queue)
{
    int r = eddy__check_interrupt();

    if (r < 0)
        return r;
    if (queue->unfinished > 0)
        return queue_wait_among(&queue->joiners, NULL, &join_waits);
    eddy__spend();
    return 0;
}

size_t eddy_queue_size(const eddy_queue *queue)
{
    return queue->count;
}

bool eddy_queue_empty(const eddy_queue *queue)
{
    return queue->count == 0;
}

bool eddy_queue_full(const eddy_queue *queue)
{
    return queue->count >= queue->capacity;
}

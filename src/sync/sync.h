/* sync.h - private door of the sync layer: what the inside of a queue looks like, and the attempts
 * that eddy_select shares with put and get.
 *
 * Everything here hands over directly: who gives something up looks for the first waiter and gives
 * it to that one, so a waiter that wakes with 0 has what it waited for and touches the object no
 * more (it may have been closed since). But a lock or a place in a semaphore that came too late is
 * given back. */
#ifndef EDDY_SYNC_SYNC_H
#define EDDY_SYNC_SYNC_H

#include "base/alloc.h"
#include "task/task.h"
#include <eddy/queue.h>
#include <eddy/select.h>
#include <eddy/sync.h>

/* ---- locks ---- */

/* Asked by a task to which a lock or a semaphore was granted: it was cancelled before it could run,
 * so the grant goes to the next (E2). */
static inline bool eddy__granted_too_late(void)
{
    return eddy__self()->interrupt == EDDY_ECANCELED;
}

/* Waits for the lock whatever happens to the caller, and outside the yield budget. */
void eddy__lock_reacquire(eddy_lock *lock);

/* ---- queues ----
 *
 * Waiting getters: the queue is empty and not shut down. Waiting putters: it is full and not shut
 * down. So nobody waits on both sides at once, and what a getter takes makes room for exactly one
 * putter's item, for which no memory is needed.
 *
 * It lives until it was closed and nobody drops its items any more: .drop may call anything.
 *
 * `room` is what put's short way needs to know in one word: how many items fit without growing and
 * without passing capacity; 0 when the short way is closed (not FIFO, or shut down). */
struct eddy_queue {
    unsigned char *items;
    size_t count;
    size_t room;
    size_t head; /* FIFO: slot of the first item */
    size_t mask; /* FIFO: slots - 1, slots being a power of two */
    size_t item_size;
    size_t unfinished; /* put and not yet task_done */
    uint8_t kind;
    bool shut;
    bool closed;
    unsigned refs; /* the owner's until it is closed, and one of each who drops items */
    eddy_waiters_ getters;
    eddy_waiters_ putters;
    size_t slots;
    size_t stride;   /* from item to item; priority: with the sequence number */
    size_t capacity; /* SIZE_MAX: unbounded */
    uint64_t sequence;
    int (*compare)(const void *a, const void *b);
    void (*drop)(void *item);
    eddy_waiters_ joiners;
};

/* Done at once: 0. Otherwise a status that is not raised: EDDY_EFULL and EDDY_EEMPTY mean that one
 * has to wait, EDDY_ECLOSED and EDDY_ENOMEM that it failed and nothing was taken. */
int eddy__queue_try_put(eddy_queue *queue, const void *item);
int eddy__queue_try_get(eddy_queue *queue, void *item);
/* Raises what an attempt or a wait returned, with a sentence of its own. */
int eddy__queue_raise(int status) __attribute__((cold));

/* Storage (queue_order.c). open sets stride and slots; push needs a free slot, pop an item. */
int eddy__order_open(eddy_queue *queue);
int eddy__order_grow(eddy_queue *queue);
void eddy__order_push(eddy_queue *queue, const void *item);
void eddy__order_pop(eddy_queue *queue, void *item);
/* Calls drop for n items that count no longer includes. */
void eddy__order_drop(eddy_queue *queue, size_t n);

/* Any size. Returns 0, so that put and get can end with it. */
int eddy__item_copy_any(void *to, const void *from, size_t size);

/* The sizes of pointers and numbers become single moves. A compiler that sees the caller's item and
 * this, as with -flto, but not the size, warns about the moves that are not made: it is not to know
 * what `to` and `from` are. */
static inline int eddy__item_copy(void *to, const void *from, size_t size)
{
    __asm__("" : "+r"(to), "+r"(from));
    switch (size) {
    case 4:
        memcpy(to, from, 4);
        return 0;
    case 8:
        memcpy(to, from, 8);
        return 0;
    case 16:
        memcpy(to, from, 16);
        return 0;
    default:
        return eddy__item_copy_any(to, from, size);
    }
}

static inline int eddy__ring_push(eddy_queue *queue, const void *item)
{
    size_t slot = (queue->head + queue->count) & queue->mask;

    queue->count++;
    return eddy__item_copy(queue->items + slot * queue->item_size, item, queue->item_size);
}

static inline int eddy__ring_pop(eddy_queue *queue, void *item)
{
    size_t slot = queue->head;

    queue->head = (slot + 1) & queue->mask;
    queue->count--;
    return eddy__item_copy(item, queue->items + slot * queue->item_size, queue->item_size);
}

/* Waiters hand items over through one pointer, whichever way they go. */
static inline void *eddy__unconst(const void *p)
{
    return (void *)(uintptr_t)p;
}

#endif

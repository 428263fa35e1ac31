/* queue_order.c - where a queue keeps its items: a ring, a stack, or a binary heap.
 *
 * The heap's entries carry the number of their put behind the item, so that of equal items the
 * older one leaves first. Items lie at the start of an entry, aligned as in an array. */
#include "sync/sync.h"

enum { FIRST_SLOTS = 16, FIRST_BYTES = 1024 };

/* The largest power of two that divides size, which an item's alignment divides, but at most 16. */
static size_t alignment_of(size_t size)
{
    size_t lowest = size & (~size + 1);

    return min_size(lowest, 16);
}

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) & ~(to - 1);
}

static size_t heap_stride(size_t item_size)
{
    size_t used = round_up(item_size, sizeof(uint64_t)) + sizeof(uint64_t);

    return round_up(used, max_size(alignment_of(item_size), sizeof(uint64_t)));
}

static size_t power_of_two_above(size_t n)
{
    size_t power = 1;

    while (power < n)
        power *= 2;
    return power;
}

static void set_slots(eddy_queue *queue, unsigned char *items, size_t slots)
{
    queue->items = items;
    queue->slots = slots;
    queue->mask = slots - 1;
    if (queue->kind == EDDY_FIFO && !queue->shut)
        queue->room = min_size(slots, queue->capacity);
}

int eddy__order_open(eddy_queue *queue)
{
    size_t size = queue->item_size;

    if (size > SIZE_MAX / 4)
        return EDDY_ENOMEM;
    queue->stride = queue->kind == EDDY_PRIORITY ? heap_stride(size) : size;
    size_t slots = power_of_two_above(min_size(queue->capacity, FIRST_SLOTS));
    while (slots > 1 && slots * queue->stride > FIRST_BYTES)
        slots /= 2;
    unsigned char *items = eddy_alloc(slots * queue->stride);
    if (!items)
        return EDDY_ENOMEM;
    set_slots(queue, items, slots);
    return 0;
}

int eddy__order_grow(eddy_queue *queue)
{
    size_t bytes, old = queue->slots, stride = queue->stride;

    if (__builtin_mul_overflow(old, 2 * stride, &bytes))
        return EDDY_ENOMEM;
    unsigned char *items = eddy_realloc(queue->items, bytes);
    if (!items)
        return EDDY_ENOMEM;
    /* a ring that is full wraps at its head: what lies before it follows in the new half */
    if (queue->kind == EDDY_FIFO)
        memcpy(items + old * stride, items, queue->head * stride);
    set_slots(queue, items, old * 2);
    return 0;
}

/* ---- heap ---- */

static unsigned char *entry(const eddy_queue *queue, size_t i)
{
    return queue->items + i * queue->stride;
}

static uint64_t sequence_of(const eddy_queue *queue, const unsigned char *e)
{
    uint64_t sequence;

    memcpy(&sequence, e + round_up(queue->item_size, sizeof sequence), sizeof sequence);
    return sequence;
}

static bool leaves_before(const eddy_queue *queue, const unsigned char *a, const unsigned char *b)
{
    int order = queue->compare(a, b);

    return order < 0 || (order == 0 && sequence_of(queue, a) < sequence_of(queue, b));
}

/* The new item goes down a hole that rises from the end; being the youngest it passes only those
 * that leave later. */
static void heap_push(eddy_queue *queue, const void *item)
{
    uint64_t sequence = queue->sequence++;
    size_t hole = queue->count++;

    while (hole > 0) {
        size_t parent = (hole - 1) / 2;

        if (queue->compare(item, entry(queue, parent)) >= 0)
            break;
        memcpy(entry(queue, hole), entry(queue, parent), queue->stride);
        hole = parent;
    }
    memcpy(entry(queue, hole), item, queue->item_size);
    memcpy(entry(queue, hole) + round_up(queue->item_size, sizeof sequence), &sequence,
           sizeof sequence);
}

/* The last entry fills the hole that the first leaves, which sinks to where it fits. */
static void heap_pop(eddy_queue *queue, void *item)
{
    const unsigned char *last = entry(queue, --queue->count);
    size_t hole = 0, child;

    memcpy(item, queue->items, queue->item_size);
    while ((child = 2 * hole + 1) < queue->count) {
        if (child + 1 < queue->count &&
            leaves_before(queue, entry(queue, child + 1), entry(queue, child)))
            child++;
        if (!leaves_before(queue, entry(queue, child), last))
            break;
        memcpy(entry(queue, hole), entry(queue, child), queue->stride);
        hole = child;
    }
    if (hole != queue->count)
        memcpy(entry(queue, hole), last, queue->stride);
}

/* ---- all kinds ---- */

int eddy__item_copy_any(void *to, const void *from, size_t size)
{
    memcpy(to, from, size);
    return 0;
}

void eddy__order_push(eddy_queue *queue, const void *item)
{
    if (queue->kind == EDDY_FIFO)
        eddy__ring_push(queue, item);
    else if (queue->kind == EDDY_LIFO)
        eddy__item_copy(entry(queue, queue->count++), item, queue->item_size);
    else
        heap_push(queue, item);
}

void eddy__order_pop(eddy_queue *queue, void *item)
{
    if (queue->kind == EDDY_FIFO)
        eddy__ring_pop(queue, item);
    else if (queue->kind == EDDY_LIFO)
        eddy__item_copy(item, entry(queue, --queue->count), queue->item_size);
    else
        heap_pop(queue, item);
}

void eddy__order_drop(eddy_queue *queue, size_t n)
{
    size_t first = queue->kind == EDDY_FIFO ? queue->head : 0;

    for (size_t i = 0; queue->drop && i < n; i++)
        queue->drop(entry(queue, queue->kind == EDDY_FIFO ? (first + i) & queue->mask : i));
}

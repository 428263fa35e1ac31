/* timer.c - timers in a 4-ary heap of {deadline, timer}: exact, stable, never bad. Its position is
 * stored back in the timer, so cancelling costs one sift. */
#include "base/alloc.h"
#include "loop/loop.h"

enum { ARITY = 4, FIRST_CAPACITY = 64 };

/* Written so that the usual answer needs no branch: which of two is first cannot be predicted. */
static inline bool before(const struct eddy__timer_entry *a, const struct eddy__timer_entry *b)
{
    if (unlikely(a->deadline == b->deadline))
        return a->timer->sequence < b->timer->sequence;
    return a->deadline < b->deadline;
}

static void place(struct eddy__timers *heap, size_t i, struct eddy__timer_entry entry)
{
    heap->entries[i] = entry;
    entry.timer->position = (uint32_t)(i + 1);
}

static void sift_up(struct eddy__timers *heap, size_t i, struct eddy__timer_entry entry)
{
    while (i > 0) {
        size_t parent = (i - 1) / ARITY;

        if (!before(&entry, &heap->entries[parent]))
            break;
        place(heap, i, heap->entries[parent]);
        i = parent;
    }
    place(heap, i, entry);
}

static inline size_t least_child(const struct eddy__timers *heap, size_t first)
{
    const struct eddy__timer_entry *e = heap->entries;

    if (likely(first + ARITY <= heap->count)) {
        size_t a = first + before(&e[first + 1], &e[first]);
        size_t b = first + 2 + before(&e[first + 3], &e[first + 2]);

        return before(&e[b], &e[a]) ? b : a;
    }
    size_t least = first;
    for (size_t i = first + 1; i < heap->count; i++)
        if (before(&e[i], &e[least]))
            least = i;
    return least;
}

static void sift_down(struct eddy__timers *heap, size_t i, struct eddy__timer_entry entry)
{
    for (;;) {
        size_t first = i * ARITY + 1;

        if (first >= heap->count)
            break;
        size_t child = least_child(heap, first);
        if (!before(&heap->entries[child], &entry))
            break;
        place(heap, i, heap->entries[child]);
        i = child;
    }
    place(heap, i, entry);
}

int eddy__timers_reserve(eddy_loop *loop, size_t count)
{
    struct eddy__timers *heap = &loop->timers;

    if (count <= heap->capacity)
        return 0;
    if (count >= UINT32_MAX)
        return EDDY_ENOMEM;
    struct eddy__timer_entry *entries = eddy__realloc(heap->entries, count * sizeof *heap->entries);
    if (!entries)
        return EDDY_ENOMEM;
    heap->entries = entries;
    heap->capacity = count;
    return 0;
}

int eddy__timer_arm(eddy_loop *loop, eddy_timer_ *timer, int64_t deadline)
{
    struct eddy__timers *heap = &loop->timers;

    timer->deadline = deadline;
    timer->position = 0;
    if (deadline == NS_NEVER)
        return 0;
    if (unlikely(heap->count == heap->capacity) &&
        eddy__timers_reserve(loop, max_size(FIRST_CAPACITY, 2 * heap->capacity)) < 0)
        return EDDY_ENOMEM;
    timer->sequence = heap->sequence++;
    sift_up(heap, heap->count++, (struct eddy__timer_entry){deadline, timer});
    return 0;
}

static void remove_at(struct eddy__timers *heap, size_t i)
{
    struct eddy__timer_entry last = heap->entries[--heap->count];

    if (i == heap->count)
        return;
    if (i > 0 && before(&last, &heap->entries[(i - 1) / ARITY]))
        sift_up(heap, i, last);
    else
        sift_down(heap, i, last);
}

/* A timer that has expired but was not delivered hangs in the loop's list of late ones. */
static void forget_late(eddy_loop *loop, eddy_timer_ *timer)
{
    for (eddy_timer_ **p = &loop->late; *p; p = &(*p)->next) {
        if (*p != timer)
            continue;
        *p = timer->next;
        if (!*p)
            loop->late_end = p;
        return;
    }
}

void eddy__timer_cancel(eddy_loop *loop, eddy_timer_ *timer)
{
    if (timer->position) {
        remove_at(&loop->timers, timer->position - 1);
        timer->position = 0;
    } else if (timer->late && loop->late) {
        forget_late(loop, timer);
    }
}

void eddy__timer_fire_late(eddy_loop *loop, eddy_timer_ *timer)
{
    timer->next = NULL;
    *loop->late_end = timer;
    loop->late_end = &timer->next;
}

void eddy__timers_fire(eddy_loop *loop)
{
    struct eddy__timers *heap = &loop->timers;

    while (heap->count && heap->entries[0].deadline <= loop->now) {
        eddy_timer_ *timer = heap->entries[0].timer;

        remove_at(heap, 0);
        timer->position = 0;
        if (timer->late)
            eddy__timer_fire_late(loop, timer);
        else
            timer->fire(loop, timer);
    }
}

void eddy__timers_deliver_late(eddy_loop *loop)
{
    eddy_timer_ *timer;

    while ((timer = loop->late)) {
        loop->late = timer->next;
        if (!loop->late)
            loop->late_end = &loop->late;
        timer->fire(loop, timer);
    }
}

int64_t eddy__loop_now_exact(eddy_loop *loop)
{
    if (!loop->virtual_clock) {
        loop->now = eddy__clock_now();
        loop->now_step = loop->ring_head;
    }
    return loop->now;
}

int64_t eddy__loop_now(eddy_loop *loop)
{
    return loop->now_step == loop->ring_head ? loop->now : eddy__loop_now_exact(loop);
}

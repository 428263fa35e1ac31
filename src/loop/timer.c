/* timer.c - timers, exact and stable. Those before the horizon lie in a 4-ary heap; the others, in
 * no order, in a pile, where arming and cancelling cost next to nothing: most timers are timeouts
 * that are cancelled long before they would fire. When the heap is empty the horizon moves on, and
 * what lies before it leaves the pile for the heap: the lazy queue of Rönngren, Riboe and Ayani
 * (Lazy queue: an efficient implementation of the pending-event set, 1991).
 *
 * Heap and pile are the two ends of one array. A timer knows its place in it. */
#include "base/alloc.h"
#include "loop/parts.h"

enum { ARITY = 4, FIRST_CAPACITY = 64 };

static const uint32_t FAR = UINT32_C(1) << 31;

/* Without a branch: which of two is first cannot be predicted. */
static inline bool before(const struct eddy__timer_entry *a, const struct eddy__timer_entry *b)
{
    return (((unsigned __int128)a->deadline << 64) | a->sequence) <
           (((unsigned __int128)b->deadline << 64) | b->sequence);
}

static void timer_place(struct eddy__timers *heap, size_t i, struct eddy__timer_entry entry)
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
        timer_place(heap, i, heap->entries[parent]);
        i = parent;
    }
    timer_place(heap, i, entry);
}

static inline size_t least_child(const struct eddy__timers *heap, size_t first)
{
    const struct eddy__timer_entry *e = heap->entries;

    if (likely(first + ARITY <= heap->near)) {
        size_t a = first + before(&e[first + 1], &e[first]);
        size_t b = first + 2 + before(&e[first + 3], &e[first + 2]);

        return before(&e[b], &e[a]) ? b : a;
    }
    size_t least = first;
    for (size_t i = first + 1; i < heap->near; i++)
        if (before(&e[i], &e[least]))
            least = i;
    return least;
}

static void sift_down(struct eddy__timers *heap, size_t i, struct eddy__timer_entry entry)
{
    for (;;) {
        size_t first = i * ARITY + 1;

        if (first >= heap->near)
            break;
        size_t child = least_child(heap, first);
        if (!before(&heap->entries[child], &entry))
            break;
        timer_place(heap, i, heap->entries[child]);
        i = child;
    }
    timer_place(heap, i, entry);
}

static void remove_at(struct eddy__timers *heap, size_t i)
{
    struct eddy__timer_entry last = heap->entries[--heap->near];

    if (i == heap->near)
        return;
    if (i > 0 && before(&last, &heap->entries[(i - 1) / ARITY]))
        sift_up(heap, i, last);
    else
        sift_down(heap, i, last);
}

/* ---- the pile ---- */

/* Counted from the array's end, so that places stay when it grows. */
static struct eddy__timer_entry *far_entry(const struct eddy__timers *timers, size_t i)
{
    return &timers->entries[timers->capacity - 1 - i];
}

static void place_far(struct eddy__timers *timers, size_t i, struct eddy__timer_entry entry)
{
    *far_entry(timers, i) = entry;
    entry.timer->position = FAR + (uint32_t)i;
}

static void remove_far(struct eddy__timers *timers, size_t i)
{
    if (i != --timers->far)
        place_far(timers, i, *far_entry(timers, timers->far));
}

/* An eighth of the way from the first deadline of the pile to the mean: of timers that lie evenly a
 * sixteenth enters the heap at a time, and each is looked at so often. */
static int64_t next_horizon(const struct eddy__timers *timers)
{
    int64_t first = NS_NEVER;
    double sum = 0;

    for (size_t i = 0; i < timers->far; i++) {
        int64_t deadline = far_entry(timers, i)->deadline;

        first = deadline < first ? deadline : first;
        sum += (double)(deadline - timers->horizon);
    }
    double mean = sum / (double)timers->far - (double)(first - timers->horizon);
    return eddy__ns_after(first + 1, mean > 0 ? (int64_t)(mean / 8) : 0);
}

static void move_horizon(struct eddy__timers *timers)
{
    timers->horizon = next_horizon(timers);
    for (size_t i = timers->far; i-- > 0;) {
        struct eddy__timer_entry entry = *far_entry(timers, i);

        if (entry.deadline >= timers->horizon)
            continue;
        remove_far(timers, i);
        sift_up(timers, timers->near++, entry);
    }
}

/* ---- both ---- */

int eddy__timers_reserve(eddy_loop *loop, size_t count)
{
    struct eddy__timers *timers = &loop->timers;
    size_t old = timers->capacity, far = timers->far;

    if (count <= old)
        return 0;
    if (count >= FAR)
        return EDDY_ENOMEM;
    struct eddy__timer_entry *entries = eddy_realloc(timers->entries, count * sizeof *entries);
    if (!entries)
        return EDDY_ENOMEM;
    memmove(entries + count - far, entries + old - far, far * sizeof *entries);
    timers->entries = entries;
    timers->capacity = count;
    return 0;
}

static COLD int grow_and_arm(eddy_loop *loop, eddy_timer_ *timer, int64_t deadline)
{
    timer->position = 0;
    if (eddy__timers_reserve(loop, max_size(FIRST_CAPACITY, 2 * loop->timers.capacity)) < 0)
        return EDDY_ENOMEM;
    return eddy__timer_arm(loop, timer, deadline);
}

static NOINLINE int arm_near(struct eddy__timers *timers, eddy_timer_ *timer)
{
    struct eddy__timer_entry entry = {timer->deadline, timers->sequence++, timer};

    sift_up(timers, timers->near++, entry);
    return 0;
}

/* Its last calls replace it, so that the way into the pile needs no stack frame. */
int eddy__timer_arm(eddy_loop *loop, eddy_timer_ *timer, int64_t deadline)
{
    struct eddy__timers *timers = &loop->timers;

    timer->deadline = deadline;
    if (deadline == NS_NEVER) {
        timer->position = 0;
        return 0;
    }
    if (unlikely(timers->near + timers->far == timers->capacity))
        return grow_and_arm(loop, timer, deadline);
    if (deadline < timers->horizon)
        return arm_near(timers, timer);
    place_far(timers, timers->far++,
              (struct eddy__timer_entry){deadline, timers->sequence++, timer});
    return 0;
}

/* One that has expired but was not delivered hangs in the loop's list of late ones. */
static void forget_late(eddy_loop *loop, eddy_timer_ *timer)
{
    *timer->link = timer->next;
    if (timer->next)
        timer->next->link = timer->link;
    else
        loop->late_end = timer->link;
    timer->link = NULL;
}

void eddy__timer_cancel(eddy_loop *loop, eddy_timer_ *timer)
{
    uint32_t position = timer->position;

    timer->position = 0;
    if (position & FAR)
        remove_far(&loop->timers, position - FAR);
    else if (position)
        remove_at(&loop->timers, position - 1);
    else if (timer->link)
        forget_late(loop, timer);
}

void eddy__timer_fire_late(eddy_loop *loop, eddy_timer_ *timer)
{
    timer->next = NULL;
    timer->link = loop->late_end;
    *loop->late_end = timer;
    loop->late_end = &timer->next;
}

int64_t eddy__timers_next_exact(eddy_loop *loop)
{
    struct eddy__timers *timers = &loop->timers;

    if (!timers->near && timers->far)
        move_horizon(timers);
    return timers->near ? timers->entries[0].deadline : NS_NEVER;
}

void eddy__timers_fire(eddy_loop *loop)
{
    struct eddy__timers *heap = &loop->timers;

    while (eddy__timers_next(loop) <= loop->now && eddy__timers_next_exact(loop) <= loop->now) {
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
        forget_late(loop, timer);
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
    if (loop->now_step == loop->ring_head && loop->now >= eddy__clock_tick())
        return loop->now;
    return eddy__loop_now_exact(loop);
}

/* ready.c - the ready ring's memory. An array of pointers beats a linked list: what comes next can
 * be fetched before it is needed (docs/design/loop.md has the figures). */
#include "base/alloc.h"
#include "loop/parts.h"

enum { FIRST_CAPACITY = 64 };

struct growth {
    eddy_loop *loop;
    int status;
};

static int ready_grow(eddy_loop *loop)
{
    size_t capacity = loop->ring ? 2 * loop->ring_capacity : FIRST_CAPACITY;

    /* it is kept by a hold, or the handle of a task, and runs nothing any more */
    if (!loop->backend_state)
        return EDDY_ECLOSED;
    /* a task sleeps without asking for memory: on a packed stack there would be no room for it */
    if (eddy__timers_reserve(loop, capacity) < 0)
        return EDDY_ENOMEM;
    uintptr_t *ring = eddy_alloc(capacity * sizeof *ring);
    if (!ring)
        return EDDY_ENOMEM;
    /* head and tail go on counting: a batch under way is bounded by them */
    for (size_t i = loop->ring_head; i != loop->ring_tail; i++)
        ring[i & (capacity - 1)] = loop->ring[i & loop->ring_mask];
    eddy_free(loop->ring);
    loop->ring = ring;
    loop->ring_capacity = capacity;
    loop->ring_mask = capacity - 1;
    return 0;
}

static void grow_aside(void *arg)
{
    struct growth *growth = arg;

    growth->status = ready_grow(growth->loop);
}

COLD int eddy__ready_grow(eddy_loop *loop)
{
    struct growth growth = {loop, 0};

    eddy__aside(grow_aside, &growth);
    return growth.status;
}

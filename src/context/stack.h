/* stack.h - the stacks of a loop's coroutines: cut from slabs, kept in a pool.
 *
 * A guarded stack, from low to high address:
 *
 *     guard | room for frames | control block | colour pad
 *
 * The control block belongs to the owner and begins with struct eddy__stack (a loop has no more
 * than that there); its address is where the stack starts to grow downwards, so a coroutine that
 * only waits touches a single page. The pad, one of 24 multiples of 64 bytes, keeps the tops of
 * many stacks from meeting in the same cache set. A packed stack is small, lies next to its
 * neighbours and has no guard: two canary words at its low end tell after the fact that it was too
 * small.
 *
 * A pool belongs to one thread. No function here may run on the stack it is about, eddy__stack_put
 * least of all.
 */
#ifndef EDDY_CONTEXT_STACK_H
#define EDDY_CONTEXT_STACK_H

#include "base/sanitize.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eddy__stack {
    char *low;                       /* lowest usable byte, just above the guard */
    struct eddy__stack_class *class; /* size, guard, kind */
    struct eddy__stack_slab *slab;
    unsigned valgrind_id;
    uint8_t place; /* its number in the slab */
    bool packed;
};

/* All stacks of one size. Idle ones are last in, first out, in an array: a linked list would make
 * each get wait for the cache miss of the one before. The fast paths touch the first line only.
 *
 * There is room in `idle` for all `stacks`, so that put cannot fail. low_water is the least count
 * since the interval began: that many stacks were not needed all the while. At the put number
 * `alarm` the pool looks at it. */
struct eddy__stack_class {
    struct eddy__stack **idle;
    uint32_t count, low_water;
    uint64_t puts, alarm;
    uint64_t trimmed_puts;           /* puts when the last trim was complete */
    struct eddy__stack_slab *vacant; /* slabs with a place that holds no stack, */
    struct eddy__stack_slab *full;   /* and those without */
    struct eddy__stack_pool *pool;
    size_t stride, guard; /* stride includes the guard; 0: own mapping for each */
    uint32_t stacks;      /* handed out or idle */
    uint32_t capacity;    /* of idle */
    uint32_t surplus;     /* stacks found superfluous, still to be retired */
    bool packed;
};

enum {
    EDDY__STACK_GUARDED = 10, /* sizes of guarded stacks: 12 KiB to 6 MiB with 4 KiB pages */
    EDDY__STACK_PACKED = 4,   /* sizes of packed ones: 1 KiB to 8 KiB */
    EDDY__STACK_HUGE = EDDY__STACK_GUARDED + EDDY__STACK_PACKED, /* what is larger */
    EDDY__STACK_CLASSES,
    EDDY__STACK_DEFAULT = 2, /* the class for size 0 */
};

/* How a pool guards its stacks: as well as the kernel lets us. */
enum eddy__stack_guard {
    EDDY__GUARD_INSTALL,  /* MADV_GUARD_INSTALL: no mapping of its own; Linux 6.13 */
    EDDY__GUARD_MPROTECT, /* two mappings for each stack, until there are no more */
    EDDY__GUARD_NONE,
};

struct eddy__stack_pool {
    struct eddy__stack_class classes[EDDY__STACK_CLASSES];
    size_t control_size; /* a multiple of 64 */
    size_t page;
    enum eddy__stack_guard guard;
    bool guard_works; /* tried on the first stack */
    bool measure;
    uint32_t colour;
};

/* control_size: bytes of the owner's control block, struct eddy__stack included. 0 or -ENOMEM. */
int eddy__stack_pool_open(struct eddy__stack_pool *pool, size_t control_size);

/* Every stack must have been put back. */
void eddy__stack_pool_close(struct eddy__stack_pool *pool);

/* From now on stacks are handed out as zeros, so that eddy__stack_high_water is exact. Slow. */
void eddy__stack_pool_measure(struct eddy__stack_pool *pool);

/* The slow paths of get and put. */
struct eddy__stack *eddy__stack_get_slow(struct eddy__stack_pool *pool, size_t size, bool packed);
void eddy__stack_put_other(struct eddy__stack *stack);
void eddy__stack_put_slow(struct eddy__stack_class *class);

/* Takes an idle stack of a class that has one. */
static inline struct eddy__stack *eddy__stack_pop(struct eddy__stack_class *class)
{
    uint32_t n = class->count - 1;

    class->count = n;
    if (n < class->low_water)
        class->low_water = n;
    return class->idle[n];
}

/* A stack with room for at least `size` bytes of frames, 0 for the default. Packed: of the first
 * of 1, 2, 4, 8 KiB that is not below `size`, control block included; a larger one is not packed.
 * Only struct eddy__stack is initialised. NULL when there is no memory. */
static inline struct eddy__stack *eddy__stack_get(struct eddy__stack_pool *pool, size_t size,
                                                  bool packed)
{
    struct eddy__stack_class *class = &pool->classes[EDDY__STACK_DEFAULT];

    if (__builtin_expect(size == 0 && !packed && class->count > 0, 1))
        return eddy__stack_pop(class);
    return eddy__stack_get_slow(pool, size, packed);
}

static inline void eddy__stack_push(struct eddy__stack_class *class, struct eddy__stack *stack)
{
#if EDDY__ASAN
    __asan_unpoison_memory_region(stack->low, (size_t)((char *)stack - stack->low));
#endif
    class->idle[class->count++] = stack;
    if (__builtin_expect(++class->puts == class->alarm, 0))
        eddy__stack_put_slow(class);
}

/* Gives a stack back, from another stack. The default class is known without waiting for what the
 * stack says. */
static inline void eddy__stack_put(struct eddy__stack_pool *pool, struct eddy__stack *stack)
{
    struct eddy__stack_class *class = &pool->classes[EDDY__STACK_DEFAULT];

    if (__builtin_expect(stack->class == class, 1))
        eddy__stack_push(class, stack);
    else
        eddy__stack_put_other(stack);
}

/* Gives idle memory back to the system: what deep calls touched (X3), and whole stacks beyond the
 * first 64 of each size. At most some 1,000 stacks at a time; true when there is more to do. For a
 * loop that has nothing else to do; nothing to give back costs nothing. */
bool eddy__stack_trim(struct eddy__stack_pool *pool);

/* Bytes for frames. */
static inline size_t eddy__stack_size(const struct eddy__stack *stack)
{
    return (size_t)((const char *)stack - stack->low);
}

/* Bytes of guard below low; 0 for a packed one. */
static inline size_t eddy__stack_guard_size(const struct eddy__stack *stack)
{
    return stack->class->guard;
}

/* Bytes ever used since the stack came from the system, or from a measuring pool. */
size_t eddy__stack_high_water(const struct eddy__stack *stack);

#define EDDY__STACK_CANARY 0x5ca1ab1e0ddba115u

/* Of a packed stack: its canary is there. */
bool eddy__stack_is_whole(const struct eddy__stack *stack);

/* False when a packed stack was too small. What it says about a guarded one is true. */
static inline bool eddy__stack_check(const struct eddy__stack *stack)
{
    return !stack->packed || eddy__stack_is_whole(stack);
}

#endif

/* stack.c - slabs, guards and the slow paths of the pool. */
#include "context/stack.h"

#include "base/alloc.h"
#include "base/base.h"
#include "base/sys.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PLACES 64u                  /* of a slab of small stacks */
#define SLAB_MAX ((size_t)16 << 20) /* bytes of a slab with two stacks or more */
#define GUARD_MAX ((size_t)64 << 10)
#define COLOURS 24u
#define COLOUR 64u
#define KEEP 64u         /* idle stacks of a class that trimming leaves in the pool */
#define TRIM_STEP 1024u  /* stacks in one call of eddy__stack_trim */
#define LOOK_FIRST 1024u /* puts in the shortest interval */
#define LOOK_STEP 64u    /* superfluous stacks retired at one put, */
#define LOOK_EVERY 256u  /* and puts between two such */

/* What the checkers or the C library put into every frame is not what a program was sized for. */
#if EDDY__ASAN || EDDY__TSAN
#define DEFAULT_STRIDE ((size_t)256 << 10)
#else
#define DEFAULT_STRIDE ((size_t)48 << 10) /* page tables cost 1/16 of what they map: 96 B */
#endif
#if EDDY__ASAN || EDDY__TSAN || defined(EDDY_CONTEXT_UCONTEXT)
#define PACKED_STRIDE ((size_t)16 << 10)
#else
#define PACKED_STRIDE ((size_t)1 << 10)
#endif
#define PACKED_OWNER ((size_t)128) /* of each packed size: the owner's part, kept elsewhere */

/* One mapping. Places are taken from the lowest on, so those with a guard come first. */
struct eddy__stack_slab {
    struct eddy__stack_slab *prev, *next; /* in class->vacant or class->full */
    struct eddy__stack_class *class;
    char *base;
    size_t bytes;
    uint64_t vacant, all; /* a bit for each place without a stack; for each place */
    uint64_t retired;     /* vacant, but the memory is not given back yet */
    struct eddy__stack_slab *next_retired;
    uint32_t guarded; /* places that have got their guard */
};

/* ---- slabs ----------------------------------------------------------------------------------- */

static void slab_link(struct eddy__stack_slab **list, struct eddy__stack_slab *slab)
{
    slab->prev = NULL;
    slab->next = *list;
    if (*list)
        (*list)->prev = slab;
    *list = slab;
}

static void slab_unlink(struct eddy__stack_slab **list, struct eddy__stack_slab *slab)
{
    if (slab->prev)
        slab->prev->next = slab->next;
    else
        *list = slab->next;
    if (slab->next)
        slab->next->prev = slab->prev;
}

static char *stack_map(size_t bytes)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    char *base;
    int r = eddy__sys_as(
        ENOMEM,
        (base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0)) == MAP_FAILED ? -1 : 0);

    if (r < 0)
        return NULL;
    /* One touched page must not become 2 MiB where huge pages are the rule. */
    (void)madvise(base, bytes, MADV_NOHUGEPAGE);
    return base;
}

static struct eddy__stack_slab *slab_open(struct eddy__stack_class *class, size_t bytes,
                                          uint32_t places)
{
    struct eddy__stack_slab *slab = eddy_alloc_zero(sizeof *slab);

    if (!slab)
        return NULL;
    slab->base = stack_map(bytes);
    if (!slab->base) {
        eddy_free(slab);
        return NULL;
    }
    slab->class = class;
    slab->bytes = bytes;
    slab->all = UINT64_MAX >> (64 - places);
    slab->vacant = slab->all;
    slab_link(&class->vacant, slab);
    return slab;
}

/* Slab of a class with a stride. Packed: 63 places, the 64th is what the colours take. */
static struct eddy__stack_slab *slab_open_regular(struct eddy__stack_class *class)
{
    uint32_t places = PLACES;

    if (class->packed)
        return slab_open(class, PLACES * class->stride, PLACES - 1);
    while (places > 2 && places * class->stride > SLAB_MAX)
        places /= 2;
    return slab_open(class, places * class->stride, places);
}

static void slab_close(struct eddy__stack_slab *slab)
{
    munmap(slab->base, slab->bytes);
    eddy_free(slab);
}

/* ---- guards ---------------------------------------------------------------------------------- */

/* Some emulators nod at every advice they do not know. */
static bool guard_works(char *guard)
{
    return eddy__sys_sure(syscall(SYS_clock_getres, CLOCK_MONOTONIC, guard)) == -EFAULT;
}

static void guard_install(struct eddy__stack_pool *pool, struct eddy__stack_slab *slab, char *guard,
                          size_t size)
{
    if (pool->guard == EDDY__GUARD_INSTALL) {
        if (eddy__sys_guard_install(guard, size) && (pool->guard_works || guard_works(guard))) {
            pool->guard_works = true;
            return;
        }
        pool->guard = EDDY__GUARD_MPROTECT;
    }
    if (pool->guard == EDDY__GUARD_MPROTECT && eddy__sys(mprotect(guard, size, PROT_NONE)) < 0) {
        /* Out of mappings: rather no guard than no task. This slab's guards are given up too,
         * so that the program has some left for its other needs. */
        pool->guard = EDDY__GUARD_NONE;
        (void)mprotect(slab->base, slab->bytes, PROT_READ | PROT_WRITE);
    }
}

/* ---- stacks of a slab ------------------------------------------------------------------------ */

static size_t place_stride(const struct eddy__stack_slab *slab)
{
    return slab->class->stride ? slab->class->stride : slab->bytes;
}

static struct eddy__stack *place_guarded(struct eddy__stack_slab *slab, uint32_t i, char **low)
{
    struct eddy__stack_class *class = slab->class;
    struct eddy__stack_pool *pool = class->pool;
    char *start = slab->base + i * place_stride(slab);
    size_t pad = COLOUR * (pool->colour++ % COLOURS);

    if (i >= slab->guarded) {
        guard_install(pool, slab, start, class->guard);
        slab->guarded = i + 1;
    }
    *low = start + class->guard;
    return (void *)(start + place_stride(slab) - pad - pool->control_size);
}

static struct eddy__stack *place_packed(struct eddy__stack_slab *slab, uint32_t i, char **low)
{
    size_t stride = slab->class->stride;
    size_t pad = (i * stride / PLACES) & ~(size_t)(COLOUR - 1);
    uint64_t *canary;

    *low = slab->base + i * stride + pad;
    canary = (uint64_t *)(void *)*low;
    canary[0] = EDDY__STACK_CANARY;
    canary[1] = EDDY__STACK_CANARY;
    return (void *)(*low + stride - slab->class->pool->control_size);
}

/* Room in idle for one more stack. */
static bool stack_reserve(struct eddy__stack_class *class)
{
    uint32_t capacity = class->capacity ? class->capacity * 2 : PLACES;
    struct eddy__stack **idle;

    if (class->stacks < class->capacity)
        return true;
    idle = eddy_realloc(class->idle, capacity * sizeof *idle);
    if (!idle)
        return false;
    class->idle = idle;
    class->capacity = capacity;
    return true;
}

/* Takes the slab's lowest vacant place. */
static struct eddy__stack *carve(struct eddy__stack_slab *slab)
{
    struct eddy__stack_class *class = slab->class;
    uint32_t i = (uint32_t)__builtin_ctzll(slab->vacant);
    char *low;
    struct eddy__stack *stack =
        class->packed ? place_packed(slab, i, &low) : place_guarded(slab, i, &low);

    *stack = (struct eddy__stack){
        .low = low, .class = class, .slab = slab, .place = (uint8_t)i, .packed = class->packed};
#if EDDY__VALGRIND
    stack->valgrind_id = VALGRIND_STACK_REGISTER(low, stack);
#endif
    slab->vacant &= slab->vacant - 1;
    if (!slab->vacant) {
        slab_unlink(&class->vacant, slab);
        slab_link(&class->full, slab);
    }
    class->stacks++;
    return stack;
}

/* Gives a stack that is not in idle back to its slab; its memory goes with flush. */
static void stack_retire(struct eddy__stack *stack, struct eddy__stack_slab **retired)
{
    struct eddy__stack_slab *slab = stack->slab;
    struct eddy__stack_class *class = slab->class;

#if EDDY__VALGRIND
    VALGRIND_STACK_DEREGISTER(stack->valgrind_id);
#endif
    if (!slab->vacant) {
        slab_unlink(&class->full, slab);
        slab_link(&class->vacant, slab);
    }
    if (!slab->retired) {
        slab->next_retired = *retired;
        *retired = slab;
    }
    slab->vacant |= (uint64_t)1 << stack->place;
    slab->retired |= (uint64_t)1 << stack->place;
    class->stacks--;
}

/* Returns retired places to the system, neighbours at once. Guards stay: MADV_DONTNEED leaves them
 * alone. Packed stacks share pages with their neighbours and go with the whole slab only. */
static void slab_flush(struct eddy__stack_slab *slab)
{
    size_t stride = slab->class->stride;
    uint64_t rest = slab->class->packed ? 0 : slab->retired;

    slab->retired = 0;
    while (rest) {
        int first = __builtin_ctzll(rest);
        uint64_t gap = ~(rest >> first);
        int n = gap ? __builtin_ctzll(gap) : 64;
        (void)madvise(slab->base + (size_t)first * stride, (size_t)n * stride, MADV_DONTNEED);
        rest &= n + first >= 64 ? 0 : ~(uint64_t)0 << (n + first);
    }
}

/* Closes the slabs that have become vacant, though not a class's last one with a vacant place. */
static void stack_flush(struct eddy__stack_slab *retired)
{
    while (retired) {
        struct eddy__stack_slab *slab = retired;
        struct eddy__stack_class *class = slab->class;
        retired = slab->next_retired;
        if (slab->vacant == slab->all && (!class->stride || slab->prev || slab->next)) {
            slab_unlink(&class->vacant, slab);
            slab_close(slab);
        } else {
            slab_flush(slab);
        }
    }
}

/* ---- the slow paths of the pool -------------------------------------------------------------- */

static struct eddy__stack_class *class_of(struct eddy__stack_pool *pool, size_t size, bool packed)
{
    size_t extra = pool->control_size + COLOUR * COLOURS;

    if (size == 0 && !packed)
        return &pool->classes[EDDY__STACK_DEFAULT];
    if (packed)
        for (uint32_t i = EDDY__STACK_GUARDED; i < EDDY__STACK_HUGE; i++)
            if (pool->classes[i].stride + PACKED_OWNER >= size)
                return &pool->classes[i];
    for (uint32_t i = 0; i < EDDY__STACK_GUARDED; i++)
        if (pool->classes[i].stride - pool->classes[i].guard - extra >= size)
            return &pool->classes[i];
    return &pool->classes[EDDY__STACK_HUGE];
}

static struct eddy__stack_slab *slab_open_huge(struct eddy__stack_class *class, size_t size)
{
    struct eddy__stack_pool *pool = class->pool;
    size_t rest = class->guard + pool->control_size + COLOUR * COLOURS + pool->page;

    if (size > SIZE_MAX / 2 - rest)
        return NULL;
    return slab_open(class, (size + rest) & ~(pool->page - 1), 1);
}

struct eddy__stack *eddy__stack_get_slow(struct eddy__stack_pool *pool, size_t size, bool packed)
{
    struct eddy__stack_class *class = class_of(pool, size, packed);
    struct eddy__stack_slab *slab = class->vacant;
    struct eddy__stack *stack;
    int error = errno;

    if (class->count > 0)
        return eddy__stack_pop(class);
    if (!stack_reserve(class))
        slab = NULL;
    else if (!slab)
        slab = class->stride ? slab_open_regular(class) : slab_open_huge(class, size);
    stack = slab ? carve(slab) : NULL;
    errno = error;
    return stack;
}

/* What deep calls touched: the pages below the one where the stack begins. */
static void drop_deep(const struct eddy__stack *stack)
{
    uintptr_t page = stack->class->pool->page;
    uintptr_t low = (uintptr_t)stack->low, top = ((uintptr_t)stack - 1) & ~(page - 1);

    if (!stack->packed && top > low)
        (void)madvise(stack->low, top - low, MADV_DONTNEED);
}

/* Makes the stack as new, all zeros. */
static void scrub(struct eddy__stack *stack)
{
    uintptr_t page = stack->class->pool->page;
    uintptr_t low = (uintptr_t)stack->low + (stack->packed ? 2 * sizeof(uint64_t) : 0);
    uintptr_t top = ((uintptr_t)stack - 1) & ~(page - 1);

    drop_deep(stack);
    if (!stack->packed && top > low)
        low = top;
    memset((void *)low, 0, (uintptr_t)stack - low);
}

/* Retires up to n idle stacks, but not the last KEEP, which are the warm ones. */
static uint32_t retire_idle(struct eddy__stack_class *class, uint32_t n)
{
    struct eddy__stack_slab *retired = NULL;
    struct eddy__stack **first;

    if (class->count <= KEEP)
        return 0;
    if (n > class->count - KEEP)
        n = class->count - KEEP;
    first = class->idle + class->count - KEEP - n;
    for (uint32_t i = 0; i < n; i++)
        stack_retire(first[i], &retired);
    memmove(first, first + n, KEEP * sizeof *first);
    class->count -= n;
    if (class->low_water > class->count)
        class->low_water = class->count;
    stack_flush(retired);
    return n;
}

/* The pool's own housekeeping. An interval is long enough for several storms in which every stack
 * comes and goes; what no storm needed is superfluous, and half of it is retired, a few stacks at
 * a time so that no put takes long. */
static void stack_look(struct eddy__stack_class *class)
{
    if (class->surplus == 0) {
        class->surplus = class->low_water > KEEP ? (class->low_water - KEEP + 1) / 2 : 0;
        class->low_water = class->count;
    }
    if (class->surplus > 0) {
        uint32_t n = class->surplus < LOOK_STEP ? class->surplus : LOOK_STEP;
        n = retire_idle(class, n);
        class->surplus = n > 0 ? class->surplus - n : 0;
    }
    class->alarm = class->puts + (class->surplus ? LOOK_EVERY : LOOK_FIRST + 8 * class->stacks);
}

void eddy__stack_put_slow(struct eddy__stack_class *class)
{
    struct eddy__stack_slab *retired = NULL;
    int error = errno;

    if (class->stride == 0) {
        stack_retire(eddy__stack_pop(class), &retired);
        stack_flush(retired);
        class->alarm = class->puts + 1;
    } else if (class->pool->measure) {
        scrub(class->idle[class->count - 1]);
        class->alarm = class->puts + 1;
    } else {
        stack_look(class);
    }
    errno = error;
}

void eddy__stack_put_other(struct eddy__stack *stack)
{
    eddy__stack_push(stack->class, stack);
}

/* True when the class has no more to give. */
static bool trim_class(struct eddy__stack_class *class, uint32_t *budget)
{
    uint64_t dirty = class->puts - class->trimmed_puts;

    if (dirty == 0)
        return true;
    *budget -= retire_idle(class, *budget);
    if (class->count > KEEP)
        return false;
    /* Last in, first out: what was put since the last trim is at the end. */
    for (uint32_t i = class->count; i > 0 && dirty > 0; i--, dirty--)
        drop_deep(class->idle[i - 1]);
    class->trimmed_puts = class->puts;
    return true;
}

bool eddy__stack_trim(struct eddy__stack_pool *pool)
{
    uint32_t budget = TRIM_STEP;
    int error = errno;
    bool more = false;

    for (uint32_t i = 0; i < EDDY__STACK_HUGE && !more; i++)
        more = !trim_class(&pool->classes[i], &budget);
    errno = error;
    return more;
}

/* ---- a pool's life --------------------------------------------------------------------------- */

static void class_open(struct eddy__stack_class *class, struct eddy__stack_pool *pool,
                       size_t stride, size_t guard, bool packed)
{
    *class = (struct eddy__stack_class){
        .pool = pool, .stride = stride, .guard = guard, .packed = packed};
    class->alarm = stride ? LOOK_FIRST : 1;
}

int eddy__stack_pool_open(struct eddy__stack_pool *pool, size_t control_size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), stride = DEFAULT_STRIDE;

    *pool = (struct eddy__stack_pool){.page = page};
    pool->control_size = (control_size + COLOUR - 1) & ~(size_t)(COLOUR - 1);
    while (stride < 12 * page)
        stride *= 2;
    stride >>= EDDY__STACK_DEFAULT;
    for (uint32_t i = 0; i < EDDY__STACK_GUARDED; i++, stride *= 2) {
        size_t guard = stride / 6 < GUARD_MAX ? stride / 6 : GUARD_MAX;
        class_open(&pool->classes[i], pool, stride, (guard + page - 1) & ~(page - 1), false);
    }
    for (uint32_t i = 0; i < EDDY__STACK_PACKED; i++)
        class_open(&pool->classes[EDDY__STACK_GUARDED + i], pool,
                   (PACKED_STRIDE << i) - PACKED_OWNER, 0, true);
    class_open(&pool->classes[EDDY__STACK_HUGE], pool, 0, GUARD_MAX, false);
    return 0;
}

static void class_close(struct eddy__stack_class *class)
{
    struct eddy__stack_slab *slab;

#if EDDY__VALGRIND
    for (uint32_t i = 0; i < class->count; i++)
        VALGRIND_STACK_DEREGISTER(class->idle[i]->valgrind_id);
#endif
    while ((slab = class->vacant)) {
        class->vacant = slab->next;
        slab_close(slab);
    }
    while ((slab = class->full)) {
        class->full = slab->next;
        slab_close(slab);
    }
    eddy_free(class->idle);
    class->idle = NULL;
    class->count = 0;
}

void eddy__stack_pool_close(struct eddy__stack_pool *pool)
{
    for (uint32_t i = 0; i < EDDY__STACK_CLASSES; i++)
        class_close(&pool->classes[i]);
}

void eddy__stack_pool_measure(struct eddy__stack_pool *pool)
{
    pool->measure = true;
    for (uint32_t i = 0; i < EDDY__STACK_CLASSES; i++)
        pool->classes[i].alarm = pool->classes[i].puts + 1;
}

/* ---- how deep a stack was used --------------------------------------------------------------- */

/* The lowest address whose page is in memory. */
static const char *lowest_resident(const struct eddy__stack *stack)
{
    size_t page = stack->class->pool->page;
    unsigned char resident[64];

    for (char *p = stack->low; p < (const char *)stack; p += sizeof resident * page) {
        size_t pages = ((size_t)((const char *)stack - p) + page - 1) / page;
        if (pages > sizeof resident)
            pages = sizeof resident;
        if (mincore(p, pages * page, resident) != 0)
            return p;
        for (size_t i = 0; i < pages; i++)
            if (resident[i] & 1)
                return p + i * page;
    }
    return (const char *)stack;
}

/* Not inline: what is asked of Valgrind needs room in the frame, which a packed stack has not. */
NOINLINE bool eddy__stack_is_whole(const struct eddy__stack *stack)
{
    const uint64_t *low = (const uint64_t *)(const void *)stack->low;

    eddy__hush_valgrind(); /* what is below the stack pointer is not to be read */
    bool whole = low[0] == EDDY__STACK_CANARY && low[1] == EDDY__STACK_CANARY;
    eddy__unhush_valgrind();
    return whole;
}

READS_STACK size_t eddy__stack_high_water(const struct eddy__stack *stack)
{
    const uint64_t *word = (const void *)stack->low;

    if (stack->packed)
        word += 2;
    else
        word = (const void *)lowest_resident(stack);
    eddy__hush_valgrind(); /* what is below the stack pointer is not to be read */
    while (word < (const uint64_t *)(const void *)stack && *word == 0)
        word++;
    eddy__unhush_valgrind();
    return (size_t)((const char *)stack - (const char *)word);
}

/* test_stack.c - the pool: where stacks lie, what they cost, what is given back. */
#include "base/alloc.h"
#include "base/fault.h"
#include "context/context.h"
#include "test.h"

#include <errno.h>
#include <sys/mman.h>

#define CONTROL 400

static struct eddy__stack_pool pool;
static struct eddy__context loop, fiber;

static struct eddy__stack *get(size_t size, bool packed)
{
    struct eddy__stack *stack = eddy__stack_get(&pool, size, packed);

    CHECK(stack != NULL);
    return stack;
}

/* Kilobytes of the process in memory; the kernel's count may be 256 behind. */
static long resident(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    CHECK(f && fscanf(f, "%*d %ld", &pages) == 1);
    fclose(f);
    return pages * (long)(pool.page / 1024);
}

/* Touches the stack down to `depth` bytes below its start, as a deep call would. */
static void touch(struct eddy__stack *stack, size_t depth)
{
    for (size_t i = 64; i <= depth; i += 512)
        ((volatile char *)stack)[-(long)i] = 1;
}

static bool is_mapped(const void *p)
{
    unsigned char vec;
    uintptr_t page = (uintptr_t)p & ~(pool.page - 1);

    return mincore((void *)page, pool.page, &vec) == 0;
}

TEST_PLAIN(stack_layout_is_guard_room_control_block_pad)
{
    struct eddy__stack *a, *b;
    size_t colours = 0;

    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    a = get(0, false);
    b = get(0, false);
    CHECK_INT((uintptr_t)a % 64, 0);
    CHECK_INT((uintptr_t)b % 64, 0);
    CHECK(eddy__stack_guard_size(a) >= pool.classes[EDDY__STACK_DEFAULT].stride / 6);
    CHECK_INT((uintptr_t)a->low % pool.page, 0);
    CHECK_INT(b->low - a->low, pool.classes[EDDY__STACK_DEFAULT].stride);
    CHECK(eddy__stack_size(a) >= 38 * 1024);
    CHECK(eddy__stack_check(a));
    /* Control block, pad and the first frames share the top page. */
    colours |= (uintptr_t)a ^ (uintptr_t)b;
    CHECK(colours % pool.page != 0);
    CHECK(((uintptr_t)a - 1024) / pool.page == ((uintptr_t)a + CONTROL - 1) / pool.page);
    eddy__stack_put(&pool, a);
    eddy__stack_put(&pool, b);
    eddy__stack_pool_close(&pool);
}

TEST_PLAIN(stack_pool_is_last_in_first_out)
{
    struct eddy__stack *a, *b;

    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    a = get(0, false);
    b = get(0, false);
    eddy__stack_put(&pool, a);
    eddy__stack_put(&pool, b);
    CHECK_PTR(get(0, false), b);
    CHECK_PTR(get(0, false), a);
    eddy__stack_put(&pool, a);
    eddy__stack_put(&pool, b);
    eddy__stack_pool_close(&pool);
}

TEST_PLAIN(stack_sizes_are_at_least_what_was_asked_for)
{
    static const size_t sizes[] = {1,       4096,    10000,    16384,    65536,
                                   1 << 20, 5 << 20, 30 << 20, 100 << 20};

    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct eddy__stack *a = get(sizes[i], false), *b = get(sizes[i], false);
        CHECK(eddy__stack_size(a) >= sizes[i]);
        touch(a, sizes[i]);
        touch(b, sizes[i]);
        eddy__stack_put(&pool, b);
        eddy__stack_put(&pool, a);
    }
    CHECK_PTR(eddy__stack_get(&pool, SIZE_MAX, false), NULL);
    CHECK_PTR(eddy__stack_get(&pool, SIZE_MAX / 2, false), NULL);
    eddy__stack_pool_close(&pool);
}

TEST_PLAIN(stack_of_its_own_mapping_is_unmapped_when_put)
{
    struct eddy__stack *a;
    char *low;

    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    a = get((size_t)100 << 20, false);
    low = a->low;
    CHECK(is_mapped(low));
    eddy__stack_put(&pool, a);
    CHECK(!is_mapped(low));
    eddy__stack_pool_close(&pool);
}

TEST_PLAIN(stack_packed_lie_side_by_side_and_do_not_overlap)
{
    enum { N = 200 };
    static struct eddy__stack *stacks[N];

    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    for (size_t size = 0; size <= 8192; size += 1024) {
        for (int i = 0; i < N; i++) {
            stacks[i] = get(size, true);
            CHECK(stacks[i]->packed);
            memset(stacks[i]->low + 16, i, eddy__stack_size(stacks[i]) - 16);
            memset(stacks[i] + 1, i, CONTROL - sizeof(struct eddy__stack));
        }
        for (int i = 0; i < N; i++) {
            char *end = (char *)stacks[i] + CONTROL;
            CHECK(eddy__stack_check(stacks[i]));
            for (char *p = stacks[i]->low + 16; p < (char *)stacks[i]; p++)
                CHECK(*p == (char)i);
            for (char *p = (char *)(stacks[i] + 1); p < end; p++)
                CHECK(*p == (char)i);
        }
        for (int i = 0; i < N; i++)
            eddy__stack_put(&pool, stacks[i]);
    }
    CHECK(!get(8193 * ((pool.classes[EDDY__STACK_GUARDED].stride + 128) / 1024), true)->packed);
    eddy__stack_pool_close(&pool);
}

TEST_PLAIN(X1_packed_stack_tells_that_it_was_too_small)
{
    struct eddy__stack *stack;

    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    stack = get(1024, true);
    CHECK(eddy__stack_check(stack));
    stack->low[8] = 1;
    CHECK(!eddy__stack_check(stack));
    eddy__stack_put(&pool, stack);
    eddy__stack_pool_close(&pool);
}

/* ---- X2: guards and mappings ----------------------------------------------------------------- */

static long mappings(void)
{
    long n = 0;
    FILE *f = fopen("/proc/self/maps", "r");

    CHECK(f != NULL);
    for (int c; (c = getc(f)) != EOF;)
        n += c == '\n';
    fclose(f);
    return n;
}

static void many_stacks(int n)
{
    struct eddy__stack **stacks = malloc((size_t)n * sizeof *stacks);

    CHECK(stacks != NULL);
    for (int i = 0; i < n; i++) {
        stacks[i] = get(0, false);
        touch(stacks[i], 256);
    }
    for (int i = 0; i < n; i++)
        eddy__stack_put(&pool, stacks[i]);
    free(stacks);
}

TEST_PLAIN(X2_guards_cost_no_mapping)
{
    long before;

    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    eddy__stack_put(&pool, get(0, false));
    if (pool.guard != EDDY__GUARD_INSTALL)
        SKIP("no MADV_GUARD_INSTALL");
    if (test_is_watched())
        SKIP("mappings are not only ours");
    before = mappings();
    many_stacks(2000);
    CHECK(mappings() < before + 10);
    eddy__stack_pool_close(&pool);
}

TEST_PLAIN(X2_without_mappings_rather_no_guard_than_no_task)
{
    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    pool.guard = EDDY__GUARD_MPROTECT;
    if (test_is_watched())
        SKIP("takes too long");
    many_stacks(40000);
    CHECK_INT(pool.guard, EDDY__GUARD_NONE);
    eddy__stack_pool_close(&pool);
}

/* ---- X3: memory is given back ---------------------------------------------------------------- */

/* Pages of the stack in memory. */
static int pages(const struct eddy__stack *stack)
{
    static unsigned char vec[8192];
    size_t size = eddy__stack_size(stack);
    int n = 0;

    CHECK(size <= sizeof vec * pool.page);
    CHECK_INT(mincore(stack->low, size, vec), 0);
    for (size_t i = 0; i * pool.page < size; i++)
        n += vec[i] & 1;
    return n;
}

TEST_PLAIN(X3_deep_stack_gives_its_pages_back)
{
    struct eddy__stack *stack;
    size_t size = (size_t)4 << 20;

    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    stack = get(size, false);
    CHECK_INT(pages(stack), 1);
    touch(stack, size);
    CHECK(pages(stack) >= (int)(size / pool.page));
    eddy__stack_put(&pool, stack);
    CHECK(!eddy__stack_trim(&pool));
    CHECK_INT(pages(stack), 1);
    CHECK_PTR(get(size, false), stack);
    touch(stack, size);
    eddy__stack_put(&pool, stack);
    eddy__stack_pool_close(&pool);
}

TEST_PLAIN(X3_after_a_storm_nearly_all_is_given_back)
{
    long before;

    if (test_is_watched())
        SKIP("the memory in use is not only ours");
    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    before = resident();
    many_stacks(20000);
    CHECK(resident() >= before + 4 * 20000 - 512);
    while (eddy__stack_trim(&pool))
        ;
    CHECK(resident() <= before + 2048);
    many_stacks(20000);
    eddy__stack_pool_close(&pool);
}

static bool is_resident(const char *p)
{
    unsigned char vec;
    uintptr_t page = (uintptr_t)p & ~(pool.page - 1);

    CHECK_INT(mincore((void *)page, pool.page, &vec), 0);
    return vec & 1;
}

/* Stacks between others that are in use: those keep what they have, and a pool its warm ones. */
TEST_PLAIN(X3_stacks_among_others_are_given_back)
{
    enum { STACKS = 1600, EACH = 40, WARM = 64 };
    static struct eddy__stack *stacks[STACKS];
    int idle = 0;

    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    for (int i = 0; i < STACKS; i++) {
        stacks[i] = get(0, false);
        touch(stacks[i], 256);
    }
    for (int i = 0; i < STACKS; i++)
        if (i % EACH)
            eddy__stack_put(&pool, stacks[i]);
    while (eddy__stack_trim(&pool))
        continue;
    for (int i = 0; i < STACKS; i++)
        if (i % EACH == 0)
            CHECK(is_resident((char *)stacks[i] - 64));
        else
            idle += is_resident((char *)stacks[i] - 64);
    CHECK(idle <= 2 * WARM); /* a page of a stack's neighbour may hold its end */
    for (int i = 0; i < STACKS; i += EACH)
        eddy__stack_put(&pool, stacks[i]);
    eddy__stack_pool_close(&pool);
}

/* No call of trim takes long, and the last takes what is left. */
TEST_PLAIN(X3_trim_goes_step_by_step)
{
    enum { STEP = 1024, WARM = 64 };
    struct eddy__stack_class *class = &pool.classes[EDDY__STACK_DEFAULT];

    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    many_stacks(WARM + STEP + 3);
    CHECK_INT(class->count, WARM + STEP + 3);
    CHECK(eddy__stack_trim(&pool));
    CHECK_INT(class->count, WARM + 3);
    CHECK(!eddy__stack_trim(&pool));
    CHECK_INT(class->count, WARM);
    CHECK_INT(class->stacks, WARM);
    eddy__stack_pool_close(&pool);
}

/* A loop that is never idle: what the load does not need goes bit by bit. */
TEST_PLAIN(X3_pool_trims_itself_while_few_stacks_are_in_use)
{
    long before;

    if (test_is_watched())
        SKIP("the memory in use is not only ours");
    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    before = resident();
    many_stacks(5000);
    for (int i = 0; i < 2000000; i++)
        eddy__stack_put(&pool, get(0, false));
    CHECK(resident() <= before + 2048);
    eddy__stack_pool_close(&pool);
}

/* Storms of the same size again and again: nothing is given back, nothing faults again. */
TEST_PLAIN(X3_storms_keep_their_stacks)
{
    uint32_t stacks;

    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    many_stacks(2000);
    stacks = pool.classes[EDDY__STACK_DEFAULT].stacks;
    for (int i = 0; i < 40; i++)
        many_stacks(2000);
    CHECK_INT(pool.classes[EDDY__STACK_DEFAULT].stacks, stacks);
    eddy__stack_pool_close(&pool);
}

/* ---- how deep -------------------------------------------------------------------------------- */

TEST_PLAIN(stack_high_water_is_exact_in_a_measuring_pool)
{
    struct eddy__stack *stack;

    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    eddy__stack_pool_measure(&pool);
    for (int packed = 0; packed < 2; packed++) {
        stack = get(packed ? 8192 : 0, packed);
        CHECK_INT(eddy__stack_high_water(stack), 0);
        ((char *)stack)[-5000] = 1;
        CHECK_INT(eddy__stack_high_water(stack), 5000);
        eddy__stack_put(&pool, stack);
        CHECK_PTR(get(packed ? 8192 : 0, packed), stack);
        CHECK_INT(eddy__stack_high_water(stack), 0);
        ((char *)stack)[-104] = 1;
        CHECK_INT(eddy__stack_high_water(stack), 104);
        eddy__stack_put(&pool, stack);
    }
    eddy__stack_pool_close(&pool);
}

/* ---- running on them ------------------------------------------------------------------------- */

static __attribute__((noinline)) void park(void)
{
    eddy__context_switch(&fiber, &loop);
}

static int depth(int n)
{
    volatile char frame[200];

    for (int i = 0; i < 200; i++)
        frame[i] = (char)n;
    if (n == 0) {
        park();
        return frame[0];
    }
    return depth(n - 1) + (frame[n % 200] == (char)n);
}

static void go_deep(void *arg)
{
    *(int *)arg = depth(50);
    eddy__context_leave(&fiber, &loop);
}

TEST_PLAIN(X4_stacks_are_run_on_and_used_again)
{
    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    eddy__context_adopt(&loop);
    for (int i = 0; i < 300; i++) {
        struct eddy__stack *stack = get((size_t)(i % 3) * 50000, false);
        int result = 0;
        eddy__context_make(&fiber, stack->low, stack, go_deep, &result);
        eddy__context_switch(&loop, &fiber);
        eddy__context_switch(&loop, &fiber);
        CHECK_INT(result, 50);
        eddy__context_drop(&fiber);
        eddy__stack_put(&pool, stack);
        if (i % 50 == 0)
            eddy__stack_trim(&pool);
    }
    eddy__stack_pool_close(&pool);
}

/* ---- failures -------------------------------------------------------------------------------- */

TEST_PLAIN(stack_get_fails_cleanly_without_memory)
{
    CHECK_INT(eddy__stack_pool_open(&pool, CONTROL), 0);
    for (size_t size = 0; size <= (size_t)64 << 20; size = size ? size * 64 : 4096) {
        errno = 7;
        eddy__fault_at(1);
        CHECK_PTR(eddy__stack_get(&pool, size, false), NULL);
        eddy__alloc_fail_at(1);
        CHECK_PTR(eddy__stack_get(&pool, size, false), NULL);
        CHECK_INT(errno, 7);
        eddy__stack_put(&pool, get(size, false));
    }
    eddy__stack_pool_close(&pool);
}

/* test_slab.c - objects of one size in slabs. */
#include "test.h"

#include "base/alloc.h"
#include "base/sanitize.h"
#include "base/slab.h"

struct object {
    uint64_t number;
    uint64_t check;
    uint16_t slot;
    bool used;
    char rest[110]; /* 136 bytes: slabs are not filled evenly */
};

static struct slab_pool pool;

static void open_pool(void)
{
    slab_pool_open(&pool, sizeof(struct object), offsetof(struct object, slot));
}

static struct object *get(uint64_t number)
{
    struct object *object = slab_get(&pool);

    CHECK(object);
    object->number = number;
    object->check = ~number;
    object->used = true;
    memset(object->rest, (int)number & 127, sizeof object->rest);
    return object;
}

static void put(struct object *object)
{
    CHECK_INT(object->check, ~object->number);
    CHECK_INT(object->rest[109], (int)object->number & 127);
    object->used = false;
    slab_put(&pool, object);
}

TEST_PLAIN(slab_last_in_first_out)
{
    open_pool();
    pool.careful = false;
    struct object *a = get(1), *b = get(2);
    CHECK(a != b);
    put(b);
    CHECK_PTR(get(3), b);
    put(a);
    put(b);
    CHECK_PTR(get(4), b);
    slab_pool_close(&pool);
}

/* Far more than a slab holds, in any order, against what was written into them. */
TEST_PLAIN(slab_objects_do_not_overlap)
{
    enum { COUNT = 3000, STEPS = 60000 };
    static struct object *objects[COUNT];
    uint32_t random = 1;

    open_pool();
    for (uint64_t i = 0; i < STEPS; i++) {
        random = random * 1664525 + 1013904223;
        struct object **object = &objects[(random >> 8) % COUNT];
        if (*object) {
            put(*object);
            *object = NULL;
        } else {
            *object = get(i);
        }
    }
    for (int i = 0; i < COUNT; i++)
        if (objects[i])
            put(objects[i]);
    slab_pool_close(&pool);
}

static void count_used(void *object, void *arg)
{
    *(size_t *)arg += ((struct object *)object)->used;
}

static size_t used(void)
{
    size_t count = 0;

    slab_each(&pool, count_used, &count);
    return count;
}

TEST_PLAIN(slab_each_sees_all_that_are_in_use)
{
    static struct object *objects[2000];

    open_pool();
    CHECK_INT(used(), 0);
    for (int i = 0; i < 2000; i++)
        objects[i] = get((uint64_t)i);
    CHECK_INT(used(), 2000);
    for (int i = 0; i < 2000; i += 2)
        put(objects[i]);
    CHECK_INT(used(), 1000);
    for (int i = 1; i < 2000; i += 2)
        put(objects[i]);
    CHECK_INT(used(), 0);
    slab_pool_close(&pool);
}

/* Slabs that are empty go back but for some, and one object that comes and goes costs nothing. */
TEST_PLAIN(slab_gives_memory_back)
{
    enum { MANY = 100000 };
    static struct object *objects[MANY];

    open_pool();
    for (int i = 0; i < MANY; i++)
        objects[i] = get((uint64_t)i);
    long most = eddy__alloc_live();
    for (int i = 0; i < MANY; i++)
        put(objects[i]);
    CHECK(eddy__alloc_live() < most / 2);
    long kept = eddy__alloc_live(), asked = eddy__alloc_count();
    for (int i = 0; i < 1000; i++)
        put(get(5));
    CHECK_INT(eddy__alloc_live(), kept);
    CHECK_INT(eddy__alloc_count(), asked);
    slab_pool_close(&pool);
}

/* New ones first, then those that have rested longest, without another slab. */
TEST_PLAIN(slab_careful_ones_rest_long)
{
    enum { FEW = 3 };
    struct object *objects[FEW];

    open_pool();
    pool.careful = true;
    for (int i = 0; i < FEW; i++)
        put(objects[i] = get((uint64_t)i));
    for (uint32_t i = FEW; i < pool.per_slab; i++)
        CHECK(get(i) != objects[0]);
    for (int i = 0; i < FEW; i++)
        CHECK_PTR(get((uint64_t)i), objects[i]);
    slab_pool_close(&pool);
}

TEST_PLAIN(slab_full_one_is_used_again)
{
    open_pool();
    struct object *first = get(0);
    for (uint32_t i = 1; i < pool.per_slab; i++)
        get(i);
    struct object *other = get(1); /* of a second slab */
    long before = eddy__alloc_count();
    put(first);
    CHECK_PTR(get(2), first);
    for (uint32_t i = 1; i < pool.per_slab; i++)
        get(i);
    CHECK_INT(eddy__alloc_count(), before);
    put(other);
    slab_pool_close(&pool);
}

TEST_PLAIN(slab_without_memory)
{
    open_pool();
    eddy__alloc_fail_at(1);
    CHECK_PTR(slab_get(&pool), NULL);
    eddy__alloc_fail_at(0);
    put(get(1));
    slab_pool_close(&pool);
}

TEST_PLAIN(slab_what_was_put_back_is_forbidden)
{
    open_pool();
    struct object *kept = get(0), *gone = get(1);

    put(gone);
    CHECK_INT(eddy__is_forbidden(gone), eddy__is_watched());
    CHECK(!eddy__is_forbidden(kept));
    for (uint32_t i = 2; i <= pool.per_slab; i++)
        get(i);
    CHECK(!eddy__is_forbidden(gone));
    slab_pool_close(&pool);
}

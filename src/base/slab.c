/* slab.c - what is rare about slabs: more of them, and fewer. */
#include "base/slab.h"

#include "base/alloc.h"
#include "base/sanitize.h"

enum {
    SLAB_BYTES = 64 * 1024,
    KEEP = 64, /* empty slabs, so that objects that come and go in thousands cost no system call */
};

void slab_pool_open(struct slab_pool *pool, size_t size, size_t slot_offset)
{
    list_init(&pool->slabs);
    pool->empty = 0;
    pool->careful = eddy__is_watched();
    pool->object_size = size;
    pool->slot_offset = slot_offset;
    pool->per_slab = (uint32_t)((SLAB_BYTES - sizeof(struct slab_page)) / size);
}

static void slab_give_back(struct slab_page *slab)
{
    eddy__allow(slab, SLAB_BYTES);
    eddy__free_pages(slab, SLAB_BYTES);
}

void slab_pool_close(struct slab_pool *pool)
{
    struct list *link;

    while ((link = list_take_first(&pool->slabs)))
        slab_give_back(container_of(link, struct slab_page, link));
}

void slab_each(struct slab_pool *pool, void (*fn)(void *object, void *arg), void *arg)
{
    list_each(link, &pool->slabs) {
        struct slab_page *slab = container_of(link, struct slab_page, link);
        uint32_t begun = pool->careful ? slab->begun : slab->fresh;

        for (uint32_t i = 0; i < begun; i++) {
            char *object = slab->objects + i * pool->object_size;

            if (!eddy__is_forbidden(object))
                fn(object, arg);
        }
    }
}

static void add_first(struct slab_page *slab)
{
    list_add_tail(slab->pool->slabs.next, &slab->link);
}

static struct slab_page *slab_add(struct slab_pool *pool)
{
    struct slab_page *slab = eddy__alloc_pages(SLAB_BYTES);

    if (!slab)
        return NULL;
    slab->pool = pool;
    slab->free = slab->first = slab->last = NULL;
    slab->used = slab->begun = 0;
    slab->fresh = pool->careful ? pool->per_slab : 0;
    pool->empty++;
    add_first(slab);
    return slab;
}

void slab_is_full_now(struct slab_page *slab)
{
    list_remove(&slab->link);
    list_add_tail(&slab->pool->slabs, &slab->link);
}

static void was_full(struct slab_page *slab)
{
    list_remove(&slab->link);
    add_first(slab);
}

void slab_is_empty(struct slab_page *slab)
{
    if (slab->pool->empty < KEEP) {
        slab->pool->empty++;
        return;
    }
    list_remove(&slab->link);
    slab_give_back(slab);
}

/* ---- careful ones ---- */

/* New ones first, then the one that was put back the longest ago. */
static char *take_carefully(struct slab_page *slab)
{
    const struct slab_pool *pool = slab->pool;
    char *object = slab->first;

    if (slab->begun < pool->per_slab) {
        object = slab->objects + slab->begun * pool->object_size;
        *(uint16_t *)(void *)(object + pool->slot_offset) = (uint16_t)slab->begun++;
        return object;
    }
    eddy__allow(object, pool->object_size);
    memcpy(&slab->first, object, sizeof slab->first);
    return object;
}

static void rest(struct slab_page *slab, void *object)
{
    size_t size = slab->pool->object_size;
    const void *none = NULL;

    memcpy(object, &none, sizeof none);
    eddy__forbid(object, size);
    if (slab->first) {
        eddy__allow(slab->last, size);
        memcpy(slab->last, &object, sizeof object);
        eddy__forbid(slab->last, size);
    } else {
        slab->first = object;
    }
    slab->last = object;
}

static void *get_carefully(struct slab_pool *pool)
{
    struct slab_page *slab = container_of(pool->slabs.next, struct slab_page, link);

    if ((list_empty(&pool->slabs) || slab->used == pool->per_slab) && !(slab = slab_add(pool)))
        return NULL;
    char *object = take_carefully(slab);
    if (slab->used++ == 0)
        pool->empty--;
    if (slab->used == pool->per_slab)
        slab_is_full_now(slab);
    return object;
}

static void put_carefully(struct slab_page *slab, void *object)
{
    rest(slab, object);
    if (slab->used-- == slab->pool->per_slab)
        was_full(slab);
    else if (slab->used == 0)
        slab_is_empty(slab);
}

/* ---- without room, and careful ones ---- */

void *slab_get_slowly(struct slab_pool *pool)
{
    if (pool->careful)
        return get_carefully(pool);
    return slab_add(pool) ? slab_get(pool) : NULL;
}

void slab_put_slowly(struct slab_page *slab, void *object)
{
    if (slab->pool->careful) {
        put_carefully(slab, object);
        return;
    }
    memcpy(object, &slab->free, sizeof slab->free);
    slab->free = object;
    slab->used--;
    was_full(slab);
}

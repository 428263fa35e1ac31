/* slab.h - many objects of one size, close together: few pages when thousands are made at once, and
 * given back when they are gone. An object keeps a uint16_t slot, which it must not change. What
 * was put back may not be touched: AddressSanitizer and Valgrind tell of it. Under these, and in a
 * careful pool, it rests as long as possible before it is used again. */
#ifndef EDDY_BASE_SLAB_H
#define EDDY_BASE_SLAB_H

#include "base/base.h"
#include "base/list.h"

struct slab_page {
    struct list link; /* in pool->slabs; the full ones are at the end */
    struct slab_pool *pool;
    void *free; /* objects that were put back, linked by their first word */
    uint32_t used;
    uint32_t fresh; /* objects from this one on were never used; in a careful pool: none */
    /* In a careful pool only: those that rest, longest first; from begun on none was ever used. */
    void *first, *last;
    uint32_t begun;
    _Alignas(16) char objects[];
};

struct slab_pool {
    struct list slabs;
    size_t object_size;
    size_t slot_offset; /* of the object's slot */
    uint32_t per_slab;
    uint32_t empty; /* slabs without an object in use */
    bool careful;   /* may be set before the first object is got */
};

/* Objects of size bytes, a multiple of 8. */
void slab_pool_open(struct slab_pool *pool, size_t size, size_t slot_offset);
/* Frees all, also what was not put back. */
void slab_pool_close(struct slab_pool *pool);

/* Calls fn for every object that ever was got and whose slab is still there, also for those that
 * were put back: the object must tell. fn may neither get nor put. */
void slab_each(struct slab_pool *pool, void (*fn)(void *object, void *arg), void *arg);

/* The slow parts of get and put. */
void *slab_get_slowly(struct slab_pool *pool);
void slab_put_slowly(struct slab_page *slab, void *object);
void slab_is_full_now(struct slab_page *slab);
void slab_is_empty(struct slab_page *slab);

/* Those of a careful pool always are, so that to look for it costs the others nothing. */
static inline bool slab_full(const struct slab_page *slab)
{
    return !slab->free && slab->fresh == slab->pool->per_slab;
}

/* An object, not initialised but for its slot; NULL without memory. */
static inline void *slab_get(struct slab_pool *pool)
{
    struct slab_page *slab = container_of(pool->slabs.next, struct slab_page, link);

    if (unlikely(list_empty(&pool->slabs) || slab_full(slab)))
        return slab_get_slowly(pool);
    char *object = slab->free;
    if (object) {
        memcpy(&slab->free, object, sizeof slab->free);
    } else {
        object = slab->objects + slab->fresh * pool->object_size;
        *(uint16_t *)(void *)(object + pool->slot_offset) = (uint16_t)slab->fresh++;
    }
    if (unlikely(slab->used++ == 0))
        pool->empty--;
    if (unlikely(slab_full(slab)))
        slab_is_full_now(slab);
    return object;
}

static inline void slab_put(struct slab_pool *pool, void *object)
{
    size_t slot = *(uint16_t *)(void *)((char *)object + pool->slot_offset);
    struct slab_page *slab =
        container_of((char *)object - slot * pool->object_size, struct slab_page, objects);

    /* the calls are last and one of them at most: they need no stack frame */
    if (unlikely(slab_full(slab))) {
        slab_put_slowly(slab, object);
        return;
    }
    memcpy(object, &slab->free, sizeof slab->free);
    slab->free = object;
    if (unlikely(--slab->used == 0))
        slab_is_empty(slab);
}

#endif

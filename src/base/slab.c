/* slab.c - what is rare about slabs: more of them, and fewer. */
#include "base/slab.h"

#include "base/alloc.h"

enum {
    SLAB_BYTES = 64 * 1024,
    KEEP = 64, /* empty slabs, so that objects that come and go in thousands cost no system call */
};

void slab_pool_open(struct slab_pool *pool, size_t size, size_t slot_offset)
{
    list_init(&pool->slabs);
    pool->empty = 0;
    pool->object_size = size;
    pool->slot_offset = slot_offset;
    pool->per_slab = (uint32_t)((SLAB_BYTES - sizeof(struct slab_page)) / size);
}

static void give_back(struct slab_page *slab)
{
    eddy__allow(slab, SLAB_BYTES);
    eddy__free_pages(slab, SLAB_BYTES);
}

void slab_pool_close(struct slab_pool *pool)
{
    struct list *link;

    while ((link = list_take_first(&pool->slabs)))
        give_back(container_of(link, struct slab_page, link));
}

void slab_each(struct slab_pool *pool, void (*fn)(void *object, void *arg), void *arg)
{
    list_each(link, &pool->slabs) {
        struct slab_page *slab = container_of(link, struct slab_page, link);

        for (uint32_t i = 0; i < slab->fresh; i++) {
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

struct slab_page *slab_add(struct slab_pool *pool)
{
    struct slab_page *slab = eddy__alloc_pages(SLAB_BYTES);

    if (!slab)
        return NULL;
    slab->pool = pool;
    slab->free = NULL;
    slab->used = slab->fresh = 0;
    pool->empty++;
    add_first(slab);
    return slab;
}

void slab_is_full_now(struct slab_page *slab)
{
    list_remove(&slab->link);
    list_add_tail(&slab->pool->slabs, &slab->link);
}

void slab_was_full(struct slab_page *slab)
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
    give_back(slab);
}

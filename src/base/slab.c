#include "base/slab.h"

#include "base/alloc.h"

void slab_pool_open(struct slab_pool *pool, size_t size, size_t slot_offset, uint32_t per_slab)
{
    list_init(&pool->slabs);
    pool->object_size = size;
    pool->slot_offset = slot_offset;
    pool->per_slab = per_slab;
}

void slab_pool_close(struct slab_pool *pool)
{
    struct list *link;

    while ((link = list_take_first(&pool->slabs)))
        eddy__free(container_of(link, struct slab_page, link));
}

static void add_first(struct slab_page *slab)
{
    list_add_tail(slab->pool->slabs.next, &slab->link);
}

struct slab_page *slab_add(struct slab_pool *pool)
{
    struct slab_page *slab =
        eddy__alloc(sizeof *slab + (size_t)pool->per_slab * pool->object_size);

    if (!slab)
        return NULL;
    slab->pool = pool;
    slab->free = NULL;
    slab->used = slab->fresh = 0;
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

/* An empty slab stays while it is the only one with room, so that a single object that comes and goes
 * costs no allocation. */
void slab_is_empty(struct slab_page *slab)
{
    struct list *head = &slab->pool->slabs;
    struct list *other = head->next == &slab->link ? slab->link.next : head->next;

    if (other == head || slab_full(container_of(other, struct slab_page, link)))
        return;
    list_remove(&slab->link);
    eddy__free(slab);
}

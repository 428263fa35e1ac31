/* cache.h - a cache that forgets the entry not used for longest. It needs no lock: none of its
 * functions waits, and tasks of one loop never run at once. */
#ifndef CACHE_H
#define CACHE_H

#include "tour.h"
#include <string.h>

enum { CACHE_SIZE = 5 };

struct cache_entry {
    const char *key;
    struct text value;
    double stored;
};

struct cache {
    double lifetime;
    size_t count;
    struct cache_entry entries[CACHE_SIZE]; /* the one used last stands last */
};

static inline void cache_remove(struct cache *cache, size_t i)
{
    cache->count--;
    memmove(&cache->entries[i], &cache->entries[i + 1],
            (cache->count - i) * sizeof cache->entries[0]);
}

/* Forgets entries older than the lifetime. */
static inline void cache_sweep(struct cache *cache)
{
    for (size_t i = cache->count; i-- > 0;)
        if (eddy_time() - cache->entries[i].stored > cache->lifetime)
            cache_remove(cache, i);
}

static inline bool cache_get(struct cache *cache, const char *key, struct text *value)
{
    for (size_t i = 0; i < cache->count; i++) {
        struct cache_entry entry = cache->entries[i];
        if (strcmp(entry.key, key) != 0)
            continue;
        cache_remove(cache, i);
        cache->entries[cache->count++] = entry;
        *value = entry.value;
        return true;
    }
    return false;
}

static inline void cache_put(struct cache *cache, const char *key, const struct text *value)
{
    struct text old;

    cache_sweep(cache);
    if (cache_get(cache, key, &old))
        cache->count--; /* it stands last now and is replaced */
    else if (cache->count == CACHE_SIZE)
        cache_remove(cache, 0);
    cache->entries[cache->count++] = (struct cache_entry){key, *value, eddy_time()};
}

#endif

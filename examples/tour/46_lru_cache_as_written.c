/* The cache of 45 without the sweep before a look: old entries are forgotten only when a new one is
 * stored, so the second time everything is found although it is too old. */
#include "cache.h"

enum { KEYS = 5 };

static int expensive_operation(const char *key, struct text *result)
{
    eddy_try(eddy_sleep(0.5));
    text_set(result, "Result for %s", key);
    return 0;
}

static int cached_operation(struct cache *cache, const char *key, struct text *result)
{
    if (cache_get(cache, key, result)) {
        printf("Cache hit for %s\n", key);
        return 0;
    }
    printf("Cache miss for %s\n", key);
    eddy_try(expensive_operation(key, result));
    cache_put(cache, key, result);
    return 0;
}
EDDY_CORO(cached_operation, struct cache *, const char *, struct text *)

static int ask_for_all(struct cache *cache, const char *label)
{
    static const char *const keys[KEYS] = {"key1", "key2", "key3", "key1", "key2"};
    struct text results[KEYS];
    double start = eddy_time();
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    for (int i = 0; i < KEYS; i++)
        eddy_group_start(group, cached_operation_coro(cache, keys[i], &results[i]));
    eddy_try(eddy_group_join(group));
    print_texts(label, results, KEYS);
    printf("Total time: %.2fs\n", eddy_time() - start);
    return 0;
}

static int cache_demo(void)
{
    struct cache cache = {.lifetime = 2};

    printf("\n=== Cache Optimization Demo ===\n");
    eddy_try(ask_for_all(&cache, "Results: "));
    eddy_try(eddy_sleep(3));
    return ask_for_all(&cache, "After expiration - Results: ");
}
EDDY_CORO(cache_demo)

int main(void)
{
    return eddy_run(cache_demo_coro()) < 0;
}

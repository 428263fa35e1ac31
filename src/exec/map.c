/* map.c - a function applied to an array of items in a pool. Items travel in chunks; each of a few
 * tasks, the lanes, takes the next chunk until none is left or one has failed. */
#include "base/alloc.h"
#include "exec/exec.h"
#include <eddy/gather.h>
#include <eddy/thread.h>

#include <stdint.h>

enum { CHUNK_MAX = 1 << 20, CHUNKS_PER_WORKER = 4, LANES_PER_WORKER = 2, ROOM = 16 };

/* What travels: the items, room for their results and, when they are wanted, for their statuses. */
struct chunk {
    eddy_map_fn *fn;
    size_t count;
    size_t item_size;
    size_t result_size;
    size_t results; /* where they begin */
    size_t statuses;
    bool keeps_on; /* after a failure */
    size_t at;     /* the item that runs, or has failed */
    _Alignas(max_align_t) unsigned char bytes[];
};

struct map {
    eddy_pool *pool;
    eddy_map_fn *fn;
    const unsigned char *items;
    size_t n;
    size_t item_size;
    const eddy_pool_map_opts *opts;
    size_t chunk; /* items that travel together */
    size_t next;  /* the first that no lane has taken */
};

/* ---- in a worker ---- */

static int *map_status_of(struct chunk *c, size_t i)
{
    return (int *)(void *)(c->bytes + c->statuses) + i;
}

static int run_item(struct chunk *c)
{
    void *result = c->result_size ? c->bytes + c->results + c->at * c->result_size : NULL;
    int r = c->fn(c->bytes + c->at * c->item_size, result);

    if (!c->keeps_on)
        return r;
    *map_status_of(c, c->at) = r;
    eddy_error_clear();
    return 0;
}

static int run_chunk(struct chunk *c)
{
    for (c->at = 0; c->at < c->count; c->at++) {
        int r = eddy_thread_cancelled() ? EDDY_ECANCELED : run_item(c);

        if (r < 0)
            return r;
    }
    return 0;
}
EDDY_CORO(run_chunk, struct chunk *)

/* ---- chunks ---- */

static size_t aligned(size_t size)
{
    return (size + ROOM - 1) / ROOM * ROOM;
}

static size_t size_of_item(const struct map *map)
{
    return map->item_size + map->opts->result_size + (map->opts->statuses ? sizeof(int) : 0);
}

static size_t size_of_chunk(const struct map *map, size_t items)
{
    return sizeof(struct chunk) + items * size_of_item(map) + 2 * ROOM;
}

static size_t map_fill(const struct map *map, struct chunk *c, size_t from)
{
    size_t count = min_size(map->chunk, map->n - from);

    *c = (struct chunk){.fn = map->fn,
                        .count = count,
                        .item_size = map->item_size,
                        .result_size = map->opts->result_size,
                        .results = aligned(count * map->item_size),
                        .keeps_on = map->opts->statuses != NULL};
    c->statuses = aligned(c->results + count * c->result_size);
    memcpy(c->bytes, map->items + from * map->item_size, count * map->item_size);
    memset(c->bytes + c->results, 0, count * c->result_size);
    return count;
}

/* What came back of a chunk: of one that failed the items before c->at. */
static void take_results(const struct map *map, struct chunk *c, size_t from)
{
    if (c->result_size)
        memcpy((unsigned char *)map->opts->results + from * c->result_size, c->bytes + c->results,
               c->at * c->result_size);
    if (c->keeps_on)
        memcpy(map->opts->statuses + from, map_status_of(c, 0), c->at * sizeof(int));
}

/* The status of a chunk for its lane, raised, with the item in the record. */
static int map_settle(const struct map *map, struct chunk *c, size_t from, int r)
{
    take_results(map, c, from);
    if (r >= 0 || r == eddy__self()->interrupt)
        return r;
    if (r == EDDY_ECANCELED)
        r = map->pool->closed ? EDDY_ECLOSED : EDDY_ECHILDCANCELED;
    if (!c->keeps_on)
        return eddy__error_explain(r, "item %zu", from + c->at);
    for (size_t i = c->at; i < c->count; i++)
        map->opts->statuses[from + i] = r;
    eddy_error_clear();
    return 0;
}

/* ---- lanes ---- */

static int run_next(struct map *map, struct chunk *c)
{
    struct eddy__pool_job job = {run_chunk_coro(c), c, size_of_chunk(map, map->chunk), NULL, true};
    size_t from = map->next;

    job.coro.name = "eddy_pool_map";
    map->next += map_fill(map, c, from);
    struct chunk sent = *c;
    int r = eddy__pool_check(map->pool);
    if (r >= 0)
        r = eddy__pool_run(map->pool, &job);
    sent.at = min_size(c->at, sent.count);
    *c = sent; /* a worker that has gone astray may have written anything */
    return map_settle(map, c, from, r);
}

static int lane(struct map *map)
{
    struct chunk *c = eddy_alloc_zero(size_of_chunk(map, map->chunk));
    int r = c ? 0 : eddy__raise_code(EDDY_ENOMEM);

    while (r >= 0 && map->next < map->n && (r = eddy__checkpoint()) >= 0)
        r = run_next(map, c);
    eddy_free(c);
    return r;
}
EDDY_CORO(lane, struct map *)

static int run_lanes(struct map *map)
{
    size_t lanes =
        min_size((map->n - 1) / map->chunk + 1, (size_t)map->pool->workers * LANES_PER_WORKER);
    eddy_coro *coros = eddy_alloc(lanes * sizeof *coros);

    if (!coros)
        return eddy__raise_code(EDDY_ENOMEM);
    for (size_t i = 0; i < lanes; i++)
        coros[i] = lane_coro(map);
    int r = eddy_gather_with(
        coros, lanes, &(eddy_gather_opts){.cancel_on_error = true, .place = map->opts->place});
    eddy_free(coros);
    return r;
}

/* ---- the call ---- */

static size_t most_items(const struct map *map, size_t bytes)
{
    size_t least = size_of_chunk(map, 0);

    return bytes > least ? (bytes - least) / size_of_item(map) : 0;
}

/* 0, or EDDY_EMSGSIZE raised. */
static int choose_chunk(struct map *map)
{
    size_t data_max = map->pool->data_max;
    size_t most = most_items(map, min_size(data_max, CHUNK_MAX));
    size_t share = (map->n - 1) / ((size_t)map->pool->workers * CHUNKS_PER_WORKER) + 1;

    if (most_items(map, data_max) == 0)
        return eddy__raise(EDDY_EMSGSIZE,
                           "an item and its result take %zu bytes of .data_max, which is %zu",
                           size_of_chunk(map, 1), data_max);
    map->chunk = map->opts->chunk ? map->opts->chunk : share;
    map->chunk = min_size(map->chunk, most ? most : 1);
    return 0;
}

static int map_check(const struct map *map)
{
    const eddy_pool_map_opts *opts = map->opts;

    eddy__try(eddy__pool_check(map->pool));
    if (!map->fn || (map->n > 0 && !map->items))
        return eddy__raise(EDDY_EINVAL, "%s is NULL", map->fn ? "items" : "fn");
    if (map->item_size == 0 || map->item_size > SIZE_MAX / 8 || opts->result_size > SIZE_MAX / 8)
        return eddy__raise(EDDY_EINVAL, "item_size is %zu and .result_size %zu", map->item_size,
                           opts->result_size);
    if (!opts->results != !opts->result_size)
        return eddy__raise(EDDY_EINVAL, ".results and .result_size go together");
    return 0;
}

int eddy_pool_map_with(eddy_pool *pool, eddy_map_fn *fn, const void *items, size_t n,
                       size_t item_size, const eddy_pool_map_opts *opts)
{
    static const eddy_pool_map_opts defaults;
    struct map map = {pool, fn, items, n, item_size, opts ? opts : &defaults, 0, 0};

    for (size_t i = 0; map.opts->statuses && i < n; i++)
        map.opts->statuses[i] = EDDY_ECANCELED;
    eddy__try(eddy__check_interrupt());
    eddy__try(map_check(&map));
    if (n == 0)
        return eddy__spent(0);
    eddy__try(choose_chunk(&map));
    eddy__pool_ref(pool);
    int r = run_lanes(&map);
    eddy__pool_unref(pool);
    return r;
}

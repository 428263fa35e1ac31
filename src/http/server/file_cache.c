/* file_cache.c - files of a folder that are kept in memory, for each loop its own, until something
 * changes in the folder. A task of the loop watches that; without it nothing is kept. What is kept
 * goes with that task, at the end of the loop, or when the router is closed. */
#include "http/server/files.h"

#include <eddy/coro.h>
#include <eddy/dir_watch.h>
#include <eddy/memory.h>
#include <eddy/task.h>
#include <stdatomic.h>

enum {
    BUCKETS = 1024,
    ENTRIES_MAX = 4096,
    STREAMS_MAX = 256,
    CONTENT_MAX = 16 * 1024 * 1024,
    RETRY = 10, /* seconds until a folder that could not be watched is tried again */
};

struct eddy__file_cache {
    struct eddy__file_cache *next;
    _Atomic(eddy_loop *) loop; /* whose it is; NULL: of none, it may be taken */
    atomic_uint refs;          /* the folder's, and the watching task's */
    bool kept;                 /* the folder is watched, so files are kept */
    bool closed;               /* the router is closed */
    bool links;                /* a file may be kept by another path than the one that changes */
    eddy_dir_watch *watch;
    uint64_t age;
    size_t bytes, bytes_max;
    unsigned entries, streams;
    struct list used;
    struct eddy__file_entry *buckets[BUCKETS];
    char folder[];
};

/* ---- entries ---- */

static struct eddy__file_entry **file_bucket(struct eddy__file_cache *cache, const char *path,
                                             size_t length)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)path[i]) * 16777619u;
    return &cache->buckets[hash % BUCKETS];
}

static struct eddy__file_entry **entry_place(struct eddy__file_cache *cache, const char *path,
                                             size_t length)
{
    struct eddy__file_entry **p = file_bucket(cache, path, length);

    while (*p && (strncmp((*p)->path, path, length) != 0 || (*p)->path[length]))
        p = &(*p)->chain;
    return p;
}

/* What an entry takes of the limits, added or with sign -1 taken off. */
static void count_entry(struct eddy__file_cache *cache, const struct eddy__file_entry *entry,
                        int sign)
{
    size_t bytes = sizeof *entry;
    unsigned streams = 0;

    for (int form = 0; form < EDDY__FILE_FORMS; form++) {
        bytes += entry->bodies[form].content ? entry->bodies[form].size : 0;
        streams += entry->bodies[form].stream != NULL;
    }
    cache->bytes = sign > 0 ? cache->bytes + bytes : cache->bytes - bytes;
    cache->streams = sign > 0 ? cache->streams + streams : cache->streams - streams;
    cache->entries = sign > 0 ? cache->entries + 1 : cache->entries - 1;
}

static void drop_path(struct eddy__file_cache *cache, const char *path, size_t length)
{
    struct eddy__file_entry **p = entry_place(cache, path, length), *entry = *p;

    if (!entry)
        return;
    *p = entry->chain;
    list_remove(&entry->used);
    count_entry(cache, entry, -1);
    eddy__file_unref(entry);
}

static void drop_least_used(struct eddy__file_cache *cache)
{
    struct eddy__file_entry *entry = container_of(cache->used.next, struct eddy__file_entry, used);

    drop_path(cache, entry->path, strlen(entry->path));
}

static void drop_all(struct eddy__file_cache *cache)
{
    while (!list_empty(&cache->used))
        drop_least_used(cache);
}

/* ---- what changes ---- */

static void unref_cache(struct eddy__file_cache *cache)
{
    if (atomic_fetch_sub(&cache->refs, 1) == 1)
        eddy_free(cache);
}

/* A file has changed, and perhaps with it what is sent in the place of another. */
static void forget_file(struct eddy__file_cache *cache, const char *path)
{
    size_t length = strlen(path);

    drop_path(cache, path, length);
    if (length > 3 &&
        (strcmp(path + length - 3, ".gz") == 0 || strcmp(path + length - 3, ".br") == 0))
        drop_path(cache, path, length - 3);
}

static void take_event(struct eddy__file_cache *cache, const eddy_dir_event *event)
{
    cache->age++;
    if (cache->links || event->folder || event->kind & (EDDY_DIR_OVERFLOW | EDDY_DIR_GONE)) {
        drop_all(cache);
        return;
    }
    forget_file(cache, event->path);
    if (event->from)
        forget_file(cache, event->from);
}

/* Any failure, also that of a folder which is one too many to be watched, ends it: nothing is kept
 * until it is tried again. */
static int take_events(struct eddy__file_cache *cache)
{
    enum {
        EVENTS = EDDY_DIR_CREATED | EDDY_DIR_MODIFIED | EDDY_DIR_REMOVED | EDDY_DIR_MOVED |
                 EDDY_DIR_ATTRIBUTES
    };
    eddy_dir_event event;

    eddy_dir_watch *watch =
        eddy__try(eddy_dir_watch_open(cache->folder, .recursive = true, .events = EVENTS));
    cache->watch = watch;
    cache->kept = !cache->closed;
    while (!cache->closed) {
        int status = eddy_dir_watch_next(watch, &event);

        if (status < 0)
            return status;
        take_event(cache, &event);
    }
    return 0;
}

static int watch_files(struct eddy__file_cache *cache)
{
    int status = 0;

    while (!cache->closed && status == 0) {
        eddy_ignore(take_events(cache));
        cache->kept = false;
        drop_all(cache);
        eddy_dir_watch_close(eddy_take(cache->watch));
        if (!cache->closed)
            status = eddy_sleep(RETRY);
    }
    atomic_store(&cache->loop, NULL);
    unref_cache(cache);
    return status;
}
EDDY_CORO(watch_files, struct eddy__file_cache *)

/* ---- caches ---- */

static struct eddy__file_cache *new_cache(struct eddy__files *files, eddy_loop *loop)
{
    size_t size = strlen(files->folder) + 1;
    struct eddy__file_cache *cache = eddy_alloc_zero(sizeof *cache + size);

    if (!cache)
        return NULL;
    memcpy(cache->folder, files->folder, size);
    list_init(&cache->used);
    cache->links = files->opts.links;
    cache->bytes_max = files->opts.cache ? files->opts.cache : CONTENT_MAX;
    atomic_init(&cache->refs, 1);
    atomic_init(&cache->loop, loop);
    cache->next = atomic_load(&files->caches);
    while (!atomic_compare_exchange_weak(&files->caches, &cache->next, cache))
        ;
    return cache;
}

/* Takes one that a loop has left behind, or makes one. */
static struct eddy__file_cache *take_cache(struct eddy__files *files, eddy_loop *loop)
{
    for (struct eddy__file_cache *c = atomic_load(&files->caches); c; c = c->next) {
        eddy_loop *none = NULL;

        if (atomic_compare_exchange_strong(&c->loop, &none, loop))
            return c;
    }
    return new_cache(files, loop);
}

/* The running loop's, which is begun if there is none. NULL without memory. */
static struct eddy__file_cache *cache_of(struct eddy__files *files)
{
    eddy_loop *loop = eddy_loop_running();

    for (struct eddy__file_cache *c = atomic_load(&files->caches); c; c = c->next)
        if (atomic_load(&c->loop) == loop)
            return c;
    struct eddy__file_cache *cache = take_cache(files, loop);
    if (!cache)
        return NULL;
    atomic_fetch_add(&cache->refs, 1);
    /* It begins at once, so that it ends by itself whenever it is cancelled. */
    eddy_task *task =
        eddy_create_task(watch_files_coro(cache), .name = "watch files", .eager = true);
    if (task)
        eddy_detach(task);
    else
        unref_cache(cache);
    return cache;
}

struct eddy__file_entry *eddy__file_cached(struct eddy__files *files, const char *path)
{
    struct eddy__file_cache *cache = cache_of(files);
    struct eddy__file_entry *entry = cache ? *entry_place(cache, path, strlen(path)) : NULL;

    if (!entry)
        return NULL;
    list_remove(&entry->used);
    list_add_tail(&cache->used, &entry->used);
    entry->refs++;
    return entry;
}

uint64_t eddy__file_cache_age(struct eddy__files *files)
{
    const struct eddy__file_cache *cache = cache_of(files);

    return cache ? cache->age : 0;
}

void eddy__file_cache_keep(struct eddy__files *files, struct eddy__file_entry *entry, uint64_t age)
{
    struct eddy__file_cache *cache = cache_of(files);

    if (!cache || !cache->kept || cache->age != age)
        return;
    struct eddy__file_entry **p = entry_place(cache, entry->path, strlen(entry->path));
    if (*p)
        return;
    *p = entry;
    entry->refs++;
    list_add_tail(&cache->used, &entry->used);
    count_entry(cache, entry, 1);
    while (cache->bytes > cache->bytes_max || cache->entries > ENTRIES_MAX ||
           cache->streams > STREAMS_MAX)
        drop_least_used(cache);
}

void eddy__file_caches_close(struct eddy__files *files)
{
    struct eddy__file_cache *next;

    for (struct eddy__file_cache *cache = atomic_load(&files->caches); cache; cache = next) {
        next = cache->next;
        if (atomic_load(&cache->loop) == eddy_loop_running()) {
            cache->closed = true;
            cache->kept = false;
            drop_all(cache);
            eddy_dir_watch_close(eddy_take(cache->watch));
        }
        unref_cache(cache);
    }
}

/* alloc.c - memory of the library: malloc with counting and failure injection for the tests. */
#include "base/alloc.h"
#include "base/thread.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef EDDY_TESTING

static long live, alloc_count, fail_first, fail_last;

long eddy__alloc_live(void)
{
    return __atomic_load_n(&live, __ATOMIC_RELAXED);
}

long eddy__alloc_count(void)
{
    return __atomic_load_n(&alloc_count, __ATOMIC_RELAXED);
}

static void alloc_fail(long first, long last)
{
    __atomic_store_n(&fail_last, last, __ATOMIC_RELAXED);
    __atomic_store_n(&fail_first, first, __ATOMIC_RELAXED);
}

void eddy__alloc_fail_at(long n)
{
    long first = n > 0 ? eddy__alloc_count() + n : 0;

    alloc_fail(first, first);
}

void eddy__alloc_fail_from(long n)
{
    alloc_fail(n > 0 ? eddy__alloc_count() + n : 0, n > 0 ? LONG_MAX : 0);
}

static bool must_fail(void)
{
    long mine = __atomic_add_fetch(&alloc_count, 1, __ATOMIC_RELAXED);

    return mine >= __atomic_load_n(&fail_first, __ATOMIC_RELAXED) &&
           mine <= __atomic_load_n(&fail_last, __ATOMIC_RELAXED);
}

static void alloc_note(long change)
{
    __atomic_add_fetch(&live, change, __ATOMIC_RELAXED);
}

#else

static inline bool must_fail(void)
{
    return false;
}

static inline void alloc_note(long change)
{
    (void)change;
}

#endif

/* What a system's allocator does with its memory may need some hundred bytes of stack, of which a
 * packed one has no more left: it does it on another one. */
struct request {
    void *p;
    size_t size; /* not 0 */
};

static void get(void *arg)
{
    struct request *r = arg;

    r->p = malloc(r->size);
}

static void get_zero(void *arg)
{
    struct request *r = arg;

    r->p = calloc(1, r->size);
}

static void get_other(void *arg)
{
    struct request *r = arg;

    r->p = realloc(r->p, r->size);
}

static void *alloc_ask(void (*fn)(void *arg), void *p, size_t size)
{
    struct request r = {p, size ? size : 1};

    if (must_fail())
        return NULL;
    eddy__aside(fn, &r);
    return r.p;
}

void *eddy_alloc(size_t size)
{
    void *p = alloc_ask(get, NULL, size);

    if (p)
        alloc_note(+1);
    return p;
}

void *eddy_alloc_zero(size_t size)
{
    void *p = alloc_ask(get_zero, NULL, size);

    if (p)
        alloc_note(+1);
    return p;
}

void *eddy_realloc(void *p, size_t size)
{
    void *moved = alloc_ask(get_other, p, size);

    if (moved && !p)
        alloc_note(+1);
    return moved;
}

static void *map_pages(size_t size, int flag)
{
    void *p = must_fail() ? MAP_FAILED
                          : mmap(NULL, size, PROT_READ | PROT_WRITE, flag | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    alloc_note(+1);
    return p;
}

void *eddy__alloc_pages(size_t size)
{
    return map_pages(size, MAP_PRIVATE);
}

void *eddy__alloc_pages_shared(size_t size)
{
    return map_pages(size, MAP_SHARED);
}

void eddy__free_pages(void *p, size_t size)
{
    munmap(p, size);
    alloc_note(-1);
}

void eddy_free(void *p)
{
    if (p)
        alloc_note(-1);
    eddy__aside(free, p);
}

char *eddy_strdup(const char *text)
{
    size_t size = text ? strlen(text) + 1 : 0;
    char *copy = text ? eddy_alloc(size) : NULL;

    if (copy)
        memcpy(copy, text, size);
    return copy;
}

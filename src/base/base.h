/* base.h - small words every layer uses. */
#ifndef EDDY_BASE_BASE_H
#define EDDY_BASE_BASE_H

#include <eddy/base.h>
#include <eddy/error.h>

/* eddy_raise and eddy_try of the library: a place is a line of the program, never one of ours. */
#define eddy__raise(code, ...) eddy_raised_(eddy_raise_at(NULL, (code), __VA_ARGS__))
#define eddy__try(expr) eddy_try_(expr, NULL)

#define container_of(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define count_of(array) (sizeof(array) / sizeof((array)[0]))
#define NOINLINE __attribute__((noinline))
/* Reads stack that is not its own: sanitizers are not to judge it, nor, by inlining, the caller. */
#define READS_STACK NOINLINE __attribute__((no_sanitize("address"), no_sanitize("thread")))
#define COLD __attribute__((cold, noinline))

static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

#endif

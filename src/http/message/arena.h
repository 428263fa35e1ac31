/* arena.h - the memory of one message: taken piece by piece, given back as a whole (arena.c). */
#ifndef EDDY_HTTP_ARENA_H
#define EDDY_HTTP_ARENA_H

#include "base/base.h"
#include <stdarg.h>

/* Begins as {0}. The first block stays for the next message when the arena is reset. */
struct eddy__arena {
    struct eddy__arena_block *block; /* the one that is taken from, before it those that are full */
    size_t used;                     /* of block */
};

enum { EDDY__ARENA_BLOCK = 2048 }; /* bytes that the first block has */

/* size bytes, aligned for anything, not initialised. NULL when there is no memory, raised. */
void *eddy__arena_alloc(struct eddy__arena *arena, size_t size);
/* The *size bytes left of the newest block, NULL: none. They may be written to before they are
 * taken, where only writing tells how long something is: if eddy__arena_alloc then gives the same
 * place, it is there, otherwise it was too long and is to be written again. */
char *eddy__arena_rest(struct eddy__arena *arena, size_t *size);
/* A copy of size bytes with a zero byte behind them. NULL when there is no memory, raised. */
char *eddy__arena_copy(struct eddy__arena *arena, const void *data, size_t size);
char *eddy__arena_printf(struct eddy__arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *eddy__arena_vprintf(struct eddy__arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Everything that was taken is gone; reset keeps the first block. */
void eddy__arena_reset(struct eddy__arena *arena);
void eddy__arena_free(struct eddy__arena *arena);

#endif

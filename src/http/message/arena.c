/* arena.c - the memory of one message: blocks in a chain, the newest first. */
#include "http/message/arena.h"

#include <eddy/memory.h>

struct eddy__arena_block {
    struct eddy__arena_block *before;
    size_t size; /* of data */
    _Alignas(max_align_t) char data[];
};

static struct eddy__arena_block *arena_block(struct eddy__arena *arena, size_t size)
{
    size_t room = max_size(size, EDDY__ARENA_BLOCK);
    struct eddy__arena_block *block = room > SIZE_MAX / 2 ? NULL : eddy_alloc(sizeof *block + room);

    if (!block) {
        eddy__raise(EDDY_ENOMEM, "no memory for %zu bytes of a message", size);
        return NULL;
    }
    *block = (struct eddy__arena_block){arena->block, room};
    arena->block = block;
    arena->used = 0;
    return block;
}

void *eddy__arena_alloc(struct eddy__arena *arena, size_t size)
{
    struct eddy__arena_block *block = arena->block;
    size_t whole = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);

    if (unlikely(whole < size || !block || block->size - arena->used < whole))
        block = arena_block(arena, whole < size ? size : whole);
    if (unlikely(!block))
        return NULL;
    void *p = block->data + arena->used;
    arena->used += whole;
    return p;
}

char *eddy__arena_copy(struct eddy__arena *arena, const void *data, size_t size)
{
    char *copy = eddy__arena_alloc(arena, size + 1);

    if (copy) {
        if (size)
            memcpy(copy, data, size);
        copy[size] = '\0';
    }
    return copy;
}

char *eddy__arena_rest(struct eddy__arena *arena, size_t *size)
{
    struct eddy__arena_block *block = arena->block;

    *size = block ? block->size - arena->used : 0;
    return block ? block->data + arena->used : NULL;
}

char *eddy__arena_vprintf(struct eddy__arena *arena, const char *format, va_list args)
{
    size_t room;
    char *rest = eddy__arena_rest(arena, &room);
    va_list again;

    va_copy(again, args);
    int length = vsnprintf(rest, room, format, args);
    char *text = length < 0 ? NULL : eddy__arena_alloc(arena, (size_t)length + 1);
    if (text && text != rest)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *eddy__arena_printf(struct eddy__arena *arena, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = eddy__arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

static void free_down_to(struct eddy__arena *arena, const struct eddy__arena_block *last)
{
    while (arena->block && arena->block != last) {
        struct eddy__arena_block *before = arena->block->before;

        eddy_free(arena->block);
        arena->block = before;
    }
}

void eddy__arena_reset(struct eddy__arena *arena)
{
    struct eddy__arena_block *first = arena->block;

    while (first && first->before)
        first = first->before;
    free_down_to(arena, first && first->size == EDDY__ARENA_BLOCK ? first : NULL);
    arena->used = 0;
}

void eddy__arena_free(struct eddy__arena *arena)
{
    free_down_to(arena, NULL);
    arena->used = 0;
}

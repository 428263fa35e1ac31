/* buffer.c - a growable run of bytes that is filled at one end and emptied at the other. */
#include "stream/stream.h"

static int buffer_grow(struct eddy__buffer *b, size_t needed)
{
    size_t capacity = max_size(b->capacity, 64);
    char *data;

    if (needed > SIZE_MAX / 2)
        return EDDY_ENOMEM;
    while (capacity < needed)
        capacity *= 2;
    data = eddy_realloc(b->data, capacity);
    if (!data)
        return EDDY_ENOMEM;
    b->data = data;
    b->capacity = capacity;
    return 0;
}

int eddy__buffer_reserve(struct eddy__buffer *b, size_t size)
{
    size_t count = eddy__buffer_count(b);

    if (!count)
        b->start = b->end = 0;
    if (b->capacity - b->end > size)
        return 0;
    if (b->start && count) {
        memmove(b->data, b->data + b->start, count);
        b->start = 0;
        b->end = count;
    }
    return b->capacity - b->end > size ? 0 : buffer_grow(b, count + size + 1);
}

size_t eddy__buffer_take(struct eddy__buffer *b, void *to, size_t size)
{
    size_t n = min_size(size, eddy__buffer_count(b));

    if (n) {
        memcpy(to, b->data + b->start, n);
        b->start += n;
    }
    return n;
}

void eddy__buffer_trim(struct eddy__buffer *b)
{
    if (b->capacity > EDDY__BUFFER_SMALL)
        eddy__buffer_free(b);
    b->start = b->end = 0;
}

void eddy__buffer_free(struct eddy__buffer *b)
{
    eddy_free(b->data);
    *b = (struct eddy__buffer){0};
}

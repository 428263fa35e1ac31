/* buffer.h - bytes that a stream keeps (buffer.c). */
#ifndef EDDY_STREAM_BUFFER_H
#define EDDY_STREAM_BUFFER_H

#include "base/base.h"

/* Bytes data[start … end). One byte behind end is always there, for a final zero. */
struct eddy__buffer {
    char *data;
    size_t start;
    size_t end;
    size_t capacity;
};

enum { EDDY__BUFFER_SMALL = 4096 }; /* so much an idle stream may keep */

static inline size_t eddy__buffer_count(const struct eddy__buffer *b)
{
    return b->end - b->start;
}

/* Room for size more bytes behind end; moves the bytes or the block. 0 or EDDY_ENOMEM, unraised. */
int eddy__buffer_reserve(struct eddy__buffer *b, size_t size);
/* Copies at most size bytes out; returns how many. */
size_t eddy__buffer_take(struct eddy__buffer *b, void *to, size_t size);
/* For an empty buffer: gives memory back when it is more than a small block. */
void eddy__buffer_trim(struct eddy__buffer *b);
void eddy__buffer_free(struct eddy__buffer *b);

#endif

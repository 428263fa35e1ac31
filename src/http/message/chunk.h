/* chunk.h - the chunked coding, without I/O (chunk.c; RFC 9112 section 7.1). */
#ifndef EDDY_HTTP_CHUNK_H
#define EDDY_HTTP_CHUNK_H

#include "http/message/head.h"

/* Begins as {0}. */
struct eddy__chunks {
    uint64_t left; /* bytes of the chunk's data that are to come */
    bool ended;    /* the line of the last chunk is through: trailers follow, a head's fields */
    unsigned extension; /* bytes of extensions in this message; at most 4 KiB */
    /* chunk.c's own: */
    int state;
    unsigned digits; /* that have come of a size */
    uint64_t coming; /* that size so far */
};

/* Takes what is no data from data[0 … size): returns how many bytes that was, after which `left` of
 * data follow, or the chunks have ended, or more must come; -1: it is wrong, *why says how. Only
 * called while left is 0 and not ended; whoever takes data subtracts it from left. */
ssize_t eddy__chunks_next(struct eddy__chunks *chunks, const char *data, size_t size,
                          const char **why);

enum { EDDY__CHUNK_LINE = 20 };
/* Writes the line before a chunk of size bytes ("1f\r\n") to line; returns its length. */
size_t eddy__chunk_line(char line[EDDY__CHUNK_LINE], size_t size);

#endif

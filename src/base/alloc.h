/* alloc.h - memory of the library: <eddy/memory.h>, pages, and what tests ask. Nothing else calls
 * malloc.
 *
 * Built with EDDY_TESTING the functions count what is alive, and a test can make the n-th
 * allocation fail. */
#ifndef EDDY_BASE_ALLOC_H
#define EDDY_BASE_ALLOC_H

#include <eddy/memory.h>

#include <stddef.h>

/* Whole pages straight from the system, zero, and straight back to it: for large blocks that come
 * and go, which malloc would keep. size: a multiple of 4,096. */
void *eddy__alloc_pages(size_t size) __attribute__((alloc_size(1), warn_unused_result));
void eddy__free_pages(void *p, size_t size);
/* The same, but shared with the processes that are forked from now on. */
void *eddy__alloc_pages_shared(size_t size) __attribute__((alloc_size(1), warn_unused_result));

#ifdef EDDY_TESTING
/* How many allocations are alive now. */
long eddy__alloc_live(void);

/* How many allocations were asked for since the process began; a realloc is one. */
long eddy__alloc_count(void);

/* The n-th allocation from now on, of whichever thread, returns NULL, once; 0 for none. */
void eddy__alloc_fail_at(long n);
/* The same, but it and all later ones. */
void eddy__alloc_fail_from(long n);
#endif

#endif

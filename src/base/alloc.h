/* alloc.h - memory of the library. Nothing else calls malloc.
 *
 * All functions are thread safe. A size of 0 is served as 1, so NULL always means "out of memory".
 * Built with EDDY_TESTING the functions count what is alive, and a test can make the n-th
 * allocation fail.
 */
#ifndef EDDY_BASE_ALLOC_H
#define EDDY_BASE_ALLOC_H

#include <stddef.h>

/* size bytes, not initialised; NULL when there is no memory. */
void *eddy__alloc(size_t size) __attribute__((malloc, alloc_size(1), warn_unused_result));

/* size bytes, all zero; NULL when there is no memory. */
void *eddy__alloc_zero(size_t size) __attribute__((malloc, alloc_size(1), warn_unused_result));

/* Resizes p, which may be NULL. On failure returns NULL and p stays as it was. */
void *eddy__realloc(void *p, size_t size) __attribute__((alloc_size(2), warn_unused_result));

/* Gives p back; NULL is fine. errno is left alone. */
void eddy__free(void *p);

/* Whole pages straight from the system, zero, and straight back to it: for large blocks that come
 * and go, which malloc would keep. size: a multiple of 4,096. */
void *eddy__alloc_pages(size_t size) __attribute__((alloc_size(1), warn_unused_result));
void eddy__free_pages(void *p, size_t size);
/* The same, but shared with the processes that are forked from now on. */
void *eddy__alloc_pages_shared(size_t size) __attribute__((alloc_size(1), warn_unused_result));

/* A copy of text to be given back with eddy__free; NULL when there is no memory. */
char *eddy__strdup(const char *text) __attribute__((malloc, nonnull, warn_unused_result));

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

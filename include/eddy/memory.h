/* memory.h - for libraries that stand on eddy: memory as the library itself takes it. It serves on
 * small stacks, and when eddy is built for testing it counts and can be made to fail. */
#ifndef EDDY_MEMORY_H
#define EDDY_MEMORY_H

#include <eddy/base.h>

EDDY_BEGIN_DECLS

/* size bytes, not initialised or all zero; NULL when there is no memory. A size of 0 is served as
 * 1. realloc resizes p, which may be NULL; on failure it stays as it was. strdup copies text, and
 * gives NULL for NULL. What they give, and what other functions say is to be given to eddy_free, is
 * given back by that; it takes NULL, too, and leaves errno alone. None of them suspends; any thread
 * may call them. */
EDDY_API void *eddy_alloc(size_t size) __attribute__((malloc, alloc_size(1), warn_unused_result));
EDDY_API void *eddy_alloc_zero(size_t size)
    __attribute__((malloc, alloc_size(1), warn_unused_result));
EDDY_API void *eddy_realloc(void *p, size_t size)
    __attribute__((alloc_size(2), warn_unused_result));
EDDY_API char *eddy_strdup(const char *text) __attribute__((malloc, warn_unused_result));
EDDY_API void eddy_free(void *p);

EDDY_END_DECLS

#endif

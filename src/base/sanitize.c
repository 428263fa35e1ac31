/* sanitize.c - what checkers are told of memory that is given back to a pool. */
#include "base/sanitize.h"

#if EDDY__VALGRIND
#include <valgrind/memcheck.h>
#endif

bool eddy__is_watched(void)
{
#if EDDY__VALGRIND
    if (RUNNING_ON_VALGRIND)
        return true;
#endif
    return EDDY__ASAN;
}

void eddy__forbid(void *memory, size_t size)
{
    (void)memory, (void)size;
#if EDDY__ASAN
    __asan_poison_memory_region(memory, size);
#endif
#if EDDY__VALGRIND
    VALGRIND_MAKE_MEM_NOACCESS(memory, size);
#endif
}

void eddy__allow(void *memory, size_t size)
{
    (void)memory, (void)size;
#if EDDY__ASAN
    __asan_unpoison_memory_region(memory, size);
#endif
#if EDDY__VALGRIND
    VALGRIND_MAKE_MEM_DEFINED(memory, size);
#endif
}

bool eddy__is_forbidden(const void *memory)
{
    (void)memory;
#if EDDY__ASAN
    if (__asan_address_is_poisoned(memory))
        return true;
#endif
#if EDDY__VALGRIND
    char bits;

    if (VALGRIND_GET_VBITS(memory, &bits, 1) == 3)
        return true;
#endif
    return false;
}

/* fault.c - counts the injection points of fault.h; empty outside the tests. */
#include "base/fault.h"

#ifdef EDDY_TESTING

static long fault_count, fail_at;

bool eddy__fault(void)
{
    long mine = __atomic_add_fetch(&fault_count, 1, __ATOMIC_RELAXED);

    return mine == __atomic_load_n(&fail_at, __ATOMIC_RELAXED);
}

void eddy__fault_at(long n)
{
    __atomic_store_n(&fail_at, n > 0 ? eddy__fault_count() + n : 0, __ATOMIC_RELAXED);
}

long eddy__fault_count(void)
{
    return __atomic_load_n(&fault_count, __ATOMIC_RELAXED);
}

#endif

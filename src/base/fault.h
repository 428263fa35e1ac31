/* fault.h - places where a test can make a system call fail.
 *
 * eddy__sys (base/sys.h) asks; nobody else does, but for what stands for a system call and is none.
 * Outside the tests the question is the constant false and costs nothing.
 */
#ifndef EDDY_BASE_FAULT_H
#define EDDY_BASE_FAULT_H

#include <stdbool.h>

#ifdef EDDY_TESTING
/* Counts one injection point; true when this is the one that must fail. */
bool eddy__fault(void);

/* The n-th injection point from now on, of whichever thread, fails, once; 0 for none. */
void eddy__fault_at(long n);

/* How many injection points were passed since the process began. */
long eddy__fault_count(void);
#else
static inline bool eddy__fault(void)
{
    return false;
}
#endif

#endif

/* semaphore.c - eddy_semaphore. While somebody waits the value is 0: what is released goes to the
 * first waiter and never through the value. */
#include "sync/sync.h"
#include <limits.h>

static const struct eddy__wait_kind semaphore_waits = {"a semaphore", eddy__waiter_abort};

int eddy_semaphore_acquire_nowait(eddy_semaphore *semaphore)
{
    if (semaphore->value == 0)
        return eddy__raise(EDDY_EAGAIN, "the semaphore is at zero");
    semaphore->value--;
    return 0;
}

int eddy_semaphore_acquire(eddy_semaphore *semaphore)
{
    struct eddy_waiter_ w = {0};
    int r = eddy__check_interrupt();

    if (r < 0)
        return r;
    if (likely(semaphore->value > 0)) {
        semaphore->value--;
        return eddy__spent(0);
    }
    r = eddy__wait_in(&semaphore->waiters, &w, &semaphore_waits);
    if (r == 0 && unlikely(eddy__granted_too_late())) {
        eddy_semaphore_release(semaphore);
        r = EDDY_ECANCELED;
    }
    return eddy__raise_if(r);
}

int eddy_semaphore_release(eddy_semaphore *semaphore)
{
    unsigned bound = semaphore->bound ? semaphore->bound : UINT_MAX;

    if (semaphore->waiters.first) {
        eddy__waiter_grant(semaphore->waiters.first, 0);
        return 0;
    }
    if (unlikely(semaphore->value >= bound))
        return eddy__bug(EDDY_ERANGE, "a semaphore was released above its bound of %u", bound);
    semaphore->value++;
    return 0;
}

bool eddy_semaphore_locked(const eddy_semaphore *semaphore)
{
    return semaphore->value == 0;
}

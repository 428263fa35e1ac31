/* lock.c - eddy_lock.
 *
 * While somebody waits the lock is taken: release gives it to the first waiter without ever being
 * free in between, so nobody can overtake. A waiter that was cancelled after that and before it ran
 * passes the lock on. */
#include "sync/sync.h"

static const struct eddy__wait_kind lock_waits = {"a lock", eddy__waiter_abort};
static const struct eddy__wait_kind waits_again = {"the lock of a condition", NULL};

int eddy_lock_acquire_nowait(eddy_lock *lock)
{
    if (lock->locked)
        return eddy__raise(EDDY_EAGAIN, "the lock is taken");
    lock->locked = true;
    lock->owner = eddy__self();
    return 0;
}

/* It may be another's by now: any task may release it. */
static COLD int lock_pass_on(eddy_lock *lock)
{
    if (lock->owner == eddy__self())
        eddy_lock_release(lock);
    return EDDY_ECANCELED;
}

int eddy_lock_acquire(eddy_lock *lock)
{
    struct eddy_waiter_ w = {0};
    int r = eddy__check_interrupt();

    if (r < 0)
        return r;
    if (likely(!lock->locked)) {
        lock->locked = true;
        lock->owner = eddy__self();
        return eddy__spent(0);
    }
    r = eddy__wait_in(&lock->waiters, &w, &lock_waits);
    if (r == 0 && unlikely(eddy__granted_too_late()))
        r = lock_pass_on(lock);
    return eddy__raise_if(r);
}

void eddy__lock_reacquire(eddy_lock *lock)
{
    struct eddy_waiter_ w = {.task = eddy__self()};

    if (!lock->locked) {
        lock->locked = true;
        lock->owner = w.task;
        return;
    }
    eddy__waiters_add(&lock->waiters, &w);
    eddy__park(&waits_again, &w);
}

/* Another task's lock may be released, as in asyncio; in debug mode that is taken for a mistake. */
static bool may_release(const eddy_lock *lock)
{
    const eddy_loop *loop = eddy__thread.loop;

    return lock->owner == eddy__self() || !loop || !loop->debug;
}

int eddy_lock_release(eddy_lock *lock)
{
    struct eddy_waiter_ *first = lock->waiters.first;

    if (unlikely(!lock->locked))
        return eddy__bug(EDDY_EOWNER, "a lock was released that nobody holds");
    if (unlikely(!may_release(lock)))
        return eddy__bug(EDDY_EOWNER, "a lock was released by a task that does not hold it");
    if (first) {
        lock->owner = first->task;
        eddy__waiter_grant(first, 0);
        return 0;
    }
    lock->owner = NULL;
    lock->locked = false;
    return 0;
}

bool eddy_lock_locked(const eddy_lock *lock)
{
    return lock->locked;
}

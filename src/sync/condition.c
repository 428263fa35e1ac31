/* condition.c - eddy_condition.
 *
 * A wait has two halves: for the notification, which a cancellation or deadline ends, and for the
 * lock, which nothing ends, because the caller goes on to release it. */
#include "sync/sync.h"

static const struct eddy__wait_kind condition_waits = {"a condition", eddy__waiter_abort};

static eddy_lock *lock_of(eddy_condition *condition)
{
    return condition->lock ? condition->lock : &condition->own;
}

static bool holds(eddy_condition *condition)
{
    const eddy_lock *lock = lock_of(condition);

    return lock->locked && lock->owner == eddy__self();
}

int eddy_condition_acquire(eddy_condition *condition)
{
    return eddy_lock_acquire(lock_of(condition));
}

int eddy_condition_release(eddy_condition *condition)
{
    return eddy_lock_release(lock_of(condition));
}

/* A task that was cancelled after its notification would leave without acting on it. Somebody else
 * who waits gets it instead; when there is nobody, the wait has succeeded (rules D1, E5). */
static int condition_pass_on(eddy_condition *condition)
{
    int interrupt = eddy__self()->interrupt;

    if (likely(!interrupt) || !condition->waiters.first)
        return 0;
    eddy__waiter_grant(condition->waiters.first, 0);
    return interrupt;
}

int eddy_condition_wait(eddy_condition *condition)
{
    struct eddy_waiter_ w = {0};
    int r = eddy__check_interrupt();

    if (r < 0)
        return r;
    if (unlikely(!holds(condition)))
        return eddy__bug(EDDY_EOWNER, "a condition was waited for without its lock");
    eddy_lock_release(lock_of(condition));
    r = eddy__wait_in(&condition->waiters, &w, &condition_waits);
    eddy__lock_reacquire(lock_of(condition));
    if (r == 0)
        r = condition_pass_on(condition);
    return eddy__raise_if(r);
}

int eddy_condition_wait_for(eddy_condition *condition, eddy_predicate *predicate, void *arg)
{
    int r = eddy__check_interrupt();

    if (r < 0)
        return r;
    if (!predicate)
        return eddy__raise(EDDY_EINVAL, "eddy_condition_wait_for needs a predicate");
    if (unlikely(!holds(condition)))
        return eddy__bug(EDDY_EOWNER, "a condition was waited for without its lock");
    while (r == 0 && !predicate(arg))
        r = eddy_condition_wait(condition);
    return eddy__spent(r);
}

int eddy_condition_notify(eddy_condition *condition, unsigned n)
{
    if (unlikely(!holds(condition)))
        return eddy__bug(EDDY_EOWNER, "a condition was notified without its lock");
    for (; n > 0 && condition->waiters.first; n--)
        eddy__waiter_grant(condition->waiters.first, 0);
    return 0;
}

int eddy_condition_notify_all(eddy_condition *condition)
{
    if (unlikely(!holds(condition)))
        return eddy__bug(EDDY_EOWNER, "a condition was notified without its lock");
    eddy__waiters_grant_all(&condition->waiters, 0);
    return 0;
}

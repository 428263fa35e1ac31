/* with.c - the functions under eddy_with. */
#include "sync/sync.h"

static int release_lock(void *object)
{
    return eddy_lock_release(object);
}

static int release_semaphore(void *object)
{
    return eddy_semaphore_release(object);
}

static int release_condition(void *object)
{
    return eddy_condition_release(object);
}

static int with_hold(eddy_held_ *held, int status, void *object, int (*release)(void *))
{
    if (status >= 0)
        *held = (eddy_held_){object, release};
    return status;
}

int eddy_held_lock_(eddy_held_ *held, eddy_lock *lock)
{
    return with_hold(held, eddy_lock_acquire(lock), lock, release_lock);
}

int eddy_held_semaphore_(eddy_held_ *held, eddy_semaphore *semaphore)
{
    return with_hold(held, eddy_semaphore_acquire(semaphore), semaphore, release_semaphore);
}

int eddy_held_condition_(eddy_held_ *held, eddy_condition *condition)
{
    return with_hold(held, eddy_condition_acquire(condition), condition, release_condition);
}

void eddy_held_leave_(eddy_held_ *held)
{
    if (held->release)
        held->release(held->object);
    held->release = NULL;
}

/* barrier.c - eddy_barrier. `waiting` counts those in the queue at every moment, so a task that is
 * cancelled is taken off when it leaves the queue, not when it runs again. */
#include "sync/sync.h"

static void barrier_leave(eddy_task *task, int code)
{
    struct eddy_waiter_ *w = task->waiting_on;
    eddy_barrier *barrier = w->slot;

    barrier->waiting--;
    eddy__waiter_abort(task, code);
}

static const struct eddy__wait_kind barrier_waits = {"a barrier", barrier_leave};

/* The last of the parties has come. The others get their indices in the order of their arrival. */
static int let_through(eddy_barrier *barrier)
{
    int index = 0;

    barrier->waiting = 0;
    while (barrier->waiters.first)
        eddy__waiter_grant(barrier->waiters.first, index++);
    return index;
}

int eddy_barrier_wait(eddy_barrier *barrier)
{
    struct eddy_waiter_ w = {.slot = barrier};
    int r = eddy__check_interrupt();

    if (r < 0)
        return r;
    if (barrier->parties == 0)
        return eddy__raise(EDDY_EINVAL, "a barrier needs at least one party");
    if (barrier->broken)
        return eddy__raise_code(EDDY_EBROKEN);
    if (barrier->waiting + 1 >= barrier->parties)
        return eddy__spent(let_through(barrier));
    barrier->waiting++;
    return eddy__raise_if(eddy__wait_in(&barrier->waiters, &w, &barrier_waits));
}

void eddy_barrier_abort(eddy_barrier *barrier)
{
    barrier->broken = true;
    barrier->waiting = 0;
    eddy__waiters_grant_all(&barrier->waiters, EDDY_EBROKEN);
}

void eddy_barrier_reset(eddy_barrier *barrier)
{
    barrier->broken = false;
    barrier->waiting = 0;
    eddy__waiters_grant_all(&barrier->waiters, EDDY_EBROKEN);
}

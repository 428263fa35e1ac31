/* event.c - eddy_event. Those who wait when it is set have been granted then: a clear that follows
 * does not reach them. */
#include "sync/sync.h"

static const struct eddy__wait_kind event_waits = {"an event", eddy__waiter_abort};

int eddy_event_wait(eddy_event *event)
{
    struct eddy_waiter_ w = {0};
    int r = eddy__check_interrupt();

    if (r < 0)
        return r;
    if (event->is_set)
        return eddy__spent(0);
    return eddy__raise_if(eddy__wait_in(&event->waiters, &w, &event_waits));
}

void eddy_event_set(eddy_event *event)
{
    event->is_set = true;
    eddy__waiters_grant_all(&event->waiters, 0);
}

void eddy_event_clear(eddy_event *event)
{
    event->is_set = false;
}

bool eddy_event_is_set(const eddy_event *event)
{
    return event->is_set;
}

/* fd.c - descriptors whose readiness somebody wants to know: the part that all backends share. */
#include "loop/io.h"

#include <poll.h>

void eddy__fd_init(struct eddy__fd *fd, eddy_loop *loop, int number,
                   void (*on_ready)(struct eddy__fd *, unsigned))
{
    *fd = (struct eddy__fd){.loop = loop, .fd = number, .on_ready = on_ready};
    list_init(&fd->again);
}

int eddy__fd_want(struct eddy__fd *fd, unsigned events)
{
    unsigned before = fd->wanted;

    fd->wanted = fd->level ? events : fd->wanted | events;
    fd->asked = (uint8_t)events;
    int r = fd->loop->backend->arm(fd);
    if (unlikely(r < 0))
        fd->wanted = before;
    return r;
}

void eddy__fd_forget(struct eddy__fd *fd)
{
    if (fd->loop->backend_state) /* else the list has gone with the backend */
        list_remove(&fd->again);
    fd->wanted = 0;
    fd->loop->backend->forget(fd);
}

void eddy__fd_again(struct eddy__fd *fd, unsigned events)
{
    fd->again_events |= (uint8_t)events;
    if (list_empty(&fd->again))
        list_add_tail(&eddy__io_of(fd->loop)->again, &fd->again);
}

static void run_one(struct eddy__fd *fd)
{
    unsigned events = fd->again_events & fd->wanted;

    fd->again_events = 0;
    if (events) {
        if (fd->always_ready && fd->level)
            eddy__fd_again(fd, events);
        eddy__io_of(fd->loop)->told++;
        fd->on_ready(fd, events);
        return;
    }
    fd->asked = (uint8_t)fd->wanted;
    if (fd->wanted && fd->loop->backend->arm(fd) < 0)
        eddy__fd_again(fd, 0);
}

static bool run_again(struct list *again)
{
    struct list batch = *again;
    struct list *link;

    /* What is added from now on has to wait for the next poll. */
    batch.next->prev = batch.prev->next = &batch;
    list_init(again);
    while ((link = list_take_first(&batch)))
        run_one(container_of(link, struct eddy__fd, again));
    return true;
}

bool eddy__fd_run_again(eddy_loop *loop)
{
    struct list *again = &eddy__io_of(loop)->again;

    return unlikely(!list_empty(again)) && run_again(again);
}

unsigned eddy__fd_events(unsigned mask)
{
    unsigned events = 0;

    if (mask & (POLLIN | POLLPRI | POLLRDHUP))
        events |= EDDY_READABLE;
    if (mask & POLLOUT)
        events |= EDDY_WRITABLE;
    if (mask & (POLLHUP | POLLERR | POLLNVAL))
        events |= EDDY_READABLE | EDDY_WRITABLE;
    return events;
}

void eddy__fd_tell(struct eddy__fd *fd, unsigned mask)
{
    unsigned events = eddy__fd_events(mask);

    /* Also when nobody wants to know of it now: it is not told twice. A ring may tell of the data
     * that came with it later, as of data alone. */
    if (mask & (POLLHUP | POLLRDHUP))
        fd->hangup = true;
    if (events & fd->wanted) {
        eddy__io_of(fd->loop)->told++;
        fd->on_ready(fd, events & fd->wanted);
    }
}

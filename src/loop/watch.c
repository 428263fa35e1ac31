/* watch.c - public level-triggered watches of descriptors. */
#include "base/alloc.h"
#include "base/sys.h"
#include "loop/loop.h"

#include <fcntl.h>

/* Nothing of a watch is touched after its callback, which may have closed it. It keeps the loop's
 * memory, so that it may be closed after the loop. */
struct eddy_watch {
    struct eddy__fd fd;
    eddy_watch_callback *fn;
    void *arg;
};

static void watch_on_ready(struct eddy__fd *fd, unsigned events)
{
    eddy_watch *watch = container_of(fd, eddy_watch, fd);

    watch->fn(watch, events, watch->arg);
}

static int check_events(unsigned events)
{
    if (events & ~(unsigned)(EDDY_READABLE | EDDY_WRITABLE))
        return eddy__raise(EDDY_EINVAL, "events is %#x: EDDY_READABLE and EDDY_WRITABLE", events);
    return 0;
}

static int check_fd(int fd)
{
    int r = eddy__sys(fcntl(fd, F_GETFD));

    return r < 0 ? eddy__raise(r, "cannot watch descriptor %d: %s", fd, eddy_status_message(r)) : 0;
}

static int want(eddy_watch *watch, unsigned events)
{
    eddy_loop *loop = watch->fd.loop;
    bool waited = watch->fd.wanted != 0;
    int r = loop->backend_state ? eddy__fd_want(&watch->fd, events) : EDDY_ECLOSED;

    if (r < 0)
        return eddy__raise(r, "cannot watch descriptor %d: %s", watch->fd.fd,
                           eddy_status_message(r));
    loop->io_waits += (unsigned)(events != 0) - (unsigned)waited;
    return 0;
}

eddy_watch *eddy_watch_open(eddy_loop *loop, int fd, unsigned events, eddy_watch_callback *fn,
                            void *arg)
{
    if (!eddy__loop_check_thread(loop, __func__))
        return NULL;
    if (!fn) {
        eddy__raise(EDDY_EINVAL, "fn is NULL");
        return NULL;
    }
    if (check_events(events) < 0 || check_fd(fd) < 0)
        return NULL;
    eddy_watch *watch = eddy_alloc_zero(sizeof *watch);
    if (!watch) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    eddy__fd_init(&watch->fd, loop, fd, watch_on_ready);
    watch->fd.level = true;
    watch->fn = fn;
    watch->arg = arg;
    if (want(watch, events) < 0) {
        eddy__fd_forget(&watch->fd);
        eddy_free(watch);
        return NULL;
    }
    eddy__loop_ref(loop);
    return watch;
}

int eddy_watch_set(eddy_watch *watch, unsigned events)
{
    if (!eddy__loop_check_thread(watch->fd.loop, __func__))
        return EDDY_ELOOP;
    int r = check_events(events);
    if (r < 0 || events == watch->fd.wanted)
        return r;
    return want(watch, events);
}

int eddy_watch_fd(const eddy_watch *watch)
{
    return watch->fd.fd;
}

void eddy_watch_close(eddy_watch *watch)
{
    if (!watch || !eddy__loop_check_thread(watch->fd.loop, __func__))
        return;
    if (watch->fd.wanted)
        watch->fd.loop->io_waits--;
    eddy__fd_forget(&watch->fd);
    eddy__loop_unref(watch->fd.loop);
    eddy_free(watch);
}

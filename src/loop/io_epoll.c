/* io_epoll.c - the backend on epoll: readiness. Operations on it are in epoll_op.c. */
#include "loop/epoll.h"

#include "base/alloc.h"
#include "base/descriptor.h"
#include "base/sys.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLRDHUP == POLLRDHUP &&
                   EPOLLHUP == POLLHUP && EPOLLERR == POLLERR,
               "masks of epoll are those of poll");

enum { BATCH = 256 };

struct epoll {
    struct eddy__io io; /* must stay first */
    int fd;
    unsigned registered; /* descriptors other than the loop's own */
    int at, count;       /* the part of events that is not dealt with */
    struct epoll_event events[BATCH];
};

/* What fd->backend holds: [0] these, [1] the number that is registered plus one. That is another
 * than fd->fd when somebody else watches the same descriptor: epoll takes each number once. */
enum {
    REGISTERED = 1,
    MISSED_SHIFT = 1, /* edge mode: events that came up while nobody wanted them */
};

static struct epoll *epoll_of(const eddy_loop *loop)
{
    return loop->backend_state;
}

static uintptr_t epoll_flags_of(const struct eddy__fd *fd)
{
    return (uintptr_t)fd->backend[0];
}

static void set_flags(struct eddy__fd *fd, uintptr_t flags)
{
    fd->backend[0] = (void *)flags;
}

static int registered_number(const struct eddy__fd *fd)
{
    return (int)(intptr_t)fd->backend[1] - 1;
}

/* ---- descriptors ---- */

/* Not in line: epoll_arm mostly has no need of it. */
static NOINLINE int control(const struct epoll *ep, int what, int number, struct eddy__fd *fd,
                            unsigned mask)
{
    struct epoll_event event = {.events = mask, .data.ptr = fd};

    return eddy__sys_once(epoll_ctl(ep->fd, what, number, &event));
}

static unsigned epoll_mask_of(const struct eddy__fd *fd)
{
    if (!fd->level)
        return EPOLLIN | EPOLLRDHUP | EPOLLET | (fd->multishot ? 0u : EPOLLOUT);
    return (fd->wanted & EDDY_READABLE ? EPOLLIN | EPOLLRDHUP : 0u) |
           (fd->wanted & EDDY_WRITABLE ? EPOLLOUT : 0u);
}

static int add_duplicate(const struct epoll *ep, struct eddy__fd *fd, int *number)
{
    *number = eddy__sys(fcntl(fd->fd, F_DUPFD_CLOEXEC, 3));
    if (*number < 0)
        return *number;
    int r = control(ep, EPOLL_CTL_ADD, *number, fd, epoll_mask_of(fd));
    if (r < 0)
        close(*number);
    return r;
}

static int epoll_add(struct epoll *ep, struct eddy__fd *fd)
{
    int number = fd->fd;
    int r = control(ep, EPOLL_CTL_ADD, number, fd, epoll_mask_of(fd));

    if (r == -EEXIST)
        r = add_duplicate(ep, fd, &number);
    if (r == -EPERM) { /* a regular file */
        fd->always_ready = true;
        eddy__fd_again(fd, fd->wanted);
        return 0;
    }
    if (r < 0)
        return r;
    set_flags(fd, REGISTERED);
    fd->backend[1] = (void *)(intptr_t)(number + 1);
    ep->registered += fd != &fd->loop->wake_fd;
    return 0;
}

/* What is left of the current batch must not name it any more. */
static void blank_out(struct epoll *ep, const struct eddy__fd *fd)
{
    for (int i = ep->at; i < ep->count; i++)
        if (ep->events[i].data.ptr == fd)
            ep->events[i].data.ptr = NULL;
}

static void epoll_take_out(struct epoll *ep, struct eddy__fd *fd)
{
    int number = registered_number(fd);

    epoll_ctl(ep->fd, EPOLL_CTL_DEL, number, NULL);
    if (number != fd->fd)
        close(number);
    ep->registered -= fd != &fd->loop->wake_fd;
    blank_out(ep, fd);
    set_flags(fd, 0);
    fd->backend[1] = NULL;
}

static int arm_registered_edge(struct epoll *ep, struct eddy__fd *fd)
{
    unsigned missed = (unsigned)(epoll_flags_of(fd) >> MISSED_SHIFT) & fd->asked;

    if (missed) {
        set_flags(fd, epoll_flags_of(fd) & ~((uintptr_t)missed << MISSED_SHIFT));
        eddy__fd_again(fd, missed);
    }
    /* After a hangup there may be no further edge: ask anew how it stands. */
    if (unlikely(fd->hangup && fd->asked & EDDY_READABLE))
        return control(ep, EPOLL_CTL_MOD, registered_number(fd), fd, epoll_mask_of(fd));
    return 0;
}

static int epoll_arm(struct eddy__fd *fd)
{
    struct epoll *ep = epoll_of(fd->loop);

    if (fd->always_ready) {
        eddy__fd_again(fd, fd->asked);
        return 0;
    }
    if (!(epoll_flags_of(fd) & REGISTERED))
        return fd->wanted ? epoll_add(ep, fd) : 0;
    if (!fd->level)
        return arm_registered_edge(ep, fd);
    if (fd->wanted)
        return control(ep, EPOLL_CTL_MOD, registered_number(fd), fd, epoll_mask_of(fd));
    epoll_take_out(ep, fd); /* hang-ups are reported even when nothing is asked for */
    return 0;
}

/* Of a loop that is closed only a duplicate is left. */
static void epoll_forget(struct eddy__fd *fd)
{
    if (!(epoll_flags_of(fd) & REGISTERED))
        return;
    if (epoll_of(fd->loop))
        epoll_take_out(epoll_of(fd->loop), fd);
    else if (registered_number(fd) != fd->fd)
        close(registered_number(fd));
}

static void ready(struct eddy__fd *fd, unsigned mask)
{
    unsigned missed = fd->level ? 0 : eddy__fd_events(mask) & ~fd->wanted;

    if (missed)
        set_flags(fd, epoll_flags_of(fd) | (uintptr_t)missed << MISSED_SHIFT);
    eddy__fd_tell(fd, mask);
}

/* ---- polling ---- */

/* Fills the batch. */
static void fetch(eddy_loop *loop, int64_t timeout_ns)
{
    struct epoll *ep = epoll_of(loop);

    ep->at = ep->count = 0;
    int n = eddy__sys_epoll_wait(ep->fd, ep->events, BATCH, timeout_ns);
    if (n >= 0) {
        ep->count = n;
        eddy__wait_worked(loop);
    } else if (n != -EINTR && ep->fd >= 0) {
        eddy__wait_failed(loop, "epoll_wait", n);
    }
}

static bool epoll_seen(eddy_loop *loop)
{
    fetch(loop, 0);
    return epoll_of(loop)->count > 0;
}

static void epoll_wait_for_events(eddy_loop *loop, int64_t timeout_ns)
{
    struct epoll *ep = epoll_of(loop);

    if (eddy__spin_due(&ep->io.spin, loop, timeout_ns)) {
        if (eddy__spin_run(&ep->io.spin, loop, epoll_seen))
            return;
        if (timeout_ns != NS_NEVER)
            timeout_ns -= loop->spin_ns;
    }
    fetch(loop, eddy__sleep_begin(loop) ? timeout_ns : 0);
    eddy__sleep_end(loop);
}

static int epoll_poll(eddy_loop *loop, int64_t timeout_ns)
{
    struct epoll *ep = epoll_of(loop);

    if (eddy__ops_finish_ended(loop))
        timeout_ns = 0;
    if (unlikely(loop->failed)) {
        eddy__poll_failed(loop, timeout_ns);
        return loop->failed;
    }
    if (eddy__fd_run_again(loop))
        timeout_ns = 0;
    if (timeout_ns > 0)
        epoll_wait_for_events(loop, timeout_ns);
    else
        fetch(loop, 0);
    while (ep->at < ep->count) {
        const struct epoll_event *event = &ep->events[ep->at++];

        if (event->data.ptr)
            ready(event->data.ptr, event->events);
    }
    return loop->failed;
}

/* Without a system call nobody knows whether a descriptor is ready. */
static bool epoll_pending(eddy_loop *loop)
{
    struct epoll *ep = epoll_of(loop);

    return ep->registered || !list_empty(&ep->io.again) || !list_empty(&ep->io.ended);
}

/* ---- life ---- */

static int epoll_open(eddy_loop *loop)
{
    struct epoll *ep = eddy_alloc_zero(sizeof *ep);

    if (!ep)
        return -ENOMEM;
    int fd = eddy__sys(eddy__above_standard(epoll_create1(EPOLL_CLOEXEC)));
    if (fd < 0) {
        eddy_free(ep);
        return fd;
    }
    ep->fd = fd;
    eddy__io_init(&ep->io);
    loop->backend_state = ep;
    return 0;
}

static void epoll_close(eddy_loop *loop)
{
    struct epoll *ep = epoll_of(loop);

    if (ep->fd >= 0)
        close(ep->fd);
    eddy_free(ep);
    loop->backend_state = NULL;
}

static void epoll_disown(eddy_loop *loop)
{
    struct epoll *ep = epoll_of(loop);

    close(ep->fd);
    ep->fd = -1;
}

const struct eddy__backend eddy__backend_epoll = {
    .name = "epoll",
    .open = epoll_open,
    .close = epoll_close,
    .arm = epoll_arm,
    .forget = epoll_forget,
    .submit = eddy__epoll_submit,
    .cancel = eddy__epoll_cancel,
    .pending = epoll_pending,
    .poll = epoll_poll,
    .disown = epoll_disown,
};

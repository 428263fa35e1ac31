/* wait_fd.c - a task waits for a descriptor that belongs to somebody else. */
#include <eddy/wait_fd.h>

#include "stream/stream.h"

#include <fcntl.h>

/* On the stack of the task that waits. */
struct fd_wait {
    struct eddy__fd fd;
    eddy_task *task;
};

/* The loop lets go of the descriptor before the task runs, which may close it then. */
static void wait_fd_end(struct fd_wait *wait, int value)
{
    eddy__fd_forget(&wait->fd);
    eddy__wake(wait->task, value);
}

static void fd_is_ready(struct eddy__fd *fd, unsigned events)
{
    wait_fd_end(container_of(fd, struct fd_wait, fd), (int)events);
}

static void abort_fd_wait(eddy_task *task, int code)
{
    wait_fd_end(task->waiting_on, code);
}

static const struct eddy__wait_kind waits_for_fd = {"a descriptor", abort_fd_wait};

static int wait_fd_check(int fd, unsigned events)
{
    const unsigned all = EDDY_READABLE | EDDY_WRITABLE;

    if (!events || events & ~all)
        return eddy__raise(EDDY_EINVAL,
                           "eddy_wait_fd: events is %#x: EDDY_READABLE, EDDY_WRITABLE or both",
                           events);
    int r = eddy__sys(fcntl(fd, F_GETFD));
    return r < 0 ? eddy__raise(r, "eddy_wait_fd: cannot wait for descriptor %d: %s", fd,
                               eddy__words(r).text)
                 : 0;
}

int eddy_wait_fd(int fd, unsigned events)
{
    struct fd_wait wait = {.task = eddy__self()};
    int r = eddy__checkpoint();

    if (r < 0 || (r = wait_fd_check(fd, events)) < 0)
        return r;
    eddy__fd_init(&wait.fd, wait.task->loop, fd, fd_is_ready);
    wait.fd.level = true;
    r = eddy__fd_want(&wait.fd, events);
    if (r < 0) {
        eddy__fd_forget(&wait.fd);
        return eddy__raise(r, "eddy_wait_fd: cannot wait for descriptor %d: %s", fd,
                           eddy__words(r).text);
    }
    return eddy__raise_if(eddy__io_park(&waits_for_fd, &wait));
}

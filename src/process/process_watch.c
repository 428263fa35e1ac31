/* process_watch.c - what tells of a child's end: a pidfd, or where there are none a thread that
 * waits for the child. */
#include "base/descriptor.h"
#include "process/process.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a thread ---- */

/* The child's number and the descriptor, as one pointer. */
union ticket {
    struct {
        pid_t pid;
        int fd;
    };
    void *pointer;
};
_Static_assert(sizeof(void *) == sizeof(union ticket), "a thread is given both in its argument");

/* Leaves the child for its owner to reap. A byte and not the end of the pipe is the message: a fork
 * may have copied the descriptor. */
static void *wait_for_child(void *arg)
{
    union ticket ticket = {.pointer = arg};
    siginfo_t info;

    eddy__sys_waitid(ticket.pid, -1, &info, WEXITED | WNOWAIT);
    eddy__sys_sure(write(ticket.fd, "", 1));
    close(ticket.fd);
    return NULL;
}

struct start {
    union ticket ticket;
    int r;
};

/* No signal reaches it: those are the program's, and SIGPIPE is for nobody. */
static void process_watch_create_thread(void *arg)
{
    struct start *start = arg;
    pthread_t thread;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    start->r =
        eddy__sys_posix(pthread_create(&thread, NULL, wait_for_child, start->ticket.pointer));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (start->r < 0)
        return;
    pthread_setname_np(thread, "eddy-child");
    pthread_detach(thread);
}

/* 0 or -errno. The C library takes some 4 KiB of stack for it. */
static int start_thread(union ticket ticket)
{
    struct start start = {ticket, 0};

    eddy__aside(process_watch_create_thread, &start);
    return start.r;
}

static int watch_by_thread(eddy_process *p)
{
    siginfo_t info;
    int fds[2];
    int r = eddy__sys_waitid(p->pid, -1, &info, WEXITED | WNOHANG | WNOWAIT);

    if (eddy__sys_refused(r)) /* nothing tells of the end and leaves the child */
        return r;
    r = eddy__sys(eddy__pair_above_standard(pipe2(fds, O_CLOEXEC), fds));
    if (r < 0)
        return r;
    r = start_thread((union ticket){{p->pid, fds[1]}});
    if (r < 0) {
        close(fds[0]);
        close(fds[1]);
        return r;
    }
    p->by_number = true;
    p->fd.fd = fds[0];
    return 0;
}

/* ---- a pidfd ---- */

/* The child is not reaped before this, so that the number is still its own. */
int eddy__process_watch(eddy_process *p)
{
    int fd = eddy__sys_pidfd_open(p->pid);

    if (fd == -ESRCH) { /* SIGCHLD is ignored: the kernel has reaped it */
        p->ended = p->lost = true;
        return 0;
    }
    if (fd < 0)
        return eddy__sys_refused(fd) ? watch_by_thread(p) : fd;
    p->fd.fd = fd;
    return 0;
}

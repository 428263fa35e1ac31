/* forker.c - a process that forks workers: this side of it. forker_child.c is the other. */
#include "exec/forker.h"

#include "base/alloc.h"
#include "base/descriptor.h"
#include "base/sys.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int make_pair(int type, int fds[2])
{
    return eddy__sys(
        eddy__pair_above_standard(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), fds));
}

int eddy__forker_open(struct eddy__forker *forker, unsigned slots,
                      void (*work)(unsigned slot, void *arg), void *arg)
{
    int fds[2];

    *forker = (struct eddy__forker){.fd = -1, .slots = slots, .work = work, .arg = arg};
    forker->workers = eddy_alloc_zero(slots * sizeof *forker->workers);
    int r = forker->workers ? make_pair(SOCK_SEQPACKET, fds) : -ENOMEM;
    if (r >= 0) {
        fflush(stdout); /* or the children would have it, too */
        r = forker->pid = eddy__sys_as(EAGAIN, fork());
        if (r == 0)
            eddy__forker_main(forker, fds[1]);
        close(fds[1]);
        if (r < 0)
            close(fds[0]);
        else
            forker->fd = fds[0];
    }
    if (r < 0)
        eddy_free(forker->workers);
    return r < 0 ? r : 0;
}

/* ---- commands ---- */

/* Waits if it must: the process takes commands at once. */
static int command(struct eddy__forker *forker, int code, unsigned slot, int fd)
{
    struct eddy__forker_command c = {code, slot};
    struct eddy__forker_message m;

    eddy__forker_message_init(&m, &c, sizeof c, fd);
    ssize_t r = eddy__sys(sendmsg(forker->fd, &m.header, MSG_NOSIGNAL));
    return r < 0 ? (int)r : 0;
}

int eddy__forker_start(struct eddy__forker *forker, unsigned slot)
{
    int fds[2];
    int r = make_pair(SOCK_STREAM, fds);

    if (r < 0)
        return r;
    r = command(forker, EDDY__FORKER_START, slot, fds[1]);
    close(fds[1]);
    if (r < 0)
        close(fds[0]);
    return r < 0 ? r : fds[0];
}

int eddy__forker_end(struct eddy__forker *forker, unsigned slot)
{
    return command(forker, EDDY__FORKER_END, slot, -1);
}

int eddy__forker_answer(struct eddy__forker *forker, struct eddy__forker_answer *answer)
{
    ssize_t r = eddy__sys(recv(forker->fd, answer, sizeof *answer, MSG_DONTWAIT));

    if (r == (ssize_t)sizeof *answer)
        return 1;
    return r < 0 ? (int)r : -EPIPE;
}

void eddy__forker_stop(struct eddy__forker *forker)
{
    shutdown(forker->fd, SHUT_WR); /* not close: a copy may be open in another child */
}

bool eddy__forker_wait(struct eddy__forker *forker, int64_t timeout_ns)
{
    int64_t now = eddy__clock_now();
    int64_t end = eddy__ns_after(now, timeout_ns);
    struct pollfd hangup = {.fd = forker->fd}; /* answers that nobody reads are none */

    for (int64_t left = end - now; left > 0; left = end - eddy__clock_now()) {
        struct timespec ts = {.tv_sec = (time_t)(left / NS_PER_SECOND),
                              .tv_nsec = (long)(left % NS_PER_SECOND)};
        int r = eddy__sys_once(ppoll(&hangup, 1, &ts, NULL));

        if (r > 0)
            return true;
        if (r != -EINTR)
            break;
    }
    return false;
}

void eddy__forker_close(struct eddy__forker *forker, bool force)
{
    int status;

    if (force)
        kill(forker->pid, SIGKILL);
    eddy__sys_sure(waitpid(forker->pid, &status, 0));
    close(forker->fd);
    eddy_free(forker->workers);
}

/* ---- the bell ---- */

int eddy__forker_ring(int fd)
{
    return (int)eddy__sys(send(fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT));
}

int eddy__forker_ringing(int fd)
{
    char byte;

    return (int)eddy__sys(recv(fd, &byte, 1, MSG_DONTWAIT));
}

void eddy__forker_hang_up(int fd)
{
    close(fd);
}

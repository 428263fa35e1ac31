/* forker.h - workers that another process forks; of exec/ only.
 *
 * A process that was forked once, while little was open, forks the workers and waits for them, so
 * that they come from a process of one thread and the program's own children are left alone. Each
 * worker has a socket: a byte there and back is a job and its end. Statuses are not raised. */
#ifndef EDDY_EXEC_FORKER_H
#define EDDY_EXEC_FORKER_H

#include "base/base.h"
#include "base/clock.h"
#include <sys/socket.h>

struct eddy__forker {
    int fd; /* to the process: commands go there, answers come back */
    pid_t pid;
    unsigned slots;
    pid_t *workers; /* of the process; here only its memory */
    void (*work)(unsigned slot, void *arg);
    void *arg;
};
struct eddy__forker_answer {
    unsigned slot;
    int error;       /* -errno: there never was a worker */
    int wait_status; /* how it ended */
};
/* In the worker, for each job: work(slot, arg). To be called in a callback: the workers run on this
 * stack. 0 or -errno; arg and what it leads to must be shared memory or never change. */
int eddy__forker_open(struct eddy__forker *forker, unsigned slots,
                      void (*work)(unsigned slot, void *arg), void *arg);
/* Asks for the slot's worker; its socket, or -errno. There will be one answer: how it ended, or why
 * there is none. A fork of the worker may keep the socket open. */
int eddy__forker_start(struct eddy__forker *forker, unsigned slot);
/* Ends the slot's worker if it still runs. */
int eddy__forker_end(struct eddy__forker *forker, unsigned slot);
/* 1 and an answer; -EAGAIN: none yet; another failure: the process has gone. */
int eddy__forker_answer(struct eddy__forker *forker, struct eddy__forker_answer *answer);
/* Tells it to kill the workers and end; then answers fail with 0. */
void eddy__forker_stop(struct eddy__forker *forker);
/* Blocks until the stopped process has ended, at most that long: false when it has not. */
bool eddy__forker_wait(struct eddy__forker *forker, int64_t timeout_ns);
/* The process has ended, or is killed if it has to be forced. */
void eddy__forker_close(struct eddy__forker *forker, bool force);
/* The worker's bell: rings it for a job; takes its ringing: 1, -EAGAIN, or it has gone: 0, -errno.
 * */
int eddy__forker_ring(int fd);
int eddy__forker_ringing(int fd);
void eddy__forker_hang_up(int fd);

/* ---- what both sides say to each other: forker.c, forker_child.c ---- */

enum { EDDY__FORKER_START, EDDY__FORKER_END };

struct eddy__forker_command {
    int code;
    unsigned slot;
};

/* A message that may carry a descriptor. */
struct eddy__forker_message {
    struct msghdr header;
    struct iovec vec;
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
};

/* fd: what to send along; -1: nothing, or room for what is received. */
static inline void eddy__forker_message_init(struct eddy__forker_message *m, void *data,
                                             size_t size, int fd)
{
    memset(m, 0, sizeof *m);
    m->vec = (struct iovec){data, size};
    m->header.msg_iov = &m->vec;
    m->header.msg_iovlen = 1;
    if (fd < 0)
        return;
    m->header.msg_control = m->control.bytes;
    m->header.msg_controllen = sizeof m->control.bytes;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m->header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
}

/* The process: takes commands from fd until it hangs up. */
_Noreturn void eddy__forker_main(struct eddy__forker *forker, int fd);

#endif

/* forker.h - what both sides of a forker say to each other; of loop/ only. */
#ifndef EDDY_LOOP_FORKER_H
#define EDDY_LOOP_FORKER_H

#include "loop/loop.h"
#include <sys/socket.h>

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

/* fd.h - descriptors whose readiness somebody wants to know (fd.c). Part of the door, loop.h. */
#ifndef EDDY_LOOP_FD_H
#define EDDY_LOOP_FD_H

#include "base/base.h"
#include "base/list.h"
#include <eddy/loop.h>

/* Edge-triggered by default: on_ready is
 * called when a wanted event comes up, and events that were wanted stay wanted; an event is wanted
 * anew only after the kernel said "not now" (EAGAIN, or a short read without hangup). level:
 * on_ready is called in each turn in which the wanted events hold. */
struct eddy__fd {
    eddy_loop *loop;
    int fd;
    bool level;
    bool multishot; /* for reading only, often: a lasting poll from the first wait on (listeners) */
    bool shut;      /* shutdown() comes before close(): forget need not reach the kernel at once */
    bool hangup;    /* an event had the peer's end: a short read does not mean "drained" */
    bool always_ready; /* the backend found that it cannot be polled: a regular file */
    uint8_t asked;     /* what arm is to arm again */
    uint8_t again_events;
    struct list again; /* in the backend's list of those to be called in the next poll */
    unsigned wanted;   /* EDDY_READABLE | EDDY_WRITABLE */
    void (*on_ready)(struct eddy__fd *fd, unsigned events);
    void *backend[2]; /* the backend's own: uring keeps the armed polls, epoll what is registered */
};

void eddy__fd_init(struct eddy__fd *fd, eddy_loop *loop, int number,
                   void (*on_ready)(struct eddy__fd *, unsigned));
/* Asks for events (edge mode: adds and arms them again; level mode: exactly these). 0 or -errno,
 * not raised. */
int eddy__fd_want(struct eddy__fd *fd, unsigned events);
void eddy__fd_forget(struct eddy__fd *fd);

#endif

/* datagram.h - what the parts of datagram endpoints share; of net/ only. */
#ifndef EDDY_NET_DATAGRAM_H
#define EDDY_NET_DATAGRAM_H

#include "net/net.h"
#include <eddy/datagram.h>

/* A receive is tried while the endpoint is `readable`: when it is new, and from the readiness event
 * on until one was in vain. A send is always tried. References: the owner's, and one for each task
 * that is parked here; after a wait that gave EDDY_ECLOSED the endpoint may be gone. */
struct eddy_datagram {
    struct eddy__fd fd;
    eddy_task *reader;     /* parked until readable */
    eddy_waiters_ writers; /* parked until the socket takes more */
    unsigned refs;
    int family;
    bool readable;
    bool receiving; /* a task is inside a receive */
    bool closed;
    struct eddy__batch *batch; /* made by the first call with several messages */
    struct eddy__unix_file file;
    eddy_address peer; /* size 0: none. A Unix socket whose peer has gone does not tell it */
};

/* Of a socket that it owns from then on. NULL without memory, not raised. */
eddy_datagram *eddy__datagram_new(int fd, int family, const eddy_address *peer);

/* One try to receive or send: a count or -errno, -EAGAIN when it would wait. */
typedef ssize_t eddy__datagram_try(const eddy_datagram *d, void *call);

/* Repeats the try until it need not wait. A count, or a failure, unraised. */
ssize_t eddy__datagram_receive(eddy_datagram *d, eddy__datagram_try *try_once, void *call);
ssize_t eddy__datagram_send(eddy_datagram *d, eddy__datagram_try *try_once, void *call);
/* Whether a call may begin: 0 or a failure, raised. */
int eddy__datagram_begin(const eddy_datagram *d);
int eddy__datagram_begin_receive(const eddy_datagram *d);
/* Completes an address that the system has filled in. */
void eddy__datagram_set_from(eddy_address *from, socklen_t size);
/* EDDY_EMSGSIZE raised, for a datagram of n bytes in a buffer of size. */
int eddy__datagram_cut(size_t size, ssize_t n);
/* Raises code with the endpoint's own address; an interrupt, and EDDY_ECLOSED, with their own
 * words. */
int eddy__datagram_fail(const eddy_datagram *d, const char *what, int code);

/* Sets the options of sending to groups. 0 or a code, unraised. */
int eddy__datagram_set_multicast(int fd, int family, const eddy_datagram_opts *opts);

#endif

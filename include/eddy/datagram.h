/* datagram.h - datagrams: UDP over IPv4 and IPv6, with multicast, and Unix datagram sockets. What
 * is sent arrives whole, cut where the receiver had too little room, or not at all. */
#ifndef EDDY_DATAGRAM_H
#define EDDY_DATAGRAM_H

#include <eddy/address.h>
#include <eddy/base.h>

EDDY_BEGIN_DECLS

/* A socket's end. It belongs to the loop it was opened in; one task receives from it at a time, any
 * number send. A failure of one datagram leaves it as it was. */
typedef struct eddy_datagram eddy_datagram;

typedef struct eddy_datagram_opts {
    const char *host;      /* to bind to: NULL is 127.0.0.1 without a peer; "*" every interface */
    int port;              /* to bind to; 0: one that is free, see eddy_datagram_port */
    const char *peer_host; /* connects: eddy_datagram_send sends to this peer, and only datagrams */
    int peer_port;         /* of this peer are received */
    const char *path;      /* a Unix socket instead; its file is removed on close */
    const char *peer_path;
    bool reuse_port;           /* others may have the port, too; each gets what is sent to groups */
    bool broadcast;            /* may send to broadcast addresses */
    bool multicast_loop_off;   /* what is sent to a group does not come back to this machine */
    int multicast_ttl;         /* hops of what is sent to a group; 0: 1 */
    const char *multicast_via; /* interface to send to groups by, as in eddy_datagram_join */
    int receive_buffer;        /* bytes that the system keeps unread at most; 0: its default */
    int send_buffer;
} eddy_datagram_opts;

/* Opens an endpoint. Names are looked up beside the loop; of several addresses the first pair of
 * own and peer's that works is taken. NULL with a record. The caller closes it. */
EDDY_API EDDY_SUSPENDS eddy_datagram *eddy_datagram_open_with(const eddy_datagram_opts *opts);
#define eddy_datagram_open(...) eddy_datagram_open_with(&(eddy_datagram_opts){__VA_ARGS__})
/* Takes over a datagram socket, which becomes non-blocking. After a failure (NULL) it is still the
 * caller's. */
EDDY_API eddy_datagram *eddy_datagram_of_socket(int fd);
/* Closes it; calls that wait in it end with EDDY_ECLOSED. NULL is fine. */
EDDY_API void eddy_datagram_close(eddy_datagram *datagram);
EDDY_AUTOCLOSE(eddy_datagram, eddy_datagram_close)

/* Waits for a datagram and returns its length, which may be 0. One that is longer than size is
 * EDDY_EMSGSIZE: its beginning is in buf, its rest is lost, and the record tells its length. from
 * may be NULL. No datagram is lost to a cancellation. EDDY_ECONNREFUSED tells that an earlier one
 * did not reach the connected peer. A second task that receives gets EDDY_EBUSY. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_datagram_receive(eddy_datagram *datagram, void *buf,
                                                     size_t size, eddy_address *from);
/* Sends one, to the connected peer or to an address; waits while the system has no room for it.
 * Returns size. EDDY_EMSGSIZE: the system sends none so long. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_datagram_send(eddy_datagram *datagram, const void *buf,
                                                  size_t size);
EDDY_API EDDY_SUSPENDS ssize_t eddy_datagram_send_to(eddy_datagram *datagram, const void *buf,
                                                     size_t size, const eddy_address *to);

/* One of several datagrams. */
typedef struct eddy_datagram_message {
    void *data;
    size_t room;          /* bytes that data can take in */
    size_t size;          /* bytes received, or to be sent */
    bool truncated;       /* it was longer than room: the rest is lost */
    eddy_address address; /* its sender, or receiver; .size 0: the connected peer */
} eddy_datagram_message;

enum { EDDY_MESSAGES_MAX = 64 };

/* Waits until there is a datagram, and receives those that are there with one system call, at most
 * n and EDDY_MESSAGES_MAX of them; returns how many. */
EDDY_API EDDY_SUSPENDS int eddy_datagram_receive_many(eddy_datagram *datagram,
                                                      eddy_datagram_message *messages, size_t n);
/* Sends them in order, EDDY_MESSAGES_MAX with a system call. Returns n, or fewer when the next one
 * failed or was interrupted; the failure itself only when none was sent. */
EDDY_API EDDY_SUSPENDS int eddy_datagram_send_many(eddy_datagram *datagram,
                                                   const eddy_datagram_message *messages, size_t n);

/* Join and leave a multicast group, given by its numeric address: what is sent to the group is
 * received on the interface via, a name or a number, NULL for the system's choice. The endpoint
 * must be bound to the port that the group uses. */
EDDY_API int eddy_datagram_join(eddy_datagram *datagram, const char *group, const char *via);
EDDY_API int eddy_datagram_leave(eddy_datagram *datagram, const char *group, const char *via);

/* The address of this end and of the connected peer; 0 or a failure (EDDY_ENOTCONN). */
EDDY_API int eddy_datagram_local(const eddy_datagram *datagram, eddy_address *address);
EDDY_API int eddy_datagram_peer(const eddy_datagram *datagram, eddy_address *address);
EDDY_API int eddy_datagram_port(const eddy_datagram *datagram);
EDDY_API int eddy_datagram_fd(const eddy_datagram *datagram);

EDDY_END_DECLS

#endif

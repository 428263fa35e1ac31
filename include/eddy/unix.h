/* unix.h - what only Unix sockets can do: send descriptors along with bytes, and tell who the peer
 * is. Descriptors that arrive are close-on-exec; whoever takes them closes them. */
#ifndef EDDY_UNIX_H
#define EDDY_UNIX_H

#include <eddy/datagram.h>
#include <eddy/stream.h>

EDDY_BEGIN_DECLS

/* As eddy_write, with n descriptors (at most 253), which the peer gets no later than the first
 * byte; size is at least 1. The descriptors stay the caller's, and may be closed after the call. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_send_fds(eddy_stream *stream, const void *buf, size_t size,
                                             const int *fds, size_t n);
/* Takes at most n of the descriptors that came and were not taken yet, in order; returns how many.
 * Descriptors that were sent with a byte are there once that byte was read, perhaps before. Only
 * streams with .max_fds keep any: when more would wait than that, or the process has no room for
 * them, reading fails for good (EDDY_ELIMIT, EDDY_EMFILE). Other streams drop them. Does not
 * suspend. */
EDDY_API int eddy_take_fds(eddy_stream *stream, int *fds, size_t n);

/* As eddy_datagram_send_to, with descriptors; to may be NULL. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_datagram_send_fds(eddy_datagram *datagram, const void *buf,
                                                      size_t size, const eddy_address *to,
                                                      const int *fds, size_t n);
/* As eddy_datagram_receive, with room for *n descriptors; *n becomes how many came, 0 after a
 * failure. When that is not enough, or the process has no room for them, the datagram is lost
 * (EDDY_ELIMIT, EDDY_EMFILE). eddy_datagram_receive drops what comes. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_datagram_receive_fds(eddy_datagram *datagram, void *buf,
                                                         size_t size, eddy_address *from, int *fds,
                                                         size_t *n);

typedef struct eddy_credentials {
    pid_t pid;
    uid_t uid;
    gid_t gid;
} eddy_credentials;

/* Who the peer was when it connected, or began to listen, as the kernel knows it. */
EDDY_API int eddy_stream_credentials(const eddy_stream *stream, eddy_credentials *credentials);

EDDY_END_DECLS

#endif

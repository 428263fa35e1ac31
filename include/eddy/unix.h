/* unix.h - what only Unix sockets can: descriptors that go along with bytes, and who the peer is.
 * Descriptors that arrive are close-on-exec and the taker's. */
#ifndef EDDY_UNIX_H
#define EDDY_UNIX_H

#include <eddy/datagram.h>
#include <eddy/stream.h>

EDDY_BEGIN_DECLS

/* As eddy_write, with n descriptors (at most 253) that the peer gets no later than the first byte;
 * size is at least 1. They stay the caller's, who may close them when it returns. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_send_fds(eddy_stream *stream, const void *buf, size_t size,
                                             const int *fds, size_t n);
/* Takes the first n descriptors, or fewer, of those that came and were not taken; returns how many.
 * Those that were sent with a byte are there once that byte was read; they may be there before. For
 * streams with .max_fds: when more wait, or the process has no room for them, the read fails
 * (EDDY_ELIMIT, EDDY_EMFILE), for good. Others drop what comes. Does not suspend. */
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

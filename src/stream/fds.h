/* fds.h - descriptors in the messages of Unix sockets (fds.c). */
#ifndef EDDY_STREAM_FDS_H
#define EDDY_STREAM_FDS_H

#include "base/base.h"

#include <sys/socket.h>

/* So many a message brings at most: the kernel's SCM_MAX_FD. */
enum { EDDY__FDS_MAX = 253 };

/* The part of a message that carries n descriptors, CMSG_SPACE of them long, to be given back by
 * eddy_free. 0 or a failure, raised. */
int eddy__fds_pack(void **packed, const int *fds, size_t n);
/* Gets them out of a message with room for so many: a count, or a failure, unraised, and all are
 * closed. The system has put in no more than fit. */
ssize_t eddy__fds_detach(const struct msghdr *message, int *fds, size_t room);
void eddy__fds_close(const int *fds, size_t n);

/* Those that came with a stream's bytes, in order, until they are taken. */
struct eddy__fds;

/* NULL without memory, not raised. */
struct eddy__fds *eddy__fds_new(size_t max);
/* Closes what nobody has taken. */
void eddy__fds_free(struct eddy__fds *fds);
/* Before and after recvmsg: a count or a failure, unraised. */
void eddy__fds_prepare(struct eddy__fds *fds, struct msghdr *message);
ssize_t eddy__fds_collect(struct eddy__fds *fds, const struct msghdr *message);
/* Why a read has failed with that code; or NULL. */
const char *eddy__fds_reason(const struct eddy__fds *fds, int code);

#endif

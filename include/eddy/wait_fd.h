/* wait_fd.h - waiting for a descriptor that belongs to somebody else. It is all that a library with
 * a non-blocking interface of its own (libpq, OpenSSL, hiredis, a sensor's driver) needs to run
 * inside a task: where it says "call me again when this descriptor is ready", the task waits. */
#ifndef EDDY_WAIT_FD_H
#define EDDY_WAIT_FD_H

#include <eddy/base.h>
#include <eddy/loop.h>

EDDY_BEGIN_DECLS

/* Suspends until at least one of the asked events, EDDY_READABLE and EDDY_WRITABLE or both, holds
 * for fd, and returns those that hold. Events are levels: what holds already ends the wait in the
 * loop's next turn. A hang-up or an error of the descriptor counts as every event that was asked
 * for. fd is whatever poll(2) takes; a regular file is always ready. It stays the caller's, need
 * not be non-blocking, and must stay open until the call has returned. Several tasks may wait for
 * one descriptor. EDDY_EBADF and EDDY_EINVAL for a wrong descriptor or wrong events. */
EDDY_API EDDY_SUSPENDS int eddy_wait_fd(int fd, unsigned events);

EDDY_END_DECLS

#endif

/* sys.h - the one way to make a system call; and the newer ones, with what serves instead.
 *
 * Everybody in src/ whose call may fail makes it so, and scripts/lint.py sees to it:
 *
 *     ssize_t n = eddy__sys(read(fd, buf, size));    the result, or -errno
 *     int fd = eddy__sys(eddy__above_standard(open(path, O_RDONLY | O_CLOEXEC)));
 *     int r = eddy__sys((dir = opendir(path)) ? 0 : -1);
 *
 * It is a macro around the call itself, so that each call is read where it is made, keeps the type
 * of its result and costs in the product what the bare one does. In the tests it first asks
 * eddy__fault() whether this call is the one that is to fail. It repeats what a signal has
 * interrupted; who must see that, or can only make calls that do not wait, asks for one try.
 * `call` may do what is needed to be −1 with errno, but it is not made at all when it must fail. */
#ifndef EDDY_BASE_SYS_H
#define EDDY_BASE_SYS_H

#include "base/base.h"
#include "base/fault.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/* RWF_NOSIGNAL of Linux 6.18: a write that gives EPIPE without SIGPIPE. */
enum { EDDY__NO_SIGPIPE = 0x100 };

enum { EDDY__NOWAIT = RWF_NOWAIT };

/* Repeats it while it is interrupted. */
#define eddy__sys(call) eddy__sys_as(EIO, call)

/* The same, where the tests' failure is to be another one. */
#define eddy__sys_as(code, call) eddy__sys_repeat_(eddy__sys_once_as(code, call))

/* One try. −EINTR is a result: for a wait that has an end, or a loop that looks at signals. Also
 * for calls that never wait, which saves a comparison. */
#define eddy__sys_once(call) eddy__sys_once_as(EIO, call)

#define eddy__sys_once_as(code, call)                                                              \
    ({                                                                                             \
        __typeof__(call) sys_result_ = -(code);                                                    \
        if (likely(!eddy__fault()) && unlikely((sys_result_ = (call)) < 0))                        \
            sys_result_ = -errno;                                                                  \
        sys_result_;                                                                               \
    })

/* As eddy__sys, but the tests never make it fail: nobody could do anything about it. */
#define eddy__sys_sure(call)                                                                       \
    eddy__sys_repeat_(({                                                                           \
        __typeof__(call) sys_result_ = (call);                                                     \
        unlikely(sys_result_ < 0) ? -errno : sys_result_;                                          \
    }))

/* Of those that give the error itself, as posix_spawn and pthread_create: 0 or −error. */
#define eddy__sys_posix(call) (eddy__fault() ? -EIO : -(call))

/* Closes it, also when it must fail: the number is free whatever close() says. */
int eddy__sys_close(int fd);

#define eddy__sys_repeat_(try)                                                                     \
    ({                                                                                             \
        __typeof__(try) sys_end_;                                                                  \
        do                                                                                         \
            sys_end_ = (try);                                                                      \
        while (unlikely(sys_end_ == -EINTR));                                                      \
        sys_end_;                                                                                  \
    })

/* ---- the newer ones ----
 *
 * An older kernel lacks them, or a sandbox refuses them. Nothing else in src/ makes them:
 * scripts/lint.py sees to it, and that tests/base/test_sys.c refuses each. A sandbox says EPERM,
 * EACCES or ENOSYS of a call that it does not know, a kernel ENOSYS of a call and EINVAL or
 * EOPNOTSUPP of a flag. Where the call itself may say so of what it was asked for, what serves
 * instead is asked anyway: its answer is the real one. A refusal is remembered only where it can
 * mean nothing else.
 *
 * Results are those of the call, failures −errno; the tests make them fail, too. */

struct epoll_event;
struct io_uring_params;
struct sockaddr;

/* Whether a result says that the call was refused, of one that never says so of what it was asked
 * for. */
bool eddy__sys_refused(long result);

/* ---- waiting: −EINTR is a result ---- */

/* epoll_pwait2; else epoll_wait, which rounds up to milliseconds. NS_NEVER: without end. */
int eddy__sys_epoll_wait(int fd, struct epoll_event *events, int n, int64_t timeout_ns);

/* Without setup, enter and register the loop takes epoll. */
int eddy__sys_uring_setup(unsigned entries, struct io_uring_params *params);
int eddy__sys_uring_enter(int fd, unsigned submit, unsigned complete, unsigned flags,
                          const void *arg, size_t size);
int eddy__sys_uring_register(int fd, unsigned what, void *arg, unsigned n);
/* The same, to take something back: the tests never make it fail. */
void eddy__sys_uring_unregister(int fd, unsigned what, void *arg, unsigned n);

/* ---- descriptors ---- */

/* Reads or writes without waiting, at offset or, −1, at the file's own. −EOPNOTSUPP: the kernel
 * cannot promise not to wait, or was not asked. */
ssize_t eddy__sys_read_nowait(int fd, void *buf, size_t size, int64_t offset);
ssize_t eddy__sys_write_nowait(int fd, const void *buf, size_t size, int64_t offset, int flags);

/* Writes without SIGPIPE. −EOPNOTSUPP: it would come, and nothing was written. */
ssize_t eddy__sys_write_quiet(int fd, const void *buf, size_t size);
ssize_t eddy__sys_write_parts_quiet(int fd, const struct iovec *parts, int n);
/* The same where the kernel cannot be told to: the signal is blocked and taken out again. */
ssize_t eddy__sys_write_masked(int fd, const void *buf, size_t size);

/* accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC; else accept, and both are set afterwards. */
int eddy__sys_accept(int fd, struct sockaddr *peer, socklen_t *size);

/* Closes those from first to last; else each that is open. */
void eddy__sys_close_range(unsigned first, unsigned last);

/* openat2 of a path that is not to lead out of the folder: −EXDEV when it does; −ELOOP for one with
 * a link in it, unless links may be followed. −EOPNOTSUPP: the kernel does not look after that. */
int eddy__sys_open_beneath(int folder, const char *path, int flags, bool links);

/* What kind of file it is, S_IFREG and so on, as the open has seen it; else as fstat finds it. */
int eddy__sys_kind_of(int fd);

/* ---- children that are not reaped yet ---- */

/* Without them a thread waits for the child. */
int eddy__sys_pidfd_open(pid_t pid);

/* By the child's number where pidfds cannot be sent to. */
int eddy__sys_pidfd_signal(int pidfd, pid_t pid, int number);

/* waitid; pidfd −1: by number, as where pidfds cannot be waited for (Linux 5.3). */
int eddy__sys_waitid(pid_t pid, int pidfd, siginfo_t *info, int options);

/* ---- memory ---- */

/* A guard that is no mapping of its own (Linux 6.13); false: there are none. */
bool eddy__sys_guard_install(void *guard, size_t size);

#endif

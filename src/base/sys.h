/* sys.h - system calls that an older kernel lacks or a sandbox refuses, and what serves instead.
 *
 * Nothing else in src/ makes them: scripts/lint.py sees to it, and that tests/base/test_sys.c
 * refuses each. A sandbox says EPERM, EACCES or ENOSYS of a call that it does not know, a kernel
 * ENOSYS of a call and EINVAL or EOPNOTSUPP of a flag. Where the call itself may say so of what it
 * was asked for, what serves instead is asked anyway: its answer is the real one. A refusal is
 * remembered only where it can mean nothing else. Callers have asked eddy__fault().
 *
 * Results are those of the call, failures −errno. */
#ifndef EDDY_BASE_SYS_H
#define EDDY_BASE_SYS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct epoll_event;
struct io_uring_params;
struct sockaddr;

/* Whether the call was refused, of one that never says so of what it was asked for. */
bool eddy__sys_refused(int error);

/* ---- waiting ---- */

/* epoll_pwait2; else epoll_wait, which rounds up to milliseconds. NS_NEVER: without end. */
int eddy__sys_epoll_wait(int fd, struct epoll_event *events, int n, int64_t timeout_ns);

/* Without these three the loop takes epoll. */
int eddy__sys_uring_setup(unsigned entries, struct io_uring_params *params);
int eddy__sys_uring_enter(int fd, unsigned submit, unsigned complete, unsigned flags,
                          const void *arg, size_t size);
int eddy__sys_uring_register(int fd, unsigned what, void *arg, unsigned n);

/* ---- descriptors ---- */

/* Reads or writes without waiting, at offset or, −1, at the file's own. −EOPNOTSUPP: the kernel
 * cannot promise not to wait, or was not asked. */
ssize_t eddy__sys_read_nowait(int fd, void *buf, size_t size, int64_t offset);
ssize_t eddy__sys_write_nowait(int fd, const void *buf, size_t size, int64_t offset);

/* Writes without SIGPIPE. −EOPNOTSUPP: it would come, and nothing was written. */
ssize_t eddy__sys_write_quiet(int fd, const void *buf, size_t size);

/* accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC; else accept, and both are set afterwards. */
int eddy__sys_accept(int fd, struct sockaddr *peer, socklen_t *size);

/* Closes those from first to last; else each that is open. */
void eddy__sys_close_range(unsigned first, unsigned last);

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

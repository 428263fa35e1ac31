/* sys.c - the only place that makes newer system calls, see sys.h. Here each call of a function is
 * made to fail on its own: what serves instead is the next one. */
#include "base/sys.h"

#include "base/base.h"
#include "base/clock.h"
#include "base/descriptor.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL EDDY__NO_SIGPIPE
#endif

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

bool eddy__sys_refused(long result)
{
    return result == -ENOSYS || result == -EPERM || result == -EACCES;
}

/* Of a flag, too. */
static bool may_be_refused(long result)
{
    return eddy__sys_refused(result) || result == -EINVAL || result == -EOPNOTSUPP;
}

int eddy__sys_close(int fd)
{
    int r = close(fd) < 0 ? -errno : 0;

    return eddy__fault() ? -EIO : r;
}

/* ---- waiting ---- */

static int wait_ms(int fd, struct epoll_event *events, int n, int64_t timeout_ns)
{
    const int64_t ms = INT64_C(1000000);
    int64_t rounded = timeout_ns / ms + (timeout_ns % ms != 0);

    if (rounded > INT32_MAX)
        rounded = timeout_ns == NS_NEVER ? -1 : INT32_MAX;
    return eddy__sys_once(epoll_wait(fd, events, n, (int)rounded));
}

int eddy__sys_epoll_wait(int fd, struct epoll_event *events, int n, int64_t timeout_ns)
{
#if defined(SYS_epoll_pwait2) && !defined(EDDY_VALGRIND) /* which does not know it */
    static atomic_bool refused;

    if (timeout_ns > 0 && timeout_ns < NS_NEVER &&
        !atomic_load_explicit(&refused, memory_order_relaxed)) {
        int64_t ts[2] = {timeout_ns / NS_PER_SECOND, timeout_ns % NS_PER_SECOND};
        long r = eddy__sys_once(syscall(SYS_epoll_pwait2, fd, events, n, ts, NULL, 0));

        if (!eddy__sys_refused(r))
            return (int)r;
        atomic_store(&refused, true);
    }
#endif
    return wait_ms(fd, events, n, timeout_ns);
}

int eddy__sys_uring_setup(unsigned entries, struct io_uring_params *params)
{
    return eddy__sys(eddy__above_standard((int)syscall(SYS_io_uring_setup, entries, params)));
}

int eddy__sys_uring_enter(int fd, unsigned submit, unsigned complete, unsigned flags,
                          const void *arg, size_t size)
{
    return (int)eddy__sys_once(syscall(SYS_io_uring_enter, fd, submit, complete, flags, arg, size));
}

int eddy__sys_uring_register(int fd, unsigned what, void *arg, unsigned n)
{
    return (int)eddy__sys_once(syscall(SYS_io_uring_register, fd, what, arg, n));
}

void eddy__sys_uring_unregister(int fd, unsigned what, void *arg, unsigned n)
{
    eddy__sys_sure(syscall(SYS_io_uring_register, fd, what, arg, n));
}

/* ---- descriptors ---- */

enum { BENEATH_TRIES = 16 };

static ssize_t or_unsupported(ssize_t r)
{
    return may_be_refused(r) ? -EOPNOTSUPP : r;
}

ssize_t eddy__sys_read_nowait(int fd, void *buf, size_t size, int64_t offset)
{
    struct iovec part = {buf, size};

    return or_unsupported(eddy__sys(preadv2(fd, &part, 1, offset, EDDY__NOWAIT)));
}

static ssize_t write_with(int fd, const void *buf, size_t size, int64_t offset, int flags)
{
    struct iovec part = {(void *)(uintptr_t)buf, size};

    return or_unsupported(eddy__sys(pwritev2(fd, &part, 1, offset, flags)));
}

ssize_t eddy__sys_write_nowait(int fd, const void *buf, size_t size, int64_t offset, int flags)
{
    return write_with(fd, buf, size, offset, EDDY__NOWAIT | flags);
}

ssize_t eddy__sys_write_quiet(int fd, const void *buf, size_t size)
{
    return write_with(fd, buf, size, -1, RWF_NOSIGNAL);
}

ssize_t eddy__sys_write_parts_quiet(int fd, const struct iovec *parts, int n)
{
    return or_unsupported(eddy__sys(pwritev2(fd, parts, n, -1, RWF_NOSIGNAL)));
}

static bool is_pending(int number)
{
    sigset_t pending;

    return sigpending(&pending) == 0 && sigismember(&pending, number) > 0;
}

ssize_t eddy__sys_write_masked(int fd, const void *buf, size_t size)
{
    static const struct timespec no_time;
    sigset_t sigpipe, former;
    bool was_pending = is_pending(SIGPIPE);
    ssize_t n;

    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &former);
    n = eddy__sys_once(write(fd, buf, size));
    if (n == -EPIPE && !was_pending)
        eddy_ignore(eddy__sys_sure(sigtimedwait(&sigpipe, NULL, &no_time)));
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    return n;
}

int eddy__sys_accept(int fd, struct sockaddr *peer, socklen_t *size)
{
    socklen_t room = *size;
    int r = eddy__sys(eddy__above_standard(accept4(fd, peer, size, SOCK_NONBLOCK | SOCK_CLOEXEC)));

    if (!eddy__sys_refused(r))
        return r;
    *size = room;
    r = eddy__sys(eddy__above_standard(accept(fd, peer, size)));
    if (r < 0)
        return r;
    int status = eddy__sys(fcntl(r, F_SETFD, FD_CLOEXEC));
    if (status >= 0)
        status = eddy__sys(fcntl(r, F_SETFL, O_NONBLOCK));
    if (status >= 0)
        return r;
    close(r);
    return status;
}

/* There may be a thousand million numbers, and few of them open. */
static void close_listed(DIR *listed, unsigned first, unsigned last)
{
    for (struct dirent *entry; (entry = readdir(listed));) {
        char *end;
        unsigned long fd = strtoul(entry->d_name, &end, 10);

        if (end != entry->d_name && fd >= first && fd <= last && (int)fd != dirfd(listed))
            close((int)fd);
    }
    closedir(listed);
}

void eddy__sys_close_range(unsigned first, unsigned last)
{
    if (first > last || syscall(SYS_close_range, first, last, 0U) == 0)
        return;
    DIR *listed = eddy__dir_open("/proc/self/fd");
    if (listed) {
        close_listed(listed, first, last);
        return;
    }
    long max = sysconf(_SC_OPEN_MAX);
    for (unsigned fd = first; fd <= last && (max < 0 || fd < (unsigned long)max); fd++)
        close((int)fd);
}

int eddy__sys_open_beneath(int folder, const char *path, int flags, bool links)
{
    /* which refuses magic links, too */
    struct open_how how = {.flags = (unsigned)flags,
                           .resolve = RESOLVE_BENEATH | (links ? 0 : RESOLVE_NO_SYMLINKS)};
    long r = -EAGAIN;

    for (int i = 0; r == -EAGAIN && i < BENEATH_TRIES; i++) /* somebody has moved a folder */
        r = eddy__sys(
            eddy__above_standard((int)syscall(SYS_openat2, folder, path, &how, sizeof how)));
    return (int)or_unsupported(r);
}

int eddy__sys_kind_of(int fd)
{
    struct statx found;
    struct stat same;

    int r = eddy__sys(statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &found));

    if (!may_be_refused(r))
        return r < 0 ? r : found.stx_mode & S_IFMT;
    r = eddy__sys(fstat(fd, &same));
    return r < 0 ? r : (int)(same.st_mode & S_IFMT);
}

/* ---- children that are not reaped yet ---- */

int eddy__sys_pidfd_open(pid_t pid)
{
    return eddy__sys(eddy__above_standard((int)syscall(SYS_pidfd_open, pid, 0)));
}

int eddy__sys_pidfd_signal(int pidfd, pid_t pid, int number)
{
    int r = (int)eddy__sys(syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0));

    return eddy__sys_refused(r) ? eddy__sys(kill(pid, number)) : r;
}

/* Of the child's end only, and it is reaped. */
static int wait_without_id(pid_t pid, siginfo_t *info, int options)
{
    int status;
    pid_t r = eddy__sys(waitpid(pid, &status, options & WNOHANG));

    if (r <= 0)
        return r;
    info->si_pid = r;
    info->si_code = WIFEXITED(status) ? CLD_EXITED : CLD_KILLED;
    info->si_status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    return 0;
}

int eddy__sys_waitid(pid_t pid, int pidfd, siginfo_t *info, int options)
{
    int r = pidfd < 0 ? -ENOSYS : eddy__sys(waitid(P_PIDFD, (id_t)pidfd, info, options));

    if (may_be_refused(r))
        r = eddy__sys(waitid(P_PID, (id_t)pid, info, options));
    if (eddy__sys_refused(r) && !(options & WNOWAIT))
        return wait_without_id(pid, info, options);
    return r;
}

/* ---- memory ---- */

bool eddy__sys_guard_install(void *guard, size_t size)
{
    return eddy__sys(madvise(guard, size, MADV_GUARD_INSTALL)) >= 0;
}

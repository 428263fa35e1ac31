/* children.h - what the tests of child processes share. */
#ifndef CHILDREN_H
#define CHILDREN_H

#include "sandbox.h"
#include "stream/peer.h"

#include "process/process.h"
#include <signal.h>

#define ARGV EDDY_ARGV

#define RUN(result, command, ...)                                                                  \
    CHECK_INT(eddy_process_run(ARGV("/bin/sh", "-c", command), (result), __VA_ARGS__), 0)

/* A test of child processes: with pidfds, and by threads that wait. */
#define CHILD_TEST(name)                                                                           \
    static void child_test_##name(void);                                                           \
    TEST(name)                                                                                     \
    {                                                                                              \
        needs_pidfd();                                                                             \
        child_test_##name();                                                                       \
    }                                                                                              \
    TEST(name##_by_thread)                                                                         \
    {                                                                                              \
        refuse_pidfds(ENOSYS);                                                                     \
        child_test_##name();                                                                       \
    }                                                                                              \
    static void child_test_##name(void)

static inline void needs_pidfd(void)
{
    long fd = syscall(SYS_pidfd_open, getpid(), 0);

    if (fd < 0 && errno == ENOSYS)
        SKIP("there are no pidfds here");
    close((int)fd);
}

/* From now on in this process there are none. Valgrind has none itself, and changes how programs
 * that cannot be started are told of: it is left out. */
static inline void refuse_pidfds(int error)
{
    static const struct sandbox_call call = SANDBOX_CALL(pidfd_open);
    static bool refused;

    if (!refused)
        needs_pidfd();
    refused = true;
    sandbox_refuse(&call, 1, error);
    CHECK_INT(syscall(SYS_pidfd_open, getpid(), 0), -1);
}

/* No child is left, neither alive nor as a zombie. */
static inline void check_no_child(void)
{
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
    CHECK_INT(errno, ECHILD);
}

static inline bool is_alive(pid_t pid)
{
    return kill(pid, 0) == 0;
}

/* Whether there is a child that has not ended; leaves it as it is. */
static inline bool has_live_child(void)
{
    siginfo_t info = {.si_pid = 0};

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

/* Whether there is any child, alive or a zombie; leaves it as it is. */
static inline bool has_child(void)
{
    siginfo_t info;

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* Waits, without the loop, until what was killed has ended. */
static inline int checked(int status)
{
    for (int i = 0; i < 2000 && has_live_child(); i++)
        usleep(1000);
    return status;
}

#endif

/* forker_child.c - the process that forks workers, and the workers. No loop runs here: all calls
 * block. */
#include "base/descriptor.h"
#include "loop/forker.h"

#include "base/sys.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif

/* ---- becoming somebody else ---- */

static void set_handler(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};

    sigaction(number, &action, NULL);
}

/* Handlers belong to the program; Ctrl-C, which the terminal sends to all, is for it alone. */
static void settle_signals(void)
{
    sigset_t none;

    set_handler(SIGINT, SIG_IGN);
    set_handler(SIGTERM, SIG_DFL);
    set_handler(SIGHUP, SIG_DFL);
    set_handler(SIGQUIT, SIG_DFL);
    set_handler(SIGCHLD, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A fork copies what other threads have on their heaps, and nobody has it any more: Valgrind would
 * call it lost, when this process or a worker ends. */
static void forget_leaks(void)
{
#ifdef VALGRIND_CLO_CHANGE
    VALGRIND_CLO_CHANGE("--leak-check=no");
#endif
}

/* A copy of somebody's connection would keep it open. */
static void close_all_but(int fd)
{
    unsigned first = STDERR_FILENO + 1;

    if (fd > STDERR_FILENO) {
        eddy__sys_close_range(first, (unsigned)fd - 1);
        first = (unsigned)fd + 1;
    }
    eddy__sys_close_range(first, ~0U);
}

/* ---- a worker ---- */

static bool take(int fd)
{
    char byte;
    ssize_t r;

    do
        r = recv(fd, &byte, 1, 0);
    while (r < 0 && errno == EINTR);
    return r == 1;
}

static _Noreturn void worker_main(const struct eddy__forker *forker, unsigned slot, int fd)
{
    prctl(PR_SET_NAME, "eddy-worker");
    while (take(fd)) {
        forker->work(slot, forker->arg);
        fflush(stdout);
        if (send(fd, "", 1, MSG_NOSIGNAL) < 0)
            break;
    }
    _exit(0);
}

/* ---- the process that forks ---- */

static int receive(int fd, struct eddy__forker_command *command, int *passed)
{
    struct eddy__forker_message m;
    ssize_t r;

    eddy__forker_message_init(&m, command, sizeof *command, 0);
    do
        r = recvmsg(fd, &m.header, MSG_CMSG_CLOEXEC);
    while (r < 0 && errno == EINTR);
    struct cmsghdr *c = r > 0 ? CMSG_FIRSTHDR(&m.header) : NULL;
    *passed = -1;
    if (c && c->cmsg_type == SCM_RIGHTS)
        memcpy(passed, CMSG_DATA(c), sizeof *passed);
    *passed = eddy__above_standard(*passed);
    return r == (ssize_t)sizeof *command;
}

static void start(struct eddy__forker *forker, unsigned slot, int control, int fd)
{
    pid_t pid = fork();

    if (pid == 0) {
        close(control);
        worker_main(forker, slot, fd);
    }
    forker->workers[slot] = pid < 0 ? -errno : pid;
    close(fd);
}

/* One that has ended by itself keeps its own status: it is too late for the signal. */
static int kill_and_wait(pid_t pid)
{
    int status = 0;

    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static void reap(struct eddy__forker *forker, unsigned slot, int control)
{
    struct eddy__forker_answer answer = {.slot = slot};
    pid_t pid = forker->workers[slot];

    forker->workers[slot] = 0;
    if (pid > 0)
        answer.wait_status = kill_and_wait(pid);
    else
        answer.error = pid;
    while (send(control, &answer, sizeof answer, MSG_NOSIGNAL) < 0 && errno == EINTR)
        continue;
}

_Noreturn void eddy__forker_main(struct eddy__forker *forker, int fd)
{
    struct eddy__forker_command command;
    int passed;

    prctl(PR_SET_NAME, "eddy-forker");
    forget_leaks();
    settle_signals();
    close_all_but(fd);
    while (receive(fd, &command, &passed)) {
        if (command.code == EDDY__FORKER_START)
            start(forker, command.slot, fd, passed);
        else
            reap(forker, command.slot, fd);
    }
    for (unsigned i = 0; i < forker->slots; i++)
        if (forker->workers[i] > 0)
            kill(forker->workers[i], SIGKILL);
    for (unsigned i = 0; i < forker->slots; i++)
        if (forker->workers[i] > 0)
            kill_and_wait(forker->workers[i]);
    _exit(0);
}

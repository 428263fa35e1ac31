/* forker_child.c - the process that forks workers, and the workers. No loop runs here: all calls
 * block. This process is nobody else's, so SIGCHLD is its to have. The tests make calls fail in the
 * program only: eddy__sys_sure. */
#include "base/descriptor.h"
#include "exec/forker.h"

#include "base/sys.h"

#include <poll.h>
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

static void note_child(int number)
{
    (void)number; /* ppoll returns, that is all */
}

/* Handlers belong to the program; Ctrl-C, which the terminal sends to all, is for it alone. SIGCHLD
 * comes in ppoll only. */
static void settle_signals(void)
{
    sigset_t children;

    set_handler(SIGINT, SIG_IGN);
    set_handler(SIGTERM, SIG_DFL);
    set_handler(SIGHUP, SIG_DFL);
    set_handler(SIGQUIT, SIG_DFL);
    set_handler(SIGCHLD, note_child);
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_SETMASK, &children, NULL);
}

static void settle_signals_of_worker(void)
{
    sigset_t none;

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

static bool forker_take(int fd)
{
    char byte;

    return eddy__sys_sure(recv(fd, &byte, 1, 0)) == 1;
}

static _Noreturn void forker_worker_main(const struct eddy__forker *forker, unsigned slot, int fd)
{
    prctl(PR_SET_NAME, "eddy-worker");
    settle_signals_of_worker();
    while (forker_take(fd)) {
        forker->work(slot, forker->arg);
        fflush(stdout);
        if (eddy__sys_sure(send(fd, "", 1, MSG_NOSIGNAL)) < 0)
            break;
    }
    _exit(0);
}

/* ---- the process that forks ---- */

/* 1, -EAGAIN, or the other side has gone. */
static int forker_receive(int fd, struct eddy__forker_command *command, int *passed)
{
    struct eddy__forker_message m;

    eddy__forker_message_init(&m, command, sizeof *command, 0);
    ssize_t r = eddy__sys_sure(recvmsg(fd, &m.header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT));
    struct cmsghdr *c = r > 0 ? CMSG_FIRSTHDR(&m.header) : NULL;
    *passed = -1;
    if (c && c->cmsg_type == SCM_RIGHTS)
        memcpy(passed, CMSG_DATA(c), sizeof *passed);
    *passed = eddy__above_standard(*passed);
    if (r == (ssize_t)sizeof *command)
        return 1;
    return r < 0 ? (int)r : -EPIPE;
}

/* The one answer to a start. */
static void forker_tell(int control, unsigned slot, int error, int wait_status)
{
    struct eddy__forker_answer answer = {slot, error, wait_status};

    eddy__sys_sure(send(control, &answer, sizeof answer, MSG_NOSIGNAL));
}

/* Workers end with this process, which alone could say how they did. */
static void end_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
}

static void forker_start(struct eddy__forker *forker, unsigned slot, int control, int fd)
{
    pid_t self = getpid();
    pid_t pid = eddy__sys_sure(fork());

    if (pid == 0) {
        end_with(self);
        close(control);
        forker_worker_main(forker, slot, fd);
    }
    if (pid > 0)
        forker->workers[slot] = pid;
    else
        forker_tell(control, slot, pid, 0);
    close(fd);
}

/* It may have ended by itself: then it keeps its own status, and was told of, or will be. */
static void forker_end(const struct eddy__forker *forker, unsigned slot)
{
    if (forker->workers[slot] > 0)
        kill(forker->workers[slot], SIGKILL);
}

static void tell_ended(struct eddy__forker *forker, int control)
{
    int status;

    for (unsigned i = 0; i < forker->slots; i++)
        if (forker->workers[i] > 0 && waitpid(forker->workers[i], &status, WNOHANG) > 0) {
            forker->workers[i] = 0;
            forker_tell(control, i, 0, status);
        }
}

/* What was sent before the other side went has been read. */
static int obey(struct eddy__forker *forker, int control)
{
    struct eddy__forker_command command;
    int passed, r;

    while ((r = forker_receive(control, &command, &passed)) == 1)
        if (command.code == EDDY__FORKER_START)
            forker_start(forker, command.slot, control, passed);
        else
            forker_end(forker, command.slot);
    return r;
}

static void end_all(const struct eddy__forker *forker)
{
    for (unsigned i = 0; i < forker->slots; i++)
        forker_end(forker, i);
    while (eddy__sys_sure(waitpid(-1, NULL, 0)) > 0)
        continue;
}

_Noreturn void eddy__forker_main(struct eddy__forker *forker, int fd)
{
    struct pollfd commands = {.fd = fd, .events = POLLIN};
    sigset_t none;

    prctl(PR_SET_NAME, "eddy-forker");
    forget_leaks();
    settle_signals();
    close_all_but(fd);
    sigemptyset(&none);
    do {
        ppoll(&commands, 1, NULL, &none);
        tell_ended(forker, fd);
    } while (obey(forker, fd) == -EAGAIN);
    end_all(forker);
    _exit(0);
}

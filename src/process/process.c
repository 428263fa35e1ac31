/* process.c - the life of a child process: opening, waiting, signals, closing. */
#include "process/process.h"

#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const double PROCESS_GRACE = 2.0;
static const double KILL_SECONDS = 5.0; /* SIGKILL takes no time but for processes the disk holds */
static const double GROUP_PAUSE = 0.001, GROUP_PAUSE_MAX = 0.05; /* between looks at a group */
enum { DEFAULT_MAX_OUTPUT = 16 << 20 };

/* ---- reaping ---- */

/* As of waitid, which how goes to; -errno: ECHILD when somebody else has reaped it. */
static int process_ask(const eddy_process *p, int how, siginfo_t *info)
{
    int pidfd = p->by_number ? -1 : p->fd.fd;

    *info = (siginfo_t){.si_pid = 0};
    return eddy__sys_waitid(p->pid, pidfd, info, WEXITED | WNOHANG | how);
}

/* The process is no longer ours to signal: its number may be another's soon. */
static void process_let_go(eddy_process *p)
{
    siginfo_t info;

    if (p->fd.fd < 0)
        return;
    if (p->new_group && p->ended && !p->lost)
        process_ask(p, 0, &info);
    eddy__fd_forget(&p->fd);
    eddy__socket_close(p->fd.fd);
    p->fd.fd = -1;
}

static int process_result_of(const eddy_process *p, int *status)
{
    *status = p->status;
    return p->lost ? -ECHILD : 0;
}

/* The waiters get their copy of the status: the process may be gone when they run. */
static void tell_waiters(eddy_process *p)
{
    for (struct eddy_waiter_ *w; (w = p->waiters.first);) {
        int r = process_result_of(p, w->slot);

        eddy__waiter_grant(w, r);
    }
}

/* True once the child has ended; whoever finds that out tells all who wait. The leader of a group
 * stays a zombie until process_let_go: as long as it does its number is the group's. */
static bool has_ended(eddy_process *p)
{
    siginfo_t info;

    if (p->ended)
        return true;
    int r = process_ask(p, p->new_group ? WNOWAIT : 0, &info);
    if (p->new_group && eddy__sys_refused(r)) /* nothing leaves it a zombie */
        r = process_ask(p, 0, &info);
    p->lost = r == -ECHILD;
    if (!p->lost && (r < 0 || info.si_pid == 0))
        return false;
    p->status = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
    p->ended = true;
    if (p->lost || !p->new_group)
        process_let_go(p);
    else
        eddy__fd_forget(&p->fd);
    tell_waiters(p);
    return true;
}

static void process_on_ready(struct eddy__fd *fd, unsigned events)
{
    eddy_process *p = container_of(fd, eddy_process, fd);

    (void)events;
    if (has_ended(p) && p->keeper.task)
        eddy__keeper_end(&p->keeper);
}

/* ---- waiting ---- */

/* 0 or a code, not raised; p may be gone after a wait. */
static int process_await_end(eddy_process *p, int *status)
{
    static const struct eddy__wait_kind kind = {"the end of a child process", eddy__waiter_abort};
    struct eddy_waiter_ waiter = {.slot = status};
    eddy_task *self = eddy__self();
    int r;

    if (p->ended)
        return process_result_of(p, status);
    if (self->interrupt)
        return self->interrupt;
    r = eddy__fd_want(&p->fd, EDDY_READABLE);
    if (r < 0)
        return r;
    self->loop->io_waits++;
    r = eddy__wait_in(&p->waiters, &waiter, &kind);
    self->loop->io_waits--;
    return r;
}

static COLD int process_fail(int code)
{
    if (code == -ECHILD)
        return eddy__raise(code,
                           "the exit status is lost: SIGCHLD is ignored, or somebody else has "
                           "waited for the process");
    return eddy__raise_interrupt(code);
}

static COLD int process_refuse(const eddy_process *p)
{
    return p ? eddy__raise_code(EDDY_ECLOSED) : eddy__raise(EDDY_EINVAL, "the process is NULL");
}

int eddy_process_wait(eddy_process *p, int *status)
{
    int ignored, r = eddy__check_interrupt();

    if (r < 0)
        return r;
    if (!p || p->closed)
        return process_refuse(p);
    r = process_await_end(p, status ? status : &ignored);
    eddy__spend();
    return r < 0 ? process_fail(r) : 0;
}

int eddy_process_status(eddy_process *p, int *status)
{
    int ignored, r;

    if (!p || p->closed)
        return process_refuse(p);
    if (!has_ended(p))
        return eddy__raise_code(EDDY_ENOTREADY);
    r = process_result_of(p, status ? status : &ignored);
    return r < 0 ? process_fail(r) : 0;
}

/* ---- signals ---- */

/* As long as nobody has reaped the leader its number is the group's, also when it has ended. */
static int signal_group(const eddy_process *p, int number)
{
    siginfo_t info;

    if (p->lost || process_ask(p, WNOWAIT, &info) == -ECHILD)
        return 0;
    return eddy__sys(kill(-p->pid, number));
}

/* As long as it is not reaped its numbers are its own. */
static int signal_child(const eddy_process *p, int number)
{
    if (p->ended)
        return 0;
    if (!p->by_number)
        return eddy__sys_pidfd_signal(p->fd.fd, p->pid, number);
    return eddy__sys(kill(p->pid, number));
}

static int send_signal(const eddy_process *p, int number)
{
    int r = p->new_group ? signal_group(p, number) : signal_child(p, number);

    return r == -ESRCH ? 0 : r;
}

int eddy_process_signal(eddy_process *p, int number)
{
    int r;

    if (!p || p->closed)
        return process_refuse(p);
    r = send_signal(p, number);
    return r < 0 ? eddy__raise(r, "cannot send signal %d to '%s': %s", number, p->name,
                               eddy__words(r).text)
                 : 0;
}

int eddy_process_terminate(eddy_process *p)
{
    return eddy_process_signal(p, SIGTERM);
}

int eddy_process_kill(eddy_process *p)
{
    return eddy_process_signal(p, SIGKILL);
}

int eddy_process_set_grace(eddy_process *p, double seconds)
{
    if (!p || isnan(seconds))
        return eddy__raise(EDDY_EINVAL, p ? "the grace of a process is NaN: seconds are expected"
                                          : "the process is NULL");
    p->grace = fmax(seconds, 0); /* KILL_SECONDS come on top */
    return 0;
}

/* ---- opening ---- */

static int process_check(const char *const *argv, const eddy_process_opts *opts)
{
    if (!eddy__thread.loop)
        return eddy__raise(EDDY_ELOOP, "a process belongs to a running loop, and none runs here");
    if (!argv || !argv[0] || !*argv[0])
        return eddy__raise(EDDY_EINVAL, "argv names no program");
    if (!(opts->grace >= 0))
        return eddy__raise(EDDY_EINVAL,
                           ".grace is %g: at least 0 is expected, which is the default; "
                           "eddy_process_set_grace takes what was computed",
                           opts->grace);
    return eddy__stream_check_opts(&opts->stream);
}

static eddy_process *new_process(const char *name, const eddy_process_opts *opts)
{
    eddy_process *p = eddy_alloc_zero(sizeof *p);
    char *copy = p ? eddy_strdup(name) : NULL;

    if (!copy) {
        eddy_free(p);
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    eddy__fd_init(&p->fd, eddy__thread.loop, -1, process_on_ready);
    eddy__loop_ref(p->fd.loop); /* it may be closed after the loop */
    p->fd.level = true;
    p->refs = 1;
    p->name = copy;
    p->kill_on_close = opts->kill_on_close;
    p->new_group = opts->new_group;
    p->grace = opts->grace > 0 ? opts->grace : PROCESS_GRACE;
    p->max_output = opts->max_output ? opts->max_output : DEFAULT_MAX_OUTPUT;
    return p;
}

void eddy__process_ref(eddy_process *p)
{
    p->refs++;
}

void eddy__process_unref(eddy_process *p)
{
    if (--p->refs)
        return;
    process_let_go(p);
    eddy__loop_unref(p->fd.loop);
    eddy_free(p->name);
    eddy_free(p);
}

eddy_process *eddy_process_open_with(const char *const *argv, const eddy_process_opts *opts)
{
    static const eddy_process_opts defaults;
    eddy_process *p;

    if (!opts)
        opts = &defaults;
    if (process_check(argv, opts) < 0 || !(p = new_process(argv[0], opts)))
        return NULL;
    if (eddy__process_spawn(p, argv, opts) >= 0)
        return p;
    for (int i = 0; i < 3; i++)
        eddy_stream_close(p->ends[i]);
    eddy__process_unref(p);
    return NULL;
}

eddy_process *eddy_process_shell_with(const char *command, const eddy_process_opts *opts)
{
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};

    if (command)
        return eddy_process_open_with(argv, opts);
    eddy__raise(EDDY_EINVAL, "the command is NULL");
    return NULL;
}

/* ---- closing ---- */

/* Until the child has ended, and all of its group. The group's other members are nobody's children
 * here, so they are looked for from time to time. */
static void await_all(eddy_process *p)
{
    eddy_loop *loop = p->fd.loop;
    double pause = GROUP_PAUSE;
    int status, r = process_await_end(p, &status);

    loop->io_waits++; /* virtual time does not jump over what goes on elsewhere */
    while ((r >= 0 || r == -ECHILD) && p->new_group && !p->lost && eddy__group_lives(p->pid)) {
        r = eddy_sleep(pause);
        pause = fmin(2 * pause, GROUP_PAUSE_MAX);
    }
    loop->io_waits--;
}

static void end_politely(eddy_process *p)
{
    struct eddy__closer closer;

    eddy__closer_enter(&closer, p->grace + KILL_SECONDS);
    send_signal(p, SIGTERM);
    eddy_timeout(p->grace)
        await_all(p);
    send_signal(p, SIGKILL);
    await_all(p);
    eddy__closer_leave(&closer);
}

static void end_child(eddy_process *p)
{
    if (has_ended(p) && !p->new_group)
        return;
    if (eddy__self() && eddy__thread.loop == p->fd.loop)
        end_politely(p);
    else
        send_signal(p, SIGKILL);
}

static void close_ends(eddy_process *p)
{
    if (p->kill_on_close)
        eddy_stream_abort(p->ends[0]);
    for (int i = 0; i < 3; i++)
        eddy_stream_close(eddy_take(p->ends[i]));
}

static void process_keeper_ended(struct eddy__keeper *keeper)
{
    eddy__process_unref(container_of(keeper, eddy_process, keeper));
}

/* Has the child reaped later. False: without memory, or without a loop that runs, it is not. */
static bool process_keep(eddy_process *p)
{
    eddy_error *error = eddy__error_take();
    bool kept = eddy__thread.loop == p->fd.loop && eddy__fd_want(&p->fd, EDDY_READABLE) >= 0 &&
                eddy__keeper_start(&p->keeper, p->fd.loop, "the end of a child process",
                                   process_keeper_ended) >= 0;

    eddy__error_put(error);
    return kept;
}

void eddy_process_close(eddy_process *p)
{
    if (!p || p->closed)
        return;
    p->closed = true;
    if (p->kill_on_close)
        end_child(p);
    close_ends(p);
    bool ended = has_ended(p);
    eddy__waiters_grant_all(&p->waiters, EDDY_ECLOSED);
    if (ended)
        process_let_go(p);
    if (ended || !process_keep(p)) /* the keeper has the owner's reference */
        eddy__process_unref(p);
}

/* ---- asking ---- */

eddy_stream *eddy_process_stdin(const eddy_process *p)
{
    return p ? p->ends[0] : NULL;
}

eddy_stream *eddy_process_stdout(const eddy_process *p)
{
    return p ? p->ends[1] : NULL;
}

eddy_stream *eddy_process_stderr(const eddy_process *p)
{
    return p ? p->ends[2] : NULL;
}

pid_t eddy_process_pid(const eddy_process *p)
{
    return p ? p->pid : -1;
}

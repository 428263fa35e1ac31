/* process.c - the life of a child process: opening, waiting, signals, closing. */
#include "io/process.h"

#include <math.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const double DEFAULT_GRACE = 2.0;
static const double KILL_SECONDS = 5.0; /* SIGKILL takes no time but for processes the disk holds */
enum { DEFAULT_MAX_OUTPUT = 16 << 20 };

/* ---- reaping ---- */

/* True once the child has ended. */
static bool reap(eddy_process *p)
{
    siginfo_t info = {.si_pid = 0};
    idtype_t by = p->by_number ? P_PID : P_PIDFD;
    id_t id = (id_t)(p->by_number ? p->pid : p->fd.fd);

    if (p->ended)
        return true;
    int r = eddy__fault() ? (errno = EIO, -1) : waitid(by, id, &info, WEXITED | WNOHANG);
    p->lost = r < 0 && errno == ECHILD;
    if (!p->lost && (r < 0 || info.si_pid == 0))
        return false;
    p->status = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
    p->ended = true;
    eddy__fd_forget(&p->fd);
    eddy__socket_close(p->fd.fd);
    p->fd.fd = -1;
    return true;
}

static int result_of(const eddy_process *p, int *status)
{
    *status = p->status;
    return p->lost ? -ECHILD : 0;
}

/* The waiters get their copy of the status: the process may be gone when they run. */
static void on_ready(struct eddy__fd *fd, unsigned events)
{
    eddy_process *p = container_of(fd, eddy_process, fd);

    (void)events;
    if (!reap(p))
        return;
    for (struct eddy_waiter_ *w; (w = p->waiters.first);) {
        int r = result_of(p, w->slot);

        eddy__waiter_grant(w, r);
    }
    if (p->keeper.task)
        eddy__keeper_end(&p->keeper);
}

/* ---- waiting ---- */

/* 0 or a code, not raised; p may be gone after a wait. */
static int await_end(eddy_process *p, int *status)
{
    static const struct eddy__wait_kind kind = {"the end of a child process", eddy__waiter_abort};
    struct eddy_waiter_ waiter = {.slot = status};
    eddy_task *self = eddy__self();
    int r;

    if (p->ended)
        return result_of(p, status);
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

static COLD int fail(int code)
{
    if (code == -ECHILD)
        return eddy_raise(code, "the exit status is lost: SIGCHLD is ignored, or somebody else has "
                                "waited for the process");
    return eddy__raise_interrupt(code);
}

static COLD int refuse(const eddy_process *p)
{
    return p ? eddy__raise_code(EDDY_ECLOSED) : eddy_raise(EDDY_EINVAL, "the process is NULL");
}

int eddy_process_wait(eddy_process *p, int *status)
{
    int ignored, r = eddy__checkpoint();

    if (r < 0)
        return r;
    if (!p || p->closed)
        return refuse(p);
    r = await_end(p, status ? status : &ignored);
    return r < 0 ? fail(r) : 0;
}

int eddy_process_status(eddy_process *p, int *status)
{
    int ignored, r;

    if (!p || p->closed)
        return refuse(p);
    if (!reap(p))
        return eddy__raise_code(EDDY_ENOTREADY);
    r = result_of(p, status ? status : &ignored);
    return r < 0 ? fail(r) : 0;
}

/* ---- signals ---- */

/* As long as it is not reaped its numbers are its own. */
static int send_signal(const eddy_process *p, int number)
{
    long r;

    if (p->ended)
        return 0;
    if (eddy__fault())
        r = (errno = EIO, -1);
    else if (p->new_group)
        r = kill(-p->pid, number);
    else if (p->by_number)
        r = kill(p->pid, number);
    else
        r = syscall(SYS_pidfd_send_signal, p->fd.fd, number, NULL, 0);
    return r < 0 && errno != ESRCH ? -errno : 0;
}

int eddy_process_signal(eddy_process *p, int number)
{
    int r;

    if (!p || p->closed)
        return refuse(p);
    r = send_signal(p, number);
    return r < 0 ? eddy_raise(r, "cannot send signal %d to '%s': %s", number, p->name,
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

/* ---- opening ---- */

static int check(const char *const *argv, const eddy_process_opts *opts)
{
    if (!eddy__thread.loop)
        return eddy_raise(EDDY_ELOOP, "a process belongs to a running loop, and none runs here");
    if (!argv || !argv[0] || !*argv[0])
        return eddy_raise(EDDY_EINVAL, "argv names no program");
    if (isnan(opts->grace))
        return eddy_raise(EDDY_EINVAL, ".grace is NaN: seconds are expected");
    return eddy__stream_check_opts(&opts->stream);
}

static eddy_process *new_process(const char *name, const eddy_process_opts *opts)
{
    eddy_process *p = eddy__alloc_zero(sizeof *p);
    char *copy = p ? eddy__strdup(name) : NULL;

    if (!copy) {
        eddy__free(p);
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    eddy__fd_init(&p->fd, eddy__thread.loop, -1, on_ready);
    p->fd.level = true;
    p->name = copy;
    p->kill_on_close = opts->kill_on_close;
    p->new_group = opts->new_group;
    p->grace = opts->grace != 0 ? fmax(opts->grace, 0) : DEFAULT_GRACE;
    p->max_output = opts->max_output ? opts->max_output : DEFAULT_MAX_OUTPUT;
    return p;
}

static void free_process(eddy_process *p)
{
    if (p->fd.fd >= 0) {
        eddy__fd_forget(&p->fd);
        eddy__socket_close(p->fd.fd);
    }
    eddy__free(p->name);
    eddy__free(p);
}

eddy_process *eddy_process_open_with(const char *const *argv, const eddy_process_opts *opts)
{
    static const eddy_process_opts defaults;
    eddy_process *p;

    if (!opts)
        opts = &defaults;
    if (check(argv, opts) < 0 || !(p = new_process(argv[0], opts)))
        return NULL;
    if (eddy__process_spawn(p, argv, opts) >= 0)
        return p;
    for (int i = 0; i < 3; i++)
        eddy_stream_close(p->ends[i]);
    free_process(p);
    return NULL;
}

eddy_process *eddy_process_shell_with(const char *command, const eddy_process_opts *opts)
{
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};

    if (command)
        return eddy_process_open_with(argv, opts);
    eddy_raise(EDDY_EINVAL, "the command is NULL");
    return NULL;
}

/* ---- closing ---- */

static void end_politely(eddy_process *p)
{
    struct eddy__closer closer;
    int status;

    eddy__closer_enter(&closer, p->grace + KILL_SECONDS);
    send_signal(p, SIGTERM);
    eddy_timeout(p->grace)
        eddy_ignore(await_end(p, &status));
    if (!reap(p)) {
        send_signal(p, SIGKILL);
        eddy_ignore(await_end(p, &status));
    }
    eddy__closer_leave(&closer);
}

static void end_child(eddy_process *p)
{
    if (reap(p))
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

static void keeper_ended(struct eddy__keeper *keeper)
{
    free_process(container_of(keeper, eddy_process, keeper));
}

/* Has the child reaped later. False: without memory, or without a loop that runs, it is not. */
static bool keep(eddy_process *p)
{
    eddy_error *error = eddy__error_take();
    bool kept =
        eddy__thread.loop == p->fd.loop && eddy__fd_want(&p->fd, EDDY_READABLE) >= 0 &&
        eddy__keeper_start(&p->keeper, p->fd.loop, "the end of a child process", keeper_ended) >= 0;

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
    eddy__waiters_grant_all(&p->waiters, EDDY_ECLOSED);
    if (reap(p) || !keep(p))
        free_process(p);
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

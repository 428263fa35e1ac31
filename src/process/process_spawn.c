/* process_spawn.c - starting a child: its descriptors, signals, folder. */
#include "base/descriptor.h"
#include "process/process.h"
#include "stream/stream.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child's ends; -1: none. They are above 2, so that none is overwritten before it is used. */
struct plan {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int fds[3];
};

const char *const eddy__end_names[3] = {"standard input", "standard output", "standard error"};

/* ---- descriptors ---- */

/* The same file under a number above 2. */
static int duplicate_above(int fd)
{
    return eddy__sys(fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

/* In place of fd, which is closed when it is too low. */
static int move_above(int fd)
{
    int copy = fd;

    if (fd > STDERR_FILENO)
        return fd;
    copy = duplicate_above(fd);
    eddy__socket_close(fd);
    return copy;
}

/* The child's end blocks, as programs expect. */
static int make_blocking(int fd)
{
    return eddy__sys(fcntl(fd, F_SETFL, 0));
}

static int open_pipe(eddy_process *p, int i, struct plan *plan, const eddy_stream_opts *opts)
{
    char name[EDDY_ADDRESS_TEXT];
    int fds[2], status = eddy__pipe_make(fds);

    if (status < 0)
        return status;
    plan->fds[i] = move_above(fds[i == 0 ? 0 : 1]);
    snprintf(name, sizeof name, "the %s of %s", eddy__end_names[i], p->name);
    p->ends[i] = eddy__pipe_stream(fds[i == 0 ? 1 : 0], name, opts);
    if (!p->ends[i]) {
        eddy__socket_close(fds[i == 0 ? 1 : 0]);
        return EDDY_ENOMEM;
    }
    return plan->fds[i] < 0 ? plan->fds[i] : make_blocking(plan->fds[i]);
}

/* Prepares the child's descriptor i. 0 or a code, not raised. */
static int prepare_end(eddy_process *p, int i, int what, struct plan *plan,
                       const eddy_stream_opts *opts)
{
    int status = 0;

    if (what == EDDY_NULL)
        return -posix_spawn_file_actions_addopen(&plan->actions, i, "/dev/null",
                                                 i == 0 ? O_RDONLY : O_WRONLY, 0);
    if (what == EDDY_STDOUT && i == STDERR_FILENO)
        return -posix_spawn_file_actions_adddup2(&plan->actions, STDOUT_FILENO, i);
    if (what == EDDY_INHERIT)
        return 0;
    if (what == EDDY_PIPE)
        status = open_pipe(p, i, plan, opts);
    else if (what < 0)
        status = EDDY_EINVAL;
    else
        status = plan->fds[i] = duplicate_above(what);
    if (status < 0)
        return status;
    return -posix_spawn_file_actions_adddup2(&plan->actions, plan->fds[i], i);
}

static int prepare_ends(eddy_process *p, struct plan *plan, const eddy_process_opts *opts)
{
    const int what[] = {opts->stdin, opts->stdout, opts->stderr};

    for (int i = 0; i < 3; i++) {
        int status = prepare_end(p, i, what[i], plan, &opts->stream);

        if (status < 0)
            return eddy__raise(status, "cannot make the %s of '%s' (%d): %s", eddy__end_names[i],
                               p->name, what[i], eddy__words(status).text);
    }
    return 0;
}

/* ---- the rest ---- */

/* Descriptors of other libraries are seldom meant for the child. */
static int close_others(struct plan *plan)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    return -posix_spawn_file_actions_addclosefrom_np(&plan->actions, STDERR_FILENO + 1);
#else
    (void)plan;
    return 0;
#endif
}

/* Caught signals are reset by exec. Ignored ones stay so, as nohup expects, except for SIGPIPE,
 * which libraries ignore for themselves. */
static int prepare_rest(struct plan *plan, const eddy_process_opts *opts)
{
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    int r = 0;
    sigset_t signals;

    if (opts->cwd)
        r = -posix_spawn_file_actions_addchdir_np(&plan->actions, opts->cwd);
    if (r >= 0 && !opts->inherit_fds)
        r = close_others(plan);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&plan->attributes, &signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&plan->attributes, &signals);
    if (opts->new_group)
        flags |= POSIX_SPAWN_SETPGROUP; /* 0: of its own */
    posix_spawnattr_setflags(&plan->attributes, flags);
    return r < 0 ? eddy__raise_code(r) : 0;
}

/* Whether it is the folder that keeps the program from being run. */
static bool is_bad_folder(const char *path)
{
    int fd = path ? eddy__above_standard(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) : -1;

    if (!path)
        return false;
    if (fd >= 0)
        close(fd);
    return fd < 0 || access(path, X_OK) < 0;
}

static COLD int cannot_run(const eddy_process *p, const char *cwd, int status)
{
    if (is_bad_folder(cwd))
        return eddy__raise(status, "cannot run '%s' in '%s': %s", p->name, cwd,
                           eddy__words(status).text);
    return eddy__raise(status, "cannot run '%s': %s", p->name, eddy__words(status).text);
}

/* Nobody can wait for it: it must not stay. */
static void destroy(const eddy_process *p)
{
    kill(p->new_group ? -p->pid : p->pid, SIGKILL);
    eddy__sys_sure(waitpid(p->pid, NULL, 0));
}

static int watch(eddy_process *p)
{
    int status = eddy__process_watch(p);

    if (status >= 0)
        return 0;
    destroy(p);
    return eddy__raise(status, "cannot watch '%s': %s", p->name, eddy__words(status).text);
}

static int spawn_start(eddy_process *p, struct plan *plan, const char *const *argv,
                       const eddy_process_opts *opts)
{
    const char *const *env = opts->env ? opts->env : (const char *const *)(void *)environ;
    int r = prepare_ends(p, plan, opts);

    if (r < 0 || (r = prepare_rest(plan, opts)) < 0)
        return r;
    r = eddy__sys_posix(posix_spawnp(&p->pid, argv[0], &plan->actions, &plan->attributes,
                                     (char *const *)(uintptr_t)argv,
                                     (char *const *)(uintptr_t)env));
    return r < 0 ? cannot_run(p, opts->cwd, r) : watch(p);
}

int eddy__process_spawn(eddy_process *p, const char *const *argv, const eddy_process_opts *opts)
{
    struct plan plan = {.fds = {-1, -1, -1}};
    int r = posix_spawn_file_actions_init(&plan.actions);

    if (r)
        return eddy__raise_code(-r);
    r = posix_spawnattr_init(&plan.attributes);
    if (r) {
        posix_spawn_file_actions_destroy(&plan.actions);
        return eddy__raise_code(-r);
    }
    r = spawn_start(p, &plan, argv, opts);
    posix_spawnattr_destroy(&plan.attributes);
    posix_spawn_file_actions_destroy(&plan.actions);
    for (int i = 0; i < 3; i++)
        if (plan.fds[i] >= 0)
            eddy__socket_close(plan.fds[i]);
    return r;
}

/* Every newer system call refused, alone and together: U8. What src/base/sys.c makes stands here,
 * see scripts/lint.py; so do those that the C library makes for us, and the older ones that some
 * sandboxes refuse. */
#include "sandbox.h"

#include "base/sys.h"
#include <eddy/file.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

/* ---- the calls ---- */

/* What the program below does, one after the other. */
enum {
    LOOP = 1 << 0,
    SLEEP = 1 << 1,
    PIPE = 1 << 2,
    OPERATION = 1 << 3,
    FILES = 1 << 4,
    CHILD = 1 << 5,
    SERVER = 1 << 6,
    SIGNAL = 1 << 7,
    FOLDER = 1 << 8,
    POOL = 1 << 9,
    DATAGRAMS = 1 << 10,
    THREADS = 1 << 11,
};

#define WITHOUT_RING (getenv("EDDY_BACKEND") && strcmp(getenv("EDDY_BACKEND"), "epoll") == 0)

/* The calls, and what cannot be done without them. */
static const struct entry {
    struct sandbox_call call;
    unsigned needed_by;
} entries[] = {
    {SANDBOX_CALL(io_uring_setup), 0},
    {SANDBOX_CALL(io_uring_enter), 0},
    {SANDBOX_CALL(io_uring_register), 0},
#ifdef SYS_epoll_pwait2
    {SANDBOX_CALL(epoll_pwait2), 0},
#endif
    {SANDBOX_CALL(statx), 0},
    {SANDBOX_CALL(preadv2), 0},
    {SANDBOX_CALL(pwritev2), 0},
    {SANDBOX_CALL(pidfd_open), 0},
    {SANDBOX_CALL(pidfd_send_signal), 0},
    {SANDBOX_FLAG(waitid, 0, 3 /* P_PIDFD */), 0},
    {SANDBOX_CALL(waitid), 0},
    {SANDBOX_FLAG(madvise, 2, 102 /* MADV_GUARD_INSTALL */), 0},
#ifdef SYS_close_range
    {SANDBOX_CALL(close_range), 0},
#endif
    {SANDBOX_CALL(accept4), 0},
    {SANDBOX_CALL(openat2), 0},
    {SANDBOX_CALL(dup3), 0},
    {SANDBOX_CALL(getrandom), 0},
    {SANDBOX_CALL(membarrier), 0},
    {SANDBOX_CALL(renameat2), 0},
    {SANDBOX_CALL(copy_file_range), 0},
    {SANDBOX_CALL(memfd_create), 0},
#ifdef SYS_openat2
    {SANDBOX_CALL(openat2), 0},
#endif
#ifdef SYS_faccessat2
    {SANDBOX_CALL(faccessat2), 0},
#endif
    /* with EPERM the C library starts no threads and no children without it */
    {SANDBOX_CALL(clone3), FILES | CHILD | THREADS | POOL | FOLDER},
    {SANDBOX_CALL(eventfd2), LOOP},
    {SANDBOX_CALL(signalfd4), SIGNAL},
    {SANDBOX_CALL(inotify_init1), FOLDER},
    {SANDBOX_CALL(pipe2), PIPE | OPERATION | CHILD},
    {SANDBOX_CALL(recvmmsg), DATAGRAMS},
    {SANDBOX_CALL(sendmmsg), DATAGRAMS},
    {SANDBOX_CALL(epoll_create1), LOOP},
};

/* The first so many are those that nothing needs. */
static size_t spare_calls(void)
{
    size_t n = 0;

    while (!entries[n].needed_by)
        n++;
    return n;
}

/* ---- a program that uses them ---- */

static unsigned long turns;

static double count_turn(eddy_loop *loop, void *arg)
{
    (void)loop, (void)arg;
    turns++;
    return (double)INFINITY;
}

static int use_sleep(void)
{
    unsigned long before = turns;

    eddy_try(eddy_sleep(0.03));
    CHECK(turns - before < 10);
    return 0;
}

static int use_pipe(void)
{
    static char big[100000], got[sizeof big];
    eddy_stream *ends[2];

    eddy_try(eddy_pipe_open(ends));
    eddy_auto(eddy_stream) *from = ends[0], *to = ends[1];
    CHECK_INT(eddy_write(to, big, sizeof big), sizeof big);
    CHECK_INT(eddy_read_exactly(from, got, sizeof got), sizeof got);
    eddy_stream_close(eddy_take(from));
    CHECK_INT(eddy_write(to, big, 1), EDDY_EPIPE); /* and no SIGPIPE */
    return 0;
}

struct operation {
    eddy_op op;
    eddy_future *done;
};

static void operation_done(eddy_op *op)
{
    eddy_future_set_result(((struct operation *)(void *)op)->done, NULL);
}

static int transfer(int code, int fd, void *buf, size_t size)
{
    eddy_auto(eddy_future) *done = eddy_try(eddy_future_open(0));
    struct operation o = {.op = {.code = code,
                                 .fd = fd,
                                 .buffer = buf,
                                 .size = size,
                                 .offset = -1,
                                 .done = operation_done},
                          .done = done};

    eddy_try(eddy_loop_submit(eddy_loop_running(), &o.op));
    eddy_try(eddy_future_await(done, NULL));
    return (int)o.op.result;
}

static int read_later(int fd)
{
    char buf[8];

    return transfer(EDDY_OP_READ, fd, buf, sizeof buf);
}
EDDY_CORO(read_later, int)

/* On a pipe that blocks. */
static int use_operation(void)
{
    int fds[2];

    if (pipe(fds) < 0)
        return eddy_raise(-errno, "no pipe");
    eddy_auto(eddy_task) *reader = eddy_try(eddy_create_task(read_later_coro(fds[0])));
    eddy_try(eddy_sleep(0.001));
    int r = transfer(EDDY_OP_WRITE, fds[1], (char[]){"hello"}, 5);
    if (r == 5)
        r = eddy_await(reader);
    close(fds[0]);
    close(fds[1]);
    return r;
}

static char path[64];

static int use_files(void)
{
    char *data = NULL;
    size_t size = 0;

    eddy_try(eddy_write_file(path, "one", 3));
    eddy_try(eddy_write_file(path, "three", 5, .atomic = true));
    eddy_auto(eddy_stream) *s = eddy_try(eddy_file_open(path, "r+"));
    CHECK_INT(eddy_file_pwrite(s, "T", 1, 0), 1);
    eddy_stream_close(eddy_take(s));
    eddy_try(eddy_read_file(path, &data, &size));
    CHECK_INT(size, 5);
    CHECK_MEM(data, "Three", 5);
    eddy_free(data);
    CHECK_INT(eddy_file_open("/", "r") != NULL, false);
    CHECK_INT(eddy_last_status(), EDDY_EISDIR);
    CHECK(!eddy_file_open("../etc/passwd", "r", .beneath = "/tmp"));
    CHECK_INT(eddy_last_status(), EDDY_EXDEV);
    return eddy_unlink(path);
}

static int use_child(void)
{
    eddy_auto(eddy_process_result) result = {0};
    int status = 0;

    eddy_try(eddy_process_run(EDDY_ARGV("sh", "-c", "echo x; exit 4"), &result));
    CHECK_INT(result.status, 4);
    CHECK_INT(result.out.size, 2);
    eddy_auto(eddy_process) *p = eddy_try(eddy_process_open(EDDY_ARGV("sleep", "9")));
    CHECK_INT(eddy_process_status(p, &status), EDDY_ENOTREADY);
    eddy_try(eddy_process_terminate(p));
    eddy_try(eddy_process_wait(p, &status));
    CHECK_INT(status, -SIGTERM);
    eddy_try(eddy_process_run(EDDY_ARGV("sh", "-c", "exit 5"), &result, .new_group = true));
    CHECK_INT(result.status, 5);
    return 0;
}

static int echo(eddy_stream *peer)
{
    char buf[8];
    ssize_t n = eddy_try(eddy_read(peer, buf, sizeof buf));

    return (int)eddy_write(peer, buf, (size_t)n);
}

static int use_server(void)
{
    eddy_auto(eddy_server) *server = eddy_try(eddy_server_open(echo, .host = "127.0.0.1"));
    eddy_auto(eddy_stream) *s =
        eddy_try(eddy_connect("127.0.0.1", .port = eddy_server_port(server)));
    char buf[4];

    CHECK_INT(eddy_write(s, "abcd", 4), 4);
    CHECK_INT(eddy_read_exactly(s, buf, 4), 4);
    return 0;
}

static int use_signal(void)
{
    eddy_auto(eddy_signal) *signals = eddy_try(eddy_signal_open(SIGUSR1));

    raise(SIGUSR1);
    return eddy_signal_next(signals) == SIGUSR1 ? 0 : EDDY_EIO;
}

static int use_folder(void)
{
    char folder[] = "/tmp/eddy-sandbox-XXXXXX";
    eddy_dir_event event;

    CHECK(mkdtemp(folder));
    eddy_dir_watch *watch = eddy_dir_watch_open(folder);
    int r = watch ? 0 : eddy_last_status();
    if (r == 0)
        CHECK_OK(rmdir(folder));
    else
        rmdir(folder);
    if (r == 0)
        r = eddy_dir_watch_next(watch, &event);
    eddy_dir_watch_close(watch);
    return r;
}

static int job(int n)
{
    return n + 1;
}
EDDY_CORO(job, int)

static int use_pool(void)
{
    eddy_auto(eddy_pool) *pool = eddy_try(eddy_process_pool_open(.workers = 1));

    CHECK_INT(eddy_try(eddy_pool_run(pool, job_coro(4))), 5);
    return 0;
}

static int use_threads(void)
{
    CHECK_INT(eddy_try(eddy_to_thread(job_coro(6))), 7);
    return 0;
}

static int use_datagrams(void)
{
    char buf[8] = "x";
    eddy_auto(eddy_datagram) *a = eddy_try(eddy_datagram_open(.host = "127.0.0.1"));
    eddy_auto(eddy_datagram) *b =
        eddy_try(eddy_datagram_open(.peer_host = "127.0.0.1", .peer_port = eddy_datagram_port(a)));
    eddy_datagram_message messages[1] = {{.data = buf, .size = 1}};

    eddy_try(eddy_datagram_send_many(b, messages, 1));
    messages[0] = (eddy_datagram_message){.data = buf, .room = sizeof buf};
    return eddy_datagram_receive_many(a, messages, 1);
}

static int (*const uses[])(void) = {NULL,       use_sleep, use_pipe,      use_operation,
                                    use_files,  use_child, use_server,    use_signal,
                                    use_folder, use_pool,  use_datagrams, use_threads};

struct trial {
    const struct sandbox_call *calls;
    size_t n;
    int error;
    unsigned may_fail; /* of uses */
    bool late;         /* refused when the loop is at work */
};

static bool says_so(const struct trial *trial, int status)
{
    return status == -trial->error;
}

static int use_all(struct trial *trial)
{
    eddy_loop_set_poll_hook(eddy_loop_running(), count_turn, NULL);
    if (trial->late)
        sandbox_refuse(trial->calls, trial->n, trial->error);
    for (size_t i = 1; i < sizeof uses / sizeof uses[0]; i++) {
        fprintf(stderr, "use %zu\n", i);
        int r = uses[i]();

        if (r < 0 && !(trial->may_fail & 1u << i && says_so(trial, r)))
            test_fail(__FILE__, __LINE__, "use %zu fails: %s", i,
                      eddy_error_message(eddy_last_error()));
        eddy_error_clear();
    }
    eddy_loop_set_poll_hook(eddy_loop_running(), NULL, NULL);
    CHECK(turns < 500);
    return 0;
}
EDDY_CORO(use_all, struct trial *)

static int run_trial(void *arg)
{
    struct trial *trial = arg;

    if (!WITHOUT_RING)
        unsetenv("EDDY_BACKEND"); /* where it is forced its failure is told */
    snprintf(path, sizeof path, "/tmp/eddy-sandbox-%ld", (long)getpid());
    alarm(test_is_watched() ? 50 : 10);
    if (!trial->late)
        sandbox_refuse(trial->calls, trial->n, trial->error);
    int r = eddy_run(use_all_coro(trial));
    if (r < 0 && !(trial->may_fail & LOOP && says_so(trial, r)))
        test_fail(__FILE__, __LINE__, "eddy_run: %s", eddy_status_name(r));
    return 0;
}

/* The filter would refuse them to Valgrind, too, which makes some of its own. */
#ifdef EDDY_VALGRIND
#define NEEDS_FILTER() SKIP("Valgrind makes such system calls itself")
#else
#define NEEDS_FILTER() (void)0
#endif

static void try_out(struct trial trial, const char *name)
{
    char output[4096];
    int status = test_child(run_trial, &trial, output, sizeof output);

    if (status != 0)
        test_fail(__FILE__, __LINE__, "%s refused%s with %s: status %#x\n%s", name,
                  trial.late ? " later" : "", strerror(trial.error), (unsigned)status, output);
}

static void refuse_each(int error, bool late)
{
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        const struct entry *entry = &entries[i];

        if (late && (entry->call.number == SYS_io_uring_enter || entry->needed_by & LOOP))
            continue; /* the first has a test of its own */
        try_out((struct trial){&entry->call, 1, error, entry->needed_by, late}, entry->call.name);
    }
}

static void refuse_all(int error, bool late)
{
    struct sandbox_call calls[sizeof entries / sizeof entries[0]];
    size_t n = 0;

    for (size_t i = 0; i < spare_calls(); i++)
        if (!late || entries[i].call.number != SYS_io_uring_enter)
            calls[n++] = entries[i].call;
    /* nothing tells of a child's end without pidfds and without waitid */
    try_out((struct trial){calls, n, error, CHILD, late}, "all");
}

TEST_PLAIN(sys_U8_each_refused_with_EPERM)
{
    NEEDS_FILTER();
    refuse_each(EPERM, false);
}

TEST_PLAIN(sys_U8_each_refused_with_ENOSYS)
{
    NEEDS_FILTER();
    refuse_each(ENOSYS, false);
}

TEST_PLAIN(sys_U8_each_refused_later_with_EPERM)
{
    NEEDS_FILTER();
    refuse_each(EPERM, true);
}

TEST_PLAIN(sys_U8_each_refused_later_with_ENOSYS)
{
    NEEDS_FILTER();
    refuse_each(ENOSYS, true);
}

TEST_PLAIN(sys_U8_all_refused)
{
    NEEDS_FILTER();
    for (int late = 0; late < 2; late++) {
        refuse_all(EPERM, late);
        refuse_all(ENOSYS, late);
        refuse_all(EACCES, late);
    }
}

/* What an older kernel says of a flag. */
TEST_PLAIN(sys_U8_flags_that_an_older_kernel_lacks)
{
    NEEDS_FILTER();
    static const struct sandbox_call flags[] = {
        SANDBOX_CALL(preadv2), SANDBOX_CALL(pwritev2), SANDBOX_FLAG(waitid, 0, 3 /* P_PIDFD */),
        SANDBOX_FLAG(madvise, 2, 102 /* MADV_GUARD_INSTALL */), SANDBOX_CALL(statx)};

    try_out((struct trial){flags, 5, EINVAL, 0, false}, "flags");
    try_out((struct trial){flags, 2, EOPNOTSUPP, 0, false}, "flags");
}

/* ---- the way a call is made ---- */

TEST_PLAIN(sys_gives_the_result_or_the_error)
{
    char buf[4] = "";
    int fds[2] = {-1, -1};

    CHECK_INT(eddy__sys(read(-1, buf, 1)), -EBADF);
    CHECK_INT(eddy__sys_once(read(-1, buf, 1)), -EBADF);
    CHECK_INT(eddy__sys_sure(read(-1, buf, 1)), -EBADF);
    CHECK_INT(eddy__sys(pipe2(fds, O_CLOEXEC)), 0);
    CHECK_INT(eddy__sys(write(fds[1], "abc", 3)), 3);
    CHECK_INT(eddy__sys_once(read(fds[0], buf, 2)), 2);
    CHECK_INT(eddy__sys_sure(read(fds[0], buf, 2)), 1);
    CHECK_INT(sizeof(eddy__sys(read(0, buf, 1))), sizeof(ssize_t));
    CHECK_INT(sizeof(eddy__sys(close(0))), sizeof(int));
    CHECK_INT(eddy__sys_close(fds[0]), 0);
    CHECK_INT(eddy__sys_close(fds[1]), 0);
    CHECK_INT(eddy__sys_close(fds[1]), -EBADF);
    CHECK_INT(eddy__sys_posix(pthread_kill(pthread_self(), 0)), 0);
    CHECK_INT(eddy__sys_posix(pthread_kill(pthread_self(), 12345)), -EINVAL);
}

static int made;

static int make(void)
{
    made++;
    return 7;
}

TEST_PLAIN(sys_fails_where_it_is_to_and_makes_no_call)
{
    int fds[2] = {-1, -1};

    eddy__fault_at(2);
    CHECK_INT(eddy__sys(make()), 7);
    CHECK_INT(eddy__sys(make()), -EIO);
    CHECK_INT(made, 1);
    eddy__fault_at(1);
    CHECK_INT(eddy__sys_as(EAGAIN, make()), -EAGAIN);
    eddy__fault_at(1);
    CHECK_INT(eddy__sys_once(make()), -EIO);
    eddy__fault_at(1);
    CHECK_INT(eddy__sys_once_as(EMFILE, make()), -EMFILE);
    eddy__fault_at(1);
    CHECK_INT(eddy__sys_posix(make()), -EIO);
    CHECK_INT(made, 1);
    eddy__fault_at(1);
    CHECK_INT(eddy__sys_sure(make()), 7); /* nor is it counted */
    CHECK_INT(eddy__sys(make()), -EIO);
    CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
    eddy__fault_at(1);
    CHECK_INT(eddy__sys_close(fds[0]), -EIO);
    CHECK_INT(fcntl(fds[0], F_GETFD), -1);
    CHECK_OK(close(fds[1]));
}

/* Each is asked for on its own, also of calls that have another in their place. */
TEST_PLAIN(sys_newer_calls_fail_where_they_are_to)
{
    siginfo_t info;
    char byte;
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    CHECK_OK(fd);
    eddy__fault_at(1);
    CHECK_INT(eddy__sys_kind_of(fd), -EIO);
    CHECK_INT(eddy__sys_kind_of(fd), S_IFCHR);
    eddy__fault_at(1);
    CHECK_INT(eddy__sys_read_nowait(fd, &byte, 1, -1), -EIO);
    eddy__fault_at(1);
    CHECK_INT(eddy__sys_write_quiet(fd, "", 1), -EIO);
    eddy__fault_at(1);
    CHECK_INT(eddy__sys_pidfd_open(getpid()), -EIO);
    eddy__fault_at(1);
    CHECK_INT(eddy__sys_waitid(1, -1, &info, WEXITED | WNOHANG), -EIO);
    CHECK_INT(eddy__sys_waitid(1, -1, &info, WEXITED | WNOHANG), -ECHILD);
    CHECK_OK(close(fd));
}

static volatile sig_atomic_t ticks;
static int last_tick, woken_by;

static void tick(int number)
{
    (void)number;
    if (++ticks == last_tick)
        eddy_ignore(write(woken_by, "x", 1));
}

/* A pipe to which a byte comes after so many signals, 0: never, none of which restarts a call. */
static void start_ticking(int fds[2], int count)
{
    struct sigaction action = {.sa_handler = tick};

    CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
    woken_by = fds[1];
    last_tick = count;
    ticks = 0;
    CHECK_INT(sigaction(SIGALRM, &action, NULL), 0);
    const struct itimerval every = {{0, 20000}, {0, 20000}};
    CHECK_INT(setitimer(ITIMER_REAL, &every, NULL), 0);
}

static void stop_ticking(const int fds[2])
{
    CHECK_INT(setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL), 0);
    close(fds[0]);
    close(fds[1]);
}

TEST_PLAIN(sys_repeats_what_a_signal_has_interrupted)
{
    char byte;
    int fds[2];

    start_ticking(fds, 3);
    CHECK_INT(eddy__sys(read(fds[0], &byte, 1)), 1);
    CHECK(ticks >= 3);
    stop_ticking(fds);
    start_ticking(fds, 3);
    CHECK_INT(eddy__sys_sure(read(fds[0], &byte, 1)), 1);
    CHECK(ticks >= 3);
    stop_ticking(fds);
}

TEST_PLAIN(sys_once_tells_of_the_interruption)
{
    char byte;
    int fds[2];

    start_ticking(fds, 0);
    CHECK_INT(eddy__sys_once(read(fds[0], &byte, 1)), -EINTR);
    CHECK(ticks > 0);
    stop_ticking(fds);
}

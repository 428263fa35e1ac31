/* Child processes: starting, waiting, signals, closing. */
#include "closing.h"
#include "process/children.h"

#include <dirent.h>

static int count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;

    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* ---- ends ---- */

CHILD_TEST(P1_exit_code_and_signal)
{
    int status = -1;

    eddy_process *p = eddy_process_open(ARGV("true"));
    CHECK(p != NULL);
    CHECK(eddy_process_pid(p) > 0);
    CHECK_INT(eddy_process_wait(p, &status), 0);
    CHECK_INT(status, 0);
    eddy_process_close(p);

    p = eddy_process_shell("exit 42");
    CHECK_INT(eddy_process_wait(p, &status), 0);
    CHECK_INT(status, 42);
    CHECK_INT(eddy_process_wait(p, NULL), 0);
    CHECK_INT(eddy_process_terminate(p), 0);
    eddy_process_close(p);

    p = eddy_process_shell("kill -9 $$");
    CHECK_INT(eddy_process_wait(p, &status), 0);
    CHECK_INT(status, -SIGKILL);
    CHECK_INT(eddy_process_status(p, &status), 0);
    eddy_process_close(p);
    check_no_child();
}

CHILD_TEST(process_status_does_not_wait)
{
    int status = 0;

    eddy_auto(eddy_process) *p = eddy_process_open(ARGV("cat"), .stdin = EDDY_PIPE);
    CHECK_INT(eddy_process_status(p, &status), EDDY_ENOTREADY);
    CHECK_INT(eddy_process_kill(p), 0);
    CHECK_INT(eddy_process_wait(p, &status), 0);
    CHECK_INT(status, -SIGKILL);
}

CHILD_TEST(process_signal_of_any_kind)
{
    int status = 0;

    eddy_auto(eddy_process) *p = eddy_process_open(ARGV("sleep", "100"));
    CHECK_INT(eddy_process_signal(p, SIGUSR1), 0);
    CHECK_INT(eddy_process_wait(p, &status), 0);
    CHECK_INT(status, -SIGUSR1);
    CHECK_INT(eddy_process_signal(p, SIGUSR1), 0);
    eddy_auto(eddy_process) *q = eddy_process_open(ARGV("sleep", "100"), .kill_on_close = true);
    CHECK_INT(eddy_process_signal(q, 1000), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "'sleep'");
}

static int waits(eddy_process *p, int *status)
{
    return eddy_process_wait(p, status);
}
EDDY_CORO(waits, eddy_process *, int *)

CHILD_TEST(process_awaited_by_several_tasks)
{
    int status[4] = {0};
    eddy_task *tasks[4];

    eddy_auto(eddy_process) *p = eddy_process_shell("read line; exit 3", .stdin = EDDY_PIPE);
    for (int i = 0; i < 4; i++)
        tasks[i] = eddy_create_task(waits_coro(p, &status[i]));
    CHECK_INT(eddy_sleep(0.01), 0);
    eddy_cancel(tasks[0]);
    CHECK_INT(eddy_write(eddy_process_stdin(p), "go\n", 3), 3);
    CHECK_INT(eddy_await(tasks[0]), EDDY_ECANCELED);
    for (int i = 1; i < 4; i++) {
        CHECK_INT(eddy_await(tasks[i]), 0);
        CHECK_INT(status[i], 3);
    }
    for (int i = 0; i < 4; i++)
        eddy_task_close(tasks[i]);
}

CHILD_TEST(process_closed_under_those_who_wait)
{
    eddy_process *p = eddy_process_open(ARGV("sleep", "100"), .kill_on_close = true);
    eddy_process *q = eddy_process_open(ARGV("sleep", "100"));
    int status, pid_of_q = eddy_process_pid(q);

    eddy_auto(eddy_task) *of_p = eddy_create_task(waits_coro(p, &status));
    eddy_auto(eddy_task) *of_q = eddy_create_task(waits_coro(q, &status));
    CHECK_INT(eddy_sleep(0.001), 0);
    eddy_process_close(q);
    CHECK_INT(eddy_await(of_q), EDDY_ECLOSED);
    CHECK_OK(kill(pid_of_q, SIGKILL));
    eddy_process_close(p); /* the end comes before the close */
    CHECK_INT(eddy_await(of_p), 0);
    CHECK_INT(status, -SIGTERM);
}

/* Whoever finds out that the child has ended tells all who wait. */
CHILD_TEST(P1_status_wakes_those_who_wait)
{
    int status = -1, of_waiter = -1;
    eddy_auto(eddy_process) *p = eddy_process_shell("exit 5");
    eddy_auto(eddy_task) *task = eddy_create_task(waits_coro(p, &of_waiter));

    CHECK_INT(eddy_sleep(0), 0);
    checked(0); /* it ends before the loop looks at the kernel */
    CHECK_INT(eddy_process_status(p, &status), 0);
    CHECK_INT(status, 5);
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(of_waiter, 5);
}

CHILD_TEST(P1_close_gives_the_status_to_those_who_wait)
{
    int status = -1;
    eddy_process *p = eddy_process_shell("exit 6");
    eddy_auto(eddy_task) *task = eddy_create_task(waits_coro(p, &status));

    CHECK_INT(eddy_sleep(0), 0);
    checked(0);
    eddy_process_close(p);
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(status, 6);
}

/* ---- P1: nobody else's children, and no handler ---- */

CHILD_TEST(P1_sigchld_and_other_children_are_not_touched)
{
    struct sigaction before, after;
    sigset_t mask_before, mask_after;
    int status;

    sigaction(SIGCHLD, NULL, &before);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_before);
    pid_t other = fork();
    if (other == 0)
        _exit(7);
    CHECK_INT(eddy_process_run(ARGV("true"), NULL), 0);
    CHECK_INT(eddy_process_run(ARGV("sleep", "0.01"), NULL), 0);
    sigaction(SIGCHLD, NULL, &after);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
    CHECK_PTR((void *)before.sa_handler, (void *)after.sa_handler);
    CHECK_MEM(&mask_before, &mask_after, sizeof mask_before);
    CHECK_INT(waitpid(other, &status, 0), other);
    CHECK_INT(WEXITSTATUS(status), 7);
}

CHILD_TEST(P1_status_that_somebody_else_took)
{
    int status;

    eddy_auto(eddy_process) *p = eddy_process_open(ARGV("true"));
    CHECK_INT(waitpid(eddy_process_pid(p), NULL, 0), eddy_process_pid(p));
    CHECK_INT(eddy_process_wait(p, &status), EDDY_ECHILD);
    CHECK_CONTAINS(last_message(), "status is lost");
    CHECK_INT(eddy_process_wait(p, &status), EDDY_ECHILD);
}

/* The kernel reaps at once: often before there is a pidfd. */
CHILD_TEST(P1_ignored_sigchld_loses_the_status_only)
{
    int status;

    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 20; i++) {
        eddy_auto(eddy_process) *p = eddy_process_open(ARGV("true"));
        CHECK(p != NULL);
        CHECK_INT(eddy_process_wait(p, &status), EDDY_ECHILD);
        CHECK_CONTAINS(last_message(), "SIGCHLD is ignored");
        CHECK_INT(eddy_process_kill(p), 0);
    }
    signal(SIGCHLD, SIG_DFL);
}

CHILD_TEST(P1_cancelled_wait_does_not_kill)
{
    int status = 0;

    eddy_auto(eddy_process) *p = eddy_process_open(ARGV("cat"), .stdin = EDDY_PIPE);
    eddy_task *task = eddy_create_task(waits_coro(p, &status));
    CHECK_INT(eddy_sleep(0.001), 0);
    eddy_task_close(task);
    CHECK(is_alive(eddy_process_pid(p)));
    int r = 0;
    eddy_timeout(0.01)
        r = eddy_process_wait(p, &status);
    CHECK_INT(r, EDDY_ETIMEDOUT);
    CHECK_INT(eddy_process_status(p, &status), EDDY_ENOTREADY);
    CHECK_INT(eddy_write_eof(eddy_process_stdin(p)), 0);
    CHECK_INT(eddy_process_wait(p, &status), 0);
    CHECK_INT(status, 0);
}

/* ---- closing ---- */

CHILD_TEST(P1_kill_on_close_ends_the_child)
{
    eddy_process *p = eddy_process_open(ARGV("sleep", "100"), .kill_on_close = true);
    pid_t pid = eddy_process_pid(p);

    eddy_process_close(p);
    CHECK(!is_alive(pid));
    check_no_child();
}

CHILD_TEST(P1_kill_on_close_when_sigterm_is_ignored)
{
    char *line;

    eddy_process *p = eddy_process_shell("trap '' TERM; echo ready; while :; do sleep 0.05; done",
                                         .stdout = EDDY_PIPE, .kill_on_close = true, .grace = 0.1);
    CHECK_INT(eddy_read_line(eddy_process_stdout(p), &line), 5);
    double began = eddy_time();
    eddy_process_close(p);
    CHECK(eddy_time() - began > 0.0999); /* seconds are doubles */
    check_no_child();
}

static int holds_one(bool *opened, pid_t *pid)
{
    eddy_auto(eddy_process) *p =
        eddy_try(eddy_process_open(ARGV("sleep", "100"), .kill_on_close = true));
    *pid = eddy_process_pid(p);
    *opened = true;
    return eddy_process_wait(p, NULL);
}
EDDY_CORO(holds_one, bool *, pid_t *)

CHILD_TEST(A13_close_of_a_process_is_shielded)
{
    bool opened = false;
    pid_t pid;

    eddy_auto(eddy_task) *task = eddy_create_task(holds_one_coro(&opened, &pid));
    while (!opened)
        CHECK_INT(eddy_sleep(0.001), 0);
    eddy_cancel(task);
    CHECK_INT(eddy_await(task), EDDY_ECANCELED);
    CHECK(!is_alive(pid));
}

CHILD_TEST(P1_closed_child_lives_on_and_is_reaped)
{
    eddy_process *p = eddy_process_shell("read line; exit 0", .stdin = EDDY_PIPE);
    eddy_process *q = eddy_process_open(ARGV("sleep", "0.3"));
    pid_t pid = eddy_process_pid(q);
    int fds = count_descriptors();

    eddy_process_close(p);
    eddy_process_close(q);
    CHECK(is_alive(pid));
    for (int i = 0; i < 50 && has_child(); i++)
        CHECK_INT(eddy_process_run(ARGV("sleep", "0.1"), NULL), 0);
    check_no_child();
    CHECK(count_descriptors() < fds);
}

/* The record goes with the loop; the census would find it. */
CHILD_TEST(process_that_outlives_the_loop)
{
    eddy_process *p = eddy_process_open(ARGV("sleep", "0.3"));
    eddy_process *q = eddy_process_open(ARGV("sleep", "0.3"));

    eddy_process_close(p);
    CHECK_INT(eddy_sleep(0), 0);
    eddy_process_close(q);
}

static int kept_on(void)
{
    eddy_process *p = eddy_try(eddy_process_open(ARGV("sleep", "0.5")));

    eddy_process_close(p);
    return 0;
}
EDDY_CORO(kept_on)

TEST_PLAIN(process_reaped_in_a_later_run_of_the_loop)
{
    needs_pidfd();
    eddy_auto(eddy_loop) *loop = eddy_loop_open();

    CHECK_INT(eddy_loop_run_until_complete(loop, kept_on_coro()), 0);
    CHECK(has_live_child());
    for (int i = 0; i < 200 && has_live_child(); i++)
        CHECK_INT(eddy_loop_run_once(loop, 0.01), 0);
    CHECK_INT(eddy_loop_run_once(loop, 0.01), 0);
    check_no_child();
}

static int closes_one(void *arg)
{
    eddy_process_close(*(eddy_process **)arg);
    return 0;
}

CHILD_TEST(process_killed_in_a_callback)
{
    eddy_process *p = eddy_process_open(ARGV("sleep", "100"), .kill_on_close = true);
    pid_t pid = eddy_process_pid(p);

    eddy_loop_call_soon(eddy_loop_running(), closes_one, &p);
    for (int i = 0; i < 1000 && is_alive(pid); i++) {
        CHECK_INT(eddy_sleep(0.001), 0);
        usleep(1000);
    }
    CHECK(!is_alive(pid));
}

CHILD_TEST(process_group_is_signalled_as_a_whole)
{
    char *line;

    eddy_process *p = eddy_process_shell("sleep 100 & echo $!; wait", .stdout = EDDY_PIPE,
                                         .new_group = true, .kill_on_close = true);
    CHECK(eddy_read_line(eddy_process_stdout(p), &line) > 0);
    pid_t grandchild = (pid_t)strtol(line, NULL, 10);
    CHECK(is_alive(grandchild));
    CHECK_INT(eddy_process_terminate(p), 0);
    CHECK_INT(eddy_read_line(eddy_process_stdout(p), &line), 0); /* nobody holds the pipe */
    eddy_process_close(p);
}

/* ---- failures to start ---- */

CHILD_TEST(process_missing_program)
{
    int fds = count_descriptors();

    CHECK_PTR(eddy_process_open(ARGV("no-such-program", "x"), .stdin = EDDY_PIPE,
                                .stdout = EDDY_PIPE, .stderr = EDDY_NULL),
              NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOENT);
    CHECK_STR(last_message(), "cannot run 'no-such-program': no such file or directory");
    CHECK_INT(count_descriptors(), fds);
    CHECK_PTR(eddy_process_open(ARGV("/etc/passwd")), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EACCES);
    CHECK_INT(eddy_process_run(ARGV("/no/such"), NULL), EDDY_ENOENT);
    check_no_child();
}

CHILD_TEST(process_bad_folder)
{
    CHECK_PTR(eddy_process_open(ARGV("true"), .cwd = "/no/such"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOENT);
    CHECK_STR(last_message(), "cannot run 'true' in '/no/such': no such file or directory");
    CHECK_PTR(eddy_process_open(ARGV("no-such-program"), .cwd = "/"), NULL);
    CHECK_STR(last_message(), "cannot run 'no-such-program': no such file or directory");
    check_no_child();
}

CHILD_TEST(process_bad_arguments)
{
    CHECK_PTR(eddy_process_open(NULL), NULL);
    CHECK_PTR(eddy_process_open(((const char *const[]){NULL})), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_process_shell(NULL), NULL);
    CHECK_PTR(eddy_process_open(ARGV("true"), .stdout = 12345), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EBADF);
    CHECK_CONTAINS(last_message(), "standard output of 'true' (12345)");
    CHECK_PTR(eddy_process_open(ARGV("true"), .stdin = EDDY_STDOUT), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_INT(eddy_process_wait(NULL, NULL), EDDY_EINVAL);
    CHECK_INT(eddy_process_kill(NULL), EDDY_EINVAL);
    CHECK_INT(eddy_process_communicate(NULL, NULL, 0, NULL, NULL), EDDY_EINVAL);
    eddy_process_close(NULL);
    eddy_auto(eddy_process) *p = eddy_process_open(ARGV("true"));
    CHECK_INT(eddy_process_communicate(p, "x", 1, NULL, NULL), EDDY_EINVAL);
    CHECK_PTR(eddy_process_stdout(p), NULL);
}

TEST_PLAIN(process_outside_a_loop)
{
    CHECK_PTR(eddy_process_open(ARGV("true")), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ELOOP);
    eddy_error_clear();
}

/* ---- what the child gets ---- */

CHILD_TEST(process_folder_and_environment)
{
    const char *env[] = {"A=b c", "PATH=/usr/bin:/bin", NULL};
    eddy_auto(eddy_process_result) result = {0};

    RUN(&result, "pwd; echo \"$A-$HOME\"", .cwd = "/usr/bin", .env = env);
    CHECK_STR(result.out.data, "/usr/bin\nb c-\n");
    CHECK_INT(result.out.size, 14);
    CHECK_INT(result.status, 0);
}

/* Blocked signals and an ignored SIGPIPE would stay so in what the child runs. */
CHILD_TEST(process_signals_are_as_programs_expect)
{
    eddy_auto(eddy_process_result) result = {0};
    sigset_t mask;

    sigfillset(&mask);
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    RUN(&result, "sed -n 's/Sig[BI][lg][kn]:.*\\(........\\)$/\\1/p' /proc/self/status",
        .cwd = NULL);
    CHECK_STR(result.out.data, "00000000\n80000001\n"); /* 32 is the C library's */
}

CHILD_TEST(process_gets_no_other_descriptors)
{
    eddy_auto(eddy_process_result) closed = {0}, inherited = {0};
    int fd = open("/dev/null", O_RDONLY), high = fcntl(fd, F_DUPFD, 77);

    RUN(&closed, "test -e /proc/self/fd/77; echo $?", .cwd = NULL);
    CHECK_STR(closed.out.data, "1\n");
    RUN(&inherited, "test -e /proc/self/fd/77; echo $?", .inherit_fds = true);
    CHECK_STR(inherited.out.data, "0\n");
    close(fd);
    close(high);
}

CHILD_TEST(process_descriptors_of_the_caller)
{
    FILE *file = tmpfile();
    char text[16] = "";

    RUN(NULL, "echo out; echo err >&2", .stdout = fileno(file), .stderr = EDDY_STDOUT);
    CHECK_INT(pread(fileno(file), text, 15, 0), 8);
    CHECK_STR(text, "out\nerr\n");
    fclose(file);
}

/* Standard output and error change places. */
CHILD_TEST(process_descriptors_cross)
{
    int files[2], former[2];
    char text[2][8] = {"", ""};

    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        FILE *file = tmpfile();

        files[i] = dup(fileno(file));
        fclose(file);
        former[i] = fcntl(i + 1, F_DUPFD_CLOEXEC, 3);
        dup2(files[i], i + 1);
    }
    int r = eddy_process_run(ARGV("/bin/sh", "-c", "echo out; echo err >&2"), NULL, .stdout = 2,
                             .stderr = 1);
    for (int i = 0; i < 2; i++) {
        dup2(former[i], i + 1);
        close(former[i]);
        CHECK_INT(pread(files[i], text[i], 7, 0), 4);
        close(files[i]);
    }
    CHECK_INT(r, 0);
    CHECK_STR(text[0], "err\n");
    CHECK_STR(text[1], "out\n");
}

/* A parent without standard descriptors: its pipes get their numbers. */
CHILD_TEST(process_of_a_parent_without_standard_descriptors)
{
    eddy_auto(eddy_process_result) result = {0};
    int former[3];

    fflush(NULL);
    for (int i = 0; i < 3; i++) {
        former[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
        close(i);
    }
    int r = eddy_process_run(ARGV("/bin/sh", "-c", "cat; echo err >&2"), &result, .input = "in\n",
                             .input_size = 3);
    for (int i = 0; i < 3; i++) {
        dup2(former[i], i);
        close(former[i]);
    }
    CHECK_INT(r, 0);
    CHECK_STR(result.out.data, "in\n");
    CHECK_STR(result.err.data, "err\n");
}

/* ---- with things going wrong ---- */

SWEEP(P1_wait_cancelled_anywhere)
{
    needs_pidfd();
    int status = 0;

    eddy_auto(eddy_process) *p = eddy_try(eddy_process_open(ARGV("sleep", "0.02")));
    int r = eddy_process_wait(p, &status);
    CHECK(r == 0 || r == EDDY_ECANCELED);
    if (r < 0)
        eddy_shield(5)
            CHECK_INT(eddy_process_wait(p, &status), 0);
    CHECK_INT(status, 0);
    return r;
}

TORTURE(process_left_with_failures)
{
    needs_pidfd();
    eddy_process *p = eddy_try(eddy_process_open(ARGV("true"), .stdout = EDDY_NULL));

    eddy_process_close(p);
    return checked(eddy_sleep(0.01));
}

/* P1: a filter of system calls that only refuses; and no thread can be had either. */
TEST(P1_pidfds_refused_by_a_filter)
{
    int status = -1;

    refuse_pidfds(EPERM);
    eddy_auto(eddy_process) *p = eddy_process_shell("exit 3");
    CHECK(p != NULL && p->by_number);
    CHECK_INT(eddy_process_wait(p, &status), 0);
    CHECK_INT(status, 3);
}

SWEEP(P1_wait_by_thread_cancelled_anywhere)
{
    refuse_pidfds(ENOSYS);
    return eddy_process_run(ARGV("sleep", "0.02"), NULL, .grace = 1);
}

TORTURE(process_by_thread_with_failures)
{
    refuse_pidfds(ENOSYS);
    eddy_process *p =
        eddy_try(eddy_process_open(ARGV("cat"), .stdin = EDDY_PIPE, .kill_on_close = true));
    int r = eddy_process_terminate(p);

    eddy_process_close(p);
    return checked(r);
}

/* ---- closed meanwhile (D6) ---- */

CHILD_TEST(D6_process_is_looked_at_before_a_yield)
{
    int status = -1;
    eddy_process *p = eddy_process_open(EDDY_ARGV("true"));

    CHECK_INT(eddy_process_wait(p, NULL), 0);
    CHECK_INT(CLOSED_IN_THE_CALL(eddy_process_close, p, eddy_process_wait(p, &status)), 0);
    CHECK_INT(status, 0);
}

CHILD_TEST(D6_process_closed_while_it_is_waited_for)
{
    eddy_process *p = eddy_process_open(EDDY_ARGV("sleep", "60"), .kill_on_close = true);
    int r = CLOSED_IN_THE_CALL(eddy_process_close, p, eddy_process_wait(p, NULL));

    CHECK(r == 0 || r == EDDY_ECLOSED); /* the close may see the end first */
}

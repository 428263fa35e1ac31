/* Choosing a backend, waiting, spinning, and system calls that fail. */
#include "sandbox.h"

#include "base/fault.h"
#include "loop/io.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

TEST_PLAIN(backend_U5_environment_names_it)
{
    const char *name = getenv("EDDY_BACKEND");
    eddy_loop *loop = eddy_loop_open();

    CHECK(loop);
    if (name && strcmp(name, "epoll") == 0)
        CHECK_STR(eddy_loop_backend(loop), "epoll");
    else if (name && *name)
        CHECK_STR(eddy_loop_backend(loop), "io_uring");
    eddy_loop_close(loop);
}

static int open_where_refused(void *arg)
{
    unsetenv("EDDY_BACKEND");
    sandbox_refuse(&(struct sandbox_call)SANDBOX_CALL(io_uring_setup), 1, *(int *)arg);
    eddy_loop *loop = eddy_loop_open();
    CHECK(loop);
    CHECK_STR(eddy_loop_backend(loop), "epoll");
    CHECK_OK(eddy_loop_run_once(loop, 0.001));
    eddy_loop_close(loop);
    CHECK(!eddy_loop_open(.backend = EDDY_BACKEND_URING)); /* what is asked for by name must work */
    CHECK_INT(eddy_last_status(), -*(int *)arg);
    eddy_error_clear();
    return 0;
}

TEST_PLAIN(backend_U5_epoll_takes_over_in_silence)
{
    int errors[] = {ENOSYS, EPERM, EACCES, ENOMEM, EINVAL};
    char output[4096];

    for (size_t i = 0; i < count_of(errors); i++) {
        CHECK_INT(test_child(open_where_refused, &errors[i], output, sizeof output), 0);
        CHECK_STR(output, "");
    }
}

/* Each system call of opening fails in turn: another backend, or a clean failure. */
TEST_PLAIN(backend_U5_opening_survives_any_failure)
{
    for (int n = 1;; n++) {
        long before = eddy__fault_count();

        eddy__fault_at(n);
        eddy_loop *loop = eddy_loop_open(.backend = EDDY_BACKEND_DEFAULT);
        eddy_loop_close(loop);
        eddy_error_clear();
        if (eddy__fault_count() - before < n)
            break;
    }
    eddy__fault_at(0);
}

/* The kernel's thread of SQPOLL is one of the process. */
TEST_PLAIN(backend_U5_no_thread_of_the_kernel_polls)
{
    char path[300], name[16];
    int threads = 0;
    eddy_loop *loop = eddy_loop_open();
    CHECK(loop);
    CHECK_OK(eddy_loop_run_once(loop, 0.001));
    DIR *dir = opendir("/proc/self/task");
    CHECK(dir);

    for (struct dirent *entry; (entry = readdir(dir));) {
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (!file)
            continue;
        CHECK(fgets(name, sizeof name, file));
        CHECK(strncmp(name, "iou-sqp", strlen("iou-sqp")) != 0);
        fclose(file);
        threads++;
    }
    CHECK(threads > 0);
    closedir(dir);
    eddy_loop_close(loop);
}

static double run_for(eddy_loop *loop, double timeout)
{
    int64_t began = eddy__clock_now();

    CHECK_OK(eddy_loop_run_once(loop, timeout));
    return eddy__seconds_of_ns(eddy__clock_now() - began);
}

TEST_PLAIN(backend_waits_are_not_shorter_than_asked_for)
{
    static const double waits[] = {1e-6, 5e-5, 2e-4, 1e-3, 0.0123};

    for (int spin = 0; spin < 2; spin++) {
        eddy_loop *loop = eddy_loop_open(.spin = spin ? 0 : -1);

        run_for(loop, 0);
        for (size_t i = 0; i < count_of(waits); i++) {
            double took = run_for(loop, waits[i]);

            CHECK(took >= waits[i]);
            CHECK(took < waits[i] + 5);
        }
        eddy_loop_close(loop);
    }
}

/* A wait of the ring with a timeout of zero would really sleep, 15 µs. */
TEST_PLAIN(backend_poll_of_zero_does_not_sleep)
{
    double least = 1;

    if (test_is_watched())
        SKIP("times mean nothing here");
    eddy_loop *loop = eddy_loop_open();
    for (int i = 0; i < 1000; i++) {
        int64_t began = eddy__clock_now();
        CHECK_OK(loop->backend->poll(loop, 0));
        double took = eddy__seconds_of_ns(eddy__clock_now() - began);
        least = took < least ? took : least;
    }
    CHECK(least < 5e-6);
    eddy_loop_close(loop);
}

static int reports;

static void count_report(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)loop, (void)arg;
    CHECK(strstr(report->message, "failed"));
    reports++;
}

TEST_PLAIN(backend_wait_that_fails_is_told_once)
{
    eddy_loop *loop = eddy_loop_open(.spin = -1);

    eddy_loop_set_exception_handler(loop, count_report, NULL);
    CHECK_OK(eddy_loop_run_once(loop, 0));
    for (int i = 0; i < 3; i++) {
        eddy__fault_at(1);
        CHECK_OK(eddy_loop_run_once(loop, 0.001));
    }
    CHECK_INT(reports, 1);
    CHECK(run_for(loop, 0.001) >= 0.001);
    eddy_loop_close(loop);
}

static void on_alarm(int number)
{
    (void)number;
}

TEST_PLAIN(backend_signal_ends_a_wait_quietly)
{
    eddy_loop *loop = eddy_loop_open(.spin = -1);
    struct itimerval soon = {.it_value.tv_usec = 5000, .it_interval.tv_usec = 5000};

    eddy_loop_set_exception_handler(loop, count_report, NULL);
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    CHECK(run_for(loop, 5) < 2);
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    CHECK_INT(reports, 0);
    eddy_loop_close(loop);
}

/* A thread may register 16 rings; the others do without. */
TEST_PLAIN(backend_many_loops_in_a_thread)
{
    eddy_loop *loops[20];

    for (int i = 0; i < 20; i++)
        CHECK((loops[i] = eddy_loop_open(.spin = -1)));
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 20; i++)
            CHECK_OK(eddy_loop_run_once(loops[i], 1e-5));
    for (int i = 0; i < 20; i++)
        eddy_loop_close(loops[i]);
}

/* ---- everything at once, with each allocation and each system call failing in turn ---- */

static void note_event(eddy_watch *watch, unsigned events, void *arg)
{
    *(unsigned *)arg |= events;
    eddy_watch_set(watch, 0);
}

static void note_done(eddy_op *op)
{
    *(bool *)op->arg = true;
}

static int use_everything(int fds[2])
{
    eddy_loop *loop = eddy_loop_running();
    char buf[4];
    unsigned seen = 0;
    bool done = false;
    eddy_op op = {.code = EDDY_OP_READ, .fd = fds[0], .buffer = buf, .size = 4, .offset = -1};

    eddy_auto(eddy_watch) *watch =
        eddy_try(eddy_watch_open(loop, fds[0], EDDY_READABLE | EDDY_WRITABLE, note_event, &seen));
    op.done = note_done;
    op.arg = &done;
    eddy_try(eddy_loop_submit(loop, &op));
    eddy_ignore(eddy_sleep(0.001));
    int r = write(fds[1], "abcd", 4) == 4 ? 0 : EDDY_EIO;
    while (!done)
        eddy_ignore(eddy_sleep(0.001));
    if (op.result >= 0) {
        op.code = EDDY_OP_FSYNC;
        done = false;
        eddy_try(eddy_loop_submit(loop, &op));
        eddy_loop_cancel_op(loop, &op);
        while (!done)
            eddy_ignore(eddy_sleep(0.001));
    }
    return r;
}

TORTURE(backend_everything_with_failures)
{
    int fds[2];

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    int r = use_everything(fds);
    close(fds[0]);
    close(fds[1]);
    return r;
}

/* ---- spinning ---- */

static bool answer;

static bool seen(eddy_loop *loop)
{
    (void)loop;
    return answer;
}

/* How many waits pass without a spin before the next one. */
static int skipped(struct eddy__spin *spin, const eddy_loop *loop)
{
    int n = 0;

    while (!eddy__spin_due(spin, loop, NS_NEVER))
        n++;
    return n;
}

TEST_PLAIN(backend_spin_backs_off_and_recovers)
{
    eddy_loop *loop = eddy_loop_open(.spin = 1e-6);
    struct eddy__spin spin = {0};

    CHECK_INT(loop->spin_ns, 1000);
    CHECK(!eddy__spin_due(&spin, loop, 1000)); /* not when the wait is no longer than the spin */
    CHECK(eddy__spin_due(&spin, loop, 1001));
    for (int skip = 1; skip <= 4096; skip *= 2) {
        CHECK(!eddy__spin_run(&spin, loop, seen));
        CHECK_INT(skipped(&spin, loop), skip < 1024 ? skip : 1024);
    }
    answer = true;
    for (int i = 0; i < 10; i++) {
        CHECK(eddy__spin_run(&spin, loop, seen));
        CHECK_INT(skipped(&spin, loop), 0); /* as long as they help, there is one each time */
    }
    CHECK_INT(spin.penalty, 1);
    loop->spin_ns = -1;
    CHECK(!eddy__spin_due(&spin, loop, NS_NEVER));
    eddy_loop_close(loop);
}

static bool seen_by_thread(void *asked)
{
    ++*(int *)asked;
    return answer;
}

TEST_PLAIN(backend_spin_without_a_loop)
{
    struct eddy__spin spin = {0};
    int asked = 0;

    CHECK(!eddy__spin_look(&spin, 0, seen_by_thread, &asked));
    CHECK_INT(asked, 0);
    CHECK(!eddy__spin_look(&spin, 1000, seen_by_thread, &asked));
    CHECK(asked > 0);
    answer = true;
    CHECK(!eddy__spin_look(&spin, 1000, seen_by_thread, &asked)); /* skipped */
    CHECK(eddy__spin_look(&spin, 1000, seen_by_thread, &asked));
}

static void echo_once(eddy_watch *watch, unsigned events, void *arg)
{
    char c;

    (void)events, (void)arg;
    CHECK_INT(read(eddy_watch_fd(watch), &c, 1), 1);
    CHECK_INT(write(eddy_watch_fd(watch), &c, 1), 1);
}

static atomic_bool peer_ended;

static void *play_peer(void *arg)
{
    int fd = *(int *)arg;
    char c = 'x';

    for (int i = 0; i < 50; i++) {
        usleep(100);
        CHECK_INT(write(fd, &c, 1), 1);
        CHECK_INT(read(fd, &c, 1), 1);
    }
    atomic_store(&peer_ended, true);
    CHECK_INT(write(fd, &c, 1), 1); /* ends the last wait */
    return NULL;
}

/* What comes up during a spin is not lost. */
TEST_PLAIN(backend_events_during_a_spin_are_delivered)
{
    eddy_loop *loop = eddy_loop_open(.spin = 0.5);
    int fds[2];
    pthread_t peer;

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    eddy_watch *watch = eddy_watch_open(loop, fds[0], EDDY_READABLE, echo_once, NULL);
    CHECK_OK(-pthread_create(&peer, NULL, play_peer, &fds[1]));
    while (!atomic_load(&peer_ended))
        CHECK_OK(eddy_loop_run_once(loop, 1));
    pthread_join(peer, NULL);
    eddy_watch_close(watch);
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

static void take_byte(eddy_watch *watch, unsigned events, void *told)
{
    char c;

    (void)events;
    CHECK_INT(read(eddy_watch_fd(watch), &c, 1), 1);
    ++*(int *)told;
}

/* The ring hands out a part of what it has: a wait that finds the rest there was none, and says
 * nothing about whether spinning helps. */
TEST_PLAIN(backend_what_is_there_is_no_spin)
{
    enum { COUNT = 64 };
    eddy_loop *loop = eddy_loop_open(.spin = 1e-6);
    eddy_watch *watches[COUNT];
    int fds[COUNT][2], told = 0;

    if (strcmp(eddy_loop_backend(loop), "io_uring") != 0) {
        eddy_loop_close(loop);
        SKIP("epoll tells of events only when it is asked");
    }
    for (int i = 0; i < COUNT; i++) {
        CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds[i]));
        watches[i] = eddy_watch_open(loop, fds[i][0], EDDY_READABLE, take_byte, &told);
        CHECK(watches[i]);
    }
    CHECK_OK(eddy_loop_run_once(loop, 0));
    for (int i = 0; i < COUNT; i++)
        CHECK_INT(write(fds[i][1], "x", 1), 1);
    eddy__io_of(loop)->spin.penalty = 4;
    while (told < COUNT)
        CHECK_OK(eddy_loop_run_once(loop, 1));
    CHECK_INT(eddy__io_of(loop)->spin.penalty, 4);
    for (int i = 0; i < COUNT; i++) {
        eddy_watch_close(watches[i]);
        close(fds[i][0]);
        close(fds[i][1]);
    }
    eddy_loop_close(loop);
}

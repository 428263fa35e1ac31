/* A loop whose own wait fails for good: U8. */
#include "sandbox.h"

#include "loop/io.h"
#include "loop/uring.h"
#include <eddy/file.h>
#include <errno.h>
#include <sys/stat.h>

#define WITHOUT_RING (getenv("EDDY_BACKEND") && strcmp(getenv("EDDY_BACKEND"), "epoll") == 0)

static char path[64];
static unsigned long turns;

static double count_turn(eddy_loop *loop, void *arg)
{
    (void)loop, (void)arg;
    turns++;
    return (double)INFINITY;
}

static bool left;

/* Of a FIFO that nobody writes to. */
static int wait_and_leave(void)
{
    eddy_stream *s = eddy_file_open(path, "r");

    left = true;
    eddy_stream_close(s);
    return 0;
}
EDDY_CORO(wait_and_leave)

static int sleep_long(void)
{
    int r = eddy_sleep(3600);

    left = true;
    return r;
}
EDDY_CORO(sleep_long)

static const struct sandbox_call enter[] = {SANDBOX_CALL(io_uring_enter)};

static int refuse_and_sleep(int error)
{
    eddy_auto(eddy_task) *other = eddy_try(eddy_create_task(sleep_long_coro()));
    eddy_stream *ends[2];
    char c;

    eddy_try(eddy_pipe_open(ends));
    eddy_auto(eddy_stream) *from = ends[0], *to = ends[1];
    eddy_loop_set_poll_hook(eddy_loop_running(), count_turn, NULL);
    eddy_try(eddy_sleep(0.001));
    sandbox_refuse(enter, 1, error);
    turns = 0;
    return (int)eddy_read(from, &c, 1);
}
EDDY_CORO(refuse_and_sleep, int)

static int without_enter(void *error)
{
    alarm(20);
    int r = eddy_run(refuse_and_sleep_coro(*(int *)error), .backend = EDDY_BACKEND_URING);
    CHECK_INT(r, -*(int *)error);
    CHECK_INT(eddy_last_status(), r);
    CHECK(left); /* tasks have cleaned up */
    CHECK(turns < 20);
    return 0;
}

static int lines_of(const char *text)
{
    int n = 0;

    while ((text = strchr(text, '\n')))
        n++, text++;
    return n;
}

/* What is in flight cannot be taken back: the loop ends, and says why, once. */
TEST_PLAIN(wait_U8_uring_enter_refused_later_ends_the_run)
{
    int errors[] = {EPERM, ENOSYS, EACCES};
    char output[4096];

    if (WITHOUT_RING)
        SKIP("of io_uring");
    for (size_t i = 0; i < 3; i++) {
        int status = test_child(without_enter, &errors[i], output, sizeof output);

        if (status != 0)
            test_fail(__FILE__, __LINE__, "status %#x\n%s", (unsigned)status, output);
        CHECK(strstr(output, "the loop cannot wait for events any more, and ends: io_uring_enter"));
        CHECK_INT(lines_of(output), 1);
    }
}

static int refuse_and_operate(void)
{
    eddy_auto(eddy_task) *other = eddy_try(eddy_create_task(wait_and_leave_coro()));

    eddy_try(eddy_sleep(0.001));
    sandbox_refuse(enter, 1, EPERM);
    return eddy_sleep(3600);
}
EDDY_CORO(refuse_and_operate)

static int without_enter_in_flight(void *arg)
{
    (void)arg;
    alarm(20);
    snprintf(path, sizeof path, "/tmp/eddy-sandbox-%ld", (long)getpid());
    CHECK_OK(mkfifo(path, 0600));
    CHECK_INT(eddy_run(refuse_and_operate_coro(), .backend = EDDY_BACKEND_URING), EDDY_EPERM);
    unlink(path);
    CHECK(!left); /* U1: the kernel has its buffer */
    _exit(0);     /* which keeps the task, too */
}

TEST_PLAIN(wait_U8_uring_enter_refused_with_an_operation_in_flight)
{
    char output[4096];

    if (WITHOUT_RING)
        SKIP("of io_uring");
    int status = test_child(without_enter_in_flight, NULL, output, sizeof output);
    if (status != 0)
        test_fail(__FILE__, __LINE__, "status %#x\n%s", (unsigned)status, output);
    CHECK(strstr(output, "a task cannot be ended"));
}

static int refuse_in_one(void)
{
    if (eddy_loop_running()->index == 1)
        sandbox_refuse(enter, 1, EPERM);
    return eddy_sleep(3600);
}
EDDY_CORO(refuse_in_one)

static int without_enter_in_one(void *arg)
{
    (void)arg;
    alarm(20);
    CHECK_INT(eddy_run(refuse_in_one_coro(), .loops = 3, .backend = EDDY_BACKEND_URING),
              EDDY_EPERM);
    return 0;
}

TEST_PLAIN(wait_U8_uring_enter_refused_in_one_of_several_loops)
{
    char output[4096];

    if (WITHOUT_RING)
        SKIP("of io_uring");
    int status = test_child(without_enter_in_one, NULL, output, sizeof output);
    if (status != 0)
        test_fail(__FILE__, __LINE__, "status %#x\n%s", (unsigned)status, output);
}

/* The program has closed the loop's descriptor: each wait fails, and none tells that it will. */
static int close_all(void)
{
    for (int fd = 3; fd < 64; fd++)
        if (fd != eddy_loop_running()->wake_fd.fd)
            close(fd);
    eddy_loop_set_poll_hook(eddy_loop_running(), count_turn, NULL);
    return eddy_sleep(3600);
}
EDDY_CORO(close_all)

static int with_all_closed(void *arg)
{
    (void)arg;
    alarm(20);
    CHECK_INT(eddy_run(close_all_coro(), .backend = EDDY_BACKEND_EPOLL, .spin = -1), -EBADF);
    CHECK(turns < 40);
    return 0;
}

TEST_PLAIN(wait_U8_waits_that_go_on_failing_end_the_run)
{
    char output[4096];
    int status = test_child(with_all_closed, NULL, output, sizeof output);

    if (status != 0)
        test_fail(__FILE__, __LINE__, "status %#x\n%s", (unsigned)status, output);
    CHECK(strstr(output, "epoll_wait failed"));
    CHECK(strstr(output, "the loop cannot wait for events any more"));
    CHECK_INT(lines_of(output), 2);
}

static int stop_at_once(void *arg)
{
    (void)arg;
    eddy_loop_stop(eddy_loop_running());
    return 0;
}

static int run_without_enter(void *arg)
{
    (void)arg;
    alarm(20);
    eddy_loop *loop = eddy_loop_open(.backend = EDDY_BACKEND_URING);
    CHECK(loop);
    sandbox_refuse(enter, 1, EPERM);
    CHECK_INT(eddy_loop_run_forever(loop), EDDY_EPERM);
    CHECK_INT(eddy_loop_run_once(loop, 0), EDDY_EPERM);
    CHECK(eddy_loop_call_soon(loop, stop_at_once, NULL).call);
    CHECK_INT(eddy_loop_run_forever(loop), EDDY_EPERM);
    CHECK_INT(eddy_loop_run_until_complete(loop, sleep_long_coro()), EDDY_EPERM);
    eddy_loop_close(loop);
    CHECK(left);
    return 0;
}

TEST_PLAIN(wait_U8_loops_without_eddy_run_end_too)
{
    char output[4096];

    if (WITHOUT_RING)
        SKIP("of io_uring");
    int status = test_child(run_without_enter, NULL, output, sizeof output);
    if (status != 0)
        test_fail(__FILE__, __LINE__, "status %#x\n%s", (unsigned)status, output);
    CHECK_INT(lines_of(output), 1);
}

/* ---- a flag of the ring that stands in vain ---- */

/* What a ring's backend begins with. */
struct uring_begin {
    struct eddy__io io;
    struct ring ring;
};

/* A thread of the kernel's may set the flag when what it tells of has been handed out already. */
TEST_REAL(U8_flag_of_deferred_work_that_stands_in_vain)
{
    eddy_loop *loop = eddy_loop_running();

    if (WITHOUT_RING)
        SKIP("of io_uring");
    struct uring_begin *u = loop->backend_state;
    __atomic_fetch_or(u->ring.sq_flags, IORING_SQ_TASKRUN, __ATOMIC_RELAXED);
    turns = 0;
    eddy_loop_set_poll_hook(loop, count_turn, NULL);
    CHECK_OK(eddy_sleep(0.05));
    eddy_loop_set_poll_hook(loop, NULL, NULL);
    CHECK(turns < 10);
}

/* Completion operations, on every backend. */
#include "test.h"

#include "loop/io.h"
#include "loop/ops.h"
#include "support/fake_backend.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Submits op and runs until it is done. */
static ssize_t perform(eddy_loop *loop, eddy_op *op)
{
    int before = done_count;

    op->done = done;
    CHECK_OK(eddy_loop_submit(loop, op));
    CHECK_INT(done_count, before); /* never at once */
    CHECK_INT(loop->io_waits, 1);
    run_until(loop, before + 1);
    CHECK_INT(loop->io_waits, 0);
    return op->result;
}

TEST_PLAIN(op_file_from_open_to_fsync)
{
    eddy_loop *loop = open_loop();
    char path[] = "/tmp/eddy-op-XXXXXX", buf[16] = "", hello[] = "hello", he[] = "HE";

    close(CHECK_OK(mkstemp(path)));
    eddy_op op = {.code = EDDY_OP_OPEN, .fd = AT_FDCWD, .path = path, .flags = O_RDWR | O_CLOEXEC};
    int fd = (int)perform(loop, &op);
    CHECK(fd > 2);
    op = (eddy_op){.code = EDDY_OP_WRITE, .fd = fd, .buffer = hello, .size = 5, .offset = -1};
    CHECK_INT(perform(loop, &op), 5);
    CHECK_INT(perform(loop, &op), 5); /* at its own position */
    op = (eddy_op){.code = EDDY_OP_WRITE, .fd = fd, .buffer = he, .size = 2, .offset = 5};
    CHECK_INT(perform(loop, &op), 2);
    op = (eddy_op){.code = EDDY_OP_FSYNC, .fd = fd};
    CHECK_INT(perform(loop, &op), 0);
    op = (eddy_op){.code = EDDY_OP_READ, .fd = fd, .buffer = buf, .size = sizeof buf};
    CHECK_INT(perform(loop, &op), 10);
    CHECK_MEM(buf, "helloHEllo", 10);
    op.offset = -1;
    CHECK_INT(perform(loop, &op), 0); /* it stands at the end */
    op.offset = 8;
    CHECK_INT(perform(loop, &op), 2);
    close(fd);
    unlink(path);
    eddy_loop_close(loop);
}

TEST_PLAIN(op_failures_are_results)
{
    eddy_loop *loop = open_loop();
    char buf[4];
    eddy_op op = {.code = EDDY_OP_OPEN, .fd = AT_FDCWD, .path = "/nonexistent/file"};

    CHECK_INT(perform(loop, &op), EDDY_ENOENT);
    op = (eddy_op){.code = EDDY_OP_FSYNC, .fd = 1 << 20};
    CHECK_INT(perform(loop, &op), EDDY_EBADF);
    int fd = CHECK_OK(open("/dev/null", O_WRONLY | O_CLOEXEC));
    op = (eddy_op){.code = EDDY_OP_READ, .fd = fd, .buffer = buf, .size = 4, .offset = -1};
    CHECK_INT(perform(loop, &op), EDDY_EBADF);
    close(fd);
    eddy_loop_close(loop);
}

TEST_PLAIN(op_refuses_what_makes_no_sense)
{
    eddy_loop *loop = open_loop();
    char buf[4];
    const eddy_op good = {.code = EDDY_OP_READ, .buffer = buf, .size = 4, .done = done};
    eddy_op op;

    op = good, op.done = NULL;
    CHECK_INT(eddy_loop_submit(loop, &op), EDDY_EINVAL);
    op = good, op.code = 77;
    CHECK_INT(eddy_loop_submit(loop, &op), EDDY_EINVAL);
    op = good, op.fd = -1;
    CHECK_INT(eddy_loop_submit(loop, &op), EDDY_EBADF);
    op = good, op.size = (size_t)SSIZE_MAX + 1;
    CHECK_INT(eddy_loop_submit(loop, &op), EDDY_EINVAL);
    op = good, op.buffer = NULL;
    CHECK_INT(eddy_loop_submit(loop, &op), EDDY_EINVAL);
    op = good, op.offset = -2;
    CHECK_INT(eddy_loop_submit(loop, &op), EDDY_EINVAL);
    op = good, op.code = EDDY_OP_OPEN;
    CHECK_INT(eddy_loop_submit(loop, &op), EDDY_EINVAL);
    eddy_error_clear();
    CHECK_INT(loop->io_waits, 0);
    eddy_loop_close(loop);
}

static void read_of_pipe_waits(int flags)
{
    eddy_loop *loop = open_loop();
    int fds[2], before = done_count;
    char buf[8];

    CHECK_OK(pipe2(fds, flags | O_CLOEXEC));
    eddy_op op = {.code = EDDY_OP_READ, .fd = fds[0], .buffer = buf, .size = 8, .offset = -1};
    op.done = done;
    CHECK_OK(eddy_loop_submit(loop, &op));
    for (int i = 0; i < 3; i++)
        CHECK_OK(eddy_loop_run_once(loop, 0.002));
    CHECK_INT(done_count, before);
    CHECK_INT(write(fds[1], "abc", 3), 3);
    run_until(loop, before + 1);
    CHECK_INT(op.result, 3);
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

TEST_PLAIN(op_read_of_pipe_waits)
{
    read_of_pipe_waits(0);
}

TEST_PLAIN(op_read_of_nonblocking_pipe_waits)
{
    read_of_pipe_waits(O_NONBLOCK);
}

TEST_PLAIN(op_write_to_a_full_pipe_waits_for_room)
{
    eddy_loop *loop = open_loop();
    static char block[300000];
    int fds[2], before;
    ssize_t total = 0, drained = 0;

    CHECK_OK(pipe2(fds, O_CLOEXEC));
    CHECK_OK(fcntl(fds[0], F_SETFL, O_NONBLOCK));
    before = done_count;
    while (total < (ssize_t)sizeof block) { /* the writing end is a blocking one */
        eddy_op op = {.code = EDDY_OP_WRITE,
                      .fd = fds[1],
                      .buffer = block + total,
                      .size = sizeof block - (size_t)total,
                      .offset = -1,
                      .done = done};
        CHECK_OK(eddy_loop_submit(loop, &op));
        while (done_count == before) {
            static char sink[4096];
            ssize_t n = read(fds[0], sink, sizeof sink);

            drained += n > 0 ? n : 0;
            CHECK_OK(eddy_loop_run_once(loop, 0.001));
        }
        before = done_count;
        CHECK(op.result > 0);
        total += op.result;
    }
    CHECK_INT(total, sizeof block);
    CHECK(drained <= total);
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

static void cancel_waiting_read(int flags)
{
    eddy_loop *loop = open_loop();
    int fds[2], before = done_count;
    char buf[8];

    CHECK_OK(pipe2(fds, flags | O_CLOEXEC));
    for (int turns = 0; turns < 3; turns++) {
        eddy_op op = {.code = EDDY_OP_READ, .fd = fds[0], .buffer = buf, .size = 8, .offset = -1};

        op.done = done;
        CHECK_OK(eddy_loop_submit(loop, &op));
        for (int i = 0; i < turns; i++)
            CHECK_OK(eddy_loop_run_once(loop, 0.001));
        eddy_loop_cancel_op(loop, &op);
        eddy_loop_cancel_op(loop, &op); /* twice is once */
        CHECK_INT(done_count, before);  /* not before the operation has let go of the buffer */
        run_until(loop, ++before);
        CHECK_INT(op.result, EDDY_ECANCELED);
    }
    CHECK_INT(loop->io_waits, 0);
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

TEST_PLAIN(op_U1_cancelled_read_is_done_by_its_own_completion)
{
    cancel_waiting_read(0);
}

TEST_PLAIN(op_U1_cancelled_read_of_nonblocking_pipe)
{
    cancel_waiting_read(O_NONBLOCK);
}

/* D1: what has happened is the result, whatever was asked for afterwards. */
TEST_PLAIN(op_D1_result_that_was_first_wins_over_cancel)
{
    eddy_loop *loop = open_loop();
    int fds[2], before = done_count;
    char buf[8] = "";

    CHECK_OK(pipe2(fds, O_CLOEXEC));
    eddy_op op = {.code = EDDY_OP_READ, .fd = fds[0], .buffer = buf, .size = 8, .offset = -1};
    op.done = done;
    CHECK_OK(eddy_loop_submit(loop, &op));
    CHECK_OK(eddy_loop_run_once(loop, 0));
    CHECK_INT(write(fds[1], "abc", 3), 3);
    eddy_loop_cancel_op(loop, &op);
    run_until(loop, before + 1);
    if (op.result == EDDY_ECANCELED) /* then nothing was taken */
        CHECK_INT(read(fds[0], buf, 8), 3);
    else
        CHECK_INT(op.result, 3);
    CHECK_MEM(buf, "abc", 3);
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

TEST_PLAIN(op_U3_cancelled_open_reports_its_descriptor)
{
    eddy_loop *loop = open_loop();

    for (int i = 0; i < 50; i++) {
        int before = done_count;
        eddy_op op = {.code = EDDY_OP_OPEN,
                      .fd = AT_FDCWD,
                      .path = "/dev/null",
                      .flags = O_RDWR | O_CLOEXEC,
                      .done = done};

        CHECK_OK(eddy_loop_submit(loop, &op));
        for (int k = 0; k < i % 3; k++)
            CHECK_OK(eddy_loop_run_once(loop, 0));
        if (done_count == before)
            eddy_loop_cancel_op(loop, &op);
        run_until(loop, before + 1);
        CHECK(op.result >= 0 || op.result == EDDY_ECANCELED);
        if (op.result >= 0)
            close((int)op.result); /* the census counts descriptors */
    }
    eddy_loop_close(loop);
}

/* An open that blocks blocks neither the loop nor its own cancellation. */
TEST_PLAIN(op_U3_open_of_fifo_waits_and_can_be_cancelled)
{
    eddy_loop *loop = open_loop();
    char path[64];
    eddy_op op = {
        .code = EDDY_OP_OPEN, .fd = AT_FDCWD, .path = path, .flags = O_CLOEXEC, .done = done};

    snprintf(path, sizeof path, "/tmp/eddy-op-fifo-%d", (int)getpid());
    CHECK_OK(mkfifo(path, 0600));
    for (int i = 0; i < 5; i++) {
        int before = done_count;

        CHECK_OK(eddy_loop_submit(loop, &op));
        for (int k = 0; k < 2 * i; k++)
            CHECK_OK(eddy_loop_run_once(loop, 0.002));
        CHECK_INT(done_count, before);
        eddy_loop_cancel_op(loop, &op);
        run_until(loop, before + 1);
        CHECK_INT(op.result, EDDY_ECANCELED);
    }
    int before = done_count;
    CHECK_OK(eddy_loop_submit(loop, &op));
    CHECK_OK(eddy_loop_run_once(loop, 0.01));
    CHECK_INT(done_count, before);
    int writer = CHECK_OK(open(path, O_RDWR | O_CLOEXEC)); /* frees the threads that are left */
    run_until(loop, before + 1);
    close((int)CHECK_OK(op.result));
    eddy_loop_close(loop);
    close(writer);
    unlink(path);
}

static eddy_loop *chain_loop;

static void again(eddy_op *op)
{
    if (++done_count < 100)
        CHECK_OK(eddy_loop_submit(chain_loop, op));
}

TEST_PLAIN(op_submitted_anew_by_its_own_done)
{
    char buf[8];
    int fd = CHECK_OK(open("/dev/zero", O_RDONLY | O_CLOEXEC));
    eddy_op op = {.code = EDDY_OP_READ, .fd = fd, .buffer = buf, .size = 8, .done = again};

    chain_loop = open_loop();
    CHECK_OK(eddy_loop_submit(chain_loop, &op));
    run_until(chain_loop, 100);
    CHECK_INT(chain_loop->io_waits, 0);
    close(fd);
    eddy_loop_close(chain_loop);
}

TEST_PLAIN(op_many_at_once)
{
    enum { COUNT = 1000 };
    static eddy_op ops[COUNT];
    static char bufs[COUNT][16];
    eddy_loop *loop = open_loop();
    int fd = CHECK_OK(open("/dev/zero", O_RDONLY | O_CLOEXEC));

    memset(bufs, 1, sizeof bufs);
    for (int i = 0; i < COUNT; i++) {
        ops[i] = (eddy_op){.code = EDDY_OP_READ, .fd = fd, .buffer = bufs[i], .size = 16};
        ops[i].done = done;
        CHECK_OK(eddy_loop_submit(loop, &ops[i]));
    }
    run_until(loop, COUNT);
    for (int i = 0; i < COUNT; i++) {
        CHECK_INT(ops[i].result, 16);
        CHECK_INT(bufs[i][15], 0);
    }
    close(fd);
    eddy_loop_close(loop);
}

/* U1: closing the loop waits until the kernel and the threads have let go of the buffers. */
TEST_PLAIN(op_U1_loop_close_ends_what_is_in_flight)
{
    eddy_loop *loop = open_loop();
    static eddy_op ops[20];
    static char bufs[20][16];
    int fds[2];

    CHECK_OK(pipe2(fds, O_CLOEXEC));
    for (int i = 0; i < 20; i++) {
        ops[i] = (eddy_op){.code = i % 2 ? EDDY_OP_READ : EDDY_OP_OPEN,
                           .fd = i % 2 ? fds[0] : AT_FDCWD,
                           .path = "/dev/null",
                           .flags = O_CLOEXEC,
                           .buffer = bufs[i],
                           .size = 16,
                           .offset = -1,
                           .done = done};
        CHECK_OK(eddy_loop_submit(loop, &ops[i]));
    }
    CHECK_OK(eddy_loop_run_once(loop, 0));
    eddy_loop_close(loop);
    CHECK_INT(done_count, 20);
    for (int i = 0; i < 20; i++) {
        if (i % 2)
            CHECK_INT(ops[i].result, EDDY_ECANCELED);
        else if (ops[i].result >= 0)
            close((int)ops[i].result);
    }
    close(fds[0]);
    close(fds[1]);
}

TEST_PLAIN(op_read_of_socket_next_to_a_watch_of_it)
{
    eddy_loop *loop = open_loop();
    int fds[2], before = done_count;
    char buf[8];

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    eddy_op a = {.code = EDDY_OP_READ, .fd = fds[0], .buffer = buf, .size = 1, .offset = -1};
    a.done = done;
    eddy_op b = a;
    CHECK_OK(eddy_loop_submit(loop, &a));
    CHECK_OK(eddy_loop_submit(loop, &b));
    CHECK_OK(eddy_loop_run_once(loop, 0.001));
    CHECK_INT(write(fds[1], "x", 1), 1);
    run_until(loop, before + 1); /* one of them; the other one must not block the loop */
    CHECK_OK(eddy_loop_run_once(loop, 0.001));
    CHECK_INT(done_count, before + 1);
    CHECK_INT(write(fds[1], "y", 1), 1);
    run_until(loop, before + 2);
    CHECK_INT(a.result, 1);
    CHECK_INT(b.result, 1);
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

TEST_PLAIN(op_cancelled_after_its_end_is_left_alone)
{
    eddy_loop *loop = eddy_loop_open();
    char buf[1];
    int fds[2], before = done_count;

    CHECK_OK(pipe2(fds, O_CLOEXEC));
    eddy_op op = {
        .code = EDDY_OP_READ, .fd = fds[0], .buffer = buf, .size = 1, .offset = -1, .done = done};
    CHECK_OK(eddy_loop_submit(loop, &op));
    CHECK_INT(write(fds[1], "x", 1), 1);
    run_until(loop, before + 1);
    eddy_loop_cancel_op(loop, &op);
    CHECK_OK(eddy_loop_run_once(loop, 0.001));
    CHECK_INT(done_count, before + 1);
    CHECK_INT(op.result, 1);
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

/* ---- the fake backend: exactly what the loop does with the answers ---- */

TEST_PLAIN(op_fake_U1_done_only_by_the_targets_own_completion)
{
    eddy_loop *loop = fake_loop_open();
    char buf[8];
    eddy_op op = {.code = EDDY_OP_READ, .fd = 5, .buffer = buf, .size = 8, .done = done};

    CHECK(loop);
    CHECK_STR(eddy_loop_backend(loop), "fake");
    CHECK_OK(eddy_loop_submit(loop, &op));
    CHECK_PTR(fake_op(loop, 0), &op);
    eddy_loop_cancel_op(loop, &op);
    CHECK(fake_cancelled(&op));
    for (int i = 0; i < 5; i++) /* the cancellation came too late: EALREADY */
        CHECK_OK(eddy_loop_run_once(loop, 0));
    CHECK_INT(done_count, 0);
    CHECK_INT(loop->io_waits, 1);
    fake_complete(&op, 8);
    CHECK_INT(done_count, 0);
    CHECK_OK(eddy_loop_run_once(loop, 0));
    CHECK_INT(done_count, 1);
    CHECK_INT(op.result, 8);
    CHECK(!fake_op(loop, 0));
    eddy_loop_close(loop);
}

static unsigned fake_events;

static void fake_watched(eddy_watch *watch, unsigned events, void *arg)
{
    (void)watch, (void)arg;
    fake_events |= events;
}

TEST_PLAIN(op_fake_readiness_is_injected)
{
    eddy_loop *loop = fake_loop_open();
    eddy_watch *watch = eddy_watch_open(loop, 0, EDDY_READABLE, fake_watched, NULL);

    CHECK_INT(fake_wanted(loop, 0), EDDY_READABLE);
    fake_ready(loop, 0, EDDY_WRITABLE);
    CHECK_OK(eddy_loop_run_once(loop, 0));
    CHECK_INT(fake_events, 0);
    fake_ready(loop, 0, EDDY_READABLE);
    CHECK_OK(eddy_loop_run_once(loop, 0));
    CHECK_INT(fake_events, EDDY_READABLE);
    eddy_watch_close(watch);
    CHECK_INT(fake_wanted(loop, 0), 0);
    eddy_loop_close(loop);
}

/* Nothing ever makes these descriptors ready for it. */
TEST_PLAIN(op_that_cannot_be_done_fails_at_once)
{
    eddy_loop *loop = open_loop();
    char buf[4] = "abc";
    int fds[2], ends[2];

    CHECK_OK(pipe2(fds, O_CLOEXEC));
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
    eddy_op op = {.code = EDDY_OP_WRITE, .fd = fds[0], .buffer = buf, .size = 3, .offset = -1};
    CHECK_INT(perform(loop, &op), -EBADF);
    op.code = EDDY_OP_READ;
    op.fd = fds[1];
    CHECK_INT(perform(loop, &op), -EBADF);
    for (int i = 0; i < 4; i++) { /* where there are no offsets */
        op = (eddy_op){.code = i % 2 ? EDDY_OP_WRITE : EDDY_OP_READ, .buffer = buf, .size = 3};
        op.fd = i < 2 ? fds[i] : ends[i - 2];
        CHECK_INT(perform(loop, &op), -ESPIPE);
    }
    op.done = done;
    CHECK_OK(eddy_loop_submit(loop, &op));
    eddy_loop_cancel_op(loop, &op);
    run_until(loop, done_count + 1);
    CHECK(op.result == -ESPIPE || op.result == EDDY_ECANCELED);
    for (int i = 0; i < 2; i++) {
        close(fds[i]);
        close(ends[i]);
    }
    eddy_loop_close(loop);
}

/* ---- with things going wrong ---- */

static void set_event(eddy_op *op)
{
    eddy_event_set(op->arg);
}

static int perform_in_task(eddy_op *op, bool cancelled)
{
    eddy_event ended = {0};

    op->done = set_event;
    op->arg = &ended;
    eddy_try(eddy_loop_submit(eddy_loop_running(), op));
    if (cancelled)
        eddy_loop_cancel_op(eddy_loop_running(), op);
    eddy_try(eddy_event_wait(&ended));
    if (op->result == EDDY_ECANCELED && cancelled)
        return 0;
    return op->result < 0 ? eddy_raise((int)op->result, "code %d", op->code) : (int)op->result;
}

static int write_and_read(int fd)
{
    char text[] = "hello", got[8] = "";
    eddy_op op = {.code = EDDY_OP_WRITE, .fd = fd, .buffer = text, .size = 5};

    CHECK_INT(eddy_try(perform_in_task(&op, false)), 5);
    op = (eddy_op){.code = EDDY_OP_FSYNC, .fd = fd};
    eddy_try(perform_in_task(&op, false));
    eddy_try(perform_in_task(&op, true));
    op = (eddy_op){.code = EDDY_OP_READ, .fd = fd, .buffer = got, .size = 8};
    CHECK_INT(eddy_try(perform_in_task(&op, false)), 5);
    CHECK_STR(got, "hello");
    return 0;
}

TORTURE(ops_with_failures)
{
    char path[] = "/tmp/eddy-op-XXXXXX";

    close(CHECK_OK(mkstemp(path)));
    eddy_op op = {.code = EDDY_OP_OPEN, .fd = AT_FDCWD, .path = path, .flags = O_RDWR | O_CLOEXEC};
    int fd = perform_in_task(&op, false);
    unlink(path);
    eddy_try(fd);
    int status = write_and_read(fd);
    close(fd);
    return status;
}

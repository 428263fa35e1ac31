/* test_op_half_closed.c - writes that wait for room at a peer that sends no more. */
#include "loop/half_closed.h"

#include "census.h"
#include "loop/ops.h"
#include <fcntl.h>
#include <unistd.h>

static void check_op(bool tcp, bool read, int flags)
{
    eddy_loop *loop = open_loop();
    char byte = 'x';
    int fds[2], before = done_count;
    size_t sum = half_pair(fds, tcp, read);
    eddy_op op = {.code = EDDY_OP_WRITE, .buffer = &byte, .size = 1, .offset = -1, .done = done};

    op.fd = fds[0];
    CHECK_OK(fcntl(fds[0], F_SETFL, flags));
    int threads = census_threads();
    CHECK_OK(eddy_loop_submit(loop, &op));
    half_check_idle(loop, 0.05);
    CHECK_INT(census_threads(), threads);
    CHECK_INT(done_count, before);
    eddy_loop_cancel_op(loop, &op);
    CHECK_INT(done_count, before); /* never at once */
    run_until(loop, before + 1);
    CHECK_INT(op.result, -ECANCELED);
    CHECK_OK(eddy_loop_submit(loop, &op));
    half_check_idle(loop, 0.02);
    half_drain(fds[1], sum);
    run_until(loop, before + 2);
    CHECK_INT(op.result, 1);
    half_fill(fds[0]);
    CHECK_OK(eddy_loop_submit(loop, &op));
    half_check_idle(loop, 0.02);
    eddy_loop_close(loop);
    CHECK_INT(done_count, before + 3);
    close(fds[0]);
    close(fds[1]);
}

static void check_op_nonblocking(bool tcp, bool read)
{
    check_op(tcp, read, O_NONBLOCK);
}

static void check_op_blocking(bool tcp, bool read)
{
    check_op(tcp, read, 0);
}

/* U7 */
TEST_PLAIN(op_that_waits_for_room_is_quiet_when_the_peer_has_half_closed)
{
    half_each(check_op_nonblocking);
    half_each(check_op_blocking);
}

/* The peer's end counts as readiness: a cancellation may come while the kernel is about to try the
 * write again. */
TEST_PLAIN(op_cancelled_while_the_kernel_tries_it_again)
{
    eddy_loop *loop = open_loop();
    int fds[2];

    half_pair(fds, false, false);
    for (int i = 0; i < 20; i++) {
        eddy_op op = {.code = EDDY_OP_WRITE,
                      .fd = fds[0],
                      .buffer = (char[]){"x"},
                      .size = 1,
                      .offset = -1,
                      .done = done};

        done_count = 0;
        CHECK_OK(eddy_loop_submit(loop, &op));
        if (i % 2)
            CHECK_OK(eddy_loop_run_once(loop, 0));
        eddy_loop_cancel_op(loop, &op);
        run_until(loop, 1);
        CHECK_INT(op.result, EDDY_ECANCELED);
    }
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

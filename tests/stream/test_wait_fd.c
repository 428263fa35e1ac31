/* Waiting for descriptors of others: eddy_wait_fd (J16), on both backends. */
#include "test.h"

#include <eddy.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static void make_pair(int fds[2])
{
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
}

static void close_pair(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

static void fill(int fd)
{
    static const char bytes[4096];

    while (write(fd, bytes, sizeof bytes) > 0)
        continue;
}

static void drain(int fd)
{
    char bytes[4096];

    while (read(fd, bytes, sizeof bytes) > 0)
        continue;
}

static int writes_later(int fd, double seconds)
{
    eddy_try(eddy_sleep(seconds));
    CHECK_INT(write(fd, "x", 1), 1);
    return 0;
}
EDDY_CORO(writes_later, int, double)

static int waits(int fd, unsigned events)
{
    return eddy_wait_fd(fd, events);
}
EDDY_CORO(waits, int, unsigned)

TEST_REAL(wait_fd_J16_returns_what_holds_already)
{
    int fds[2];

    make_pair(fds);
    CHECK_INT(eddy_wait_fd(fds[0], EDDY_WRITABLE), EDDY_WRITABLE);
    CHECK_INT(eddy_wait_fd(fds[0], EDDY_READABLE | EDDY_WRITABLE), EDDY_WRITABLE);
    CHECK_INT(write(fds[1], "xy", 2), 2);
    for (int i = 0; i < 3; i++) /* a level: nobody has read */
        CHECK_INT(eddy_wait_fd(fds[0], EDDY_READABLE), EDDY_READABLE);
    CHECK_INT(eddy_wait_fd(fds[0], EDDY_READABLE | EDDY_WRITABLE), EDDY_READABLE | EDDY_WRITABLE);
    close_pair(fds);
}

TEST_REAL(wait_fd_J16_waits_for_bytes_and_for_room)
{
    eddy_auto(eddy_group) *group = eddy_group_open();
    int fds[2];

    make_pair(fds);
    CHECK_OK(eddy_group_start(group, writes_later_coro(fds[1], 0.02)));
    double begun = eddy_time();
    CHECK_INT(eddy_wait_fd(fds[0], EDDY_READABLE), EDDY_READABLE);
    CHECK(eddy_time() - begun >= 0.015);
    fill(fds[0]);
    eddy_timeout(0.02)
        CHECK_INT(eddy_wait_fd(fds[0], EDDY_WRITABLE), EDDY_ETIMEDOUT);
    drain(fds[1]);
    CHECK_INT(eddy_wait_fd(fds[0], EDDY_WRITABLE), EDDY_WRITABLE);
    CHECK_OK(eddy_group_join(group));
    close_pair(fds);
}

TEST_REAL(wait_fd_J16_a_hangup_counts_as_what_was_asked_for)
{
    int fds[2];

    make_pair(fds);
    fill(fds[0]);
    close(fds[1]);
    CHECK_INT(eddy_wait_fd(fds[0], EDDY_READABLE), EDDY_READABLE);
    CHECK_INT(eddy_wait_fd(fds[0], EDDY_WRITABLE), EDDY_WRITABLE);
    close(fds[0]);
}

TEST_REAL(wait_fd_J16_several_tasks_wait_for_one_descriptor)
{
    eddy_task *tasks[3];
    int fds[2];

    make_pair(fds);
    fill(fds[0]);
    tasks[0] = eddy_create_task(waits_coro(fds[0], EDDY_READABLE));
    tasks[1] = eddy_create_task(waits_coro(fds[0], EDDY_READABLE));
    tasks[2] = eddy_create_task(waits_coro(fds[0], EDDY_WRITABLE));
    CHECK_OK(eddy_sleep(0.01));
    CHECK(!eddy_task_done(tasks[0]) && !eddy_task_done(tasks[1]) && !eddy_task_done(tasks[2]));
    CHECK_INT(write(fds[1], "x", 1), 1);
    CHECK_INT(eddy_await(tasks[0]), EDDY_READABLE);
    CHECK_INT(eddy_await(tasks[1]), EDDY_READABLE);
    CHECK(!eddy_task_done(tasks[2]));
    drain(fds[1]);
    CHECK_INT(eddy_await(tasks[2]), EDDY_WRITABLE);
    for (int i = 0; i < 3; i++)
        eddy_task_close(tasks[i]);
    close_pair(fds);
}

TEST_REAL(wait_fd_J16_a_cancelled_wait_leaves_the_descriptor_alone)
{
    int fds[2];

    make_pair(fds);
    eddy_task *task = eddy_create_task(waits_coro(fds[0], EDDY_READABLE));
    CHECK_OK(eddy_sleep(0));
    eddy_cancel(task);
    CHECK_INT(eddy_await(task), EDDY_ECANCELED);
    eddy_task_close(task);
    /* the number may be another's at once */
    int number = fds[0];
    close_pair(fds);
    make_pair(fds);
    CHECK_INT(fds[0], number);
    eddy_timeout(0.01)
        CHECK_INT(eddy_wait_fd(fds[0], EDDY_READABLE), EDDY_ETIMEDOUT);
    CHECK_INT(write(fds[1], "x", 1), 1);
    CHECK_INT(eddy_wait_fd(fds[0], EDDY_READABLE), EDDY_READABLE);
    close_pair(fds);
}

TEST_REAL(wait_fd_J16_an_event_that_came_before_the_cancellation_wins_D1)
{
    int fds[2];

    make_pair(fds);
    eddy_task *task = eddy_create_task(waits_coro(fds[0], EDDY_READABLE));
    eddy_task *other = eddy_create_task(waits_coro(fds[0], EDDY_READABLE));
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(write(fds[1], "x", 1), 1);
    CHECK_INT(eddy_await(task), EDDY_READABLE);
    eddy_cancel(other);
    CHECK_INT(eddy_await(other), EDDY_READABLE);
    eddy_task_close(task);
    eddy_task_close(other);
    close_pair(fds);
}

TEST_REAL(wait_fd_J16_a_regular_file_is_always_ready)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    CHECK_INT(eddy_wait_fd(fd, EDDY_READABLE), EDDY_READABLE);
    CHECK_INT(eddy_wait_fd(fd, EDDY_READABLE), EDDY_READABLE);
    close(fd);
}

TEST_REAL(wait_fd_J16_wrong_arguments_are_named)
{
    int fds[2];

    make_pair(fds);
    CHECK_INT(eddy_wait_fd(fds[0], 0), EDDY_EINVAL);
    CHECK_STR(eddy_error_message(eddy_last_error()),
              "eddy_wait_fd: events is 0: EDDY_READABLE, EDDY_WRITABLE or both");
    CHECK_INT(eddy_wait_fd(fds[0], 8), EDDY_EINVAL);
    CHECK_INT(eddy_wait_fd(-1, EDDY_READABLE), EDDY_EBADF);
    CHECK(strstr(eddy_error_message(eddy_last_error()), "descriptor -1"));
    close_pair(fds);
    CHECK_INT(eddy_wait_fd(fds[0], EDDY_READABLE), EDDY_EBADF);
}

TEST_PLAIN(wait_fd_J16_is_for_tasks)
{
    CHECK_INT(eddy_wait_fd(0, EDDY_READABLE), EDDY_ENOTASK);
    eddy_error_clear();
}

/* ---- anywhere ---- */

static int sends(int fd)
{
    for (int i = 0; i < 5; i++) {
        eddy_try(eddy_wait_fd(fd, EDDY_WRITABLE));
        CHECK_INT(write(fd, "x", 1), 1);
        eddy_try(eddy_sleep(0));
    }
    return 0;
}
EDDY_CORO(sends, int)

static int receives(int fd)
{
    char byte;

    for (int n = 0; n < 5;) {
        int r = eddy_try(eddy_wait_fd(fd, EDDY_READABLE));

        CHECK_INT(r, EDDY_READABLE);
        while (read(fd, &byte, 1) == 1)
            n++;
    }
    return 0;
}
EDDY_CORO(receives, int)

/* When one fails the other has nothing to wait for. */
static int both(const int fds[2])
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    eddy_try(eddy_group_start(group, sends_coro(fds[0])));
    eddy_try(eddy_group_start(group, receives_coro(fds[1])));
    return eddy_group_join(group);
}

static int scenario(void)
{
    int fds[2];

    make_pair(fds);
    int r = both(fds);
    close_pair(fds);
    return r;
}

SWEEP(wait_fd_sweep)
{
    return scenario();
}

TORTURE(wait_fd_torture)
{
    return scenario();
}

/* Public level-triggered watches, on every backend. */
#include "test.h"

#include "loop/half_closed.h"
#include "loop/loop.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct seen {
    int calls;
    unsigned events;
    eddy_watch **close; /* closed by the callback */
    int set;            /* −1, or what the callback sets */
};

static void note(eddy_watch *watch, unsigned events, void *arg)
{
    struct seen *seen = arg;

    seen->calls++;
    seen->events = events;
    if (seen->set >= 0)
        CHECK_OK(eddy_watch_set(watch, (unsigned)seen->set));
    if (seen->close) {
        eddy_watch_close(*seen->close);
        *seen->close = NULL;
    }
}

static eddy_loop *open_loop(void)
{
    eddy_loop *loop = eddy_loop_open(.spin = -1);

    CHECK(loop);
    return loop;
}

static void make_pair(int fds[2])
{
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
}

static void turn(eddy_loop *loop)
{
    CHECK_OK(eddy_loop_run_once(loop, 0.002));
}

TEST_PLAIN(watch_is_called_in_each_turn_while_it_holds)
{
    eddy_loop *loop = open_loop();
    struct seen seen = {.set = -1};
    int fds[2];
    char buf[8];

    make_pair(fds);
    eddy_watch *watch = eddy_watch_open(loop, fds[0], EDDY_READABLE, note, &seen);
    CHECK(watch);
    CHECK_INT(eddy_watch_fd(watch), fds[0]);
    CHECK_INT(loop->io_waits, 1);
    turn(loop);
    CHECK_INT(seen.calls, 0);
    CHECK_INT(write(fds[1], "xy", 2), 2);
    for (int i = 1; i <= 5; i++) {
        turn(loop);
        CHECK_INT(seen.calls, i);
        CHECK_INT(seen.events, EDDY_READABLE);
    }
    CHECK_INT(read(fds[0], buf, sizeof buf), 2);
    turn(loop);
    turn(loop);
    int calls = seen.calls; /* one may have been on its way */
    CHECK(calls <= 6);
    turn(loop);
    CHECK_INT(seen.calls, calls);
    eddy_watch_close(watch);
    CHECK_INT(loop->io_waits, 0);
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

TEST_PLAIN(watch_set_changes_and_pauses)
{
    eddy_loop *loop = open_loop();
    struct seen seen = {.set = -1};
    int fds[2];

    make_pair(fds);
    CHECK_INT(write(fds[1], "x", 1), 1);
    eddy_watch *watch = eddy_watch_open(loop, fds[0], 0, note, &seen);
    CHECK(watch);
    CHECK_INT(loop->io_waits, 0);
    turn(loop);
    CHECK_INT(seen.calls, 0);
    CHECK_OK(eddy_watch_set(watch, EDDY_READABLE | EDDY_WRITABLE));
    CHECK_INT(loop->io_waits, 1);
    turn(loop);
    CHECK_INT(seen.calls, 1);
    CHECK_INT(seen.events, EDDY_READABLE | EDDY_WRITABLE);
    CHECK_OK(eddy_watch_set(watch, EDDY_WRITABLE));
    turn(loop);
    CHECK_INT(seen.calls, 2);
    CHECK_INT(seen.events, EDDY_WRITABLE);
    CHECK_OK(eddy_watch_set(watch, 0));
    CHECK_INT(loop->io_waits, 0);
    turn(loop);
    close(fds[1]); /* a hang-up is nobody's business while it is paused */
    turn(loop);
    CHECK_INT(seen.calls, 2);
    CHECK_OK(eddy_watch_set(watch, EDDY_READABLE));
    turn(loop);
    CHECK_INT(seen.calls, 3);
    eddy_watch_close(watch);
    close(fds[0]);
    eddy_loop_close(loop);
}

TEST_PLAIN(watch_hangup_counts_as_what_is_asked)
{
    eddy_loop *loop = open_loop();
    struct seen seen = {.set = -1};
    int fds[2];

    make_pair(fds);
    close(fds[1]);
    eddy_watch *watch = eddy_watch_open(loop, fds[0], EDDY_WRITABLE, note, &seen);
    turn(loop);
    CHECK_INT(seen.events, EDDY_WRITABLE);
    CHECK_OK(eddy_watch_set(watch, EDDY_READABLE));
    turn(loop);
    CHECK_INT(seen.events, EDDY_READABLE);
    CHECK_OK(eddy_watch_set(watch, EDDY_READABLE | EDDY_WRITABLE));
    turn(loop);
    CHECK_INT(seen.events, EDDY_READABLE | EDDY_WRITABLE);
    eddy_watch_close(watch);
    close(fds[0]);
    eddy_loop_close(loop);
}

TEST_PLAIN(watch_closed_and_changed_by_callbacks_of_the_same_batch)
{
    eddy_loop *loop = open_loop();
    struct seen a = {.set = -1}, b = {.set = -1}, self = {.set = -1}, changes = {.set = 0};
    int fds[4][2];
    eddy_watch *watches[4];

    for (int i = 0; i < 4; i++) {
        make_pair(fds[i]);
        CHECK_INT(write(fds[i][1], "x", 1), 1);
    }
    a.close = &watches[1];
    b.close = &watches[0];
    self.close = &watches[2];
    watches[0] = eddy_watch_open(loop, fds[0][0], EDDY_READABLE, note, &a);
    watches[1] = eddy_watch_open(loop, fds[1][0], EDDY_READABLE, note, &b);
    watches[2] = eddy_watch_open(loop, fds[2][0], EDDY_READABLE, note, &self);
    watches[3] = eddy_watch_open(loop, fds[3][0], EDDY_READABLE, note, &changes);
    turn(loop);
    turn(loop);
    turn(loop);
    CHECK(!watches[0] != !watches[1]);
    CHECK((a.calls == 0) != (b.calls == 0));
    CHECK_INT(self.calls, 1);
    CHECK_INT(changes.calls, 1);
    CHECK_INT(loop->io_waits, 1);
    changes.set = EDDY_WRITABLE;
    CHECK_OK(eddy_watch_set(watches[3], EDDY_READABLE));
    turn(loop);
    CHECK_INT(changes.events, EDDY_READABLE);
    turn(loop);
    CHECK_INT(changes.events, EDDY_WRITABLE);
    CHECK_INT(changes.calls, 3);
    for (int i = 0; i < 4; i++) {
        eddy_watch_close(watches[i]);
        close(fds[i][0]);
        close(fds[i][1]);
    }
    CHECK_INT(loop->io_waits, 0);
    eddy_loop_close(loop);
}

TEST_PLAIN(watch_two_of_one_descriptor)
{
    eddy_loop *loop = open_loop();
    struct seen reads = {.set = -1}, writes = {.set = -1};
    int fds[2];

    make_pair(fds);
    eddy_watch *reader = eddy_watch_open(loop, fds[0], EDDY_READABLE, note, &reads);
    eddy_watch *writer = eddy_watch_open(loop, fds[0], EDDY_WRITABLE, note, &writes);
    CHECK(reader && writer);
    turn(loop);
    CHECK_INT(reads.calls, 0);
    CHECK_INT(writes.calls, 1);
    CHECK_INT(write(fds[1], "x", 1), 1);
    eddy_watch_close(writer);
    turn(loop);
    CHECK_INT(reads.calls, 1);
    CHECK_INT(writes.calls, 1);
    eddy_watch_close(reader);
    close(fds[0]);
    char buf[2];
    CHECK_INT(read(fds[1], buf, 1), -1); /* it never read what was sent, so the end is a reset */
    close(fds[1]);
    eddy_loop_close(loop);
}

TEST_PLAIN(watch_regular_file_is_ready_in_each_turn)
{
    eddy_loop *loop = open_loop();
    struct seen seen = {.set = -1};
    FILE *file = tmpfile();

    CHECK(file);
    eddy_watch *watch =
        eddy_watch_open(loop, fileno(file), EDDY_READABLE | EDDY_WRITABLE, note, &seen);
    CHECK(watch);
    for (int i = 1; i < 4; i++) {
        turn(loop);
        CHECK_INT(seen.calls, i);
        CHECK_INT(seen.events, EDDY_READABLE | EDDY_WRITABLE);
    }
    CHECK_OK(eddy_watch_set(watch, EDDY_WRITABLE));
    turn(loop);
    CHECK_INT(seen.events, EDDY_WRITABLE);
    CHECK_OK(eddy_watch_set(watch, 0));
    turn(loop);
    CHECK_INT(seen.calls, 4);
    eddy_watch_close(watch);
    fclose(file);
    eddy_loop_close(loop);
}

TEST_PLAIN(watch_refuses_what_makes_no_sense)
{
    eddy_loop *loop = open_loop();
    struct seen seen = {.set = -1};

    CHECK(!eddy_watch_open(loop, 0, EDDY_READABLE, NULL, NULL));
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK(!eddy_watch_open(loop, 0, 8, note, &seen));
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK(!eddy_watch_open(loop, -1, EDDY_READABLE, note, &seen));
    CHECK_INT(eddy_last_status(), EDDY_EBADF);
    CHECK(!eddy_watch_open(loop, 1 << 20, EDDY_READABLE, note, &seen));
    CHECK_INT(eddy_last_status(), EDDY_EBADF);
    eddy_error_clear();
    eddy_watch_close(NULL);
    CHECK_INT(loop->io_waits, 0);
    eddy_loop_close(loop);
}

static int sum;

static void add(eddy_watch *watch, unsigned events, void *arg)
{
    char buf[64];
    ssize_t n;

    (void)arg;
    CHECK_INT(events, EDDY_READABLE);
    while ((n = read(eddy_watch_fd(watch), buf, sizeof buf)) > 0)
        sum += (int)n;
}

/* A watch wakes tasks that sleep on the virtual clock at the right time: it counts as I/O. */
TEST(watch_G7_virtual_time_waits_for_watches)
{
    eddy_loop *loop = eddy_loop_running();
    int fds[2];

    make_pair(fds);
    eddy_watch *watch = eddy_watch_open(loop, fds[0], EDDY_READABLE, add, NULL);
    CHECK_INT(write(fds[1], "xyz", 3), 3);
    CHECK_OK(eddy_sleep(0.01));
    CHECK_INT(sum, 3);
    eddy_watch_close(watch);
    close(fds[0]);
    close(fds[1]);
}

/* ---- with things going wrong ---- */

/* Pauses the watch after two calls. */
static void count_call(eddy_watch *watch, unsigned events, void *arg)
{
    (void)events;
    if (++*(int *)arg >= 2)
        eddy_ignore(eddy_watch_set(watch, 0));
}

static int await_two(const int *calls)
{
    while (*calls < 2)
        eddy_try(eddy_sleep(0.001));
    return 0;
}

static int watch_twice(const int fds[2])
{
    eddy_loop *loop = eddy_loop_running();
    int reads = 0, writes = 0;
    eddy_auto(eddy_watch) *reader =
        eddy_try(eddy_watch_open(loop, fds[0], EDDY_READABLE, count_call, &reads));
    eddy_auto(eddy_watch) *writer =
        eddy_try(eddy_watch_open(loop, fds[0], EDDY_WRITABLE, count_call, &writes));

    eddy_try(await_two(&writes));
    CHECK_INT(reads, 0);
    CHECK_INT(write(fds[1], "x", 1), 1);
    eddy_try(await_two(&reads));
    reads = writes = 0;
    eddy_try(eddy_watch_set(writer, EDDY_READABLE | EDDY_WRITABLE));
    eddy_try(eddy_watch_set(reader, EDDY_READABLE));
    eddy_try(await_two(&reads));
    return await_two(&writes);
}

TORTURE(watches_with_failures)
{
    int fds[2];

    make_pair(fds);
    int status = watch_twice(fds);
    close(fds[0]);
    close(fds[1]);
    return status;
}

SWEEP(watches_cancelled_anywhere)
{
    int fds[2];

    make_pair(fds);
    int status = watch_twice(fds);
    close(fds[0]);
    close(fds[1]);
    return status;
}

TEST_PLAIN(watch_may_be_closed_after_the_loop)
{
    struct seen seen = {.set = -1};
    eddy_loop *loop = open_loop();
    int fds[2];

    make_pair(fds);
    eddy_watch *watch = eddy_watch_open(loop, fds[0], EDDY_READABLE, note, &seen);
    eddy_loop_close(loop);
    CHECK_INT(eddy_watch_set(watch, EDDY_WRITABLE), EDDY_ECLOSED);
    eddy_watch_close(watch);
    CHECK_INT(seen.calls, 0);
    eddy_error_clear();
    close(fds[0]);
    close(fds[1]);
}

/* A regular file, which is always ready, and a second watch of one descriptor. */
TEST_PLAIN(watch_of_any_kind_may_be_closed_after_the_loop)
{
    struct seen seen = {.set = -1};
    eddy_loop *loop = open_loop();
    eddy_watch *watches[4];
    int fds[4] = {-1, -1, memfd_create("a", MFD_CLOEXEC), memfd_create("b", MFD_CLOEXEC)};

    make_pair(fds);
    for (int i = 0; i < 4; i++) {
        watches[i] = eddy_watch_open(loop, fds[i < 2 ? 0 : i], EDDY_READABLE, note, &seen);
        CHECK(watches[i]);
    }
    turn(loop);
    eddy_loop_close(loop);
    for (int i = 0; i < 4; i++) {
        eddy_watch_close(watches[i]);
        close(fds[i]);
    }
}

/* A callback that makes nothing ready is an event of the turn all the same: it is over. */
TEST_PLAIN(watch_G7_turn_of_the_virtual_clock_ends_after_a_callback)
{
    eddy_loop *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);
    struct seen seen = {.set = 0};
    int fds[2], file = memfd_create("a", MFD_CLOEXEC);

    CHECK(loop);
    make_pair(fds);
    eddy_watch *watch = eddy_watch_open(loop, fds[0], EDDY_WRITABLE, note, &seen);
    CHECK(watch);
    CHECK_OK(eddy_loop_run_once(loop, INFINITY));
    CHECK_INT(seen.calls, 1);
    eddy_watch_close(watch);
    /* time goes on, although there is an event in each turn */
    seen = (struct seen){.set = -1};
    watch = eddy_watch_open(loop, file, EDDY_READABLE, note, &seen);
    double end = eddy_loop_time(loop) + 0.002;
    while (eddy_loop_time(loop) < end)
        CHECK_OK(eddy_loop_run_once(loop, INFINITY));
    CHECK(seen.calls > 1);
    eddy_watch_close(watch);
    eddy_loop_close(loop);
    close(fds[0]);
    close(fds[1]);
    close(file);
}

static void check_watch(bool tcp, bool read)
{
    eddy_loop *loop = open_loop();
    struct seen seen = {.set = -1};
    int fds[2], turns = 0;
    size_t sent = half_pair(fds, tcp, read);
    eddy_watch *watch = eddy_watch_open(loop, fds[0], EDDY_WRITABLE, note, &seen);

    CHECK(watch);
    half_check_idle(loop, 0.05);
    CHECK_INT(seen.calls, 0);
    half_drain(fds[1], sent);
    for (; seen.calls < 5; turns++) /* in each turn from now on */
        CHECK_OK(eddy_loop_run_once(loop, 0.1));
    CHECK(turns < 15);
    CHECK_INT(seen.events, EDDY_WRITABLE);
    half_fill(fds[0]);
    CHECK_OK(eddy_loop_run_once(loop, 0));
    seen.calls = 0;
    half_check_idle(loop, 0.05);
    CHECK_INT(seen.calls, 0);
    CHECK_OK(eddy_watch_set(watch, EDDY_READABLE | EDDY_WRITABLE));
    while (seen.calls == 0)
        turn(loop);
    CHECK_INT(seen.events, EDDY_READABLE);
    eddy_watch_close(watch);
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

/* U7 */
TEST_PLAIN(watch_for_writing_is_quiet_when_the_peer_has_half_closed)
{
    half_each(check_watch);
}

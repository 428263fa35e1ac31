/* Readiness in edge mode, on every backend, and forgetting. */
#include "test.h"

#include "base/alloc.h"
#include "loop/half_closed.h"
#include "loop/io.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct seen {
    struct eddy__fd fd; /* must stay first */
    int reads, writes;
    struct seen *victim; /* forgotten and freed by the first call */
    bool want_again;
    bool *freed;
};

static void note(struct eddy__fd *fd, unsigned events)
{
    struct seen *seen = container_of(fd, struct seen, fd);

    seen->reads += (events & EDDY_READABLE) != 0;
    seen->writes += (events & EDDY_WRITABLE) != 0;
    if (seen->victim) {
        struct seen *victim = seen->victim;

        seen->victim = NULL;
        eddy__fd_forget(&victim->fd);
        *victim->freed = true;
        eddy_free(victim);
    } else if (seen->want_again)
        CHECK_OK(eddy__fd_want(fd, EDDY_READABLE));
}

static eddy_loop *open_loop(void)
{
    eddy_loop *loop = eddy_loop_open(.spin = -1);

    CHECK(loop);
    return loop;
}

/* What is there is delivered, nothing is waited for long. The kernel hands out some 20 completions
 * at a time, and epoll a batch. */
static void settle(eddy_loop *loop)
{
    for (int i = 0; i < 3; i++)
        CHECK_OK(eddy_loop_run_once(loop, 0.002));
    for (int i = 0; i < 100; i++)
        CHECK_OK(eddy_loop_run_once(loop, 0));
}

static void make_pair(int fds[2])
{
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
}

TEST_PLAIN(fd_edge_is_told_once_for_each_arrival)
{
    eddy_loop *loop = open_loop();
    struct seen seen = {0};
    int fds[2];
    char buf[16];

    make_pair(fds);
    eddy__fd_init(&seen.fd, loop, fds[0], note);
    for (int round = 1; round <= 4; round++) { /* the first wait is one-shot, the others last */
        CHECK_INT(read(fds[0], buf, sizeof buf), -1);
        CHECK_OK(eddy__fd_want(&seen.fd, EDDY_READABLE));
        settle(loop);
        CHECK_INT(seen.reads, round - 1);
        CHECK_INT(write(fds[1], "x", 1), 1);
        settle(loop);
        CHECK_INT(seen.reads, round);
        settle(loop);
        CHECK_INT(seen.reads, round);
        CHECK_INT(read(fds[0], buf, sizeof buf), 1);
    }
    CHECK_INT(seen.writes, 0);
    eddy__fd_forget(&seen.fd);
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

TEST_PLAIN(fd_wanting_what_is_there_is_told)
{
    eddy_loop *loop = open_loop();
    struct seen seen = {0};
    int fds[2];

    make_pair(fds);
    CHECK_INT(write(fds[1], "x", 1), 1);
    eddy__fd_init(&seen.fd, loop, fds[0], note);
    CHECK_OK(eddy__fd_want(&seen.fd, EDDY_READABLE));
    settle(loop);
    CHECK_INT(seen.reads, 1);
    CHECK_INT(seen.writes, 0);
    /* It was writable all the time, but nobody had asked. */
    CHECK_OK(eddy__fd_want(&seen.fd, EDDY_WRITABLE));
    settle(loop);
    CHECK_INT(seen.writes, 1);
    eddy__fd_forget(&seen.fd);
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

static void fill(int fd)
{
    static char block[65536];

    while (write(fd, block, sizeof block) > 0)
        continue;
    CHECK_INT(errno, EAGAIN);
}

static void empty(int fd)
{
    static char block[65536];

    while (read(fd, block, sizeof block) > 0)
        continue;
}

TEST_PLAIN(fd_writable_again_after_it_was_full)
{
    eddy_loop *loop = open_loop();
    struct seen seen = {0};
    int fds[2];

    make_pair(fds);
    eddy__fd_init(&seen.fd, loop, fds[0], note);
    CHECK_OK(eddy__fd_want(&seen.fd, EDDY_READABLE));
    settle(loop);
    for (int round = 0; round < 3; round++) {
        fill(fds[0]);
        CHECK_OK(eddy__fd_want(&seen.fd, EDDY_WRITABLE));
        settle(loop);
        int before = seen.writes; /* one stale event is allowed */
        fill(fds[0]);
        CHECK_OK(eddy__fd_want(&seen.fd, EDDY_WRITABLE));
        settle(loop);
        CHECK_INT(seen.writes, before);
        empty(fds[1]);
        settle(loop);
        CHECK_INT(seen.writes, before + 1);
    }
    CHECK_INT(seen.reads, 0);
    eddy__fd_forget(&seen.fd);
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

/* Data and the end arrive together and make one event; a short read leaves the end, of which there
 * is no further edge. */
TEST_PLAIN(fd_end_of_stream_is_told_as_often_as_it_is_asked_for)
{
    eddy_loop *loop = open_loop();
    struct seen seen = {0};
    int fds[2];
    char buf[16];

    make_pair(fds);
    eddy__fd_init(&seen.fd, loop, fds[0], note);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(eddy__fd_want(&seen.fd, EDDY_READABLE));
        CHECK_INT(write(fds[1], "x", 1), 1);
        settle(loop);
        CHECK_INT(read(fds[0], buf, sizeof buf), 1);
    }
    CHECK(!seen.fd.hangup);
    CHECK_OK(eddy__fd_want(&seen.fd, EDDY_READABLE));
    settle(loop);
    CHECK_INT(seen.reads, 3);
    CHECK_INT(write(fds[1], "x", 1), 1);
    close(fds[1]);
    for (int i = 0; i < 3; i++) {
        settle(loop);
        CHECK(seen.reads > 3 + i);
        CHECK(seen.fd.hangup);
        CHECK_OK(eddy__fd_want(&seen.fd, EDDY_READABLE));
    }
    eddy__fd_forget(&seen.fd);
    close(fds[0]);
    eddy_loop_close(loop);
}

/* A fifo without writers reports a hang-up that a new writer ends. */
TEST_PLAIN(fd_hangup_that_ends_is_no_busy_loop)
{
    eddy_loop *loop = open_loop();
    struct seen seen = {.want_again = true};
    char path[] = "/tmp/eddy-fifo-XXXXXX/f";
    char buf[16];

    path[21] = '\0';
    CHECK(mkdtemp(path));
    path[21] = '/';
    CHECK_OK(mkfifo(path, 0600));
    int reader = CHECK_OK(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    int writer = CHECK_OK(open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    CHECK_INT(write(writer, "x", 1), 1);
    close(writer);
    eddy__fd_init(&seen.fd, loop, reader, note);
    CHECK_OK(eddy__fd_want(&seen.fd, EDDY_READABLE));
    settle(loop);
    CHECK(seen.reads > 0);
    CHECK_INT(read(reader, buf, sizeof buf), 1);
    writer = CHECK_OK(open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    CHECK_OK(eddy__fd_want(&seen.fd, EDDY_READABLE));
    settle(loop);
    settle(loop);
    int before = seen.reads;
    settle(loop);
    CHECK_INT(seen.reads, before);
    CHECK_INT(write(writer, "x", 1), 1);
    settle(loop);
    CHECK(seen.reads > before);
    eddy__fd_forget(&seen.fd);
    close(reader);
    close(writer);
    unlink(path);
    path[21] = '\0';
    rmdir(path);
    eddy_loop_close(loop);
}

/* close() of a descriptor with an armed poll does not send the end: forget has to let go first. */
TEST_PLAIN(fd_U2_peer_sees_the_end_right_after_forget_and_close)
{
    eddy_loop *loop = open_loop();

    for (int waits = 0; waits < 3; waits++) {
        struct seen seen = {0};
        int fds[2];
        char buf[4];

        make_pair(fds);
        eddy__fd_init(&seen.fd, loop, fds[0], note);
        CHECK_OK(eddy__fd_want(&seen.fd, EDDY_READABLE));
        for (int i = 0; i < waits; i++) {
            settle(loop);
            CHECK_INT(write(fds[1], "x", 1), 1);
            settle(loop);
            CHECK_INT(read(fds[0], buf, sizeof buf), 1);
            CHECK_OK(eddy__fd_want(&seen.fd, EDDY_READABLE));
        }
        if (waits)
            settle(loop);
        eddy__fd_forget(&seen.fd);
        close(fds[0]);
        CHECK_INT(read(fds[1], buf, sizeof buf), 0);
        close(fds[1]);
    }
    eddy_loop_close(loop);
}

/* With shutdown() before it the cancellation may wait for the next poll. */
TEST_PLAIN(fd_shut_needs_no_system_call_to_forget)
{
    eddy_loop *loop = open_loop();
    struct seen seen = {0};
    int fds[2];
    char buf[4];

    make_pair(fds);
    eddy__fd_init(&seen.fd, loop, fds[0], note);
    seen.fd.shut = true;
    CHECK_OK(eddy__fd_want(&seen.fd, EDDY_READABLE));
    settle(loop);
    CHECK_OK(shutdown(fds[0], SHUT_RDWR));
    eddy__fd_forget(&seen.fd);
    close(fds[0]);
    CHECK_INT(read(fds[1], buf, sizeof buf), 0);
    settle(loop);
    CHECK_INT(seen.reads, 0);
    close(fds[1]);
    eddy_loop_close(loop);
}

TEST_PLAIN(fd_forgotten_in_the_same_batch_is_not_called)
{
    eddy_loop *loop = open_loop();
    struct seen *a = eddy_alloc_zero(sizeof *a), *b = eddy_alloc_zero(sizeof *b);
    bool a_freed = false, b_freed = false;
    int first[2], second[2];

    make_pair(first);
    make_pair(second);
    eddy__fd_init(&a->fd, loop, first[0], note);
    eddy__fd_init(&b->fd, loop, second[0], note);
    CHECK_OK(eddy__fd_want(&a->fd, EDDY_READABLE));
    CHECK_OK(eddy__fd_want(&b->fd, EDDY_READABLE));
    settle(loop);
    CHECK_INT(write(first[1], "x", 1), 1);
    CHECK_INT(write(second[1], "x", 1), 1);
    a->victim = b;
    a->freed = &a_freed;
    b->victim = a;
    b->freed = &b_freed;
    settle(loop); /* whichever is first frees the other */
    CHECK(a_freed != b_freed);
    struct seen *left = a_freed ? b : a;
    CHECK_INT(left->reads, 1);
    eddy__fd_forget(&left->fd);
    eddy_free(left);
    close(first[0]);
    close(first[1]);
    close(second[0]);
    close(second[1]);
    eddy_loop_close(loop);
}

TEST_PLAIN(fd_forgets_itself_in_its_call)
{
    eddy_loop *loop = open_loop();
    int fds[2];

    make_pair(fds);
    for (int i = 0; i < 100; i++) { /* records of polls come back */
        struct seen *a = eddy_alloc_zero(sizeof *a);

        bool freed = false;

        a->victim = a;
        a->freed = &freed;
        eddy__fd_init(&a->fd, loop, fds[0], note);
        CHECK_INT(write(fds[1], "x", 1), 1);
        CHECK_OK(eddy__fd_want(&a->fd, EDDY_READABLE));
        CHECK_OK(eddy_loop_run_once(loop, 1));
        CHECK(freed);
        empty(fds[0]);
    }
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

TEST_PLAIN(fd_regular_file_is_always_ready)
{
    eddy_loop *loop = open_loop();
    struct seen seen = {0};
    FILE *file = tmpfile();

    CHECK(file);
    eddy__fd_init(&seen.fd, loop, fileno(file), note);
    for (int i = 1; i < 4; i++) {
        CHECK_OK(eddy__fd_want(&seen.fd, EDDY_READABLE));
        settle(loop);
        CHECK_INT(seen.reads, i);
    }
    eddy__fd_forget(&seen.fd);
    fclose(file);
    eddy_loop_close(loop);
}

/* More of them than the submission queue has places. */
TEST_PLAIN(fd_many_at_once)
{
    enum { COUNT = 400 };
    static struct seen seen[COUNT];
    static int fds[COUNT][2];
    eddy_loop *loop = open_loop();

    for (int i = 0; i < COUNT; i++) {
        make_pair(fds[i]);
        eddy__fd_init(&seen[i].fd, loop, fds[i][0], note);
    }
    for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < COUNT; i++)
            CHECK_OK(eddy__fd_want(&seen[i].fd, EDDY_READABLE));
        settle(loop);
        for (int i = 0; i < COUNT; i++)
            CHECK_INT(write(fds[i][1], "x", 1), 1);
        settle(loop);
        for (int i = 0; i < COUNT; i++) {
            CHECK_INT(seen[i].reads, round);
            empty(fds[i][0]);
        }
    }
    for (int i = 0; i < COUNT; i++) {
        seen[i].fd.shut = true;
        eddy__fd_forget(&seen[i].fd);
        close(fds[i][0]);
        close(fds[i][1]);
    }
    settle(loop);
    eddy_loop_close(loop);
}

static int ring_of_this_process(void)
{
    for (int fd = 0; fd < 256; fd++) {
        char path[32], target[64] = "";

        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (readlink(path, target, sizeof target - 1) > 0 && strstr(target, "io_uring"))
            return fd;
    }
    return -1;
}

/* Ends the polls of fd behind the backend's back: their last completion lacks the more-flag, as it
 * does when the kernel runs short of room. */
static void end_polls(int fd)
{
    struct io_uring_sync_cancel_reg cancel = {
        .fd = fd,
        .flags = IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_ALL,
        .timeout = {.tv_sec = -1, .tv_nsec = -1},
    };

    CHECK(syscall(SYS_io_uring_register, ring_of_this_process(), IORING_REGISTER_SYNC_CANCEL,
                  &cancel, 1) >= 0);
}

TEST_PLAIN(fd_U4_lasting_poll_that_ends_is_armed_again)
{
    eddy_loop *loop = open_loop();
    struct seen seen = {0};
    int fds[2];
    char buf[16];

    if (strcmp(eddy_loop_backend(loop), "io_uring") != 0) {
        eddy_loop_close(loop);
        SKIP("only io_uring has polls that end by themselves");
    }
    make_pair(fds);
    eddy__fd_init(&seen.fd, loop, fds[0], note);
    seen.fd.multishot = true;
    for (int round = 1; round <= 3; round++) {
        CHECK_OK(eddy__fd_want(&seen.fd, EDDY_READABLE));
        settle(loop);
        end_polls(fds[0]);
        settle(loop);
        CHECK_INT(seen.reads, round - 1); /* its end is no event */
        CHECK_INT(write(fds[1], "x", 1), 1);
        settle(loop);
        CHECK_INT(seen.reads, round);
        CHECK_INT(read(fds[0], buf, sizeof buf), 1);
    }
    eddy__fd_forget(&seen.fd);
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

static void check_writer(bool tcp, bool read)
{
    eddy_loop *loop = open_loop();
    struct seen seen = {.reads = 0};
    int fds[2];
    size_t sum = half_pair(fds, tcp, read);

    eddy__fd_init(&seen.fd, loop, fds[0], note);
    CHECK_OK(eddy__fd_want(&seen.fd, EDDY_WRITABLE));
    half_check_idle(loop, 0.05);
    CHECK_INT(seen.writes, 0);
    half_drain(fds[1], sum);
    while (seen.writes == 0)
        CHECK_OK(eddy_loop_run_once(loop, 0.01));
    CHECK_INT(seen.reads, 0);
    half_fill(fds[0]);
    CHECK_OK(eddy__fd_want(&seen.fd, EDDY_WRITABLE));
    half_check_idle(loop, 0.05);
    eddy__fd_forget(&seen.fd);
    close(fds[0]);
    close(fds[1]);
    eddy_loop_close(loop);
}

/* U7 */
TEST_PLAIN(fd_that_waits_for_room_is_quiet_when_the_peer_has_half_closed)
{
    half_each(check_writer);
}

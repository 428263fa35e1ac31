/* U6: the child of a fork has no loop, may run a new one, and leaves its parent's alone. */
#include "test.h"

#include "loop/io.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static int done_count;

static void done(eddy_op *op)
{
    (void)op;
    done_count++;
}

static int sleep_and_read(void)
{
    char buf[4] = "";
    int before = done_count, fds[2];
    eddy_op op = {.code = EDDY_OP_READ, .buffer = buf, .size = 4, .offset = -1, .done = done};

    CHECK_OK(pipe2(fds, O_CLOEXEC));
    op.fd = fds[0];
    eddy_try(eddy_loop_submit(eddy_loop_running(), &op));
    eddy_try(eddy_sleep(0.001));
    CHECK_INT(write(fds[1], "abcd", 4), 4);
    while (done_count == before)
        eddy_try(eddy_sleep(0.001));
    close(fds[0]);
    close(fds[1]);
    return op.result == 4 ? 0 : EDDY_EIO;
}
EDDY_CORO(sleep_and_read)

static int child_runs_anew(void *arg)
{
    (void)arg;
    CHECK(!eddy_loop_running());
    CHECK_INT(eddy_sleep(0.001), EDDY_ENOTASK);
    CHECK_INT(eddy_run(sleep_and_read_coro()), 0);
    CHECK_INT(eddy_run(sleep_and_read_coro()), 0);
    return 0;
}

TEST_REAL(fork_U6_child_runs_anew_and_parent_goes_on)
{
    for (int i = 0; i < 3; i++) {
        CHECK_INT(sleep_and_read(), 0);
        CHECK_INT(test_child(child_runs_anew, NULL, NULL, 0), 0);
        CHECK_INT(sleep_and_read(), 0);
    }
}

static int reads;

static void count(struct eddy__fd *fd, unsigned events)
{
    (void)fd, (void)events;
    reads++;
}

static int touch_everything(void *arg)
{
    struct eddy__fd *fd = arg;
    eddy_loop *loop = fd->loop;

    /* What is in the parent's queue is not the child's to hand in. */
    loop->backend->pending(loop);
    CHECK_OK(loop->backend->poll(loop, 0));
    CHECK_OK(loop->backend->poll(loop, 1000000));
    eddy__fd_forget(fd);
    return 0;
}

/* Even a child that meddles with its copy of the loop does not reach its parent's queue. */
TEST_REAL(fork_U6_parents_ring_is_untouched)
{
    struct eddy__fd fd;
    int fds[2];

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
    eddy__fd_init(&fd, eddy_loop_running(), fds[0], count);
    CHECK_OK(eddy__fd_want(&fd, EDDY_READABLE)); /* queued, not handed in */
    CHECK_INT(test_child(touch_everything, &fd, NULL, 0), 0);
    CHECK_OK(eddy_sleep(0.005));
    CHECK_INT(reads, 0);
    CHECK_INT(write(fds[1], "x", 1), 1);
    CHECK_INT(test_child(touch_everything, &fd, NULL, 0), 0);
    CHECK_OK(eddy_sleep(0.005));
    CHECK_INT(reads, 1);
    eddy__fd_forget(&fd);
    close(fds[0]);
    close(fds[1]);
}

static int descriptors_of_child(void *arg)
{
    (void)arg;
    int count = 0;

    for (int fd = 3; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    printf("%d", count);
    fflush(stdout);
    return 0;
}

/* The child holds none of the loop's descriptors: an open ring would keep its files open. */
TEST_REAL(fork_U6_child_has_none_of_the_loops_descriptors)
{
    char output[64];
    int own = 0;

    CHECK_INT(sleep_and_read(), 0);
    CHECK_INT(test_child(descriptors_of_child, NULL, output, sizeof output), 0);
    for (int fd = 3; fd < 256; fd++)
        own += fcntl(fd, F_GETFD) >= 0;
    CHECK(strtol(output, NULL, 10) <= own - 2);
}

static int fork_and_return(int *status)
{
    pid_t pid = fork();

    if (pid == 0)
        return 0; /* the child forgets to end */
    CHECK(pid > 0);
    CHECK_INT(waitpid(pid, status, 0), pid);
    return 0;
}
EDDY_CORO(fork_and_return, int *)

TEST_REAL(fork_U6_child_that_returns_from_the_task_ends)
{
    int status = 0;

    CHECK_OK(eddy_wait_for(fork_and_return_coro(&status), 5));
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), EXIT_FAILURE);
    CHECK_OK(eddy_sleep(0.001));
}

/* The connection is the parent's: a child that closes its copy does not end it. */
TEST_REAL(fork_U6_child_that_closes_a_stream_leaves_the_parents_alone)
{
    int fds[2], status = 0;
    char c = 0;

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    eddy_auto(eddy_stream) *a = eddy_stream_of_socket(fds[0], NULL);
    eddy_auto(eddy_stream) *b = eddy_stream_of_socket(fds[1], NULL);
    pid_t pid = fork();
    if (pid == 0) {
        eddy_stream_close(a);
        eddy_stream_close(b);
        _exit(0);
    }
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK_INT(status, 0);
    CHECK_INT(eddy_write(a, "x", 1), 1);
    CHECK_INT(eddy_read(b, &c, 1), 1);
    CHECK_INT(c, 'x');
}

static int nothing(void *arg)
{
    ++*(int *)arg;
    return 0;
}

static void *calls_later(void *arg)
{
    struct timespec pause = {.tv_nsec = 100000000};

    nanosleep(&pause, NULL);
    CHECK_OK(eddy_loop_call_soon_threadsafe(arg, nothing, &done_count));
    eddy_loop_release(arg);
    return NULL;
}

/* A loop that does not run is disowned too: a child that closes its copy leaves the parent's alone.
 * */
TEST_PLAIN(fork_U6_loop_that_does_not_run)
{
    eddy_loop *loop = eddy_loop_open(.clock = EDDY_CLOCK_REAL);
    int status = 0, before = done_count;
    pthread_t thread;

    CHECK_OK(eddy_loop_run_once(loop, 0));
    pid_t pid = fork();
    if (pid == 0) {
        eddy_loop_close(loop);
        _exit(0);
    }
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK_INT(status, 0);
    eddy_loop_hold(loop);
    CHECK_INT(pthread_create(&thread, NULL, calls_later, loop), 0);
    while (done_count == before)
        CHECK_OK(eddy_loop_run_once(loop, 5));
    CHECK_INT(pthread_join(thread, NULL), 0);
    eddy_loop_close(loop);
}

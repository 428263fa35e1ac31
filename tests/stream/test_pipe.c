/* Streams over pipes, FIFOs, terminals, files and the standard descriptors. */
#include "stream/peer.h"

#include "base/sys.h"
#include "stream/stream.h"
#include <eddy/file.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

static bool blocks(int fd)
{
    return !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

/* ---- pipes ---- */

TEST(pipe_carries_lines)
{
    eddy_stream *ends[2];
    char *line;

    CHECK_INT(eddy_pipe_open(ends), 0);
    CHECK_INT(eddy_printf(ends[1], "one\ntwo\nrest"), 12);
    CHECK_INT(eddy_write_eof(ends[1]), 0);
    CHECK_INT(eddy_read_line(ends[0], &line), 3);
    CHECK_STR(line, "one");
    CHECK_INT(eddy_read_line(ends[0], &line), 3);
    CHECK_INT(eddy_read_line(ends[0], &line), 4);
    CHECK_STR(line, "rest");
    CHECK_INT(eddy_read_line(ends[0], &line), 0);
    CHECK(eddy_at_eof(ends[0]));
    CHECK_INT(eddy_write(ends[1], "x", 1), EDDY_EPIPE);
    eddy_stream_close(ends[0]);
    eddy_stream_close(ends[1]);
}

static int writes_all(eddy_stream *stream, size_t size)
{
    for (size_t done = 0, n; done < size; done += n) {
        char part[40000];

        n = min_size(size - done, 1 + done % sizeof part);
        endless_copy(part, done, n);
        eddy_try(eddy_write(stream, part, n));
    }
    return eddy_write_eof(stream);
}
EDDY_CORO(writes_all, eddy_stream *, size_t)

static void check_all(eddy_stream *stream, size_t size)
{
    static char part[30000];
    size_t done = 0;

    for (ssize_t n; (n = CHECK_OK(eddy_read(stream, part, sizeof part))) > 0; done += (size_t)n)
        CHECK(endless_equal(part, done, (size_t)n));
    CHECK_INT(done, size);
}

TEST(pipe_carries_megabytes)
{
    eddy_stream *ends[2];

    CHECK_INT(eddy_pipe_open(ends), 0);
    eddy_auto(eddy_task) *writer =
        eddy_create_task(writes_all_coro(ends[1], 8 << 20), .stack_size = 128 << 10);
    check_all(ends[0], 8 << 20);
    CHECK_INT(eddy_await(writer), 0);
    eddy_stream_close(ends[0]);
    eddy_stream_close(ends[1]);
}

TEST(U2_pipe_closed_under_its_reader)
{
    eddy_stream *ends[2];
    char byte;
    ssize_t n = 0;

    CHECK_INT(eddy_pipe_open(ends), 0);
    eddy_auto(eddy_task) *reader = eddy_create_task(reads_coro(ends[0], &byte, 1, &n));
    CHECK_INT(eddy_sleep(0.001), 0);
    eddy_stream_close(ends[0]);
    CHECK_INT(eddy_await(reader), 0);
    CHECK_INT(n, EDDY_ECLOSED);
    CHECK_INT(eddy_write(ends[1], "x", 1), EDDY_EPIPE);
    CHECK_CONTAINS(last_message(), "a pipe: broken pipe");
    eddy_stream_close(ends[1]);
}

/* The peer sees the end although a poll was armed. */
TEST(U2_pipe_end_is_seen_at_once)
{
    int fds[2];
    char byte;
    ssize_t n = 0;

    CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
    int writer = dup(fds[1]);
    eddy_stream *stream = eddy_stream_of_fd(fds[0], NULL);
    eddy_auto(eddy_task) *reader = eddy_create_task(reads_coro(stream, &byte, 1, &n));
    CHECK_INT(eddy_sleep(0.001), 0);
    eddy_stream_close(stream);
    signal(SIGPIPE, SIG_IGN);
    CHECK_INT(write(writer, "x", 1), -1);
    CHECK_INT(errno, EPIPE);
    close(fds[1]);
    close(writer);
}

TEST(pipe_end_of_the_wrong_kind)
{
    eddy_stream *ends[2];
    char byte;

    CHECK_INT(eddy_pipe_open(ends), 0);
    CHECK_INT(eddy_read(ends[1], &byte, 1), EDDY_EBADF);
    CHECK_INT(eddy_write(ends[0], "x", 1), EDDY_EBADF);
    CHECK_INT(eddy_write_eof(ends[0]), EDDY_EBADF);
    eddy_stream_close(ends[0]);
    eddy_stream_close(ends[1]);
}

TEST_PLAIN(pipe_outside_a_loop)
{
    eddy_stream *ends[2];

    CHECK_INT(eddy_pipe_open(ends), EDDY_ELOOP);
    CHECK_PTR(ends[0], NULL);
    CHECK_PTR(eddy_stdin(), NULL);
    eddy_error_clear();
}

/* ---- SIGPIPE ---- */

TEST(pipe_never_raises_sigpipe)
{
    eddy_stream *ends[2];

    signal(SIGPIPE, SIG_DFL);
    CHECK_INT(eddy_pipe_open(ends), 0);
    eddy_stream_close(ends[0]);
    CHECK_INT(eddy_write(ends[1], "x", 1), EDDY_EPIPE);
    CHECK_INT(eddy_write(ends[1], "x", 1), EDDY_EPIPE);
    eddy_stream_close(ends[1]);
}

TEST_PLAIN(pipe_masks_sigpipe_on_older_kernels)
{
    sigset_t mask, pending;
    int fds[2];

    signal(SIGPIPE, SIG_DFL);
    CHECK_INT(eddy__pipe_make(fds), 0);
    CHECK_INT(eddy__sys_write_masked(fds[1], "abc", 3), 3);
    close(fds[0]);
    CHECK_INT(eddy__sys_write_masked(fds[1], "x", 1), EDDY_EPIPE);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    CHECK(!sigismember(&mask, SIGPIPE));
    /* one that the program itself holds back stays */
    sigaddset(&mask, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    raise(SIGPIPE);
    CHECK_INT(eddy__sys_write_masked(fds[1], "x", 1), EDDY_EPIPE);
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGPIPE));
    close(fds[1]);
}

/* ---- descriptors of others ---- */

TEST(pipe_of_others_keeps_its_flags)
{
    int fds[2], number;

    CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
    int others = dup(fds[0]);
    eddy_stream *stream = eddy_stream_of_fd(number = fds[0], NULL);
    CHECK_INT(eddy_stream_fd(stream), number);
    CHECK(blocks(others) && !blocks(number));
    CHECK_INT(write(fds[1], "hello", 5), 5);
    char text[6] = "";
    CHECK_INT(eddy_read_exactly(stream, text, 5), 5);
    CHECK_STR(text, "hello");
    eddy_stream_close(stream);
    CHECK(blocks(others));
    close(others);
    close(fds[1]);
}

TEST(fifo_is_read_and_written)
{
    char path[] = "/tmp/eddy_fifo_XXXXXX", text[6] = "";

    CHECK(mkdtemp(path) != NULL);
    char fifo[64];
    snprintf(fifo, sizeof fifo, "%s/fifo", path);
    CHECK_INT(mkfifo(fifo, 0600), 0);
    eddy_stream *both = eddy_stream_of_fd(open(fifo, O_RDWR | O_CLOEXEC), NULL);
    CHECK(both != NULL);
    CHECK_INT(eddy_write(both, "hello", 5), 5);
    CHECK_INT(eddy_read_exactly(both, text, 5), 5);
    CHECK_STR(text, "hello");
    CHECK_INT(eddy_write_eof(both), EDDY_ENOTSUP);
    eddy_stream_close(both);
    unlink(fifo);
    rmdir(path);
}

TEST(pipe_of_packets_loses_none)
{
    int fds[2];
    char *line;

    CHECK_INT(pipe2(fds, O_CLOEXEC | O_DIRECT), 0);
    eddy_stream *stream = eddy_stream_of_fd(fds[0], NULL);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++)
            CHECK_INT(write(fds[1], "12345\n", 6), 6);
        for (int i = 0; i < 5; i++)
            CHECK_INT(eddy_read_line(stream, &line), 5);
    }
    eddy_stream_close(stream);
    close(fds[1]);
}

TEST(file_as_a_stream)
{
    FILE *file = tmpfile();
    int fd = dup(fileno(file));
    char *line;

    CHECK_INT(write(fd, "one\ntwo\n", 8), 8);
    CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
    eddy_stream *stream = eddy_stream_of_fd(fd, NULL);
    CHECK_INT(eddy_read_line(stream, &line), 3);
    CHECK_INT(eddy_read_line(stream, &line), 3);
    CHECK_INT(eddy_read_line(stream, &line), 0);
    CHECK_INT(eddy_write(stream, "three\n", 6), 6);
    eddy_stream_close(stream);
    CHECK_INT(lseek(fileno(file), 0, SEEK_CUR), 14);
    fclose(file);
}

TEST(stream_of_what_is_none)
{
    int fd = open("/", O_RDONLY | O_CLOEXEC);

    CHECK_PTR(eddy_stream_of_fd(fd, NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EISDIR);
    close(fd);
    CHECK_PTR(eddy_stream_of_fd(fd, NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EBADF);
}

/* ---- terminals ---- */

static int terminal(int *master)
{
    int number = 0, unlock = 0;
    char path[32];

    *master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*master < 0 || ioctl(*master, TIOCSPTLCK, &unlock) < 0 ||
        ioctl(*master, TIOCGPTN, &number) < 0)
        SKIP("no pseudo-terminals here");
    snprintf(path, sizeof path, "/dev/pts/%d", number);
    int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(fd >= 0);
    return fd;
}

TEST(terminal_gives_all_lines_of_one_burst)
{
    int master, fd = terminal(&master), others = dup(fd);
    char *line;

    eddy_stream *stream = eddy_stream_of_fd(fd, NULL);
    CHECK(stream != NULL);
    CHECK(blocks(others));
    for (int round = 0; round < 3; round++) {
        CHECK_INT(write(master, "a\nbb\nccc\n", 9), 9);
        for (int i = 1; i <= 3; i++)
            CHECK_INT(eddy_read_line(stream, &line), i);
    }
    CHECK_INT(eddy_write(stream, "out", 3), 3);
    eddy_stream_close(stream);
    CHECK(blocks(others));
    close(others);
    close(master);
}

/* The master cannot be opened anew: its flag is set, and cleared at the end. */
TEST(terminal_master_gets_its_flag_back)
{
    int master, fd = terminal(&master), others = dup(master);
    char byte[4];

    eddy_stream *stream = eddy_stream_of_fd(master, NULL);
    CHECK(stream != NULL);
    CHECK(!blocks(others));
    CHECK_INT(write(fd, "abc", 3), 3);
    CHECK_INT(eddy_read_exactly(stream, byte, 3), 3);
    eddy_stream_close(stream);
    CHECK(blocks(others));
    close(others);
    close(fd);
}

/* ---- the standard descriptors ---- */

/* Puts fd in place of a standard descriptor; returns what was there. */
static int replace(int number, int fd)
{
    int former = fcntl(number, F_DUPFD_CLOEXEC, 3);

    CHECK_INT(dup2(fd, number), number);
    close(fd);
    return former;
}

static void put_back(int number, int former)
{
    CHECK_INT(dup2(former, number), number);
    close(former);
}

TEST(stdin_of_a_pipe)
{
    int fds[2];
    char *line;

    CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
    int former = replace(0, fds[0]);
    CHECK_INT(write(fds[1], "hello\n", 6), 6);
    close(fds[1]);
    eddy_stream *in = eddy_stdin();
    CHECK_INT(eddy_read_line(in, &line), 5);
    CHECK_STR(line, "hello");
    CHECK_INT(eddy_read_line(in, &line), 0);
    CHECK(blocks(0));
    eddy_stream_close(in);
    CHECK(fcntl(0, F_GETFD) >= 0);
    put_back(0, former);
}

TEST(stdin_of_a_socket_that_others_share)
{
    int fds[2];
    char *line;

    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    int former = replace(0, fds[0]);
    eddy_stream *in = eddy_stdin();
    eddy_auto(eddy_task) *sender = eddy_create_task(sends_after_coro(0.001, fds[1], "hello\n"));
    CHECK_INT(eddy_read_line(in, &line), 5);
    CHECK(blocks(0));
    CHECK_INT(eddy_write(in, "x", 1), 1);
    raw_expect(fds[1], "x");
    eddy_stream_close(in);
    put_back(0, former);
    close(fds[1]);
}

TEST(stdout_and_stderr_go_where_they_should)
{
    for (int number = 1; number <= 2; number++) {
        FILE *file = tmpfile();
        char text[6] = "";

        fflush(NULL);
        int former = replace(number, dup(fileno(file)));
        eddy_stream *out = number == 1 ? eddy_stdout() : eddy_stderr();
        ssize_t n = eddy_write(out, "hello", 5);
        eddy_stream_close(out);
        put_back(number, former);
        CHECK_INT(n, 5);
        CHECK_INT(pread(fileno(file), text, 5, 0), 5);
        CHECK_STR(text, "hello");
        fclose(file);
    }
}

/* One would take the other's bytes, and what it closes would block. */
TEST(standard_descriptors_have_one_stream_each)
{
    static eddy_stream *(*const opens[])(void) = {eddy_stdin, eddy_stdout, eddy_stderr};
    static const char *const names[] = {"standard input", "standard output", "standard error"};

    for (int number = 0; number < 3; number++) {
        int former = replace(number, open("/dev/null", O_RDWR | O_CLOEXEC));
        for (int times = 0; times < 2; times++) {
            eddy_stream *s = opens[number]();
            CHECK(s);
            CHECK_PTR(opens[number](), NULL);
            CHECK_INT(eddy_last_status(), EDDY_EBUSY);
            CHECK_CONTAINS(last_message(), names[number]);
            eddy_stream *other = opens[(number + 1) % 3]();
            CHECK(other);
            eddy_stream_close(other);
            eddy_stream_close(s);
        }
        put_back(number, former);
    }
}

/* Aborted streams are no hindrance, nor are those that a task still waits in. */
TEST(stdin_after_an_abort)
{
    int fds[2];
    char text[8];
    ssize_t n = 0;

    CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
    int former = replace(0, fds[0]);
    eddy_stream *in = eddy_stdin();
    eddy_auto(eddy_task) *reader = eddy_create_task(reads_coro(in, text, 8, &n));
    CHECK_INT(eddy_sleep(0.001), 0);
    eddy_stream_abort(in);
    eddy_stream *next = eddy_stdin();
    CHECK(next);
    CHECK_INT(eddy_await(reader), 0);
    CHECK_INT(n, EDDY_ECLOSED);
    eddy_stream_close(in);
    CHECK_PTR(eddy_stdin(), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EBUSY);
    eddy_stream_close(next);
    put_back(0, former);
    close(fds[1]);
}

static int opens_standard_input(void)
{
    eddy_auto(eddy_stream) *in = eddy_try(eddy_stdin());
    return 0;
}
EDDY_CORO(opens_standard_input)

static int runs_in_the_child(void *arg)
{
    (void)arg;
    return eddy_run(opens_standard_input_coro()) < 0;
}

/* U6: the child of a fork has none of its parent's streams. */
TEST(stdin_of_the_child_of_a_fork)
{
    int former = replace(0, open("/dev/null", O_RDWR | O_CLOEXEC));
    eddy_stream *in = eddy_stdin();

    CHECK(in);
    CHECK_INT(test_child(runs_in_the_child, NULL, NULL, 0), 0);
    eddy_stream_close(in);
    put_back(0, former);
}

TEST(stdin_that_is_closed)
{
    int former = fcntl(0, F_DUPFD_CLOEXEC, 3);

    close(0);
    CHECK_PTR(eddy_stdin(), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EBADF);
    put_back(0, former);
}

/* ---- with things going wrong ---- */

static int echoes_through_pipes(void)
{
    eddy_stream *ends[2];
    char text[8] = "";

    eddy_try(eddy_pipe_open(ends));
    eddy_auto(eddy_stream) *reader = ends[0];
    eddy_auto(eddy_stream) *writer = ends[1];
    ssize_t n = 0;
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(reads_coro(reader, text, 8, &n)));
    eddy_try(eddy_sleep(0.001));
    eddy_try(eddy_write(writer, "hello", 5));
    eddy_try(eddy_await(task));
    if (n < 0)
        return eddy_raise((int)n, "the reader failed");
    CHECK_STR(text, "hello");
    eddy_try(eddy_write_eof(writer));
    eddy_auto(eddy_stream) *in = eddy_try(eddy_stdin());
    eddy_auto(eddy_stream) *out = eddy_try(eddy_stdout());
    return eddy_read(reader, text, 8) == 0 ? 0 : eddy_last_status();
}

SWEEP(pipe_cancelled_anywhere)
{
    return echoes_through_pipes();
}

TORTURE(pipe_with_failures)
{
    return echoes_through_pipes();
}

/* J7: a FIFO that was opened as a file, too. */
static char fifo[64];

static int opens_to_read(void)
{
    eddy_auto(eddy_stream) *reader = eddy_try(eddy_file_open(fifo, "r"));

    return 0;
}
EDDY_CORO(opens_to_read)

TEST(J7_fifo_of_a_file_stream_without_sigpipe)
{
    signal(SIGPIPE, SIG_DFL);
    snprintf(fifo, sizeof fifo, "/tmp/eddy-fifo-%d", (int)getpid());
    CHECK_OK(mkfifo(fifo, 0600));
    eddy_auto(eddy_task) *reader = eddy_create_task(opens_to_read_coro());
    eddy_auto(eddy_stream) *writer = eddy_file_open(fifo, "w");
    CHECK(writer != NULL);
    CHECK_OK(eddy_await(reader));
    CHECK_INT(eddy_file_pwrite(writer, "x", 1, 0), EDDY_ESPIPE);
    CHECK_INT(eddy_write(writer, "x", 1), EDDY_EPIPE);
    CHECK_OK(unlink(fifo));
}

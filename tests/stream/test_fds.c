/* Descriptors that go along with bytes, and the peer's credentials. */
#include "stream/peer.h"

#include <eddy/unix.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* ---- helpers ---- */

static void pair_make(eddy_stream *pair[2], unsigned max_fds)
{
    int fds[2];

    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    for (int i = 0; i < 2; i++) {
        pair[i] = eddy_stream_of_socket(fds[i], &(eddy_stream_opts){.max_fds = max_fds});
        CHECK(pair[i] != NULL);
    }
}

static void close_both(eddy_stream *pair[2])
{
    eddy_stream_close(pair[0]);
    eddy_stream_close(pair[1]);
}

/* A descriptor that can be recognised by its number. */
static int marked(int number)
{
    int fd = memfd_create("eddy-test", MFD_CLOEXEC);

    CHECK(fd >= 0);
    CHECK_INT(ftruncate(fd, number), 0);
    return fd;
}

static int mark_of(int fd)
{
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    return (int)lseek(fd, 0, SEEK_END);
}

static int open_count(void)
{
    int count = 0;

    for (int fd = 0; fd < 1000; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void send_marked(eddy_stream *stream, const char *text, int first, size_t n)
{
    int fds[253] = {0};

    for (size_t i = 0; i < n; i++)
        fds[i] = marked(first + (int)i);
    CHECK_INT(eddy_send_fds(stream, text, strlen(text), fds, n), strlen(text));
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
}

static void take_marked(eddy_stream *stream, int first, size_t n)
{
    int fds[253];

    CHECK_INT(eddy_take_fds(stream, fds, n), n);
    for (size_t i = 0; i < n; i++) {
        CHECK_INT(mark_of(fds[i]), first + (int)i);
        close(fds[i]);
    }
}

/* ---- streams ---- */

TEST(J15_descriptors_come_with_their_bytes)
{
    eddy_stream *pair[2];
    char buf[8] = "";

    pair_make(pair, 4);
    send_marked(pair[0], "hello", 10, 2);
    CHECK_INT(eddy_read(pair[1], buf, sizeof buf), 5);
    CHECK_STR(buf, "hello");
    take_marked(pair[1], 10, 2);
    CHECK_INT(eddy_take_fds(pair[1], (int[1]){0}, 1), 0);
    close_both(pair);
}

TEST(J15_descriptors_are_taken_one_by_one)
{
    eddy_stream *pair[2];
    char byte;

    pair_make(pair, 4);
    send_marked(pair[0], "x", 10, 3);
    CHECK_INT(eddy_read(pair[1], &byte, 1), 1);
    for (int i = 0; i < 3; i++)
        take_marked(pair[1], 10 + i, 1);
    close_both(pair);
}

TEST(J15_descriptors_survive_reading_ahead)
{
    eddy_stream *pair[2];
    char *line, buf[8];

    pair_make(pair, 8);
    CHECK_INT(eddy_write(pair[0], "one\n", 4), 4);
    send_marked(pair[0], "two\n", 20, 2);
    send_marked(pair[0], "three\n", 30, 1);
    CHECK_INT(eddy_write(pair[0], "four\n", 5), 5);
    CHECK_INT(eddy_read_line(pair[1], &line), 3);
    CHECK_INT(eddy_read_line(pair[1], &line), 3);
    take_marked(pair[1], 20, 2);
    CHECK_INT(eddy_read_line(pair[1], &line), 5);
    take_marked(pair[1], 30, 1);
    CHECK_INT(eddy_read_exactly(pair[1], buf, 5), 5);
    CHECK_MEM(buf, "four\n", 5);
    close_both(pair);
}

TEST(J15_as_many_descriptors_as_the_kernel_takes)
{
    struct rlimit few, many;
    eddy_stream *pair[2];
    char byte;

    getrlimit(RLIMIT_NOFILE, &few);
    many = few;
    many.rlim_cur = many.rlim_max;
    setrlimit(RLIMIT_NOFILE, &many);
    if (many.rlim_cur < 1000)
        SKIP("descriptors are short here");
    pair_make(pair, 253);
    send_marked(pair[0], "x", 0, 253);
    CHECK_INT(eddy_read(pair[1], &byte, 1), 1);
    take_marked(pair[1], 0, 253);
    CHECK_INT(eddy_send_fds(pair[0], "x", 1, (int[1]){0}, 254), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "1 to 253 descriptors");
    close_both(pair);
}

TEST(J15_too_many_descriptors_end_the_stream_and_leak_nothing)
{
    eddy_stream *pair[2];
    int before;
    char buf[8];

    pair_make(pair, 2);
    before = open_count();
    send_marked(pair[0], "a", 1, 1);
    send_marked(pair[0], "b", 2, 2);
    CHECK_INT(eddy_read(pair[1], buf, sizeof buf), 1);
    CHECK_INT(eddy_read(pair[1], buf, sizeof buf), EDDY_ELIMIT);
    CHECK_CONTAINS(last_message(), "more descriptors came than .max_fds lets wait");
    CHECK_INT(eddy_read(pair[1], buf, sizeof buf), EDDY_ELIMIT);
    take_marked(pair[1], 1, 1);
    CHECK_INT(open_count(), before);
    close_both(pair);
}

TEST(J15_descriptors_without_room_in_the_process)
{
    eddy_stream *pair[2];
    struct rlimit former, limit;
    int before;
    char byte;

#ifdef EDDY_VALGRIND
    SKIP("Valgrind keeps the limit of descriptors from the kernel");
#endif
    pair_make(pair, 8);
    send_marked(pair[0], "x", 1, 4);
    before = open_count();
    getrlimit(RLIMIT_NOFILE, &former);
    limit = former;
    limit.rlim_cur = (rlim_t)dup(0) + 2;
    close((int)limit.rlim_cur - 2);
    setrlimit(RLIMIT_NOFILE, &limit);
    CHECK_INT(eddy_read(pair[1], &byte, 1), EDDY_EMFILE);
    setrlimit(RLIMIT_NOFILE, &former);
    CHECK_CONTAINS(last_message(), "too many open files");
    CHECK_INT(open_count(), before);
    close_both(pair);
}

TEST(J15_descriptors_that_nobody_takes_are_closed)
{
    eddy_stream *pair[2];
    int before = open_count();
    char byte;

    pair_make(pair, 8);
    send_marked(pair[0], "x", 1, 3);
    CHECK_INT(eddy_read(pair[1], &byte, 1), 1);
    close_both(pair);
    CHECK_INT(open_count(), before);
}

/* A receive ends behind descriptors, though more is there: no event would tell of the rest. */
TEST(J15_descriptors_nobody_asked_for_are_dropped)
{
    eddy_stream *pair[2];
    int before;
    char buf[8];

    pair_make(pair, 0);
    before = open_count();
    for (int i = 0; i < 4; i++) {
        send_marked(pair[0], "a", 1, 1);
        CHECK_INT(eddy_write(pair[0], "b", 1), 1);
        CHECK_INT(eddy_read(pair[1], buf, sizeof buf), 1);
        CHECK_INT(eddy_read(pair[1], buf, sizeof buf), 1);
        CHECK_INT(buf[0], 'b');
    }
    CHECK_INT(eddy_take_fds(pair[1], (int[1]){0}, 1), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), ".max_fds");
    CHECK_INT(open_count(), before);
    close_both(pair);
}

TEST(send_fds_bad_arguments)
{
    eddy_stream *pair[2], *memory[2], *tcp[2];
    int closed = marked(1), fd = marked(2);

    pair_make(pair, 1);
    streams_open(tcp, NULL);
    CHECK_INT(eddy_stream_pair(memory), 0);
    close(closed);
    CHECK_INT(eddy_send_fds(NULL, "x", 1, &fd, 1), EDDY_EINVAL);
    CHECK_INT(eddy_send_fds(memory[0], "x", 1, &fd, 1), EDDY_EINVAL);
    CHECK_INT(eddy_send_fds(tcp[0], "x", 1, &fd, 1), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "Unix sockets only");
    CHECK_INT(eddy_send_fds(pair[0], "", 0, &fd, 1), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "at least one byte");
    CHECK_INT(eddy_send_fds(pair[0], "x", 1, &fd, 0), EDDY_EINVAL);
    CHECK_INT(eddy_send_fds(pair[0], "x", 1, NULL, 1), EDDY_EINVAL);
    CHECK_INT(eddy_send_fds(pair[0], "x", 1, &closed, 1), EDDY_EBADF);
    CHECK_INT(eddy_send_fds(pair[0], "x", 1, &fd, 1), 1); /* nothing was broken */
    CHECK_INT(eddy_take_fds(NULL, &fd, 1), EDDY_EINVAL);
    CHECK_PTR(eddy_stream_of_socket(eddy_stream_fd(pair[0]), &(eddy_stream_opts){.max_fds = 254}),
              NULL);
    CHECK_CONTAINS(last_message(), "max_fds of a stream is at most 253, not 254");
    close(fd);
    close_both(pair);
    close_both(memory);
    close_both(tcp);
}

/* Behind what is unsent, and in one piece with its own bytes. */
TEST(J15_descriptors_keep_their_place_among_writes)
{
    enum { MUCH = 400000 };
    static char large[MUCH], got[MUCH];
    eddy_stream *pair[2];
    ssize_t first = 0;
    int fd = marked(5);

    pair_make(pair, 1);
    endless_copy(large, 0, MUCH);
    eddy_auto(eddy_task) *a = eddy_create_task(writes_coro(pair[0], large, MUCH, &first));
    CHECK_OK(eddy_sleep(0));
    CHECK(pair[0]->writer != NULL);
    eddy_auto(eddy_task) *b = eddy_create_task(eddy_coro_of((int (*)(void *))eddy_flush, pair[0]));
    CHECK_INT(eddy_take_fds(pair[1], &fd, 0), 0);
    for (size_t count = 0; count < MUCH - 1000;) {
        ssize_t n = CHECK_OK(eddy_read(pair[1], got, min_size(MUCH - 1000 - count, MUCH)));

        CHECK(endless_equal(got, count, (size_t)n));
        count += (size_t)n;
    }
    CHECK_INT(eddy_send_fds(pair[0], "mine", 4, &fd, 1), 4);
    close(fd);
    CHECK_INT(eddy_read_exactly(pair[1], got, 1004), 1004);
    CHECK_MEM(got + 1000, "mine", 4);
    take_marked(pair[1], 5, 1);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(eddy_await(b), 0);
    close_both(pair);
}

static int sends_much_with_fd(eddy_stream *stream, int fd)
{
    static char large[400000];

    endless_copy(large, 0, sizeof large);
    eddy_try(eddy_write(stream, large, sizeof large));
    return (int)eddy_send_fds(stream, large, sizeof large, &fd, 1);
}
EDDY_CORO(sends_much_with_fd, eddy_stream *, int)

TEST(J15_a_long_write_with_descriptors)
{
    static char got[400000];
    eddy_stream *pair[2];
    int fd = marked(9);

    pair_make(pair, 1);
    eddy_auto(eddy_task) *sender = eddy_create_task(sends_much_with_fd_coro(pair[0], fd));
    for (int i = 0; i < 2; i++) {
        CHECK_INT(eddy_take_fds(pair[1], &fd, 1), 0);
        CHECK_INT(eddy_read_exactly(pair[1], got, sizeof got), sizeof got);
        CHECK(endless_equal(got, 0, sizeof got));
    }
    CHECK_INT(eddy_await(sender), sizeof got);
    close(fd);
    take_marked(pair[1], 9, 1);
    close_both(pair);
}

static int receives_one(eddy_stream *peer)
{
    char byte;
    int fd;

    eddy_try(eddy_read(peer, &byte, 1));
    if (eddy_take_fds(peer, &fd, 1) != 1)
        return eddy_raise(EDDY_EUSER, "no descriptor");
    int mark = mark_of(fd);
    close(fd);
    return (int)eddy_try(eddy_printf(peer, "%d\n", mark));
}

TEST(J15_descriptors_to_a_server)
{
    char name[64], *line;

    snprintf(name, sizeof name, "@eddy-fds-%d", (int)getpid());
    eddy_auto(eddy_server) *server =
        eddy_server_open(receives_one, .unix_path = name, .stream.max_fds = 1);
    eddy_auto(eddy_stream) *stream = eddy_connect_unix(name);
    CHECK(server && stream);
    send_marked(stream, "x", 77, 1);
    CHECK_INT(eddy_read_line(stream, &line), 2);
    CHECK_STR(line, "77");
}

/* ---- credentials ---- */

TEST(unix_peer_has_credentials)
{
    eddy_stream *pair[2], *tcp[2];
    eddy_credentials who = {0};

    pair_make(pair, 0);
    streams_open(tcp, NULL);
    CHECK_INT(eddy_stream_credentials(pair[0], &who), 0);
    CHECK_INT(who.pid, getpid());
    CHECK_INT(who.uid, getuid());
    CHECK_INT(who.gid, getgid());
    CHECK_INT(eddy_stream_credentials(tcp[0], &who), EDDY_EINVAL);
    CHECK_INT(eddy_stream_credentials(NULL, &who), EDDY_EINVAL);
    eddy_stream_abort(pair[0]);
    CHECK_INT(eddy_stream_credentials(pair[0], &who), EDDY_ECLOSED);
    close_both(pair);
    close_both(tcp);
}

/* ---- datagrams ---- */

static void datagrams_make(eddy_datagram *pair[2])
{
    int fds[2];

    CHECK_INT(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
    for (int i = 0; i < 2; i++)
        CHECK((pair[i] = eddy_datagram_of_socket(fds[i])) != NULL);
}

static void datagrams_close(eddy_datagram *pair[2])
{
    eddy_datagram_close(pair[0]);
    eddy_datagram_close(pair[1]);
}

TEST(J15_descriptors_in_datagrams)
{
    eddy_datagram *pair[2];
    int fds[2] = {marked(3), marked(4)}, got[4];
    eddy_address from;
    size_t n = 4;
    char buf[8] = "";

    datagrams_make(pair);
    CHECK_INT(eddy_datagram_send_fds(pair[0], "hi", 2, NULL, fds, 2), 2);
    CHECK_INT(eddy_datagram_receive_fds(pair[1], buf, sizeof buf, &from, got, &n), 2);
    CHECK_STR(buf, "hi");
    CHECK_INT(n, 2);
    CHECK_INT(from.u.any.sa_family, AF_UNIX);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(mark_of(got[i]), 3 + i);
        close(got[i]);
    }
    CHECK_INT(eddy_datagram_send(pair[0], "none", 4), 4);
    n = 4;
    CHECK_INT(eddy_datagram_receive_fds(pair[1], buf, sizeof buf, NULL, got, &n), 4);
    CHECK_INT(n, 0);
    close(fds[0]);
    close(fds[1]);
    datagrams_close(pair);
}

TEST(J15_datagram_failures_leak_no_descriptor)
{
    eddy_datagram *pair[2];
    int fds[2] = {marked(3), marked(4)}, got[4], before;
    size_t n = 1;
    char buf[8];

    datagrams_make(pair);
    before = open_count();
    for (int i = 0; i < 3; i++)
        CHECK_INT(eddy_datagram_send_fds(pair[0], "data", 4, NULL, fds, 2), 4);
    CHECK_INT(eddy_datagram_receive_fds(pair[1], buf, sizeof buf, NULL, got, &n), EDDY_ELIMIT);
    CHECK_CONTAINS(last_message(), "more than the 1 descriptors there is room for is lost");
    CHECK_INT(n, 0);
    n = 4;
    CHECK_INT(eddy_datagram_receive_fds(pair[1], buf, 2, NULL, got, &n), EDDY_EMSGSIZE);
    CHECK_INT(n, 0);
    CHECK_INT(eddy_datagram_receive(pair[1], buf, sizeof buf, NULL), 4);
    CHECK_INT(open_count(), before);
    close(fds[0]);
    close(fds[1]);
    datagrams_close(pair);
}

TEST(datagram_fds_bad_arguments)
{
    eddy_datagram *pair[2], *udp = eddy_datagram_open(.port = 0);
    int fd = marked(1), got[1];
    size_t n = 254;
    char buf[4];

    datagrams_make(pair);
    CHECK_INT(eddy_datagram_send_fds(udp, "x", 1, NULL, &fd, 1), EDDY_EINVAL);
    CHECK_INT(eddy_datagram_receive_fds(udp, buf, 4, NULL, got, &n), EDDY_EINVAL);
    CHECK_INT(eddy_datagram_receive_fds(pair[0], buf, 4, NULL, got, &n), EDDY_EINVAL);
    CHECK_INT(eddy_datagram_receive_fds(pair[0], buf, 4, NULL, got, NULL), EDDY_EINVAL);
    CHECK_INT(eddy_datagram_send_fds(pair[0], "x", 1, NULL, &fd, 0), EDDY_EINVAL);
    CHECK_INT(eddy_datagram_send_fds(pair[0], "x", 1, NULL, (int[1]){-1}, 1), EDDY_EBADF);
    close(fd);
    eddy_datagram_close(udp);
    datagrams_close(pair);
}

/* ---- sweeps ---- */

static int passes(eddy_stream *stream, int fd)
{
    eddy_try(eddy_sleep(0.001));
    eddy_try(eddy_send_fds(stream, "one\n", 4, &fd, 1));
    eddy_try(eddy_write(stream, "two\n", 4));
    return (int)eddy_send_fds(stream, "three\n", 6, &fd, 1);
}
EDDY_CORO(passes, eddy_stream *, int)

static int take_one(eddy_stream *stream)
{
    char *line;
    int fd;

    eddy_try(eddy_read_line(stream, &line));
    if (eddy_take_fds(stream, &fd, 1) != 1)
        return eddy_raise(EDDY_EUSER, "no descriptor");
    close(fd);
    return 0;
}

static int pass_and_take(eddy_stream *pair[2])
{
    char *line;

    eddy_auto(eddy_task) *sender = eddy_try(eddy_create_task(passes_coro(pair[0], 0)));
    eddy_try(take_one(pair[1]));
    eddy_try(eddy_read_line(pair[1], &line));
    eddy_try(take_one(pair[1]));
    return eddy_await(sender);
}

static int pass_over_new_streams(void)
{
    eddy_stream *pair[2] = {0};
    int fds[2], status = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return eddy_raise(-errno, "no sockets");
    for (int i = 0; i < 2 && status == 0; i++) {
        pair[i] = eddy_stream_of_socket(fds[i], &(eddy_stream_opts){.max_fds = 2});
        status = pair[i] ? 0 : eddy_last_status();
    }
    eddy_timeout(1)
        status = status ? status : pass_and_take(pair);
    for (int i = 0; i < 2; i++) {
        if (!pair[i])
            close(fds[i]);
        eddy_stream_close(pair[i]);
    }
    return status;
}

SWEEP(fds_sweep)
{
    return pass_over_new_streams();
}

TORTURE(fds_torture)
{
    return pass_over_new_streams();
}

static int exchange(eddy_datagram *pair[2])
{
    int fd, status;
    size_t n = 1;
    char byte;

    eddy_try(eddy_datagram_send_fds(pair[0], "x", 1, NULL, (int[1]){0}, 1));
    status = (int)eddy_datagram_receive_fds(pair[1], &byte, 1, NULL, &fd, &n);
    if (n == 1)
        close(fd);
    return status;
}

TORTURE(datagram_fds_torture)
{
    eddy_datagram *pair[2] = {0};
    int fds[2], status = 0;

    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) < 0)
        return eddy_raise(-errno, "no sockets");
    for (int i = 0; i < 2 && status == 0; i++) {
        pair[i] = eddy_datagram_of_socket(fds[i]);
        status = pair[i] ? 0 : eddy_last_status();
    }
    status = status ? status : exchange(pair);
    for (int i = 0; i < 2; i++) {
        if (!pair[i])
            close(fds[i]);
        eddy_datagram_close(pair[i]);
    }
    return status;
}

/* The life of streams: taking over a socket, closing, who is waiting then. */
#include "stream/peer.h"

#include <netinet/tcp.h>

/* ---- making ---- */

TEST(stream_of_socket_takes_sockets_only)
{
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int datagram = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    CHECK_PTR(eddy_stream_of_socket(-1, NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EBADF);
    CHECK_PTR(eddy_stream_of_socket(file, NULL), NULL);
    CHECK_INT(eddy_last_status(), -ENOTSOCK);
    CHECK_PTR(eddy_stream_of_socket(datagram, NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "not a stream socket");
    close(file);
    close(datagram);
}

TEST(stream_options_are_checked)
{
    int fds[2];

    raw_pair(fds, false);
    CHECK_PTR(eddy_stream_of_socket(fds[0], &(eddy_stream_opts){.high_water = 10, .low_water = 11}),
              NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "low_water (11) must not be above high_water (10)");
    CHECK_PTR(eddy_stream_of_socket(fds[0], &(eddy_stream_opts){.limit = SIZE_MAX}), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    close(fds[0]);
    close(fds[1]);
}

TEST_PLAIN(stream_of_socket_needs_a_loop)
{
    int fds[2];

    raw_pair(fds, false);
    CHECK_PTR(eddy_stream_of_socket(fds[0], NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ELOOP);
    close(fds[0]);
    close(fds[1]);
    eddy_error_clear();
}

TEST(stream_knows_its_addresses)
{
    struct pair pair = pair_open();
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    char text[64];

    getsockname(pair.raw, (struct sockaddr *)&own, &size);
    snprintf(text, sizeof text, "127.0.0.1:%d", ntohs(own.sin_port));
    CHECK_STR(eddy_stream_peer(pair.stream), text);
    CHECK_INT(strncmp(eddy_stream_local(pair.stream), "127.0.0.1:", 10), 0);
    CHECK(eddy_stream_fd(pair.stream) >= 0);
    CHECK_PTR(eddy_stream_arg(pair.stream), NULL);
    pair_close(&pair);
    CHECK_STR(eddy_stream_peer(NULL), "?");
    CHECK_INT(eddy_stream_fd(NULL), -1);
}

/* ---- closing ---- */

TEST(stream_close_of_nothing)
{
    eddy_stream_close(NULL);
    eddy_stream_abort(NULL);
}

TEST(U2_close_ends_a_reader)
{
    struct pair pair = pair_open();
    char buf[16];

    eddy_auto(eddy_task) *closer = eddy_create_task(closes_after_coro(0.01, pair.stream));
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), EDDY_ECLOSED);
    CHECK_INT(raw_receive(pair.raw, buf, sizeof buf), 0); /* the peer sees the end */
    CHECK_INT(eddy_await(closer), 0);
    close(pair.raw);
}

TEST(U2_close_ends_every_kind_of_wait)
{
    char(*const big)[8 << 20] = test_room(sizeof *big);
    struct pair pair = pair_open();
    ssize_t read_status = 0, status[3] = {0};
    char buf[16];

    eddy_auto(eddy_task) *reader =
        eddy_create_task(reads_coro(pair.stream, buf, sizeof buf, &read_status));
    eddy_task *writers[3];
    for (int i = 0; i < 3; i++)
        writers[i] = eddy_create_task(writes_coro(pair.stream, *big, sizeof *big, &status[i]));
    turns(5);
    eddy_stream_close(pair.stream);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(eddy_await(writers[i]), 0);
        CHECK_INT(status[i], EDDY_ECLOSED);
        eddy_task_close(writers[i]);
    }
    CHECK_INT(eddy_await(reader), 0);
    CHECK_INT(read_status, EDDY_ECLOSED);
    close(pair.raw);
}

/* The reader has been made ready by bytes, and in the same turn the stream is closed. */
static int closes_when_told(eddy_stream *told, eddy_stream *victim)
{
    char byte;

    eddy_try(eddy_read(told, &byte, 1));
    eddy_stream_close(victim);
    return 0;
}
EDDY_CORO(closes_when_told, eddy_stream *, eddy_stream *)

TEST(U2_close_while_bytes_arrive)
{
    struct pair told = pair_open(), victim = pair_open();
    ssize_t n = 0;
    char buf[16];

    eddy_auto(eddy_task) *closer =
        eddy_create_task(closes_when_told_coro(told.stream, victim.stream));
    eddy_auto(eddy_task) *reader = eddy_create_task(reads_coro(victim.stream, buf, 16, &n));
    turns(3);
    raw_send(told.raw, "x");
    raw_send(victim.raw, "y");
    CHECK_INT(eddy_await(closer), 0);
    CHECK_INT(eddy_await(reader), 0);
    CHECK(n == 1 || n == EDDY_ECLOSED);
    pair_close(&told);
    close(victim.raw);
}

TEST(U2_close_sends_what_is_unsent)
{
    static char big[300000], got[300000];
    struct pair pair = pair_open_with(true, &(eddy_stream_opts){.high_water = sizeof big});
    size_t count = 0;

    memset(big, 'q', sizeof big);
    CHECK_INT(eddy_write(pair.stream, big, sizeof big), sizeof big);
    CHECK(eddy__buffer_count(&pair.stream->out) > 0);
    eddy_auto(eddy_task) *closer = eddy_create_task(closes_after_coro(0, pair.stream));
    for (ssize_t n = 1; n > 0; count += (size_t)(n > 0 ? n : 0)) {
        CHECK_OK(eddy_sleep(0));
        n = recv(pair.raw, got + count, sizeof got - count, 0);
        if (n < 0 && errno == EAGAIN)
            n = 1, count--;
    }
    CHECK_INT(count, sizeof big);
    CHECK_MEM(got, big, sizeof big);
    CHECK_INT(eddy_await(closer), 0);
    close(pair.raw);
}

TEST(A13_close_of_a_peer_that_never_reads_takes_5_seconds)
{
    char(*const big)[4 << 20] = test_room(sizeof *big);
    struct pair pair = pair_open_with(true, &(eddy_stream_opts){.high_water = sizeof *big});

    CHECK_INT(eddy_write(pair.stream, *big, sizeof *big), sizeof *big);
    double before = eddy_loop_time(eddy_loop_running());
    eddy_stream_close(pair.stream);
    CHECK_NEAR(eddy_loop_time(eddy_loop_running()) - before, 5.0, 0.5);
    close(pair.raw);
}

/* Also when its owner is cancelled. */
static int closes_cancelled(eddy_stream *stream)
{
    CHECK_INT(eddy_sleep(INFINITY), EDDY_ECANCELED);
    eddy_stream_close(stream);
    return 0;
}
EDDY_CORO(closes_cancelled, eddy_stream *)

TEST(A13_close_flushes_under_cancellation)
{
    static char big[200000];
    struct pair pair = pair_open_with(true, &(eddy_stream_opts){.high_water = sizeof big});
    size_t count = 0;

    CHECK_INT(eddy_write(pair.stream, big, sizeof big), sizeof big);
    eddy_auto(eddy_task) *task = eddy_create_task(closes_cancelled_coro(pair.stream));
    turns(2);
    eddy_cancel(task);
    while (count < sizeof big) {
        ssize_t n = recv(pair.raw, big, sizeof big, 0);

        count += n > 0 ? (size_t)n : 0;
        CHECK_OK(eddy_sleep(0));
    }
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(raw_receive(pair.raw, big, sizeof big), 0);
    close(pair.raw);
}

TEST(U2_abort_resets)
{
    struct pair pair = pair_open();
    ssize_t n = 0;
    char buf[4];

    eddy_auto(eddy_task) *reader = eddy_create_task(reads_coro(pair.stream, buf, 4, &n));
    turns(3);
    eddy_stream_abort(pair.stream);
    CHECK_INT(raw_receive(pair.raw, buf, 1), -1);
    CHECK_INT(errno, ECONNRESET);
    CHECK_INT(eddy_await(reader), 0);
    CHECK_INT(n, EDDY_ECLOSED);
    CHECK_INT(eddy_write(pair.stream, "x", 1), EDDY_ECLOSED);
    CHECK_INT(eddy_read(pair.stream, buf, 1), EDDY_ECLOSED);
    CHECK_INT(eddy_flush(pair.stream), EDDY_ECLOSED);
    CHECK_INT(eddy_stream_fd(pair.stream), -1);
    eddy_stream_abort(pair.stream);
    pair_close(&pair);
}

TEST(stream_close_leaves_the_record_alone)
{
    static char big[300000];
    struct pair pair = pair_open_with(true, &(eddy_stream_opts){.high_water = sizeof big});
    struct pair other = pair_open();

    CHECK_INT(eddy_write(pair.stream, big, sizeof big), sizeof big);
    close(pair.raw);
    eddy_ignore(eddy_raise(EDDY_EUSER, "mine"));
    eddy_stream_close(pair.stream);
    eddy_stream_abort(other.stream);
    eddy_stream_close(other.stream);
    CHECK_INT(eddy_last_status(), EDDY_EUSER);
    CHECK_STR(last_message(), "mine");
    close(other.raw);
}

static int close_in_callback(void *stream)
{
    eddy_stream_close(stream);
    return 0;
}

TEST(stream_may_be_closed_by_a_callback)
{
    static char big[300000];
    struct pair pair = pair_open_with(true, &(eddy_stream_opts){.high_water = sizeof big});
    char buf[16];

    CHECK_INT(eddy_write(pair.stream, big, sizeof big), sizeof big);
    eddy_loop_call_soon(eddy_loop_running(), close_in_callback, pair.stream);
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), EDDY_ECLOSED);
    close(pair.raw);
}

static ssize_t callback_status[3];

static int call_in_callback(void *stream)
{
    char byte;

    callback_status[0] = eddy_read(stream, &byte, 1);
    callback_status[1] = eddy_write(stream, "x", 1);
    callback_status[2] = eddy_flush(stream);
    return 0;
}

TEST(X8_calls_outside_a_task)
{
    struct pair pair = pair_open();

    eddy_loop_call_soon(eddy_loop_running(), call_in_callback, pair.stream);
    turns(3);
    for (int i = 0; i < 3; i++)
        CHECK_INT(callback_status[i], EDDY_ENOTASK);
    pair_close(&pair);
}

/* ---- many things going wrong ---- */

static int talk(eddy_stream *a, eddy_stream *b)
{
    char *line, buf[8];

    eddy_try(eddy_write(a, "one\ntwo", 7));
    eddy_try(eddy_read_line(b, &line));
    eddy_try(eddy_printf(b, "%s%d\r\n", line, 1));
    eddy_try(eddy_read_exactly(b, buf, 3));
    eddy_try(eddy_read_until(a, "\r\n", &line));
    eddy_try(eddy_flush(a));
    eddy_try(eddy_write_eof(a));
    return (int)eddy_try(eddy_read(b, buf, sizeof buf));
}

static int open_both(eddy_stream *streams[2])
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return eddy_raise(-errno, "no sockets");
    streams[0] = eddy_stream_of_socket(fds[0], NULL);
    streams[1] = streams[0] ? eddy_stream_of_socket(fds[1], NULL) : NULL;
    if (!streams[0])
        close(fds[0]);
    if (streams[1])
        return 0;
    close(fds[1]);
    eddy_stream_close(eddy_take(streams[0]));
    return eddy_last_status();
}

static int talk_over_new_streams(void)
{
    eddy_stream *streams[2] = {0};
    int status = open_both(streams);

    if (status == 0)
        status = talk(streams[0], streams[1]);
    eddy_stream_close(streams[0]);
    eddy_stream_close(streams[1]);
    return status;
}

TORTURE(stream_torture)
{
    return talk_over_new_streams();
}

/* Whoever fails closes its end, so that the other one does not wait for ever. */
static int drains(eddy_stream **stream)
{
    static char sink[65536];
    ssize_t n = eddy_sleep(0.001);

    while (n >= 0 && (n = eddy_read(*stream, sink, sizeof sink)) > 0)
        continue;
    eddy_stream_close(eddy_take(*stream));
    return (int)n;
}
EDDY_CORO(drains, eddy_stream **)

static int sends_large(eddy_stream *stream)
{
    char(*const large)[1 << 20] = test_room(sizeof *large);

    eddy_try(eddy_write(stream, *large, sizeof *large));
    eddy_try(eddy_write(stream, *large, 1));
    return eddy_write_eof(stream);
}

static int send_and_drain(eddy_stream *streams[2])
{
    eddy_auto(eddy_task) *other = eddy_try(eddy_create_task(drains_coro(&streams[1])));
    int status = sends_large(streams[0]);

    eddy_stream_close(eddy_take(streams[0]));
    eddy_try(status);
    return eddy_await(other);
}

TORTURE(stream_torture_with_waits)
{
    eddy_stream *streams[2] = {0};

    eddy_try(open_both(streams));
    int status = send_and_drain(streams);
    eddy_stream_close(streams[0]);
    eddy_stream_close(streams[1]);
    return status;
}

static int talks_from_afar(eddy_stream *stream)
{
    char *line;

    while (eddy_try(eddy_read_line(stream, &line)) > 0)
        eddy_try(eddy_printf(stream, "%s\n", line));
    return 0;
}
EDDY_CORO(talks_from_afar, eddy_stream *)

SWEEP(stream_sweep)
{
    eddy_stream *streams[2] = {0};
    int status = open_both(streams);
    char *line;

    if (status == 0) {
        eddy_auto(eddy_task) *other = eddy_create_task(talks_from_afar_coro(streams[1]));
        for (int i = 0; i < 3 && status >= 0; i++) {
            status = (int)eddy_printf(streams[0], "line %d\n", i);
            if (status >= 0)
                status = (int)eddy_read_line(streams[0], &line);
        }
        eddy_stream_close(eddy_take(streams[0]));
    }
    eddy_stream_close(streams[0]);
    eddy_stream_close(streams[1]);
    return status;
}

/* ---- D4: closed while a call yields ---- */

static int calls_until_it_fails(eddy_stream *stream, int what)
{
    char byte = 'x';
    ssize_t n = 1;

    while (n >= 0) {
        if (what == 0)
            n = eddy_read(stream, &byte, 1);
        else
            n = what == 1 ? eddy_write(stream, &byte, 1) : eddy_flush(stream);
    }
    return (int)n;
}
EDDY_CORO(calls_until_it_fails, eddy_stream *, int)

TEST(U2_stream_may_be_closed_while_a_call_yields)
{
    static const char bytes[1000];

    for (int what = 0; what < 3; what++) {
        struct pair pair = pair_open();
        CHECK_INT(write(pair.raw, bytes, sizeof bytes), sizeof bytes);
        eddy_auto(eddy_task) *task = eddy_create_task(calls_until_it_fails_coro(pair.stream, what));
        CHECK_OK(eddy_sleep(0));
        CHECK(!eddy_task_done(task));
        pair_close(&pair);
        CHECK_INT(eddy_await(task), EDDY_ECLOSED);
    }
}

/* ---- closed in a callback ---- */

static int closes_in_callback(void *stream)
{
    eddy_stream_close(stream);
    return 0;
}

/* Writes the endless bytes until some are unsent. */
static size_t write_until_unsent(eddy_stream *stream)
{
    static char piece[50000];
    size_t written = 0;

    while (!eddy__stream_unsent(stream)) {
        endless_copy(piece, written, sizeof piece);
        written += (size_t)CHECK_OK(eddy_write(stream, piece, sizeof piece));
    }
    return written;
}

TEST(A13_close_in_a_callback_sends_what_is_unsent)
{
    eddy_stream *s[2];
    static char piece[50000];
    size_t got = 0;
    ssize_t n;

    streams_open(s, NULL);
    size_t written = write_until_unsent(s[0]);
    eddy_loop_call_soon(eddy_loop_running(), closes_in_callback, s[0]);
    turns(3);
    while ((n = CHECK_OK(eddy_read(s[1], piece, sizeof piece))) > 0) {
        CHECK(endless_equal(piece, got, (size_t)n));
        got += (size_t)n;
    }
    CHECK_INT(got, written);
    eddy_stream_close(s[1]);
}

TEST(A13_close_in_a_callback_gives_up_after_5_s)
{
    struct pair pair = pair_open();
    static char sink[65536];
    size_t got = 0;
    ssize_t n;

    size_t written = write_until_unsent(pair.stream);
    eddy_loop_call_soon(eddy_loop_running(), closes_in_callback, pair.stream);
    CHECK_OK(eddy_sleep(5.1));
    while ((n = raw_receive(pair.raw, sink, sizeof sink)) > 0)
        got += (size_t)n;
    CHECK_INT(n, 0); /* the end has come, and not all before it */
    CHECK(got > 0 && got < written);
    close(pair.raw);
}

/* What is unsent is dropped when the loop ends, and nothing is left. */
static int leaves_unsent(int fd)
{
    eddy_stream *stream = eddy_stream_of_socket(fd, NULL);

    write_until_unsent(stream);
    eddy_loop_call_soon(eddy_loop_running(), closes_in_callback, stream);
    return eddy_sleep(0);
}
EDDY_CORO(leaves_unsent, int)

TEST_PLAIN(close_in_a_callback_before_the_loop_ends)
{
    int fds[2];

    raw_pair(fds, false);
    CHECK_INT(eddy_run(leaves_unsent_coro(fds[0]), .clock = EDDY_CLOCK_VIRTUAL), 0);
    close(fds[1]);
}

/* Writing: at once, in one piece, held back, to peers that misbehave. */
#include "loop/half_closed.h"
#include "stream/peer.h"

/* ---- plain ---- */

TEST(write_sends_at_once)
{
    struct pair pair = pair_open();

    CHECK_INT(eddy_write(pair.stream, "hello", 5), 5);
    CHECK_INT(eddy__buffer_count(&pair.stream->out), 0);
    raw_expect(pair.raw, "hello");
    CHECK_INT(eddy_write(pair.stream, "", 0), 0);
    CHECK_INT(eddy_write(pair.stream, NULL, 0), 0);
    CHECK_INT(eddy_flush(pair.stream), 0);
    pair_close(&pair);
}

TEST(write_bad_arguments)
{
    struct pair pair = pair_open();

    CHECK_INT(eddy_write(NULL, "x", 1), EDDY_EINVAL);
    CHECK_INT(eddy_write(pair.stream, NULL, 1), EDDY_EINVAL);
    CHECK_INT(eddy_write(pair.stream, "x", SIZE_MAX), EDDY_EINVAL);
    CHECK_INT(eddy_flush(NULL), EDDY_EINVAL);
    CHECK_INT(eddy_write_eof(NULL), EDDY_EINVAL);
    pair_close(&pair);
}

TEST(printf_short_and_long)
{
    struct pair pair = pair_open();
    char text[2000], expected[2010];

    CHECK_INT(eddy_printf(pair.stream, "%d-%s|", 42, "x"), 5);
    raw_expect(pair.raw, "42-x|");
    for (size_t size = 505; size < 520; size++) {
        memset(text, 'a', size);
        text[size] = '\0';
        snprintf(expected, sizeof expected, "<%s>", text);
        CHECK_INT(eddy_printf(pair.stream, "<%s>", text), size + 2);
        raw_expect(pair.raw, expected);
    }
    CHECK_INT(eddy_printf(pair.stream, "%s", ""), 0);
    pair_close(&pair);
}

/* ---- back-pressure ---- */

static size_t unsent(const struct pair *pair)
{
    return eddy__buffer_count(&pair->stream->out);
}

/* Writes small pieces until one of them has to wait. */
static int writes_on(eddy_stream *stream, size_t *written)
{
    char piece[100];

    memset(piece, 'p', sizeof piece);
    for (;;)
        *written += (size_t)eddy_try(eddy_write(stream, piece, sizeof piece));
}
EDDY_CORO(writes_on, eddy_stream *, size_t *)

TEST(J3_writer_waits_above_high_water_until_low_water)
{
    eddy_stream_opts opts = {.high_water = 100000, .low_water = 20000};
    struct pair pair = pair_open_with(true, &opts);
    static char sink[4096];
    size_t written = 0, read = 0;

    eddy_auto(eddy_task) *writer = eddy_create_task(writes_on_coro(pair.stream, &written));
    while (!pair.stream->writer)
        CHECK_OK(eddy_sleep(0.001));
    CHECK(unsent(&pair) > 20000 && unsent(&pair) <= 100000);
    size_t held = written;
    while (unsent(&pair) > 20000 + sizeof sink) {
        ssize_t n = recv(pair.raw, sink, sizeof sink, 0);

        read += n > 0 ? (size_t)n : 0;
        CHECK_OK(eddy_sleep(0.0001));
        if (unsent(&pair) > 20000)
            CHECK_INT(written, held);
    }
    while (written == held) {
        eddy_ignore((int)recv(pair.raw, sink, sizeof sink, 0));
        CHECK_OK(eddy_sleep(0.0001));
    }
    CHECK(read < 200000 + held);
    eddy_cancel(writer);
    CHECK_INT(eddy_await(writer), EDDY_ECANCELED);
    eddy_stream_abort(pair.stream);
    pair_close(&pair);
}

TEST(J3_large_write_takes_no_memory)
{
    char(*const large)[16 << 20] = test_room(sizeof *large);
    struct pair pair = pair_open();
    ssize_t n = 0;

    eddy_auto(eddy_task) *writer =
        eddy_create_task(writes_coro(pair.stream, *large, sizeof *large, &n));
    turns(10);
    CHECK(pair.stream->writer != NULL);
    CHECK_INT(unsent(&pair), 0);
    for (size_t got = 0; got < sizeof *large;) {
        ssize_t part = recv(pair.raw, *large, 65536, 0);

        got += part > 0 ? (size_t)part : 0;
        CHECK(pair.stream->out.capacity <= 131072);
        CHECK_OK(eddy_sleep(0));
    }
    CHECK_INT(eddy_await(writer), 0);
    CHECK_INT(n, sizeof *large);
    pair_close(&pair);
}

TEST(flush_waits_until_nothing_is_unsent)
{
    static char large[200000];
    struct pair pair = pair_open_with(true, &(eddy_stream_opts){.high_water = sizeof large});
    int status = 0;

    CHECK_INT(eddy_write(pair.stream, large, sizeof large), sizeof large);
    CHECK(unsent(&pair) > 0);
    eddy_timeout(0.005)
        status = eddy_flush(pair.stream);
    CHECK_INT(status, EDDY_ETIMEDOUT);
    while (unsent(&pair) > 0) {
        eddy_ignore((int)recv(pair.raw, large, sizeof large, 0));
        eddy_timeout(0.001)
            status = eddy_flush(pair.stream);
    }
    CHECK_INT(eddy_flush(pair.stream), 0);
    pair_close(&pair);
}

/* ---- one piece ---- */

enum { WRITERS = 8, RECORDS = 20 };

/* A record is its length in eight digits and so many times the writer's letter. */
static int writes_records(eddy_stream *stream, int letter)
{
    char(*const buffers)[WRITERS][300000] = test_room(sizeof *buffers);
    char *record = (*buffers)[letter];
    uint64_t random = (uint64_t)letter;

    for (int i = 0; i < RECORDS; i++) {
        size_t size = random_next(&random) % (i % 4 ? 2000 : sizeof(*buffers)[0] - 8);

        snprintf(record, 9, "%08zu", size);
        memset(record + 8, 'A' + letter, size);
        CHECK_INT(eddy_write(stream, record, size + 8), size + 8);
        if (i % 5 == 0)
            eddy_try(eddy_sleep(0));
    }
    return 0;
}
EDDY_CORO(writes_records, eddy_stream *, int)

static void check_record(eddy_stream *stream)
{
    static char record[300000];
    char head[9] = "";

    CHECK_INT(eddy_read_exactly(stream, head, 8), 8);
    size_t size = strtoul(head, NULL, 10);
    CHECK(size < sizeof record);
    CHECK_INT(eddy_read_exactly(stream, record, size), size);
    for (size_t i = 1; i < size; i++)
        CHECK(record[i] == record[0]);
}

/* Closes both. */
static void check_pieces(eddy_stream *streams[2])
{
    eddy_task *writers[WRITERS];
    char byte;

    for (int i = 0; i < WRITERS; i++)
        writers[i] = eddy_create_task(writes_records_coro(streams[0], i));
    for (int i = 0; i < WRITERS * RECORDS; i++)
        check_record(streams[1]);
    for (int i = 0; i < WRITERS; i++) {
        CHECK_INT(eddy_await(writers[i]), 0);
        eddy_task_close(writers[i]);
    }
    eddy_stream_close(streams[0]);
    CHECK_INT(eddy_read(streams[1], &byte, 1), 0);
    eddy_stream_close(streams[1]);
}

TEST(J2_concurrent_writes_stay_in_one_piece)
{
    eddy_stream *streams[2];

    streams_open(streams, NULL);
    check_pieces(streams);
}

TEST(J2_concurrent_writes_stay_in_one_piece_in_memory)
{
    eddy_stream *streams[2];

    CHECK_INT(eddy_stream_pair(streams), 0);
    check_pieces(streams);
}

/* ---- cancellation ---- */

TEST(write_cancelled_in_its_middle_ends_the_stream)
{
    char(*const large)[16 << 20] = test_room(sizeof *large);
    struct pair pair = pair_open();
    ssize_t n = 0;

    eddy_timeout(0.01)
        n = eddy_write(pair.stream, *large, sizeof *large);
    CHECK_INT(n, EDDY_ETIMEDOUT);
    CHECK_INT(eddy_write(pair.stream, "x", 1), EDDY_EPIPE);
    CHECK_CONTAINS(last_message(), "was ended in its middle");
    CHECK_INT(eddy_flush(pair.stream), EDDY_EPIPE);
    raw_send(pair.raw, "still readable");
    CHECK_INT(eddy_read(pair.stream, *large, sizeof *large), 14);
    pair_close(&pair);
}

TEST(write_cancelled_before_it_began_sends_nothing)
{
    char(*const large)[16 << 20] = test_room(sizeof *large);
    static char got[65536];
    struct pair pair = pair_open();
    ssize_t first = 0, second = 0;
    size_t count = 0;

    memset(*large, 'f', sizeof *large);
    eddy_auto(eddy_task) *a =
        eddy_create_task(writes_coro(pair.stream, *large, sizeof *large, &first));
    turns(3);
    eddy_auto(eddy_task) *b = eddy_create_task(writes_coro(pair.stream, "second", 6, &second));
    turns(3);
    eddy_cancel(b);
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(second, EDDY_ECANCELED);
    while (!eddy_task_done(a) || count < sizeof *large) {
        ssize_t n = recv(pair.raw, got, sizeof got, 0);

        for (ssize_t i = 0; i < n; i++)
            CHECK(got[i] == 'f');
        count += n > 0 ? (size_t)n : 0;
        CHECK_OK(eddy_sleep(0));
    }
    CHECK_INT(first, sizeof *large);
    CHECK_INT(eddy_write(pair.stream, "third", 5), 5);
    raw_expect(pair.raw, "third");
    pair_close(&pair);
}

TEST(write_held_back_and_cancelled_sends_nothing)
{
    static char large[200000], got[65536];
    struct pair pair = pair_open_with(true, &(eddy_stream_opts){.high_water = sizeof large});
    size_t count = 0;
    ssize_t n = 0;

    memset(large, 'f', sizeof large);
    CHECK_INT(eddy_write(pair.stream, large, sizeof large), sizeof large);
    eddy_timeout(0.005)
        n = eddy_write(pair.stream, large, sizeof large);
    CHECK_INT(n, EDDY_ETIMEDOUT);
    while (count < sizeof large) {
        n = recv(pair.raw, got, sizeof got, 0);
        count += n > 0 ? (size_t)n : 0;
        CHECK_OK(eddy_sleep(0));
    }
    CHECK_INT(eddy_write(pair.stream, "next", 4), 4);
    raw_expect(pair.raw, "next");
    pair_close(&pair);
}

/* ---- peers that go ---- */

TEST(write_to_a_peer_that_has_gone)
{
    struct pair pair = pair_open();
    ssize_t n = 0;

    raw_reset(pair.raw);
    for (int i = 0; i < 3 && n >= 0; i++)
        n = eddy_write(pair.stream, "x", 1);
    CHECK(n == EDDY_ECONNRESET || n == EDDY_EPIPE);
    CHECK_CONTAINS(last_message(), "cannot write to ");
    CHECK_INT(eddy_write(pair.stream, "x", 1), n);
    eddy_stream_close(pair.stream);
}

static int resets_after(double seconds, int fd)
{
    eddy_try(eddy_sleep(seconds));
    raw_reset(fd);
    return 0;
}
EDDY_CORO(resets_after, double, int)

TEST(write_that_waits_is_woken_by_a_reset)
{
    char(*const large)[16 << 20] = test_room(sizeof *large);
    struct pair pair = pair_open();

    eddy_auto(eddy_task) *peer = eddy_create_task(resets_after_coro(0.005, pair.raw));
    ssize_t n = eddy_write(pair.stream, *large, sizeof *large);
    CHECK(n == EDDY_ECONNRESET || n == EDDY_EPIPE);
    CHECK(eddy_flush(pair.stream) < 0);
    eddy_stream_close(pair.stream);
}

TEST(write_failure_behind_the_back_comes_with_the_next_call)
{
    static char large[100000];
    struct pair pair = pair_open_with(true, &(eddy_stream_opts){.high_water = sizeof large});

    CHECK_INT(eddy_write(pair.stream, large, sizeof large), sizeof large);
    raw_reset(pair.raw);
    CHECK_OK(eddy_sleep(0.01));
    int status = eddy_flush(pair.stream);
    CHECK(status == EDDY_ECONNRESET || status == EDDY_EPIPE);
    CHECK_INT(eddy_write(pair.stream, "x", 1), status);
    eddy_stream_close(pair.stream);
}

/* ---- half-close ---- */

TEST(write_eof_leaves_reading_open)
{
    static char large[200000], got[sizeof large + 1];
    struct pair pair = pair_open_with(true, &(eddy_stream_opts){.high_water = sizeof large});
    size_t count = 0;

    memset(large, 'l', sizeof large);
    CHECK_INT(eddy_write(pair.stream, large, sizeof large), sizeof large);
    eddy_auto(eddy_task) *end =
        eddy_create_task(eddy_coro_of((int (*)(void *))eddy_write_eof, pair.stream));
    for (ssize_t n = 1; n != 0; CHECK_OK(eddy_sleep(0))) {
        n = recv(pair.raw, got + count, sizeof got - count, 0);
        count += n > 0 ? (size_t)n : 0;
    }
    CHECK_INT(count, sizeof large);
    CHECK_INT(eddy_await(end), 0);
    CHECK_INT(eddy_write(pair.stream, "x", 1), EDDY_EPIPE);
    CHECK_CONTAINS(last_message(), "after eddy_write_eof");
    CHECK_INT(eddy_write_eof(pair.stream), 0);
    CHECK_INT(eddy_flush(pair.stream), 0);
    raw_send(pair.raw, "answer");
    CHECK_INT(eddy_read(pair.stream, got, sizeof got), 6);
    pair_close(&pair);
}

TEST(write_goes_on_after_the_peers_end)
{
    struct pair pair = pair_open();
    char byte;

    shutdown(pair.raw, SHUT_WR);
    CHECK_INT(eddy_read(pair.stream, &byte, 1), 0);
    CHECK_INT(eddy_write(pair.stream, "still here", 10), 10);
    raw_expect(pair.raw, "still here");
    pair_close(&pair);
}

/* ---- sweeps ---- */

static int drains(eddy_stream *stream)
{
    static char sink[65536];

    while (eddy_try(eddy_read(stream, sink, sizeof sink)) > 0)
        continue;
    return 0;
}
EDDY_CORO(drains, eddy_stream *)

SWEEP(write_sweep)
{
    char(*const large)[6 << 20] = test_room(sizeof *large);
    eddy_stream *streams[2];
    ssize_t written, n = 0;

    streams_open(streams, NULL);
    eddy_task *reader = eddy_create_task(drains_coro(streams[1]));
    eddy_task *other = eddy_create_task(writes_coro(streams[0], *large, sizeof *large, &n));
    eddy_ignore(eddy_sleep(0));
    written = eddy_write(streams[0], *large, sizeof *large);
    if (written >= 0)
        written = eddy_flush(streams[0]);
    if (written >= 0)
        written = eddy_await(other);
    eddy_stream_close(streams[0]);
    if (written >= 0)
        written = eddy_await(reader);
    eddy_task_close(other);
    eddy_task_close(reader);
    eddy_stream_close(streams[1]);
    return (int)written;
}

static int writes_much(eddy_stream *s)
{
    char(*const bytes)[8 << 20] = test_room(sizeof *bytes);

    return (int)eddy_write(s, *bytes, sizeof *bytes);
}
EDDY_CORO(writes_much, eddy_stream *)

static double count_waits(eddy_loop *loop, void *arg)
{
    (void)loop;
    ++*(int *)arg;
    return INFINITY;
}

static void check_waiting_writer(bool tcp)
{
    int fds[2], waits = 0;

    if (tcp)
        half_tcp_pair(fds);
    else
        CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    eddy_stream *s = eddy_stream_of_socket(fds[0], NULL);
    CHECK(s);
    CHECK_OK(shutdown(fds[1], SHUT_WR));
    eddy_task *task = eddy_create_task(writes_much_coro(s));
    CHECK_OK(eddy_sleep(0.05));
    eddy_loop_set_poll_hook(eddy_loop_running(), count_waits, &waits);
    CHECK_OK(eddy_sleep(0.1));
    eddy_loop_set_poll_hook(eddy_loop_running(), NULL, NULL);
    CHECK(waits < 20);
    CHECK(!eddy_task_done(task));
    eddy_cancel(task);
    CHECK_INT(eddy_await(task), EDDY_ECANCELED);
    eddy_task_close(task);
    eddy_stream_close(s);
    close(fds[1]);
}

/* U7 */
TEST_REAL(write_that_waits_for_a_half_closed_peer_leaves_the_loop_asleep)
{
    check_waiting_writer(false);
    check_waiting_writer(true);
}

static int flushes(eddy_stream *stream, bool eof)
{
    return eof ? eddy_write_eof(stream) : eddy_flush(stream);
}
EDDY_CORO(flushes, eddy_stream *, bool)

/* U2: the stream has gone before those who waited in it run. */
TEST(U2_flush_of_a_stream_that_is_aborted_and_closed)
{
    static char bytes[60000];

    for (int eof = 0; eof < 2; eof++) {
        struct pair pair = pair_open_with(true, NULL);

        while (!eddy__stream_unsent(pair.stream))
            CHECK(eddy_write(pair.stream, bytes, sizeof bytes) > 0);
        eddy_auto(eddy_task) *task = eddy_create_task(flushes_coro(pair.stream, eof));
        CHECK_OK(eddy_sleep(0.01));
        eddy_stream_abort(pair.stream);
        eddy_stream_close(pair.stream);
        CHECK_INT(eddy_await(task), EDDY_ECLOSED);
        close(pair.raw);
    }
}

/* Reading: what is there, exactly so much, up to a separator, lines. */
#include "loop/io.h"
#include "stream/peer.h"

/* ---- eddy_read ---- */

TEST(read_takes_what_is_there)
{
    struct pair pair = pair_open();
    char buf[100];

    raw_send(pair.raw, "hello");
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 5);
    CHECK_MEM(buf, "hello", 5);
    raw_send(pair.raw, "hello again");
    CHECK_INT(eddy_read(pair.stream, buf, 5), 5);
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 6);
    CHECK_MEM(buf, " again", 6);
    pair_close(&pair);
}

TEST(read_waits)
{
    struct pair pair = pair_open();
    char buf[100];

    for (int i = 0; i < 5; i++) {
        eddy_auto(eddy_task) *sender = eddy_create_task(sends_after_coro(0.002, pair.raw, "abc"));
        CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 3);
        CHECK_INT(eddy_await(sender), 0);
    }
    pair_close(&pair);
}

TEST(read_gives_0_at_the_end)
{
    struct pair pair = pair_open();
    char buf[8];

    raw_send(pair.raw, "x");
    shutdown(pair.raw, SHUT_WR);
    CHECK(!eddy_at_eof(pair.stream));
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 1);
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 0);
    CHECK(eddy_at_eof(pair.stream));
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 0);
    pair_close(&pair);
}

static int sends_and_ends(double seconds, int fd, const char *text)
{
    eddy_try(eddy_sleep(seconds));
    raw_send(fd, text);
    shutdown(fd, SHUT_WR);
    return 0;
}
EDDY_CORO(sends_and_ends, double, int, const char *)

/* Bytes and the end come in one event: the short read must not wait for another. */
TEST(read_sees_an_end_that_came_with_the_bytes)
{
    for (int waits = 0; waits < 4; waits++) {
        struct pair pair = pair_open();
        char buf[100];

        for (int i = 0; i < waits; i++) {
            eddy_auto(eddy_task) *t = eddy_create_task(sends_after_coro(0.001, pair.raw, "abc"));
            CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 3);
            CHECK_INT(eddy_await(t), 0);
        }
        eddy_auto(eddy_task) *t = eddy_create_task(sends_and_ends_coro(0.001, pair.raw, "last"));
        CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 4);
        CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 0);
        pair_close(&pair);
    }
}

TEST(J2_second_reader_is_refused)
{
    struct pair pair = pair_open();
    ssize_t n = 0;
    char buf[8], *line;

    eddy_auto(eddy_task) *reader = eddy_create_task(reads_coro(pair.stream, buf, sizeof buf, &n));
    turns(2);
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), EDDY_EBUSY);
    CHECK_INT(eddy_read_line(pair.stream, &line), EDDY_EBUSY);
    CHECK_INT(eddy_read_exactly(pair.stream, buf, 3), EDDY_EBUSY);
    raw_send(pair.raw, "one");
    CHECK_INT(eddy_await(reader), 0);
    CHECK_INT(n, 3);
    raw_send(pair.raw, "two");
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 3);
    pair_close(&pair);
}

TEST(read_cancelled_loses_nothing)
{
    struct pair pair = pair_open();
    ssize_t n = 0;
    char buf[8] = "";

    for (int i = 0; i < 3; i++) {
        eddy_auto(eddy_task) *reader = eddy_create_task(reads_coro(pair.stream, buf, 8, &n));
        turns(2);
        eddy_cancel(reader);
        raw_send(pair.raw, "ab");
        CHECK_INT(eddy_await(reader), 0);
        CHECK_INT(n, EDDY_ECANCELED);
        CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 2);
        CHECK_MEM(buf, "ab", 2);
    }
    pair_close(&pair);
}

TEST(read_obeys_a_deadline)
{
    struct pair pair = pair_open();
    char buf[8];
    ssize_t n = 0;

    eddy_timeout(0.01)
        n = eddy_read(pair.stream, buf, sizeof buf);
    CHECK_INT(n, EDDY_ETIMEDOUT);
    raw_send(pair.raw, "late");
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 4);
    pair_close(&pair);
}

struct two_readers {
    struct pair first, second;
    eddy_task *second_task;
};

static int cancels_the_other(struct two_readers *both)
{
    char byte;

    eddy_try(eddy_read(both->first.stream, &byte, 1));
    eddy_cancel(both->second_task);
    return 0;
}
EDDY_CORO(cancels_the_other, struct two_readers *)

TEST(D1_bytes_that_have_come_win_against_cancellation)
{
    struct two_readers both = {pair_open(), pair_open(), NULL};
    ssize_t n = 0;
    char buf[8];

    eddy_auto(eddy_task) *first = eddy_create_task(cancels_the_other_coro(&both));
    eddy_auto(eddy_task) *second = eddy_create_task(reads_coro(both.second.stream, buf, 8, &n));
    both.second_task = second;
    turns(3);
    raw_send(both.first.raw, "x");
    raw_send(both.second.raw, "data");
    CHECK_INT(eddy_await(first), 0);
    CHECK_INT(eddy_await(second), 0);
    CHECK_INT(n, 4);
    pair_close(&both.first);
    pair_close(&both.second);
}

TEST(read_bad_arguments)
{
    struct pair pair = pair_open();
    char buf[4], *line;

    CHECK_INT(eddy_read(NULL, buf, 4), EDDY_EINVAL);
    CHECK_INT(eddy_read(pair.stream, NULL, 4), EDDY_EINVAL);
    CHECK_INT(eddy_read(pair.stream, buf, 0), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "at least one byte");
    CHECK_INT(eddy_read_exactly(pair.stream, NULL, 4), EDDY_EINVAL);
    CHECK_INT(eddy_read_exactly(pair.stream, buf, SIZE_MAX), EDDY_EINVAL);
    CHECK_INT(eddy_read_exactly(pair.stream, buf, 0), 0);
    CHECK_INT(eddy_read_until(pair.stream, "", &line), EDDY_EINVAL);
    CHECK_INT(eddy_read_until(pair.stream, NULL, &line), EDDY_EINVAL);
    CHECK_INT(eddy_read_until(pair.stream, "x", NULL), EDDY_EINVAL);
    CHECK_INT(eddy_read_line(pair.stream, NULL), EDDY_EINVAL);
    pair_close(&pair);
}

TEST(read_from_a_peer_that_resets)
{
    struct pair pair = pair_open();
    char buf[8];

    raw_reset(pair.raw);
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), EDDY_ECONNRESET);
    CHECK_CONTAINS(last_message(), "cannot read from ");
    CHECK_CONTAINS(last_message(), ": connection reset by peer");
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), EDDY_ECONNRESET);
    CHECK(!eddy_at_eof(pair.stream));
    eddy_stream_close(pair.stream);
}

static int resets_after(double seconds, int fd)
{
    eddy_try(eddy_sleep(seconds));
    raw_reset(fd);
    return 0;
}
EDDY_CORO(resets_after, double, int)

TEST(read_is_woken_by_a_reset)
{
    struct pair pair = pair_open();
    char *line;

    raw_send(pair.raw, "half a line");
    eddy_auto(eddy_task) *peer = eddy_create_task(resets_after_coro(0.005, pair.raw));
    CHECK_INT(eddy_read_line(pair.stream, &line), EDDY_ECONNRESET);
    eddy_stream_close(pair.stream);
}

/* Messages as long as the buffer make the stream read wide; what follows them must not be lost. */
TEST(read_of_full_buffers)
{
    struct pair pair = pair_open();
    char buf[8], all[200] = "";
    size_t count = 0;

    for (int i = 0; i < 10; i++) {
        eddy_auto(eddy_task) *t = eddy_create_task(sends_after_coro(0, pair.raw, "12345678"));
        CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 8);
        CHECK_MEM(buf, "12345678", 8);
        CHECK_INT(eddy_await(t), 0);
    }
    CHECK(pair.stream->wide);
    raw_send(pair.raw, "a message that is a good deal longer than eight bytes, so that it is read "
                       "in pieces, some of which lie in the stream's own buffer");
    shutdown(pair.raw, SHUT_WR);
    for (ssize_t n; (n = CHECK_OK(eddy_read(pair.stream, all + count, 8))) > 0;)
        count += (size_t)n;
    CHECK_STR(all, "a message that is a good deal longer than eight bytes, so that it is read in "
                   "pieces, some of which lie in the stream's own buffer");
    pair_close(&pair);
}

/* ---- eddy_read_exactly ---- */

TEST(read_exactly_across_pieces)
{
    struct pair pair = pair_open();
    char buf[16] = "";

    eddy_auto(eddy_task) *t = eddy_create_task(sends_byte_by_byte_coro(pair.raw, "0123456789ab"));
    CHECK_INT(eddy_read_exactly(pair.stream, buf, 10), 10);
    CHECK_STR(buf, "0123456789");
    CHECK_INT(eddy_read_exactly(pair.stream, buf, 2), 2);
    CHECK_MEM(buf, "ab", 2);
    pair_close(&pair);
}

TEST(J1_read_exactly_at_the_end_keeps_the_bytes)
{
    struct pair pair = pair_open();
    char buf[16], large[10000];

    raw_send(pair.raw, "abc");
    shutdown(pair.raw, SHUT_WR);
    CHECK_INT(eddy_read_exactly(pair.stream, buf, 10), EDDY_EOF);
    CHECK_CONTAINS(last_message(), "after 3 of 10 bytes");
    CHECK_INT(eddy_read_exactly(pair.stream, large, sizeof large), EDDY_EOF);
    CHECK_CONTAINS(last_message(), "after 3 of 10000 bytes");
    CHECK(!eddy_at_eof(pair.stream));
    CHECK_INT(eddy_read_exactly(pair.stream, buf, 3), 3);
    CHECK_MEM(buf, "abc", 3);
    CHECK(eddy_at_eof(pair.stream));
    CHECK_INT(eddy_read_exactly(pair.stream, buf, 1), EDDY_EOF);
    pair_close(&pair);
}

TEST(J1_read_exactly_cancelled_keeps_the_bytes)
{
    static char large[50000];
    struct pair pair = pair_open();
    ssize_t n = 0;

    for (int i = 0; i < 3; i++) {
        raw_send(pair.raw, "0123456789");
        eddy_timeout(0.005)
            n = eddy_read_exactly(pair.stream, large, i == 1 ? 100 : sizeof large);
        CHECK_INT(n, EDDY_ETIMEDOUT);
    }
    CHECK_INT(eddy_read_exactly(pair.stream, large, 30), 30);
    CHECK_MEM(large, "012345678901234567890123456789", 30);
    pair_close(&pair);
}

/* ---- eddy_read_until ---- */

TEST(read_until_gives_the_separator_and_a_zero)
{
    struct pair pair = pair_open();
    char *data, buf[32] = "";

    raw_send(pair.raw, "key: value, rest");
    CHECK_INT(eddy_read_until(pair.stream, ": ", &data), 5);
    CHECK_STR(data, "key: ");
    CHECK_INT(eddy_read_until(pair.stream, ",", &data), 6);
    CHECK_STR(data, "value,");
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 5);
    CHECK_STR(buf, " rest");
    pair_close(&pair);
}

TEST(read_until_finds_a_separator_in_pieces)
{
    struct pair pair = pair_open();
    char *data;

    eddy_auto(eddy_task) *t =
        eddy_create_task(sends_byte_by_byte_coro(pair.raw, "--bound--boundary\r\n--boundary\r\n"));
    CHECK_INT(eddy_read_until(pair.stream, "--boundary\r\n", &data), 19);
    CHECK_STR(data, "--bound--boundary\r\n");
    CHECK_INT(eddy_read_until(pair.stream, "--boundary\r\n", &data), 12);
    pair_close(&pair);
}

TEST(J1_read_until_over_the_limit_keeps_the_bytes)
{
    struct pair pair = pair_open_with(false, &(eddy_stream_opts){.limit = 8});
    char *data, buf[64] = "";

    raw_send(pair.raw, "12345678::123456789::");
    CHECK_INT(eddy_read_until(pair.stream, "::", &data), 10);
    CHECK_INT(eddy_read_until(pair.stream, "::", &data), EDDY_ELIMIT);
    CHECK_CONTAINS(last_message(), "the 8 bytes that are the limit");
    CHECK_INT(eddy_read_until(pair.stream, "::", &data), EDDY_ELIMIT);
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 11);
    CHECK_STR(buf, "123456789::");
    pair_close(&pair);
}

TEST(J1_read_until_at_the_end_keeps_the_bytes)
{
    struct pair pair = pair_open();
    char *data, buf[8] = "";

    raw_send(pair.raw, "abc");
    shutdown(pair.raw, SHUT_WR);
    CHECK_INT(eddy_read_until(pair.stream, ";", &data), EDDY_EOF);
    CHECK_CONTAINS(last_message(), "after 3 bytes");
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 3);
    CHECK_STR(buf, "abc");
    pair_close(&pair);
}

/* ---- eddy_read_line ---- */

TEST(read_line_without_its_end)
{
    struct pair pair = pair_open();
    char *line;

    raw_send(pair.raw, "one\ntwo\r\n\n\r\nfi\rve\nlast");
    shutdown(pair.raw, SHUT_WR);
    CHECK_INT(eddy_read_line(pair.stream, &line), 3);
    CHECK_STR(line, "one");
    CHECK_INT(eddy_read_line(pair.stream, &line), 3);
    CHECK_STR(line, "two");
    CHECK_INT(eddy_read_line(pair.stream, &line), 0);
    CHECK_STR(line, "");
    CHECK_INT(eddy_read_line(pair.stream, &line), 0);
    CHECK_STR(line, "");
    CHECK_INT(eddy_read_line(pair.stream, &line), 5);
    CHECK_STR(line, "fi\rve");
    CHECK_INT(eddy_read_line(pair.stream, &line), 4);
    CHECK_STR(line, "last");
    for (int i = 0; i < 2; i++) {
        CHECK_INT(eddy_read_line(pair.stream, &line), 0);
        CHECK_PTR(line, NULL);
    }
    CHECK(eddy_at_eof(pair.stream));
    pair_close(&pair);
}

TEST(read_line_byte_by_byte)
{
    struct pair pair = pair_open();
    char *line;

    eddy_auto(eddy_task) *t =
        eddy_create_task(sends_byte_by_byte_coro(pair.raw, "GET / x\r\n\r\n"));
    CHECK_INT(eddy_read_line(pair.stream, &line), 7);
    CHECK_STR(line, "GET / x");
    CHECK_INT(eddy_read_line(pair.stream, &line), 0);
    CHECK(line != NULL);
    pair_close(&pair);
}

TEST(J1_read_line_over_the_limit_keeps_the_bytes)
{
    struct pair pair = pair_open_with(false, &(eddy_stream_opts){.limit = 4});
    char *line, buf[16] = "";

    raw_send(pair.raw, "1234\n12345\n");
    CHECK_INT(eddy_read_line(pair.stream, &line), 4);
    CHECK_INT(eddy_read_line(pair.stream, &line), EDDY_ELIMIT);
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 6);
    CHECK_STR(buf, "12345\n");
    pair_close(&pair);
}

/* A peer that never ends its line cannot make the stream take more than the limit. */
TEST(J1_endless_line_takes_bounded_memory)
{
    char(*const much)[2 << 20] = test_room(sizeof *much);
    struct pair pair = pair_open();
    char *line;

    memset(*much, 'x', sizeof *much);
    CHECK(send(pair.raw, *much, sizeof *much, MSG_NOSIGNAL) > 200000);
    CHECK_INT(eddy_read_line(pair.stream, &line), EDDY_ELIMIT);
    CHECK(pair.stream->in.capacity <= 262144);
    pair_close(&pair);
}

TEST(read_line_gives_memory_back_while_it_waits)
{
    static char long_line[30000];
    struct pair pair = pair_open();
    char *line;
    ssize_t n = 0;

    memset(long_line, 'x', sizeof long_line - 2);
    long_line[sizeof long_line - 2] = '\n';
    raw_send(pair.raw, long_line);
    CHECK_INT(eddy_read_line(pair.stream, &line), sizeof long_line - 2);
    CHECK(pair.stream->in.capacity > EDDY__BUFFER_SMALL);
    eddy_timeout(0.005)
        n = eddy_read_line(pair.stream, &line);
    CHECK_INT(n, EDDY_ETIMEDOUT);
    CHECK(pair.stream->in.capacity <= EDDY__BUFFER_SMALL);
    pair_close(&pair);
}

/* ---- all of them, on much ---- */

static int writes_much(eddy_stream *stream, size_t total)
{
    static char chunk[200000];
    uint64_t random = 1;
    size_t written = 0;

    while (written < total) {
        size_t size = 1 + random_next(&random) % (random % 16 ? 3000 : sizeof chunk);

        size = min_size(size, total - written);
        endless_copy(chunk, written, size);
        CHECK_INT(eddy_write(stream, chunk, size), size);
        written += size;
    }
    return eddy_write_eof(stream);
}
EDDY_CORO(writes_much, eddy_stream *, size_t)

static ssize_t read_somehow(eddy_stream *stream, uint64_t *random, char *buf, char **data,
                            size_t left)
{
    size_t size = 1 + random_next(random) % (*random % 8 ? 2000 : 100000);

    *data = buf;
    switch (random_next(random) % 3) {
    case 0:
        return eddy_read(stream, buf, size);
    case 1:
        return eddy_read_exactly(stream, buf, min_size(size, left));
    default:
        return left < 100000 ? eddy_read(stream, buf, size) : eddy_read_until(stream, "\n", data);
    }
}

static void read_much(eddy_stream *stream, size_t total)
{
    static char buf[100000];
    uint64_t random = 2;
    size_t got = 0;
    char *data;

    while (got < total) {
        size_t n = (size_t)CHECK_OK(read_somehow(stream, &random, buf, &data, total - got));

        if (!endless_equal(data, got, n))
            test_fail(__FILE__, __LINE__, "wrong bytes from %zu on", got);
        got += n;
    }
    CHECK_INT(eddy_read(stream, buf, sizeof buf), 0);
}

/* Closes both. */
static void check_much(eddy_stream *streams[2], size_t total)
{
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_much_coro(streams[0], total));
    read_much(streams[1], total);
    CHECK_INT(eddy_await(writer), 0);
    eddy_stream_close(streams[0]);
    eddy_stream_close(streams[1]);
}

TEST_REAL(read_100_megabytes)
{
    eddy_stream *streams[2];

    streams_open(streams, NULL);
    check_much(streams, test_is_watched() ? 10 << 20 : 100 << 20);
}

TEST(J11_read_much_in_memory)
{
    static const size_t high_water[] = {1, 5000, 65536};
    eddy_stream *streams[2];

    for (size_t i = 0; i < count_of(high_water); i++) {
        CHECK_INT(eddy_stream_pair(streams, .high_water = high_water[i], .limit = 100000), 0);
        check_much(streams, i == 0 ? 200000 : 4 << 20);
    }
}

/* The peer's end comes while nobody waits to read, in one event with the last bytes. */
TEST_REAL(stream_end_that_came_unasked_is_read_after_the_last_bytes)
{
    struct pair pair = pair_open();
    char data[10];
    ssize_t n = -1;

    CHECK_OK(eddy__fd_want(&pair.stream->fd, EDDY_WRITABLE));
    raw_send(pair.raw, "one");
    CHECK_INT(eddy_read(pair.stream, data, sizeof data), 3);
    raw_send(pair.raw, "two");
    shutdown(pair.raw, SHUT_WR);
    CHECK_OK(eddy_sleep(0.01));
    CHECK_INT(eddy_read(pair.stream, data, sizeof data), 3);
    eddy_timeout(5)
        n = eddy_read(pair.stream, data, sizeof data);
    CHECK_INT(n, 0);
    pair_close(&pair);
}

/* The end comes with data, of which a second event tells alone: the ring does so now and then. */
TEST_REAL(stream_end_is_read_after_an_event_without_it)
{
    struct pair pair = pair_open();
    char data[10];
    ssize_t n = -1;

    eddy_timeout(0.01)
        n = eddy_read(pair.stream, data, sizeof data);
    CHECK_INT(n, EDDY_ETIMEDOUT);
    raw_send(pair.raw, "two");
    shutdown(pair.raw, SHUT_WR);
    CHECK_OK(eddy_sleep(0.01));
    eddy__fd_tell(&pair.stream->fd, POLLIN);
    CHECK_INT(eddy_read(pair.stream, data, sizeof data), 3);
    eddy_timeout(5)
        n = eddy_read(pair.stream, data, sizeof data);
    CHECK_INT(n, 0);
    pair_close(&pair);
}

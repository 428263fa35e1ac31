/* test_stream_peek.c - J24: looking at bytes before taking them. */
#include "stream/peer.h"

TEST(J24_peek_takes_nothing)
{
    struct pair pair = pair_open();
    const char *data = NULL;
    char buf[16];

    raw_send(pair.raw, "hello");
    CHECK_INT(eddy_peek(pair.stream, 0, &data), 5);
    CHECK_MEM(data, "hello", 5);
    CHECK_INT(eddy_peek(pair.stream, 4, &data), 5);
    CHECK_INT(eddy_peek_nowait(pair.stream, &data), 5);
    CHECK_INT(eddy_skip(pair.stream, 2), 0);
    CHECK_INT(eddy_peek(pair.stream, 0, &data), 3);
    CHECK_MEM(data, "llo", 3);
    CHECK_INT(eddy_read(pair.stream, buf, sizeof buf), 3);
    CHECK_MEM(buf, "llo", 3);
    pair_close(&pair);
}

static int sends_more(int fd)
{
    eddy_try(eddy_sleep(0.002));
    raw_send(fd, "lo\nx");
    eddy_try(eddy_sleep(0.002));
    shutdown(fd, SHUT_WR);
    return 0;
}
EDDY_CORO(sends_more, int)

TEST(J24_peek_waits_for_more_than_it_is_told_of)
{
    struct pair pair = pair_open();
    const char *data;
    char *line;

    raw_send(pair.raw, "hel");
    CHECK_INT(eddy_peek(pair.stream, 0, &data), 3);
    eddy_auto(eddy_task) *sender = eddy_create_task(sends_more_coro(pair.raw));
    CHECK_INT(eddy_peek(pair.stream, 3, &data), 7);
    CHECK_INT(eddy_peek(pair.stream, 7, &data), 7); /* the end */
    CHECK_MEM(data, "hello\nx", 7);
    CHECK_INT(eddy_read_line(pair.stream, &line), 5);
    CHECK_STR(line, "hello");
    CHECK_INT(eddy_peek(pair.stream, 0, &data), 1);
    CHECK_INT(eddy_skip(pair.stream, 1), 0);
    CHECK_INT(eddy_peek(pair.stream, 0, &data), 0);
    CHECK(eddy_at_eof(pair.stream));
    CHECK_INT(eddy_await(sender), 0);
    pair_close(&pair);
}

TEST(J24_bounds_of_peek_and_skip)
{
    eddy_stream *ends[2];
    const char *data;

    CHECK_INT(eddy_stream_pair(ends, .limit = 8), 0);
    CHECK_INT(eddy_write(ends[1], "0123456789", 10), 10);
    CHECK_INT(eddy_peek(ends[0], 0, &data), 10);
    CHECK_INT(eddy_skip(ends[0], 11), EDDY_EINVAL);
    CHECK_STR(eddy_error_message(eddy_last_error()), "eddy_skip of 11 bytes, where 10 have come");
    CHECK_INT(eddy_peek(ends[0], 10, &data), EDDY_ELIMIT);
    CHECK_INT(eddy_skip(ends[0], 10), 0);
    CHECK_INT(eddy_skip(ends[0], 1), EDDY_EINVAL);
    CHECK_INT(eddy_skip(NULL, 0), EDDY_EINVAL);
    CHECK_INT(eddy_peek_nowait(ends[0], &data), 0);
    CHECK_STR(data, "");
    CHECK_INT(eddy_peek_nowait(NULL, &data), EDDY_EINVAL);
    CHECK_INT(eddy_peek_nowait(ends[0], NULL), EDDY_EINVAL);
    CHECK_INT(eddy_peek(NULL, 0, &data), EDDY_EINVAL);
    CHECK_INT(eddy_peek(ends[0], 0, NULL), EDDY_EINVAL);
    eddy_stream_close(ends[1]);
    CHECK_INT(eddy_peek(ends[0], 0, &data), 0);
    eddy_stream_close(ends[0]);
}

static int writes_later(eddy_stream *stream)
{
    eddy_try(eddy_sleep(1));
    return (int)eddy_write(stream, "abc", 3);
}
EDDY_CORO(writes_later, eddy_stream *)

static int peek_waiting(eddy_stream *ends[2])
{
    eddy_auto(eddy_task) *writer = eddy_try(eddy_create_task(writes_later_coro(ends[1])));
    const char *data;

    ssize_t n = eddy_try(eddy_peek(ends[0], 0, &data));
    CHECK_MEM(data, "abc", (size_t)n);
    return eddy_await(writer) < 0 ? eddy_last_status() : 0;
}

SWEEP(J24_a_cancelled_peek_leaves_the_stream_usable)
{
    eddy_stream *ends[2];

    eddy_try(eddy_stream_pair(ends));
    int status = peek_waiting(ends);
    eddy_shield(1) {
        const char *data;
        eddy_ignore(eddy_write(ends[1], "d", 1));
        CHECK(eddy_peek(ends[0], 0, &data) > 0);
    }
    eddy_stream_close(ends[1]);
    eddy_stream_close(ends[0]);
    return status;
}

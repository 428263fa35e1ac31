/* Streams in memory: everything that a stream promises, and that waiting in them is no I/O. */
#include "stream/peer.h"

static void pair_make(eddy_stream *pair[2], const eddy_stream_opts *opts)
{
    CHECK_INT(eddy_stream_pair_with(pair, opts), 0);
}

static void close_both(eddy_stream *pair[2])
{
    eddy_stream_close(pair[0]);
    eddy_stream_close(pair[1]);
}

TEST(memory_pair_talks)
{
    eddy_stream *pair[2];
    char *line, buf[8] = "";

    pair_make(pair, NULL);
    CHECK_INT(eddy_write(pair[0], "one\ntwo", 7), 7);
    CHECK_INT(eddy_read_line(pair[1], &line), 3);
    CHECK_STR(line, "one");
    CHECK_INT(eddy_read(pair[1], buf, sizeof buf), 3);
    CHECK_STR(buf, "two");
    CHECK_INT(eddy_printf(pair[1], "%d", 42), 2);
    CHECK_INT(eddy_read_exactly(pair[0], buf, 2), 2);
    CHECK_MEM(buf, "42", 2);
    close_both(pair);
}

TEST(memory_pair_has_names_and_no_descriptor)
{
    eddy_stream *pair[2];

    pair_make(pair, NULL);
    CHECK_STR(eddy_stream_local(pair[0]), "memory 1");
    CHECK_STR(eddy_stream_peer(pair[0]), "memory 2");
    CHECK_STR(eddy_stream_local(pair[1]), "memory 2");
    CHECK_STR(eddy_stream_peer(pair[1]), "memory 1");
    CHECK_INT(eddy_stream_fd(pair[0]), -1);
    close_both(pair);
}

TEST(memory_pair_options_are_checked)
{
    eddy_stream *pair[2];

    CHECK_INT(eddy_stream_pair(pair, .high_water = 10, .low_water = 11), EDDY_EINVAL);
    CHECK_PTR(pair[0], NULL);
    CHECK_PTR(pair[1], NULL);
}

TEST_PLAIN(memory_pair_needs_a_loop)
{
    eddy_stream *pair[2];

    CHECK_INT(eddy_stream_pair(pair), EDDY_ELOOP);
    eddy_error_clear();
}

/* ---- the ends ---- */

TEST(J11_memory_half_close)
{
    eddy_stream *pair[2];
    char buf[8];

    pair_make(pair, NULL);
    CHECK_INT(eddy_write(pair[0], "last", 4), 4);
    CHECK_INT(eddy_write_eof(pair[0]), 0);
    CHECK_INT(eddy_write(pair[0], "x", 1), EDDY_EPIPE);
    CHECK(!eddy_at_eof(pair[1]));
    CHECK_INT(eddy_read(pair[1], buf, sizeof buf), 4);
    CHECK_INT(eddy_read(pair[1], buf, sizeof buf), 0);
    CHECK(eddy_at_eof(pair[1]));
    CHECK_INT(eddy_write(pair[1], "answer", 6), 6);
    CHECK_INT(eddy_read(pair[0], buf, sizeof buf), 6);
    close_both(pair);
}

TEST(J11_memory_closed_peer)
{
    eddy_stream *pair[2];
    char *line;

    pair_make(pair, NULL);
    CHECK_INT(eddy_write(pair[0], "rest", 4), 4);
    eddy_stream_close(pair[0]);
    CHECK_INT(eddy_write(pair[1], "x", 1), EDDY_EPIPE);
    CHECK_CONTAINS(last_message(), "cannot write to memory 1: broken pipe");
    CHECK_INT(eddy_read_line(pair[1], &line), 4);
    CHECK_STR(line, "rest");
    CHECK_INT(eddy_read_line(pair[1], &line), 0);
    CHECK_INT(eddy_write_eof(pair[1]), EDDY_EPIPE);
    eddy_stream_close(pair[1]);
}

TEST(J11_memory_abort_resets_the_peer)
{
    eddy_stream *pair[2];
    char buf[8];

    pair_make(pair, NULL);
    CHECK_INT(eddy_write(pair[0], "sent", 4), 4);
    eddy_stream_abort(pair[0]);
    CHECK_INT(eddy_write(pair[1], "x", 1), EDDY_ECONNRESET);
    CHECK_INT(eddy_read(pair[1], buf, sizeof buf), 4);
    CHECK_INT(eddy_read(pair[1], buf, sizeof buf), EDDY_ECONNRESET);
    CHECK_INT(eddy_read(pair[1], buf, sizeof buf), EDDY_ECONNRESET);
    CHECK(!eddy_at_eof(pair[1]));
    close_both(pair);
}

static int aborts(eddy_stream *stream)
{
    eddy_stream_abort(stream);
    return 0;
}
EDDY_CORO(aborts, eddy_stream *)

TEST(J11_memory_abort_wakes_the_peer)
{
    static char large[200000];
    eddy_stream *pair[2];
    ssize_t got = 0, written = 0;
    char byte;

    pair_make(pair, NULL);
    eddy_auto(eddy_task) *reader = eddy_create_task(reads_coro(pair[1], &byte, 1, &got));
    eddy_auto(eddy_task) *writer =
        eddy_create_task(writes_coro(pair[1], large, sizeof large, &written));
    eddy_auto(eddy_task) *aborter = eddy_create_task(aborts_coro(pair[0]));
    CHECK_INT(eddy_await(reader), 0);
    CHECK_INT(eddy_await(writer), 0);
    CHECK_INT(got, EDDY_ECONNRESET);
    CHECK_INT(written, EDDY_ECONNRESET);
    close_both(pair);
}

TEST(U2_memory_close_ends_every_kind_of_wait)
{
    static char large[200000];
    eddy_stream *pair[2];
    ssize_t n = 0, status[3] = {0};
    eddy_task *writers[3];
    char byte;

    pair_make(pair, NULL);
    eddy_auto(eddy_task) *reader = eddy_create_task(reads_coro(pair[0], &byte, 1, &n));
    for (int i = 0; i < 3; i++)
        writers[i] = eddy_create_task(writes_coro(pair[0], large, sizeof large, &status[i]));
    CHECK_OK(eddy_sleep(1));
    eddy_stream_close(pair[0]);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(eddy_await(writers[i]), 0);
        CHECK_INT(status[i], EDDY_ECLOSED);
        eddy_task_close(writers[i]);
    }
    CHECK_INT(eddy_await(reader), 0);
    CHECK_INT(n, EDDY_ECLOSED);
    eddy_stream_close(pair[1]);
}

TEST(memory_ends_may_be_closed_in_any_order)
{
    for (int i = 0; i < 2; i++) {
        eddy_stream *pair[2];
        char byte;

        pair_make(pair, NULL);
        CHECK_INT(eddy_write(pair[i], "unread", 6), 6);
        eddy_stream_close(pair[i]);
        CHECK_INT(eddy_read(pair[1 - i], &byte, 1), 1);
        eddy_stream_close(pair[1 - i]);
    }
}

static eddy_stream *left[2];

static int leaves_a_pair(void)
{
    eddy_try(eddy_stream_pair(left));
    return (int)eddy_try(eddy_write(left[0], "unread", 6));
}
EDDY_CORO(leaves_a_pair)

TEST_PLAIN(memory_ends_outlive_their_loop)
{
    CHECK_INT(eddy_run(leaves_a_pair_coro()), 6);
    close_both(left);
}

/* ---- back-pressure ---- */

TEST(J3_memory_writer_waits_above_high_water)
{
    static char piece[100], sink[4000];
    eddy_stream *pair[2];
    ssize_t n = 0;
    size_t written = 0;

    pair_make(pair, &(eddy_stream_opts){.high_water = 1000, .low_water = 200});
    while (n >= 0) {
        eddy_timeout(0.01)
            n = eddy_write(pair[0], piece, sizeof piece);
        written += n > 0 ? (size_t)n : 0;
    }
    CHECK_INT(n, EDDY_ETIMEDOUT);
    CHECK_INT(written, 2000);
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_coro(pair[0], piece, 100, &n));
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(eddy_read(pair[1], sink, 700), 700);
    CHECK_OK(eddy_sleep(1));
    CHECK(!eddy_task_done(writer));
    CHECK_INT(eddy_read(pair[1], sink, 100), 100);
    CHECK_INT(eddy_await(writer), 0);
    CHECK_INT(eddy_read_exactly(pair[1], sink, 1300), 1300);
    close_both(pair);
}

TEST(A13_memory_close_waits_for_the_reader)
{
    static char large[100000];
    eddy_stream *pair[2];

    pair_make(pair, NULL);
    CHECK_INT(eddy_write(pair[0], large, sizeof large), sizeof large);
    double before = eddy_loop_time(eddy_loop_running());
    eddy_stream_close(pair[0]);
    CHECK_NEAR(eddy_loop_time(eddy_loop_running()) - before, 5.0, 0.001);
    eddy_stream_close(pair[1]);
}

TEST(memory_close_sends_what_is_unsent)
{
    static char large[100000], got[100000];
    eddy_stream *pair[2];

    pair_make(pair, NULL);
    endless_copy(large, 0, sizeof large);
    CHECK_INT(eddy_write(pair[0], large, sizeof large), sizeof large);
    eddy_auto(eddy_task) *closer = eddy_create_task(closes_after_coro(0, pair[0]));
    CHECK_INT(eddy_read_exactly(pair[1], got, sizeof got), sizeof got);
    CHECK(endless_equal(got, 0, sizeof got));
    CHECK_INT(eddy_read(pair[1], got, 1), 0);
    CHECK_INT(eddy_await(closer), 0);
    eddy_stream_close(pair[1]);
}

/* ---- waiting is no I/O ---- */

static int writes_after(double seconds, eddy_stream *stream, const char *text)
{
    eddy_try(eddy_sleep(seconds));
    return (int)eddy_write(stream, text, strlen(text));
}
EDDY_CORO(writes_after, double, eddy_stream *, const char *)

TEST(G7_time_jumps_while_a_memory_stream_is_waited_for)
{
    eddy_stream *pair[2];
    char buf[8];

    pair_make(pair, NULL);
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_after_coro(86400, pair[0], "late"));
    CHECK_INT(eddy_read(pair[1], buf, sizeof buf), 4);
    CHECK_INT(eddy_loop_running()->io_waits, 0);
    CHECK_INT(eddy_await(writer), 4);
    close_both(pair);
}

static int reads_what_nobody_writes(void)
{
    eddy_stream *pair[2];
    char byte;

    eddy_try(eddy_stream_pair(pair));
    int status = (int)eddy_read(pair[0], &byte, 1);
    close_both(pair);
    return status;
}
EDDY_CORO(reads_what_nobody_writes)

static int writes_what_nobody_reads(void)
{
    static char large[200000];
    eddy_stream *pair[2];
    ssize_t n;

    eddy_try(eddy_stream_pair(pair));
    eddy_task *other = eddy_create_task(writes_coro(pair[0], large, sizeof large, &n));
    int status = (int)eddy_write(pair[0], large, sizeof large);
    eddy_task_close(other);
    close_both(pair);
    return status;
}
EDDY_CORO(writes_what_nobody_reads)

static int run_quietly(void *coro)
{
    return eddy_run(*(eddy_coro *)coro) == EDDY_EDEADLOCK ? 0 : 1;
}

TEST_PLAIN(G8_waiting_for_nobody_in_memory_is_a_deadlock)
{
    eddy_coro coros[] = {reads_what_nobody_writes_coro(), writes_what_nobody_reads_coro()};
    const char *words[] = {"data on a stream", "room in a stream"};

    for (int i = 0; i < 2; i++) {
        char output[8192];

        CHECK_INT(test_child(run_quietly, &coros[i], output, sizeof output), 0);
        CHECK_CONTAINS(output, words[i]);
    }
}

/* ---- cancellation ---- */

TEST(D1_memory_read_loses_nothing)
{
    eddy_stream *pair[2];
    char buf[8] = "";
    ssize_t n = 0;

    pair_make(pair, NULL);
    eddy_auto(eddy_task) *cancelled = eddy_create_task(reads_coro(pair[1], buf, 8, &n));
    CHECK_OK(eddy_sleep(0));
    eddy_cancel(cancelled);
    CHECK_INT(eddy_write(pair[0], "ab", 2), 2);
    CHECK_INT(eddy_await(cancelled), 0);
    CHECK_INT(n, EDDY_ECANCELED);
    CHECK_INT(eddy_read(pair[1], buf, 8), 2);
    eddy_auto(eddy_task) *served = eddy_create_task(reads_coro(pair[1], buf, 8, &n));
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(eddy_write(pair[0], "cd", 2), 2);
    eddy_cancel(served);
    CHECK_INT(eddy_await(served), 0);
    CHECK_INT(n, 2);
    close_both(pair);
}

TEST(J2_memory_second_reader_is_refused)
{
    eddy_stream *pair[2];
    ssize_t n;
    char byte;

    pair_make(pair, NULL);
    eddy_auto(eddy_task) *reader = eddy_create_task(reads_coro(pair[1], &byte, 1, &n));
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(eddy_read(pair[1], &byte, 1), EDDY_EBUSY);
    CHECK_INT(eddy_write(pair[0], "x", 1), 1);
    CHECK_INT(eddy_await(reader), 0);
    close_both(pair);
}

static int answers(eddy_stream *stream)
{
    char *line;

    while (eddy_try(eddy_read_line(stream, &line)) > 0)
        eddy_try(eddy_printf(stream, "%s again\n", line));
    return eddy_write_eof(stream);
}
EDDY_CORO(answers, eddy_stream *)

static int ask(eddy_stream *pair[2])
{
    static char large[30000];
    char *line;

    eddy_auto(eddy_task) *other = eddy_try(eddy_create_task(answers_coro(pair[1])));
    memset(large, 'x', sizeof large);
    for (int i = 0; i < 3; i++) {
        eddy_try(eddy_printf(pair[0], "line %d\n", i));
        eddy_try(eddy_read_line(pair[0], &line));
    }
    eddy_try(eddy_write(pair[0], large, sizeof large));
    eddy_try(eddy_write(pair[0], "\n", 1));
    eddy_try(eddy_write_eof(pair[0]));
    eddy_try(eddy_read_until(pair[0], " again\n", &line));
    eddy_try(eddy_read(pair[0], large, sizeof large));
    return eddy_await(other);
}

/* A failure on one side must not leave the other waiting for ever. */
static int ask_in_memory(void)
{
    eddy_stream *pair[2];
    int status = 0;

    eddy_try(eddy_stream_pair(pair, .high_water = 1000));
    eddy_timeout(60)
        status = ask(pair);
    close_both(pair);
    return status;
}

SWEEP(memory_sweep)
{
    return ask_in_memory();
}

TORTURE(memory_torture)
{
    return ask_in_memory();
}

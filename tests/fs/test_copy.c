/* Copying between streams, and sending files over them. */
/* pkg-config: openssl */
#include "closing.h"
#include "fs/folder.h"
#include "tls/identity.h"

#include <eddy/copy.h>
#include <eddy/pipe.h>

static int copies(eddy_stream *to, eddy_stream *from, int64_t *copied)
{
    int64_t n = eddy_copy(to, from, .copied = copied);

    return n < 0 ? (int)n : 0;
}
EDDY_CORO(copies, eddy_stream *, eddy_stream *, int64_t *)

static int copies_and_ends(eddy_stream *to, eddy_stream *from, int64_t *copied)
{
    eddy_try(copies(to, from, copied));
    return eddy_write_eof(to);
}
EDDY_CORO(copies_and_ends, eddy_stream *, eddy_stream *, int64_t *)

/* Writes size of the endless bytes, in pieces of all lengths, and the end. */
static int writes_endless(eddy_stream *s, size_t size)
{
    static char piece[150000];
    uint64_t state = size;

    for (size_t done = 0, n; done < size; done += n) {
        n = min_size(random_next(&state) % sizeof piece, size - done);
        endless_copy(piece, done, n);
        eddy_try(eddy_write(s, piece, n));
    }
    return eddy_write_eof(s);
}
EDDY_CORO(writes_endless, eddy_stream *, size_t)

/* Everything up to the end is size of them. */
static void expect_endless(eddy_stream *s, size_t size)
{
    static char piece[70000];
    size_t got = 0;
    ssize_t n;

    while ((n = CHECK_OK(eddy_read(s, piece, sizeof piece))) > 0) {
        CHECK(endless_equal(piece, got, (size_t)n));
        got += (size_t)n;
    }
    CHECK_INT(got, size);
}

static void close_all(eddy_stream *streams[2])
{
    for (int i = 0; i < 2; i++)
        eddy_stream_close(streams[i]);
}

/* ---- between streams ---- */

TEST(K2_copy_sockets_with_bounded_memory)
{
    enum { SIZE = 5000000 };
    eddy_stream *in[2], *out[2];
    int64_t copied = 0;

    streams_open(in, NULL);
    streams_open(out, &(eddy_stream_opts){.high_water = 10000});
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_endless_coro(in[0], SIZE));
    eddy_auto(eddy_task) *copier = eddy_create_task(copies_and_ends_coro(out[0], in[1], &copied));
    CHECK_OK(eddy_sleep(0.01));
    while (!out[0]->writer)
        CHECK_OK(eddy_sleep(0.001));
    CHECK(eddy__stream_unsent(out[0]) <= 10000);
    CHECK(in[1]->in.capacity <= 65536);
    CHECK(copied > 0 && copied < SIZE);
    expect_endless(out[1], SIZE);
    CHECK_INT(eddy_await(writer), 0);
    CHECK_INT(eddy_await(copier), 0);
    CHECK_INT(copied, SIZE);
    close_all(in);
    close_all(out);
}

TEST(copy_takes_what_was_read_ahead_first)
{
    eddy_stream *in[2], *out[2];
    char *line;

    streams_open(in, NULL);
    streams_open(out, NULL);
    CHECK_INT(eddy_write(in[0], "head\nbody\nrest", 14), 14);
    CHECK_INT(eddy_write_eof(in[0]), 0);
    CHECK_INT(eddy_read_line(in[1], &line), 4);
    CHECK_INT(eddy_copy(out[0], in[1], .size = 5), 5);
    CHECK_INT(eddy_read_line(out[1], &line), 4);
    CHECK_STR(line, "body");
    CHECK_INT(eddy_read_until(in[1], "s", &line), 3);
    CHECK_STR(line, "res");
    CHECK_INT(eddy_copy(out[0], in[1]), 1);
    CHECK(eddy_at_eof(in[1]));
    CHECK_INT(eddy_copy(out[0], in[1]), 0);
    close_all(in);
    close_all(out);
}

TEST(J1_copy_exactly)
{
    eddy_stream *in[2], *out[2];
    char *line;

    streams_open(in, NULL);
    streams_open(out, NULL);
    CHECK_INT(eddy_copy_exactly(out[0], in[1], 0), 0); /* though nothing has come */
    CHECK_INT(eddy_write(in[0], "12345\n78", 8), 8);
    CHECK_INT(eddy_write_eof(in[0]), 0);
    CHECK_INT(eddy_copy_exactly(out[0], in[1], 6), 6);
    CHECK_INT(eddy_read_line(out[1], &line), 5);
    CHECK_INT(eddy_copy_exactly(out[0], in[1], 4), EDDY_EOF);
    CHECK_CONTAINS(last_message(), "ended after 2 of 4 bytes");
    CHECK_INT(eddy_write(out[0], "\n", 1), 1);
    CHECK_INT(eddy_read_line(out[1], &line), 2);
    CHECK_STR(line, "78");
    close_all(in);
    close_all(out);
}

TEST(copy_from_a_stream_to_itself_echoes)
{
    eddy_stream *ends[2];
    int64_t copied;

    streams_open(ends, NULL);
    eddy_auto(eddy_task) *echo = eddy_create_task(copies_and_ends_coro(ends[1], ends[1], &copied));
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_endless_coro(ends[0], 1000000));
    expect_endless(ends[0], 1000000);
    CHECK_INT(eddy_await(writer), 0);
    CHECK_INT(eddy_await(echo), 0);
    CHECK_INT(copied, 1000000);
    close_all(ends);
}

TEST(copy_file_to_pipe_to_file)
{
    enum { SIZE = 300000 };
    eddy_stream *ends[2];
    int64_t copied;

    folder_make();
    eddy_stream *file = eddy_file_open(in_folder("a"), "w+");
    CHECK_INT(writes_endless(file, SIZE), EDDY_ENOTSUP); /* a file has no end to be written */
    CHECK_INT(eddy_file_seek(file, 0, SEEK_SET), 0);
    CHECK_OK(eddy_pipe_open(ends));
    eddy_auto(eddy_task) *copier = eddy_create_task(copies_and_ends_coro(ends[1], file, &copied));
    eddy_stream *other = eddy_file_open(in_folder("b"), "w+");
    CHECK_INT(eddy_copy(other, ends[0]), SIZE);
    CHECK_INT(eddy_await(copier), 0);
    CHECK_INT(eddy_file_seek(other, 0, SEEK_SET), 0);
    expect_endless(other, SIZE);
    eddy_stream_close(other);
    eddy_stream_close(file);
    close_all(ends);
    folder_remove();
}

static struct house h;
static int64_t tls_copied;

static int copies_back(eddy_stream *peer)
{
    return copies_and_ends(peer, peer, &tls_copied);
}

TEST(copy_over_tls)
{
    house_open(&h, copies_back);
    eddy_auto(eddy_stream) *s = house_connect(&h);
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_endless_coro(s, 2000000));
    expect_endless(s, 2000000);
    CHECK_INT(eddy_await(writer), 0);
    CHECK_INT(tls_copied, 2000000);
    eddy_stream_close(eddy_take(s));
    house_free(&h);
}

/* ---- failures ---- */

TEST(copy_bad_arguments)
{
    eddy_stream *s[2];

    streams_open(s, NULL);
    CHECK_INT(eddy_copy(NULL, s[0]), EDDY_EINVAL);
    CHECK_INT(eddy_copy(s[0], NULL), EDDY_EINVAL);
    CHECK_INT(eddy_copy(s[0], s[1], .size = -1), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "size is -1");
    CHECK_INT(eddy_copy_exactly(s[0], s[1], -5), EDDY_EINVAL);
    CHECK_INT(eddy_sendfile(s[0], s[1], 0, -1), EDDY_EINVAL);
    CHECK_INT(eddy_sendfile(s[0], NULL, 0, -1), EDDY_EINVAL);
    close_all(s);
}

TEST(J2_copy_keeps_other_readers_out)
{
    eddy_stream *in[2], *out[2];
    int64_t copied = 0;
    char buf[10];

    streams_open(in, NULL);
    streams_open(out, &(eddy_stream_opts){.high_water = 1000});
    eddy_auto(eddy_task) *copier = eddy_create_task(copies_coro(out[0], in[1], &copied));
    turns(3);
    CHECK_INT(eddy_read(in[1], buf, 1), EDDY_EBUSY); /* while it waits for bytes */
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_endless_coro(in[0], 30000000));
    while (!out[0]->writer)
        CHECK_OK(eddy_sleep(0.001));
    CHECK_INT(eddy_read(in[1], buf, 1), EDDY_EBUSY); /* and for room */
    eddy_stream_abort(in[0]);
    eddy_stream_abort(out[0]);
    close_all(in);
    close_all(out);
}

struct copying {
    eddy_stream *in[2], *out[2];
    eddy_task *copier;
    int64_t copied;
};

static void copying_begin(struct copying *c)
{
    streams_open(c->in, NULL);
    streams_open(c->out, &(eddy_stream_opts){.high_water = 1000});
    c->copier = eddy_create_task(copies_coro(c->out[0], c->in[1], &c->copied));
    turns(3);
}

static void copying_end(struct copying *c)
{
    CHECK_INT(eddy_await(c->copier), EDDY_ECLOSED);
    eddy_task_close(c->copier);
    close_all(c->in);
    close_all(c->out);
}

TEST(U2_copy_ends_when_the_stream_it_reads_is_closed)
{
    struct copying c;

    copying_begin(&c);
    eddy_stream_close(eddy_take(c.in[1]));
    copying_end(&c);
}

TEST(U2_copy_ends_when_the_stream_it_writes_is_closed)
{
    struct copying c;

    copying_begin(&c);
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_endless_coro(c.in[0], 30000000));
    while (!c.out[0]->writer)
        CHECK_OK(eddy_sleep(0.001));
    eddy_stream_abort(c.out[0]);
    eddy_stream_close(eddy_take(c.out[0]));
    eddy_cancel(writer);
    eddy_ignore(eddy_await(writer));
    eddy_stream_abort(c.in[0]);
    copying_end(&c);
}

TEST(U2_copy_learns_with_the_next_byte_that_the_other_stream_was_closed)
{
    struct copying c;

    copying_begin(&c);
    eddy_stream_close(eddy_take(c.out[0]));
    CHECK_INT(eddy_write(c.in[0], "x", 1), 1);
    copying_end(&c);
}

TEST(K1_copy_the_reader_has_gone)
{
    struct pair in = pair_open(), out = pair_open();
    int64_t copied = 0;

    raw_reset(out.raw);
    raw_send(in.raw, "lost?");
    while (!out.stream->fd.hangup && eddy_write(out.stream, "x", 1) > 0)
        CHECK_OK(eddy_sleep(0.001));
    CHECK(copies(out.stream, in.stream, &copied) < 0);
    CHECK_INT(copied, 0);
    char buf[5];
    CHECK_INT(eddy_read_exactly(in.stream, buf, 5), 5); /* no */
    CHECK_MEM(buf, "lost?", 5);
    pair_close(&in);
    eddy_stream_close(out.stream);
}

/* ---- cancelled: no byte is lost ---- */

static int reads_endless(eddy_stream *s, size_t size)
{
    expect_endless(s, size);
    return 0;
}
EDDY_CORO(reads_endless, eddy_stream *, size_t)

TEST(K1_copy_that_is_cancelled_loses_nothing)
{
    enum { SIZE = 3000000 };
    eddy_stream *in[2], *out[2];
    int64_t sum = 0, copied = 0;
    int status = EDDY_ETIMEDOUT;

    streams_open(in, NULL);
    streams_open(out, &(eddy_stream_opts){.high_water = 20000});
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_endless_coro(in[0], SIZE));
    eddy_auto(eddy_task) *reader = eddy_create_task(reads_endless_coro(out[1], SIZE));
    while (status == EDDY_ETIMEDOUT) {
        eddy_timeout(1e-6)
            status = copies(out[0], in[1], &copied);
        sum += copied;
        turns(1);
    }
    CHECK_INT(status, 0);
    CHECK_INT(sum, SIZE);
    CHECK_INT(eddy_write_eof(out[0]), 0);
    CHECK_INT(eddy_await(writer), 0);
    CHECK_INT(eddy_await(reader), 0);
    close_all(in);
    close_all(out);
}

/* Of a write longer than high_water a part might be sent when it is cancelled. */
TEST(K1_copy_offers_no_more_than_high_water)
{
    enum { SIZE = 10000 };
    eddy_stream *in[2], *out[2];
    int64_t copied = 0;
    int status = 0;
    static char sent[SIZE], got[SIZE];

    for (int i = 0; i < SIZE; i++)
        sent[i] = (char)(i % 251);
    CHECK_INT(eddy_stream_pair(in), 0);
    CHECK_INT(eddy_stream_pair(out, .high_water = 1000), 0);
    CHECK_INT(eddy_write(in[0], sent, SIZE), SIZE);
    eddy_timeout(0.01)
        status = copies(out[0], in[1], &copied);
    CHECK_INT(status, EDDY_ETIMEDOUT);
    CHECK(copied > 0 && copied <= 2000);
    CHECK_INT(eddy_read_exactly(out[1], got, (size_t)copied), copied);
    CHECK_INT(eddy_read_exactly(in[1], got + copied, (size_t)(SIZE - copied)), SIZE - copied);
    CHECK_MEM(got, sent, SIZE);
    CHECK_INT(eddy_write(out[0], "x", 1), 1);
    close_all(in);
    close_all(out);
}

static int scenario_of_streams(eddy_stream *in[2], eddy_stream *out[2])
{
    char buf[6];

    eddy_try(eddy_write(in[0], "onetwo", 6));
    eddy_try(eddy_copy(out[0], in[1], .size = 3));
    eddy_try(eddy_copy_exactly(out[0], in[1], 3));
    eddy_try(eddy_read_exactly(out[1], buf, 6));
    CHECK_MEM(buf, "onetwo", 6);
    return 0;
}

static int scenario(void)
{
    int fds[4], status = -ENOMEM;
    eddy_stream *s[4];

    raw_pair(fds, false);
    raw_pair(fds + 2, false);
    for (int i = 0; i < 4; i++) {
        s[i] = eddy_stream_of_socket(fds[i], NULL);
        if (!s[i])
            close(fds[i]);
    }
    if (s[0] && s[1] && s[2] && s[3])
        status = scenario_of_streams(s, s + 2);
    else
        eddy_raise(status, "a stream is missing");
    close_all(s);
    close_all(s + 2);
    return status;
}

SWEEP(copy_cancelled_at_every_suspension)
{
    return scenario();
}

TORTURE(copy_under_failures)
{
    return scenario();
}

/* ---- sendfile ---- */

TEST(sendfile_sends_parts_and_leaves_the_position)
{
    eddy_stream *s[2];
    char buf[20];

    folder_make();
    plain_write(in_folder("a"), "0123456789");
    streams_open(s, NULL);
    eddy_auto(eddy_stream) *file = eddy_file_open(in_folder("a"), "r");
    CHECK_INT(eddy_read(file, buf, 3), 3);
    CHECK_INT(eddy_sendfile(s[0], file, 2, 4), 4);
    CHECK_INT(eddy_sendfile(s[0], file, 8, -1), 2);
    CHECK_INT(eddy_sendfile(s[0], file, 8, 5), 2); /* the file ends before */
    CHECK_INT(eddy_sendfile(s[0], file, 10, -1), 0);
    CHECK_INT(eddy_sendfile(s[0], file, 99, 1), 0);
    CHECK_INT(eddy_sendfile(s[0], file, 3, 0), 0);
    CHECK_INT(eddy_sendfile(s[0], file, -1, 3), EDDY_EINVAL);
    CHECK_INT(eddy_sendfile(s[0], file, 0, -2), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "count -2");
    CHECK_INT(eddy_read_exactly(s[1], buf, 8), 8);
    CHECK_MEM(buf, "23458989", 8);
    CHECK_INT(eddy_read(file, buf, 20), 7);
    close_all(s);
    folder_remove();
}

static int sends_file(eddy_stream *to, eddy_stream *file)
{
    int64_t n = eddy_try(eddy_sendfile(to, file, 0, -1));

    CHECK_INT(n, 2000000);
    return eddy_write_eof(to);
}
EDDY_CORO(sends_file, eddy_stream *, eddy_stream *)

TEST(sendfile_one_file_to_many_at_once)
{
    enum { MANY = 5 };
    eddy_stream *ends[MANY][2];
    eddy_task *tasks[MANY];

    folder_make();
    eddy_auto(eddy_stream) *file = eddy_file_open(in_folder("a"), "w+");
    eddy_ignore(writes_endless(file, 2000000));
    for (int i = 0; i < MANY; i++) {
        streams_open(ends[i], NULL);
        tasks[i] = eddy_create_task(sends_file_coro(ends[i][0], file));
    }
    for (int i = 0; i < MANY; i++) {
        expect_endless(ends[i][1], 2000000);
        CHECK_INT(eddy_await(tasks[i]), 0);
        eddy_task_close(tasks[i]);
        close_all(ends[i]);
    }
    folder_remove();
}

static int send_over_tls(eddy_stream *peer)
{
    eddy_auto(eddy_stream) *file = eddy_try(eddy_file_open(in_folder("a"), "r"));

    eddy_try(eddy_sendfile(peer, file, 0, -1));
    return eddy_write_eof(peer);
}

TEST(sendfile_over_tls)
{
    folder_make();
    eddy_auto(eddy_stream) *file = eddy_file_open(in_folder("a"), "w+");
    eddy_ignore(writes_endless(file, 2000000));
    house_open(&h, send_over_tls);
    eddy_auto(eddy_stream) *s = house_connect(&h);
    expect_endless(s, 2000000);
    eddy_stream_close(eddy_take(s));
    house_free(&h);
    folder_remove();
}

static int drains(eddy_stream *s)
{
    char piece[4096];

    while (eddy_try(eddy_read(s, piece, sizeof piece)) > 0)
        continue;
    return 0;
}
EDDY_CORO(drains, eddy_stream *)

TEST(U2_sendfile_ends_when_the_file_is_closed)
{
    eddy_stream *s[2];

    folder_make();
    eddy_stream *file = eddy_file_open(in_folder("a"), "w+");
    CHECK_INT(eddy_file_truncate(file, 1 << 30), 0);
    streams_open(s, NULL);
    eddy_auto(eddy_task) *sender = eddy_create_task(sends_file_coro(s[0], file));
    while (!s[0]->writer)
        CHECK_OK(eddy_sleep(0.001));
    eddy_stream_close(file);
    eddy_auto(eddy_task) *reader = eddy_create_task(drains_coro(s[1]));
    CHECK_INT(eddy_await(sender), EDDY_ECLOSED);
    CHECK_INT(eddy_write_eof(s[0]), 0);
    CHECK_INT(eddy_await(reader), 0);
    close_all(s);
    folder_remove();
}

static int send_scenario(eddy_stream *to)
{
    eddy_auto(eddy_stream) *file = eddy_try(eddy_file_open(in_folder("a"), "r"));

    return (int)eddy_try(eddy_sendfile(to, file, 0, -1)) == 10 ? 0 : EDDY_EIO;
}

static int sendfile_scenario(void)
{
    int fds[2], status = -ENOMEM;

    folder_make();
    plain_write(in_folder("a"), "0123456789");
    raw_pair(fds, false);
    eddy_stream *to = eddy_stream_of_socket(fds[0], NULL);
    if (to)
        status = send_scenario(to);
    else
        close(fds[0]);
    eddy_stream_close(to);
    close(fds[1]);
    folder_remove();
    return to ? status : eddy_last_status();
}

SWEEP(sendfile_cancelled_at_every_suspension)
{
    return sendfile_scenario();
}

TORTURE(sendfile_under_failures)
{
    return sendfile_scenario();
}

TEST(D6_sendfile_holds_both_streams)
{
    eddy_stream *pair[2];

    folder_make();
    plain_write(in_folder("a"), "0123456789");
    for (int i = 0; i < 2; i++) {
        eddy_stream *file = eddy_file_open(in_folder("a"), "r");

        CHECK_INT(eddy_stream_pair(pair), 0);
        CHECK_INT(CLOSED_IN_THE_CALL(eddy_stream_close, i ? pair[0] : file,
                                     eddy_sendfile(pair[0], file, 0, -1)),
                  EDDY_ECLOSED);
        eddy_stream_close(i ? file : pair[0]);
        eddy_stream_close(pair[1]);
    }
}

/* test_stream_cork.c - J21: what is written between eddy_cork and eddy_uncork leaves together. */
/* pkg-config: openssl */
#include "stream/joined.h"
#include "tls/identity.h"

#include "base/fault.h"
#include <sys/ioctl.h>
#include <unistd.h>

static void write_three(eddy_stream *s)
{
    CHECK_INT(eddy_write(s, "one", 3), 3);
    CHECK_INT(eddy_printf(s, " %s ", "two"), 5);
    CHECK_INT(eddy_write(s, "three\n", 6), 6);
}

static int waiting(int fd)
{
    int n = -1;

    CHECK_OK(ioctl(fd, FIONREAD, &n));
    return n;
}

TEST(J21_corked_writes_are_one_system_call)
{
    struct pair p = pair_open();

    CHECK_OK(eddy_cork(p.stream));
    write_three(p.stream);
    CHECK_OK(eddy_sleep(0.01));
    CHECK_INT(waiting(p.raw), 0);
    long before = eddy__fault_count();
    CHECK_OK(eddy_uncork(p.stream));
    CHECK_INT(eddy__fault_count() - before, 1);
    raw_expect(p.raw, "one two three\n");
    write_three(p.stream); /* as before */
    raw_expect(p.raw, "one two three\n");
    pair_close(&p);
}

/* Whatever ends what came before sends it. */
TEST(J21_flush_eof_and_close_uncork)
{
    for (int how = 0; how < 3; how++) {
        struct pair p = pair_open();
        char byte;

        CHECK_OK(eddy_cork(p.stream));
        write_three(p.stream);
        if (how == 0)
            CHECK_OK(eddy_flush(p.stream));
        else if (how == 1)
            CHECK_OK(eddy_write_eof(p.stream));
        else
            eddy_stream_close(eddy_take(p.stream));
        raw_expect(p.raw, "one two three\n");
        if (how)
            CHECK_INT(raw_receive(p.raw, &byte, 1), 0);
        pair_close(&p);
    }
}

static int close_in_callback(void *arg)
{
    eddy_stream_close(arg);
    return 0;
}

TEST(J21_close_in_a_callback_uncorks)
{
    struct pair p = pair_open();

    CHECK_OK(eddy_cork(p.stream));
    write_three(p.stream);
    eddy_loop_call_soon(eddy_loop_running(), close_in_callback, p.stream);
    CHECK_OK(eddy_sleep(0));
    raw_expect(p.raw, "one two three\n");
    close(p.raw);
}

static int uncork_in_callback(void *arg)
{
    return eddy_uncork(arg);
}

static int failed_in_callback;

static void note_failure(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)loop, (void)arg;
    failed_in_callback = eddy_error_code(report->error);
}

/* There is no task whose interruption it could be. */
TEST(J21_uncork_in_a_callback_fails)
{
    eddy_stream *ends[2];

    CHECK_OK(eddy_pipe_open(ends));
    eddy_loop_set_exception_handler(eddy_loop_running(), note_failure, NULL);
    CHECK_OK(eddy_cork(ends[1]));
    write_three(ends[1]);
    eddy_stream_close(ends[0]);
    eddy_loop_call_soon(eddy_loop_running(), uncork_in_callback, ends[1]);
    CHECK_OK(eddy_sleep(0.01));
    CHECK_INT(failed_in_callback, EDDY_EPIPE);
    eddy_loop_set_exception_handler(eddy_loop_running(), NULL, NULL);
    eddy_stream_close(ends[1]);
}

/* A transport that finds its connection broken may end the stream from within. */
static ssize_t write_and_close(eddy_transport *t, const void *buf, size_t size)
{
    (void)buf, (void)size;
    eddy_stream_abort(t->stream);
    eddy_stream_close(t->stream);
    return EDDY_EPIPE;
}

static ssize_t read_nothing(eddy_transport *t, void *buf, size_t size)
{
    (void)t, (void)buf, (void)size;
    return -EAGAIN;
}

TEST(J21_the_transport_closes_the_stream)
{
    static const eddy_transport_kind kind = {.read = read_nothing, .write = write_and_close};
    eddy_stream *s = eddy_stream_open(&kind, NULL, .stream.high_water = 100);

    CHECK_OK(eddy_cork(s));
    CHECK_INT(eddy_write(s, "kept", 4), 4);
    CHECK_INT(eddy_uncork(s), EDDY_ECLOSED);
    s = eddy_stream_open(&kind, NULL, .stream.high_water = 100);
    CHECK_OK(eddy_cork(s));
    CHECK_INT(eddy_write(s, "kept", 4), 4);
    CHECK_INT(eddy_write(s, endless_bytes(), 200), EDDY_ECLOSED); /* beyond high_water */
}

TEST(J21_abort_drops_what_was_kept)
{
    struct pair p = pair_open();
    char byte;

    CHECK_OK(eddy_cork(p.stream));
    write_three(p.stream);
    eddy_stream_abort(p.stream);
    CHECK_INT(raw_receive(p.raw, &byte, 1), -1);
    pair_close(&p);
}

/* A write that goes beyond high_water sends what there is; all bytes come, in order. */
TEST(J21_more_than_high_water)
{
    struct pair p = pair_open_with(true, &(eddy_stream_opts){.high_water = 1000});
    const char *bytes = endless_bytes();
    size_t sent = 0;
    char buf[400];

    CHECK_OK(eddy_cork(p.stream));
    for (int i = 0; i < 3; i++, sent += 300)
        CHECK_INT(eddy_write(p.stream, bytes + sent, 300), 300);
    CHECK_INT(waiting(p.raw), 0);
    CHECK_INT(eddy_write(p.stream, bytes + sent, 300), 300);
    CHECK_OK(eddy_uncork(p.stream));
    for (size_t got = 0; got < 1200;) {
        ssize_t n = raw_receive(p.raw, buf, sizeof buf);

        CHECK(n > 0);
        CHECK_MEM(buf, bytes + got, (size_t)n);
        got += (size_t)n;
    }
    pair_close(&p);
}

/* Corked while the socket is full: nothing stands still, and nothing overtakes. */
TEST(J21_corked_while_the_socket_is_full)
{
    struct pair p = pair_open_with(true, &(eddy_stream_opts){.high_water = 1 << 20});
    const char *bytes = endless_bytes();
    size_t sent = 90000, got = 0;
    char buf[4096];

    CHECK_INT(eddy_write(p.stream, bytes, sent), sent);
    CHECK_OK(eddy_cork(p.stream));
    CHECK_INT(eddy_write(p.stream, bytes + sent, 5000), 5000);
    while (got < sent + 5000) {
        ssize_t n = recv(p.raw, buf, sizeof buf, MSG_DONTWAIT);

        if (n < 0)
            CHECK_OK(eddy_sleep(0.001));
        else
            CHECK_MEM(buf, bytes + got, (size_t)n);
        got += n > 0 ? (size_t)n : 0;
        if (got >= sent)
            CHECK_OK(eddy_uncork(p.stream));
    }
    pair_close(&p);
}

TEST(J21_on_pairs_and_what_suspends)
{
    eddy_stream *s[2];
    struct joined joined[2];
    char *line;

    CHECK_OK(eddy_stream_pair(s));
    for (int i = 0; i < 2; i++) {
        CHECK_OK(eddy_cork(s[0]));
        write_three(s[0]);
        CHECK_OK(eddy_uncork(s[0]));
        CHECK_INT(eddy_read_line(s[1], &line), 13);
        CHECK_STR(line, "one two three");
        eddy_stream_close(s[0]);
        eddy_stream_close(s[1]);
        if (i == 0)
            joined_make(joined, s);
    }
}

/* One record of TLS: what reads from it gets all at once. */
static int writes_corked(eddy_stream *s)
{
    eddy_try(eddy_cork(s));
    write_three(s);
    eddy_try(eddy_uncork(s));
    return eddy_sleep(10);
}

TEST(J21_corked_writes_are_one_record_of_tls)
{
    struct house h;
    char buf[100];

    house_open(&h, writes_corked);
    eddy_stream *s = house_connect(&h);
    CHECK(s);
    CHECK_INT(eddy_read(s, buf, sizeof buf), 14);
    CHECK_MEM(buf, "one two three\n", 14);
    eddy_stream_close(s);
    house_free(&h);
}

TEST(J21_bad_arguments)
{
    struct pair p = pair_open();

    CHECK_INT(eddy_cork(NULL), EDDY_EINVAL);
    CHECK_INT(eddy_uncork(NULL), EDDY_EINVAL);
    CHECK_OK(eddy_uncork(p.stream)); /* it is not corked */
    CHECK_OK(eddy_cork(p.stream));
    CHECK_OK(eddy_cork(p.stream)); /* it counts once */
    CHECK_INT(eddy_write(p.stream, "x", 1), 1);
    CHECK_OK(eddy_uncork(p.stream));
    raw_expect(p.raw, "x");
    eddy_stream_abort(p.stream);
    CHECK_INT(eddy_cork(p.stream), EDDY_ECLOSED);
    CHECK_INT(eddy_uncork(p.stream), EDDY_ECLOSED);
    pair_close(&p);
    eddy_error_clear();
}

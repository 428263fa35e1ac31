/* test_stream_idle.c - J22: whether a connection that was put aside is as it was left. */
/* pkg-config: openssl */
#include "stream/joined.h"
#include "tls/identity.h"

#include <unistd.h>

static void settles(void)
{
    CHECK_OK(eddy_sleep(0.02));
}

TEST(J22_a_quiet_connection_is_idle)
{
    struct pair p = pair_open();
    char buf[10];

    for (int i = 0; i < 3; i++) {
        CHECK(eddy_stream_is_idle(p.stream));
        raw_send(p.raw, "hello");
        CHECK_INT(eddy_read(p.stream, buf, sizeof buf), 5);
        CHECK_INT(eddy_write(p.stream, "x", 1), 1);
    }
    CHECK(eddy_stream_is_idle(p.stream));
    CHECK_INT(p.stream->in.capacity, 0); /* it holds no memory for that */
    pair_close(&p);
}

/* What came is not lost. */
TEST(J22_bytes_that_were_not_asked_for)
{
    struct pair p = pair_open();
    char *line;

    raw_send(p.raw, "HTTP/1.1 408 Request Timeout\r\n");
    settles();
    CHECK(!eddy_stream_is_idle(p.stream));
    CHECK(!eddy_stream_is_idle(p.stream));
    CHECK_INT(eddy_read_line(p.stream, &line), 28);
    CHECK_STR(line, "HTTP/1.1 408 Request Timeout");
    CHECK(eddy_stream_is_idle(p.stream));
    pair_close(&p);
}

TEST(J22_bytes_that_were_read_ahead)
{
    struct pair p = pair_open();
    char *line;

    raw_send(p.raw, "one\ntwo\n");
    CHECK_INT(eddy_read_line(p.stream, &line), 3);
    CHECK(!eddy_stream_is_idle(p.stream));
    CHECK_STR(line, "one");
    CHECK_INT(eddy_read_line(p.stream, &line), 3);
    CHECK_STR(line, "two");
    pair_close(&p);
}

TEST(J22_the_peer_has_ended)
{
    for (int how = 0; how < 3; how++) {
        struct pair p = pair_open();
        char byte;

        if (how == 0)
            CHECK_OK(shutdown(p.raw, SHUT_WR));
        else if (how == 1)
            close(p.raw);
        else
            raw_reset(p.raw);
        settles();
        CHECK(!eddy_stream_is_idle(p.stream));
        CHECK_INT(eddy_read(p.stream, &byte, 1), how < 2 ? 0 : EDDY_ECONNRESET);
        eddy_stream_close(p.stream);
        if (how == 0)
            close(p.raw);
    }
    eddy_error_clear();
}

TEST(J22_who_uses_it)
{
    struct pair p = pair_open_with(true, &(eddy_stream_opts){.high_water = 1 << 20});
    char buf[10];
    ssize_t n = 0;

    eddy_task *reader = eddy_create_task(reads_coro(p.stream, buf, sizeof buf, &n));
    CHECK_OK(eddy_sleep(0));
    CHECK(!eddy_stream_is_idle(p.stream)); /* a task reads */
    raw_send(p.raw, "x");
    CHECK_OK(eddy_await(reader));
    eddy_task_close(reader);
    CHECK_INT(n, 1);
    CHECK(eddy_stream_is_idle(p.stream));
    CHECK_INT(eddy_write(p.stream, endless_bytes(), 100000), 100000);
    CHECK(!eddy_stream_is_idle(p.stream)); /* something is unsent */
    eddy_stream_abort(p.stream);
    CHECK(!eddy_stream_is_idle(p.stream));
    CHECK(!eddy_stream_is_idle(NULL));
    pair_close(&p);
}

/* A read that waits afterwards is woken as always. */
TEST(J22_reading_goes_on)
{
    struct pair p = pair_open();
    char buf[10];
    ssize_t n = 0;

    CHECK(eddy_stream_is_idle(p.stream));
    eddy_task *reader = eddy_create_task(reads_coro(p.stream, buf, sizeof buf, &n));
    settles();
    raw_send(p.raw, "later");
    CHECK_OK(eddy_await(reader));
    eddy_task_close(reader);
    CHECK_INT(n, 5);
    pair_close(&p);
}

TEST(J22_pairs_and_what_suspends)
{
    eddy_stream *s[2];
    struct joined joined[2];
    char byte;

    CHECK_OK(eddy_stream_pair(s));
    CHECK(eddy_stream_is_idle(s[0]));
    CHECK_INT(eddy_write(s[1], "x", 1), 1);
    CHECK(!eddy_stream_is_idle(s[0]));
    CHECK_INT(eddy_read(s[0], &byte, 1), 1);
    CHECK(eddy_stream_is_idle(s[0]));
    eddy_stream_close(s[1]);
    CHECK(!eddy_stream_is_idle(s[0]));
    eddy_stream_close(s[0]);
    joined_make(joined, s);
    CHECK(eddy_stream_is_idle(s[0])); /* as far as one can know */
    CHECK_INT(eddy_write(s[1], "x\ny\n", 4), 4);
    char *line;
    CHECK_INT(eddy_read_line(s[0], &line), 1);
    CHECK(!eddy_stream_is_idle(s[0]));
    eddy_stream_close(s[0]);
    eddy_stream_close(s[1]);
}

static size_t said;

static ssize_t read_and_answer(eddy_transport *t, void *buf, size_t size)
{
    (void)t, (void)buf, (void)size;
    said = 1;
    return -EAGAIN;
}

static ssize_t write_nothing(eddy_transport *t, const void *buf, size_t size)
{
    (void)t, (void)buf, (void)size;
    return -EAGAIN;
}

static size_t what_was_said(const eddy_transport *t)
{
    (void)t;
    return said;
}

/* As TLS, when it is asked for a new key and the socket is full. */
TEST(J22_the_look_itself_leaves_something_unsent)
{
    static const eddy_transport_kind kind = {
        .read = read_and_answer, .write = write_nothing, .unsent = what_was_said};
    eddy_stream *s = eddy_stream_open(&kind, NULL);

    said = 0;
    CHECK(!eddy_stream_is_idle(s));
    eddy_stream_abort(s);
    eddy_stream_close(s);
}

/* ---- TLS ---- */

static bool speaks;

static int echoes_once(eddy_stream *s)
{
    char buf[10];
    ssize_t n = eddy_try(eddy_read(s, buf, sizeof buf));

    eddy_try(eddy_write(s, buf, (size_t)n));
    eddy_try(eddy_sleep(0.05));
    if (speaks)
        eddy_try(eddy_write(s, "unasked", 7));
    return speaks ? eddy_sleep(10) : 0;
}

/* The tickets of TLS 1.3 come behind the handshake, when nobody reads. */
TEST(J22_tickets_of_sessions_do_not_count)
{
    struct house h;
    char buf[10];

    speaks = true;
    house_open(&h, echoes_once);
    eddy_stream *s = house_connect(&h);
    CHECK(s);
    settles();
    struct pollfd p = {.fd = eddy_stream_fd(s), .events = POLLIN};
    CHECK_INT(poll(&p, 1, 0), 1); /* they are there */
    CHECK(eddy_stream_is_idle(s));
    CHECK_INT(poll(&p, 1, 0), 0);
    CHECK_INT(eddy_write(s, "hello", 5), 5);
    CHECK_INT(eddy_read(s, buf, sizeof buf), 5);
    CHECK(eddy_stream_is_idle(s));
    CHECK_OK(eddy_sleep(0.1));
    CHECK(!eddy_stream_is_idle(s));
    CHECK_INT(eddy_read(s, buf, sizeof buf), 7);
    eddy_stream_close(s);
    house_free(&h);
}

TEST(J22_the_peer_has_ended_tls)
{
    struct house h;
    char buf[10];

    speaks = false;
    house_open(&h, echoes_once);
    eddy_stream *s = house_connect(&h);
    CHECK(s);
    CHECK_INT(eddy_write(s, "hello", 5), 5);
    CHECK_INT(eddy_read(s, buf, sizeof buf), 5);
    CHECK(eddy_stream_is_idle(s));
    CHECK_OK(eddy_sleep(0.1));
    CHECK(!eddy_stream_is_idle(s));
    eddy_stream_close(s);
    house_free(&h);
}

/* Streams with TLS: bytes both ways, ends and cuts. */
/* pkg-config: openssl */
#include "tls/identity.h"

#include <openssl/err.h>

#include <malloc.h>

static struct house h;

TEST(tls_echo)
{
    char *line;

    house_open(&h, echoes);
    eddy_auto(eddy_stream) *s = house_connect(&h);
    CHECK(s != NULL);
    CHECK_STR(eddy_stream_tls_version(s), "TLSv1.3");
    CHECK_PTR(eddy_stream_alpn(s), NULL);
    check_echo(s);
    CHECK_INT(eddy_printf(s, "one\ntwo\nthr"), 11);
    CHECK_INT(eddy_read_line(s, &line), 3);
    CHECK_STR(line, "one");
    CHECK_INT(eddy_printf(s, "ee\n"), 3);
    CHECK_INT(eddy_read_line(s, &line), 3);
    CHECK_INT(eddy_read_line(s, &line), 5);
    CHECK_STR(line, "three");
    eddy_stream_close(eddy_take(s));
    house_free(&h);
}

TEST(tls_half_close)
{
    char buf[8];

    house_open(&h, echoes);
    eddy_auto(eddy_stream) *s = house_connect(&h);
    CHECK_INT(eddy_write(s, "last", 4), 4);
    CHECK_INT(eddy_write_eof(s), 0);
    CHECK_INT(eddy_write(s, "x", 1), EDDY_EPIPE);
    CHECK_INT(eddy_read_exactly(s, buf, 4), 4);
    CHECK_INT(eddy_read(s, buf, 1), 0);
    CHECK(eddy_at_eof(s));
    eddy_stream_close(eddy_take(s));
    house_free(&h);
}

/* ---- much ---- */

enum { MUCH = 6 << 20 };

static int sends_much(eddy_stream *s)
{
    static const size_t sizes[] = {1, 70000, 16384, 333, 200000, 16385};
    char *piece = malloc(200000);
    int status = 0;

    for (size_t done = 0, i = 0; done < MUCH && status >= 0; i++) {
        size_t size = min_size(sizes[i % count_of(sizes)], MUCH - done);

        endless_copy(piece, done, size);
        ssize_t n = eddy_write(s, piece, size);
        status = n < 0 ? (int)n : 0;
        done += size;
    }
    free(piece);
    return status < 0 ? status : eddy_write_eof(s);
}
EDDY_CORO(sends_much, eddy_stream *)

static int receives_much(eddy_stream *s)
{
    static const size_t sizes[] = {4096, 17, 65536, 16384, 1000};
    char *piece = malloc(65536);
    size_t got = 0;
    ssize_t n = 0;

    for (size_t i = 0; (n = eddy_read(s, piece, sizes[i % count_of(sizes)])) > 0; i++) {
        CHECK(endless_equal(piece, got, (size_t)n));
        got += (size_t)n;
    }
    free(piece);
    CHECK_INT(n, 0);
    CHECK_INT(got, MUCH);
    return 0;
}
EDDY_CORO(receives_much, eddy_stream *)

static int both_ways(eddy_stream *s)
{
    return eddy_gather(sends_much_coro(s), receives_much_coro(s));
}

TEST_REAL(tls_much_both_ways_at_once)
{
    house_open(&h, both_ways);
    eddy_auto(eddy_stream) *s = house_connect(&h);
    CHECK(s != NULL);
    CHECK_INT(both_ways(s), 0);
    eddy_stream_close(eddy_take(s));
    CHECK_INT(eddy_server_drain(h.listening, 5), 0);
    house_free(&h);
}

static int reads_slowly(eddy_stream *s)
{
    eddy_try(eddy_sleep(0.2));
    return receives_much(s);
}

/* The writer meets a full socket in the middle of records. */
TEST_REAL(tls_slow_reader)
{
    house_open(&h, reads_slowly);
    eddy_auto(eddy_stream) *s = house_connect(&h);
    CHECK(s != NULL);
    CHECK_INT(sends_much(s), 0);
    eddy_stream_close(eddy_take(s));
    CHECK_INT(eddy_server_drain(h.listening, 5), 0);
    house_free(&h);
}

/* What was accepted before close arrives, close_notify behind it. */
static int sends_and_closes(eddy_stream *s)
{
    static char block[60000];

    eddy_try(eddy_write(s, block, sizeof block));
    return 0;
}

TEST(tls_close_sends_what_is_unsent)
{
    char buf[4096];
    size_t got = 0;
    ssize_t n;

    house_open(&h, sends_and_closes);
    eddy_auto(eddy_stream) *s = house_connect(&h);
    while ((n = eddy_read(s, buf, sizeof buf)) > 0)
        got += (size_t)n;
    CHECK_INT(n, 0);
    CHECK_INT(got, 60000);
    eddy_stream_close(eddy_take(s));
    house_free(&h);
}

/* ---- cuts ---- */

static int sends_then_cuts(eddy_stream *s)
{
    eddy_try(eddy_write(s, "part", 4));
    shutdown(eddy_stream_fd(s), SHUT_WR); /* behind TLS's back */
    char byte;
    eddy_ignore(eddy_read(s, &byte, 1));
    return 0;
}

TEST(tls_end_without_close_notify_is_a_cut)
{
    char buf[8];

    house_open(&h, sends_then_cuts);
    eddy_auto(eddy_stream) *s = house_connect(&h);
    CHECK_INT(eddy_read(s, buf, sizeof buf), 4);
    CHECK_INT(eddy_read(s, buf, sizeof buf), EDDY_EOF);
    CHECK_CONTAINS(last_text(), "ended without TLS's own end (close_notify)");
    CHECK(!eddy_at_eof(s));
    CHECK_INT(eddy_read(s, buf, sizeof buf), EDDY_EOF);
    eddy_stream_close(eddy_take(s));
    house_free(&h);
}

static int sends_then_resets(eddy_stream *s)
{
    eddy_try(eddy_write(s, "part", 4));
    eddy_try(eddy_sleep(0.01));
    eddy_stream_abort(s);
    return 0;
}

TEST(tls_reset)
{
    char buf[8];

    house_open(&h, sends_then_resets);
    eddy_auto(eddy_stream) *s = house_connect(&h);
    CHECK_INT(eddy_read(s, buf, sizeof buf), 4);
    CHECK_INT(eddy_read(s, buf, sizeof buf), EDDY_ECONNRESET);
    eddy_stream_close(eddy_take(s));
    house_free(&h);
}

static int sends_nonsense(eddy_stream *s)
{
    char byte;

    send(eddy_stream_fd(s), "nonsense, not a record", 22, MSG_NOSIGNAL);
    eddy_ignore(eddy_read(s, &byte, 1));
    return 0;
}

TEST(tls_nonsense_after_the_handshake)
{
    char buf[8];

    house_open(&h, sends_nonsense);
    eddy_auto(eddy_stream) *s = house_connect(&h);
    CHECK_INT(eddy_read(s, buf, sizeof buf), EDDY_ETLS);
    CHECK_CONTAINS(last_text(), "cannot read from 127.0.0.1");
    CHECK_INT(eddy_write(s, "x", 1), EDDY_ETLS);
    eddy_stream_close(eddy_take(s));
    house_free(&h);
}

/* ---- waiting ---- */

static int waits(eddy_stream *s)
{
    (void)s;
    return eddy_sleep(1000);
}

TEST(tls_U2_close_ends_a_reader)
{
    char byte;

    house_open(&h, waits);
    eddy_stream *s = house_connect(&h);
    eddy_auto(eddy_task) *closer = eddy_create_task(closes_after_coro(0.01, s));
    CHECK_INT(eddy_read(s, &byte, 1), EDDY_ECLOSED);
    CHECK_INT(eddy_await(closer), 0);
    house_free(&h);
}

/* A reader that is out of time loses nothing. */
static int answers_late(eddy_stream *s)
{
    eddy_try(eddy_sleep(2));
    eddy_try(eddy_write(s, "late", 4));
    return 0;
}

TEST(tls_read_out_of_time)
{
    char buf[8];
    ssize_t n = 0;

    house_open(&h, answers_late);
    eddy_auto(eddy_stream) *s = house_connect(&h);
    eddy_timeout(1) {
        n = eddy_read(s, buf, sizeof buf);
    }
    CHECK_INT(n, EDDY_ETIMEDOUT);
    CHECK_INT(eddy_read(s, buf, sizeof buf), 4);
    CHECK_INT(eddy_read(s, buf, sizeof buf), 0);
    eddy_stream_close(eddy_take(s));
    house_free(&h);
}

static int close_with_full_socket(void)
{
    char(*const big)[8 << 20] = test_room(sizeof *big);

    eddy_auto(eddy_stream) *s = house_connect(&h);
    CHECK(s != NULL);
    eddy_timeout(0.05) {
        CHECK_INT(eddy_write(s, *big, sizeof *big), EDDY_ETIMEDOUT);
    }
    CHECK_INT(eddy_write(s, "x", 1), EDDY_EPIPE);
    double began = eddy_time();
    eddy_stream_close(eddy_take(s));
    CHECK(eddy_time() - began < 5.5);
    return 0;
}

TEST(tls_A13_close_is_bounded)
{
    house_open(&h, waits);
    CHECK_INT(close_with_full_socket(), 0);
    house_free(&h);
}

/* ---- many ---- */

static void connect_often(int n)
{
    for (int i = 0; i < n; i++) {
        eddy_stream *s = house_connect(&h);

        CHECK(s != NULL);
        check_echo(s);
        eddy_stream_close(s);
    }
    CHECK_INT(eddy_server_drain(h.listening, 5), 0);
}

TEST_REAL(tls_connections_leave_no_memory)
{
    if (test_is_watched())
        SKIP("takes too long");
    house_open(&h, echoes);
    connect_often(40);
    long live = eddy__alloc_live();
    size_t used = mallinfo2().uordblks;
    connect_often(120);
    CHECK_INT(eddy__alloc_live(), live);
    CHECK(mallinfo2().uordblks < used + 100000); /* malloc's cache; make soak-tls looks closer */
    house_free(&h);
}

/* What the program's own use of OpenSSL has left there says nothing about this stream. */
TEST(tls_errors_of_others_do_not_count)
{
    house_open(&h, echoes);
    eddy_stream *s = house_connect(&h, .server_name = NULL);
    CHECK(s != NULL);
    for (int i = 0; i < 3; i++) {
        ERR_raise(ERR_LIB_USER, 1);
        check_echo(s); /* a write, and a read that waits */
    }
    ERR_raise(ERR_LIB_USER, 1);
    CHECK_INT(eddy_write_eof(s), 0);
    eddy_stream_close(s);
    ERR_clear_error();
    house_free(&h);
}

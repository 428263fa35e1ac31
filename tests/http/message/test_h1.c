/* test_h1.c - HTTP/1.1 on a stream: heads and bodies in both directions. The peer of most tests is
 * one that says just the bytes that the test has. */
#include "test.h"

#include "http/message/h1.h"
#include <eddy.h>

struct talk {
    eddy_stream *ends[2]; /* ours, the peer's */
    struct eddy__arena arena;
    struct eddy__h1 h1;
    struct eddy__head head;
};

static void talk_open(struct talk *t, bool client)
{
    *t = (struct talk){0};
    CHECK_INT(eddy_stream_pair(t->ends), 0);
    eddy__h1_init(&t->h1, t->ends[0], &t->arena, &(struct eddy__head_limits){0}, client);
}

static void talk_close(struct talk *t)
{
    eddy_stream_close(t->ends[0]);
    eddy_stream_close(t->ends[1]);
    eddy__arena_free(&t->arena);
}

static void peer_says(struct talk *t, const char *bytes)
{
    CHECK_INT(eddy_write(t->ends[1], bytes, strlen(bytes)), (ssize_t)strlen(bytes));
}

static void peer_ends(struct talk *t)
{
    CHECK_INT(eddy_write_eof(t->ends[1]), 0);
}

/* Everything that has arrived at the peer. */
static void peer_heard(struct talk *t, const char *expected)
{
    char buf[4096] = "";
    size_t size = strlen(expected);

    CHECK_INT(eddy_flush(t->ends[0]), 0);
    if (size)
        CHECK_INT(eddy_read_exactly(t->ends[1], buf, size), (ssize_t)size);
    CHECK_STR(buf, expected);
    CHECK(eddy_stream_is_idle(t->ends[1]));
}

static void body_is(struct talk *t, const char *expected)
{
    char buf[4096];
    size_t got = 0;
    ssize_t n;

    while ((n = eddy__exchange_read(&t->h1.exchange, buf + got, sizeof buf - 1 - got)) > 0)
        got += (size_t)n;
    CHECK_INT(n, 0);
    buf[got] = '\0';
    CHECK_STR(buf, expected);
    CHECK_INT(t->h1.exchange.received, (int)strlen(expected));
}

static int receive(struct talk *t)
{
    return eddy__exchange_receive(&t->h1.exchange, &t->head);
}

/* ---- requests ---- */

TEST(h1_receives_requests_one_after_the_other)
{
    struct talk t;

    talk_open(&t, false);
    peer_says(&t, "POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
                  "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CHECK_INT(receive(&t), 1);
    CHECK_STR(t.head.method, "POST");
    CHECK_STR(t.head.target, "/a?b");
    CHECK_STR(eddy__fields_get(&t.head.fields, "host"), "h");
    body_is(&t, "hello");
    CHECK(!eddy__h1_reusable(&t.h1)); /* no answer yet */
    CHECK_INT(eddy__exchange_send(&t.h1.exchange, &(struct eddy__head_out){.status = 200}), 0);
    CHECK_INT(eddy__exchange_end(&t.h1.exchange, NULL), 0);
    peer_heard(&t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    CHECK(eddy__h1_reusable(&t.h1));
    CHECK(eddy__h1_has_more(&t.h1));
    eddy__h1_next(&t.h1);
    eddy__arena_reset(&t.arena);
    CHECK_INT(receive(&t), 1);
    CHECK_STR(t.head.method, "GET");
    body_is(&t, "");
    CHECK(!eddy__h1_has_more(&t.h1));
    CHECK_INT(
        eddy__exchange_send(&t.h1.exchange, &(struct eddy__head_out){.status = 404, .length = 2}),
        0);
    CHECK_INT(eddy__exchange_write(&t.h1.exchange, "no", 2), 0);
    CHECK_INT(eddy__exchange_end(&t.h1.exchange, NULL), 0);
    peer_heard(&t, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    CHECK(!eddy__h1_reusable(&t.h1));
    talk_close(&t);
}

TEST(h1_the_end_before_a_head_and_in_one)
{
    struct talk t;

    talk_open(&t, false);
    peer_ends(&t);
    CHECK_INT(receive(&t), 0);
    talk_close(&t);
    talk_open(&t, false);
    peer_says(&t, "\r\n");
    peer_ends(&t);
    CHECK_INT(receive(&t), 0);
    talk_close(&t);
    talk_open(&t, false);
    peer_says(&t, "GET / HT");
    peer_ends(&t);
    CHECK_INT(receive(&t), EDDY_EOF);
    talk_close(&t);
}

TEST(h1_a_request_that_is_wrong)
{
    struct talk t;

    talk_open(&t, false);
    peer_says(&t, "GET / HTTP/1.1\r\nHost : h\r\n\r\n");
    CHECK_INT(receive(&t), EDDY_EPROTO);
    CHECK_INT(t.h1.exchange.refusal.status, 400);
    CHECK(!eddy__h1_reusable(&t.h1));
    talk_close(&t);
}

/* ---- bodies that come ---- */

TEST(h1_receives_chunks_and_trailers)
{
    struct talk t;

    talk_open(&t, false);
    peer_says(&t, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nDigest: 1\r\n\r\nGET");
    CHECK_INT(receive(&t), 1);
    body_is(&t, "abcd");
    CHECK_STR(eddy__fields_get(&t.h1.exchange.trailers, "digest"), "1");
    CHECK_INT(eddy__exchange_read(&t.h1.exchange, (char[1]){0}, 1), 0);
    char left[3];
    CHECK_INT(eddy_read_exactly(t.ends[0], left, 3), 3);
    CHECK_MEM(left, "GET", 3);
    talk_close(&t);
}

static int says_slowly(eddy_stream *stream, const char *bytes)
{
    for (; *bytes; bytes++) {
        eddy_try(eddy_write(stream, bytes, 1));
        eddy_try(eddy_sleep(0.001));
    }
    return eddy_write_eof(stream);
}
EDDY_CORO(says_slowly, eddy_stream *, const char *)

TEST(h1_receives_byte_for_byte)
{
    struct talk t;

    talk_open(&t, false);
    eddy_auto(eddy_task) *peer = eddy_create_task(
        says_slowly_coro(t.ends[1], "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                                    "\r\n2\r\nab\r\n0\r\n\r\n"));
    CHECK_INT(receive(&t), 1);
    body_is(&t, "ab");
    CHECK_INT(receive(&t), 0);
    CHECK_INT(eddy_await(peer), 0);
    talk_close(&t);
}

static void answer_is(const char *bytes, const char *body, int last)
{
    struct talk t;
    char buf[64];
    size_t got = 0;
    ssize_t n;

    talk_open(&t, true);
    peer_says(&t, bytes);
    peer_ends(&t);
    CHECK_INT(receive(&t), 1);
    while ((n = eddy__exchange_read(&t.h1.exchange, buf + got, sizeof buf - got)) > 0)
        got += (size_t)n;
    CHECK_INT(n, last);
    CHECK_INT(got, (int)strlen(body));
    CHECK_MEM(buf, body, got);
    talk_close(&t);
}

TEST(h1_bodies_of_answers)
{
    answer_is("HTTP/1.1 200 OK\r\n\r\nup to the end", "up to the end", 0);
    answer_is("HTTP/1.1 200\r\n\r\nup to the end", "up to the end", 0);
    answer_is("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "ab", 0);
    answer_is("HTTP/1.1 204 No Content\r\n\r\nab", "", 0);
    answer_is("HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nab", "", 0);
    answer_is("HTTP/1.1 100 Continue\r\n\r\n", "", 0);
    answer_is("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", "ab", 0);
}

/* Report 16: fewer bytes than were announced are no success. */
TEST(h1_bodies_that_are_cut)
{
    answer_is("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "ab", EDDY_EOF);
    CHECK(strstr(eddy_error_message(eddy_last_error()), "after 2 of the 3 bytes"));
    answer_is("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "ab", EDDY_EOF);
    answer_is("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na", "a", EDDY_EOF);
    answer_is("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "", EDDY_EOF);
    answer_is("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b", "", EDDY_EOF);
    answer_is("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "", EDDY_EPROTO);
    answer_is("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA : b\r\n\r\n", "",
              EDDY_EPROTO);
}

/* ---- what goes out ---- */

TEST(h1_sends_a_request)
{
    struct talk t;
    struct eddy__head_out head = {.method = "POST",
                                  .authority = "h:8080",
                                  .target = "/x",
                                  .fields = eddy_pairs({"A", "1"}, {"B", ""}),
                                  .length = -1};

    talk_open(&t, true);
    CHECK_INT(eddy__exchange_send(&t.h1.exchange, &head), 0);
    CHECK_INT(eddy__exchange_write(&t.h1.exchange, "abc", 3), 0);
    CHECK_INT(eddy__exchange_write(&t.h1.exchange, "", 0), 0);
    CHECK_INT(eddy__exchange_write(&t.h1.exchange, "0123456789abcdefg", 17), 0);
    CHECK_INT(eddy__exchange_end(&t.h1.exchange, eddy_pairs({"T", "z"})), 0);
    peer_heard(&t,
               "POST /x HTTP/1.1\r\nHost: h:8080\r\nA: 1\r\nB: \r\nTransfer-Encoding: chunked\r\n"
               "\r\n3\r\nabc\r\n11\r\n0123456789abcdefg\r\n0\r\nT: z\r\n\r\n");
    CHECK_INT(eddy__exchange_write(&t.h1.exchange, "x", 1), EDDY_EINVAL);
    CHECK_INT(eddy__exchange_send(&t.h1.exchange, &head), EDDY_EALREADY);
    talk_close(&t);
}

TEST(h1_requests_without_a_body)
{
    struct talk t;

    talk_open(&t, true);
    CHECK_INT(eddy__exchange_send(&t.h1.exchange, &(struct eddy__head_out){.method = "GET",
                                                                           .authority = "h",
                                                                           .target = "/",
                                                                           .no_body = true,
                                                                           .length = -1}),
              0);
    CHECK_INT(eddy__exchange_end(&t.h1.exchange, NULL), 0);
    peer_heard(&t, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_says(&t, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"
                  "Content-Length: 1\r\n\r\nx");
    CHECK_INT(receive(&t), 1);
    CHECK_INT(t.head.status, 103);
    CHECK_INT(receive(&t), 1);
    CHECK_INT(t.head.status, 200);
    CHECK(!eddy__h1_reusable(&t.h1));
    body_is(&t, "x");
    CHECK(eddy__h1_reusable(&t.h1));
    talk_close(&t);
}

TEST(h1_answers_to_HEAD_have_no_body)
{
    struct talk t;

    talk_open(&t, false);
    peer_says(&t, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_INT(receive(&t), 1);
    CHECK_INT(
        eddy__exchange_send(&t.h1.exchange,
                            &(struct eddy__head_out){.status = 200, .length = 5, .no_body = true}),
        0);
    CHECK_INT(eddy__exchange_write(&t.h1.exchange, "hello", 5), 0);
    CHECK_INT(eddy__exchange_end(&t.h1.exchange, NULL), 0);
    peer_heard(&t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    CHECK(eddy__h1_reusable(&t.h1));
    talk_close(&t);
}

TEST(h1_answers_to_HTTP_1_0)
{
    struct talk t;

    talk_open(&t, false);
    peer_says(&t, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                  "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK_INT(receive(&t), 1);
    CHECK_INT(eddy__exchange_send(&t.h1.exchange, &(struct eddy__head_out){.status = 200}), 0);
    CHECK_INT(eddy__exchange_end(&t.h1.exchange, NULL), 0);
    peer_heard(&t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
    eddy__h1_next(&t.h1);
    CHECK_INT(receive(&t), 1); /* a body of unknown length ends with the connection */
    CHECK_INT(
        eddy__exchange_send(&t.h1.exchange, &(struct eddy__head_out){.status = 200, .length = -1}),
        0);
    CHECK_INT(eddy__exchange_write(&t.h1.exchange, "abc", 3), 0);
    CHECK_INT(eddy__exchange_end(&t.h1.exchange, NULL), 0);
    peer_heard(&t, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
    CHECK(!eddy__h1_reusable(&t.h1));
    talk_close(&t);
}

TEST(h1_interim_answers_leave_before_the_answer)
{
    struct talk t;

    talk_open(&t, false);
    peer_says(&t, "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    CHECK_INT(receive(&t), 1);
    CHECK(t.head.expects_continue);
    CHECK_INT(
        eddy__exchange_send(&t.h1.exchange,
                            &(struct eddy__head_out){.status = 100, .length = -1, .no_body = true}),
        0);
    CHECK_INT(eddy__exchange_flush(&t.h1.exchange), 0);
    peer_heard(&t, "HTTP/1.1 100 Continue\r\n\r\n");
    peer_says(&t, "x");
    body_is(&t, "x");
    CHECK_INT(eddy__exchange_send(&t.h1.exchange, &(struct eddy__head_out){.status = 201}), 0);
    CHECK_INT(eddy__exchange_end(&t.h1.exchange, NULL), 0);
    peer_heard(&t, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    CHECK(eddy__h1_reusable(&t.h1));
    talk_close(&t);
}

TEST(h1_a_body_of_another_length_than_its_head_says)
{
    struct talk t;

    talk_open(&t, false);
    peer_says(&t, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_INT(receive(&t), 1);
    CHECK_INT(
        eddy__exchange_send(&t.h1.exchange, &(struct eddy__head_out){.status = 200, .length = 5}),
        0);
    CHECK_INT(eddy__exchange_write(&t.h1.exchange, "abc", 3), 0);
    CHECK_INT(eddy__exchange_write(&t.h1.exchange, "def", 3), EDDY_EINVAL);
    CHECK_INT(eddy__exchange_end(&t.h1.exchange, NULL), EDDY_EINVAL);
    CHECK_STR(eddy_error_message(eddy_last_error()), "a body of 3 bytes, where its head says 5");
    CHECK(!eddy__h1_reusable(&t.h1));
    talk_close(&t);
}

TEST(h1_a_tunnel_and_an_upgrade_have_no_bodies)
{
    struct talk t;

    talk_open(&t, true);
    CHECK_INT(eddy__exchange_send(&t.h1.exchange, &(struct eddy__head_out){.method = "CONNECT",
                                                                           .authority = "h:443",
                                                                           .target = "h:443",
                                                                           .no_body = true,
                                                                           .length = -1}),
              0);
    CHECK_INT(eddy__exchange_end(&t.h1.exchange, NULL), 0);
    peer_heard(&t, "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n");
    peer_says(&t, "HTTP/1.1 200 fine\r\nContent-Length: 3\r\n\r\nabc");
    CHECK_INT(receive(&t), 1);
    body_is(&t, "");
    char rest[3];
    CHECK_INT(eddy_read_exactly(t.ends[0], rest, 3), 3);
    talk_close(&t);
    talk_open(&t, true);
    CHECK_INT(eddy__exchange_send(&t.h1.exchange, &(struct eddy__head_out){.method = "GET",
                                                                           .authority = "h",
                                                                           .target = "/",
                                                                           .no_body = true,
                                                                           .length = -1,
                                                                           .upgrade = "websocket"}),
              0);
    CHECK_INT(eddy__exchange_end(&t.h1.exchange, NULL), 0);
    peer_heard(&t,
               "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    peer_says(&t, "HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nabc");
    CHECK_INT(receive(&t), 1);
    CHECK_INT(t.head.status, 101);
    CHECK(t.head.upgrade);
    body_is(&t, "");
    CHECK_INT(eddy_read_exactly(t.ends[0], rest, 3), 3);
    talk_close(&t);
}

/* ---- wherever it is interrupted ---- */

static int serve_one(eddy_stream *stream)
{
    struct eddy__arena arena = {0};
    struct eddy__head head;
    struct eddy__h1 h1;
    char buf[8];
    int status;

    eddy__h1_init(&h1, stream, &arena, &(struct eddy__head_limits){0}, false);
    status = eddy__exchange_receive(&h1.exchange, &head);
    ssize_t n = status > 0 ? eddy__exchange_read(&h1.exchange, buf, sizeof buf) : status;
    while (n > 0)
        n = eddy__exchange_read(&h1.exchange, buf, sizeof buf);
    if (n == 0)
        n = eddy__exchange_send(&h1.exchange,
                                &(struct eddy__head_out){.status = 200, .length = -1});
    for (int i = 0; i < 3 && n == 0; i++)
        n = eddy__exchange_write(&h1.exchange, "some bytes of an answer", 23);
    if (n == 0)
        n = eddy__exchange_end(&h1.exchange, NULL);
    eddy__arena_free(&arena);
    return (int)n;
}

static int says_and_drains(eddy_stream *stream)
{
    char buf[64];

    eddy_try(eddy_write(stream, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Enc", 38));
    eddy_try(eddy_sleep(0.1));
    eddy_try(eddy_printf(stream, "oding: chunked\r\n\r\n5\r\nab"));
    eddy_try(eddy_sleep(0.1));
    eddy_try(eddy_printf(stream, "cde\r\n0\r\nA: b\r\n\r\n"));
    while (eddy_try(eddy_read(stream, buf, sizeof buf)) > 0)
        ;
    return 0;
}
EDDY_CORO(says_and_drains, eddy_stream *)

static int exchange_whole(void)
{
    eddy_stream *ends[2];

    eddy_try(eddy_stream_pair(ends, .high_water = 16));
    eddy_auto(eddy_stream) *ours = ends[0];
    eddy_auto(eddy_stream) *peers = ends[1];
    eddy_auto(eddy_task) *peer = eddy_try(eddy_create_task(says_and_drains_coro(peers)));
    eddy_try(serve_one(ours));
    eddy_try(eddy_write_eof(ours));
    return eddy_await(peer);
}

SWEEP(h1_interrupted_anywhere)
{
    return exchange_whole();
}

TORTURE(h1_where_anything_fails)
{
    return exchange_whole();
}

/* What follows is not read as if nothing had been wrong. */
TEST(h1_a_body_that_is_wrong_stays_so)
{
    struct talk t;
    char buf[16];

    talk_open(&t, false);
    peer_says(&t, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\rabc");
    CHECK_INT(eddy__exchange_receive(&t.h1.exchange, &t.head), 1);
    for (int i = 0; i < 2; i++)
        CHECK_INT(eddy__exchange_read(&t.h1.exchange, buf, sizeof buf), EDDY_EPROTO);
    talk_close(&t);
}

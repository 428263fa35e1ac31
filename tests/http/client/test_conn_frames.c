/* test_conn_frames.c - sessions of HTTP/2 whose server sends frames that a test has written. */
#include "test.h"

#include <eddy.h>
#include <eddy/http.h>

/* ---- a server ---- */

struct peer {
    int (*act)(struct peer *p, eddy_stream *stream, int n); /* on its n-th connection */
    int connections, resets;
    eddy_stream *ends[16];
    eddy_task *tasks[16];
};

static int frame(eddy_stream *out, int type, int flags, uint32_t id, const void *data, size_t size)
{
    unsigned char head[9] = {
        (unsigned char)(size >> 16), (unsigned char)(size >> 8), (unsigned char)size,
        (unsigned char)type,         (unsigned char)flags,       (unsigned char)(id >> 24),
        (unsigned char)(id >> 16),   (unsigned char)(id >> 8),   (unsigned char)id};

    eddy_try(eddy_write(out, head, sizeof head));
    if (size)
        eddy_try(eddy_write(out, data, size));
    return 0;
}

/* Reads frames until the one that ends the head of a request: its stream. */
static int await_head(struct peer *p, eddy_stream *in)
{
    unsigned char head[9], scrap[16384];

    for (;;) {
        eddy_try(eddy_read_exactly(in, head, sizeof head));
        size_t size = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
        if (size)
            eddy_try(eddy_read_exactly(in, scrap, size));
        p->resets += head[3] == 3;
        if ((head[3] == 1 || head[3] == 9) && head[4] & 4)
            return (int)((uint32_t)head[5] << 24 | (uint32_t)head[6] << 16 |
                         (uint32_t)head[7] << 8 | head[8]);
    }
}

static int greet(eddy_stream *stream)
{
    char preface[24];

    eddy_try(frame(stream, 4, 0, 0, NULL, 0));
    return eddy_read_exactly(stream, preface, sizeof preface) < 0 ? eddy_last_status() : 0;
}

static int run_peer(struct peer *p, int n)
{
    int status = p->act(p, p->ends[n], n);

    eddy_stream_close(eddy_take(p->ends[n]));
    return status < 0 && status != EDDY_ECANCELED ? 0 : status;
}
EDDY_CORO(run_peer, struct peer *, int)

static eddy_stream *to_peer(const char *host, int port, void *arg)
{
    struct peer *p = arg;
    eddy_stream *pair[2];
    int n = p->connections++;

    (void)host, (void)port;
    CHECK(n < 16);
    if (eddy_stream_pair(pair) < 0)
        return NULL;
    p->ends[n] = pair[1];
    p->tasks[n] = eddy_create_task(run_peer_coro(p, n), .eager = true);
    return pair[0];
}

static void peer_end(struct peer *p)
{
    for (int i = 0; i < p->connections; i++) {
        if (p->tasks[i])
            eddy_ignore(eddy_cancel(p->tasks[i]));
        eddy_task_close(p->tasks[i]);
    }
}

#define PEER(name, how) struct peer name __attribute__((cleanup(peer_end))) = {.act = (how)}
#define SESSION(p, ...)                                                                            \
    eddy_http_open(.base_url = "http://test", .connect = to_peer, .connect_arg = (p),              \
                   .version = EDDY_HTTP_2, __VA_ARGS__)

/* 200 to whatever is asked. */
static int answer_all(struct peer *p, eddy_stream *s)
{
    for (;;) {
        int id = eddy_try(await_head(p, s));
        eddy_try(frame(s, 1, 5, (uint32_t)id, "\x88", 1));
    }
}

static int answers(struct peer *p, eddy_stream *s, int n)
{
    (void)n;
    eddy_try(greet(s));
    return answer_all(p, s);
}

static int expect_200(eddy_response *response)
{
    CHECK(response != NULL);
    CHECK_INT(eddy_response_status(response), 200);
    eddy_response_close(response);
    return 0;
}

/* ---- answers ---- */

static int leaves_open(struct peer *p, eddy_stream *s, int n)
{
    (void)n;
    eddy_try(greet(s));
    int id = eddy_try(await_head(p, s));
    eddy_try(frame(s, 1, 4, (uint32_t)id, "\x89", 1)); /* 204, and not the end */
    return eddy_sleep(1000);
}

TEST(HC3_an_answer_without_a_body_whose_end_does_not_come)
{
    PEER(peer, leaves_open);
    eddy_auto(eddy_http) *http = SESSION(&peer, .timeout_read = 5);

    CHECK(eddy_http_get(http, "/") == NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    CHECK_NEAR(eddy_time(), 5, 0.1);
}

/* ---- heads ---- */

/* Nothing is said of it to the server, whose other streams go on. */
TEST(HC16_a_head_that_is_too_large_to_be_sent)
{
    static char large[70000];
    PEER(peer, answers);
    eddy_auto(eddy_http) *http = SESSION(&peer, );

    memset(large, 'x', sizeof large - 1);
    CHECK_OK(expect_200(eddy_http_get(http, "/")));
    CHECK(eddy_http_get(http, "/", .headers = eddy_pairs({"X", large})) == NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_OK(expect_200(eddy_http_get(http, "/")));
    CHECK_INT(eddy_http_get_stats(http).resent, 0);
    CHECK_INT(peer.connections, 1);
    CHECK_INT(peer.resets, 0);
}

/* ---- what was not begun with ---- */

static int refuses_first(struct peer *p, eddy_stream *s, int n)
{
    (void)n;
    eddy_try(greet(s));
    int id = eddy_try(await_head(p, s));
    eddy_try(frame(s, 3, 0, (uint32_t)id, "\0\0\0\7", 4)); /* REFUSED_STREAM */
    return answer_all(p, s);
}

TEST(HC4_a_body_that_was_asked_for_and_refused)
{
    PEER(peer, refuses_first);
    eddy_auto(eddy_http) *http = SESSION(&peer, );

    CHECK_OK(expect_200(eddy_http_post(http, "/", .text = "abc", .expect_continue = true)));
    CHECK_INT(eddy_http_get_stats(http).resent, 1);
}

static int says_goodbye(struct peer *p, eddy_stream *s, int n)
{
    if (n > 0)
        return answers(p, s, n);
    eddy_try(frame(s, 4, 0, 0, NULL, 0));
    eddy_try(frame(s, 7, 0, 0, "\0\0\0\0\0\0\0\0", 8)); /* GOAWAY */
    return eddy_sleep(1000);
}

TEST(HC16_a_goodbye_before_the_first_request)
{
    PEER(peer, says_goodbye);
    eddy_auto(eddy_http) *http = SESSION(&peer, );

    CHECK_OK(expect_200(eddy_http_post(http, "/", .text = "abc")));
    CHECK_INT(peer.connections, 2);
}

static int dies(struct peer *p, eddy_stream *s, int n)
{
    if (n > 0)
        return answers(p, s, n);
    eddy_try(greet(s));
    int id = eddy_try(await_head(p, s));
    eddy_try(frame(s, 1, 5, (uint32_t)id, "\x88", 1));
    for (int i = 0; i < 4; i++)
        eddy_try(await_head(p, s));
    return 0;
}

static int status_of_get(eddy_http *http)
{
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, "/"));

    return eddy_response_status(response);
}
EDDY_CORO(status_of_get, eddy_http *)

static int status_of_post(eddy_http *http)
{
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_post(http, "/", .text = "a"));

    return eddy_response_status(response);
}
EDDY_CORO(status_of_post, eddy_http *)

/* The server may have done what it was asked for. */
TEST(HC4_a_connection_that_ends_under_several_requests)
{
    PEER(peer, dies);
    eddy_auto(eddy_http) *http = SESSION(&peer, );
    eddy_task *tasks[4];

    CHECK_OK(expect_200(eddy_http_get(http, "/")));
    for (int i = 0; i < 4; i++)
        tasks[i] = eddy_create_task(i % 2 ? status_of_post_coro(http) : status_of_get_coro(http));
    for (int i = 0; i < 4; i++) {
        CHECK_INT(eddy_await(tasks[i]), i % 2 ? EDDY_ECONNRESET : 200);
        eddy_task_close(tasks[i]);
    }
    CHECK_INT(eddy_http_get_stats(http).resent, 2);
    CHECK_INT(peer.connections, 2);
}

/* ---- resets ---- */

static int resets_all(struct peer *p, eddy_stream *s, int n)
{
    (void)n;
    eddy_try(greet(s));
    for (;;) {
        int id = eddy_try(await_head(p, s));
        eddy_try(frame(s, 3, 0, (uint32_t)id, "\0\0\0\2", 4)); /* INTERNAL_ERROR */
    }
}

/* It is answers that they stand for, as many as were asked for. */
TEST(HC16_a_server_may_reset_what_it_was_asked)
{
    PEER(peer, resets_all);
    eddy_auto(eddy_http) *http = SESSION(&peer, );

    for (int i = 0; i < 1100; i++)
        CHECK(eddy_http_get(http, "/", .no_retry = true) == NULL);
    CHECK_INT(eddy_last_status(), EDDY_ECONNRESET);
    CHECK_INT(peer.connections, 1);
}

/* ---- silence ---- */

static int stops(struct peer *p, eddy_stream *s, int n)
{
    if (n > 0)
        return answers(p, s, n);
    eddy_try(greet(s));
    int id = eddy_try(await_head(p, s));
    eddy_try(frame(s, 1, 4, (uint32_t)id, "\x88", 1));
    eddy_try(frame(s, 0, 0, (uint32_t)id, "half", 4));
    return eddy_sleep(1000);
}

TEST(HC16_a_connection_that_goes_silent_within_an_answer)
{
    PEER(peer, stops);
    eddy_auto(eddy_http) *http = SESSION(&peer, .timeout_read = 5);

    eddy_auto(eddy_response) *response = eddy_http_get(http, "/");
    CHECK(response != NULL);
    CHECK(eddy_response_text(response) == NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    eddy_response_close(eddy_take(response));
    CHECK_OK(expect_200(eddy_http_get(http, "/")));
    CHECK_INT(peer.connections, 2);
}

/* ---- proxies ---- */

static int makes_tunnel(struct peer *p, eddy_stream *s, int n)
{
    char *text;

    eddy_try(eddy_read_until(s, "\r\n\r\n", &text));
    CHECK(strstr(text, "CONNECT test:80 HTTP/1.1\r\n") == text);
    eddy_try(eddy_printf(s, "HTTP/1.1 200 OK\r\n\r\n"));
    return answers(p, s, n);
}

/* What is known before is that the server speaks HTTP/2, not its proxy. */
TEST(HC16_a_proxy_makes_a_tunnel_for_HTTP_2)
{
    PEER(peer, makes_tunnel);
    eddy_auto(eddy_http) *http = SESSION(&peer, .proxy = "http://proxy");

    CHECK_OK(expect_200(eddy_http_get(http, "/")));
}

/* ---- answers that are none ---- */

struct field {
    const char *name, *value;
};

static const char *answer_length; /* what the next answer says of its three bytes; NULL: nothing */
static struct field answer_field; /* and a field that it has */

static size_t put_field(char *block, size_t room, const char *name, const char *value)
{
    return (size_t)snprintf(block + 1, room - 1, "%c%s%c%s", (int)strlen(name), name,
                            (int)strlen(value), value) +
           1;
}

static int answers_as_told(struct peer *p, eddy_stream *s, int n)
{
    (void)n;
    eddy_try(greet(s));
    for (;;) {
        char block[100] = "\x88";
        size_t size = 1;
        uint32_t id = (uint32_t)eddy_try(await_head(p, s));

        if (answer_length)
            size += put_field(block + size, sizeof block - size, "content-length", answer_length);
        if (answer_field.name)
            size +=
                put_field(block + size, sizeof block - size, answer_field.name, answer_field.value);
        eddy_try(frame(s, 1, 4, id, block, size));
        eddy_try(frame(s, 0, 1, id, "abc", 3));
    }
}

static int read_whole(eddy_http *http)
{
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, "/"));

    CHECK_STR(eddy_try(eddy_response_text(response)), "abc");
    return 0;
}

/* The stream is reset, nothing is passed on, and the connection serves others. */
TEST(http_row_32_answers_over_HTTP_2_that_are_none)
{
    static const struct field bad[] = {
        {"X-A", "b"},
        {"x", "a\r\nb: c"},
        {"x\n", "a"},
        {"connection", "close"},
        {"upgrade", "h2c"},
        {"x y", "a"},
        {"keep-alive", "a"},
        {":path", "/"},
        {"proxy-connection", "a"},
        {":x", "a"},
        {"transfer-encoding", "chunked"},
    };
    static const char *const lengths[] = {"2", "4", "-3", "+3", "3, 3", "0x3"};
    PEER(peer, answers_as_told);
    eddy_auto(eddy_http) *http = SESSION(&peer);

    answer_length = "3";
    answer_field = (struct field){"x", "y"};
    CHECK_OK(read_whole(http));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        answer_field = bad[i];
        if (read_whole(http) != EDDY_EPROTO)
            test_fail(__FILE__, __LINE__, "%s: %s was taken", bad[i].name, bad[i].value);
    }
    answer_field = (struct field){0};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        answer_length = lengths[i];
        if (read_whole(http) != EDDY_EPROTO)
            test_fail(__FILE__, __LINE__, "a length of %s was taken", lengths[i]);
    }
    answer_length = NULL;
    CHECK_OK(read_whole(http));
    CHECK_INT(peer.connections, 1);
    CHECK_INT(peer.resets, 17);
}

/* Responses that nobody reads make no reset when little is left of them. */
TEST(HC9_row_33_small_rests_are_read_off)
{
    PEER(peer, answers_as_told);
    eddy_auto(eddy_http) *http = SESSION(&peer);

    answer_length = NULL;
    answer_field = (struct field){0};
    for (int i = 0; i < 200; i++)
        expect_200(eddy_http_get(http, "/"));
    CHECK_OK(read_whole(http));
    CHECK_INT(peer.connections, 1);
    CHECK_INT(peer.resets, 0);
}

/* ---- silence of a whole connection ---- */

/* Says nothing to five requests, then answers the pings, then all requests. */
static int is_silent(struct peer *p, eddy_stream *s, int n)
{
    unsigned char head[9], data[16384];
    int heads = 0;

    if (n > 0)
        return answers(p, s, n);
    eddy_try(greet(s));
    for (int pings = 0; pings == 0;) {
        eddy_try(eddy_read_exactly(s, head, sizeof head));
        eddy_try(eddy_read_exactly(s, data, (size_t)head[1] << 8 | head[2]));
        heads += head[3] == 1;
        pings += head[3] == 6 && !(head[4] & 1);
    }
    CHECK_INT(heads, 5);
    eddy_try(eddy_sleep(1));
    /* what else has come meanwhile is no second ping */
    for (int resets = 0; resets < 5;) {
        eddy_try(eddy_read_exactly(s, head, sizeof head));
        eddy_try(eddy_read_exactly(s, data, (size_t)head[1] << 8 | head[2]));
        CHECK(head[3] != 6);
        resets += head[3] == 3;
    }
    eddy_try(frame(s, 6, 1, 0, "\0\0\0\0\0\0\0\0", 8));
    return answer_all(p, s);
}

static int gives_up(eddy_http *http)
{
    CHECK_PTR(eddy_http_get(http, "/", .timeout = 2), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    return 0;
}
EDDY_CORO(gives_up, eddy_http *)

/* However many are given up at once, and the connection is good again when that was answered. */
TEST(http_report_21_one_ping_asks_a_silent_server)
{
    PEER(peer, is_silent);
    eddy_auto(eddy_http) *http = SESSION(&peer);

    CHECK_OK(eddy_gather(gives_up_coro(http), gives_up_coro(http), gives_up_coro(http),
                         gives_up_coro(http), gives_up_coro(http)));
    expect_200(eddy_http_get(http, "/"));
    CHECK_INT(peer.connections, 2);
    CHECK_OK(eddy_sleep(2));
    expect_200(eddy_http_get(http, "/"));
    CHECK_INT(peer.connections, 2);
}

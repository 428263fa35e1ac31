/* test_conn.c - sessions and servers of HTTP/2 with each other, through memory and TLS. */
#include "test.h"

#include "http/h2/h2.h"
#include "tls/identity.h"
#include <eddy.h>
#include <eddy/http.h>

/* ---- a server ---- */

static int tells(eddy_request *r)
{
    return eddy_respond_text(r, 200, "%s %s HTTP/%d", eddy_request_method(r), eddy_request_path(r),
                             eddy_request_version(r) == EDDY_HTTP_2 ? 2 : 1);
}

static int echo_body(eddy_request *r)
{
    size_t size;
    const void *data = eddy_try(eddy_request_bytes(r, &size));

    return eddy_respond_bytes(r, 200, data, size);
}

static int naps(eddy_request *r)
{
    eddy_try(eddy_sleep(1));
    return eddy_respond_text(r, 200, "rested");
}

static int fails(eddy_request *r)
{
    (void)r;
    return eddy_raise(EDDY_HTTP(404), "nothing here");
}

static int ignores(eddy_request *r)
{
    return eddy_respond_text(r, 200, "no, thanks");
}

static int pours(eddy_request *r)
{
    static char block[8192];
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(r, 200));

    for (int i = 0; i < 100; i++)
        eddy_try(eddy_write(out, block, sizeof block));
    return 0;
}

static int breaks_off(eddy_request *r)
{
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(r, 200));

    eddy_try(eddy_printf(out, "half"));
    eddy_try(eddy_flush(out));
    return eddy_raise(EDDY_EUSER, "on purpose");
}

static unsigned broken;

static int breaks_before(eddy_request *r)
{
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(r, 200));

    broken++;
    return eddy_raise(EDDY_EUSER, "on purpose");
}

static int add_routes(eddy_router *router)
{
    eddy_try(eddy_route(router, "/", tells));
    eddy_try(eddy_route(router, "POST /echo", echo_body));
    eddy_try(eddy_route(router, "/nap", naps));
    eddy_try(eddy_route(router, "/fail", fails));
    eddy_try(eddy_route(router, "POST /ignore", ignores));
    eddy_try(eddy_route(router, "/pour", pours));
    eddy_try(eddy_route(router, "/break_before", breaks_before));
    return eddy_route(router, "/break", breaks_off);
}

static eddy_router *site(void)
{
    eddy_router *router = eddy_router_open();

    CHECK(router != NULL);
    CHECK_OK(add_routes(router));
    return router;
}

static eddy_stream *to_server(const char *host, int port, void *arg)
{
    (void)host, (void)port;
    return eddy_http_server_connect(arg);
}

/* A site, a server of it in memory and a session that reaches it by HTTP/2. */
#define SITE(...)                                                                                  \
    eddy_auto(eddy_router) *router = site();                                                       \
    eddy_auto(eddy_http_server) *server =                                                          \
        eddy_http_server_open(router, .in_memory = true, __VA_ARGS__);                             \
    CHECK(server != NULL)
#define SESSION(...)                                                                               \
    eddy_http_open(.base_url = "http://test", .connect = to_server, .connect_arg = server,         \
                   .version = EDDY_HTTP_2, __VA_ARGS__)

static int get(eddy_http *http, const char *path, char *text, size_t size)
{
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, path));
    const char *all = eddy_try(eddy_response_text(response));

    snprintf(text, size, "%d %s", eddy_response_status(response), all);
    return 0;
}
EDDY_CORO(get, eddy_http *, const char *, char *, size_t)

static int expect(eddy_http *http, const char *path, const char *expected)
{
    char text[256] = "";

    eddy_try(get(http, path, text, sizeof text));
    CHECK_STR(text, expected);
    return 0;
}
EDDY_CORO(expect, eddy_http *, const char *, const char *)

static void ignore_report(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)loop, (void)report, (void)arg;
}

/* ---- many requests on a connection ---- */

TEST(HC16_requests_share_a_connection_of_HTTP_2)
{
    SITE();
    eddy_auto(eddy_http) *http = SESSION();

    CHECK_OK(expect(http, "/a", "200 GET /a HTTP/2"));
    CHECK_OK(eddy_gather(
        expect_coro(http, "/b", "200 GET /b HTTP/2"), expect_coro(http, "/nap", "200 rested"),
        expect_coro(http, "/nap", "200 rested"), expect_coro(http, "/fail", "404 nothing here\n")));
    eddy_http_stats stats = eddy_http_get_stats(http);
    CHECK_INT(stats.connections, 1);
    CHECK_INT(stats.requests, 5);
    CHECK_INT(stats.reused, 4);
    CHECK_INT(stats.busy, 0);
    CHECK_INT(stats.idle, 1);
    CHECK_NEAR(eddy_time(), 1, 0.1);
}

/* Nobody knows yet what the server speaks: one connects, and the others wait for that. */
TEST(HC16_the_first_requests_share_one_too)
{
    SITE();
    eddy_auto(eddy_http) *http = SESSION();

    CHECK_OK(eddy_gather(expect_coro(http, "/nap", "200 rested"),
                         expect_coro(http, "/nap", "200 rested"),
                         expect_coro(http, "/nap", "200 rested")));
    CHECK_INT(eddy_http_get_stats(http).connections, 1);
}

/* Beyond what the server takes at a time there is another connection. */
TEST(HC16_a_connection_has_as_many_requests_as_its_server_takes)
{
    SITE(.max_streams = 2);
    eddy_auto(eddy_http) *http = SESSION();

    CHECK_OK(expect(http, "/a", "200 GET /a HTTP/2"));
    CHECK_OK(eddy_gather(
        expect_coro(http, "/nap", "200 rested"), expect_coro(http, "/nap", "200 rested"),
        expect_coro(http, "/nap", "200 rested"), expect_coro(http, "/nap", "200 rested"),
        expect_coro(http, "/nap", "200 rested")));
    eddy_http_stats stats = eddy_http_get_stats(http);
    CHECK_INT(stats.connections, 3);
    CHECK_INT(stats.resent, 0);
}

static int post(eddy_http *http, const char *text)
{
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_post(http, "/echo", .text = text));

    CHECK_STR(eddy_try(eddy_response_text(response)), text);
    return 0;
}
EDDY_CORO(post, eddy_http *, const char *)

/* A server that says goodbye: others connect, whatever the method. */
TEST(HC16_no_request_begins_behind_a_goodbye)
{
    SITE(.max_requests = 3);
    eddy_auto(eddy_http) *http = SESSION();

    for (int i = 0; i < 4; i++)
        CHECK_OK(post(http, "a"));
    for (int i = 0; i < 3; i++)
        CHECK_OK(eddy_gather(post_coro(http, "a"), post_coro(http, "b"), post_coro(http, "c"),
                             post_coro(http, "d"), post_coro(http, "e")));
    CHECK(eddy_http_get_stats(http).connections >= 4);
}

/* A server that begins with nothing. */
struct refuser {
    eddy_stream *stream;
    eddy_task *task;
    int asked;
};

static int refuse(struct eddy__h2_stream *stream, void *arg)
{
    struct refuser *refuser = arg;

    (void)stream;
    refuser->asked++;
    return EDDY_ENOMEM;
}

static int run_refuser(struct refuser *refuser)
{
    struct eddy__h2 *h2 =
        eddy__h2_open(refuser->stream, &(struct eddy__h2_opts){.accept = refuse, .arg = refuser});
    int status = eddy__h2_run(h2);

    eddy__h2_close(h2);
    return status;
}
EDDY_CORO(run_refuser, struct refuser *)

static eddy_stream *to_refuser(const char *host, int port, void *arg)
{
    struct refuser *refuser = arg;
    eddy_stream *pair[2];

    (void)host, (void)port;
    if (refuser->stream || eddy_stream_pair(pair) < 0)
        return NULL;
    refuser->stream = pair[1];
    refuser->task = eddy_create_task(run_refuser_coro(refuser));
    return pair[0];
}

TEST(HC4_what_a_server_has_not_begun_with_is_sent_again)
{
    struct refuser refuser = {0};
    eddy_http *http = eddy_http_open(.base_url = "http://test", .connect = to_refuser,
                                     .connect_arg = &refuser, .version = EDDY_HTTP_2);

    CHECK(eddy_http_post(http, "/", .text = "order") == NULL);
    CHECK_INT(eddy_last_status(), EDDY_ECONNABORTED);
    CHECK_INT(refuser.asked, 11);
    CHECK(eddy_http_post(http, "/", .text = "order", .no_retry = true) == NULL);
    CHECK_INT(refuser.asked, 12);
    CHECK_INT(eddy_http_get_stats(http).resent, 10);
    CHECK_INT(eddy_http_get_stats(http).connections, 1);
    eddy_http_close(http);
    CHECK_OK(eddy_await(refuser.task));
    eddy_task_close(refuser.task);
    eddy_stream_close(refuser.stream);
}

/* ---- bodies ---- */

/* Its handler has begun, whatever has come of an answer. */
TEST(HC4_a_stream_that_was_reset_is_no_dead_connection)
{
    SITE();
    eddy_auto(eddy_http) *http = SESSION();

    eddy_loop_set_exception_handler(eddy_loop_running(), ignore_report, NULL);
    CHECK_OK(expect(http, "/", "200 GET / HTTP/2"));
    CHECK_PTR(eddy_http_get(http, "/break_before"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ECONNRESET);
    CHECK_INT(broken, 1);
    CHECK_INT(eddy_http_get_stats(http).resent, 0);
    CHECK_OK(expect(http, "/", "200 GET / HTTP/2"));
    CHECK_INT(eddy_http_get_stats(http).connections, 1);
}

TEST(HC16_bodies_of_many_windows)
{
    enum { SIZE = 600000 };
    char *data = test_room(SIZE);
    SITE();
    eddy_auto(eddy_http) *http = SESSION();

    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)(i * 7 + i / 251);
    eddy_auto(eddy_response) *response = eddy_http_post(http, "/echo", .data = data, .size = SIZE);
    size_t size = 0;
    const void *all = eddy_response_bytes(response, &size);
    CHECK_INT(size, SIZE);
    CHECK_MEM(all, data, SIZE);
}

TEST(HC6_an_answer_before_the_end_of_the_body)
{
    enum { SIZE = 2000000 };
    char *data = test_room(SIZE);
    SITE();
    eddy_auto(eddy_http) *http = SESSION();

    eddy_auto(eddy_response) *response =
        eddy_http_post(http, "/ignore", .data = data, .size = SIZE);
    CHECK_STR(eddy_response_text(response), "no, thanks");
    CHECK_OK(expect(http, "/", "200 GET / HTTP/2"));
    CHECK_INT(eddy_http_get_stats(http).connections, 1);
}

/* One that is not read holds up nobody else, and one that is closed costs no connection. */
TEST(HC9_a_response_that_nobody_reads)
{
    SITE();
    eddy_auto(eddy_http) *http = SESSION();
    eddy_response *unread[8];

    for (int i = 0; i < 8; i++)
        CHECK((unread[i] = eddy_http_get(http, "/pour")) != NULL);
    CHECK_OK(eddy_sleep(1));
    CHECK_OK(expect(http, "/", "200 GET / HTTP/2"));
    for (int i = 0; i < 8; i++)
        eddy_response_close(unread[i]);
    CHECK_OK(expect(http, "/", "200 GET / HTTP/2"));
    CHECK_INT(eddy_http_get_stats(http).connections, 1);
}

TEST(HC8_half_an_answer_over_HTTP_2)
{
    SITE();
    eddy_auto(eddy_http) *http = SESSION();
    char text[64];

    eddy_loop_set_exception_handler(eddy_loop_running(), ignore_report, NULL);
    CHECK_INT(get(http, "/break", text, sizeof text), EDDY_ECONNRESET);
    CHECK_OK(expect(http, "/", "200 GET / HTTP/2"));
    CHECK_INT(eddy_http_get_stats(http).connections, 1);
}

TEST(HC10_asking_before_a_body_over_HTTP_2)
{
    SITE();
    eddy_auto(eddy_http) *http = SESSION();

    eddy_auto(eddy_response) *response =
        eddy_http_post(http, "/echo", .text = "please", .expect_continue = true);
    CHECK_STR(eddy_response_text(response), "please");
    eddy_auto(eddy_response) *refused =
        eddy_http_post(http, "/ignore", .text = "please", .expect_continue = true);
    CHECK_STR(eddy_response_text(refused), "no, thanks");
    CHECK_NEAR(eddy_time(), 0, 0.1);
}

TEST(HC16_heads_that_are_too_large)
{
    static char large[40000];
    SITE();
    eddy_auto(eddy_http) *http = SESSION();

    memset(large, 'x', sizeof large - 1);
    eddy_auto(eddy_response) *response =
        eddy_http_get(http, "/", .headers = eddy_pairs({"X", large}));
    CHECK_INT(eddy_response_status(response), 431);
}

/* ---- times and ends ---- */

/* The window of a body that nobody reads is full, and nothing moves any more. */
TEST(HC3_a_body_that_nobody_takes_over_HTTP_2)
{
    enum { SIZE = 2000000 };
    char *data = test_room(SIZE);
    SITE();
    eddy_auto(eddy_http) *http = SESSION(.timeout_read = 0.5);

    CHECK(eddy_http_post(http, "/nap", .data = data, .size = SIZE) == NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    CHECK_NEAR(eddy_time(), 0.5, 0.1);
    CHECK_OK(expect(http, "/", "200 GET / HTTP/2"));
    CHECK_INT(eddy_http_get_stats(http).connections, 1);
}

static eddy_stream *to_nobody(const char *host, int port, void *arg)
{
    static eddy_stream *pair[2];
    eddy_stream **ends = arg;

    (void)host, (void)port;
    if (eddy_stream_pair(pair) < 0)
        return NULL;
    ends[ends[0] ? 1 : 0] = pair[1];
    return pair[0];
}

/* Row 21 of what users report: a connection that does not answer is not the favourite for ever. */
TEST(HC16_a_silent_connection_gets_no_further_request)
{
    eddy_stream *ends[2] = {NULL, NULL};
    eddy_auto(eddy_http) *http =
        eddy_http_open(.base_url = "http://test", .connect = to_nobody, .connect_arg = ends,
                       .version = EDDY_HTTP_2, .timeout_read = 5);

    CHECK(eddy_http_get(http, "/") == NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    CHECK(eddy_http_get(http, "/") == NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    CHECK_INT(eddy_http_get_stats(http).connections, 2);
    eddy_stream_close(ends[0]);
    eddy_stream_close(ends[1]);
}

static int fails_in_time(eddy_http *http)
{
    CHECK(eddy_http_get(http, "/") == NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    return 0;
}
EDDY_CORO(fails_in_time, eddy_http *)

/* Who waits for what a silent server will say goes on with another connection. */
TEST(HC16_others_do_not_wait_for_a_silent_connection)
{
    eddy_stream *ends[2] = {NULL, NULL};
    eddy_auto(eddy_http) *http =
        eddy_http_open(.base_url = "http://test", .connect = to_nobody, .connect_arg = ends,
                       .version = EDDY_HTTP_2, .timeout_read = 5);

    CHECK_OK(eddy_gather(fails_in_time_coro(http), fails_in_time_coro(http)));
    CHECK_NEAR(eddy_time(), 10, 0.1);
    CHECK_INT(eddy_http_get_stats(http).connections, 2);
    eddy_stream_close(ends[0]);
    eddy_stream_close(ends[1]);
}

static int closes(eddy_http *http)
{
    eddy_try(eddy_sleep(0.5));
    eddy_http_close(http);
    return 0;
}
EDDY_CORO(closes, eddy_http *)

TEST(HC16_a_session_is_closed_under_its_requests)
{
    SITE();
    eddy_http *http = SESSION();
    eddy_auto(eddy_task) *closer = eddy_create_task(closes_coro(http));
    char text[64];

    CHECK_INT(get(http, "/nap", text, sizeof text), EDDY_ECLOSED);
    CHECK_OK(eddy_await(closer));
}

static int close_later(void *arg)
{
    eddy_http_close(arg);
    return 0;
}

/* In a callback nobody can wait: the task of the connection ends by itself. */
TEST(HC16_a_session_is_closed_in_a_callback)
{
    SITE();
    eddy_http *http = SESSION();
    char text[64];

    CHECK_OK(expect(http, "/", "200 GET / HTTP/2"));
    eddy_loop_call_soon(eddy_loop_running(), close_later, http);
    CHECK_OK(eddy_sleep(1));
    CHECK_INT(eddy_http_server_connections(server), 0);

    http = SESSION();
    CHECK(eddy_loop_call_later(eddy_loop_running(), 0.5, close_later, http).call != NULL);
    CHECK_INT(get(http, "/nap", text, sizeof text), EDDY_ECLOSED);
    CHECK_OK(eddy_sleep(1));
    CHECK_INT(eddy_http_server_connections(server), 0);
}

TEST(HC2_an_idle_connection_of_HTTP_2_ends)
{
    SITE();
    eddy_auto(eddy_http) *http = SESSION(.idle_timeout = 5);

    CHECK_OK(expect(http, "/", "200 GET / HTTP/2"));
    CHECK_OK(eddy_sleep(11));
    CHECK_INT(eddy_http_get_stats(http).idle, 0);
    CHECK_INT(eddy_http_server_connections(server), 0);
    CHECK_OK(expect(http, "/", "200 GET / HTTP/2"));
    CHECK_INT(eddy_http_get_stats(http).connections, 2);
}

TEST(HC2_an_old_connection_of_HTTP_2_takes_no_request)
{
    SITE();
    eddy_auto(eddy_http) *http = SESSION(.max_age = 0.5);

    CHECK_OK(eddy_gather(expect_coro(http, "/nap", "200 rested"),
                         expect_coro(http, "/nap", "200 rested")));
    CHECK_INT(eddy_http_get_stats(http).connections, 1);
    CHECK_INT(eddy_http_get_stats(http).idle, 0);
    CHECK_OK(expect(http, "/", "200 GET / HTTP/2"));
    CHECK_INT(eddy_http_get_stats(http).connections, 2);
}

TEST(HC16_what_cannot_be_a_version)
{
    CHECK(eddy_http_open(.version = 3) == NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
}

/* ---- TLS ---- */

static int version_of(const char *url, int version)
{
    eddy_auto(eddy_http) *http =
        eddy_try(eddy_http_open(.version = version, .tls_opts = {.insecure = true}));
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, url));

    eddy_try(eddy_response_text(response));
    return eddy_response_version(response);
}

TEST_REAL(HC16_the_version_is_agreed_on_within_TLS)
{
    struct identity own;
    identity_make(&own, "localhost",
                  &(struct identity_opts){.names = "IP:127.0.0.1", .authority = true});
    eddy_auto(eddy_router) *router = site();
    eddy_auto(eddy_http_server) *both = eddy_http_server_open(router, .cert = own.file);
    eddy_auto(eddy_http_server) *old =
        eddy_http_server_open(router, .cert = own.file, .no_http2 = true);

    CHECK_INT(version_of(eddy_http_server_url(both), EDDY_HTTP_DEFAULT), EDDY_HTTP_2);
    CHECK_INT(version_of(eddy_http_server_url(both), EDDY_HTTP_1_1), EDDY_HTTP_1_1);
    CHECK_INT(version_of(eddy_http_server_url(both), EDDY_HTTP_2), EDDY_HTTP_2);
    CHECK_INT(version_of(eddy_http_server_url(old), EDDY_HTTP_DEFAULT), EDDY_HTTP_1_1);
    CHECK(version_of(eddy_http_server_url(old), EDDY_HTTP_2) < 0);
    identity_free(&own);
    rmdir(identity_folder());
}

/* ---- wherever it is interrupted, whatever fails ---- */

static int whole_session(void)
{
    char text[64];
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());
    eddy_try(add_routes(router));
    eddy_auto(eddy_http_server) *server =
        eddy_try(eddy_http_server_open(router, .in_memory = true, .drain = -1));
    eddy_auto(eddy_http) *http = eddy_try(SESSION());

    eddy_try(get(http, "/", text, sizeof text));
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_post(http, "/echo", .text = "abc"));
    eddy_try(eddy_response_text(response));
    return 0;
}

SWEEP(HC16_a_session_of_HTTP_2_interrupted_anywhere)
{
    return whole_session();
}

TORTURE(HC16_a_session_of_HTTP_2_where_anything_fails)
{
    return whole_session();
}

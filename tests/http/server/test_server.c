/* test_server.c - servers: options, address, the ways to end. */
#include "http/server/talk.h"

static char word[] = "done";

static int slow(eddy_request *request)
{
    const char *seconds = eddy_request_query(request, "s");

    eddy_try(eddy_sleep(seconds ? strtod(seconds, NULL) : 0));
    return eddy_respond_text(request, 200, "%s", (const char *)eddy_request_arg(request));
}

TEST_REAL(http_server_listens_and_says_where)
{
    char url[64];
    eddy_auto(eddy_router) *router = router_of(slow);
    eddy_auto(eddy_http_server) *server = eddy_http_server_open(router, .arg = word);

    CHECK(server != NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", eddy_http_server_port(server));
    CHECK_STR(eddy_http_server_url(server), url);
    eddy_auto(eddy_stream) *peer = eddy_connect("127.0.0.1", .port = eddy_http_server_port(server));
    send_bytes(peer, GET_LAST("/"));
    CHECK(strstr(rest_of(peer), "\r\n\r\ndone") != NULL);
}

TEST(http_server_options_are_checked)
{
    eddy_auto(eddy_router) *router = router_of(slow);

    CHECK_PTR(eddy_http_server_open(NULL, .in_memory = true), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(TALK_MEMORY(router, .max_head = 1 << 20), NULL);
    CHECK_PTR(TALK_MEMORY(router, .idle_timeout = NAN), NULL);
    CHECK_PTR(TALK_MEMORY(router, .timeout_header = -1), NULL);
    CHECK_PTR(TALK_MEMORY(router, .trusted_proxies = "10.0.0.0/33"), NULL);
    CHECK_PTR(eddy_http_server_open(router, .port = 70000), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
}

/* Report 20: connections that are kept do not hold up the end. */
TEST(http_HS11_idle_connections_end_at_once)
{
    eddy_auto(eddy_router) *router = router_of(slow);
    eddy_http_server *server = TALK_MEMORY(router, .arg = word);
    eddy_auto(eddy_stream) *unused = eddy_http_server_connect(server);
    eddy_auto(eddy_stream) *used = eddy_http_server_connect(server);
    double begun = eddy_time();

    send_bytes(used, GET("/"));
    CHECK_OK(eddy_sleep(1));
    CHECK_INT(eddy_http_server_connections(server), 2);
    eddy_http_server_close(server);
    CHECK_NEAR(eddy_time() - begun, 1, 0.01);
    CHECK_STR(rest_of(unused), "");
    CHECK_INT(count_of_text(rest_of(used), "HTTP/1.1 200"), 1);
}

TEST_REAL(http_HS11_idle_connections_over_sockets_end_at_once)
{
    eddy_auto(eddy_router) *router = router_of(slow);
    eddy_http_server *server = eddy_http_server_open(router, .arg = word);
    CHECK(server != NULL);
    eddy_auto(eddy_stream) *peer = eddy_connect("127.0.0.1", .port = eddy_http_server_port(server));
    char some[16];
    double begun = eddy_time();

    send_bytes(peer, GET("/"));
    CHECK_OK(eddy_read(peer, some, sizeof some));
    eddy_http_server_close(server);
    CHECK(eddy_time() - begun < 1);
    rest_of(peer);
}

static int close_in_a_second(eddy_http_server *server)
{
    eddy_ignore(eddy_sleep(1));
    eddy_http_server_close(server);
    return 0;
}
EDDY_CORO(close_in_a_second, eddy_http_server *)

TEST(http_HS11_requests_under_way_are_answered_and_told_of_the_end)
{
    eddy_auto(eddy_router) *router = router_of(slow);
    eddy_http_server *server = TALK_MEMORY(router, .arg = word);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);
    double begun = eddy_time();

    send_bytes(peer, GET("/?s=3"));
    eddy_auto(eddy_task) *closer = eddy_create_task(close_in_a_second_coro(server));
    const char *answer = rest_of(peer);
    CHECK(strstr(answer, "done") != NULL);
    CHECK(strstr(answer, "Connection: close") != NULL);
    eddy_stream_close(eddy_take(peer));
    CHECK_OK(eddy_await(closer));
    CHECK_NEAR(eddy_time() - begun, 3, 0.01);
}

TEST(http_HS11_those_that_take_too_long_are_cancelled)
{
    eddy_auto(eddy_router) *router = router_of(slow);
    eddy_http_server *server = TALK_MEMORY(router, .arg = word, .drain = 2);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);
    double begun = eddy_time();

    send_bytes(peer, GET("/?s=100"));
    eddy_auto(eddy_task) *closer = eddy_create_task(close_in_a_second_coro(server));
    CHECK_OK(eddy_await(closer));
    CHECK_NEAR(eddy_time() - begun, 3, 0.01);
    CHECK_STR(rest_of(peer), "");
}

static eddy_http_server *own;

static int closes_its_server(eddy_request *request)
{
    eddy_http_server_close(eddy_take(own));
    return eddy_respond_text(request, 200, "bye");
}

TEST_REAL(http_HS11_a_handler_may_close_its_server)
{
    eddy_auto(eddy_router) *router = router_of(closes_its_server);
    own = eddy_http_server_open(router, .drain = 0.1);
    CHECK(own != NULL);
    eddy_auto(eddy_stream) *peer = eddy_connect("127.0.0.1", .port = eddy_http_server_port(own));

    send_bytes(peer, GET("/"));
    rest_of(peer);
    CHECK_PTR(own, NULL);
}

/* HS14 */
TEST(http_server_takes_no_connection_while_it_ends)
{
    eddy_auto(eddy_router) *router = router_of(slow);
    eddy_http_server *server = TALK_MEMORY(router, .arg = word);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    send_bytes(peer, GET("/?s=3"));
    eddy_auto(eddy_task) *closer = eddy_create_task(close_in_a_second_coro(server));
    CHECK_OK(eddy_sleep(2));
    CHECK_PTR(eddy_http_server_connect(server), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ECLOSED);
    CHECK_OK(eddy_await(closer));
}

TEST(http_HS14_a_handler_may_close_its_server_in_memory)
{
    eddy_auto(eddy_router) *router = router_of(closes_its_server);

    own = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *other = eddy_http_server_connect(own);
    const char *answer = answer_to(own, GET("/"));
    CHECK(strstr(answer, "Connection: close\r\n\r\nbye") != NULL);
    CHECK_STR(rest_of(other), "");
}

static int takes_some(eddy_request *request)
{
    size_t size;

    if (strcmp(eddy_request_path(request), "/no") == 0)
        return EDDY_HTTP(404);
    eddy_try(eddy_request_bytes(request, &size));
    return eddy_respond_text(request, 200, "four");
}

TEST(http_a_server_counts_what_it_does)
{
    eddy_auto(eddy_router) *router = router_of(takes_some);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    answer_to(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" GET_LAST("/"));
    answer_to(server, GET_LAST("/no"));
    eddy_http_server_stats stats = eddy_http_server_get_stats(server);
    CHECK_INT(stats.connections, 2);
    CHECK_INT(stats.requests, 3);
    CHECK_INT(stats.refused, 1);
    CHECK_INT(stats.received, 3);
    CHECK_INT(stats.sent, 2 * 4 + strlen("Not Found\n"));
}

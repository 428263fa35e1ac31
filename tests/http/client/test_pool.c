/* The connections of a session: limits, reuse, what ends one. */
#include "http/client/script.h"

TEST(http_HC2_pool_takes_the_connection_used_last)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a"), .delay = 0.1});
    eddy_auto(eddy_http) *http = SESSION(server);
    char text[3][16];

    CHECK_OK(eddy_gather(script_get_coro(http, "/1", text[0], 16),
                         script_get_coro(http, "/2", text[1], 16),
                         script_get_coro(http, "/3", text[2], 16)));
    CHECK_INT(server->connections, 3);
    CHECK_INT(eddy_http_get_stats(http).idle, 3);
    for (int i = 0; i < 5; i++)
        CHECK_GET(http, "/", "200 a");
    CHECK_INT(server->connections, 3);
    CHECK_OK(eddy_sleep(40));
    CHECK_INT(eddy_http_get_stats(http).idle, 0);
    CHECK_INT(server->open, 0);
}

TEST(http_HC1_pool_waits_at_its_limit_in_order)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a"), .delay = 1});
    eddy_auto(eddy_http) *http = SESSION(server, .limit = 2);
    char text[4][16];
    double begin = eddy_time();

    CHECK_OK(eddy_gather(
        script_get_coro(http, "/1", text[0], 16), script_get_coro(http, "/2", text[1], 16),
        script_get_coro(http, "/3", text[2], 16), script_get_coro(http, "/4", text[3], 16)));
    CHECK_NEAR(eddy_time() - begin, 2, 0.01);
    CHECK_INT(server->connections, 2);
    CHECK(strstr(server->heard[2], "GET /3 ") != NULL);
    CHECK(strstr(server->heard[3], "GET /4 ") != NULL);
}

TEST(http_pool_counts_each_host)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a"), .delay = 1});
    eddy_auto(eddy_http) *http = SESSION(server, .limit_per_host = 1);
    char text[4][16];
    double begin = eddy_time();

    CHECK_OK(eddy_gather(script_get_coro(http, "http://a/1", text[0], 16),
                         script_get_coro(http, "http://a/2", text[1], 16),
                         script_get_coro(http, "http://b/1", text[2], 16),
                         script_get_coro(http, "http://b:81/1", text[3], 16)));
    CHECK_NEAR(eddy_time() - begin, 2, 0.01);
    CHECK_INT(server->connections, 3);
}

/* A slow server, one connection, and a request that does not want to wait so long. */
TEST(http_report_3_the_wait_for_the_pool_has_its_own_name)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a"), .delay = 1});
    eddy_auto(eddy_http) *http = SESSION(server, .limit = 1, .timeout_pool = 0.1);
    char text[16];
    eddy_auto(eddy_task) *first = eddy_create_task(script_get_coro(http, "/", text, 16));

    CHECK_OK(eddy_sleep(0));
    CHECK_GET_FAILS(http, "/", EDDY_ETIMEDOUT);
    CHECK_STR(eddy_error_message(eddy_last_error()),
              "GET test: the wait for a connection of the session took longer than 0.1 s "
              "(.timeout_pool)");
    CHECK_OK(eddy_await(first));
    CHECK_GET(http, "/", "200 a");
}

TEST(http_report_3_the_total_covers_the_wait_for_the_pool)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a"), .delay = 1});
    eddy_auto(eddy_http) *http = SESSION(server, .limit = 1);
    char text[16];
    eddy_auto(eddy_task) *first = eddy_create_task(script_get_coro(http, "/", text, 16));

    CHECK_OK(eddy_sleep(0));
    CHECK_PTR(eddy_http_get(http, "/", .timeout = 0.2), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    CHECK_STR(eddy_error_message(eddy_last_error()),
              "GET test: the whole request took longer than 0.2 s (.timeout)");
    CHECK_OK(eddy_await(first));
}

TEST(http_HC2_report_4_a_connection_has_an_age)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server, .max_age = 10, .idle_timeout = 100);

    for (int i = 0; i < 6; i++) {
        CHECK_GET(http, "/", "200 a");
        CHECK_OK(eddy_sleep(4));
    }
    CHECK_INT(server->connections, 2);
}

TEST(http_report_6_the_servers_idle_timeout_counts)
{
    SCRIPT(server,
           {.answer = "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 1\r\n\r\na"});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_GET(http, "/", "200 a");
    CHECK_OK(eddy_sleep(0.5));
    CHECK_GET(http, "/", "200 a");
    CHECK_INT(server->connections, 1);
    CHECK_OK(eddy_sleep(1.9));
    CHECK_GET(http, "/", "200 a");
    CHECK_INT(server->connections, 2);
}

TEST(http_pool_drops_what_the_server_has_closed)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a"), .after = THEN_CLOSE});
    eddy_auto(eddy_http) *http = SESSION(server);

    for (int i = 0; i < 3; i++) {
        CHECK_GET(http, "/", "200 a");
        CHECK_OK(eddy_sleep(0.1));
    }
    CHECK_INT(server->connections, 3);
    CHECK_INT(eddy_http_get_stats(http).resent, 0);
}

TEST(http_row_26_bytes_after_the_answer_end_the_connection)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a") "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad"});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_GET(http, "/", "200 a");
    CHECK_GET(http, "/", "200 a");
    CHECK_INT(server->connections, 2);
}

TEST(http_row_26_bytes_on_an_idle_connection_end_it)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a"), .pause = 1, .later = "HTTP/1.1 408 Bye\r\n\r\n"});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_GET(http, "/", "200 a");
    CHECK_OK(eddy_sleep(2));
    CHECK_GET(http, "/", "200 a");
    CHECK_INT(server->connections, 2);
}

/* Verification, a certificate, a proxy and its credentials, a Unix socket: each needs another
 * connection, and its own is found again. */
TEST(http_HC2_row_23_connections_are_told_apart)
{
    static const char *const proxies[] = {NULL, "http://p:3128", "http://u:a@p:3128",
                                          "http://u:b@p:3128", "http://p:3129"};
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5; i++) {
            eddy_auto(eddy_response) *response = eddy_http_get(http, "/", .proxy = proxies[i]);
            CHECK(response != NULL);
            CHECK_STR(eddy_response_text(response), "a");
        }
        eddy_auto(eddy_response) *response = eddy_http_get(http, "/", .unix_path = "/one");
        CHECK(response != NULL);
        CHECK_STR(eddy_response_text(response), "a");
        eddy_auto(eddy_response) *other = eddy_http_get(http, "/", .unix_path = "/two");
        CHECK(other != NULL);
        CHECK_STR(eddy_response_text(other), "a");
        CHECK_INT(server->connections, 7);
    }
}

static eddy_stream *connect_slowly(const char *host, int port, void *arg)
{
    return eddy_sleep(0.002) < 0 ? NULL : script_connect(host, port, arg);
}

/* While it waits for its turn, connects, or is answered. */
static int cancelled_somewhere(eddy_http *http, double after)
{
    char text[16];

    eddy_timeout(after) {
        eddy_ignore(script_get(http, "/", text, sizeof text));
    }
    return 0;
}
EDDY_CORO(cancelled_somewhere, eddy_http *, double)

TEST(http_HC1_report_2_cancelled_requests_leave_nothing_behind)
{
    SCRIPT(server, {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na",
                    .delay = 0.002,
                    .pause = 0.002,
                    .later = "b"});
    eddy_auto(eddy_http) *http =
        eddy_http_open(.base_url = "http://test", .connect = connect_slowly, .connect_arg = server,
                       .limit = 8);
    uint64_t state = 1;

    for (int i = 0; i < 200; i++) { /* ten thousand requests */
        eddy_auto(eddy_group) *group = eddy_group_open();

        script_end(server);
        server->connections = 0;
        for (int k = 0; k < 50; k++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
            CHECK_OK(eddy_group_start(
                group, cancelled_somewhere_coro(http, (double)(state >> 40) / 0x1000000 * 0.02)));
        }
        CHECK_OK(eddy_group_join(group));
        CHECK_INT(eddy_http_get_stats(http).busy, 0);
    }
    script_end(server);
    server->connections = 0;
    for (int i = 0; i < 100; i++)
        CHECK_GET(http, "/", "200 ab");
    CHECK_INT(eddy_http_get_stats(http).busy, 0);
    CHECK_INT(eddy_http_get_stats(http).idle, 1);
}

static int share_one_slot(void)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a"), .delay = 0.1});
    eddy_auto(eddy_http) *http = eddy_try(SESSION(server, .limit = 1));
    char text[3][16];

    return eddy_gather(script_get_coro(http, "/1", text[0], 16),
                       script_get_coro(http, "/2", text[1], 16),
                       script_get_coro(http, "/3", text[2], 16));
}

SWEEP(http_pool_sweep)
{
    return share_one_slot();
}

TORTURE(http_pool_torture)
{
    return share_one_slot();
}

TEST(http_close_ends_what_is_under_way)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a"), .delay = 10});
    eddy_http *http = SESSION(server, .limit = 1);
    char text[2][16];
    eddy_auto(eddy_task) *first = eddy_create_task(script_get_coro(http, "/1", text[0], 16));
    eddy_auto(eddy_task) *second = eddy_create_task(script_get_coro(http, "/2", text[1], 16));

    CHECK_OK(eddy_sleep(1));
    eddy_http_close(http);
    CHECK_INT(eddy_await(first), EDDY_ECLOSED);
    CHECK_INT(eddy_await(second), EDDY_ECLOSED);
}

TEST(http_HC2_addresses_of_other_links_are_other_hosts)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_GET(http, "http://[fe80::1%25one]/", "200 a");
    CHECK_GET(http, "http://[fe80::1%25two]/", "200 a");
    CHECK_INT(server->connections, 2);
    CHECK_GET(http, "http://[fe80::1%25two]/", "200 a");
    CHECK_INT(server->connections, 2);
    CHECK(strstr(server->heard[0], "Host: [fe80::1]\r\n") != NULL);
}

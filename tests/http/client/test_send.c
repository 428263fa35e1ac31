/* A kept connection that the server has closed meanwhile. */
#include "http/client/script.h"

/* The server ends each connection when its second request comes. */
TEST(http_HC4_report_1_a_dead_connection_is_replaced_once)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")}, {.after = THEN_RESET}, {.answer = OK_TEXT(1, "b")},
           {.after = THEN_CLOSE}, {.answer = OK_TEXT(1, "c")});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_GET(http, "/", "200 a");
    CHECK_GET(http, "/", "200 b");
    CHECK_GET(http, "/", "200 c");
    CHECK_INT(server->requests, 5);
    CHECK_INT(server->connections, 3);
    CHECK_INT(eddy_http_get_stats(http).resent, 2);
}

TEST(http_HC4_report_1_what_does_harm_is_not_repeated)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")}, {.after = THEN_CLOSE}, {.answer = OK_TEXT(1, "a")},
           {.after = THEN_CLOSE}, {.answer = OK_TEXT(1, "a")}, {.after = THEN_RESET},
           {.answer = OK_TEXT(1, "b")});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_GET(http, "/", "200 a");
    CHECK_PTR(eddy_http_post(http, "/", .text = "order"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EOF);
    CHECK_INT(server->requests, 2);
    CHECK_GET(http, "/", "200 a");
    CHECK_PTR(eddy_http_get(http, "/", .no_retry = true), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EOF);
    CHECK_INT(server->requests, 4);
    CHECK_GET(http, "/", "200 a");
    eddy_auto(eddy_response) *response =
        eddy_http_post(http, "/", .text = "order", .idempotent = true);
    CHECK(response != NULL);
    CHECK_STR(eddy_response_text(response), "b");
    CHECK(strstr(server->heard[6], "\r\n\r\norder") != NULL);
}

/* On a new connection it is a failure, and so is an answer that has begun. */
TEST(http_report_1_only_where_the_connection_was_kept)
{
    SCRIPT(server, {.after = THEN_CLOSE}, {.answer = OK_TEXT(1, "a")},
           {.answer = "HTTP/1.1 200", .after = THEN_CLOSE});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_GET_FAILS(http, "/", EDDY_EOF);
    CHECK_INT(server->requests, 1);
    CHECK_GET(http, "/", "200 a");
    CHECK_GET_FAILS(http, "/", EDDY_EOF);
    CHECK_INT(server->requests, 3);
    CHECK_INT(eddy_http_get_stats(http).resent, 0);
}

TEST_REAL(http_report_1_a_thousand_requests_over_tcp)
{
    SCRIPT(script, {.answer = OK_TEXT(1, "a")});
    char url[64];
    static const struct step each[] = {
        {.answer = OK_TEXT(1, "a")}, {.answer = OK_TEXT(1, "a"), .after = THEN_CLOSE},
        {.answer = OK_TEXT(1, "a")}, {.answer = OK_TEXT(1, "a")},
        {.after = THEN_RESET},
    };
    eddy_auto(eddy_server) *server = eddy_server_open(script_handler, .arg = script);
    eddy_auto(eddy_http) *http = eddy_http_open();

    snprintf(url, sizeof url, "http://127.0.0.1:%d/", eddy_server_port(server));
    for (int i = 0; i < 250; i++) {
        script->steps = each;
        script->count = 5;
        script->requests = 0;
        for (int k = 0; k < 4; k++)
            CHECK_GET(http, url, "200 a");
    }
}

/* ---- what is left of a body ---- */

TEST(http_HC9_report_5_a_rest_that_comes_soon_is_read_off)
{
    SCRIPT(server, {.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                    .pause = 0.02,
                    .later = "0\r\nX: y\r\n\r\n"});
    eddy_auto(eddy_http) *http = SESSION(server);

    for (int i = 0; i < 3; i++) {
        eddy_auto(eddy_response) *response = eddy_http_get(http, "/");
        CHECK(response != NULL);
        CHECK_INT(eddy_response_status(response), 200);
    }
    CHECK_INT(server->connections, 1);
}

TEST(http_report_5_a_rest_that_is_late_or_long_ends_the_connection)
{
    SCRIPT(server, {.answer = OK_TEXT(5, "ab"), .pause = 0.2, .later = "cde"},
           {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc", .after = THEN_HANG},
           {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    double begin = eddy_time();

    for (int i = 0; i < 2; i++) {
        eddy_auto(eddy_response) *response = eddy_http_get(http, "/");
        CHECK(response != NULL);
    }
    CHECK_NEAR(eddy_time() - begin, 0.05, 0.001);
    CHECK_GET(http, "/", "200 a");
    CHECK_INT(server->connections, 3);
}

TEST(http_HC4_no_request_is_sent_again_after_an_interim_answer)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")},
           {.answer = "HTTP/1.1 103 H\r\n\r\n", .after = THEN_CLOSE}, {.answer = OK_TEXT(1, "b")});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_GET(http, "/", "200 a");
    CHECK_GET_FAILS(http, "/", EDDY_EOF);
    CHECK_INT(eddy_http_get_stats(http).resent, 0);
}

/* The server may have done what it was asked for: a reset behind a part of a head is no end without
 * an answer, nor is one behind "100 Continue". */
TEST(http_HC4_no_request_is_sent_again_after_part_of_an_answer)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")},
           {.answer = "HTTP/1.1 200 O", .pause = 0.01, .after = THEN_RESET},
           {.answer = OK_TEXT(1, "a")},
           {.answer = "HTTP/1.1 100 C\r\n\r\n", .deaf = true, .pause = 0.01, .after = THEN_CLOSE},
           {.answer = OK_TEXT(1, "b")});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_GET(http, "/", "200 a");
    CHECK_GET_FAILS(http, "/", EDDY_ECONNRESET);
    CHECK_GET(http, "/", "200 a");
    CHECK_PTR(eddy_http_put(http, "/", .text = "body", .expect_continue = true), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EOF);
    CHECK_INT(server->requests, 4);
    CHECK_INT(eddy_http_get_stats(http).resent, 0);
}

/* What other requests of the session do meanwhile does not count. */
TEST(http_HC4_a_new_connection_that_dies_is_not_replaced)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")}, {.answer = NULL, .delay = 0.1, .after = THEN_CLOSE},
           {.answer = OK_TEXT(1, "b")});
    eddy_auto(eddy_http) *http = SESSION(server);
    char text[2][64] = {"", ""};

    CHECK_GET(http, "http://one/", "200 a");
    eddy_auto(eddy_task) *dying =
        eddy_create_task(script_get_coro(http, "http://two/", text[0], sizeof text[0]));
    CHECK_OK(eddy_sleep(0.02));
    CHECK_GET(http, "http://one/", "200 b");
    CHECK_INT(eddy_await(dying), EDDY_EOF);
    CHECK_INT(eddy_http_get_stats(http).resent, 0);
}

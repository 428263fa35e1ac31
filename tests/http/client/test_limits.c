/* Times: each failure says which limit it was, and of which host. */
#include "http/client/script.h"

static eddy_stream *connect_late(const char *host, int port, void *arg)
{
    return eddy_sleep(100) < 0 ? NULL : script_connect(host, port, arg);
}

TEST(http_HC3_limits_connecting)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http =
        eddy_http_open(.connect = connect_late, .connect_arg = server, .timeout_connect = 3);
    double begin = eddy_time();

    CHECK_GET_FAILS(http, "http://test:99/", EDDY_ETIMEDOUT);
    CHECK_NEAR(eddy_time() - begin, 3, 0.01);
    CHECK_STR(eddy_error_message(eddy_last_error()),
              "GET test:99: connecting took longer than 3 s (.timeout_connect)");
    CHECK_INT(eddy_http_get_stats(http).busy, 0);
}

TEST(http_HC3_limits_reading)
{
    SCRIPT(server, {.delay = 100, .answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server, .timeout_read = 2);

    CHECK_GET_FAILS(http, "/", EDDY_ETIMEDOUT);
    CHECK_STR(eddy_error_message(eddy_last_error()),
              "GET test: waiting for an answer took longer than 2 s (.timeout_read)");
    CHECK_INT(eddy_http_get_stats(http).busy, 0);
}

TEST(http_limits_reading_counts_from_the_latest_byte)
{
    SCRIPT(server, {.delay = 1.5, .answer = OK_TEXT(2, "a"), .pause = 1.5, .later = "b"},
           {.answer = OK_TEXT(2, "a"), .pause = 3, .later = "b"});
    eddy_auto(eddy_http) *http = SESSION(server, .timeout_read = 2);

    CHECK_GET(http, "/", "200 ab");
    CHECK_GET_FAILS(http, "/", EDDY_ETIMEDOUT);
    CHECK_STR(eddy_error_message(eddy_last_error()),
              "GET test: waiting for more of the body took longer than 2 s (.timeout_read)");
}

TEST(http_HC3_limits_of_the_whole_request_cover_the_body)
{
    SCRIPT(server, {.delay = 2, .answer = OK_TEXT(2, "a"), .pause = 2, .later = "b"});
    eddy_auto(eddy_http) *http = SESSION(server, .timeout = 3);
    double begin = eddy_time();

    CHECK_GET_FAILS(http, "/", EDDY_ETIMEDOUT);
    CHECK_NEAR(eddy_time() - begin, 3, 0.06);
    CHECK_STR(eddy_error_message(eddy_last_error()),
              "GET test: the whole request took longer than 3 s (.timeout)");
}

/* A deadline of the program's own stays one: it is not told as an option's. */
TEST(http_HC3_limits_leave_the_programs_deadline_alone)
{
    SCRIPT(server, {.delay = 2, .answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);

    eddy_timeout(1) {
        CHECK_GET_FAILS(http, "/", EDDY_ETIMEDOUT);
    }
    CHECK_STR(eddy_error_message(eddy_last_error()), "timed out");
    CHECK_INT(eddy_http_get_stats(http).busy, 0);
}

/* The time for an answer begins when the body has gone. */
static int writes_for_long(eddy_stream *stream, void *arg)
{
    (void)arg;
    for (int i = 0; i < 5; i++) {
        eddy_try(eddy_sleep(1.5));
        eddy_try(eddy_write(stream, "x", 1));
    }
    return 0;
}

TEST(http_limits_do_not_count_while_a_body_moves)
{
    SCRIPT(server, {.delay = 1.5, .answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server, .timeout_read = 2);
    eddy_auto(eddy_response) *response = eddy_http_post(http, "/", .write = writes_for_long);

    CHECK(response != NULL);
    CHECK_STR(eddy_response_text(response), "a");
}

static int writes_slowly(eddy_stream *stream, void *arg)
{
    (void)arg;
    for (int i = 0; i < 8; i++) {
        eddy_try(eddy_sleep(0.05));
        eddy_try(eddy_write(stream, "x", 1));
        eddy_try(eddy_flush(stream));
    }
    return 0;
}

TEST(http_HC3_what_is_sent_counts_while_the_answer_is_read)
{
    SCRIPT(server, {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na",
                    .deaf = true,
                    .later = "b",
                    .pause = 0.35});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *response =
        eddy_http_post(http, "/", .write = writes_slowly, .timeout_read = 0.2);

    CHECK(response != NULL);
    CHECK_STR(eddy_response_text(response), "ab");
}

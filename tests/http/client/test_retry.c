/* Requests that are tried again. */
#include "http/client/script.h"

#define BUSY(more) "HTTP/1.1 503 Busy\r\n" more "Content-Length: 0\r\n\r\n"

TEST(http_HC13_retries_wait_longer_each_time)
{
    SCRIPT(server, {.answer = BUSY("")}, {.after = THEN_CLOSE}, {.answer = BUSY("")},
           {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    double begin = eddy_time();
    eddy_auto(eddy_response) *response =
        eddy_http_get(http, "/", .retries = 3, .backoff = 1, .no_retry = true);

    CHECK(response != NULL);
    CHECK_STR(eddy_response_text(response), "a");
    CHECK_INT(server->requests, 4);
    CHECK_INT(eddy_http_get_stats(http).retries, 3);
    double seconds = eddy_time() - begin;
    CHECK(seconds >= 3.5 && seconds <= 7.1);
}

TEST(http_HC13_retries_have_an_end)
{
    SCRIPT(server, {.answer = BUSY("")});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *response = eddy_http_get(http, "/", .retries = 2);
    eddy_auto(eddy_response) *post = eddy_http_post(http, "/", .text = "x", .retries = 2);

    CHECK(response && post);
    CHECK_INT(eddy_response_status(response), 503);
    CHECK_INT(eddy_response_status(post), 503);
    CHECK_INT(server->requests, 4);
}

TEST(http_HC13_retry_after_is_honoured)
{
    SCRIPT(server, {.answer = BUSY("Retry-After: 20\r\n")}, {.answer = OK_TEXT(1, "a")},
           {.answer = BUSY("Retry-After: 61\r\n")}, {.answer = BUSY("Retry-After: 20\r\n")});
    eddy_auto(eddy_http) *http = SESSION(server);
    double begin = eddy_time();
    eddy_auto(eddy_response) *response = eddy_http_get(http, "/", .retries = 1);

    CHECK(response != NULL);
    CHECK_INT(eddy_response_status(response), 200);
    CHECK_NEAR(eddy_time() - begin, 20, 0.1);
    eddy_auto(eddy_response) *late = eddy_http_get(http, "/", .retries = 1);
    CHECK_INT(eddy_response_status(late), 503);
    eddy_auto(eddy_response) *short_of_time = eddy_http_get(http, "/", .retries = 1, .timeout = 10);
    CHECK_INT(eddy_response_status(short_of_time), 503);
    CHECK_INT(server->requests, 4);
}

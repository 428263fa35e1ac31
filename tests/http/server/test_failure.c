/* test_failure.c - handlers that fail. */
#include "http/server/talk.h"

static int fails(eddy_request *request)
{
    const char *path = eddy_request_path(request);

    if (strcmp(path, "/404") == 0)
        return eddy_raise(EDDY_HTTP(404), "no user <8>\r\nX: y");
    if (strcmp(path, "/bare") == 0)
        return EDDY_HTTP(403);
    if (strcmp(path, "/bug") == 0)
        return eddy_raise(EDDY_ENOSPC, "the password is sesame");
    if (strcmp(path, "/silent") == 0)
        return 0;
    if (strcmp(path, "/half") == 0) {
        eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(request, 200, .type = ""));
        eddy_try(eddy_printf(out, "half"));
        return eddy_raise(EDDY_EIO, "the other half cannot be read");
    }
    if (strcmp(path, "/short") == 0) {
        eddy_auto(eddy_stream) *out =
            eddy_try(eddy_respond_stream(request, 200, .type = "", .length = 9));
        return eddy_printf(out, "half") < 0;
    }
    eddy_try(eddy_respond_text(request, 200, "well"));
    return eddy_respond_header(request, "X-Well", "1");
}

#define TEXT(status, size, text)                                                                   \
    "HTTP/1.1 " status "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " size      \
    "\r\n\r\n" text

TEST(http_HS2_a_failure_is_an_answer)
{
    int reports = 0;
    eddy_auto(eddy_router) *router = router_of(fails);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, &reports);
    CHECK_STR(answer_to(server, GET("/404") GET("/bare")),
              TEXT("404 Not Found", "18", "no user <8>\r\nX: y\n")
                  TEXT("403 Forbidden", "10", "Forbidden\n"));
    CHECK_INT(reports, 0);
    CHECK_STR(answer_to(server, GET("/bug") GET("/silent")),
              TEXT("500 Internal Server Error", "22", "Internal Server Error\n")
                  TEXT("500 Internal Server Error", "22", "Internal Server Error\n"));
    CHECK_INT(reports, 2);
    CHECK_INT(status_of(server, GET("/well")), 200);
}

/* Report 13: half an answer is never taken for the whole. */
TEST(http_HS3_a_failure_after_the_head_cuts_the_connection_off)
{
    int reports = 0;
    eddy_auto(eddy_router) *router = router_of(fails);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, &reports);
    const char *answer = answer_to(server, GET("/half") GET("/well"));
    CHECK(strstr(answer, "0\r\n\r\n") == NULL);
    CHECK(strstr(answer, "well") == NULL);
    CHECK(strstr(answer, "(reset)") != NULL);
    CHECK_INT(reports, 1);
    answer = answer_to(server, GET("/short") GET("/well"));
    CHECK(strstr(answer, "well") == NULL);
    CHECK(strstr(answer, "(reset)") != NULL);
    CHECK_INT(reports, 2);
}

/* The message of a record is the handler's, also one that was raised deep inside. */
static int deep(const char *id)
{
    return eddy_raise(EDDY_HTTP(410), "%s has gone", id);
}

static int deeper(eddy_request *request)
{
    eddy_try(deep(eddy_request_query(request, "id")));
    return 0;
}

TEST(http_HS2_a_failure_from_however_deep)
{
    eddy_auto(eddy_router) *router = router_of(deeper);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK(strstr(answer_to(server, GET("/?id=ann")), "\r\n\r\nann has gone\n") != NULL);
}

static int first_write;

/* The first write takes the head along; its handler does not mind that it was out of time. */
static int writes_again(eddy_request *request)
{
    static char data[100 << 10];

    memset(data, '.', sizeof data);
    if (strcmp(eddy_request_path(request), "/large") == 0)
        return eddy_respond_bytes(request, 200, data, sizeof data);
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(request, 200, .length = 50000));
    eddy_timeout(1)
        first_write = (int)eddy_write(out, data, 40000);
    eddy_try(eddy_sleep(5));
    CHECK_INT(eddy_write(out, "HTTP/1.1", 8), EDDY_EPIPE);
    return 0;
}

TEST(http_HS3_nothing_follows_a_write_that_was_interrupted)
{
    eddy_auto(eddy_router) *router = router_of(writes_again);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    send_bytes(peer, GET("/large") GET("/"));
    CHECK_OK(eddy_sleep(2));
    CHECK_INT(first_write, EDDY_ETIMEDOUT);
    const char *all = rest_of(peer);
    CHECK_INT(count_of_text(all, "HTTP/1.1"), 1);
    CHECK_STR(all + strlen(all) - 8, ".(reset)");
}

/* test_log.c - the access log: a line for each request, whatever the client has sent. */
#include "http/server/talk.h"

static int hello(eddy_request *request)
{
    return eddy_respond_text(request, 200, "hello");
}

/* The lines that these bytes leave in a log of that format. */
static const char *logged(int format, const char *bytes)
{
    static char text[16 * 1024];
    size_t size = 0;
    ssize_t n;
    eddy_stream *log[2];

    CHECK_OK(eddy_stream_pair(log));
    eddy_auto(eddy_router) *router = router_of(hello);
    eddy_http_server *server = TALK_MEMORY(router, .log = log[0], .log_format = format);
    answer_to(server, bytes);
    eddy_http_server_close(server);
    eddy_stream_close(log[0]);
    while ((n = CHECK_OK(eddy_read(log[1], text + size, sizeof text - 1 - size))) > 0)
        size += (size_t)n;
    text[size] = '\0';
    eddy_stream_close(log[1]);
    return text;
}

TEST(http_server_logs_in_the_common_format)
{
    const char *line = logged(EDDY_HTTP_LOG_COMMON, "GET /a?b HTTP/1.1\r\nHost: a\r\n"
                                                    "User-Agent: x/1\r\nReferer: y\r\n\r\n");

    CHECK(strstr(line, " - - [") != NULL);
    CHECK(strstr(line, " +0000] \"GET /a?b HTTP/1.1\" 200 5 \"y\" \"x/1\"\n") != NULL);
    CHECK_INT(
        count_of_text(logged(EDDY_HTTP_LOG_COMMON, GET("/") GET("/") "nonsense\r\n\r\n"), "\n"), 3);
}

TEST(http_row_21_lines_of_a_log_cannot_be_forged)
{
    const char *bytes = "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: a\" \\ \xc3\xa4\t\x80\r\n\r\n";

    CHECK(strstr(logged(EDDY_HTTP_LOG_COMMON, bytes), "\"a\\\" \\\\ \\xc3\\xa4\\x09\\x80\"\n"));
    const char *line = logged(EDDY_HTTP_LOG_JSON, bytes);
    CHECK(strstr(line, "\"agent\": \"a\\\" \\\\ \\u00c3\\u00a4\\u0009\\u0080\"}\n"));
    CHECK(strstr(line, "\"status\": 200, \"size\": 5, \"seconds\": "));
    static char large[32 * 1024];
    snprintf(large, sizeof large,
             "GET /%07000d HTTP/1.1\r\nHost: a\r\nReferer: %07000d\r\nUser-Agent: z%07000d\r\n\r\n",
             0, 0, 0);
    line = logged(EDDY_HTTP_LOG_JSON, large);
    CHECK(strlen(line) < 4096);
    CHECK(strstr(line, "\"agent\": \"z00") != NULL);
    CHECK_INT(count_of_text(line, "\n"), 1);
}

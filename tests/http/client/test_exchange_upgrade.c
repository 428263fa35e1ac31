/* Which protocol a connection speaks: answers 101, asked for and not, and a server that knows no
 * HTTP/2. */
#include "http/client/script.h"

TEST(http_HC17_a_101_that_was_asked_for_has_the_connection)
{
    SCRIPT(server,
           {.answer = "HTTP/1.1 101 Up\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\nhello\n"},
           {.answer = "further bytes\n"});
    eddy_auto(eddy_http) *http = SESSION(server);
    char *line;

    eddy_response *response = eddy_http_get(http, "/", .upgrade = "echo");
    CHECK_INT(eddy_response_status(response), 101);
    CHECK(strstr(server->heard[0], "\r\nConnection: Upgrade\r\nUpgrade: echo\r\n") != NULL);
    eddy_stream *stream = eddy_response_body(response);
    CHECK(stream != NULL);
    CHECK_INT(eddy_read_line(stream, &line), 5);
    CHECK_STR(line, "hello");
    CHECK_INT(eddy_printf(stream, "to the server\r\n\r\n"), 17);
    CHECK_INT(eddy_read_line(stream, &line), 13);
    CHECK_STR(line, "further bytes");
    CHECK_STR(server->heard[1], "to the server\r\n\r\n");
    eddy_response_close(response);
    CHECK_INT(eddy_http_get_stats(http).idle, 0);
    CHECK_INT(eddy_http_get_stats(http).busy, 0);
}

TEST(http_HC17_a_connection_that_was_upgraded_serves_no_request_used_or_not)
{
    SCRIPT(server, {.answer = "HTTP/1.1 101 Up\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n"},
           {.answer = OK_TEXT(2, "ok")});
    eddy_auto(eddy_http) *http = SESSION(server);

    eddy_response_close(eddy_http_get(http, "/", .upgrade = "echo"));
    CHECK_GET(http, "/", "200 ok");
    CHECK_INT(server->connections, 2);
}

TEST(http_HC17_a_101_to_another_protocol_is_refused)
{
    SCRIPT(server, {.answer = "HTTP/1.1 101 Up\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\n"},
           {.answer = "HTTP/1.1 101 Up\r\nConnection: upgrade\r\n\r\n"},
           {.answer = "HTTP/1.1 101 Up\r\nUpgrade: Echo\r\nConnection: upgrade\r\n\r\n"});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK(eddy_http_get(http, "/", .upgrade = "echo, more") == NULL);
    CHECK_INT(eddy_last_status(), EDDY_EPROTO);
    CHECK(strstr(eddy_error_message(eddy_last_error()), "101 to other, where echo, more was"));
    CHECK(eddy_http_get(http, "/", .upgrade = "echo") == NULL);
    eddy_auto(eddy_response) *response = eddy_http_get(http, "/", .upgrade = "more, echo");
    CHECK_INT(eddy_response_status(response), 101);
}

TEST(http_HC17_another_answer_to_an_upgrade_is_one_as_any)
{
    SCRIPT(server, {.answer = OK_TEXT(2, "no")});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *response = eddy_http_get(http, "/", .upgrade = "echo");

    CHECK_STR(eddy_response_text(response), "no");
    CHECK_INT(eddy_http_get_stats(http).idle, 1);
    CHECK(eddy_http_get(http, "/", .upgrade = "a\r\nb") == NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
}

TEST(HC16_a_server_of_HTTP_1_where_HTTP_2_was_known)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server, .version = EDDY_HTTP_2);

    CHECK(eddy_http_get(http, "/") == NULL);
    CHECK_INT(eddy_last_status(), EDDY_EPROTO);
    CHECK(strstr(eddy_error_message(eddy_last_error()), "speaks HTTP/1.1 and not HTTP/2"));
    CHECK_INT(server->connections, 1);
}

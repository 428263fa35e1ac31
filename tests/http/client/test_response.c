/* What a program takes from an answer. */
#include "http/client/script.h"

TEST(http_response_has_a_head)
{
    SCRIPT(server, {.answer = "HTTP/1.1 404 Not here\r\nX-A: 1\r\nx-b: 2\r\nX-a: 3\r\n"
                              "Content-Length: 2\r\n\r\nno"});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *response = eddy_http_get(http, "/a?b");

    CHECK(response != NULL);
    CHECK_INT(eddy_response_status(response), 404);
    CHECK_STR(eddy_response_reason(response), "Not here");
    CHECK_STR(eddy_response_header(response, "x-A"), "1");
    CHECK_STR(eddy_response_header(response, "X-B"), "2");
    CHECK_PTR(eddy_response_header(response, "X-C"), NULL);
    CHECK_STR(eddy_response_headers(response)[2].value, "3");
    CHECK_STR(eddy_response_url(response), "http://test/a?b");
    CHECK_INT(eddy_response_redirects(response), 0);
    CHECK_INT(eddy_response_length(response), 2);
    size_t size = 0;
    CHECK_MEM(eddy_response_bytes(response, &size), "no", 3);
    CHECK_INT(size, 2);
    CHECK_STR(eddy_response_text(response), "no");
    CHECK_PTR(eddy_response_body(response), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
}

TEST(http_response_in_chunks_with_trailers)
{
    SCRIPT(server, {.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                    .pause = 0.1,
                    .later = "7;a=b\r\n, world\r\n0\r\nX-Sum: 12\r\n\r\n"});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *response = eddy_http_get(http, "/");

    CHECK(response != NULL);
    CHECK_INT(eddy_response_length(response), -1);
    CHECK_STR(eddy_response_text(response), "hello, world");
    CHECK_STR(eddy_response_trailers(response)[0].value, "12");
    CHECK_GET(http, "/", "200 hello, world");
    CHECK_INT(server->connections, 1);
}

TEST(http_response_as_a_stream)
{
    SCRIPT(server, {.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n",
                    .pause = 0.1,
                    .later = "6\r\ntwo\nth\r\n3\r\nree\r\n0\r\n\r\n"});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *response = eddy_http_get(http, "/");
    CHECK(response != NULL);
    eddy_stream *body = eddy_response_body(response);
    static const char *const lines[] = {"one", "two", "three", NULL};
    char *line;

    for (int i = 0; i < 4; i++) {
        CHECK_OK(eddy_read_line(body, &line));
        CHECK_STR(line, lines[i]);
    }
    CHECK_INT(eddy_write(body, "x", 1), EDDY_ENOTSUP);
    CHECK_PTR(eddy_response_body(response), body);
    CHECK_PTR(eddy_response_text(response), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_INT(eddy_http_get_stats(http).idle, 1);
}

TEST(http_response_to_the_end_of_the_connection)
{
    SCRIPT(server, {.answer = "HTTP/1.0 200 OK\r\n\r\nall ",
                    .pause = 1,
                    .later = "of it",
                    .after = THEN_CLOSE});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_GET(http, "/", "200 all of it");
    CHECK_GET(http, "/", "200 all of it");
    CHECK_INT(server->connections, 2);
}

TEST(http_response_saved_to_a_file)
{
    SCRIPT(server, {.answer = OK_TEXT(5, "hello")});
    eddy_auto(eddy_http) *http = SESSION(server);
    char path[] = "/tmp/eddy-save-XXXXXX", *data;
    int fd = mkstemp(path);
    size_t size;

    CHECK(fd >= 0);
    close(fd);
    for (int i = 0; i < 3; i++) {
        eddy_auto(eddy_response) *response = eddy_http_get(http, "/");
        CHECK(response != NULL);
        CHECK_INT(eddy_response_save(response, path, .append = i == 2), 5);
    }
    CHECK_OK(eddy_read_file(path, &data, &size));
    CHECK_STR(data, "hellohello");
    eddy_free(data);
    unlink(path);
}

TEST(http_response_has_a_limit_of_size)
{
    SCRIPT(
        server, {.answer = OK_TEXT(5, "hello")},
        {.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
        {.answer = OK_TEXT(4, "fits")});
    eddy_auto(eddy_http) *http = SESSION(server, .max_body = 4);

    CHECK_GET_FAILS(http, "/", EDDY_ELIMIT);
    CHECK_GET_FAILS(http, "/", EDDY_ELIMIT);
    CHECK_GET(http, "/", "200 fits");
}

/* An option that is not set is a limit, too. */
TEST(http_row_42_a_body_has_a_limit_by_default)
{
    SCRIPT(server, {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\na"});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_GET_FAILS(http, "/", EDDY_ELIMIT);
    CHECK(strstr(eddy_error_message(eddy_last_error()), "16777216 bytes (.max_body)") != NULL);
    CHECK_INT(eddy_http_get_stats(http).idle, 0);
}

TEST(http_HC8_report_16_a_short_body_is_no_success)
{
    SCRIPT(server, {.answer = OK_TEXT(9, "half"), .after = THEN_CLOSE},
           {.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            .after = THEN_CLOSE});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_GET_FAILS(http, "/", EDDY_EOF);
    CHECK(strstr(eddy_error_message(eddy_last_error()), "4 of the 9 bytes") != NULL);
    CHECK_GET_FAILS(http, "/", EDDY_EOF);
}

/* HEAD, 204 and 304 have no body, whatever the headers say. */
TEST(http_HC8_report_8_answers_without_a_body)
{
    SCRIPT(server, {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"},
           {.answer = "HTTP/1.1 204 No\r\nContent-Length: 10\r\n\r\n"},
           {.answer = "HTTP/1.1 304 Not\r\nContent-Length: 10\r\n\r\n"},
           {.answer = OK_TEXT(4, "body")}, {.answer = "HTTP/1.1 204 No\r\n\r\nsurplus"},
           {.answer = OK_TEXT(4, "body")});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *head = eddy_http_head(http, "/");

    CHECK(head != NULL);
    CHECK_STR(eddy_response_text(head), "");
    CHECK_INT(eddy_response_length(head), 10);
    CHECK_GET(http, "/", "204 ");
    CHECK_GET(http, "/", "304 ");
    CHECK_GET(http, "/", "200 body");
    CHECK_INT(server->connections, 1);
    CHECK_GET(http, "/", "204 ");
    CHECK_GET(http, "/", "200 body");
    CHECK_INT(server->connections, 2);
}

TEST(http_raise_for_status_gives_the_code_of_the_server)
{
    SCRIPT(server, {.answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"},
           {.answer = OK_TEXT(4, "fine")});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_PTR(eddy_http_get(http, "/x", .raise_for_status = true), NULL);
    CHECK_INT(eddy_last_status(), EDDY_HTTP(404));
    CHECK_STR(eddy_error_message(eddy_last_error()), "GET http://test/x: 404 Not Found");
    eddy_auto(eddy_response) *response = eddy_http_get(http, "/", .raise_for_status = true);
    CHECK(response != NULL);
    CHECK_INT(server->connections, 1);
}

static int closes_response(eddy_response *response)
{
    eddy_try(eddy_sleep(1));
    eddy_response_close(response);
    return 0;
}
EDDY_CORO(closes_response, eddy_response *)

/* Rule D6: the one who reads ends, with memory that is still there. */
TEST(http_HC9_response_closed_while_another_task_reads)
{
    SCRIPT(server, {.answer = OK_TEXT(9, "half"), .after = THEN_HANG});
    eddy_auto(eddy_http) *http = SESSION(server);

    for (int i = 0; i < 2; i++) {
        eddy_response *response = eddy_http_get(http, "/");
        CHECK(response != NULL);
        eddy_stream *body = i ? eddy_response_body(response) : NULL;
        char buf[16];
        eddy_auto(eddy_task) *closer = eddy_create_task(closes_response_coro(response));

        if (i) {
            CHECK_INT(eddy_read(body, buf, sizeof buf), 4);
            CHECK_INT(eddy_read(body, buf, sizeof buf), EDDY_ECLOSED);
        } else {
            CHECK_PTR(eddy_response_text(response), NULL);
            CHECK_INT(eddy_last_status(), EDDY_ECLOSED);
        }
        CHECK_OK(eddy_await(closer));
        CHECK_INT(eddy_http_get_stats(http).busy, 0);
    }
}

static int saves_response(eddy_response *response, const char *path)
{
    return (int)eddy_response_save(response, path);
}
EDDY_CORO(saves_response, eddy_response *, const char *)

/* Also while the file is being opened. */
TEST(http_HC9_response_closed_while_another_task_saves_it)
{
    SCRIPT(server, {.answer = OK_TEXT(9, "half"), .after = THEN_HANG});
    char *path;
    eddy_auto(eddy_stream) *file = eddy_temp_file(NULL, &path);

    for (int i = 0; i < 2; i++) {
        eddy_http *http = SESSION(server);
        eddy_response *response = eddy_http_get(http, "/");
        CHECK(response != NULL);
        eddy_auto(eddy_task) *saver = eddy_create_task(saves_response_coro(response, path));

        CHECK_OK(eddy_sleep(i ? 0.02 : 0));
        eddy_response_close(response);
        eddy_http_close(http);
        CHECK_INT(eddy_await(saver), EDDY_ECLOSED);
    }
    CHECK_OK(eddy_unlink(path));
    eddy_free(path);
}

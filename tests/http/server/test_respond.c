/* test_respond.c - what handlers say as their answers. */
#include "http/server/talk.h"

static int twice(eddy_request *request)
{
    eddy_try(eddy_respond_header(request, "X-Both", "1"));
    eddy_try(eddy_respond_bytes(request, 200, "abc", 3, .headers = eddy_pairs({"X-First", "1"})));
    CHECK_INT(eddy_respond_status(request), 200);
    return eddy_respond_json(request, 201, "{}");
}

TEST(http_HS1_the_last_word_is_the_answer)
{
    eddy_auto(eddy_router) *router = router_of(twice);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK_STR(answer_to(server, GET_LAST("/")),
              "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nX-Both: 1\r\n"
              "Content-Length: 2\r\nConnection: close\r\n\r\n{}");
}

static int by_path(eddy_request *request)
{
    const char *path = eddy_request_path(request);

    if (strcmp(path, "/204") == 0)
        return eddy_respond_bytes(request, 204, NULL, 0, .type = "");
    if (strcmp(path, "/304") == 0)
        return eddy_respond_bytes(request, 304, "gone", 4, .type = "");
    if (strcmp(path, "/stream") == 0) {
        eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(request, 200, .type = "a/b"));
        eddy_try(eddy_printf(out, "some"));
        return eddy_write_eof(out);
    }
    return eddy_respond_text(request, 200, "four");
}

TEST(http_HS10_no_body_by_method_and_status)
{
    eddy_auto(eddy_router) *router = router_of(by_path);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK_STR(answer_to(server,
                        "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" GET("/204") GET(
                            "/304") "HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n" GET_LAST("/stream")),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Length: 4\r\n\r\n"
              "HTTP/1.1 204 No Content\r\n\r\n"
              "HTTP/1.1 304 Not Modified\r\n\r\n"
              "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\n"
              "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n"
              "Connection: close\r\n\r\n4\r\nsome\r\n0\r\n\r\n");
}

static int says_nothing_yet(eddy_request *request)
{
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(request, 200, .type = "a/b"));

    eddy_try(eddy_sleep(60));
    eddy_try(eddy_printf(out, "now"));
    return 0;
}

TEST(http_HS1_the_head_of_a_stream_does_not_wait_for_its_bytes)
{
    char head[128];
    eddy_auto(eddy_router) *router = router_of(says_nothing_yet);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    send_bytes(peer, GET_LAST("/"));
    eddy_timeout(1)
        CHECK(eddy_read(peer, head, 15) == 15);
    CHECK(strncmp(head, "HTTP/1.1 200 OK", 15) == 0);
    CHECK(strstr(rest_of(peer), "\r\n\r\n3\r\nnow\r\n0\r\n\r\n") != NULL);
}

static int bad_fields(eddy_request *request)
{
    const char *evil = "a\r\nSet-Cookie: b";

    CHECK_INT(eddy_respond_header(request, "X", evil), EDDY_EINVAL);
    CHECK_INT(eddy_respond_header(request, "X Y", "a"), EDDY_EINVAL);
    CHECK_INT(eddy_respond_header(request, "", "a"), EDDY_EINVAL);
    CHECK_INT(eddy_respond_header(request, "content-LENGTH", "3"), EDDY_EINVAL);
    CHECK_INT(eddy_respond_header(request, "Transfer-Encoding", "chunked"), EDDY_EINVAL);
    CHECK_INT(eddy_respond_bytes(request, 200, "", 0, .type = evil), EDDY_EINVAL);
    CHECK_INT(eddy_respond_bytes(request, 200, "", 0, .headers = eddy_pairs({"X", evil})),
              EDDY_EINVAL);
    CHECK_INT(eddy_respond_redirect(request, 302, "/a\nb"), EDDY_EINVAL);
    CHECK_INT(eddy_respond_redirect(request, 200, "/a"), EDDY_EINVAL);
    CHECK_INT(eddy_respond_text(request, 99, "x"), EDDY_EINVAL);
    CHECK_INT(eddy_respond_text(request, 100, "x"), EDDY_EINVAL);
    CHECK_INT(eddy_respond_text(request, 1000, "x"), EDDY_EINVAL);
    CHECK_INT(eddy_respond_status(request), 0);
    return eddy_respond_redirect(request, 303, "/there?a=b");
}

TEST(http_row_13_what_a_program_gives_cannot_end_a_field)
{
    eddy_auto(eddy_router) *router = router_of(bad_fields);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK_STR(answer_to(server, GET_LAST("/")),
              "HTTP/1.1 303 See Other\r\nLocation: /there?a=b\r\nContent-Length: 0\r\n"
              "Connection: close\r\n\r\n");
}

static int empty_pieces(eddy_request *request)
{
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(request, 200));

    for (int i = 0; i < 3; i++) {
        eddy_try(eddy_write(out, "", 0));
        eddy_try(eddy_flush(out));
        eddy_try(eddy_write(out, "a", 1));
        eddy_try(eddy_flush(out));
    }
    return 0;
}

TEST(http_report_13_an_empty_piece_is_not_the_end)
{
    eddy_auto(eddy_router) *router = router_of(empty_pieces);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK_STR(strstr(answer_to(server, GET_LAST("/")), "\r\n\r\n"),
              "\r\n\r\n1\r\na\r\n1\r\na\r\n1\r\na\r\n0\r\n\r\n");
}

static int stream_then_text(eddy_request *request)
{
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(request, 200, .length = 3));

    CHECK_INT(eddy_respond_text(request, 200, "x"), EDDY_EALREADY);
    CHECK_INT(eddy_respond_header(request, "A", "b"), EDDY_EALREADY);
    CHECK_PTR(eddy_respond_stream(request, 200), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EALREADY);
    eddy_try(eddy_write(out, "abc", 3));
    CHECK_INT(eddy_write(out, "d", 1), EDDY_EINVAL);
    return 0;
}

TEST(http_HS1_a_stream_is_the_answer_at_once)
{
    eddy_auto(eddy_router) *router = router_of(stream_then_text);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK_STR(answer_to(server, GET_LAST("/")),
              "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 3\r\n"
              "Connection: close\r\n\r\nabc");
}

/* HTTP/1.0 has no chunks: the end of the connection is the end of the body. */
TEST(http_HS1_a_stream_to_an_old_client_ends_with_the_connection)
{
    eddy_auto(eddy_router) *router = router_of(by_path);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK_STR(answer_to(server, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nConnection: close\r\n\r\nsome");
    CHECK_STR(answer_to(server, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                                "GET / HTTP/1.0\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Length: 4\r\nConnection: keep-alive\r\n\r\nfour"
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Length: 4\r\nConnection: close\r\n\r\nfour");
}

/* test_body.c - bodies of requests: as streams and as a whole, their limits, and what is left. */
#include "http/server/talk.h"

static int echo(eddy_request *request)
{
    const char *path = eddy_request_path(request);
    size_t size;

    if (strcmp(path, "/ignore") == 0)
        return eddy_respond_text(request, 200, "ignored");
    if (strcmp(path, "/some") == 0) {
        char some[4];
        eddy_try(eddy_read_exactly(eddy_request_body(request), some, sizeof some));
        return eddy_respond_bytes(request, 200, some, sizeof some);
    }
    if (strcmp(path, "/text") == 0) {
        const char *text = eddy_try(eddy_request_text(request));
        return eddy_respond_text(request, 200, "%s", text);
    }
    if (strcmp(path, "/small") == 0)
        eddy_request_set_max_body(request, 3);
    const void *bytes = eddy_try(eddy_request_bytes(request, &size));
    CHECK_PTR(eddy_request_bytes(request, &size), bytes);
    return eddy_respond_bytes(request, 200, bytes, size, .no_copy = true, .type = "");
}

#define POST(path, size, body)                                                                     \
    "POST " path " HTTP/1.1\r\nHost: a\r\nContent-Length: " size "\r\n\r\n" body
#define POST_CHUNKED(path, body)                                                                   \
    "POST " path " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" body

static bool ends_in(const char *text, const char *end)
{
    size_t size = strlen(text), n = strlen(end);

    return size >= n && strcmp(text + size - n, end) == 0;
}

TEST(http_server_reads_bodies)
{
    eddy_auto(eddy_router) *router = router_of(echo);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK(ends_in(answer_to(server, POST("/", "5", "abcde")), "\r\n\r\nabcde"));
    CHECK(ends_in(answer_to(server, POST("/", "0", "")), "Content-Length: 0\r\n\r\n"));
    CHECK(ends_in(answer_to(server, GET("/")), "Content-Length: 0\r\n\r\n"));
    CHECK(ends_in(answer_to(server, POST_CHUNKED("/", "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")),
                  "\r\n\r\nabcde"));
    CHECK(ends_in(answer_to(server, POST("/text", "3", "a\nb")), "\r\n\r\na\nb"));
}

TEST(http_HS8_what_is_left_of_a_body_is_no_request)
{
    eddy_auto(eddy_router) *router = router_of(echo);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    const char *answer = answer_to(server, POST("/ignore", "18", "GET /x HTTP/1.1\r\n\r")
                                               POST("/some", "6", "abcdef") GET("/ignore"));

    CHECK_INT(count_of_text(answer, "HTTP/1.1 200"), 3);
    CHECK_INT(count_of_text(answer, "ignored"), 2);
    CHECK_INT(count_of_text(answer, "abcd"), 1);
    CHECK(strstr(answer, "Connection: close") == NULL);
    /* more than 64 KiB is not waited for */
    answer = answer_to(server, POST("/ignore", "70000", "a"));
    CHECK(strstr(answer, "Connection: close") != NULL);
    /* broken chunks cannot be skipped */
    answer = answer_to(server, POST_CHUNKED("/ignore", "zz\r\n") GET("/x"));
    CHECK_INT(count_of_text(answer, "HTTP/1.1 "), 1);
}

TEST(http_row_16_a_body_that_is_too_large_is_refused_unread)
{
    eddy_auto(eddy_router) *router = router_of(echo);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .max_body = 5);

    CHECK_INT(status_of(server, POST("/", "5", "abcde")), 200);
    const char *answer = answer_to(server, POST("/", "1000000000000", ""));
    CHECK(strncmp(answer, "HTTP/1.1 413 ", 13) == 0);
    CHECK(strstr(answer, "Connection: close") != NULL);
    CHECK_INT(status_of(server, POST("/small", "4", "abcd")), 413);
    CHECK_INT(status_of(server, POST("/small", "3", "abc")), 200);
    CHECK_INT(status_of(server, POST_CHUNKED("/", "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")), 413);
    CHECK_INT(status_of(server, POST_CHUNKED("/some", "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")), 413);
}

TEST(http_row_6_broken_chunks)
{
    eddy_auto(eddy_router) *router = router_of(echo);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    static const char *const bad[] = {
        "0x3\r\nabc\r\n0\r\n\r\n",  "+3\r\nabc\r\n0\r\n\r\n", "3 \r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",      "3\r\nabcXX0\r\n\r\n",    "3\r\nabc\n0\r\n\r\n",
        "fffffffffffffffff\r\nabc", "3;a\nb\r\nabc\r\n",      "3;a\rb\r\nabc\r\n",
    };

    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        char bytes[512];

        snprintf(bytes, sizeof bytes, POST_CHUNKED("/", "%s") GET("/ignore"), bad[i]);
        const char *answer = answer_to(server, bytes);
        if (strncmp(answer, "HTTP/1.1 400 ", 13) != 0 || count_of_text(answer, "HTTP/1.1 ") != 1)
            test_fail(__FILE__, __LINE__, "%s\nis answered\n%s", bad[i], answer);
    }
}

TEST(http_row_7_chunk_extensions_without_end)
{
    eddy_auto(eddy_router) *router = router_of(echo);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    static char bytes[8192];

    snprintf(bytes, sizeof bytes, POST_CHUNKED("/", "3;%05000d\r\nabc\r\n0\r\n\r\n"), 0);
    CHECK_INT(status_of(server, bytes), 400);
}

static int trailers(eddy_request *request)
{
    size_t size;

    CHECK_PTR(eddy_request_trailers(request), NULL);
    eddy_try(eddy_request_bytes(request, &size));
    const eddy_pair *all = eddy_request_trailers(request);
    return eddy_respond_text(request, 200, "%s %s",
                             eddy_pairs_header(all, "x") ? eddy_pairs_header(all, "x") : "-",
                             eddy_pairs_header(all, "content-length") ? "framed" : "-");
}

TEST(http_row_8_trailers)
{
    eddy_auto(eddy_router) *router = router_of(trailers);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    static char bytes[64 * 1024];

    CHECK(ends_in(answer_to(server, POST_CHUNKED("/", "0\r\nX: y\r\nContent-Length: 3\r\n\r\n")),
                  "y -"));
    snprintf(bytes, sizeof bytes, POST_CHUNKED("/", "0\r\nX: %040000d\r\n\r\n"), 0);
    CHECK_INT(status_of(server, bytes), 431);
    /* the limit of a target is none of theirs */
    snprintf(bytes, sizeof bytes, POST_CHUNKED("/", "0\r\nX: %020000d\r\n\r\n"), 0);
    CHECK_INT(status_of(server, bytes), 200);
    int n = snprintf(bytes, sizeof bytes, POST_CHUNKED("/", "0\r\n"));
    for (int i = 0; i < 101; i++)
        n += snprintf(bytes + n, sizeof bytes - (size_t)n, "X: y\r\n");
    snprintf(bytes + n, sizeof bytes - (size_t)n, "\r\n");
    CHECK_INT(status_of(server, bytes), 431);
}

/* A coding of a request's body is the program's affair: what counts are the bytes that come. */
TEST(http_row_20_bodies_of_requests_are_not_decoded)
{
    eddy_auto(eddy_router) *router = router_of(echo);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .max_body = 10);
    const char *answer =
        answer_to(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n"
                          "Content-Length: 8\r\n\r\nno gzip.");

    CHECK(ends_in(answer, "\r\n\r\nno gzip."));
}

/* What is not set is a limit, too: 16 MiB. */
TEST(http_row_42_bodies_have_a_limit_by_default)
{
    eddy_auto(eddy_router) *router = router_of(echo);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK_INT(status_of(server, POST("/", "16777217", "")), 413);
    CHECK_INT(status_of(server, POST("/some", "16777216", "abcd")), 200);
    CHECK_INT(status_of(server, POST("/", "9223372036854775807", "")), 413);
}

/* Row 9, and the whole through every read of one byte. */
TEST(http_row_9_chunks_of_one_byte)
{
    eddy_auto(eddy_router) *router = router_of(echo);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    send_bytes(peer, POST_CHUNKED("/", ""));
    for (int i = 0; i < 5000; i++) {
        send_bytes(peer, "1\r\n");
        send_bytes(peer, "x\r\n");
        if (i % 100 == 0)
            CHECK_OK(eddy_sleep(0.001));
    }
    send_bytes(peer, "0\r\n\r\n");
    CHECK_OK(eddy_write_eof(peer));
    CHECK(strstr(rest_of(peer), "Content-Length: 5000\r\n") != NULL);
}

/* However small the pieces are, their sum has the limit. */
TEST(http_row_9_limits_count_over_reads)
{
    eddy_auto(eddy_router) *router = router_of(echo);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .max_body = 1000, .max_head = 4000);
    eddy_auto(eddy_stream) *body = eddy_http_server_connect(server);
    eddy_auto(eddy_stream) *head = eddy_http_server_connect(server);
    int sent = 0;

    send_bytes(body, POST_CHUNKED("/", ""));
    while (sent < 2000 && eddy_write(body, "1\r\nx\r\n", 6) > 0) {
        CHECK_OK(eddy_sleep(0));
        sent++;
    }
    CHECK(strncmp(rest_of(body), "HTTP/1.1 413 ", 13) == 0);
    send_bytes(head, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    for (sent = 0; sent < 5000 && eddy_write(head, "x", 1) > 0; sent++)
        CHECK_OK(eddy_sleep(0));
    CHECK(strncmp(rest_of(head), "HTTP/1.1 431 ", 13) == 0);
}

#define EXPECT(path)                                                                               \
    "POST " path " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"

TEST(http_HS7_continue_is_said_when_the_body_is_read)
{
    eddy_auto(eddy_router) *router = router_of(echo);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);
    char *line;

    send_bytes(peer, EXPECT("/"));
    CHECK_OK(eddy_read_line(peer, &line));
    CHECK_STR(line, "HTTP/1.1 100 Continue");
    CHECK_OK(eddy_read_line(peer, &line));
    CHECK_STR(line, "");
    send_bytes(peer, "abc" GET("/ignore"));
    const char *answer = rest_of(peer);
    CHECK(strncmp(answer, "HTTP/1.1 200 ", 13) == 0);
    CHECK_INT(count_of_text(answer, "HTTP/1.1 200"), 2);
    /* one that is refused unread never hears it, and what it sends all the same is no request */
    answer = answer_to(server, EXPECT("/ignore") GET("/x"));
    CHECK_INT(count_of_text(answer, "HTTP/1.1 "), 1);
    CHECK(strstr(answer, "Connection: close") != NULL);
}

TEST(http_row_15_a_slow_body_is_answered_408)
{
    eddy_auto(eddy_router) *router = router_of(echo);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .min_rate = 10);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);
    double begun = eddy_time();

    send_bytes(peer, POST("/", "10000", ""));
    for (int i = 0; i < 200 && eddy_time() - begun < 30; i++) {
        eddy_ignore(eddy_write(peer, "x", 1));
        CHECK_OK(eddy_sleep(0.5)); /* 2 bytes a second */
    }
    CHECK(strncmp(rest_of(peer), "HTTP/1.1 408 ", 13) == 0);
    /* ten a second is enough */
    eddy_auto(eddy_stream) *other = eddy_http_server_connect(server);
    send_bytes(other, POST("/", "300", ""));
    for (int i = 0; i < 300; i++) {
        eddy_ignore(eddy_write(other, "x", 1));
        CHECK_OK(eddy_sleep(0.1));
    }
    CHECK(strncmp(rest_of(other), "HTTP/1.1 200 ", 13) == 0);
}

static int body_status;

static int reads(eddy_request *request)
{
    size_t size;

    body_status = eddy_request_bytes(request, &size) ? 0 : eddy_last_status();
    return eddy_respond_text(request, 200, "%d", body_status);
}

TEST(http_report_13_the_end_of_the_connection_is_no_end_of_a_body)
{
    int reports = 0;
    eddy_auto(eddy_router) *router = router_of(reads);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    static const char *const cut[] = {POST("/", "5", "abc"), POST_CHUNKED("/", "3\r\nabc\r\n"),
                                      POST_CHUNKED("/", "3\r\nab"), POST_CHUNKED("/", "0\r\n")};

    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, &reports);
    for (unsigned i = 0; i < sizeof cut / sizeof *cut; i++) {
        eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

        body_status = 0;
        send_bytes(peer, cut[i]);
        CHECK_OK(eddy_write_eof(peer));
        rest_of(peer);
        CHECK_INT(body_status, EDDY_EOF);
    }
    CHECK_INT(reports, 0);
}

static int passes_on(eddy_request *request)
{
    char buf[16];

    while (eddy_try(eddy_read(eddy_request_body(request), buf, sizeof buf)) > 0)
        ;
    return eddy_respond_text(request, 200, "whole\n");
}

/* HS3: it is the client's fault, and told to nobody else. */
TEST(HS3_a_body_that_is_cut_off_is_answered_by_400)
{
    int reports = 0;
    eddy_auto(eddy_router) *router = router_of(passes_on);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, &reports);
    send_bytes(peer, POST("/", "5", "abc"));
    CHECK_OK(eddy_write_eof(peer));
    CHECK(strncmp(rest_of(peer), "HTTP/1.1 400 ", 13) == 0);
    CHECK_INT(reports, 0);
}

/* Report 14: the answer wins over what is still being uploaded. */
TEST_REAL(http_report_14_an_answer_before_the_body_has_come)
{
    eddy_auto(eddy_router) *router = router_of(echo);
    eddy_auto(eddy_http_server) *server = eddy_http_server_open(router, .max_body = 1000);
    CHECK(server != NULL);
    eddy_auto(eddy_stream) *peer = eddy_connect("127.0.0.1", .port = eddy_http_server_port(server));
    static char rest[50000];

    send_bytes(peer, POST("/", "104857600", ""));
    CHECK_OK(eddy_write(peer, rest, sizeof rest));
    CHECK_OK(eddy_flush(peer));
    CHECK_OK(eddy_sleep(0.05));
    CHECK(strncmp(rest_of(peer), "HTTP/1.1 413 ", 13) == 0);
}

static int large_or_read(eddy_request *request)
{
    static char data[100 << 10];
    size_t size;

    if (strcmp(eddy_request_path(request), "/large") == 0)
        return eddy_respond_bytes(request, 200, data, sizeof data);
    eddy_try(eddy_request_bytes(request, &size));
    return eddy_respond_text(request, 200, "read");
}

/* Its word waits behind an answer that the client does not take. */
TEST(http_HS6_continue_does_not_wait_for_ever)
{
    int reports = 0;
    eddy_auto(eddy_router) *router = router_of(large_or_read);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, &reports);
    send_bytes(peer, GET("/large") "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                                   "Expect: 100-continue\r\n\r\n");
    CHECK_OK(eddy_sleep(60));
    CHECK_INT(eddy_http_server_connections(server), 0);
    CHECK_INT(reports, 0);
}

static int asks_twice(eddy_request *request)
{
    const char *text = NULL;

    eddy_timeout(1)
        text = eddy_request_text(request);
    CHECK(!text);
    text = eddy_try(eddy_request_text(request));
    return eddy_respond_text(request, 200, "<%s>", text);
}

TEST(http_a_body_that_was_waited_for_in_vain_loses_nothing)
{
    eddy_auto(eddy_router) *router = router_of(asks_twice);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    send_bytes(peer, POST("/", "6", "abc"));
    CHECK_OK(eddy_sleep(2));
    send_bytes(peer, "def");
    CHECK(ends_in(rest_of(peer), "\r\n\r\n<abcdef>"));
}

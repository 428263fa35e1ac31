/* test_connection.c - connections: refusals, limits, times, pipelining, the end. */
#include "http/server/talk.h"

#include <sys/socket.h>

static int hello(eddy_request *request)
{
    return eddy_respond_text(request, 200, "%s", eddy_request_path(request));
}

/* ---- refusals ---- */

#define ROW(head) "GET / HTTP/1.1\r\nHost: a\r\n" head "\r\n"

struct refused {
    int status;
    const char *bytes;
};

/* Each is refused and the connection ends, so that no byte behind it is taken for a request. */
static void check_refused(const struct refused *rows)
{
    eddy_auto(eddy_router) *router = router_of(hello);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    for (; rows->bytes; rows++) {
        char bytes[1024], begin[32];

        snprintf(bytes, sizeof bytes, "%s" GET("/smuggled"), rows->bytes);
        snprintf(begin, sizeof begin, "HTTP/1.1 %d ", rows->status);
        const char *answer = answer_to(server, bytes);
        if (strncmp(answer, begin, strlen(begin)) != 0 || count_of_text(answer, "HTTP/1.1 ") != 1 ||
            !strstr(answer, "\r\nConnection: close\r\n"))
            test_fail(__FILE__, __LINE__, "%s\nis answered\n%s", rows->bytes, answer);
        CHECK(strstr(answer, "smuggled") == NULL);
    }
}

TEST(http_row_1_length_and_coding)
{
    check_refused((const struct refused[]){
        {400,
         "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {400,
         "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"},
        {400, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {0, NULL},
    });
}

TEST(http_row_2_odd_lengths)
{
    check_refused((const struct refused[]){
        {400, ROW("Content-Length: 3\r\nContent-Length: 3\r\n")},
        {400, ROW("Content-Length: 3\r\nContent-Length: 4\r\n")},
        {400, ROW("Content-Length: 3, 3\r\n")},
        {400, ROW("Content-Length: +3\r\n")},
        {400, ROW("Content-Length: -0\r\n")},
        {400, ROW("Content-Length: 0x3\r\n")},
        {400, ROW("Content-Length: 1_0\r\n")},
        {400, ROW("Content-Length: \xd9\xa3\r\n")},
        {400, ROW("Content-Length: 9223372036854775808\r\n")},
        {400, ROW("Content-Length: 99999999999999999999\r\n")},
        {0, NULL},
    });
}

TEST(http_row_3_odd_codings)
{
    check_refused((const struct refused[]){
        {501, ROW("Transfer-Encoding: xchunked\r\n")},
        {501, ROW("Transfer-Encoding: chunked123\r\n")},
        {501, ROW("Transfer-Encoding: identity\r\n")},
        {400, ROW("Transfer-Encoding: chunked, chunked\r\n")},
        {400, ROW("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
        {400, ROW("Transfer-Encoding: chunked, gzip\r\n")},
        {400, ROW("Transfer-Encoding: \vchunked\r\n")},
        {0, NULL},
    });
}

TEST(http_row_4_odd_field_names)
{
    check_refused((const struct refused[]){
        {400, ROW("Content-Length : 3\r\n")},
        {400, ROW("X: a\r\n Content-Length: 3\r\n")},
        {400, ROW("X(: a\r\n")},
        {400, ROW(": a\r\n")},
        {0, NULL},
    });
}

TEST(http_row_5_odd_line_ends)
{
    check_refused((const struct refused[]){
        {400, "GET / HTTP/1.1\nHost: a\n\n"},
        {400, ROW("X: a\n")},
        {400, ROW("X: \rTransfer-Encoding: chunked\r\n")},
        {400, ROW("X: a\x01\r\n")},
        {400, "GET / HTTP/1.1\r\nHost: a\r\n\rX"},
        {0, NULL},
    });
}

TEST(http_row_10_hosts)
{
    check_refused((const struct refused[]){
        {400, "GET / HTTP/1.1\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        {0, NULL},
    });
}

TEST(http_row_11_request_lines)
{
    check_refused((const struct refused[]){
        {400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GE\rT / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET / HTTP/1.10\r\nHost: a\r\n\r\n"},
        {505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
        {400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {0, NULL},
    });
}

static int says_host(eddy_request *request)
{
    return eddy_respond_text(request, 200, "host %s path %s", eddy_request_host(request),
                             eddy_request_path(request));
}

TEST(http_row_10_the_authority_of_an_absolute_target_wins)
{
    eddy_auto(eddy_router) *router = router_of(says_host);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK(strstr(answer_to(server, "GET http://b:8/c HTTP/1.1\r\nHost: a\r\n\r\n"),
                 "host b:8 path /c") != NULL);
}

/* What follows is part of neither another request nor a tunnel. */
TEST(http_row_12_bytes_behind_an_upgrade_or_connect)
{
    eddy_auto(eddy_router) *router = router_of(hello);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    const char *answer = answer_to(server, "CONNECT b:80 HTTP/1.1\r\nHost: b:80\r\n\r\n" GET("/x"));

    CHECK(strncmp(answer, "HTTP/1.1 501 ", 13) == 0);
    CHECK_INT(count_of_text(answer, "HTTP/1.1 "), 1);
    answer =
        answer_to(server, "GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                          "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n");
    CHECK(strncmp(answer, "HTTP/1.1 200 ", 13) == 0);
    CHECK(strstr(answer, "Upgrade") == NULL);
}

/* ---- limits ---- */

TEST(http_row_16_sizes_of_heads)
{
    eddy_auto(eddy_router) *router = router_of(hello);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    static char bytes[64 * 1024];
    int n;

    snprintf(bytes, sizeof bytes, "GET /%09000d HTTP/1.1\r\nHost: a\r\n\r\n", 0);
    CHECK_INT(status_of(server, bytes), 414);
    snprintf(bytes, sizeof bytes, "GET / HTTP/1.1\r\nHost: a\r\nX: %033000d\r\n\r\n", 0);
    CHECK_INT(status_of(server, bytes), 431);
    n = snprintf(bytes, sizeof bytes, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 100; i++)
        n += snprintf(bytes + n, sizeof bytes - (size_t)n, "X: y\r\n");
    snprintf(bytes + n, sizeof bytes - (size_t)n, "\r\n");
    CHECK_INT(status_of(server, bytes), 431);
}

TEST(http_HS5_limits_can_be_set)
{
    eddy_auto(eddy_router) *router = router_of(hello);
    eddy_auto(eddy_http_server) *server =
        TALK_MEMORY(router, .max_head = 200, .max_target = 20, .max_fields = 2, .max_requests = 2);

    CHECK_INT(status_of(server, GET("/12345678901234567890")), 414);
    CHECK_INT(status_of(server, "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\n\r\n"), 431);
    const char *answer = answer_to(server, GET("/1") GET("/2") GET("/3"));
    CHECK_INT(count_of_text(answer, "HTTP/1.1 200"), 2);
    CHECK_INT(count_of_text(answer, "Connection: close"), 1);
    CHECK(strstr(answer, "/3") == NULL);
}

/* ---- times ---- */

/* HS6 */
TEST(http_row_15_a_slow_head_is_answered_408)
{
    eddy_auto(eddy_router) *router = router_of(hello);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);
    double begun = eddy_time();

    CHECK_OK(eddy_sleep(60)); /* only the first byte begins the time */
    for (int i = 0; i < 20; i++) {
        eddy_ignore(eddy_write(peer, "G", 1));
        CHECK_OK(eddy_sleep(0.9));
    }
    CHECK(strncmp(rest_of(peer), "HTTP/1.1 408 ", 13) == 0);
    CHECK_NEAR(eddy_time() - begun, 60 + 18, 0.01);
}

/* Ten seconds from the first byte, however many follow, and the answer is there at once. */
TEST(http_row_15_the_time_of_a_head_begins_with_its_first_byte)
{
    eddy_auto(eddy_router) *router = router_of(hello);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);
    char answer[13];

    CHECK_OK(eddy_sleep(60));
    double begun = eddy_time();
    for (int i = 0; i < 9; i++) {
        CHECK_INT(eddy_write(peer, "G", 1), 1);
        CHECK_OK(eddy_sleep(1));
    }
    CHECK_INT(eddy_read_exactly(peer, answer, 13), 13);
    CHECK_MEM(answer, "HTTP/1.1 408 ", 13);
    CHECK_NEAR(eddy_time() - begun, 10, 0.01);
}

TEST(http_row_15_an_idle_connection_ends_without_an_answer)
{
    eddy_auto(eddy_router) *router = router_of(hello);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .idle_timeout = 5);
    double begun = eddy_time();

    CHECK_STR(answer_to(server, ""), "");
    CHECK_NEAR(eddy_time() - begun, 5, 0.01);
    CHECK_INT(count_of_text(answer_to(server, GET("/")), "HTTP/1.1 "), 1);
    CHECK_NEAR(eddy_time() - begun, 10, 0.01);
}

/* ---- pipelining and the end ---- */

static int sleeps(eddy_request *request)
{
    if (strcmp(eddy_request_path(request), "/slow") == 0)
        eddy_try(eddy_sleep(5));
    return eddy_respond_text(request, 200, "%s", eddy_request_path(request));
}

TEST(http_HS9_pipelined_answers_are_in_order_and_none_waits_for_a_later_one)
{
    eddy_auto(eddy_router) *router = router_of(sleeps);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);
    double begun = eddy_time();
    char first[64];

    send_bytes(peer, GET("/1") GET("/2") GET("/slow") GET("/4"));
    CHECK_OK(eddy_read(peer, first, sizeof first));
    CHECK(eddy_time() - begun < 1);
    const char *rest = rest_of(peer);
    const char *two = strstr(rest, "/2"), *slow = strstr(rest, "/slow"), *four = strstr(rest, "/4");
    CHECK(two && slow && four && two < slow && slow < four);
}

/* Row 14: a client that reads nothing is not read from without end. */
TEST(http_row_14_answers_that_nobody_reads_end_the_connection)
{
    eddy_auto(eddy_router) *router = router_of(hello);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);
    int sent = 0;

    while (sent < 100000 && eddy_write(peer, GET("/"), strlen(GET("/"))) > 0)
        sent++;
    CHECK(sent < 100000);
}

/* While a handler works not much more is read than what it may be asked for next. */
TEST(http_row_14_requests_behind_one_that_takes_long_are_not_read)
{
    eddy_auto(eddy_router) *router = router_of(sleeps);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);
    static const char many[] = GET("/1") GET("/2") GET("/3") GET("/4");
    size_t sent = 0;

    send_bytes(peer, GET("/slow"));
    eddy_timeout(4)
        while (sent < (8 << 20)) {
            ssize_t n = eddy_write(peer, many, sizeof many - 1);
            if (n > 0 && eddy_flush(peer) == 0)
                sent += (size_t)n;
            else
                break;
        }
    CHECK(sent < (512 << 10));
    CHECK_NEAR(eddy_time(), 4, 0.1);
}

/* As `nc -N` does it. */
TEST_REAL(http_report_15_a_client_over_a_socket_that_half_closes_gets_its_answer)
{
    eddy_auto(eddy_router) *router = router_of(hello);
    eddy_auto(eddy_http_server) *server = eddy_http_server_open(router);
    CHECK(server != NULL);
    eddy_auto(eddy_stream) *peer = eddy_connect("127.0.0.1", .port = eddy_http_server_port(server));

    send_bytes(peer, GET("/half") GET("/closed"));
    CHECK_OK(eddy_write_eof(peer));
    const char *all = rest_of(peer);
    CHECK_INT(count_of_text(all, "HTTP/1.1 200 "), 2);
    CHECK(strstr(all, "/closed") != NULL);
}

TEST(http_report_15_a_client_that_half_closes_gets_its_answer)
{
    eddy_auto(eddy_router) *router = router_of(sleeps);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    send_bytes(peer, GET("/slow"));
    CHECK_OK(eddy_write_eof(peer));
    CHECK(strstr(rest_of(peer), "/slow") != NULL);
}

TEST(http_HS4_a_client_that_leaves_in_the_head_is_no_trouble)
{
    eddy_auto(eddy_router) *router = router_of(hello);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    send_bytes(peer, "GET / HTT");
    CHECK_OK(eddy_write_eof(peer));
    CHECK_STR(rest_of(peer), "");
}

/* Over a socket: bytes that nobody reads do not destroy the answer. */
TEST_REAL(http_HS4_a_refusal_is_read_although_more_was_sent)
{
    eddy_auto(eddy_router) *router = router_of(hello);
    eddy_auto(eddy_http_server) *server = eddy_http_server_open(router);
    CHECK(server != NULL);
    eddy_auto(eddy_stream) *peer = eddy_connect("127.0.0.1", .port = eddy_http_server_port(server));
    static char rest[30000];

    memset(rest, 'x', sizeof rest);
    send_bytes(peer, "GET / HTTP/9.9\r\n\r\n");
    CHECK_OK(eddy_write(peer, rest, sizeof rest));
    CHECK_OK(eddy_sleep(0.05));
    CHECK_OK(eddy_write(peer, rest, sizeof rest));
    CHECK_OK(eddy_write_eof(peer));
    const char *answer = rest_of(peer);
    CHECK(strncmp(answer, "HTTP/1.1 505 ", 13) == 0);
    CHECK(strstr(answer, "(reset)") == NULL);
}

/* More than what is read off: a client that looks for an answer only while it can send, as proxies
 * do, has time to see it. */
TEST_REAL(http_HS4_a_refusal_is_read_while_much_is_sent)
{
    eddy_auto(eddy_router) *router = router_of(hello);
    eddy_auto(eddy_http_server) *server = eddy_http_server_open(router, .drain = -1);
    CHECK(server != NULL);
    eddy_auto(eddy_stream) *peer = eddy_connect("127.0.0.1", .port = eddy_http_server_port(server));
    static char rest[100000];
    char *answer;

    memset(rest, 'x', sizeof rest);
    send_bytes(peer, "GET / HTTP/9.9\r\n\r\n");
    CHECK_OK(eddy_write(peer, rest, sizeof rest));
    CHECK_OK(eddy_sleep(0.05));
    CHECK_OK(eddy_write(peer, rest, 1000));
    CHECK(eddy_read_until(peer, "\r\n\r\n", &answer) > 0);
    CHECK(strncmp(answer, "HTTP/1.1 505 ", 13) == 0);
}

static int much(eddy_request *request)
{
    static char bytes[100 * 1024];

    memset(bytes, 'm', sizeof bytes);
    return eddy_respond_bytes(request, 200, bytes, sizeof bytes, .no_copy = true);
}

/* A client that has asked for the end of the connection and sends on: the same. */
TEST_REAL(http_HS4_an_answer_is_read_although_more_was_sent_behind_a_close)
{
    eddy_auto(eddy_router) *router = router_of(much);
    eddy_auto(eddy_http_server) *server = eddy_http_server_open(router);
    CHECK(server != NULL);
    eddy_auto(eddy_stream) *peer = eddy_connect("127.0.0.1", .port = eddy_http_server_port(server));
    int small = 4096;
    CHECK_OK(setsockopt(eddy_stream_fd(peer), SOL_SOCKET, SO_RCVBUF, &small, sizeof small));

    send_bytes(peer, GET_LAST("/") GET("/2"));
    CHECK_OK(eddy_sleep(0.05));
    send_bytes(peer, GET("/3"));
    CHECK_OK(eddy_write_eof(peer));
    const char *answer = rest_of(peer);
    CHECK_INT(count_of_text(answer, "HTTP/1.1 "), 1);
    CHECK(strlen(answer) > 100 * 1024);
    CHECK(strstr(answer, "(reset)") == NULL);
}

/* ---- scenarios ---- */

static int exchange(eddy_http_server *server)
{
    char answer[256];
    eddy_auto(eddy_stream) *peer = eddy_try(eddy_http_server_connect(server));

    eddy_try(eddy_write(peer, GET("/1") GET_LAST("/2"), strlen(GET("/1") GET_LAST("/2"))));
    while (eddy_try(eddy_read(peer, answer, sizeof answer)) > 0)
        ;
    return 0;
}

static int exchanges(void)
{
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());
    eddy_try(eddy_route(router, "/", hello));
    eddy_auto(eddy_http_server) *server = eddy_try(TALK_MEMORY(router));

    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, &(int){0});
    eddy_try(exchange(server));
    return exchange(server);
}

TORTURE(http_connections_without_memory)
{
    return exchanges();
}

SWEEP(http_connections_are_cancelled)
{
    return exchanges();
}

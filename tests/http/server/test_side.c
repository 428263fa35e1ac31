/* test_side.c - the streams of a request and of its answer, and what outlives the request. */
#include "http/server/talk.h"

static eddy_stream *kept;

static int keeps(eddy_request *request)
{
    kept = eddy_try(eddy_respond_stream(request, 200, .type = ""));
    return eddy_printf(kept, "a") < 0;
}

TEST(http_HS13_a_stream_that_outlives_its_request_leads_nowhere)
{
    eddy_auto(eddy_router) *router = router_of(keeps);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    const char *answer = answer_to(server, GET_LAST("/"));

    CHECK(strstr(answer, "1\r\na\r\n0\r\n\r\n") != NULL);
    CHECK_INT(eddy_write(kept, "b", 1), EDDY_ECONNABORTED);
    CHECK_INT(eddy_write(kept, "b", 1) < 0, true);
    eddy_stream_close(kept);
}

static eddy_task *reader;

static int read_on(eddy_stream *body)
{
    char buf[8];

    return eddy_read(body, buf, sizeof buf) < 0;
}
EDDY_CORO(read_on, eddy_stream *)

static int leaves_a_reader(eddy_request *request)
{
    reader = eddy_try(eddy_create_task(read_on_coro(eddy_request_body(request))));
    eddy_try(eddy_sleep(1));
    return eddy_respond_text(request, 200, "x");
}

TEST(http_HS13_a_task_that_still_reads_the_body_is_no_danger)
{
    int reports = 0;
    eddy_auto(eddy_router) *router = router_of(leaves_a_reader);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, &reports);
    answer_to(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
    CHECK_INT(eddy_await(reader), 1);
    eddy_task_close(reader);
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(reports, 1);
}

/* A slow reader (row 15) fails the write, and its handler is not to blame. */
static int write_status;

static int pours(eddy_request *request)
{
    static const char much[100000];
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(request, 200));

    for (int i = 0; i < 100; i++) {
        write_status = (int)eddy_write(out, much, sizeof much);
        eddy_try(write_status);
    }
    return 0;
}

TEST(http_row_15_a_slow_reader_fails_the_write)
{
    int reports = 0;
    eddy_auto(eddy_router) *router = router_of(pours);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, &reports);
    send_bytes(peer, GET("/"));
    CHECK_OK(eddy_sleep(100));
    CHECK_INT(write_status, EDDY_ETIMEDOUT);
    CHECK_INT(reports, 0);
    CHECK_INT(eddy_http_server_connections(server), 0);
}

TEST(http_HS12_a_client_that_has_gone_fails_the_write)
{
    int reports = 0;
    eddy_auto(eddy_router) *router = router_of(pours);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_stream *peer = eddy_http_server_connect(server);

    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, &reports);
    send_bytes(peer, GET("/"));
    CHECK_OK(eddy_sleep(1));
    eddy_stream_close(peer);
    CHECK_OK(eddy_sleep(1));
    CHECK(write_status == EDDY_EPIPE || write_status == EDDY_ECONNRESET);
    CHECK_INT(reports, 0);
}

static char words[200];

static int tells_of_the_reset(eddy_request *request)
{
    char some[4];

    CHECK_INT(eddy_read_exactly(eddy_request_body(request), some, 4), EDDY_ECONNRESET);
    snprintf(words, sizeof words, "%s", eddy_error_message(eddy_last_error()));
    return EDDY_ECONNRESET;
}

TEST(http_a_failure_of_a_body_says_once_what_cannot_be_read)
{
    eddy_auto(eddy_router) *router = router_of(tells_of_the_reset);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_stream *peer = eddy_http_server_connect(server);

    send_bytes(peer, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
    CHECK_OK(eddy_sleep(1));
    eddy_stream_abort(peer);
    CHECK_OK(eddy_sleep(1));
    eddy_stream_close(peer);
    CHECK_INT(count_of_text(words, "cannot read from"), 1);
}

/* test_upgrade.c - connections that go on with another protocol. */
#include "http/server/server.h"
#include "http/server/talk.h"

#define UPGRADE "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"

static int echo_line(eddy_request *request)
{
    char *line;
    eddy_stream *stream = eddy_try(eddy_respond_upgrade(request, "echo", eddy_pairs({"X", "y"})));

    eddy_try(eddy_read_line(stream, &line));
    if (strcmp(line, "fail") == 0)
        return eddy_raise(EDDY_EIO, "as it was told");
    eddy_try(eddy_printf(stream, "%s!\n", line));
    return eddy_read_line(stream, &line) < 0;
}

TEST(http_HS16_after_an_upgrade_the_connection_is_the_handlers)
{
    int reports = 0;
    eddy_auto(eddy_router) *router = router_of(echo_line);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, &reports);
    send_bytes(peer, UPGRADE "hello\n" GET("/"));
    CHECK_STR(rest_of(peer), "HTTP/1.1 101 Switching Protocols\r\nX: y\r\nConnection: Upgrade\r\n"
                             "Upgrade: echo\r\n\r\nhello!\n");
    CHECK_INT(reports, 0);
    CHECK(strstr(answer_to(server, UPGRADE "fail\n"), "(reset)") != NULL);
    CHECK_INT(reports, 1);
}

static int watches_and_upgrades(eddy_request *request)
{
    char *line;

    eddy_try(eddy_request_cancel_on_disconnect(request));
    eddy_try(eddy_sleep(1));
    eddy_stream *stream = eddy_try(eddy_respond_upgrade(request, "echo", NULL));
    CHECK_INT(eddy_request_cancel_on_disconnect(request), EDDY_EBUSY);
    eddy_try(eddy_read_line(stream, &line));
    return (int)eddy_printf(stream, "%s!\n", line);
}

/* Two tasks cannot read one stream. */
TEST(http_HS16_nobody_watches_an_upgraded_connection)
{
    eddy_auto(eddy_router) *router = router_of(watches_and_upgrades);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .cancel_on_disconnect = true);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    send_bytes(peer, UPGRADE);
    CHECK_OK(eddy_sleep(2));
    send_bytes(peer, "hello\n");
    const char *all = rest_of(peer);
    CHECK_STR(all + strlen(all) - 7, "hello!\n");
}

static int upgrades_wrongly(eddy_request *request)
{
    CHECK(eddy_respond_upgrade(request, "", NULL) == NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK(eddy_respond_upgrade(request, "echo", eddy_pairs({"Content-Length", "1"})) == NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK(eddy_respond_upgrade(request, "echo", eddy_pairs({"X", "a\r\nb"})) == NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    return eddy_respond_text(request, 200, "as before\n");
}

TEST(http_HS16_an_upgrade_that_cannot_be_leaves_the_request_as_it_was)
{
    eddy_auto(eddy_router) *router = router_of(upgrades_wrongly);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK(strstr(answer_to(server, UPGRADE GET_LAST("/")), "as before\n") != NULL);
}

TEST(http_HS16_a_request_that_asks_for_no_other_protocol_gets_none)
{
    eddy_auto(eddy_router) *router = router_of(echo_line);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK(strstr(answer_to(server, GET("/")), " 400 Bad Request\r\n") != NULL);
}

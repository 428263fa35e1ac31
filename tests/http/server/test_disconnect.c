/* test_disconnect.c - handlers that are cancelled when their client leaves. */
#include "http/server/talk.h"

static int ended;

static int waits(eddy_request *request)
{
    eddy_try(eddy_request_cancel_on_disconnect(request));
    ended = 0;
    int status = eddy_sleep(60);
    ended = status < 0 ? status : 1;
    return status < 0 ? status : eddy_respond_text(request, 200, "slept");
}

TEST(http_report_20_a_handler_is_cancelled_when_its_client_leaves)
{
    eddy_auto(eddy_router) *router = router_of(waits);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_stream *peer = eddy_http_server_connect(server);
    double begun = eddy_time();

    send_bytes(peer, GET("/"));
    CHECK_OK(eddy_sleep(1));
    eddy_stream_close(peer);
    CHECK_OK(eddy_sleep(0.5));
    CHECK_INT(ended, EDDY_ECANCELED);
    CHECK_NEAR(eddy_time() - begun, 1.5, 0.01);
    CHECK_INT(eddy_http_server_connections(server), 0);
}

/* What comes behind the request meanwhile is kept for later. */
TEST(http_HS12_a_watched_client_may_send_its_next_request)
{
    eddy_auto(eddy_router) *router = router_of(waits);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    send_bytes(peer, GET("/"));
    CHECK_OK(eddy_sleep(1));
    send_bytes(peer, GET("/"));
    CHECK_INT(count_of_text(rest_of(peer), "slept"), 2);
}

static int sleeps_a_minute(eddy_request *request)
{
    int status = eddy_sleep(60);

    ended = status < 0 ? status : 1;
    return status < 0 ? status : eddy_respond_text(request, 200, "slept");
}

TEST(http_HS12_without_being_asked_no_handler_is_cancelled)
{
    eddy_auto(eddy_router) *router = router_of(sleeps_a_minute);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_stream *peer = eddy_http_server_connect(server);

    send_bytes(peer, GET("/"));
    CHECK_OK(eddy_sleep(1));
    eddy_stream_close(peer);
    CHECK_OK(eddy_sleep(70));
    CHECK_INT(ended, 1);
}

TEST(http_HS12_every_handler_where_the_server_says_so)
{
    eddy_auto(eddy_router) *router = router_of(sleeps_a_minute);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .cancel_on_disconnect = true);
    eddy_stream *peer = eddy_http_server_connect(server);

    send_bytes(peer, GET("/"));
    CHECK_OK(eddy_sleep(1));
    eddy_stream_close(peer);
    CHECK_OK(eddy_sleep(1));
    CHECK_INT(ended, EDDY_ECANCELED);
}

static int watch(eddy_request *request)
{
    return eddy_request_cancel_on_disconnect(request);
}
EDDY_CORO(watch, eddy_request *)

static int waits_and_has_watched(eddy_request *request)
{
    eddy_task *task = eddy_try(eddy_create_task(watch_coro(request)));
    int status = eddy_await(task);

    eddy_task_close(task);
    return status < 0 ? status : sleeps_a_minute(request);
}

/* It is the handler that is cancelled, whichever task has asked for it. */
TEST(http_HS12_a_task_of_the_handler_may_ask_and_end)
{
    eddy_auto(eddy_router) *router = router_of(waits_and_has_watched);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_stream *peer = eddy_http_server_connect(server);

    send_bytes(peer, GET("/"));
    CHECK_OK(eddy_sleep(1));
    eddy_stream_close(peer);
    CHECK_OK(eddy_sleep(1));
    CHECK_INT(ended, EDDY_ECANCELED);
}

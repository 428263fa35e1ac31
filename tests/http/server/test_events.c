/* Server-sent events. */
#include "http/server/talk.h"

#include <eddy/http/events.h>

#define ASK "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

/* What a connection gets up to the end of the answer's head is left out. */
static void skip_head(eddy_stream *peer)
{
    char *line;

    do
        CHECK_OK(eddy_read_line(peer, &line));
    while (line && *line);
}

static int three(eddy_request *request)
{
    eddy_auto(eddy_http_events) *events = eddy_try(
        eddy_http_events_open(request, .retry = 2.5, .headers = eddy_pairs({"X-Mine", "1"})));

    eddy_try(eddy_http_events_send(events, "one"));
    eddy_try(eddy_http_events_send(events, "a\nb\r\nc\rd\n", .event = "lines", .id = "7"));
    return eddy_http_events_send(events, "");
}

TEST(http_HR11_events_are_sent_as_browsers_read_them)
{
    eddy_auto(eddy_router) *router = router_of(three);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    const char *answer = answer_to(server, "GET / HTTP/1.0\r\n\r\n");

    CHECK(strstr(answer, "\r\nContent-Type: text/event-stream\r\n") != NULL);
    CHECK(strstr(answer, "\r\nCache-Control: no-store\r\n") != NULL);
    CHECK(strstr(answer, "\r\nX-Mine: 1\r\n") != NULL);
    CHECK_STR(strstr(answer, "\r\n\r\n") + 4,
              "retry: 2500\n\n"
              "data: one\n\n"
              "event: lines\nid: 7\ndata: a\ndata: b\ndata: c\ndata: d\ndata: \n\n"
              "data: \n\n");
}

static int hostile(eddy_request *request)
{
    eddy_auto(eddy_http_events) *events = eddy_try(eddy_http_events_open(request));

    CHECK_INT(eddy_http_events_send(events, "x", .event = "a\ndata: evil"), EDDY_EINVAL);
    CHECK_INT(eddy_http_events_send(events, "x", .id = "a\rb"), EDDY_EINVAL);
    return eddy_http_events_send(events, "x\n\nevent: evil");
}

TEST(http_row_13_a_field_of_an_event_has_no_line_break)
{
    eddy_auto(eddy_router) *router = router_of(hostile);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    const char *answer = answer_to(server, "GET / HTTP/1.0\r\n\r\n");

    CHECK_STR(strstr(answer, "\r\n\r\n") + 4, "data: x\ndata: \ndata: event: evil\n\n");
}

static int bad_times(eddy_request *request)
{
    CHECK_PTR(eddy_http_events_open(request, .heartbeat = -1), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_http_events_open(request, .retry = -1), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    return three(request);
}

TEST(http_HR11_HEAD_and_bad_times_are_refused)
{
    eddy_auto(eddy_router) *router = router_of(bad_times);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK_INT(status_of(server, "HEAD / HTTP/1.0\r\n\r\n"), 405);
    CHECK_INT(status_of(server, "GET / HTTP/1.0\r\n\r\n"), 200);
}

static int woken_after; /* how the handler below ended */

static int silent(eddy_request *request)
{
    eddy_auto(eddy_http_events) *events = eddy_try(eddy_http_events_open(request));

    woken_after = eddy_sleep(40);
    if (woken_after < 0)
        return woken_after;
    eddy_try(eddy_http_events_send(events, "now"));
    woken_after = eddy_sleep(20);
    return woken_after;
}

TEST(http_HR11_a_comment_is_sent_after_each_15_seconds_of_silence)
{
    eddy_auto(eddy_router) *router = router_of(silent);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    double start = eddy_time();
    const char *answer = answer_to(server, "GET / HTTP/1.0\r\n\r\n");

    CHECK_STR(strstr(answer, "\r\n\r\n") + 4, ":\n\n:\n\ndata: now\n\n:\n\n");
    CHECK_NEAR(eddy_time() - start, 60, 1);
}

TEST(http_HR11_the_handler_ends_when_the_client_has_gone)
{
    eddy_auto(eddy_router) *router = router_of(silent);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_stream *peer = eddy_http_server_connect(server);
    double start = eddy_time();

    send_bytes(peer, ASK);
    skip_head(peer);
    woken_after = 0;
    eddy_stream_close(peer);
    for (int i = 0; i < 10 && !woken_after; i++)
        CHECK_OK(eddy_sleep(0.1));
    CHECK_INT(woken_after, EDDY_ECANCELED);
    CHECK_NEAR(eddy_time() - start, 0, 1);
}

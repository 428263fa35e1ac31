/* test_accept.c - a server and a client of the library: the handshake, the whole way. */
#include "test.h"

#include <eddy/http/respond.h>
#include <eddy/http/server.h>
#include <eddy/http/websocket.h>

static int shout(eddy_request *request)
{
    eddy_auto(eddy_websocket) *peer = eddy_try(eddy_websocket_accept(
        request, .protocols = "loud, quiet", .deflate = true, .limit = 1 << 20));
    eddy_websocket_message message;

    while (eddy_try(eddy_websocket_receive(peer, &message)) > 0)
        eddy_try(eddy_websocket_printf(peer, "%.*s!", (int)message.size, message.data));
    return 0;
}

static int forget(eddy_request *request)
{
    eddy_websocket **kept = eddy_request_arg(request);

    *kept = eddy_try(eddy_websocket_accept(request));
    return 0;
}

/* A server in memory, and a session that reaches it. */
typedef struct site {
    eddy_router *router;
    eddy_http_server *server;
    eddy_http *http;
} site;

static void site_autoclose(site *s)
{
    eddy_http_close(s->http);
    eddy_http_server_close(s->server);
    eddy_router_close(s->router);
}

static eddy_stream *to_server(const char *host, int port, void *arg)
{
    (void)host, (void)port;
    return eddy_http_server_connect(((site *)arg)->server);
}

static int site_open(site *s, void *arg)
{
    s->router = eddy_try(eddy_router_open());
    eddy_try(eddy_route(s->router, "GET /shout", shout));
    eddy_try(eddy_route(s->router, "GET /forget", forget));
    s->server = eddy_try(eddy_http_server_open(s->router, .in_memory = true, .arg = arg));
    s->http = eddy_try(
        eddy_http_open(.base_url = "http://host:8080", .connect = to_server, .connect_arg = s));
    return 0;
}

static int end_server(site *s)
{
    eddy_http_server_close(eddy_take(s->server));
    return 0;
}
EDDY_CORO(end_server, site *)

static int talk(eddy_http *http, const eddy_websocket_opts *opts, const char *protocol)
{
    eddy_auto(eddy_websocket) *ws = eddy_try(eddy_websocket_connect_with(http, "/shout", opts));
    eddy_websocket_message answer;
    char text[200];

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    CHECK_STR(eddy_websocket_protocol(ws), protocol);
    for (int i = 0; i < 3; i++) {
        eddy_try(eddy_websocket_printf(ws, "%s", text));
        if (eddy_try(eddy_websocket_receive(ws, &answer)) == 0)
            return EDDY_ECLOSED; /* a server without memory says goodbye */
        CHECK_INT(answer.size, sizeof text);
        CHECK_INT(answer.data[answer.size - 1], '!');
    }
    return eddy_websocket_end(ws, 1000, "bye");
}

TEST(websocket_of_a_server_and_a_client)
{
    eddy_auto(site) s = {0};

    CHECK_OK(site_open(&s, NULL));
    CHECK_OK(talk(s.http, NULL, NULL));
    CHECK_OK(talk(s.http, &(eddy_websocket_opts){.deflate = true}, NULL));
    CHECK_OK(talk(s.http, &(eddy_websocket_opts){.deflate = true, .deflate_context = true}, NULL));
    CHECK_OK(talk(s.http, &(eddy_websocket_opts){.protocols = "mute, quiet, loud"}, "loud"));
    CHECK_INT(eddy_http_get_stats(s.http).busy, 0);
    CHECK_INT(eddy_http_get_stats(s.http).idle, 0);
}

TEST(websocket_that_is_refused_is_an_answer)
{
    eddy_auto(site) s = {0};

    CHECK_OK(site_open(&s, NULL));
    eddy_auto(eddy_response) *plain = eddy_http_get(s.http, "/shout");
    CHECK_INT(eddy_response_status(plain), 426);
    CHECK_STR(eddy_response_header(plain, "Sec-WebSocket-Version"), "13");
    eddy_response_close(eddy_take(plain));
    CHECK(!eddy_websocket_connect(s.http, "/nothing"));
    CHECK_INT(eddy_last_status(), EDDY_HTTP(404));
    CHECK(!eddy_websocket_connect(s.http, "/shout", .protocols = "a b, c/d"));
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_INT(eddy_http_get_stats(s.http).busy, 0);
}

/* 38, HW13: a page of another host cannot use the cookies of its visitor. */
TEST(http_row_38_pages_of_other_hosts_are_refused)
{
    eddy_auto(site) s = {0};

    CHECK_OK(site_open(&s, NULL));
    CHECK(!eddy_websocket_connect(s.http, "/shout",
                                  .headers = eddy_pairs({"Origin", "http://evil"})));
    CHECK_INT(eddy_last_status(), EDDY_HTTP(403));
    eddy_auto(eddy_websocket) *ws = eddy_websocket_connect(
        s.http, "/shout", .headers = eddy_pairs({"Origin", "http://HOST:8080"}));
    CHECK(ws);
}

TEST(websocket_that_outlives_its_handler_fails)
{
    eddy_websocket *kept = NULL;
    eddy_websocket_message message;
    eddy_auto(site) s = {0};

    CHECK_OK(site_open(&s, &kept));
    eddy_auto(eddy_websocket) *ws = eddy_websocket_connect(s.http, "/forget");
    CHECK(ws);
    CHECK(eddy_websocket_receive(ws, &message) < 0);
    CHECK_INT(eddy_websocket_code(ws), 1006);
    CHECK_INT(eddy_websocket_receive(kept, &message), EDDY_ECLOSED);
    CHECK_INT(eddy_websocket_printf(kept, "?"), EDDY_EPIPE);
    eddy_websocket_close(kept);
}

/* A server that ends says so. */
TEST(websocket_HW10_a_server_that_ends_closes_with_1001)
{
    eddy_websocket_message message;
    eddy_auto(site) s = {0};

    CHECK_OK(site_open(&s, NULL));
    eddy_auto(eddy_websocket) *ws = eddy_websocket_connect(s.http, "/shout");
    CHECK(ws);
    eddy_auto(eddy_task) *ending = eddy_create_task(end_server_coro(&s));
    CHECK_INT(eddy_websocket_receive(ws, &message), 0);
    CHECK_INT(eddy_websocket_code(ws), 1001);
}

SWEEP(websocket_handshakes_can_be_cancelled)
{
    eddy_auto(site) s = {0};

    eddy_try(site_open(&s, NULL));
    return talk(s.http, NULL, NULL);
}

TORTURE(websocket_handshakes_may_lack_memory)
{
    eddy_auto(site) s = {0};

    eddy_try(site_open(&s, NULL));
    return talk(s.http, &(eddy_websocket_opts){.protocols = "loud", .deflate = true}, "loud");
}

TEST(websocket_a_request_that_is_none_is_told_what_to_upgrade_to)
{
    char answer[1024] = "";
    eddy_auto(site) s = {0};

    CHECK_OK(site_open(&s, NULL));
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(s.server);
    CHECK(eddy_printf(peer, "GET /shout HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") > 0);
    CHECK(eddy_read_exactly(peer, answer, sizeof answer - 1) == EDDY_EOF);
    CHECK(eddy_read(peer, answer, sizeof answer - 1) > 0);
    CHECK(strncmp(answer, "HTTP/1.1 426 ", 13) == 0);
    CHECK(strstr(answer, "\r\nSec-WebSocket-Version: 13\r\n") != NULL);
    CHECK(strstr(answer, "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n") != NULL);
    CHECK(strstr(answer, "\r\nConnection: close\r\n") != NULL);
}

static int accept_twice(eddy_request *request)
{
    eddy_auto(eddy_websocket) *ws = eddy_try(eddy_websocket_accept(request));

    CHECK(!eddy_websocket_accept(request));
    CHECK_INT(eddy_last_status(), EDDY_EALREADY);
    return eddy_websocket_printf(ws, "still here");
}

TEST(websocket_is_accepted_once)
{
    eddy_auto(site) s = {0};
    eddy_websocket_message message;

    CHECK_OK(site_open(&s, NULL));
    CHECK_OK(eddy_route(s.router, "GET /twice", accept_twice));
    eddy_auto(eddy_websocket) *ws = eddy_websocket_connect(s.http, "/twice");
    CHECK(ws != NULL);
    CHECK_INT(eddy_websocket_receive(ws, &message), 1);
    CHECK_STR(message.data, "still here");
    CHECK_INT(eddy_websocket_receive(ws, &message), 0);
}

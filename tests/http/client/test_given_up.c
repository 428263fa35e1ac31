/* test_given_up.c - requests over HTTP/2 that a session gives up, and those beside them. */
#include "test.h"

#include <eddy.h>
#include <eddy/http.h>

static int naps(eddy_request *r)
{
    eddy_try(eddy_sleep(1));
    return eddy_respond_text(r, 200, "rested");
}

static int answers_at_once(eddy_request *r)
{
    return eddy_respond_text(r, 200, "here");
}

static eddy_router *site(void)
{
    eddy_router *router = eddy_router_open();

    CHECK(router != NULL);
    CHECK_OK(eddy_route(router, "/", answers_at_once));
    CHECK_OK(eddy_route(router, "/nap", naps));
    return router;
}

static eddy_stream *to_server(const char *host, int port, void *arg)
{
    (void)host, (void)port;
    return eddy_http_server_connect(arg);
}

#define SITE(...)                                                                                  \
    eddy_auto(eddy_router) *router = site();                                                       \
    eddy_auto(eddy_http_server) *server =                                                          \
        eddy_http_server_open(router, .in_memory = true, __VA_ARGS__);                             \
    CHECK(server != NULL);                                                                         \
    eddy_auto(eddy_http) *http = eddy_http_open(.base_url = "http://test", .connect = to_server,   \
                                                .connect_arg = server, .version = EDDY_HTTP_2)

static int get(eddy_http *http, const char *url, const char *expected)
{
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, url));

    CHECK_STR(eddy_try(eddy_response_text(response)), expected);
    return 0;
}
EDDY_CORO(get, eddy_http *, const char *, const char *)

/* Requests that are given up again and again are no attack on the server (row 33): after a hundred
 * resets in a minute others go over another connection, and those that are under way go on. */
TEST(HC16_row_33_requests_that_are_given_up_harm_no_other)
{
    SITE();
    eddy_auto(eddy_task) *other = eddy_create_task(get_coro(http, "/nap", "rested"));

    CHECK_OK(eddy_sleep(0.01));
    for (int i = 0; i < 3000; i++)
        eddy_timeout(0.0002)
            CHECK_INT(get(http, "/nap", ""), EDDY_ETIMEDOUT);
    CHECK_OK(eddy_await(other));
    CHECK_OK(get(http, "/", "here"));
    eddy_http_stats stats = eddy_http_get_stats(http);
    CHECK_INT(stats.connections, 31);
    CHECK(stats.resent <= 31); /* those that came when the last place was taken */
    CHECK_OK(eddy_sleep(5));
    CHECK_INT(eddy_http_server_connections(server), eddy_http_get_stats(http).idle);
    CHECK(eddy_http_get_stats(http).idle <= 2);
}

/* A server's place is taken until its handler has ended: who finds none goes elsewhere. */
TEST(HC16_row_33_a_place_that_was_given_up_may_still_be_taken)
{
    SITE(.max_streams = 2);

    for (int i = 0; i < 2; i++)
        eddy_timeout(0.01)
            CHECK_INT(get(http, "/nap", ""), EDDY_ETIMEDOUT);
    CHECK_OK(get(http, "/", "here"));
}

/* Two names of one server have a connection each, whatever its certificate says. */
TEST(HC2_row_33_connections_of_HTTP_2_are_for_one_host)
{
    SITE();

    CHECK_OK(get(http, "/", "here"));
    CHECK_OK(get(http, "http://other/", "here"));
    CHECK_OK(get(http, "/", "here"));
    CHECK_INT(eddy_http_get_stats(http).connections, 2);
}

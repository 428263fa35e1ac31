/* test_proxy.c - the address of a client behind trusted proxies. */
#include "http/server/talk.h"

static int says_peer(eddy_request *request)
{
    return eddy_respond_text(request, 200, "%s", eddy_request_peer(request));
}

/* What a server that trusts these proxies makes of these values of X-Forwarded-For. */
static const char *peer_for(const char *trusted, const char *fields)
{
    char bytes[512];
    eddy_auto(eddy_router) *router = router_of(says_peer);
    eddy_auto(eddy_http_server) *server = eddy_http_server_open(router, .trusted_proxies = trusted);
    CHECK(server != NULL);
    eddy_auto(eddy_stream) *peer = eddy_connect("127.0.0.1", .port = eddy_http_server_port(server));

    snprintf(bytes, sizeof bytes, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n",
             fields);
    send_bytes(peer, bytes);
    return strstr(rest_of(peer), "\r\n\r\n") + 4;
}

#define FOR(value) "X-Forwarded-For: " value "\r\n"

TEST_REAL(http_HS15_the_last_address_that_is_no_trusted_proxy)
{
    CHECK_STR(peer_for("127.0.0.1", FOR("192.0.2.7")), "192.0.2.7");
    CHECK_STR(peer_for("127.0.0.1", FOR("6.6.6.6, 192.0.2.7")), "192.0.2.7");
    CHECK_STR(peer_for("127.0.0.0/8, 10.0.0.0/8", FOR("6.6.6.6, 192.0.2.7 , 10.1.2.3")),
              "192.0.2.7");
    CHECK_STR(peer_for("127.0.0.1,10.0.0.0/8", FOR("192.0.2.7") FOR("10.9.9.9")), "192.0.2.7");
    CHECK_STR(peer_for("127.0.0.1", FOR("[2001:db8::1]:4711")), "[2001:db8::1]:4711");
    CHECK_STR(peer_for("127.0.0.1, 2001:db8::/32", FOR("192.0.2.7, 2001:db8::1")), "192.0.2.7");
    /* all of them proxies: the first */
    CHECK_STR(peer_for("127.0.0.1, 10.0.0.0/8", FOR("10.0.0.1, 10.0.0.2")), "10.0.0.1");
}

TEST_REAL(http_HS15_nobody_else_is_believed)
{
    CHECK(strncmp(peer_for(NULL, FOR("192.0.2.7")), "127.0.0.1:", 10) == 0);
    CHECK(strncmp(peer_for("10.0.0.0/8", FOR("192.0.2.7")), "127.0.0.1:", 10) == 0);
    CHECK(strncmp(peer_for("127.0.0.1", ""), "127.0.0.1:", 10) == 0);
    CHECK(strncmp(peer_for("127.0.0.1", FOR("6.6.6.6, <script>")), "127.0.0.1:", 10) == 0);
    CHECK_STR(peer_for("127.0.0.1, 10.0.0.1", FOR("6.6.6.6, unknown, 10.0.0.1")), "10.0.0.1");
}

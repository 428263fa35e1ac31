/* test_request.c - what a handler asks of its request. */
#include "http/server/talk.h"

static int asks(eddy_request *request)
{
    static const char key, other;
    int value = 7;

    CHECK_STR(eddy_request_method(request), "GET");
    CHECK_STR(eddy_request_target(request), "/a%20b/c?x=1&y=%26+&x=2&z");
    CHECK_STR(eddy_request_path(request), "/a b/c");
    CHECK_STR(eddy_request_host(request), "example.org:8080");
    CHECK_STR(eddy_request_query(request, "x"), "1");
    CHECK_STR(eddy_request_query(request, "y"), "& ");
    CHECK_STR(eddy_request_query(request, "z"), "");
    CHECK_STR(eddy_request_query(request, "X"), NULL);
    CHECK_STR(eddy_request_query_pairs(request)[2].value, "2");
    CHECK_STR(eddy_request_query_pairs(request)[4].name, NULL);
    CHECK_STR(eddy_request_header(request, "HOST"), "example.org:8080");
    CHECK_STR(eddy_request_header(request, "Other"), NULL);
    CHECK_STR(eddy_request_headers(request)[0].name, "Host");
    CHECK_STR(eddy_request_param(request, "name"), NULL);
    CHECK_OK(eddy_request_set_value(request, &key, &value));
    CHECK_PTR(eddy_request_value(request, &key), &value);
    CHECK_PTR(eddy_request_value(request, &other), NULL);
    CHECK(eddy_request_connection(request) != NULL);
    return eddy_respond_text(request, 200, "ok");
}

TEST(http_server_tells_a_handler_what_was_asked)
{
    eddy_auto(eddy_router) *router = router_of(asks);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK_INT(status_of(server, "GET /a%20b/c?x=1&y=%26+&x=2&z HTTP/1.1\r\n"
                                "Host: example.org:8080\r\n\r\n"),
              200);
}

static int asks_badly(eddy_request *request)
{
    CHECK_STR(eddy_request_query(request, "a"), NULL);
    return eddy_request_query_pairs(request) ? 0 : eddy_last_status();
}

TEST(http_server_refuses_a_query_that_is_not_well_formed)
{
    eddy_auto(eddy_router) *router = router_of(asks_badly);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK_INT(status_of(server, GET("/?a=%zz")), 400);
    CHECK_INT(status_of(server, GET("/?a=%00")), 400);
    CHECK_INT(status_of(server, GET("/%zz")), 400);
    CHECK_INT(status_of(server, GET("/%00")), 400);
}

static int form(eddy_request *request)
{
    const eddy_pair *fields = eddy_try(eddy_request_form(request));

    return eddy_respond_text(request, 200, "%s", eddy_pairs_get(fields, "a"));
}

#define FORM(type, size, body)                                                                     \
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: " type "\r\nContent-Length: " size "\r\n\r\n" body
#define URLENCODED "application/x-www-form-urlencoded"

TEST(http_server_reads_forms)
{
    eddy_auto(eddy_router) *router = router_of(form);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    static char many[8192];
    int n;

    CHECK(strstr(answer_to(server, FORM(URLENCODED "; charset=utf-8", "10", "a=b+%26%0a")),
                 "\r\n\r\nb &") != NULL);
    CHECK_INT(status_of(server, FORM("text/plain", "3", "a=b")), 415);
    CHECK_INT(status_of(server, FORM(URLENCODED, "3", "a=%")), 400);
    n = snprintf(many, sizeof many, FORM(URLENCODED, "4004", ""));
    for (int i = 0; i < 1001; i++)
        n += snprintf(many + n, sizeof many - (size_t)n, "a=b&");
    CHECK_INT(status_of(server, many), 400);
}

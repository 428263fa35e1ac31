/* test_dispatch.c - from the request to its handler, through what stands around it. */
#include "http/server/talk.h"

static char order[256];

static int note(eddy_request *request, const char *before, const char *after)
{
    strncat(order, before, sizeof order - strlen(order) - 1);
    int status = eddy_request_next(request);
    strncat(order, after, sizeof order - strlen(order) - 1);
    return status;
}

static int outer(eddy_request *request)
{
    return note(request, "o(", ")o");
}

static int inner(eddy_request *request)
{
    return note(request, "i(", ")i");
}

static int twice(eddy_request *request)
{
    eddy_try(eddy_request_next(request));
    return eddy_request_next(request);
}

static int answers(eddy_request *request)
{
    strncat(order, "h", sizeof order - strlen(order) - 1);
    return eddy_respond_text(request, 200, "%s %s", eddy_request_param(request, "name"),
                             (const char *)eddy_request_arg(request));
}

static int takes_long(eddy_request *request)
{
    eddy_try(eddy_sleep(10));
    return eddy_respond_text(request, 200, "late");
}

static char server_word[] = "server", route_word[] = "route";

static eddy_router *open_routes(void)
{
    eddy_router *router = eddy_router_open();

    CHECK_OK(eddy_router_use(router, outer));
    CHECK_OK(eddy_router_use(router, inner));
    CHECK_OK(eddy_route(router, "GET /a/{name}", answers));
    CHECK_OK(eddy_route(router, "GET /b/{name}", answers, .arg = route_word));
    CHECK_OK(eddy_route(router, "/slow", takes_long, .timeout = 2));
    CHECK_OK(eddy_route(router, "GET /dir/", answers));
    return router;
}

TEST(http_HR_handlers_are_called_through_what_stands_around_them)
{
    eddy_auto(eddy_router) *router = open_routes();
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .arg = server_word);

    CHECK(strstr(answer_to(server, GET("/a/b%20c")), "\r\n\r\nb c server") != NULL);
    CHECK_STR(order, "o(i(h)i)o");
    CHECK(strstr(answer_to(server, GET("/b/c")), "\r\n\r\nc route") != NULL);
    order[0] = '\0';
    CHECK_INT(status_of(server, GET("/none")), 404);
    CHECK_STR(order, "o(i()i)o");
    const char *answer = answer_to(server, "POST /a/b HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(strncmp(answer, "HTTP/1.1 405 ", 13) == 0);
    CHECK(strstr(answer, "\r\nAllow: GET, HEAD, OPTIONS\r\n") != NULL);
    answer = answer_to(server, "OPTIONS /a/b HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(strncmp(answer, "HTTP/1.1 204 ", 13) == 0);
    CHECK(strstr(answer_to(server, GET("/dir?x=y")), "\r\nLocation: /dir/?x=y\r\n") != NULL);
}

TEST(http_server_answers_503_when_a_route_takes_too_long)
{
    eddy_auto(eddy_router) *router = open_routes();
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .arg = server_word);
    double begun = eddy_time();

    CHECK_INT(status_of(server, GET_LAST("/slow")), 503);
    CHECK_NEAR(eddy_time() - begun, 2, 2.01);
}

TEST(http_server_middleware_may_go_on_twice)
{
    eddy_auto(eddy_router) *router = eddy_router_open();
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .arg = server_word);

    CHECK_OK(eddy_router_use(router, twice));
    CHECK_OK(eddy_route(router, "/{name}", answers));
    order[0] = '\0';
    CHECK_INT(count_of_text(answer_to(server, GET_LAST("/a")), "a server"), 1);
    CHECK_STR(order, "hh");
}

/* Pages of other origins. */
#include "http/server/talk.h"

#include <eddy/http/cors.h>

static int ok(eddy_request *request)
{
    return eddy_respond_text(request, 200, "ok");
}

static const char *ask(eddy_router *router, const char *line, const char *fields)
{
    char request[1000];
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: a\r\n%sConnection: close\r\n\r\n", line,
             fields);
    return answer_to(server, request);
}

static bool says(const char *answer, const char *field)
{
    char line[200];

    snprintf(line, sizeof line, "\r\n%s\r\n", field);
    return strstr(answer, line) != NULL;
}

#define CORS(...)                                                                                  \
    eddy_auto(eddy_router) *router = eddy_router_open();                                           \
    CHECK_OK(eddy_route(router, "GET /a", ok));                                                    \
    CHECK_OK(eddy_router_use_cors(router, __VA_ARGS__))
#define PREFLIGHT                                                                                  \
    "Origin: https://a.example\r\nAccess-Control-Request-Method: PUT\r\n"                          \
    "Access-Control-Request-Headers: x-a, x-b\r\n"

TEST(http_HR12_all_origins_may_read_where_none_is_named)
{
    CORS(.expose = "X-Total");
    const char *answer = ask(router, "GET /a", "Origin: https://a.example\r\n");

    CHECK(says(answer, "Access-Control-Allow-Origin: *"));
    CHECK(says(answer, "Access-Control-Expose-Headers: X-Total"));
    CHECK(!strstr(answer, "Vary") && !strstr(answer, "Credentials"));
    answer = ask(router, "GET /a", "");
    CHECK(!strstr(answer, "Access-Control"));
}

TEST(http_HR12_other_origins_are_answered_without_leave)
{
    CORS(.origins = "https://a.example, http://b.example:8080", .credentials = true);
    const char *answer = ask(router, "GET /a", "Origin: http://b.example:8080\r\n");

    CHECK(says(answer, "Access-Control-Allow-Origin: http://b.example:8080"));
    CHECK(says(answer, "Access-Control-Allow-Credentials: true"));
    CHECK(says(answer, "Vary: Origin"));
    static const char *const others[] = {"https://a.example.evil", "https://a",        "null", "*",
                                         "http://a.example",       "https://A.example"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char fields[200];

        snprintf(fields, sizeof fields, "Origin: %s\r\n", others[i]);
        answer = ask(router, "GET /a", fields);
        CHECK(strstr(answer, "200 OK") && !strstr(answer, "Access-Control"));
        CHECK(says(answer, "Vary: Origin"));
    }
}

TEST(http_HR12_what_browsers_ask_before_is_answered)
{
    CORS(.max_age = 60);
    const char *answer = ask(router, "OPTIONS /a", PREFLIGHT);

    CHECK(strncmp(answer, "HTTP/1.1 204 ", 13) == 0);
    CHECK(says(answer, "Access-Control-Allow-Origin: *"));
    CHECK(says(answer, "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE"));
    CHECK(says(answer, "Access-Control-Allow-Headers: x-a, x-b"));
    CHECK(says(answer, "Access-Control-Max-Age: 60"));
    answer = ask(router, "OPTIONS /nowhere", PREFLIGHT);
    CHECK(says(answer, "Access-Control-Allow-Origin: *"));
    answer = ask(router, "OPTIONS /a", "Origin: https://a.example\r\n");
    CHECK(says(answer, "Allow: GET, HEAD, OPTIONS"));
}

TEST(http_HR12_methods_and_fields_can_be_named)
{
    CORS(.origins = "https://a.example", .methods = "PUT", .headers = "X-A");
    const char *answer = ask(router, "OPTIONS /a", PREFLIGHT);

    CHECK(says(answer, "Access-Control-Allow-Methods: PUT"));
    CHECK(says(answer, "Access-Control-Allow-Headers: X-A"));
}

TEST(http_HR12_failures_can_be_read_too)
{
    CORS(.origins = NULL);
    const char *answer = ask(router, "GET /nowhere", "Origin: https://a.example\r\n");

    CHECK(strncmp(answer, "HTTP/1.1 404 ", 13) == 0);
    CHECK(says(answer, "Access-Control-Allow-Origin: *"));
}

TEST(http_HR12_options_are_checked)
{
    eddy_auto(eddy_router) *router = eddy_router_open();

    CHECK_INT(eddy_router_use_cors(router, .credentials = true), EDDY_EINVAL);
    CHECK_INT(eddy_router_use_cors(router, .origins = "*", .credentials = true), EDDY_EINVAL);
    CHECK_INT(eddy_router_use_cors(router, .max_age = -1), EDDY_EINVAL);
    CHECK_INT(eddy_router_use_cors(router, .methods = "GET\r\nX: y"), EDDY_EINVAL);
    CHECK_OK(eddy_router_use_cors_with(router, NULL));
}

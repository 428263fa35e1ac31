/* test_basic_auth.c - users and passwords of Authorization: Basic. */
#include "http/server/talk.h"

static int who(eddy_request *request)
{
    const char *user, *password;

    if (eddy_try(eddy_request_basic_auth(request, &user, &password)) == 0)
        return eddy_respond_text(request, 200, "nobody");
    return eddy_respond_text(request, 200, "%s with %s", user, password);
}

static const char *told(eddy_http_server *server, const char *value)
{
    char bytes[300];

    snprintf(bytes, sizeof bytes, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s%s%s\r\n",
             value ? "Authorization: " : "", value ? value : "", value ? "\r\n" : "");
    return strstr(answer_to(server, bytes), "\r\n\r\n") + 4;
}

TEST(http_basic_authorization)
{
    eddy_auto(eddy_router) *router = router_of(who);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK_STR(told(server, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "Aladdin with open sesame");
    CHECK_STR(told(server, "basic  YTpiOmM="), "a with b:c");
    CHECK_STR(told(server, "Basic Og=="), " with ");
    CHECK_STR(told(server, NULL), "nobody");
    CHECK_STR(told(server, "Bearer YTpi"), "nobody");
    CHECK_STR(told(server, "Basic"), "nobody");
    CHECK_STR(told(server, "Basic YWI="), "nobody");     /* no colon */
    CHECK_STR(told(server, "Basic YTpi*"), "nobody");    /* no base64 */
    CHECK_STR(told(server, "Basic YTpiAGM="), "nobody"); /* a zero byte */
}

/* What goes out: targets, heads, what is refused before anything is sent. */
#include "http/client/script.h"

static const char *heard_target(const struct script *server, int n)
{
    static char target[HEARD];

    sscanf(server->heard[n], "%*s %4000s", target);
    return target;
}

TEST(http_HC5_report_10_a_target_goes_out_byte_for_byte)
{
    static const char *const targets[] = {
        "/a%2Fb",     "/a%20b+c;d=1",    "/?q=a%2bb&&=;", "/a/../b/./c",
        "/%7Euser/~", "//double//slash", "/%41%zz",       "/?a=b?c=/d",
    };
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    char url[200];

    for (int i = 0; i < 8; i++) {
        snprintf(url, sizeof url, "http://test%s", targets[i]);
        CHECK_GET(http, url, "200 a");
        CHECK_STR(heard_target(server, i), targets[i]);
    }
    CHECK_GET(http, "/a/../b", "200 a");
    CHECK_STR(heard_target(server, 8), "/a/../b");
    CHECK_GET(http, "/x#fragment", "200 a");
    CHECK_STR(heard_target(server, 9), "/x");
}

TEST(http_request_params_are_escaped)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *response =
        eddy_http_get(http, "/s?x=1", .params = eddy_pairs({"a b", "c&d"}, {"e", "\xc3\xa9"}));

    CHECK(response != NULL);
    CHECK_STR(heard_target(server, 0), "/s?x=1&a%20b=c%26d&e=%C3%A9");
}

TEST(http_request_relative_to_the_base)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = eddy_http_open(.base_url = "http://test:81/api/v1/",
                                                .connect = script_connect, .connect_arg = server);

    CHECK_GET(http, "users", "200 a");
    CHECK_STR(heard_target(server, 0), "/api/v1/users");
    CHECK(strstr(server->heard[0], "\r\nHost: test:81\r\n") != NULL);
    CHECK_GET(http, "/users", "200 a");
    CHECK_STR(heard_target(server, 1), "/users");
    CHECK_GET(http, "?q", "200 a");
    CHECK_STR(heard_target(server, 2), "/api/v1/?q");
    CHECK_GET(http, "http://other/", "200 a");
    CHECK(strstr(server->heard[3], "\r\nHost: other\r\n") != NULL);
}

TEST(http_request_methods)
{
    SCRIPT(server, {.answer = "HTTP/1.1 204 No\r\n\r\n"});
    eddy_auto(eddy_http) *http = SESSION(server);
    static const char *const starts[] = {"HEAD / ",  "POST / ",   "PUT / ",
                                         "PATCH / ", "DELETE / ", "PROPFIND / "};
    eddy_response *responses[] = {
        eddy_http_head(http, "/"),   eddy_http_post(http, "/"),
        eddy_http_put(http, "/"),    eddy_http_patch(http, "/"),
        eddy_http_delete(http, "/"), eddy_http_request(http, "PROPFIND", "/")};

    for (int i = 0; i < 6; i++) {
        CHECK(responses[i] != NULL);
        CHECK_INT(eddy_response_status(responses[i]), 204);
        CHECK_MEM(server->heard[i], starts[i], strlen(starts[i]));
        CHECK((strstr(server->heard[i], "Content-Length: 0\r\n") != NULL) == (i >= 1 && i <= 3));
        eddy_response_close(responses[i]);
    }
}

TEST(http_request_headers_win_over_those_of_the_session)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http =
        SESSION(server, .headers = eddy_pairs({"X-One", "1"}, {"accept", "text/html"}),
                .user_agent = "", .no_decode = true);
    eddy_auto(eddy_response) *response =
        eddy_http_get(http, "/", .headers = eddy_pairs({"x-one", "2"}, {"X-Two", "3"}));

    CHECK(response != NULL);
    CHECK_STR(server->heard[0],
              "GET / HTTP/1.1\r\nHost: test\r\naccept: text/html\r\nx-one: 2\r\nX-Two: 3\r\n\r\n");
}

TEST(http_request_credentials)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *bearer = eddy_http_get(http, "/", .bearer = "sesame");
    eddy_auto(eddy_response) *basic =
        eddy_http_get(http, "/", .user = "Aladdin", .password = "open sesame");
    eddy_auto(eddy_response) *url = eddy_http_get(http, "http://Aladdin:open%20sesame@test/");

    CHECK(bearer && basic && url);
    CHECK(strstr(server->heard[0], "\r\nAuthorization: Bearer sesame\r\n") != NULL);
    for (int i = 1; i < 3; i++)
        CHECK(strstr(server->heard[i],
                     "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n") != NULL);
    CHECK_STR(eddy_response_url(url), "http://test/");
}

/* What would write a second header, or a second request, is an error at the call. */
TEST(http_HC5_row_13_control_characters_are_refused)
{
    static const char *const urls[] = {"/a b",          "/a\r\nX: y",      "/a\n", "/\x7f", "/\t",
                                       "http://te st/", "http://test\r\n/"};
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);

    for (int i = 0; i < 7; i++)
        CHECK_GET_FAILS(http, urls[i], EDDY_EINVAL);
    CHECK_PTR(eddy_http_request(http, "GET / HTTP/1.1\r\nX: y\r\n\r\nGET", "/"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_http_get(http, "/", .headers = eddy_pairs({"A", "b\r\nX: y"})), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_http_get(http, "/", .headers = eddy_pairs({"A\n", "b"})), NULL);
    CHECK_PTR(eddy_http_get(http, "/", .bearer = "a\nb"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_http_post(http, "/", .text = "a", .type = "a\rb"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(SESSION(server, .headers = eddy_pairs({"A", "b\n"})), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(SESSION(server, .user_agent = "a\nb"), NULL);
    CHECK_INT(server->connections, 0);
}

TEST(http_request_refuses_headers_that_frame)
{
    static const char *const names[] = {"Content-Length", "transfer-encoding", "Connection", "Host",
                                        "Upgrade"};
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);

    for (int i = 0; i < 5; i++) {
        CHECK_PTR(eddy_http_get(http, "/", .headers = eddy_pairs({names[i], "1"})), NULL);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    }
    CHECK_PTR(eddy_http_request(http, "CONNECT", "/"), NULL);
    CHECK_PTR(eddy_http_get(http, "ws://test/"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_http_get(http, NULL), NULL);
    CHECK_PTR(eddy_http_get(NULL, "/"), NULL);
    CHECK_PTR(eddy_http_post(http, "/", .text = "a", .json = "1"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
}

/* URLs that two parsers would read in two ways. */
TEST(http_row_25_strange_urls_are_refused)
{
    static const char *const urls[] = {
        "http://a@b@c/",   "http://a\\@b/", "http://[::1]x/", "http://a:0/",
        "http://a:65536/", "http://a:/\n",  "http:///x",      "http://[::1/",
        "ftp://a/",        "http://a:1x/",  "javascript:1",
    };
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = eddy_http_open(.connect = script_connect, .connect_arg = server);
    char url[400] = "http://";

    for (int i = 0; i < 11; i++)
        CHECK_GET_FAILS(http, urls[i], EDDY_EINVAL);
    memset(url + 7, 'a', 300);
    url[307] = '\0';
    CHECK_GET_FAILS(http, url, EDDY_EINVAL);
    CHECK_INT(server->connections, 0);
}

TEST(http_B7_times_of_sessions_and_requests)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server, .timeout = INFINITY, .timeout_read = INFINITY,
                                         .max_age = INFINITY, .idle_timeout = INFINITY);

    CHECK_GET(http, "/", "200 a");
    CHECK_PTR(SESSION(server, .timeout = -1), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(SESSION(server, .timeout_pool = NAN), NULL);
    CHECK_PTR(SESSION(server, .max_age = -1), NULL);
    CHECK_PTR(SESSION(server, .max_decoded = -1), NULL);
    CHECK_PTR(eddy_http_get(http, "/", .timeout = -1), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_http_get(http, "/", .timeout_connect = NAN), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_http_open(.base_url = "nonsense"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
}

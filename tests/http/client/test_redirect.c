/* Redirects: methods, bodies, credentials, limits. */
#include "http/client/script.h"

#include <eddy/file.h>

#define LEADS(status, where)                                                                       \
    "HTTP/1.1 " #status " Moved\r\nLocation: " where "\r\nContent-Length: 4\r\n\r\ngone"

TEST(http_redirects_are_followed)
{
    SCRIPT(server, {.answer = LEADS(302, "/b?c")}, {.answer = LEADS(301, "d")},
           {.answer = LEADS(307, "http://test/e")}, {.answer = OK_TEXT(4, "here")});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *response = eddy_http_get(http, "/a");

    CHECK(response != NULL);
    CHECK_STR(eddy_response_text(response), "here");
    CHECK_STR(eddy_response_url(response), "http://test/e");
    CHECK_INT(eddy_response_redirects(response), 3);
    CHECK_INT(server->connections, 1);
    CHECK(strstr(server->heard[1], "GET /b?c ") != NULL);
    CHECK(strstr(server->heard[2], "GET /d ") != NULL);
}

TEST(http_redirects_have_a_limit)
{
    SCRIPT(server, {.answer = LEADS(302, "/again")});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_GET_FAILS(http, "/", EDDY_ELIMIT);
    CHECK_INT(server->requests, 11);
    CHECK_PTR(eddy_http_get(http, "/", .max_redirects = 2), NULL);
    CHECK_INT(server->requests, 14);
    eddy_auto(eddy_response) *response = eddy_http_get(http, "/", .max_redirects = -1);
    CHECK(response != NULL);
    CHECK_INT(eddy_response_status(response), 302);
    CHECK_STR(eddy_response_text(response), "gone");
}

TEST(http_a_redirect_to_nowhere_is_told_as_one)
{
    SCRIPT(server, {.answer = LEADS(302, "file:///etc/hostname")});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_PTR(eddy_http_get(http, "/"), NULL);
    CHECK_STR(eddy_error_message(eddy_last_error()),
              "GET test leads elsewhere: \"file:///etc/hostname\": the scheme is none of http, "
              "https, ws and wss");
}

/* What becomes of each method, and whether the body is sent again. */
TEST(http_HC7_report_9_methods_and_statuses)
{
    static const struct {
        const char *method, *expected;
        int answer;
        bool body;
    } rows[] = {
        {"POST", "GET", 0, false},  {"POST", "GET", 1, false},   {"POST", "GET", 2, false},
        {"POST", "POST", 3, true},  {"POST", "POST", 4, true},   {"PUT", "PUT", 0, true},
        {"PUT", "PUT", 1, true},    {"PUT", "GET", 2, false},    {"PUT", "PUT", 3, true},
        {"HEAD", "HEAD", 2, false}, {"DELETE", "GET", 2, false}, {"GET", "GET", 0, false},
    };
    static const struct step all[][2] = {
        {{.answer = LEADS(301, "/b")}, {.answer = "HTTP/1.1 204 No\r\n\r\n"}},
        {{.answer = LEADS(302, "/b")}, {.answer = "HTTP/1.1 204 No\r\n\r\n"}},
        {{.answer = LEADS(303, "/b")}, {.answer = "HTTP/1.1 204 No\r\n\r\n"}},
        {{.answer = LEADS(307, "/b")}, {.answer = "HTTP/1.1 204 No\r\n\r\n"}},
        {{.answer = LEADS(308, "/b")}, {.answer = "HTTP/1.1 204 No\r\n\r\n"}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SCRIPT(server, {.answer = NULL});
        script_begin(server, all[rows[i].answer], 2);
        eddy_auto(eddy_http) *http = SESSION(server);
        bool given = strcmp(rows[i].method, "HEAD") != 0 && strcmp(rows[i].method, "GET") != 0;
        eddy_auto(eddy_response) *response =
            eddy_http_request(http, rows[i].method, "/a", .text = given ? "body" : NULL,
                              .headers = eddy_pairs({"content-language", "de"}));

        CHECK(response != NULL);
        char start[40];
        snprintf(start, sizeof start, "%s /b ", rows[i].expected);
        CHECK_MEM(server->heard[1], start, strlen(start));
        CHECK((strstr(server->heard[1], "\r\n\r\nbody") != NULL) == rows[i].body);
        CHECK((strstr(server->heard[1], "Content-Type") != NULL) == rows[i].body);
        CHECK((strstr(server->heard[1], "content-language") != NULL) == rows[i].body);
    }
}

TEST(http_report_9_a_file_begins_again_a_stream_cannot)
{
    SCRIPT(server, {.answer = LEADS(307, "/b")}, {.answer = OK_TEXT(1, "a")},
           {.answer = LEADS(307, "/b")});
    eddy_auto(eddy_http) *http = SESSION(server);
    char path[] = "/tmp/eddy-again-XXXXXX";
    int fd = mkstemp(path);
    eddy_stream *pair[2];

    CHECK(fd >= 0);
    close(fd);
    CHECK_OK(eddy_write_file(path, "whole", 5));
    eddy_auto(eddy_response) *response = eddy_http_post(http, "/a", .file = path);
    CHECK(response != NULL);
    CHECK(strstr(server->heard[1], "\r\n\r\nwhole") != NULL);
    unlink(path);
    CHECK_OK(eddy_stream_pair(pair));
    CHECK_INT(eddy_write(pair[1], "once", 4), 4);
    eddy_stream_close(pair[1]);
    CHECK_PTR(eddy_http_post(http, "/a", .stream = pair[0]), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOTSUP);
    eddy_stream_close(pair[0]);
}

static bool tells(const struct script *server, int n)
{
    return strstr(server->heard[n], "Authorization") || strstr(server->heard[n], "Cookie") ||
           strstr(server->heard[n], "secret");
}

/* Another host, port or scheme, also a subdomain: what is secret stays, and does not come back. */
TEST(http_HC7_row_22_credentials_stay_with_their_origin)
{
    static const char *const places[] = {"http://other/", "http://test:81/", "http://sub.test/",
                                         "http://user:secret@other/"};
    static const eddy_pair by_hand[] = {{"Authorization", "secret"},
                                        {"Cookie", "a=secret"},
                                        {"Proxy-Authorization", "secret"},
                                        {NULL, NULL}};

    for (int i = 0; i < 4; i++) {
        for (int how = 0; how < 4; how++) {
            char away[200];
            SCRIPT(server, {.answer = NULL});
            snprintf(away, sizeof away,
                     "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", places[i]);
            struct step steps[] = {{.answer = LEADS(302, "/near")},
                                   {.answer = away},
                                   {.answer = LEADS(302, "http://test/back")},
                                   {.answer = OK_TEXT(1, "a")}};
            script_begin(server, steps, 4);
            eddy_auto(eddy_http) *http = SESSION(server, .headers = how == 3 ? by_hand : NULL);
            eddy_auto(eddy_response) *response = eddy_http_get(
                http, how == 2 ? "http://ann:secret@test/" : "/",
                .bearer = how == 0 ? "secret" : NULL, .headers = how == 1 ? by_hand : NULL);
            CHECK(response != NULL);
            CHECK_INT(server->requests, 4);
            CHECK(tells(server, 0) && tells(server, 1));
            CHECK(!tells(server, 2) && !tells(server, 3));
        }
    }
}

/* Another server that asks for an answer of Digest gets none, and the way back has none either. */
TEST(http_row_22_digest_stays_with_its_origin)
{
    static const char asks[] = "HTTP/1.1 401 Who\r\nWWW-Authenticate: Digest realm=\"r\", "
                               "nonce=\"n\", qop=\"auth\"\r\nContent-Length: 0\r\n\r\n";
    SCRIPT(server, {.answer = asks}, {.answer = LEADS(302, "http://other/")}, {.answer = asks});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *response =
        eddy_http_get(http, "/", .user = "ann", .password = "secret", .digest = true);

    CHECK(response != NULL);
    CHECK_INT(eddy_response_status(response), 401);
    CHECK_INT(server->requests, 3);
    CHECK(strstr(server->heard[1], "Authorization: Digest ") != NULL);
    CHECK(!tells(server, 2));

    SCRIPT(back, {.answer = asks}, {.answer = LEADS(302, "http://other/")},
           {.answer = LEADS(302, "http://test/back")}, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *again = SESSION(back);
    eddy_auto(eddy_response) *end =
        eddy_http_get(again, "/", .user = "ann", .password = "secret", .digest = true);
    CHECK(end != NULL);
    CHECK_INT(back->requests, 4);
    CHECK(!tells(back, 2) && !tells(back, 3));
}

/* The headers of the session are for its own server. */
TEST(http_row_22_session_credentials_stay_with_the_base)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http =
        SESSION(server, .headers = eddy_pairs({"Authorization", "secret"}, {"X-Plain", "x"}));

    CHECK_GET(http, "/", "200 a");
    CHECK_GET(http, "http://other/", "200 a");
    CHECK(tells(server, 0));
    CHECK(!tells(server, 1));
    CHECK(strstr(server->heard[1], "X-Plain: x") != NULL);
}

TEST(http_row_22_only_http_and_only_upwards)
{
    static const char *const places[] = {"ftp://test/", "file:///etc/passwd", "ws://test/",
                                         "http://a@b@c/"};
    for (int i = 0; i < 4; i++) {
        char away[200];
        SCRIPT(server, {.answer = NULL});
        snprintf(away, sizeof away,
                 "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", places[i]);
        struct step steps[] = {{.answer = away}};
        script_begin(server, steps, 1);
        eddy_auto(eddy_http) *http = SESSION(server);
        CHECK_GET_FAILS(http, "/", EDDY_EINVAL);
        CHECK_INT(server->requests, 1);
    }
}

TEST(http_report_18_a_redirect_leaves_a_unix_socket_by_consent)
{
    SCRIPT(server, {.answer = LEADS(302, "http://other/")}, {.answer = OK_TEXT(1, "a")},
           {.answer = LEADS(302, "/same")}, {.answer = OK_TEXT(1, "b")},
           {.answer = LEADS(302, "http://other/")}, {.answer = OK_TEXT(1, "c")});
    eddy_auto(eddy_http) *http = SESSION(server, .unix_path = "/run/x");

    CHECK_GET_FAILS(http, "/", EDDY_EACCES);
    CHECK_GET(http, "/", "200 a");
    CHECK_GET(http, "/", "200 b");
    eddy_auto(eddy_response) *response = eddy_http_get(http, "/", .unsafe_redirects = true);
    CHECK(response != NULL);
    CHECK_STR(eddy_response_text(response), "c");
}

static int goes_twice(void)
{
    SCRIPT(server, {.answer = LEADS(302, "/b")}, {.answer = OK_TEXT(4, "here")});
    eddy_auto(eddy_http) *http = eddy_try(SESSION(server));
    char text[16];

    return script_get(http, "/", text, sizeof text);
}

SWEEP(http_redirect_sweep)
{
    return goes_twice();
}

TORTURE(http_redirect_torture)
{
    return goes_twice();
}

/* Cookies of a jar, and Digest. */
#include "http/client/script.h"

/* Values are opaque, and one odd cookie drops no other. */
TEST(http_report_11_cookies_come_back_as_they_were)
{
    SCRIPT(server,
           {.answer = "HTTP/1.1 302 F\r\nSet-Cookie: a=\"x,y\"\r\nSet-Cookie: ;=\r\n"
                      "Set-Cookie: b=\r\nSet-Cookie: c={}; Path=/\r\nLocation: /b\r\n"
                      "Content-Length: 0\r\n\r\n"},
           {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_cookies) *jar = eddy_cookies_open();
    eddy_auto(eddy_http) *http = SESSION(server, .cookies = jar);

    CHECK_GET(http, "/a", "200 a");
    CHECK(strstr(server->heard[1], "\r\nCookie: a=\"x,y\"; b=; c={}\r\n") != NULL);
    CHECK_GET(http, "http://other/", "200 a");
    CHECK_PTR(strstr(server->heard[2], "Cookie"), NULL);
}

TEST(http_digest_answers_a_challenge)
{
    SCRIPT(server,
           {.answer = "HTTP/1.1 401 Who\r\nWWW-Authenticate: Digest realm=\"r\", "
                      "nonce=\"n1\", qop=\"auth\"\r\nContent-Length: 2\r\n\r\nno"},
           {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *response = eddy_http_post(
        http, "/x", .user = "ann", .password = "secret", .digest = true, .text = "body");

    CHECK(response != NULL);
    CHECK_INT(eddy_response_status(response), 200);
    CHECK_INT(server->connections, 1);
    CHECK_PTR(strstr(server->heard[0], "Authorization"), NULL);
    CHECK(strstr(server->heard[1], "Authorization: Digest ") != NULL);
    CHECK(strstr(server->heard[1], "uri=\"/x\"") != NULL);
    CHECK(strstr(server->heard[1], "\r\n\r\nbody") != NULL);
}

TEST(http_digest_gives_up_after_a_second_refusal)
{
    SCRIPT(server, {.answer = "HTTP/1.1 401 Who\r\nWWW-Authenticate: Digest realm=\"r\", "
                              "nonce=\"n1\", qop=\"auth\"\r\nContent-Length: 2\r\n\r\nno"});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *response =
        eddy_http_get(http, "/x", .user = "ann", .password = "wrong", .digest = true);

    CHECK(response != NULL);
    CHECK_INT(eddy_response_status(response), 401);
    CHECK_STR(eddy_response_text(response), "no");
    CHECK_INT(server->requests, 2);
}

#define ASK(nonce)                                                                                 \
    {                                                                                              \
        .answer =                                                                                  \
            "HTTP/1.1 401 Who\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"" nonce "\", "      \
            "qop=\"auth\"\r\nContent-Length: 2\r\n\r\nno"                                          \
    }

static bool heard_digest(const struct script *server, int n, const char *nonce, int count)
{
    char nonce_text[64], count_text[64];

    snprintf(nonce_text, sizeof nonce_text, " nonce=\"%s\"", nonce);
    snprintf(count_text, sizeof count_text, " nc=%08x", (unsigned)count);
    return strstr(server->heard[n], nonce_text) && strstr(server->heard[n], count_text);
}

static void check_digest(eddy_http *http, const char *url, int status)
{
    eddy_auto(eddy_response) *response =
        eddy_http_get(http, url, .user = "ann", .password = "secret", .digest = true);

    CHECK(response != NULL);
    CHECK_INT(eddy_response_status(response), status);
}

TEST(http_HC15_digest_keeps_a_nonce_and_counts)
{
    SCRIPT(server, ASK("one"), {.answer = OK_TEXT(1, "a")}, {.answer = OK_TEXT(1, "a")}, ASK("two"),
           {.answer = OK_TEXT(1, "a")}, {.answer = OK_TEXT(1, "a")}, {.answer = OK_TEXT(1, "a")},
           {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);

    for (int i = 0; i < 4; i++)
        check_digest(http, "/", 200);
    CHECK_INT(server->requests, 6);
    CHECK(heard_digest(server, 1, "one", 1));
    CHECK(heard_digest(server, 2, "one", 2));
    CHECK(heard_digest(server, 3, "one", 3));
    CHECK(heard_digest(server, 4, "two", 1));
    CHECK(heard_digest(server, 5, "two", 2));
    check_digest(http, "http://other/", 200); /* has asked for nothing */
    CHECK_PTR(strstr(server->heard[6], "Authorization"), NULL);
    CHECK_GET(http, "/", "200 a"); /* nor has the program */
    CHECK_PTR(strstr(server->heard[7], "Authorization"), NULL);
}

TEST(http_HC15_digest_gives_up_when_a_kept_nonce_is_refused)
{
    SCRIPT(server, ASK("one"), {.answer = OK_TEXT(1, "a")}, ASK("one"), ASK("two"), ASK("three"));
    eddy_auto(eddy_http) *http = SESSION(server);

    check_digest(http, "/", 200);
    check_digest(http, "/", 401); /* the same nonce again: it is the password */
    CHECK_INT(server->requests, 3);
    check_digest(http, "/", 401);
    CHECK_INT(server->requests, 5);
}

TEST(http_HC15_digest_of_many_servers)
{
    SCRIPT(server, ASK("one"), {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server, .limit = 1);
    char url[40];

    for (int i = 0; i < 70; i++) {
        server->requests = 0;
        snprintf(url, sizeof url, "http://host%d/", i);
        check_digest(http, url, 200);
    }
    for (int i = 5; i < 7; i++) { /* 64 of them are kept */
        server->requests = 1;
        server->heard_size[1] = 0;
        memset(server->heard[1], 0, sizeof server->heard[1]);
        snprintf(url, sizeof url, "http://host%d/", i);
        check_digest(http, url, 200);
        CHECK_INT(strstr(server->heard[1], "Authorization") != NULL, i >= 6);
    }
}

/* A nonce that is always too old. */
TEST(http_digest_gives_up_when_every_nonce_is_stale)
{
#define STALE(n)                                                                                   \
    {.answer = "HTTP/1.1 401 Who\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"" n "\", "       \
               "stale=true, qop=\"auth\"\r\nContent-Length: 2\r\n\r\nno"}
    SCRIPT(server, STALE("1"), STALE("2"), STALE("3"), STALE("4"), STALE("5"), STALE("6"));
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *response =
        eddy_http_get(http, "/x", .user = "ann", .password = "secret", .digest = true);

    CHECK(response != NULL);
    CHECK_INT(eddy_response_status(response), 401);
    CHECK_INT(server->requests, 3);
}

TEST(http_credentials_of_the_base_url_go_with_every_reference)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = eddy_http_open(.base_url = "http://ann:secret@test/b/",
                                                .connect = script_connect, .connect_arg = server);

    CHECK_GET(http, "/x", "200 a");
    CHECK_GET(http, "x?to=http://other/", "200 a");
    CHECK_GET(http, "//other/x", "200 a");
    CHECK(strstr(server->heard[0], "Authorization: Basic ") != NULL);
    CHECK(strncmp(server->heard[1], "GET /b/x?to=http://other/ ", 26) == 0);
    CHECK(strstr(server->heard[1], "Authorization: Basic ") != NULL);
    CHECK_PTR(strstr(server->heard[2], "Authorization"), NULL);
}

/* What is said nearer to the request counts: its headers, its options, the session's headers. */
TEST(http_credentials_go_out_once)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    const eddy_pair session[] = {{"Authorization", "Bearer session"}, {NULL, NULL}};
    const eddy_pair own[] = {{"authorization", "Bearer header"}, {NULL, NULL}};
    eddy_auto(eddy_http) *http = SESSION(server, .headers = session);
    eddy_auto(eddy_response) *one = eddy_http_get(http, "/", .bearer = "option");
    eddy_auto(eddy_response) *two = eddy_http_get(http, "/", .bearer = "option", .headers = own);
    eddy_auto(eddy_response) *three = eddy_http_get(http, "/");

    CHECK(one && two && three);
    CHECK(strstr(server->heard[0], "Authorization: Bearer option\r\n") != NULL);
    CHECK_PTR(strstr(server->heard[0], "Bearer session"), NULL);
    CHECK(strstr(server->heard[1], "authorization: Bearer header\r\n") != NULL);
    CHECK_PTR(strstr(server->heard[1], "Bearer option"), NULL);
    CHECK(strstr(server->heard[2], "Authorization: Bearer session\r\n") != NULL);
}

static int ask_twice(void)
{
    SCRIPT(server, ASK("one"), {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = eddy_try(SESSION(server));

    for (int i = 0; i < 2; i++) {
        eddy_auto(eddy_response) *response =
            eddy_try(eddy_http_get(http, "/", .user = "ann", .password = "secret", .digest = true));

        eddy_try(eddy_response_text(response));
    }
    return 0;
}

SWEEP(http_digest_sweep)
{
    return ask_twice();
}

TORTURE(http_digest_torture)
{
    return ask_twice();
}

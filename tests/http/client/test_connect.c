/* How servers are reached: addresses that are judged, Unix sockets, TLS. */
#include "http/client/script.h"
#include "net/dns_server.h"
#include "tls/identity.h"

struct judged {
    int asked;
    int answer;
    char host[64];
    bool loopback;
};

static int judge_address(const eddy_address *address, const char *host, void *arg)
{
    struct judged *judged = arg;
    char text[EDDY_HOST_TEXT];

    judged->asked++;
    snprintf(judged->host, sizeof judged->host, "%s", host);
    judged->loopback = strcmp(eddy_address_format_host(address, text), "127.0.0.1") == 0;
    return judged->answer;
}

TEST(http_row_25_the_resolved_address_is_judged)
{
    SCRIPT(script, {.answer = OK_TEXT(1, "a")});
    struct judged judged = {0};
    eddy_auto(eddy_server) *server =
        eddy_server_open(script_handler, .arg = script, .host = "127.0.0.1");
    eddy_auto(eddy_http) *http =
        eddy_http_open(.on_address = judge_address, .connect_arg = &judged);
    char url[64];

    snprintf(url, sizeof url, "http://127.0.0.1:%d/", eddy_server_port(server));
    CHECK_GET(http, url, "200 a");
    CHECK_INT(judged.asked, 1);
    CHECK_STR(judged.host, "127.0.0.1");
    CHECK(judged.loopback);
    eddy_auto(eddy_http) *strict =
        eddy_http_open(.on_address = judge_address, .connect_arg = &judged);
    judged.answer = EDDY_EACCES;
    CHECK_GET_FAILS(strict, url, EDDY_EACCES);
    CHECK(strstr(eddy_error_message(eddy_last_error()), "is refused by .on_address") != NULL);
    CHECK_INT(script->connections, 1);
}

TEST(http_connect_that_is_refused_names_the_host)
{
    eddy_auto(eddy_server) *server = eddy_server_open(script_handler, .host = "127.0.0.1");
    eddy_auto(eddy_http) *http = eddy_http_open();
    char url[64], host[64];

    snprintf(host, sizeof host, "GET 127.0.0.1:%d: ", eddy_server_port(server));
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", eddy_server_port(server));
    eddy_server_stop(server);
    CHECK_GET_FAILS(http, url, EDDY_ECONNREFUSED);
    CHECK_MEM(eddy_error_message(eddy_last_error()), host, strlen(host));
}

/* Two sockets, one URL: the path tells connections apart, and Host is that of the URL. */
TEST(http_report_18_unix_sockets)
{
    SCRIPT(one, {.answer = OK_TEXT(3, "one")});
    SCRIPT(two, {.answer = OK_TEXT(3, "two")});
    char paths[2][64];
    snprintf(paths[0], sizeof paths[0], "@eddy-http-%d-1", (int)getpid());
    snprintf(paths[1], sizeof paths[1], "@eddy-http-%d-2", (int)getpid());
    eddy_auto(eddy_server) *first =
        eddy_server_open(script_handler, .arg = one, .unix_path = paths[0]);
    eddy_auto(eddy_server) *second =
        eddy_server_open(script_handler, .arg = two, .unix_path = paths[1]);
    eddy_auto(eddy_http) *http = eddy_http_open(.unix_path = paths[0]);

    CHECK(first && second);
    for (int i = 0; i < 2; i++) {
        CHECK_GET(http, "http://docker/x", "200 one");
        eddy_auto(eddy_response) *response =
            eddy_http_get(http, "http://docker/x", .unix_path = paths[1]);
        CHECK(response != NULL);
        CHECK_STR(eddy_response_text(response), "two");
    }
    CHECK_INT(one->connections, 1);
    CHECK_INT(two->connections, 1);
    CHECK(strstr(one->heard[0], "\r\nHost: docker\r\n") != NULL);
}

/* A server's certificate is verified; whoever asks for no verification gets a connection of its
 * own, and redirects do not lead from https to http. */
TEST(http_row_23_tls_is_verified_and_told_apart)
{
    SCRIPT(script, {.answer = OK_TEXT(1, "a")}, {.answer = OK_TEXT(1, "b")},
           {.answer = "HTTP/1.1 302 F\r\nLocation: http://test/\r\nContent-Length: 0\r\n\r\n"});
    struct identity id;
    identity_make(&id, "localhost",
                  &(struct identity_opts){.names = "IP:127.0.0.1", .authority = true});
    eddy_auto(eddy_server) *server =
        eddy_server_open(script_handler, .arg = script, .host = "127.0.0.1", .cert = id.file);
    eddy_auto(eddy_http) *http = eddy_http_open(.tls_opts = {.ca_file = id.file});
    char url[64];

    CHECK(server != NULL);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", eddy_server_port(server));
    CHECK_GET(http, url, "200 a");
    const eddy_tls_opts strict = {.sessions = -1}, careless = {.insecure = true, .sessions = -1};
    CHECK_PTR(eddy_http_get(http, url, .tls_opts = &strict), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETLS);
    eddy_auto(eddy_response) *response = eddy_http_get(http, url, .tls_opts = &careless);
    CHECK(response != NULL);
    CHECK_STR(eddy_response_text(response), "b");
    CHECK_GET_FAILS(http, url, EDDY_EACCES);
    CHECK_INT(script->connections, 2);
    identity_free(&id);
    rmdir(identity_folder());
}

/* What TLS is to be makes a connection one for that alone, and each is found again. */
TEST(http_row_23_tls_names_and_certificates_are_told_apart)
{
    SCRIPT(script, {.answer = OK_TEXT(1, "a")});
    struct identity id;
    identity_make(&id, "localhost",
                  &(struct identity_opts){.names = "DNS:one.test,DNS:two.test,IP:127.0.0.1",
                                          .authority = true});
    eddy_auto(eddy_server) *server =
        eddy_server_open(script_handler, .arg = script, .host = "127.0.0.1", .cert = id.file);
    eddy_auto(eddy_http) *http = eddy_http_open();
    const eddy_tls_opts ways[] = {
        {.ca_file = id.file},
        {.ca_file = id.file, .server_name = "one.test"},
        {.ca_file = id.file, .server_name = "two.test"},
        {.ca_file = id.file, .cert = id.file},
        {.ca_file = id.file, .min_version = EDDY_TLS_1_3},
        {.insecure = true},
    };
    enum { WAYS = sizeof ways / sizeof *ways };
    char url[64];

    snprintf(url, sizeof url, "https://127.0.0.1:%d/", eddy_server_port(server));
    for (int i = 0; i < 2 * WAYS; i++) {
        eddy_auto(eddy_response) *response = eddy_http_get(http, url, .tls_opts = &ways[i % WAYS]);
        CHECK(response != NULL);
        CHECK_STR(eddy_response_text(response), "a");
        CHECK_INT(script->connections, i < WAYS ? i + 1 : WAYS);
    }
    identity_free(&id);
    rmdir(identity_folder());
}

/* Nor does a session of TLS that was made without verification stand in for it. */
TEST(http_row_23_what_was_not_verified_is_not_resumed)
{
    SCRIPT(script, {.answer = OK_TEXT(1, "a")});
    struct identity id;
    identity_make(&id, "localhost",
                  &(struct identity_opts){.names = "IP:127.0.0.1", .authority = true});
    eddy_auto(eddy_server) *server =
        eddy_server_open(script_handler, .arg = script, .host = "127.0.0.1", .cert = id.file);
    eddy_auto(eddy_http) *http = eddy_http_open();
    const eddy_tls_opts careless = {.insecure = true};
    char url[64];

    snprintf(url, sizeof url, "https://127.0.0.1:%d/", eddy_server_port(server));
    for (int i = 0; i < 3; i++) {
        eddy_auto(eddy_response) *response = eddy_http_get(http, url, .tls_opts = &careless);
        CHECK(response != NULL);
        CHECK_STR(eddy_response_text(response), "a");
        CHECK_GET_FAILS(http, url, EDDY_ETLS);
    }
    identity_free(&id);
    rmdir(identity_folder());
}

/* ---- names whose address changes ---- */

/* The same port of 127.0.0.1 and 127.0.0.2, and a name that goes from the first to the second. */
struct moving {
    struct dns_server names;
    eddy_server *servers[2];
    char url[64];
};

static void moving_open(struct moving *moving, struct script *one, struct script *two)
{
    dns_server_open(&moving->names);
    CHECK_OK(eddy_loop_set_resolver(eddy_loop_running(), .servers = moving->names.address,
                                    .max_ttl = 0.02));
    moving->servers[0] = eddy_server_open(script_handler, .arg = one, .host = "127.0.0.1");
    CHECK(moving->servers[0] != NULL);
    int port = eddy_server_port(moving->servers[0]);
    moving->servers[1] =
        eddy_server_open(script_handler, .arg = two, .host = "127.0.0.2", .port = port);
    CHECK(moving->servers[1] != NULL);
    snprintf(moving->url, sizeof moving->url, "http://flip1.test:%d/", port);
}

static void moving_close(struct moving *moving)
{
    eddy_server_close(moving->servers[0]);
    eddy_server_close(moving->servers[1]);
    dns_server_close(&moving->names);
}

/* Neither the resolver, whatever the TTL, nor a kept connection stays with an old address. */
TEST_REAL(http_report_4_a_name_that_moves_is_followed)
{
    SCRIPT(one, {.answer = OK_TEXT(3, "one")});
    SCRIPT(two, {.answer = OK_TEXT(3, "two")});
    struct moving moving = {0};

    moving_open(&moving, one, two);
    eddy_auto(eddy_http) *http = eddy_http_open(.max_age = 0.05);
    CHECK_GET(http, moving.url, "200 one");
    CHECK_OK(eddy_sleep(0.06));
    for (int i = 0; i < 10; i++)
        CHECK_GET(http, moving.url, "200 two");
    CHECK_INT(one->connections, 1);
    CHECK_INT(one->requests, 1);
    eddy_http_close(eddy_take(http));
    moving_close(&moving);
}

static int judge_second(const eddy_address *address, const char *host, void *arg)
{
    char text[EDDY_HOST_TEXT];

    CHECK_STR(host, "flip1.test");
    ++*(int *)arg;
    return strcmp(eddy_address_format_host(address, text), "127.0.0.2") == 0 ? EDDY_EACCES : 0;
}

/* The address that was judged is the one that is connected to: a second look-up, which would give
 * another, is for the next connection, and judged again. */
TEST_REAL(http_row_25_a_name_that_is_bound_anew_is_judged_again)
{
    SCRIPT(one, {.answer = OK_TEXT(3, "one")});
    SCRIPT(two, {.answer = OK_TEXT(3, "two")});
    struct moving moving = {0};
    int judged = 0;

    moving_open(&moving, one, two);
    CHECK_OK(eddy_loop_set_resolver(eddy_loop_running(), .servers = moving.names.address,
                                    .max_ttl = -1));
    eddy_auto(eddy_http) *http =
        eddy_http_open(.on_address = judge_second, .connect_arg = &judged, .max_age = 0.03);
    CHECK_GET(http, moving.url, "200 one");
    CHECK_INT(judged, 1);
    CHECK_OK(eddy_sleep(0.04));
    CHECK_GET_FAILS(http, moving.url, EDDY_EACCES);
    CHECK_INT(judged, 2);
    CHECK_INT(one->connections, 1);
    CHECK_INT(two->connections, 0);
    eddy_http_close(eddy_take(http));
    moving_close(&moving);
}

/* ---- a name server that says nothing ---- */

static int ask_silent(eddy_http *http, double timeout)
{
    eddy_auto(eddy_response) *response =
        eddy_try(eddy_http_get(http, "http://silent.test/", .timeout = timeout));

    return eddy_response_status(response);
}
EDDY_CORO(ask_silent, eddy_http *, double)

/* The request ends at its limit, or when it is cancelled, and others go on meanwhile. */
TEST_REAL(http_HC3_a_silent_name_server_holds_nobody_up)
{
    SCRIPT(script, {.answer = OK_TEXT(1, "a")});
    struct dns_server names;
    char url[64];

    dns_server_open(&names);
    CHECK_OK(eddy_loop_set_resolver(eddy_loop_running(), .servers = names.address));
    eddy_auto(eddy_server) *server =
        eddy_server_open(script_handler, .arg = script, .host = "127.0.0.1");
    eddy_auto(eddy_http) *http = eddy_http_open();
    snprintf(url, sizeof url, "http://localhost:%d/", eddy_server_port(server));
    double start = eddy_time();
    eddy_auto(eddy_task) *late = eddy_create_task(ask_silent_coro(http, 0.1));
    eddy_auto(eddy_task) *cancelled = eddy_create_task(ask_silent_coro(http, 10));
    while (names.questions == 0)
        CHECK_OK(eddy_sleep(0.001));
    CHECK_GET(http, url, "200 a");
    eddy_cancel(cancelled);
    CHECK_INT(eddy_await(cancelled), EDDY_ECANCELED);
    CHECK_INT(eddy_await(late), EDDY_ETIMEDOUT);
    /* The name server has 2 s for its first answer. */
    CHECK(eddy_time() - start >= 0.1 && eddy_time() - start < 1.5);
    dns_server_close(&names);
}

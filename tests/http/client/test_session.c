/* Sessions: from a request to its answer, and what can be set. */
#include "http/client/script.h"

static int hello(void)
{
    SCRIPT(server, {.answer = OK_TEXT(5, "hello")});
    eddy_auto(eddy_http) *http =
        eddy_try(eddy_http_open(.base_url = "http://test", .connect = script_connect,
                                .connect_arg = server));
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, "/world"));
    const char *text = eddy_try(eddy_response_text(response));

    CHECK_STR(text, "hello");
    CHECK_INT(eddy_response_status(response), 200);
    CHECK_STR(server->heard[0], "GET /world HTTP/1.1\r\nHost: test\r\nAccept: */*\r\n"
                                "User-Agent: eddy/" EDDY_VERSION
                                "\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\r\n");
    return 0;
}

TEST(http_client_says_hello)
{
    CHECK_INT(hello(), 0);
}

SWEEP(http_client_hello_sweep)
{
    return hello();
}

TORTURE(http_client_hello_torture)
{
    return hello();
}

static int hello_over_tcp(void)
{
    SCRIPT(script, {.answer = OK_TEXT(5, "hello")});
    char url[64];
    eddy_auto(eddy_server) *server =
        eddy_try(eddy_server_open(script_handler, .arg = script, .host = "127.0.0.1"));
    eddy_auto(eddy_http) *http = eddy_try(eddy_http_open());

    snprintf(url, sizeof url, "http://127.0.0.1:%d/", eddy_server_port(server));
    for (int i = 0; i < 3; i++) {
        eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, url));

        CHECK_STR(eddy_try(eddy_response_text(response)), "hello");
        CHECK_STR(eddy_response_url(response), url);
    }
    CHECK_INT(script->connections, 1);
    eddy_http_stats stats = eddy_http_get_stats(http);
    CHECK_INT(stats.requests, 3);
    CHECK_INT(stats.reused, 2);
    CHECK_INT(stats.idle, 1);
    CHECK_INT(stats.busy, 0);
    return 0;
}

TEST(http_client_reuses_a_tcp_connection)
{
    CHECK_INT(hello_over_tcp(), 0);
}

TEST(http_HC5_headers_of_a_session_do_not_frame)
{
    static const char *const names[] = {"Transfer-Encoding", "Content-Length", "Host",
                                        "Connection"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const eddy_pair headers[] = {{names[i], "chunked"}, {NULL, NULL}};
        eddy_auto(eddy_http) *http = eddy_http_open(.headers = headers);

        CHECK_PTR(http, NULL);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    }
}

/* Proxies: which one, and what is said to it. */
#include "http/client/script.h"

TEST(http_proxy_gets_whole_urls)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server, .proxy = "http://Aladdin:open%20sesame@proxy:3128",
                                         .headers = eddy_pairs({"Accept", "*/*"}));

    CHECK_GET(http, "http://one/x?y", "200 a");
    CHECK_GET(http, "http://two:81/", "200 a");
    CHECK_INT(server->connections, 1);
    CHECK_MEM(server->heard[0], "GET http://one/x?y HTTP/1.1\r\nHost: one\r\n", 40);
    CHECK_MEM(server->heard[1], "GET http://two:81/ HTTP/1.1\r\nHost: two:81\r\n", 43);
    CHECK(strstr(server->heard[0], "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n") !=
          NULL);
}

TEST(http_proxy_that_refuses_a_tunnel)
{
    SCRIPT(server, {.answer = "HTTP/1.1 407 Who?\r\nContent-Length: 0\r\n\r\n"});
    eddy_auto(eddy_http) *http = SESSION(server, .proxy = "proxy:3128");

    CHECK_GET_FAILS(http, "https://one/", EDDY_HTTP(407));
    CHECK_MEM(server->heard[0], "CONNECT one:443 HTTP/1.1\r\nHost: one:443\r\n", 41);
}

/* ---- the environment ---- */

static void set_environment(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static bool goes_through_proxy(const char *url)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server, .proxy_from_env = true);

    CHECK_GET(http, url, "200 a");
    return strstr(server->heard[0], "GET http://") != NULL;
}

TEST(http_HC12_row_28_the_environment_by_label_and_not_under_cgi)
{
    set_environment("HTTP_PROXY", "http://proxy:3128");
    CHECK(goes_through_proxy("http://example.org/"));
    set_environment("NO_PROXY", "ample.org, other.org,10.0.0.1,[::1],example.com:81,.dot.org");
    CHECK(goes_through_proxy("http://example.org/"));
    CHECK(goes_through_proxy("http://another.org/"));
    CHECK(!goes_through_proxy("http://other.org/"));
    CHECK(!goes_through_proxy("http://sub.OTHER.org/"));
    CHECK(!goes_through_proxy("http://10.0.0.1/"));
    CHECK(goes_through_proxy("http://110.0.0.1/"));
    CHECK(goes_through_proxy("http://example.com/"));
    CHECK(!goes_through_proxy("http://example.com:81/"));
    CHECK(!goes_through_proxy("http://a.dot.org/"));
    set_environment("NO_PROXY", "*");
    CHECK(!goes_through_proxy("http://example.org/"));
    set_environment("NO_PROXY", NULL);
    set_environment("REQUEST_METHOD", "GET");
    CHECK(!goes_through_proxy("http://example.org/"));
    set_environment("http_proxy", "http://proxy:3128");
    CHECK(goes_through_proxy("http://example.org/"));
}

/* ---- SOCKS5 ---- */

struct socks {
    const char *hello; /* what the proxy answers */
    size_t hello_size;
    const char *answer;
    size_t answer_size;
    char heard[256];
    ssize_t heard_size;
    eddy_stream *end;
};

static int plays_socks(struct socks *socks)
{
    eddy_stream *peer = socks->end;
    char *data;

    eddy_try(eddy_read(peer, socks->heard, 3));
    eddy_try(eddy_write(peer, socks->hello, socks->hello_size));
    socks->heard_size = eddy_try(eddy_read(peer, socks->heard, sizeof socks->heard));
    eddy_try(eddy_write(peer, socks->answer, socks->answer_size));
    eddy_try(eddy_read_until(peer, "\r\n\r\n", &data));
    eddy_try(eddy_printf(peer, OK_TEXT(1, "a")));
    return 0;
}
EDDY_CORO(plays_socks, struct socks *)

static eddy_stream *socks_end(const char *host, int port, void *arg)
{
    CHECK_STR(host, "proxy");
    CHECK_INT(port, 1080);
    return eddy_take(*(eddy_stream **)arg);
}

/* What the session says of http://example.org:81/ by that proxy. */
static int ask_socks(struct socks *socks, const char *url)
{
    eddy_stream *pair[2];
    char text[16];
    CHECK_OK(eddy_stream_pair(pair));
    socks->end = pair[1];
    eddy_auto(eddy_task) *proxy = eddy_create_task(plays_socks_coro(socks));
    eddy_auto(eddy_http) *http =
        eddy_http_open(.proxy = "socks5://proxy", .connect = socks_end, .connect_arg = pair);
    int status = script_get(http, url, text, sizeof text);

    eddy_http_close(eddy_take(http));
    eddy_ignore(eddy_await(proxy));
    eddy_stream_close(pair[1]);
    return status;
}

TEST(http_proxy_by_socks5)
{
    struct socks good = {"\5\0", 2, "\5\0\0\1\0\0\0\0\0\0", 10, "", 0, NULL};
    struct socks numeric = good, refused = good, odd = good;

    refused.answer = "\5\5\0\1\0\0\0\0\0\0";
    odd.hello = "\5\377";
    CHECK_INT(ask_socks(&good, "http://example.org:81/"), 0);
    CHECK_INT(good.heard_size, 18);
    CHECK_MEM(good.heard, "\5\1\0\3\13example.org\0\121", 18);
    CHECK_INT(ask_socks(&numeric, "http://192.0.2.1/"), 0);
    CHECK_MEM(numeric.heard, "\5\1\0\1\300\0\2\1\0\120", 10);
    CHECK_INT(ask_socks(&refused, "http://example.org/"), EDDY_ECONNREFUSED);
    CHECK_INT(ask_socks(&odd, "http://example.org/"), EDDY_ECONNREFUSED);
}

TEST(http_proxy_that_is_none_is_refused_with_the_session)
{
    static const char *const bad[] = {"ftp://proxy", "socks4://proxy", "http://",
                                      "http://a b",  "ws://proxy",     "proxy:99999"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_PTR(eddy_http_open(.proxy = bad[i]), NULL);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    }
    CHECK(strstr(eddy_error_message(eddy_last_error()), "port"));
    eddy_error_clear();
    eddy_auto(eddy_http) *none = eddy_http_open(.proxy = "");
    CHECK(none);
    eddy_auto(eddy_http) *plain = eddy_http_open(.proxy = "proxy:3128");
    CHECK(plain);
}

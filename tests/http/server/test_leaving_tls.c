/* test_leaving_tls.c - clients of HTTP/2 over TLS that leave, or fail, at any moment. */
#include "test.h"

#include "tls/identity.h"
#include <eddy.h>
#include <eddy/http.h>

static struct identity own;

static int pours(eddy_request *request)
{
    static const char much[20000];
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(request, 200));

    for (int i = 0; i < 3; i++)
        eddy_try(eddy_write(out, much, sizeof much));
    return 0;
}

static int asks(void)
{
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());
    eddy_try(eddy_route(router, "/", pours));
    eddy_auto(eddy_http_server) *server =
        eddy_try(eddy_http_server_open(router, .cert = own.file, .drain = -1));
    eddy_auto(eddy_http) *http =
        eddy_try(eddy_http_open(.version = EDDY_HTTP_2, .tls_opts = {.ca_file = own.file}));
    eddy_auto(eddy_response) *response =
        eddy_try(eddy_http_get(http, eddy_http_server_url(server)));
    size_t size;

    eddy_try(eddy_response_bytes(response, &size));
    if (eddy_response_status(response) != 200)
        return EDDY_ENOMEM; /* it was the server that had none */
    CHECK_INT(size, 60000);
    return 0;
}
EDDY_CORO(asks)

static void own_make(void)
{
    identity_make(&own, "localhost",
                  &(struct identity_opts){.names = "IP:127.0.0.1", .authority = true});
}

static void own_free(void)
{
    identity_free(&own);
    rmdir(identity_folder());
}

/* In the handshake, before the answer, in the middle of it, with streams queued. */
TEST_PLAIN(http_row_40_a_client_leaves_anywhere_in_TLS)
{
    own_make();
    sweep_cancellation(asks_coro());
    own_free();
}

static void count_reports(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)loop, (void)report;
    ++*(int *)arg;
}

/* Peers that speak no TLS, or leave in the middle of its first message, cannot fill a log. */
TEST_REAL(http_row_21_peers_without_TLS_are_not_reported)
{
    static const char *const starts[] = {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02",
                                         "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03 abc", ""};
    char scrap[256];
    int reports = 0;

    own_make();
    eddy_loop_set_exception_handler(eddy_loop_running(), count_reports, &reports);
    eddy_auto(eddy_router) *router = eddy_router_open();
    eddy_auto(eddy_http_server) *server = eddy_http_server_open(router, .cert = own.file);
    CHECK(server != NULL);
    for (int i = 0; i < 40; i++) {
        const char *start = starts[i % 4];
        eddy_auto(eddy_stream) *peer =
            eddy_connect("127.0.0.1", .port = eddy_http_server_port(server));

        CHECK(peer != NULL);
        CHECK_OK(eddy_write(peer, start, strlen(start)));
        CHECK_OK(eddy_flush(peer));
        while (i % 8 == 4 && eddy_read(peer, scrap, sizeof scrap) > 0)
            ;
        if (i % 8 < 4)
            eddy_stream_abort(peer);
    }
    CHECK_OK(eddy_sleep(0.05));
    CHECK_INT(reports, 0);
    own_free();
}

TORTURE(http_row_40_a_client_within_TLS_in_trouble)
{
    own_make();
    int status = asks();
    own_free();
    return status;
}

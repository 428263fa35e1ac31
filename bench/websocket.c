/* websocket.c - echoes over WebSocket: `websocket serve` prints its port and echoes until it is
 * killed; `websocket connect URL SIZE COUNT` sends messages of that size one after the other, and
 * says how many came back in a second. bench/peers/websocket.js and .py do the same. */
/* pkg-config: eddy-http */
#include "bench.h"

#include <eddy.h>
#include <eddy/http.h>
#include <string.h>

static int echo(eddy_request *request)
{
    eddy_auto(eddy_websocket) *ws = eddy_try(eddy_websocket_accept(request, .limit = 64 << 20));
    eddy_websocket_message message;

    while (eddy_try(eddy_websocket_receive(ws, &message)) > 0)
        eddy_try(eddy_websocket_send(ws, message.kind, message.data, message.size));
    return 0;
}

static int serve(void)
{
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());

    eddy_try(eddy_route(router, "GET /", echo));
    eddy_auto(eddy_http_server) *server =
        eddy_try(eddy_http_server_open(router, .host = "127.0.0.1"));
    printf("%d\n", eddy_http_server_port(server));
    fflush(stdout);
    return eddy_sleep(INFINITY);
}
EDDY_CORO(serve)

/* Sends count messages and checks what comes back. */
static int converse(eddy_websocket *ws, char *data, size_t size, long count)
{
    eddy_websocket_message answer;

    for (long i = 0; i < count; i++) {
        memset(data, 'a' + (int)(i % 26), size < 8 ? size : 8);
        eddy_try(eddy_websocket_send(ws, EDDY_WEBSOCKET_BINARY, data, size));
        if (eddy_try(eddy_websocket_receive(ws, &answer)) == 0 || answer.size != size ||
            memcmp(answer.data, data, size) != 0)
            return eddy_raise(EDDY_EPROTO, "message %ld came back as another one", i);
    }
    return 0;
}

static int run_client(const char *url, long size, long count)
{
    eddy_auto(eddy_http) *http = eddy_try(eddy_http_open());
    eddy_auto(eddy_websocket) *ws = eddy_try(eddy_websocket_connect(http, url, .limit = 64 << 20));
    char *data = calloc(1, (size_t)size + 1);
    double began = bench_now();
    int status = data ? converse(ws, data, (size_t)size, count) : EDDY_ENOMEM;

    if (status >= 0) {
        bench_report("echoes", (double)count / (bench_now() - began), "1/s");
        bench_report("cpu", bench_cpu() / (double)count * 1e6, "us");
    }
    free(data);
    return status < 0 ? status : eddy_websocket_end(ws, 1000, "bye");
}
EDDY_CORO(run_client, const char *, long, long)

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "connect") == 0)
        return eddy_run(run_client_coro(argv[2], bench_arg(argc, argv, 3, 65536),
                                        bench_arg(argc, argv, 4, 20000))) < 0;
    return eddy_run(serve_coro()) < 0;
}

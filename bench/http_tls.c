/* http_tls.c - a server of HTTP by TLS, HTTP/2 where the client asks for it: a greeting at /.
 *
 * http_tls CERT KEY PORT prints "ready PORT" and serves until it is terminated. */
/* pkg-config: eddy-http */
#include "bench.h"

#include <eddy.h>
#include <eddy/http.h>
#include <math.h>

static int hello(eddy_request *request)
{
    return eddy_respond_text(request, 200, "Hello, world!");
}

static int serve(const char *cert, const char *key, int port)
{
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());

    eddy_try(eddy_route(router, "GET /{$}", hello));
    eddy_auto(eddy_http_server) *server =
        eddy_try(eddy_http_server_open(router, .host = "127.0.0.1", .port = port, .backlog = 1024,
                                       .max_connections = 10000, .cert = cert, .key = key));

    bench_ready(port);
    return eddy_sleep(INFINITY);
}
EDDY_CORO(serve, const char *, const char *, int)

int main(int argc, char **argv)
{
    if (argc != 4)
        return fprintf(stderr, "usage: http_tls CERT KEY PORT\n"), 2;
    return eddy_run(serve_coro(argv[1], argv[2], (int)bench_arg(argc, argv, 3, 0))) < 0;
}

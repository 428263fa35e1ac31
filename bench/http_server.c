/* http_server.c - a server of HTTP: a greeting by a handler at /, a folder of files beside it.
 *
 * http_server FOLDER PORT serves FOLDER/www, prints "ready PORT" and serves until it is
 * terminated. */
/* pkg-config: eddy-http */
#include "bench.h"

#include <eddy.h>
#include <eddy/http.h>
#include <math.h>

static int hello(eddy_request *request)
{
    return eddy_respond_text(request, 200, "Hello, world!");
}

static int serve(const char *folder, int port)
{
    char www[4096];
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());

    snprintf(www, sizeof www, "%s/www", folder);
    eddy_try(eddy_route(router, "GET /{$}", hello));
    eddy_try(eddy_route_files(router, "/", www));
    eddy_auto(eddy_http_server) *server = eddy_try(eddy_http_server_open(
        router, .host = "127.0.0.1", .port = port, .backlog = 1024, .max_connections = 10000));

    bench_ready(port);
    return eddy_sleep(INFINITY);
}
EDDY_CORO(serve, const char *, int)

int main(int argc, char **argv)
{
    if (argc != 3)
        return fprintf(stderr, "usage: http_server FOLDER PORT\n"), 2;
    return eddy_run(serve_coro(argv[1], (int)bench_arg(argc, argv, 2, 0))) < 0;
}

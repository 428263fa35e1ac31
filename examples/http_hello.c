/* http_hello.c - a server and a client of HTTP: http_hello serve 8080, http_hello get URL */
/* pkg-config: eddy-http */
#include <eddy.h>
#include <eddy/http.h>
#include <stdlib.h>

/* ---- the server ---- */

static int hello(eddy_request *request)
{
    return eddy_respond_text(request, 200, "Hello, %s!\n", eddy_request_param(request, "name"));
}

static int serve(int port)
{
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());

    eddy_try(eddy_route(router, "GET /hello/{name}", hello));
    return eddy_http_serve(router, .port = port, .stop_on_signal = true);
}
EDDY_CORO(serve, int)

static int port_of(const char *text)
{
    char *end;
    long port = strtol(text, &end, 10);

    return *text && !*end && port > 0 && port <= 65535 ? (int)port : 0;
}

/* ---- the client ---- */

static int get(const char *url)
{
    eddy_auto(eddy_http) *http = eddy_try(eddy_http_open(.timeout = 10));
    eddy_auto(eddy_response) *response =
        eddy_try(eddy_http_get(http, url, .raise_for_status = true));

    fputs(eddy_try(eddy_response_text(response)), stdout);
    return 0;
}
EDDY_CORO(get, const char *)

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "get") == 0)
        return eddy_run(get_coro(argv[2])) < 0;
    if (argc == 3 && strcmp(argv[1], "serve") == 0 && port_of(argv[2])) {
        printf("try http://127.0.0.1:%s/hello/you\n", argv[2]);
        fflush(stdout);
        return eddy_run(serve_coro(port_of(argv[2]))) < 0;
    }
    fprintf(stderr, "usage: %s serve PORT (1 to 65535) | get URL\n", argv[0]);
    return 2;
}

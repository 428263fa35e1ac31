/* server.c - what clients of others talk to (run): small answers to questions about each part of
 * HTTP. Prints its port, and ends with SIGTERM. `server FOLDER [CERTIFICATE]`: what is below
 * /files/, and the file of a certificate with its key, for TLS. */
/* pkg-config: eddy-http */
#include <eddy.h>
#include <eddy/http.h>
#include <eddy/http/gzip.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { PIECE = 1000, LARGE = 1 << 20, GZIP_LINES = 1000 };

static int hello(eddy_request *request)
{
    return eddy_respond_text(request, 200, "hello\n");
}

static int connection(eddy_request *request)
{
    return eddy_respond_text(request, 200, "%s", eddy_request_peer(request));
}

/* ---- bodies that go ---- */

static void fill(char *data, size_t from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (char)('a' + (from + i) % 26);
}

static int wanted(eddy_request *request, size_t *n)
{
    *n = strtoul(eddy_request_param(request, "n"), NULL, 10);
    return *n <= 16 * LARGE ? 0 : eddy_raise(EDDY_HTTP(400), "so many bytes");
}

static int bytes(eddy_request *request)
{
    size_t n;

    eddy_try(wanted(request, &n));
    char *data = eddy_alloc(n + 1);
    if (!data)
        return eddy_raise(EDDY_ENOMEM, "no memory");
    fill(data, 0, n);
    int status = eddy_respond_bytes(request, 200, data, n);
    eddy_free(data);
    return status;
}

static int chunks(eddy_request *request)
{
    char piece[PIECE];
    size_t n;

    eddy_try(wanted(request, &n));
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(request, 200));
    for (size_t at = 0; at < n; at += PIECE) {
        size_t size = n - at < PIECE ? n - at : PIECE;

        fill(piece, at, size);
        eddy_try(eddy_write(out, piece, size));
    }
    return 0;
}

static int zipped(eddy_request *request)
{
    static char text[GZIP_LINES * 20];
    size_t at = 0;

    for (int i = 0; i < GZIP_LINES; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "line %d\n", i);
    return eddy_respond_bytes(request, 200, text, at, .type = "text/plain");
}

/* ---- bodies that come ---- */

static int echo(eddy_request *request)
{
    const char *type = eddy_request_header(request, "Content-Type");
    size_t size;
    const void *data = eddy_try(eddy_request_bytes(request, &size));

    return eddy_respond_bytes(request, 200, data, size, .type = type);
}

/* Each byte as it comes. */
static int echo_stream(eddy_request *request)
{
    eddy_stream *body = eddy_request_body(request);
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(request, 200));

    eddy_try(eddy_copy(out, body));
    return 0;
}

static int refuse(eddy_request *request)
{
    eddy_request_set_max_body(request, 1000);
    eddy_try(eddy_request_text(request));
    return eddy_respond_text(request, 200, "small\n");
}

static const char *or_none(const char *text)
{
    return text ? text : "-";
}

/* name|filename|type|bytes|their sum, for each part */
static int form(eddy_request *request)
{
    char list[4000] = "", data[4096];
    size_t used = 0;
    eddy_request_part part;

    while (eddy_try(eddy_request_next_part(request, &part)) > 0) {
        uint64_t size = 0, sum = 0;
        ssize_t n;

        while ((n = eddy_try(eddy_read(part.body, data, sizeof data))) > 0) {
            size += (uint64_t)n;
            for (ssize_t i = 0; i < n; i++)
                sum += (unsigned char)data[i];
        }
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s|%s|%s|%" PRIu64 "|%" PRIu64 "\n",
                             part.name, or_none(part.filename), or_none(part.type), size, sum);
        if (used >= sizeof list)
            return eddy_raise(EDDY_HTTP(413), "too many parts");
    }
    return eddy_respond_text(request, 200, "%s", list);
}

/* ---- leading elsewhere, cookies ---- */

static int redirect(eddy_request *request)
{
    long n = strtol(eddy_request_param(request, "n"), NULL, 10);
    char to[40] = "/hello";

    if (n > 1)
        snprintf(to, sizeof to, "/redirect/%ld", n - 1);
    return eddy_respond_redirect(request, 302, to);
}

static int set_cookies(eddy_request *request)
{
    eddy_try(eddy_respond_header(request, "Set-Cookie", "one=1; Path=/"));
    eddy_try(eddy_respond_header(request, "Set-Cookie", "two=\"2\"; Path=/; HttpOnly"));
    return eddy_respond_redirect(request, 303, "/cookies");
}

static int cookies(eddy_request *request)
{
    return eddy_respond_text(request, 200, "%s", or_none(eddy_request_header(request, "Cookie")));
}

/* ---- the server ---- */

static int add_routes(eddy_router *router, const char *folder)
{
    static const struct {
        const char *pattern;
        eddy_http_handler *handler;
    } routes[] = {
        {"GET /hello", hello},
        {"GET /connection", connection},
        {"GET /bytes/{n}", bytes},
        {"GET /chunks/{n}", chunks},
        {"GET /zipped", zipped},
        {"POST /echo", echo},
        {"POST /echo_stream", echo_stream},
        {"POST /refuse", refuse},
        {"POST /form", form},
        {"GET /redirect/{n}", redirect},
        {"GET /set", set_cookies},
        {"GET /cookies", cookies},
    };

    eddy_try(eddy_router_use_gzip(router));
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        eddy_try(eddy_route(router, routes[i].pattern, routes[i].handler));
    return eddy_route_files(router, "/files/", folder);
}

static int serve(const char *folder, const char *cert)
{
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());

    eddy_try(add_routes(router, folder));
    eddy_auto(eddy_http_server) *server = eddy_try(
        eddy_http_server_open(router, .host = "127.0.0.1", .stop_on_signal = true, .cert = cert));
    printf("%d\n", eddy_http_server_port(server));
    fflush(stdout);
    return eddy_http_server_wait(server);
}
EDDY_CORO(serve, const char *, const char *)

int main(int argc, char **argv)
{
    return argc >= 2 ? eddy_run(serve_coro(argv[1], argv[2])) < 0 : 2;
}

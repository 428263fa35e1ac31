/* fuzz_http_h2.c - what a peer of HTTP/2 sends, to a server of it and to a session: requests that
 * reach a handler are such as HTTP/1.1 has, answers that reach the program, too, and each
 * conversation comes to its end. */
/* pkg-config: eddy-http */
#include "fuzz.h"

#include <eddy/http.h>

enum { BODY = 5000 };

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static int write_pieces(eddy_stream *to, const uint8_t *data, size_t size, size_t piece)
{
    int status = 0;

    for (size_t at = 0; at < size && status >= 0; at += piece) {
        size_t n = size - at < piece ? size - at : piece;

        status = (int)eddy_write(to, data + at, n);
        if (status >= 0)
            status = eddy_sleep(0);
    }
    return status < 0 ? status : eddy_write_eof(to);
}
EDDY_CORO(write_pieces, eddy_stream *, const uint8_t *, size_t, size_t)

static int read_off(eddy_stream *from)
{
    char scrap[4096];
    ssize_t n;

    while ((n = eddy_read(from, scrap, sizeof scrap)) > 0)
        continue;
    return 0;
}
EDDY_CORO(read_off, eddy_stream *)

static void check_fields(const eddy_pair *fields)
{
    for (; fields->name; fields++)
        MUST(*fields->name && *fields->name != ':' && !strpbrk(fields->name, "\r\n :ABCXYZ") &&
             !strpbrk(fields->value, "\r\n"));
}

/* ---- a server ---- */

static int answer(eddy_request *request)
{
    const char *target = eddy_request_target(request);
    size_t size;

    MUST(*eddy_request_method(request) && *eddy_request_host(request));
    MUST(*target == '/' || strcmp(target, "*") == 0);
    MUST(!strpbrk(target, "\r\n #") && !strpbrk(eddy_request_host(request), "\r\n /"));
    check_fields(eddy_request_headers(request));
    const void *body = eddy_try(eddy_request_bytes(request, &size));
    MUST(size <= BODY);
    if (eddy_request_trailers(request))
        check_fields(eddy_request_trailers(request));
    return eddy_respond_bytes(request, 200, body, size);
}

static int serve(struct input *in, size_t piece)
{
    eddy_auto(eddy_router) *router = eddy_router_open();
    MUST(router && eddy_route(router, "/", answer) == 0);
    eddy_auto(eddy_http_server) *server =
        eddy_http_server_open(router, .in_memory = true, .max_body = BODY, .max_streams = 5);
    MUST(server != NULL);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);
    MUST(peer && eddy_write(peer, preface, sizeof preface - 1) > 0);
    eddy_auto(eddy_task) *writer =
        eddy_create_task(write_pieces_coro(peer, in->data, in->size, piece));
    MUST(read_off(peer) == 0);
    eddy_ignore(eddy_await(writer));
    return 0;
}
EDDY_CORO(serve, struct input *, size_t)

/* ---- a session ---- */

static eddy_stream *to_peer(const char *host, int port, void *arg)
{
    eddy_stream **end = arg;

    (void)host, (void)port;
    return eddy_take(*end);
}

static int ask(eddy_http *http)
{
    eddy_auto(eddy_response) *response =
        eddy_http_post(http, "/", .text = "abc", .no_retry = true, .max_redirects = -1);
    size_t size;

    if (!response)
        return 0;
    MUST(eddy_response_status(response) >= 200 && eddy_response_status(response) <= 999);
    check_fields(eddy_response_headers(response));
    if (eddy_response_bytes(response, &size))
        check_fields(eddy_response_trailers(response));
    return 0;
}
EDDY_CORO(ask, eddy_http *)

static int ask_thrice(struct input *in, size_t piece)
{
    eddy_stream *pair[2];

    MUST(eddy_stream_pair(pair) == 0);
    eddy_auto(eddy_stream) *peer = pair[1];
    eddy_auto(eddy_http) *http =
        eddy_http_open(.base_url = "http://h", .connect = to_peer, .connect_arg = &pair[0],
                       .version = EDDY_HTTP_2, .timeout = 5);
    MUST(http != NULL);
    eddy_auto(eddy_task) *writer =
        eddy_create_task(write_pieces_coro(peer, in->data, in->size, piece));
    eddy_auto(eddy_task) *reader = eddy_create_task(read_off_coro(peer));
    MUST(eddy_gather(ask_coro(http), ask_coro(http), ask_coro(http)) == 0);
    eddy_http_close(eddy_take(http));
    eddy_ignore(eddy_await(writer));
    eddy_ignore(eddy_await(reader));
    eddy_stream_close(pair[0]);
    return 0;
}
EDDY_CORO(ask_thrice, struct input *, size_t)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    unsigned mode = take_byte(&in);
    size_t piece = mode & 2 ? 1 + (mode >> 2) : 4096;

    MUST(run_in_loop(mode & 1 ? ask_thrice_coro(&in, piece) : serve_coro(&in, piece)) == 0);
    return 0;
}

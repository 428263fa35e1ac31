/* libuv: short connections, an answer that is written at once, then the end. */
#include "bench.h"

#include <uv.h>

struct connection {
    uv_tcp_t tcp;
    char buffer[4096];
};

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct connection *c = (struct connection *)handle;

    (void)suggested;
    *buffer = uv_buf_init(c->buffer, sizeof c->buffer);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    if (n == 0)
        return;
    if (n > 0) {
        uv_buf_t answer = uv_buf_init(buffer->base, (unsigned)n);
        uv_try_write(stream, &answer, 1);
    }
    uv_close((uv_handle_t *)stream, on_closed);
}

static void on_connection(uv_stream_t *server, int status)
{
    struct connection *c = malloc(sizeof *c);

    if (status < 0 || !c)
        abort();
    uv_tcp_init(server->loop, &c->tcp);
    uv_accept(server, (uv_stream_t *)&c->tcp);
    uv_read_start((uv_stream_t *)&c->tcp, on_buffer, on_read);
}

int main(int argc, char **argv)
{
    long port = bench_arg(argc, argv, 1, 7000);
    struct sockaddr_in at;
    uv_tcp_t server;

    uv_ip4_addr("127.0.0.1", (int)port, &at);
    uv_tcp_init(uv_default_loop(), &server);
    uv_tcp_bind(&server, (struct sockaddr *)&at, 0);
    if (uv_listen((uv_stream_t *)&server, 1024, on_connection) < 0)
        return fprintf(stderr, "echo: cannot listen\n"), 1;
    bench_ready(port);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

/* libuv echo server: a buffer for each connection, written at once; what the socket does not take
 * is copied and queued. */
#include "bench.h"

#include <string.h>
#include <uv.h>

struct connection {
    uv_tcp_t tcp;
    char buffer[32768];
};

struct message {
    uv_write_t write;
    char bytes[];
};

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_written(uv_write_t *write, int status)
{
    (void)status;
    free(write);
}

static void queue_rest(uv_stream_t *stream, const char *bytes, size_t size)
{
    struct message *m = malloc(sizeof *m + size);
    uv_buf_t rest = uv_buf_init(memcpy(m->bytes, bytes, size), (unsigned)size);

    uv_write(&m->write, stream, &rest, 1, on_written);
}

static void on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct connection *c = (struct connection *)handle;

    (void)suggested;
    *buffer = uv_buf_init(c->buffer, sizeof c->buffer);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    if (n < 0) {
        uv_close((uv_handle_t *)stream, on_closed);
        return;
    }
    uv_buf_t answer = uv_buf_init(buffer->base, (unsigned)n);
    int written = n > 0 ? uv_try_write(stream, &answer, 1) : 0;
    if (written == UV_EAGAIN)
        written = 0;
    if (written < 0)
        uv_close((uv_handle_t *)stream, on_closed);
    else if (written < n)
        queue_rest(stream, buffer->base + written, (size_t)(n - written));
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

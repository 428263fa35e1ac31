/* libuv: sends back what datagrams it gets, at once. */
#include "bench.h"

#include <uv.h>

static void on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char bytes[2048];

    (void)handle, (void)suggested;
    *buffer = uv_buf_init(bytes, sizeof bytes);
}

static void on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *buffer,
                        const struct sockaddr *sender, unsigned flags)
{
    uv_buf_t answer = uv_buf_init(buffer->base, (unsigned)n);

    (void)flags;
    if (n > 0 && sender)
        uv_udp_try_send(udp, &answer, 1, sender);
}

int main(int argc, char **argv)
{
    long port = bench_arg(argc, argv, 1, 7000);
    struct sockaddr_in at = bench_address(port);
    uv_udp_t udp;

    uv_udp_init(uv_default_loop(), &udp);
    if (uv_udp_bind(&udp, (struct sockaddr *)&at, 0) < 0 ||
        uv_udp_recv_start(&udp, on_buffer, on_datagram) < 0)
        return fprintf(stderr, "udp: cannot bind\n"), 1;
    bench_ready(port);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

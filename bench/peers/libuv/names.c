/* libuv: localhost is looked up, by the C library in a thread. It knows no other DNS servers. */
#include "bench.h"

#include <netdb.h>
#include <uv.h>

static long left;

static void look_up(uv_getaddrinfo_t *request);

static void on_addresses(uv_getaddrinfo_t *request, int status, struct addrinfo *addresses)
{
    if (status < 0)
        abort();
    uv_freeaddrinfo(addresses);
    if (--left > 0)
        look_up(request);
}

static void look_up(uv_getaddrinfo_t *request)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};

    if (uv_getaddrinfo(uv_default_loop(), request, on_addresses, "localhost", NULL, &hints) < 0)
        abort();
}

int main(int argc, char **argv)
{
    long count = left = bench_arg(argc, argv, 2, 20000);
    uv_getaddrinfo_t request;
    double start = bench_now();

    look_up(&request);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    bench_report("names_local", (bench_now() - start) / (double)count * 1e6, "us");
    return 0;
}

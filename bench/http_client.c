/* http_client.c - GETs of a greeting, 100 at once, from a server in another process: by HTTP/1.1,
 * then by HTTP/2 and TLS, where one connection carries all. CPU time of this process.
 *
 * http_client PORT TLS_PORT [COUNT] */
/* pkg-config: eddy-http */
#include "bench.h"

#include <eddy.h>
#include <eddy/http.h>

enum { AT_ONCE = 100 };

static int get(eddy_http *http, const char *url, int version)
{
    eddy_auto(eddy_response) *response =
        eddy_try(eddy_http_get(http, url, .raise_for_status = true));
    size_t size;

    if (eddy_response_version(response) != version)
        return eddy_raise(EDDY_EPROTO, "%s came by another version of HTTP", url);
    eddy_try(eddy_response_bytes(response, &size));
    return size > 0 ? 0 : eddy_raise(EDDY_EPROTO, "%s is empty", url);
}

static int getter(eddy_http *http, const char *url, int version, long *left)
{
    while (*left > 0) {
        --*left;
        eddy_try(get(http, url, version));
    }
    return 0;
}
EDDY_CORO(getter, eddy_http *, const char *, int, long *)

static int measure(const char *url, int version, const char *name, long count)
{
    eddy_auto(eddy_http) *http = eddy_try(eddy_http_open(.tls_opts.insecure = true));
    eddy_coro getters[AT_ONCE];
    double start = bench_now(), cpu = bench_cpu();
    long left = count;

    for (int i = 0; i < AT_ONCE; i++)
        getters[i] = getter_coro(http, url, version, &left);
    eddy_try(eddy_gather_n(getters, AT_ONCE));
    bench_report_gets(name, count, bench_now() - start, bench_cpu() - cpu);
    return 0;
}

static int run(long port, long tls_port, long count)
{
    char url[64];

    snprintf(url, sizeof url, "http://127.0.0.1:%ld/", port);
    eddy_try(measure(url, EDDY_HTTP_1_1, "http_client", count));
    snprintf(url, sizeof url, "https://localhost:%ld/", tls_port);
    return measure(url, EDDY_HTTP_2, "http_client_h2", count);
}
EDDY_CORO(run, long, long, long)

int main(int argc, char **argv)
{
    if (argc < 3)
        return fprintf(stderr, "usage: http_client PORT TLS_PORT [COUNT]\n"), 2;
    return eddy_run(run_coro(bench_arg(argc, argv, 1, 0), bench_arg(argc, argv, 2, 0),
                             bench_arg(argc, argv, 3, 20000))) < 0;
}

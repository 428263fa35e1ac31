/* load_idle.c - what a connection costs a server in memory that waits for its next request.
 *
 * load_idle PORT CONNECTIONS BYTES SECONDS PID, or load_idle_tls for a server by TLS: each
 * connection gets one answer, as of load_http, then all are idle for SECONDS. The first hundred are
 * not counted: they warm the server up. */
#include "load_http.h"

#ifdef LOAD_TLS
#include <openssl/ssl.h>

typedef SSL connection;
static SSL_CTX *context;

static connection *open_connection(void)
{
    if (!context) {
        context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    }
    SSL *ssl = SSL_new(context);

    SSL_set_fd(ssl, load_connect(SOCK_STREAM));
    if (SSL_connect(ssl) != 1)
        bench_die("SSL_connect");
    return ssl;
}

static int write_to(connection *c, const char *data, size_t size)
{
    return SSL_write(c, data, (int)size);
}

static int read_from(connection *c, char *data, size_t size)
{
    return SSL_read(c, data, (int)size);
}
#else
typedef int connection;

static connection *open_connection(void)
{
    static int fds[1 << 16];
    static long opened;

    fds[opened] = load_connect(SOCK_STREAM);
    return &fds[opened++];
}

static int write_to(connection *c, const char *data, size_t size)
{
    return (int)send(*c, data, size, MSG_NOSIGNAL);
}

static int read_from(connection *c, char *data, size_t size)
{
    return (int)recv(*c, data, size, 0);
}
#endif

/* A connection that has had its answer. */
static void use(void)
{
    connection *c = open_connection();
    const char *request = load_http_request(load.size);
    size_t got = 0, length = 0;

    if (write_to(c, request, strlen(request)) <= 0)
        bench_die("write");
    while (length == 0 || got < length) {
        int n = read_from(c, load_answer + got, sizeof load_answer - 1 - got);

        if (n <= 0)
            bench_die("read");
        got += (size_t)n;
        load_answer[got] = '\0';
        length = load_http_length(load_answer, load.size);
    }
}

static double memory_with(long connections, const char *process)
{
    for (long i = 0; i < connections; i++)
        use();
    usleep((useconds_t)(load.seconds * 1e6));
    return bench_memory_of(process);
}

int main(int argc, char **argv)
{
    load_begin(argc, argv);
    load_http_await();
    double before = memory_with(100, argv[5]);
    double after = memory_with(load.connections, argv[5]);
    bench_report("bytes", (after - before) / (double)load.connections, "bytes");
    return 0;
}

/* load_tls.c - the load generator of the TLS question: as load_echo.c, by TLS 1.3 with
 * TLS_AES_128_GCM_SHA256, without verifying anything. */
#include "load.h"

#include <fcntl.h>
#include <openssl/ssl.h>

struct connection {
    SSL *ssl;
    size_t got;
    double sent_at;
};

static SSL_CTX *context;

static void send_request(struct connection *c)
{
    c->got = 0;
    c->sent_at = bench_now();
    for (size_t done = 0; done < load.size;) {
        int n = SSL_write(c->ssl, load_message + done, (int)(load.size - done));
        if (n <= 0)
            bench_die("SSL_write");
        done += (size_t)n;
    }
}

static void receive(void *connection)
{
    struct connection *c = connection;

    do {
        int n = SSL_read(c->ssl, load_answer, (int)(load.size - c->got));
        if (n <= 0 && SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ)
            return;
        if (n <= 0)
            bench_die("SSL_read");
        c->got += (size_t)n;
    } while (c->got < load.size);
    load_answered(c->sent_at);
    send_request(c);
}

static void open_connection(struct connection *c)
{
    int fd = load_connect(SOCK_STREAM);

    c->ssl = SSL_new(context);
    SSL_set_fd(c->ssl, fd);
    if (SSL_connect(c->ssl) != 1)
        bench_die("SSL_connect");
    fcntl(fd, F_SETFL, O_NONBLOCK);
    bench_watch(load.epoll, fd, c);
}

int main(int argc, char **argv)
{
    load_begin(argc, argv);
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set_read_ahead(context, 1);
    struct connection *connections = calloc((size_t)load.connections, sizeof *connections);
    for (long i = 0; i < load.connections; i++)
        open_connection(&connections[i]);
    for (long i = 0; i < load.connections; i++)
        send_request(&connections[i]);
    return load_run(receive);
}

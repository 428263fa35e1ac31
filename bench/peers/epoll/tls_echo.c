/* Plain epoll and OpenSSL: what the kernel and the cipher alone cost. */
#include "bench.h"

#include <fcntl.h>
#include <openssl/ssl.h>

static char buffer[32768];
static SSL_CTX *context;

/* What OpenSSL has read ahead brings no event. Answers fit the socket's buffer. */
static void answer(int epoll, SSL *ssl)
{
    do {
        int n = SSL_read(ssl, buffer, sizeof buffer);

        if (n <= 0 && SSL_get_error(ssl, n) == SSL_ERROR_WANT_READ)
            return;
        if (n <= 0 || SSL_write(ssl, buffer, n) != n) {
            epoll_ctl(epoll, EPOLL_CTL_DEL, SSL_get_fd(ssl), NULL);
            return;
        }
    } while (SSL_has_pending(ssl));
}

static void accept_one(int epoll, int listener)
{
    int fd = accept4(listener, NULL, NULL, 0);
    SSL *ssl = SSL_new(context);

    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) != 1)
        return;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    bench_watch(epoll, fd, ssl);
    if (SSL_has_pending(ssl))
        answer(epoll, ssl);
}

int main(int argc, char **argv)
{
    long port = bench_arg(argc, argv, 3, 7000);
    struct epoll_event events[256];
    int epoll = epoll_create1(0), listener = bench_listen(port);

    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_read_ahead(context, 1);
    if (SSL_CTX_use_certificate_file(context, argv[1], SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1)
        return fprintf(stderr, "tls_echo: no certificate\n"), 1;
    bench_watch(epoll, listener, NULL);
    bench_ready(port);
    for (;;) {
        int n = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                answer(epoll, events[i].data.ptr);
            else
                accept_one(epoll, listener);
        }
    }
}

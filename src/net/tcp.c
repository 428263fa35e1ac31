/* tcp.c - listening sockets: of one address, and of all that a server is to serve. */
#include "net/net.h"

#include <netinet/tcp.h>

enum { PORT_TRIES = 16 };

/* ---- one address ---- */

/* What is accepted inherits TCP_NODELAY. */
static int tcp_prepare(int fd, const eddy_address *a, const eddy_serve_opts *opts)
{
    int status = eddy__socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);

    if (status >= 0)
        status = eddy__socket_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (status >= 0 && opts->reuse_port)
        status = eddy__socket_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (status >= 0 && a->u.any.sa_family == AF_INET6)
        status = eddy__socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (status >= 0)
        status = eddy__socket_bind(fd, a);
    return status < 0 ? status : eddy__socket_listen(fd, opts->backlog ? opts->backlog : 128);
}

int eddy__tcp_listen(const eddy_address *a, const eddy_serve_opts *opts)
{
    int fd = eddy__socket_open(a->u.any.sa_family);
    int status;

    if (fd < 0)
        return fd;
    status = tcp_prepare(fd, a, opts);
    if (status >= 0)
        return fd;
    eddy__socket_close(fd);
    return status;
}

/* ---- all of them ---- */

void eddy__listeners_close(struct eddy__listeners *l)
{
    eddy__unix_remove(&l->file);
    l->file.path[0] = '\0';
    for (int i = 0; i < l->count; i++)
        eddy__socket_close(l->fds[i]);
    l->count = 0;
}

static COLD int tcp_fail(const eddy_address *a, int status)
{
    char text[EDDY_ADDRESS_TEXT];

    return eddy__raise(status, "cannot listen on %s: %s", eddy_address_format(a, text),
                       eddy__words(status).text);
}

/* Where there is no IPv6 its addresses are left out. */
static bool is_without_in6(const eddy_address *a, int status)
{
    return a->u.any.sa_family == AF_INET6 &&
           (status == EDDY_EADDRNOTAVAIL || status == -EAFNOSUPPORT);
}

static int learn_port(struct eddy__listeners *l)
{
    eddy_address a;
    int status = eddy__socket_local(l->fds[0], &a);

    if (status >= 0)
        l->port = eddy_address_port(&a);
    return status;
}

/* Adds one. A port that the system has chosen for the first is that of all. */
static int tcp_add(struct eddy__listeners *l, eddy_address *a, const eddy_serve_opts *opts)
{
    int fd;

    eddy__address_set_port(a, l->port);
    fd = eddy__tcp_listen(a, opts);
    if (fd < 0)
        return fd;
    l->fds[l->count++] = fd;
    return l->port ? 0 : learn_port(l);
}

/* One try; EDDY_EADDRINUSE when the port chosen for the first is taken for another one. */
static int try_all(struct eddy__listeners *l, struct eddy__addresses *addresses,
                   const eddy_serve_opts *opts, eddy_address *culprit)
{
    int status = 0;

    l->count = 0;
    l->port = opts->port;
    for (int i = 0; i < addresses->count; i++) {
        *culprit = addresses->list[i];
        status = tcp_add(l, culprit, opts);
        if (status < 0 && !is_without_in6(culprit, status)) {
            eddy__listeners_close(l);
            return status;
        }
    }
    return l->count ? 0 : status;
}

static int listen_all(struct eddy__listeners *l, struct eddy__addresses *addresses,
                      const eddy_serve_opts *opts)
{
    eddy_address culprit = {0};
    int status = EDDY_EADDRINUSE;

    if (addresses->count > (int)count_of(l->fds))
        return eddy__raise(EDDY_ERANGE, "%s has %d addresses, and a server listens on at most %zu",
                           opts->host, addresses->count, count_of(l->fds));
    for (int i = 0; i < (opts->port ? 1 : PORT_TRIES) && status == EDDY_EADDRINUSE; i++)
        status = try_all(l, addresses, opts, &culprit);
    return status < 0 ? tcp_fail(&culprit, status) : 0;
}

struct eddy__addresses *eddy__names_to_bind(const char *host)
{
    if (!host)
        return eddy__addresses_both("127.0.0.1", "::1");
    if (strcmp(host, "*") == 0)
        return eddy__addresses_both("0.0.0.0", "::");
    return eddy__names_resolve(host);
}

static int listen_unix(struct eddy__listeners *l, const eddy_serve_opts *opts)
{
    eddy_address a;
    int status = eddy_address_of_path(&a, opts->unix_path);

    if (status < 0)
        return status;
    status = eddy__unix_listen(&a, opts->backlog ? opts->backlog : 128, &l->file);
    if (status < 0)
        return tcp_fail(&a, status);
    l->fds[0] = status;
    l->count = 1;
    return 0;
}

int eddy__listeners_open(struct eddy__listeners *l, const eddy_serve_opts *opts)
{
    struct eddy__addresses *addresses;
    int status;

    *l = (struct eddy__listeners){0};
    if (opts->activation && (status = eddy__activation_open(l, opts->activation)) != 0)
        return status < 0 ? status : 0;
    if (opts->unix_path)
        return listen_unix(l, opts);
    addresses = eddy__names_to_bind(opts->host);
    if (!addresses)
        return eddy_status_pointer_(NULL);
    status = listen_all(l, addresses, opts);
    eddy_free(addresses);
    return status;
}

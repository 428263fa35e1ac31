/* connect.c - connecting streams: one address, and the addresses of a name in turn. */
#include "io/io.h"

#include <netinet/tcp.h>

/* ---- one address ---- */

/* A Unix socket whose queue is full says EAGAIN, and no event tells when it has room. */
static int connect_again(int fd, const struct eddy__address *to)
{
    double delay = 0.001;
    int status;

    while ((status = eddy__socket_connect(fd, to)) == -EAGAIN) {
        status = eddy_sleep(delay);
        if (status < 0)
            return status;
        delay = delay < 0.05 ? 2 * delay : delay;
    }
    return status;
}

static int begin_connect(int fd, const struct eddy__address *to, const struct eddy__address *from,
                         bool nodelay)
{
    int status = 0;

    if (nodelay)
        status = eddy__socket_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (status >= 0 && from)
        status = eddy__socket_bind(fd, from);
    return status < 0 ? status : connect_again(fd, to);
}

eddy_stream *eddy__connect_address(const struct eddy__address *to, const struct eddy__address *from,
                                   bool nodelay, const eddy_stream_opts *opts, int *status)
{
    int fd = eddy__socket_open(to->u.any.sa_family);
    eddy_stream *s;

    if (fd < 0) {
        *status = fd;
        return NULL;
    }
    s = eddy__stream_new(&eddy__socket_transport, fd, opts);
    if (!s) {
        eddy__socket_close(fd);
        *status = EDDY_ENOMEM;
        return NULL;
    }
    *status = begin_connect(fd, to, from, nodelay);
    if (*status == -EINPROGRESS)
        *status = eddy__stream_await_connected(s);
    if (*status >= 0)
        return s;
    eddy_stream_abort(s);
    eddy_stream_close(s);
    return NULL;
}

/* ---- the addresses of a name ---- */

/* The address of the own end that fits; NULL when none was asked for. *status: none fits. */
static const struct eddy__address *pick_from(const struct eddy__addresses *from,
                                             const struct eddy__address *to, int *status)
{
    *status = from ? EDDY_EADDRNOTAVAIL : 0;
    for (int i = 0; from && i < from->count; i++) {
        if (from->list[i].u.any.sa_family != to->u.any.sa_family)
            continue;
        *status = 0;
        return &from->list[i];
    }
    return NULL;
}

/* Tries one after the other; the first failure is the one to tell. */
static eddy_stream *connect_in_turn(struct eddy__addresses *to, const struct eddy__addresses *from,
                                    const eddy_connect_opts *opts, int *status)
{
    *status = 0;
    for (int i = 0; i < to->count; i++) {
        int failure;
        const struct eddy__address *own = pick_from(from, &to->list[i], &failure);
        eddy_stream *s = NULL;

        eddy__address_set_port(&to->list[i], opts->port);
        if (failure == 0)
            s = eddy__connect_address(&to->list[i], own, !opts->nodelay_off, &opts->stream,
                                      &failure);
        if (s)
            return s;
        if (*status == 0 || failure == eddy__self()->interrupt)
            *status = failure;
        if (eddy__self()->interrupt)
            break;
    }
    return NULL;
}

static int check(const char *host, const eddy_connect_opts *opts)
{
    if (!host)
        return eddy_raise(EDDY_EINVAL, "eddy_connect needs a host");
    if (opts->port < 1 || opts->port > 65535)
        return eddy_raise(EDDY_EINVAL, "a port to connect to is between 1 and 65535, not %d",
                          opts->port);
    return eddy__stream_check_opts(&opts->stream);
}

static COLD void fail(const char *host, int port, int status)
{
    bool bare6 = strchr(host, ':') && *host != '[';

    if (status == eddy__self()->interrupt)
        eddy__raise_interrupt(status);
    else
        eddy_raise(status, "cannot connect to %s%s%s:%d: %s", bare6 ? "[" : "", host,
                   bare6 ? "]" : "", port, eddy__words(status).text);
}

static eddy_stream *connect_host(const char *host, const eddy_connect_opts *opts,
                                 const struct eddy__addresses *from)
{
    struct eddy__addresses *to = eddy__names_resolve(host);
    int status;

    if (!to)
        return NULL;
    eddy_stream *s = connect_in_turn(to, from, opts, &status);
    eddy__free(to);
    if (!s)
        fail(host, opts->port, status);
    return s;
}

static eddy_stream *with_tls(eddy_stream *s, const char *host, const eddy_connect_opts *opts)
{
    if (!s || !opts->tls || eddy__tls_connect(s, &opts->tls_opts, host) >= 0)
        return s;
    eddy_stream_close(s);
    return NULL;
}

eddy_stream *eddy_connect_with(const char *host, const eddy_connect_opts *opts)
{
    static const eddy_connect_opts defaults;
    struct eddy__addresses *from;

    if (!opts)
        opts = &defaults;
    if (eddy__checkpoint() < 0 || check(host, opts) < 0)
        return NULL;
    if (!opts->local_host)
        return with_tls(connect_host(host, opts, NULL), host, opts);
    from = eddy__names_resolve(opts->local_host);
    if (!from)
        return NULL;
    eddy_stream *s = connect_host(host, opts, from);
    eddy__free(from);
    return with_tls(s, host, opts);
}

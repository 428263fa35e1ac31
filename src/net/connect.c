/* connect.c - connecting streams: to one address, to a host. */
#include "net/net.h"
#include "tls/tls.h"

#include <math.h>
#include <netinet/tcp.h>

/* ---- one address ---- */

/* A Unix socket whose queue is full says EAGAIN, and no event tells when it has room. */
static int connect_again(int fd, const eddy_address *to)
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

static int begin_connect(int fd, const eddy_address *to, const eddy_address *from, bool nodelay)
{
    int status = 0;

    if (nodelay)
        status = eddy__socket_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (status >= 0 && from)
        status = eddy__socket_bind(fd, from);
    return status < 0 ? status : connect_again(fd, to);
}

/* Whether the address that was asked for is the one that was connected to, as it is for others than
 * 0.0.0.0, :: and those with a zone. */
static bool is_exact(const eddy_address *to)
{
    static const struct in6_addr any6 = IN6ADDR_ANY_INIT;

    if (to->u.any.sa_family == AF_INET)
        return to->u.in4.sin_addr.s_addr != htonl(INADDR_ANY);
    return !to->u.in6.sin6_scope_id && memcmp(&to->u.in6.sin6_addr, &any6, sizeof any6) != 0;
}

/* Notes the ends of a new connection while they can be told. 0, or EDDY_ECONNREFUSED, unraised, of
 * one that is its own peer. */
static int learn_ends(eddy_stream *s, const eddy_address *to)
{
    eddy_address local, peer;
    bool knows_local, knows_peer;

    if (to->u.any.sa_family == AF_UNIX)
        return 0;
    knows_local = eddy__socket_local(s->fd.fd, &local) >= 0;
    knows_peer = is_exact(to) || eddy__socket_peer(s->fd.fd, &peer) >= 0;
    if (is_exact(to))
        peer = *to;
    eddy__stream_set_ends(s, knows_local ? &local : NULL, knows_peer ? &peer : NULL);
    return knows_local && knows_peer && eddy_address_equal(&local, &peer) ? EDDY_ECONNREFUSED : 0;
}

eddy_stream *eddy__connect_address(const eddy_address *to, const eddy_address *from, bool nodelay,
                                   const eddy_stream_opts *opts, int *status)
{
    int fd = eddy__socket_open(to->u.any.sa_family);
    eddy_stream *s;

    if (fd < 0) {
        *status = fd;
        return NULL;
    }
    s = eddy__stream_of_family(fd, to->u.any.sa_family, opts);
    if (!s) {
        eddy__socket_close(fd);
        *status = EDDY_ENOMEM;
        return NULL;
    }
    *status = begin_connect(fd, to, from, nodelay);
    if (*status == -EINPROGRESS)
        *status = eddy__stream_await_connected(s);
    if (*status >= 0)
        *status = learn_ends(s, to);
    if (*status >= 0)
        return s;
    s->released = true;
    eddy_stream_abort(s);
    eddy__stream_unref(s);
    return NULL;
}

/* ---- hosts ---- */

static int connect_check(const char *host, const eddy_connect_opts *opts)
{
    if (!host)
        return eddy__raise(EDDY_EINVAL, "eddy_connect needs a host");
    if (opts->port < 1 || opts->port > 65535)
        return eddy__raise(EDDY_EINVAL, "a port to connect to is between 1 and 65535, not %d",
                           opts->port);
    if (!opts->tls && eddy__tls_is_meant(&opts->tls_opts))
        return eddy__raise(EDDY_EINVAL,
                           "with tls_opts .tls = true is expected: nothing goes out in "
                           "the clear by oversight");
    if (opts->tls_opts.server)
        return eddy__raise(EDDY_EINVAL, "eddy_connect is always the client of TLS: .server is for "
                                        "eddy_start_tls");
    if (!(opts->attempt_delay >= 0))
        return eddy__raise(EDDY_EINVAL,
                           "an attempt_delay is at least 0, which is the default, not %g",
                           opts->attempt_delay);
    return eddy__stream_check_opts(&opts->stream);
}

static eddy_stream *connect_host(const char *host, const eddy_connect_opts *opts,
                                 const struct eddy__addresses *from)
{
    struct eddy__addresses *to = eddy__names_resolve(host);

    if (!to)
        return NULL;
    eddy_stream *s = eddy__race(host, to, from, opts);
    eddy_free(to);
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
    if (eddy__checkpoint() < 0 || connect_check(host, opts) < 0)
        return NULL;
    if (!opts->local_host)
        return with_tls(connect_host(host, opts, NULL), host, opts);
    from = eddy__names_resolve(opts->local_host);
    if (!from)
        return NULL;
    eddy_stream *s = connect_host(host, opts, from);
    eddy_free(from);
    return with_tls(s, host, opts);
}

/* datagram_open.c - opening a datagram endpoint: on addresses, or over a socket. */
#include "net/datagram.h"

enum { PORT_TRIES = 16 };

/* ---- one pair of addresses ---- */

static int set_buffers(int fd, const eddy_datagram_opts *opts)
{
    int status = 0;

    if (opts->receive_buffer)
        status = eddy__socket_set(fd, SOL_SOCKET, SO_RCVBUF, opts->receive_buffer);
    if (status >= 0 && opts->send_buffer)
        status = eddy__socket_set(fd, SOL_SOCKET, SO_SNDBUF, opts->send_buffer);
    return status;
}

static int set_options(int fd, int family, const eddy_datagram_opts *opts)
{
    int status = set_buffers(fd, opts);

    if (family == AF_UNIX)
        return status;
    if (status >= 0 && opts->reuse_port)
        status = eddy__socket_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (status >= 0 && opts->broadcast)
        status = eddy__socket_set(fd, SOL_SOCKET, SO_BROADCAST, 1);
    if (status >= 0 && family == AF_INET6)
        status = eddy__socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    return status < 0 ? status : eddy__datagram_set_multicast(fd, family, opts);
}

/* What becomes an endpoint: its addresses, either of which may be missing. */
struct ends {
    const eddy_address *own, *peer;
    struct eddy__unix_file file;
};

static int connect_ends(int fd, struct ends *ends)
{
    int status = 0;

    if (ends->own && ends->own->u.any.sa_family == AF_UNIX)
        status = eddy__unix_bind(fd, ends->own, &ends->file);
    else if (ends->own)
        status = eddy__socket_bind(fd, ends->own);
    if (status >= 0 && ends->peer)
        status = eddy__socket_connect(fd, ends->peer);
    return status;
}

/* Whether the system has chosen the peer's port for the own end, too, which so talks to itself. */
static bool chose_itself(int fd, const struct ends *ends)
{
    return ends->peer && !(ends->own && eddy_address_port(ends->own)) &&
           eddy__socket_meets_itself(fd);
}

/* An endpoint, or NULL and *status, not raised: -EAGAIN when its port is no good. */
static eddy_datagram *try_ends(struct ends *ends, const eddy_datagram_opts *opts, int *status)
{
    int family = (ends->own ? ends->own : ends->peer)->u.any.sa_family;
    int fd = eddy__socket_make(family, SOCK_DGRAM);
    eddy_datagram *d = NULL;
    eddy_address peer;

    if (fd < 0) {
        *status = fd;
        return NULL;
    }
    *status = set_options(fd, family, opts);
    if (*status >= 0)
        *status = connect_ends(fd, ends);
    if (*status >= 0 && chose_itself(fd, ends))
        *status = -EAGAIN;
    if (*status >= 0) {
        d = eddy__datagram_new(
            fd, family, ends->peer && eddy__socket_peer(fd, &peer) >= 0 ? &peer : ends->peer);
        *status = d ? 0 : EDDY_ENOMEM;
    }
    if (d) {
        d->file = ends->file;
        return d;
    }
    eddy__unix_remove(&ends->file);
    eddy__socket_close(fd);
    return NULL;
}

static eddy_datagram *open_ends(struct ends *ends, const eddy_datagram_opts *opts, int *status)
{
    eddy_datagram *d = NULL;

    *status = -EAGAIN;
    for (int i = 0; i < PORT_TRIES && *status == -EAGAIN; i++)
        d = try_ends(ends, opts, status);
    if (*status == -EAGAIN)
        *status = EDDY_EADDRNOTAVAIL;
    return d;
}

/* ---- the addresses of the options ---- */

struct names {
    struct eddy__addresses *own, *peer; /* NULL: none was asked for */
};

static struct eddy__addresses *of_path(const char *path)
{
    struct eddy__addresses *one = eddy_alloc_zero(sizeof *one + sizeof one->list[0]);

    if (!one) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    one->count = 1;
    if (eddy_address_of_path(&one->list[0], path) == 0)
        return one;
    eddy_free(one);
    return NULL;
}

static void set_ports(struct eddy__addresses *addresses, int port)
{
    for (int i = 0; addresses && i < addresses->count; i++)
        eddy__address_set_port(&addresses->list[i], port);
}

/* 0 or a failure, raised. */
static int datagram_open_look_up(struct names *names, const eddy_datagram_opts *opts)
{
    bool is_unix = opts->path || opts->peer_path;
    bool has_peer = opts->peer_host || opts->peer_path;
    bool has_own = is_unix ? opts->path != NULL : opts->host || opts->port || !has_peer;

    if (has_peer) {
        names->peer = is_unix ? of_path(opts->peer_path) : eddy__names_resolve(opts->peer_host);
        if (!names->peer)
            return eddy_status_pointer_(NULL);
    }
    if (has_own) {
        names->own = is_unix ? of_path(opts->path) : eddy__names_to_bind(opts->host);
        if (!names->own)
            return eddy_status_pointer_(NULL);
    }
    set_ports(names->own, opts->port);
    set_ports(names->peer, opts->peer_port);
    return 0;
}

static const eddy_address *at(const struct eddy__addresses *addresses, int i)
{
    return addresses ? &addresses->list[i] : NULL;
}

static bool do_fit(const struct ends *ends)
{
    return !ends->own || !ends->peer || ends->own->u.any.sa_family == ends->peer->u.any.sa_family;
}

static COLD void datagram_open_fail(const struct ends *ends, int status)
{
    char own[EDDY_ADDRESS_TEXT] = "", peer[EDDY_ADDRESS_TEXT] = "";

    if (!ends->own && !ends->peer) {
        eddy__raise(status, "cannot open a datagram endpoint: host and peer_host must both be IPv4 "
                            "or both IPv6");
        return;
    }
    if (ends->own)
        eddy_address_format(ends->own, own);
    if (ends->peer)
        eddy_address_format(ends->peer, peer);
    eddy__raise(status, "cannot open a datagram endpoint%s%s%s%s: %s", ends->own ? " on " : "", own,
                ends->peer ? " to " : "", peer, eddy__words(status).text);
}

/* The first pair that works; the failure of the first pair is the one to tell. */
static eddy_datagram *open_first(const struct names *names, const eddy_datagram_opts *opts)
{
    int owns = names->own ? names->own->count : 1, peers = names->peer ? names->peer->count : 1;
    struct ends failed = {0};
    int failure = EDDY_EADDRNOTAVAIL;

    for (int i = 0; i < peers * owns; i++) {
        struct ends ends = {at(names->own, i % owns), at(names->peer, i / owns), {.path = ""}};
        int status = 0;

        if (!do_fit(&ends))
            continue;
        eddy_datagram *d = open_ends(&ends, opts, &status);
        if (d)
            return d;
        if (!failed.own && !failed.peer) {
            failed = ends;
            failure = status;
        }
    }
    datagram_open_fail(&failed, failure);
    return NULL;
}

static int datagram_open_check(const eddy_datagram_opts *opts)
{
    bool is_unix = opts->path || opts->peer_path;

    if (is_unix && (opts->host || opts->port || opts->peer_host || opts->peer_port))
        return eddy__raise(EDDY_EINVAL, "a datagram endpoint has hosts or paths, not both");
    if (opts->port < 0 || opts->port > 65535)
        return eddy__raise(EDDY_EINVAL, "a port is between 0 and 65535, not %d", opts->port);
    if (opts->peer_host && (opts->peer_port < 1 || opts->peer_port > 65535))
        return eddy__raise(EDDY_EINVAL, "a peer's port is between 1 and 65535, not %d",
                           opts->peer_port);
    if (!opts->peer_host && opts->peer_port)
        return eddy__raise(EDDY_EINVAL, "a peer_port needs a peer_host");
    if (opts->multicast_ttl < 0 || opts->multicast_ttl > 255)
        return eddy__raise(EDDY_EINVAL, "a multicast_ttl is between 1 and 255, not %d",
                           opts->multicast_ttl);
    if (opts->receive_buffer < 0 || opts->send_buffer < 0)
        return eddy__raise(EDDY_EINVAL, "the buffers of a datagram endpoint are not negative");
    return 0;
}

eddy_datagram *eddy_datagram_open_with(const eddy_datagram_opts *opts)
{
    static const eddy_datagram_opts defaults;
    struct names names = {0};
    eddy_datagram *d = NULL;

    if (!opts)
        opts = &defaults;
    if (eddy__checkpoint() < 0 || datagram_open_check(opts) < 0)
        return NULL;
    if (datagram_open_look_up(&names, opts) >= 0)
        d = open_first(&names, opts);
    eddy_free(names.own);
    eddy_free(names.peer);
    return d;
}

/* ---- taking over ---- */

eddy_datagram *eddy_datagram_of_socket(int fd)
{
    int family = eddy__socket_adopt(fd, SOCK_DGRAM, "datagram");
    eddy_address peer;

    if (family < 0)
        return NULL;
    bool connected = eddy__socket_peer(fd, &peer) >= 0;
    eddy_datagram *d = eddy__datagram_new(fd, family, connected ? &peer : NULL);
    if (!d)
        eddy__raise_code(EDDY_ENOMEM);
    return d;
}

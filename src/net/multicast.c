/* multicast.c - multicast groups of a datagram endpoint. */
#include "net/datagram.h"

#include <net/if.h>
#include <stdlib.h>

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29 /* Linux 4.20 */
#endif

/* The number of an interface that is named, or numbered; 0 for NULL, -ENODEV. */
static int multicast_number_of(const char *via)
{
    char *end;
    unsigned long n;

    if (!via)
        return 0;
    n = strtoul(via, &end, 10);
    if (*via < '0' || *via > '9' || *end)
        n = if_nametoindex(via);
    return n && n <= INT32_MAX ? (int)n : -ENODEV;
}

static int set_via(int fd, int family, const char *via)
{
    struct ip_mreqn request = {.imr_ifindex = multicast_number_of(via)};
    int number = request.imr_ifindex;

    if (number < 0)
        return number;
    if (family == AF_INET6)
        return eddy__socket_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, number);
    return eddy__sys(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request));
}

int eddy__datagram_set_multicast(int fd, int family, const eddy_datagram_opts *opts)
{
    bool in6 = family == AF_INET6;
    int level = in6 ? IPPROTO_IPV6 : IPPROTO_IP;
    int status = 0;

    if (opts->multicast_ttl)
        status = eddy__socket_set(fd, level, in6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL,
                                  opts->multicast_ttl);
    if (status >= 0 && opts->multicast_loop_off)
        status = eddy__socket_set(fd, level, in6 ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP, 0);
    if (status >= 0 && opts->multicast_via)
        status = set_via(fd, family, opts->multicast_via);
    return status;
}

/* ---- joining and leaving ---- */

static int request(const eddy_datagram *d, int what, const eddy_address *group, int number)
{
    struct group_req request = {.gr_interface = (uint32_t)number};

    memcpy(&request.gr_group, &group->u, group->size);
    int level = d->family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;

    return eddy__sys(setsockopt(d->fd.fd, level, what, &request, sizeof request));
}

/* The system's default is to hand out what is sent to any group that some socket has joined. */
static int receive_own_only(const eddy_datagram *d)
{
    int status = d->family == AF_INET6
                     ? eddy__socket_set(d->fd.fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0)
                     : eddy__socket_set(d->fd.fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);

    return status == -ENOPROTOOPT ? 0 : status;
}

static int change(eddy_datagram *d, const char *verb, int what, const char *group, const char *via)
{
    eddy_address address = {0};
    int number = multicast_number_of(via), status;

    if (!d || !group || !eddy__address_parse(&address, group, 0))
        return eddy__raise(EDDY_EINVAL, "an endpoint and a group's numeric address are expected");
    if (d->closed)
        return eddy__raise_code(EDDY_ECLOSED);
    status = number < 0                             ? number
             : address.u.any.sa_family != d->family ? -EAFNOSUPPORT
                                                    : receive_own_only(d);
    if (status >= 0)
        status = request(d, what, &address, number);
    if (status >= 0)
        return 0;
    return eddy__raise(status, "cannot %s %s%s%s: %s", verb, group, via ? " on " : "",
                       via ? via : "", eddy__words(status).text);
}

int eddy_datagram_join(eddy_datagram *d, const char *group, const char *via)
{
    return change(d, "join", MCAST_JOIN_GROUP, group, via);
}

int eddy_datagram_leave(eddy_datagram *d, const char *group, const char *via)
{
    return change(d, "leave", MCAST_LEAVE_GROUP, group, via);
}

/* Multicast groups, on the loopback interface; those of IPv6 are interface-local (ff01::/16), which
 * never leave the machine on another one either. */
#include "net/datagrams.h"

#include <net/if.h>

/* ---- an interface that sends to the group: a machine may have no route on lo ---- */

static bool can_send(const char *host, const eddy_address *to, const char *via)
{
    eddy_auto(eddy_datagram) *d = eddy_datagram_open(.host = host, .multicast_via = via);

    return d && eddy_datagram_send_to(d, "x", 1, to) == 1;
}

static void find_via(char via[IF_NAMESIZE], const char *host, const char *group)
{
    struct if_nameindex *all = if_nameindex();
    eddy_address to;
    bool found = false;

    CHECK_INT(eddy_address_parse(&to, group, 9), 0);
    for (int i = 0; all && all[i].if_name && !found; i++) {
        snprintf(via, IF_NAMESIZE, "%s", all[i].if_name);
        found =
            (strcmp(via, "lo") == 0 || to.u.any.sa_family == AF_INET6) && can_send(host, &to, via);
    }
    if_freenameindex(all);
    if (!found)
        SKIP("nothing can be sent to a group here");
}

static eddy_datagram *open_member(const char *host, const char *group, const char *via, int port)
{
    eddy_datagram *d = eddy_datagram_open(.host = host, .port = port, .reuse_port = true);

    CHECK(d != NULL);
    CHECK_INT(eddy_datagram_join(d, group, via), 0);
    return d;
}

static bool is_quiet(eddy_datagram *d)
{
    char buf[64];
    ssize_t n = 0;

    eddy_timeout(0.02)
        n = eddy_datagram_receive(d, buf, sizeof buf, NULL);
    return n == EDDY_ETIMEDOUT;
}

static void check_group(const char *host, const char *group)
{
    char via[IF_NAMESIZE];

    find_via(via, host, group);
    eddy_auto(eddy_datagram) *first = open_member(host, group, via, 0);
    int port = eddy_datagram_port(first);
    eddy_auto(eddy_datagram) *second = open_member(host, group, via, port);
    eddy_auto(eddy_datagram) *sender = eddy_datagram_open(.host = host, .multicast_via = via);
    eddy_address to;

    CHECK_INT(eddy_address_parse(&to, group, port), 0);
    CHECK_INT(eddy_datagram_send_to(sender, "to all", 6, &to), 6);
    expect(first, "to all");
    expect(second, "to all");
    CHECK_INT(eddy_datagram_leave(second, group, via), 0);
    CHECK_INT(eddy_datagram_send_to(sender, "to one", 6, &to), 6);
    expect(first, "to one");
    CHECK(is_quiet(second));
}

TEST(multicast_over_ipv4)
{
    check_group("*", "239.255.77.1");
}

TEST(multicast_over_ipv6)
{
    check_group("::", "ff01::4d:1");
}

/* Linux hands out what is sent to any group that some socket of the machine has joined. */
static void check_others(const char *host, const char *group, const char *other)
{
    char via[IF_NAMESIZE];

    find_via(via, host, group);
    eddy_auto(eddy_datagram) *first = open_member(host, group, via, 0);
    int port = eddy_datagram_port(first);
    eddy_auto(eddy_datagram) *second = open_member(host, other, via, port);
    eddy_auto(eddy_datagram) *sender = eddy_datagram_open(.host = host, .multicast_via = via);
    eddy_address to;

    CHECK_INT(eddy_address_parse(&to, group, port), 0);
    CHECK_INT(eddy_datagram_send_to(sender, "first", 5, &to), 5);
    expect(first, "first");
    CHECK(is_quiet(second));
}

TEST(multicast_of_other_groups_is_not_received_over_ipv4)
{
    check_others("*", "239.255.77.1", "239.255.77.2");
}

TEST(multicast_of_other_groups_is_not_received_over_ipv6)
{
    check_others("::", "ff01::4d:1", "ff01::4d:2");
}

TEST(multicast_failures)
{
    eddy_auto(eddy_datagram) *d = eddy_datagram_open(.host = "*");
    char name[64];

    CHECK_INT(eddy_datagram_join(NULL, "239.255.77.1", NULL), EDDY_EINVAL);
    CHECK_INT(eddy_datagram_join(d, "a name", NULL), EDDY_EINVAL);
    CHECK_INT(eddy_datagram_join(d, NULL, NULL), EDDY_EINVAL);
    CHECK_INT(eddy_datagram_join(d, "ff01::1", NULL), -EAFNOSUPPORT);
    CHECK_INT(eddy_datagram_join(d, "239.255.77.1", "no such interface"), -ENODEV);
    CHECK_STR(last_message(), "cannot join 239.255.77.1 on no such interface: no such device");
    CHECK_INT(eddy_datagram_join(d, "127.0.0.1", "lo"), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "cannot join 127.0.0.1 on lo: ");
    CHECK_INT(eddy_datagram_leave(d, "239.255.77.1", "lo"), EDDY_EADDRNOTAVAIL);
    unix_name(name, "group");
    eddy_auto(eddy_datagram) *local = eddy_datagram_open(.path = name);
    CHECK_INT(eddy_datagram_join(local, "239.255.77.1", NULL), -EAFNOSUPPORT);
}

TORTURE(multicast_torture)
{
    eddy_auto(eddy_datagram) *d =
        eddy_try(eddy_datagram_open(.host = "*", .multicast_via = "1", .multicast_ttl = 1,
                                    .multicast_loop_off = true));
    eddy_try(eddy_datagram_join(d, "239.255.77.1", "1"));
    return eddy_datagram_leave(d, "239.255.77.1", "1");
}

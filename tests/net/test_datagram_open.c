/* Opening datagram endpoints: hosts, paths, options, sockets of others. */
#include "net/datagrams.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

static void check_echo(const char *host)
{
    struct two two = two_open(host);
    char buf[16] = "";
    eddy_address from, own;

    CHECK_INT(eddy_datagram_send(two.client, "hello", 5), 5);
    CHECK_INT(eddy_datagram_receive(two.server, buf, sizeof buf, &from), 5);
    CHECK_STR(buf, "hello");
    CHECK_INT(eddy_datagram_local(two.client, &own), 0);
    CHECK(eddy_address_equal(&from, &own));
    CHECK_INT(eddy_datagram_send_to(two.server, "world", 5, &from), 5);
    expect(two.client, "world");
    CHECK_INT(eddy_datagram_peer(two.client, &from), 0);
    CHECK_INT(eddy_datagram_local(two.server, &own), 0);
    CHECK(eddy_address_equal(&from, &own));
    two_close(&two);
}

TEST(datagram_over_ipv4)
{
    check_echo("127.0.0.1");
}

TEST(datagram_over_ipv6)
{
    check_echo("::1");
}

TEST(datagram_to_a_name)
{
    check_echo("localhost");
}

TEST(datagram_is_bound_to_loopback_unless_told_otherwise)
{
    eddy_auto(eddy_datagram) *d = eddy_datagram_open_with(NULL);
    eddy_auto(eddy_datagram) *open = eddy_datagram_open(.host = "*");
    char text[EDDY_ADDRESS_TEXT];
    eddy_address own;

    CHECK_INT(eddy_datagram_local(d, &own), 0);
    CHECK_INT(strncmp(eddy_address_format(&own, text), "127.0.0.1:", 10), 0);
    CHECK_INT(eddy_datagram_local(open, &own), 0);
    CHECK_INT(strncmp(eddy_address_format(&own, text), "0.0.0.0:", 8), 0);
    CHECK_INT(eddy_datagram_peer(open, &own), EDDY_ENOTCONN);
    CHECK(eddy_datagram_fd(open) >= 0);
    CHECK_INT(eddy_datagram_send_to(open, "x", 1, NULL), -EDESTADDRREQ);
}

/* The own end and the peer are of one family, whichever comes first among a name's addresses. */
TEST(datagram_own_end_and_peer_fit)
{
    eddy_auto(eddy_datagram) *server = eddy_datagram_open(.host = "::1");
    int port = eddy_datagram_port(server);
    eddy_auto(eddy_datagram) *client =
        eddy_datagram_open(.host = "*", .peer_host = "::1", .peer_port = port);

    CHECK(server && client);
    CHECK_INT(eddy_datagram_send(client, "six", 3), 3);
    expect(server, "six");
    CHECK_PTR(eddy_datagram_open(.host = "127.0.0.1", .peer_host = "::1", .peer_port = port), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EADDRNOTAVAIL);
    CHECK_CONTAINS(last_message(), "must both be IPv4 or both IPv6");
}

TEST(datagram_port_in_use)
{
    eddy_auto(eddy_datagram) *first = eddy_datagram_open(.host = "127.0.0.1");
    int port = eddy_datagram_port(first);

    CHECK_PTR(eddy_datagram_open(.host = "127.0.0.1", .port = port), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EADDRINUSE);
    CHECK_CONTAINS(last_message(), "cannot open a datagram endpoint on 127.0.0.1:");
    CHECK_CONTAINS(last_message(), ": address already in use");
}

TEST(datagram_reuse_port_shares_a_port)
{
    eddy_auto(eddy_datagram) *first = eddy_datagram_open(.reuse_port = true);
    int port = eddy_datagram_port(first);
    eddy_auto(eddy_datagram) *second = eddy_datagram_open(.port = port, .reuse_port = true);

    CHECK(first && second);
    CHECK_INT(eddy_datagram_port(second), port);
}

TEST(datagram_options_reach_the_socket)
{
    eddy_auto(eddy_datagram) *d =
        eddy_datagram_open(.broadcast = true, .multicast_ttl = 7, .multicast_loop_off = true,
                           .multicast_via = "lo", .receive_buffer = 20000, .send_buffer = 30000);
    int fd = eddy_datagram_fd(d), value;
    socklen_t size = sizeof value;

    CHECK(d != NULL);
    getsockopt(fd, SOL_SOCKET, SO_BROADCAST, &value, &size);
    CHECK_INT(value, 1);
    getsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &value, &size);
    CHECK_INT(value, 7);
    getsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &value, &size);
    CHECK_INT(value, 0);
    getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, &size);
    CHECK_INT(value, 40000); /* the kernel counts its own overhead, see socket(7) */
    getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, &size);
    CHECK_INT(value, 60000);
}

TEST(datagram_broadcast_has_to_be_asked_for)
{
    eddy_auto(eddy_datagram) *quiet = eddy_datagram_open(.host = "*");
    eddy_auto(eddy_datagram) *loud = eddy_datagram_open(.host = "*", .broadcast = true);
    eddy_auto(eddy_datagram) *receiver = eddy_datagram_open(.host = "*");
    eddy_address all;

    CHECK_INT(eddy_address_parse(&all, "127.255.255.255", eddy_datagram_port(receiver)), 0);
    CHECK_INT(eddy_datagram_send_to(quiet, "x", 1, &all), EDDY_EACCES);
    CHECK_INT(eddy_datagram_send_to(loud, "to all", 6, &all), 6);
    expect(receiver, "to all");
}

static void check_refused(const eddy_datagram_opts *opts, int status, const char *words)
{
    CHECK_PTR(eddy_datagram_open_with(opts), NULL);
    CHECK_INT(eddy_last_status(), status);
    CHECK_CONTAINS(last_message(), words);
}

TEST(datagram_bad_options)
{
    check_refused(&(eddy_datagram_opts){.port = 65536}, EDDY_EINVAL, "not 65536");
    check_refused(&(eddy_datagram_opts){.peer_host = "::1"}, EDDY_EINVAL, "between 1 and 65535");
    check_refused(&(eddy_datagram_opts){.peer_port = 5}, EDDY_EINVAL, "needs a peer_host");
    check_refused(&(eddy_datagram_opts){.path = "/x", .host = "::1"}, EDDY_EINVAL, "not both");
    check_refused(&(eddy_datagram_opts){.peer_path = "/x", .port = 1}, EDDY_EINVAL, "not both");
    check_refused(&(eddy_datagram_opts){.multicast_ttl = 256}, EDDY_EINVAL, "not 256");
    check_refused(&(eddy_datagram_opts){.receive_buffer = -1}, EDDY_EINVAL, "not negative");
    check_refused(&(eddy_datagram_opts){.multicast_via = "no such interface"}, EDDY_ENODEV,
                  "no such device");
    check_refused(&(eddy_datagram_opts){.path = ""}, EDDY_EINVAL, "is empty");
    check_refused(&(eddy_datagram_opts){.peer_path = "/tmp/eddy-nobody"}, EDDY_ENOENT,
                  "cannot open a datagram endpoint to /tmp/eddy-nobody: no such file");
    check_refused(&(eddy_datagram_opts){.host = "192.0.2.1"}, EDDY_EADDRNOTAVAIL,
                  "on 192.0.2.1:0: cannot assign requested address");
}

/* ---- paths ---- */

static char folder[64], path[80];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/eddy-test-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/socket", folder);
}

TEST(datagram_unix_paths)
{
    char client_path[80], text[EDDY_ADDRESS_TEXT], buf[8] = "";
    eddy_address from;

    make_folder();
    snprintf(client_path, sizeof client_path, "%s/client", folder);
    eddy_datagram *server = eddy_datagram_open(.path = path);
    eddy_datagram *client = eddy_datagram_open(.path = client_path, .peer_path = path);
    CHECK(server && client);
    CHECK_INT(eddy_datagram_send(client, "hello", 5), 5);
    CHECK_INT(eddy_datagram_receive(server, buf, sizeof buf, &from), 5);
    CHECK_STR(eddy_address_format(&from, text), client_path);
    CHECK_INT(eddy_datagram_send_to(server, "back", 4, &from), 4);
    expect(client, "back");
    eddy_datagram_close(server);
    CHECK_INT(eddy_datagram_send(client, "x", 1), EDDY_ECONNREFUSED);
    eddy_datagram_close(client);
    CHECK_INT(rmdir(folder), 0); /* both files are gone */
}

TEST(datagram_unix_names)
{
    char name[64], buf[8] = "", text[EDDY_ADDRESS_TEXT];
    eddy_address from, to;

    unix_name(name, "dgram");
    eddy_auto(eddy_datagram) *server = eddy_datagram_open(.path = name);
    eddy_auto(eddy_datagram) *client = eddy_datagram_open(.peer_path = name);
    CHECK(server && client);
    CHECK_INT(eddy_datagram_send(client, "hello", 5), 5);
    CHECK_INT(eddy_datagram_receive(server, buf, sizeof buf, &from), 5);
    CHECK_STR(eddy_address_format(&from, text), "unnamed");
    CHECK_INT(eddy_address_of_path(&to, name), 0);
    CHECK_INT(eddy_datagram_local(server, &from), 0);
    CHECK(eddy_address_equal(&from, &to));
}

TEST(datagram_unix_stale_file_is_replaced)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    make_folder();
    memcpy(a.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    check_refused(&(eddy_datagram_opts){.path = path}, EDDY_EADDRINUSE, "already in use");
    close(fd);
    eddy_datagram *d = eddy_datagram_open(.path = path);
    CHECK(d != NULL);
    eddy_datagram_close(d);
    CHECK_INT(rmdir(folder), 0);
}

/* ---- sockets of others ---- */

TEST(datagram_of_socket_takes_datagram_sockets_only)
{
    int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), pair[2];
    char name[64];

    CHECK_PTR(eddy_datagram_of_socket(-1), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EBADF);
    CHECK_PTR(eddy_datagram_of_socket(stream), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "is not a datagram socket");
    close(stream);
    CHECK_INT(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
    eddy_auto(eddy_datagram) *a = eddy_datagram_of_socket(pair[0]);
    eddy_auto(eddy_datagram) *b = eddy_datagram_of_socket(pair[1]);
    CHECK(a && b && a->peer.size);
    CHECK_INT(eddy_datagram_send(a, "hello", 5), 5);
    expect(b, "hello");
    unix_name(name, "none");
    CHECK_PTR(eddy_datagram_open(.peer_path = name), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ECONNREFUSED);
}

TEST_PLAIN(datagram_of_socket_needs_a_loop)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    CHECK_PTR(eddy_datagram_of_socket(fd), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ELOOP);
    close(fd);
    eddy_error_clear();
}

static int open_by_path(void)
{
    char name[64];

    unix_name(name, "torture");
    eddy_auto(eddy_datagram) *server = eddy_try(eddy_datagram_open(.path = name));
    eddy_auto(eddy_datagram) *client = eddy_try(eddy_datagram_open(.peer_path = name));
    return (int)eddy_try(eddy_datagram_send(client, "x", 1));
}

TORTURE(datagram_open_torture)
{
    return open_by_path();
}

SWEEP(datagram_open_sweep)
{
    eddy_auto(eddy_datagram) *server = eddy_try(eddy_datagram_open(.host = "localhost"));
    eddy_auto(eddy_datagram) *client = eddy_try(
        eddy_datagram_open(.peer_host = "localhost", .peer_port = eddy_datagram_port(server)));
    return (int)eddy_try(eddy_datagram_send(client, "x", 1));
}

/* ---- J17: the peer ---- */

TEST(datagram_J17_unix_peer_that_has_gone_is_known)
{
    char text[EDDY_ADDRESS_TEXT];
    eddy_address peer;
    eddy_datagram *gone = eddy_datagram_open(.path = "@eddy-datagram-gone");
    eddy_auto(eddy_datagram) *d = eddy_datagram_open(.peer_path = "@eddy-datagram-gone");

    CHECK(gone && d);
    eddy_datagram_close(gone);
    CHECK_INT(eddy_datagram_send(d, "x", 1), EDDY_ECONNREFUSED);
    CHECK_INT(eddy_datagram_peer(d, &peer), 0);
    CHECK_STR(eddy_address_format(&peer, text), "@eddy-datagram-gone");
}

static bool write_file(const char *to, const char *text)
{
    FILE *file = fopen(to, "w");
    bool written = file && fputs(text, file) >= 0;

    return file && fclose(file) == 0 && written;
}

/* A network of its own, in which the system gives clients one of two ports. */
static bool have_two_ports(void)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd;

    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return false;
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
    close(fd);
    return up && write_file("/proc/sys/net/ipv4/ip_local_port_range", "40000 40001");
}

/* A client of a service that is not there would get its own requests for answers. */
TEST_REAL(datagram_J17_is_not_its_own_peer)
{
    if (!have_two_ports())
        SKIP("no network of its own");
    for (int i = 0; i < 100; i++) {
        eddy_datagram *d = eddy_datagram_open(.peer_host = "127.0.0.1", .peer_port = 40000);

        if (d)
            CHECK_INT(eddy_datagram_port(d), 40001);
        else
            CHECK_INT(eddy_last_status(), EDDY_EADDRNOTAVAIL);
        eddy_datagram_close(d);
    }
    eddy_auto(eddy_datagram) *on_purpose =
        eddy_datagram_open(.host = "127.0.0.1", .port = 40000, .peer_host = "127.0.0.1",
                           .peer_port = 40000);
    CHECK(on_purpose != NULL);
}

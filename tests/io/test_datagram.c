/* Datagram endpoints: opening, one datagram at a time, waiting, closing. */
#include "peer.h"

#include <eddy/datagram.h>

/* ---- two endpoints ---- */

struct two {
    eddy_datagram *server; /* bound to a free port */
    eddy_datagram *client; /* connected to it */
};

static struct two two_open(const char *host)
{
    struct two two = {.server = eddy_datagram_open(.host = host)};

    CHECK(two.server != NULL);
    two.client = eddy_datagram_open(.peer_host = host, .peer_port = eddy_datagram_port(two.server));
    CHECK(two.client != NULL);
    return two;
}

static void two_close(struct two *two)
{
    eddy_datagram_close(two->server);
    eddy_datagram_close(two->client);
}

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
    CHECK_INT(eddy_datagram_receive(two.client, buf, sizeof buf, NULL), 5);
    CHECK_STR(buf, "world");
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

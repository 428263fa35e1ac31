/* What eddy_getaddrinfo knows without asking anybody: numeric hosts, as addresses. */
#include "net/host_texts.h"
#include "stream/peer.h"

#include <net/if.h>

TEST(getaddrinfo_numeric_at_once)
{
    char addresses[3][EDDY_HOST_TEXT];

    CHECK_INT(host_texts("192.0.2.1", addresses, 3), 1);
    CHECK_STR(addresses[0], "192.0.2.1");
    CHECK_INT(host_texts("[2001:DB8::1]", addresses, 3), 1);
    CHECK_STR(addresses[0], "2001:db8::1");
}

/* They are complete: what connects and sends takes them as they are. */
TEST(getaddrinfo_gives_addresses_with_the_port)
{
    eddy_address addresses[3], expected;
    char text[EDDY_ADDRESS_TEXT];

    CHECK_INT(eddy_getaddrinfo("::1", 8080, addresses, 3), 1);
    CHECK_INT(eddy_address_parse(&expected, "::1", 8080), 0);
    CHECK(eddy_address_equal(&addresses[0], &expected));
    CHECK_INT(eddy_getaddrinfo("localhost", 65535, addresses, 3), 2);
    CHECK_STR(eddy_address_format(&addresses[0], text), "[::1]:65535");
    CHECK_STR(eddy_address_format(&addresses[1], text), "127.0.0.1:65535");
    CHECK_INT(eddy_getaddrinfo("localhost", -1, addresses, 3), EDDY_EINVAL);
    CHECK_INT(eddy_getaddrinfo("localhost", 65536, addresses, 3), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "a port");
}

/* Without its zone a link-local address cannot be reached. */
TEST(getaddrinfo_keeps_the_zone)
{
    char addresses[1][EDDY_HOST_TEXT];
    char expected[64];

    snprintf(expected, sizeof expected, "fe80::1%%%u", if_nametoindex("lo"));
    CHECK_INT(host_texts("fe80::1%lo", addresses, 1), 1);
    CHECK_STR(addresses[0], expected);
    CHECK_INT(host_texts(expected, addresses, 1), 1);
    CHECK_STR(addresses[0], expected);
    CHECK_INT(host_texts("fe80:1111:2222:3333:4444:5555:6666:7777%4294967295", addresses, 1), 1);
    CHECK_STR(addresses[0], "fe80:1111:2222:3333:4444:5555:6666:7777%4294967295");
}

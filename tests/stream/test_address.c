/* Socket addresses from text and to text. */
#include "task/reports.h"
#include "test.h"

#include "stream/stream.h"

static const char *round_trip(const char *host, int port)
{
    static char text[EDDY_ADDRESS_TEXT];
    eddy_address a;

    return eddy__address_parse(&a, host, port) ? eddy_address_format(&a, text) : NULL;
}

TEST_PLAIN(address_numeric_hosts)
{
    CHECK_STR(round_trip("127.0.0.1", 80), "127.0.0.1:80");
    CHECK_STR(round_trip("255.0.10.99", 65535), "255.0.10.99:65535");
    CHECK_STR(round_trip("0.0.0.0", 0), "0.0.0.0:0");
    CHECK_STR(round_trip("::1", 443), "[::1]:443");
    CHECK_STR(round_trip("[::1]", 443), "[::1]:443");
    CHECK_STR(round_trip("2001:db8::8:800:200c:417a", 1), "[2001:db8::8:800:200c:417a]:1");
    CHECK_STR(round_trip("fe80::1%lo", 1), "[fe80::1%1]:1");
    CHECK_STR(round_trip("fe80::1%7", 1), "[fe80::1%7]:1");
}

TEST_PLAIN(address_what_is_no_number_is_a_name)
{
    static const char *const names[] = {
        "",
        "localhost",
        "127.0.0.1 ",
        "127.0.0.256",
        "1.2.3",
        "::g",
        "[127.0.0.1]",
        "[::1",
        "fe80::1%nosuchzone0",
        "fe80::1%4294967297",
        "fe80::1%",
        "[]",
        "[",
        "1:2:3:4:5:6:7:8:9",
        "11111111111111111111111111111111111111111111111111111111111111111111111:1",
    };

    for (size_t i = 0; i < count_of(names); i++)
        CHECK_STR(round_trip(names[i], 1), NULL);
}

TEST_PLAIN(address_ports)
{
    eddy_address a;

    CHECK(eddy__address_parse(&a, "::1", 8080));
    CHECK_INT(eddy_address_port(&a), 8080);
    eddy__address_set_port(&a, 9);
    CHECK_INT(eddy_address_port(&a), 9);
    CHECK_INT(eddy_address_of_path(&a, "/tmp/x"), 0);
    CHECK_INT(eddy_address_port(&a), 0);
}

TEST_PLAIN(address_paths)
{
    char text[EDDY_ADDRESS_TEXT], longest[109];
    eddy_address a;

    memset(longest, 'a', sizeof longest);
    longest[107] = '\0';
    CHECK_INT(eddy_address_of_path(&a, longest), 0);
    CHECK_STR(eddy_address_format(&a, text), longest);
    CHECK_INT(eddy_address_of_path(&a, "@name"), 0);
    CHECK_INT(a.u.local.sun_path[0], '\0');
    CHECK_STR(eddy_address_format(&a, text), "@name");
    a.size = offsetof(struct sockaddr_un, sun_path);
    CHECK_STR(eddy_address_format(&a, text), "unnamed");

    longest[0] = '@';
    longest[107] = 'a';
    longest[108] = '\0';
    CHECK_INT(eddy_address_of_path(&a, longest), 0);
    CHECK_STR(eddy_address_format(&a, text), longest);
}

TEST(address_bad_paths)
{
    char path[200];
    eddy_address a;

    memset(path, 'a', sizeof path);
    path[108] = '\0';
    CHECK_INT(eddy_address_of_path(&a, path), EDDY_ENAMETOOLONG);
    CHECK_CONTAINS(last_message(), "108 bytes, at most 107");
    CHECK_INT(eddy_address_of_path(&a, ""), EDDY_EINVAL);
    CHECK_INT(eddy_address_of_path(&a, "@"), EDDY_EINVAL);
    CHECK_INT(eddy_address_of_path(&a, NULL), EDDY_EINVAL);
}

TEST(address_parse_takes_numbers_only)
{
    char text[EDDY_ADDRESS_TEXT];
    eddy_address a;

    CHECK_INT(eddy_address_parse(&a, "192.0.2.1", 65535), 0);
    CHECK_STR(eddy_address_format(&a, text), "192.0.2.1:65535");
    CHECK_INT(eddy_address_port(&a), 65535);
    CHECK_INT(eddy_address_parse(&a, "[2001:db8::1]", 0), 0);
    CHECK_STR(eddy_address_format(&a, text), "[2001:db8::1]:0");
    CHECK_INT(eddy_address_parse(&a, "localhost", 1), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "localhost is no IPv4 or IPv6 address");
    CHECK_INT(eddy_address_parse(&a, NULL, 1), EDDY_EINVAL);
    CHECK_INT(eddy_address_parse(&a, "::1", 65536), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "not 65536");
    CHECK_INT(eddy_address_parse(&a, "::1", -1), EDDY_EINVAL);
}

static bool are_equal(const char *a, int a_port, const char *b, int b_port)
{
    eddy_address first, second;

    CHECK_INT(*a == '/' || *a == '@' ? eddy_address_of_path(&first, a)
                                     : eddy_address_parse(&first, a, a_port),
              0);
    CHECK_INT(*b == '/' || *b == '@' ? eddy_address_of_path(&second, b)
                                     : eddy_address_parse(&second, b, b_port),
              0);
    return eddy_address_equal(&first, &second);
}

TEST_PLAIN(address_equality)
{
    CHECK(are_equal("127.0.0.1", 1, "127.0.0.1", 1));
    CHECK(!are_equal("127.0.0.1", 1, "127.0.0.1", 2));
    CHECK(!are_equal("127.0.0.1", 1, "127.0.0.2", 1));
    CHECK(are_equal("::1", 1, "[0:0::1]", 1));
    CHECK(!are_equal("::1", 1, "::1", 2));
    CHECK(!are_equal("::1", 1, "::2", 1));
    CHECK(!are_equal("fe80::1%1", 1, "fe80::1%2", 1));
    CHECK(!are_equal("127.0.0.1", 1, "::1", 1));
    CHECK(are_equal("/tmp/x", 0, "/tmp/x", 0));
    CHECK(!are_equal("/tmp/x", 0, "/tmp/xy", 0));
    CHECK(are_equal("@x", 0, "@x", 0));
    CHECK(!are_equal("@x", 0, "@y", 0));
    CHECK(!are_equal("/tmp/x", 0, "127.0.0.1", 0));
}

/* Listening sockets: which addresses, which ports. */
#include "stream/peer.h"

static bool has_in6(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0;

    close(fd);
    return has;
}

static void check_reachable(const char *host, int port)
{
    eddy_auto(eddy_stream) *stream = eddy_connect(host, .port = port);

    CHECK(stream != NULL);
}

TEST(listen_on_both_loopbacks_with_one_port)
{
    eddy_auto(eddy_server) *server = eddy_server_open(echoes);

    CHECK(server != NULL);
    int port = eddy_server_port(server);
    CHECK(port > 0);
    check_reachable("127.0.0.1", port);
    if (has_in6())
        check_reachable("::1", port);
    CHECK_PTR(eddy_connect("127.0.0.2", .port = port), NULL);
}

TEST(listen_on_every_interface)
{
    eddy_auto(eddy_server) *server = eddy_server_open(echoes, .host = "*");

    CHECK(server != NULL);
    check_reachable("127.0.0.5", eddy_server_port(server));
    if (has_in6())
        check_reachable("::1", eddy_server_port(server));
}

TEST(listen_on_a_name)
{
    names_by_getaddrinfo();
    eddy_auto(eddy_server) *server = eddy_server_open(echoes, .host = "in4.test");

    CHECK(server != NULL);
    check_reachable("in4.test", eddy_server_port(server));
    CHECK_PTR(eddy_server_open(echoes, .host = "nobody.test"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENAME);
}

TEST(listen_on_a_port_in_use)
{
    eddy_auto(eddy_server) *server = eddy_server_open(echoes);
    char message[100];
    int port = eddy_server_port(server);

    CHECK_PTR(eddy_server_open(echoes, .port = port), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EADDRINUSE);
    snprintf(message, sizeof message, "cannot listen on 127.0.0.1:%d: address already in use",
             port);
    CHECK_STR(last_message(), message);
}

TEST(listen_with_reuse_port)
{
    eddy_auto(eddy_server) *first = eddy_server_open(echoes, .reuse_port = true);
    eddy_auto(eddy_server) *second =
        eddy_server_open(echoes, .reuse_port = true, .port = eddy_server_port(first));

    CHECK(first && second);
    CHECK_INT(eddy_server_port(first), eddy_server_port(second));
}

TEST(listen_on_an_address_of_another_machine)
{
    CHECK_PTR(eddy_server_open(echoes, .host = "192.0.2.1"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EADDRNOTAVAIL);
    CHECK_PTR(eddy_server_open(echoes, .host = "2001:db8::1"), NULL);
    CHECK(eddy_last_status() < 0);
}

/* Addresses that are left out in silence would be missed when it is too late. */
TEST(listen_on_a_name_with_many_addresses)
{
    names_by_getaddrinfo();
    CHECK_PTR(eddy_server_open(echoes, .host = "many17.test"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ERANGE);
    CHECK_STR(last_message(), "many17.test has 17 addresses, and a server listens on at most 16");
}

TEST(listen_bad_arguments)
{
    static const eddy_serve_opts bad[] = {
        {.port = -1},   {.port = 65536}, {.backlog = -1},
        {.drain = NAN}, {.host = ""},    {.stream = {.high_water = 1, .low_water = 2}},
    };

    for (size_t i = 0; i < count_of(bad); i++) {
        CHECK_PTR(eddy_server_open_with(echoes, &bad[i]), NULL);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    }
    CHECK_PTR(eddy_server_open(NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_INT(eddy_serve(NULL), EDDY_EINVAL);
}

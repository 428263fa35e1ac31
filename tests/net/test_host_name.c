/* What can be no host's name is refused before anybody is asked (J6). */
#include "net/dns_server.h"
#include "stream/peer.h"

static struct dns_server server;

static void open_server(void)
{
    dns_server_open(&server);
    CHECK_INT(eddy_loop_set_resolver(eddy_loop_running(), .servers = server.address), 0);
}

static int look_up(const char *host)
{
    eddy_address addresses[4];

    return eddy_getaddrinfo(host, 0, addresses, 4);
}

/* J6: neither the name server nor the cache is asked. */
TEST(host_name_J6_what_can_be_no_name_is_refused)
{
    static const struct {
        const char *host, *why;
    } bad[] = {
        {"a b.test", "byte 2 of a host's name is a blank (0x20)"},
        {" in4.test", "byte 1 of a host's name is a blank"},
        {"in4.test ", "byte 9 of a host's name is a blank"},
        {"127.0.0.1 ", "byte 10 of a host's name is a blank"},
        {"in4.test\n", "byte 9 of a host's name is a control character (0x0a)"},
        {"in4\t.test", "byte 4 of a host's name is a control character (0x09)"},
        {"in4\x7f.test", "byte 4 of a host's name is a control character (0x7f)"},
        {"in4\\000.test", "byte 4 of a host's name is a backslash"},
        {"b\xc3\xbc.test", "byte 2 of a host's name is no ASCII (0xc3)"},
        {"a b.localhost", "byte 2 of a host's name is a blank"},
        {".", "a label of a host's name is empty, at byte 1"},
        {"..", "a label of a host's name is empty, at byte 1"},
        {".in4.test", "a label of a host's name is empty, at byte 1"},
        {"a..test", "a label of a host's name is empty, at byte 3"},
        {"in4.test..", "a label of a host's name is empty, at byte 10"},
    };

    open_server();
    for (size_t i = 0; i < count_of(bad); i++) {
        CHECK_INT(look_up(bad[i].host), EDDY_EINVAL);
        CHECK_CONTAINS(last_message(), bad[i].why);
        CHECK_PTR(eddy_connect(bad[i].host, .port = 80), NULL);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    }
    CHECK_INT(server.questions, 0);
    dns_server_close(&server);
}

/* Labels of 63 bytes and names of 253 are the longest, a final dot besides. */
TEST(host_name_J6_the_longest_names)
{
    char host[260], label[65];

    open_server();
    memset(label, 'a', sizeof label);
    snprintf(host, sizeof host, "%.63s.test", label);
    CHECK_INT(look_up(host), EDDY_ENAME);
    snprintf(host, sizeof host, "%.64s.test", label);
    CHECK_INT(look_up(host), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "a label of a host's name has at most 63 bytes, not 64");
    snprintf(host, sizeof host, "test.%.64s", label);
    CHECK_INT(look_up(host), EDDY_EINVAL);
    snprintf(host, sizeof host, "%.63s.%.63s.%.63s.%.61s", label, label, label, label);
    CHECK_INT(look_up(host), EDDY_ENAME);
    snprintf(host, sizeof host, "%.63s.%.63s.%.63s.%.61s.", label, label, label, label);
    CHECK_INT(look_up(host), EDDY_ENAME);
    snprintf(host, sizeof host, "%.63s.%.63s.%.63s.%.62s", label, label, label, label);
    CHECK_INT(look_up(host), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "at most 253 bytes, this one 254");
    CHECK_INT(look_up("in4.test."), 1);
    CHECK_INT(look_up("_x-1.in4.test"), EDDY_ENAME);
    dns_server_close(&server);
}

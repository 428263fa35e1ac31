/* Looking names up by DNS: good answers, bad ones and none. */
#include "net/dns_server.h"
#include "net/host_texts.h"
#include "stream/peer.h"

#include <fcntl.h>

static struct dns_server server;

static void open_server(void)
{
    dns_server_open(&server);
    CHECK_INT(eddy_loop_set_resolver(eddy_loop_running(), .servers = server.address), 0);
}

/* For answers that do not come. */
static void open_server_impatiently(int attempts)
{
    dns_server_open(&server);
    CHECK_INT(eddy_loop_set_resolver(eddy_loop_running(), .servers = server.address,
                                     .timeout = test_is_watched() ? 0.3 : 0.05,
                                     .attempts = attempts),
              0);
}

static void check_no(const char *host, const char *reason)
{
    char addresses[1][EDDY_HOST_TEXT];
    char message[200];

    CHECK_INT(host_texts(host, addresses, 1), EDDY_ENAME);
    snprintf(message, sizeof message, "cannot look up %s: %s", host, reason);
    CHECK_STR(last_message(), message);
}

TEST(dns_answers)
{
    char addresses[3][EDDY_HOST_TEXT];

    open_server();
    CHECK_INT(host_texts("both.test", addresses, 3), 2);
    CHECK_STR(addresses[0], "::1");
    CHECK_STR(addresses[1], "127.0.0.1");
    CHECK_INT(host_texts("both.test", addresses, 1), 1);
    CHECK_INT(host_texts("both.test", NULL, 0), 0);
    CHECK_INT(host_texts("in6.test", addresses, 3), 1);
    CHECK_STR(addresses[0], "::1");
    CHECK_INT(host_texts("alias.test", addresses, 3), 1);
    CHECK_STR(addresses[0], "127.0.0.1");
    dns_server_close(&server);
}

TEST(dns_failures)
{
    open_server_impatiently(2);
    check_no("nobody.test", "there is no such name");
    check_no("empty.test", "the name has no address");
    check_no("silent.test", "no DNS server answered in time");
    check_no("broken.test", "no DNS server can be reached or knows an answer");
    dns_server_close(&server);
}

/* What is no answer to the question is as good as none. */
TEST(dns_garbage)
{
    char addresses[1][EDDY_HOST_TEXT];
    static const char *const hosts[] = {"garbage.test", "wrongid.test", "short.test",
                                        "circle.test"};

    open_server_impatiently(2);
    for (size_t i = 0; i < count_of(hosts); i++) {
        CHECK_INT(host_texts(hosts[i], addresses, 1), EDDY_ENAME);
        CHECK_INT(host_texts("in4.test", addresses, 1), 1);
    }
    dns_server_close(&server);
}

static int looks_up(const char *host, int *status)
{
    char addresses[4][EDDY_HOST_TEXT];

    *status = host_texts(host, addresses, 4);
    return 0;
}
EDDY_CORO(looks_up, const char *, int *)

/* Answers with some bytes changed or cut off: whatever is made of them, the look-up ends. */
TEST_REAL(dns_mangled_answers)
{
    enum { MANY = 400 };
    static char hosts[MANY][24];
    static int status[MANY];
    static eddy_task *tasks[MANY];

    open_server_impatiently(2);
    for (int i = 0; i < MANY; i++) {
        snprintf(hosts[i], sizeof hosts[i], "mangled%d.test", i + 1);
        tasks[i] = eddy_create_task(looks_up_coro(hosts[i], &status[i]));
    }
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(eddy_await(tasks[i]), 0);
        CHECK(status[i] > 0 || status[i] == EDDY_ENAME);
        eddy_task_close(tasks[i]);
    }
    dns_server_close(&server);
}

TEST(dns_too_much_for_udp_comes_by_tcp)
{
    char addresses[100][EDDY_HOST_TEXT];

    open_server();
    CHECK_INT(host_texts("big.test", addresses, 100), 100);
    for (int i = 0; i < 100; i++)
        CHECK(strncmp(addresses[i], "127.0.1.", 8) == 0);
    dns_server_close(&server);
}

/* J6: as many as a DNS message holds, and none of them twice. */
TEST(dns_J6_all_addresses_of_a_name_are_known)
{
    enum { MOST = 4092 };
    static char addresses[MOST + 1][EDDY_HOST_TEXT];
    static bool seen[MOST + 1];

    open_server();
    CHECK_INT(host_texts("big250.test", addresses, MOST + 1), 250);
    CHECK_INT(host_texts("big4092.test", addresses, MOST + 1), MOST);
    for (int i = 0; i < MOST; i++) {
        int high, low;

        CHECK_INT(sscanf(addresses[i], "127.0.%d.%d", &high, &low), 2);
        int number = (high - 1) * 256 + low;
        CHECK(number >= 1 && number <= MOST && !seen[number]);
        seen[number] = true;
    }
    dns_server_close(&server);
}

TEST(dns_asks_again)
{
    char addresses[1][EDDY_HOST_TEXT];

    open_server_impatiently(5);
    CHECK_INT(host_texts("lost3.test", addresses, 1), 1);
    CHECK(server.questions >= 3);
    dns_server_close(&server);
}

TEST(dns_nobody_listens)
{
    char addresses[1][EDDY_HOST_TEXT];

    open_server_impatiently(2);
    dns_server_close(&server);
    CHECK_INT(host_texts("in4.test", addresses, 1), EDDY_ENAME);
    CHECK_CONTAINS(last_message(), "cannot look up in4.test: no DNS server ");
}

TEST(dns_hosts_file_comes_first)
{
    char addresses[2][EDDY_HOST_TEXT];
    char path[] = "/tmp/eddy-hosts-XXXXXX";
    static const char text[] = "127.0.0.9 in4.test\n::9 in4.test\n127.0.0.8 other\n";
    int fd = mkostemp(path, O_CLOEXEC);

    CHECK_INT(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    setenv("CARES_HOSTS", path, 1);
    open_server();
    CHECK_INT(host_texts("in4.test", addresses, 2), 2);
    CHECK(strcmp(addresses[0], "127.0.0.9") == 0 || strcmp(addresses[1], "127.0.0.9") == 0);
    CHECK_INT(host_texts("OTHER", addresses, 2), 1);
    CHECK_STR(addresses[0], "127.0.0.8");
    CHECK_INT(server.questions, 0);
    unlink(path); /* a change counts at once */
    CHECK_INT(host_texts("in4.test", addresses, 2), 1);
    CHECK_STR(addresses[0], "127.0.0.1");
    dns_server_close(&server);
}

static int count_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* Between look-ups there is no socket: a loop with nothing to do is seen to have none. */
TEST_REAL(dns_keeps_no_socket)
{
    char addresses[1][EDDY_HOST_TEXT];

    open_server();
    int before = count_descriptors();
    CHECK_INT(host_texts("in4.test", addresses, 1), 1);
    CHECK_INT(count_descriptors(), before);
    CHECK_INT(eddy_loop_running()->io_waits, 0);
    dns_server_close(&server);
}

/* With a stack too small for the resolver's work. */
TEST(dns_from_a_packed_stack)
{
    int status = 0;

    open_server();
    eddy_auto(eddy_task) *task =
        eddy_create_task(looks_up_coro("in4.test", &status), .packed = true, .stack_size = 4096);
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(status, 1);
    dns_server_close(&server);
}

/* ---- settings of the system ---- */

static void write_settings(const char *path, const char *text)
{
    char other[64];

    snprintf(other, sizeof other, "%s.new", path);
    int fd = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    CHECK_INT(rename(other, path), 0);
}

TEST(dns_settings_that_change)
{
    char addresses[1][EDDY_HOST_TEXT];
    char path[] = "/tmp/eddy-resolv-XXXXXX";

    close(mkostemp(path, O_CLOEXEC));
    dns_server_open(&server);
    write_settings(path, "search nowhere.test\n");
    CHECK_INT(eddy_loop_set_resolver(eddy_loop_running(), .servers = server.address,
                                     .resolv_conf = path, .max_ttl = -1),
              0);
    CHECK_INT(host_texts("in4", addresses, 1), 1); /* in4.nowhere.test */
    write_settings(path, "search .\noptions ndots:0\n");
    int before = server.questions;
    CHECK_INT(host_texts("in4", addresses, 1), 1);
    CHECK_INT(server.questions, before + 2);
    write_settings(path, "nameserver 192.0.2.1\nsearch a.test b.test\n");
    before = server.questions;
    check_no("nobody", "there is no such name");
    CHECK_INT(server.questions, before + 6);
    unlink(path);
    check_no("nobody", "there is no such name");
    dns_server_close(&server);
}

/* It is not kept, although the same answer of DNS would be. */
TEST(dns_J13_hosts_file_counts_as_it_is_at_the_moment)
{
    char addresses[1][EDDY_HOST_TEXT];
    char path[] = "/tmp/eddy-hosts-XXXXXX";

    close(mkostemp(path, O_CLOEXEC));
    setenv("CARES_HOSTS", path, 1);
    open_server();
    write_settings(path, "192.0.2.7 ttl10.test\n");
    CHECK_INT(host_texts("ttl10.test", addresses, 1), 1);
    CHECK_STR(addresses[0], "192.0.2.7");
    write_settings(path, "192.0.2.8 ttl10.test\n");
    CHECK_INT(host_texts("ttl10.test", addresses, 1), 1);
    CHECK_STR(addresses[0], "192.0.2.8");
    CHECK_INT(server.questions, 0);
    write_settings(path, "");
    CHECK_INT(host_texts("ttl10.test", addresses, 1), 1);
    CHECK(strcmp(addresses[0], "192.0.2.8") != 0);
    CHECK(server.questions > 0);
    unlink(path);
    dns_server_close(&server);
}

/* ---- getnameinfo ---- */

TEST(getnameinfo_of_an_address)
{
    eddy_address address;
    char name[EDDY_HOST_NAME] = "";

    open_server();
    CHECK_INT(eddy_address_parse(&address, "192.0.2.9", 80), 0);
    CHECK_INT(eddy_getnameinfo(&address, name), 0);
    CHECK_STR(name, "in4.test");
    CHECK_INT(server.questions, 1);
    CHECK_INT(eddy_address_parse(&address, "192.0.2.77", 0), 0);
    CHECK_INT(eddy_getnameinfo(&address, name), EDDY_ENAME);
    CHECK_STR(last_message(), "cannot look up 192.0.2.77: the address has no name");
    CHECK_INT(eddy_address_parse(&address, "2001:db8::1", 0), 0);
    CHECK_INT(eddy_getnameinfo(&address, name), EDDY_ENAME);
    CHECK_INT(eddy_address_of_path(&address, "/tmp/x"), 0);
    CHECK_INT(eddy_getnameinfo(&address, name), EDDY_EINVAL);
    CHECK_INT(eddy_getnameinfo(NULL, name), EDDY_EINVAL);
    dns_server_close(&server);
}

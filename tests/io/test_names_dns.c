/* Looking names up by DNS: good answers, bad ones and none. */
#include "dns_server.h"
#include "peer.h"

#include <fcntl.h>

static struct dns_server server;

static void open_server(void)
{
    dns_server_open(&server);
    CHECK_INT(eddy_loop_set_resolver(eddy_loop_running(), .servers = server.address,
                                     .timeout = 0.05, .attempts = 2),
              0);
}

static void check_no(const char *host, const char *reason)
{
    eddy_host_text addresses[1];
    char message[200];

    CHECK_INT(eddy_getaddrinfo(host, addresses, 1), EDDY_ENAME);
    snprintf(message, sizeof message, "cannot look up %s: %s", host, reason);
    CHECK_STR(last_message(), message);
}

TEST(dns_answers)
{
    eddy_host_text addresses[3];

    open_server();
    CHECK_INT(eddy_getaddrinfo("both.test", addresses, 3), 2);
    CHECK_STR(addresses[0], "::1");
    CHECK_STR(addresses[1], "127.0.0.1");
    CHECK_INT(eddy_getaddrinfo("both.test", addresses, 1), 1);
    CHECK_INT(eddy_getaddrinfo("both.test", NULL, 0), 0);
    CHECK_INT(eddy_getaddrinfo("in6.test", addresses, 3), 1);
    CHECK_STR(addresses[0], "::1");
    CHECK_INT(eddy_getaddrinfo("alias.test", addresses, 3), 1);
    CHECK_STR(addresses[0], "127.0.0.1");
    dns_server_close(&server);
}

TEST(dns_failures)
{
    open_server();
    check_no("nobody.test", "there is no such name");
    check_no("empty.test", "the name has no address");
    check_no("silent.test", "no DNS server answered in time");
    check_no("broken.test", "no DNS server can be reached or knows an answer");
    check_no("a..test", "this cannot be a host's name");
    dns_server_close(&server);
}

/* What is no answer to the question is as good as none. */
TEST(dns_garbage)
{
    eddy_host_text addresses[1];
    static const char *const hosts[] = {"garbage.test", "wrongid.test", "short.test",
                                        "circle.test"};

    open_server();
    for (size_t i = 0; i < count_of(hosts); i++) {
        CHECK_INT(eddy_getaddrinfo(hosts[i], addresses, 1), EDDY_ENAME);
        CHECK_INT(eddy_getaddrinfo("in4.test", addresses, 1), 1);
    }
    dns_server_close(&server);
}

TEST(dns_too_much_for_udp_comes_by_tcp)
{
    eddy_host_text addresses[100];

    open_server();
    CHECK_INT(eddy_getaddrinfo("big.test", addresses, 100), 64);
    for (int i = 0; i < 64; i++)
        CHECK(strncmp(addresses[i], "127.0.1.", 8) == 0);
    dns_server_close(&server);
}

TEST(dns_asks_again)
{
    eddy_host_text addresses[1];

    open_server();
    CHECK_INT(eddy_getaddrinfo("lost3.test", addresses, 1), 1);
    CHECK(server.questions >= 3);
    dns_server_close(&server);
}

TEST(dns_nobody_listens)
{
    open_server();
    dns_server_close(&server);
    check_no("in4.test", "no DNS server can be reached or knows an answer");
}

TEST(dns_hosts_file_comes_first)
{
    eddy_host_text addresses[2];
    char path[] = "/tmp/eddy-hosts-XXXXXX";
    static const char text[] = "127.0.0.9 in4.test other\n::9 in4.test\n";
    int fd = mkostemp(path, O_CLOEXEC);

    CHECK_INT(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    setenv("CARES_HOSTS", path, 1);
    open_server();
    CHECK_INT(eddy_getaddrinfo("in4.test", addresses, 2), 2);
    CHECK(strcmp(addresses[0], "127.0.0.9") == 0 || strcmp(addresses[1], "127.0.0.9") == 0);
    CHECK_INT(eddy_getaddrinfo("OTHER", addresses, 2), 1);
    CHECK_STR(addresses[0], "127.0.0.9");
    CHECK_INT(server.questions, 0);
    unlink(path); /* a change counts at once */
    CHECK_INT(eddy_getaddrinfo("in4.test", addresses, 2), 1);
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
    eddy_host_text addresses[1];

    open_server();
    int before = count_descriptors();
    CHECK_INT(eddy_getaddrinfo("in4.test", addresses, 1), 1);
    CHECK_INT(count_descriptors(), before);
    CHECK_INT(eddy_loop_running()->io_waits, 0);
    dns_server_close(&server);
}

/* With a stack too small for the resolver's work. */
static int looks_up(int *status)
{
    eddy_host_text addresses[1];

    *status = eddy_getaddrinfo("in4.test", addresses, 1);
    return 0;
}
EDDY_CORO(looks_up, int *)

TEST(dns_from_a_packed_stack)
{
    int status = 0;

    open_server();
    eddy_auto(eddy_task) *task =
        eddy_create_task(looks_up_coro(&status), .packed = true, .stack_size = 4096);
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(status, 1);
    dns_server_close(&server);
}

/* Listening sockets that were handed over (J9). */
#include "server/servers.h"

#include <netinet/tcp.h>

extern int eddy__activation_first;

static struct reports reports;

/* Where they are handed over: the loop of the test has the descriptors from 3 on. */
enum { FIRST = 200 };

/* Puts fd where it is handed over as the n-th. */
static void hand_over(int fd, int n)
{
    CHECK_INT(dup2(fd, FIRST + n), FIRST + n);
    close(fd);
}

static void say(const char *fds, const char *names)
{
    char pid[16];

    eddy__activation_first = FIRST;
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", fds, 1);
    if (names)
        setenv("LISTEN_FDNAMES", names, 1);
}

static int tcp_listener(void)
{
    struct sockaddr_in address;

    return raw_listener(&address, 8);
}

static int unix_listener(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s-%d", name, (int)getpid());
    CHECK_INT(bind(fd, (struct sockaddr *)&address,
                   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                               strlen(address.sun_path + 1))),
              0);
    CHECK_INT(listen(fd, 8), 0);
    return fd;
}

static eddy_stream *connect_to_unix(const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "@%s-%d", name, (int)getpid());
    eddy_stream *stream = eddy_connect_unix(path);
    CHECK(stream != NULL);
    return stream;
}

static void close_handed(int n)
{
    for (int i = 0; i < n; i++)
        CHECK_INT(close(FIRST + i), 0);
}

static int answers(eddy_stream *peer)
{
    return (int)eddy_try(eddy_write(peer, "answer", 6)) * 0;
}

TEST(J9_takes_all)
{
    hand_over(tcp_listener(), 0);
    hand_over(unix_listener("J9"), 1);
    say("2", "tcp:local");
    {
        eddy_auto(eddy_server) *server = eddy_server_open(echoes, .port = 1, .activation = "*");
        CHECK(server != NULL);
        eddy_auto(eddy_stream) *tcp = connect_to(server);
        eddy_auto(eddy_stream) *local = connect_to_unix("J9");
        int on = 0;

        check_echo(tcp);
        check_echo(local);
        getsockopt(eddy_stream_fd(tcp), IPPROTO_TCP, TCP_NODELAY, &on, &(socklen_t){sizeof on});
        CHECK(on);
        for (int i = 0; i < 2; i++) {
            CHECK_INT(fcntl(FIRST + i, F_GETFD), FD_CLOEXEC);
            CHECK(fcntl(FIRST + i, F_GETFL) & O_NONBLOCK);
        }
    }
    CHECK_PTR(getenv("LISTEN_PID"), NULL);
    CHECK_PTR(getenv("LISTEN_FDS"), NULL);
    CHECK_PTR(getenv("LISTEN_FDNAMES"), NULL);
    close_handed(2);
}

TEST(J9_names_select)
{
    hand_over(unix_listener("a"), 0);
    hand_over(unix_listener("b"), 1);
    hand_over(unix_listener("c"), 2);
    say("3", "web:admin");
    eddy_auto(eddy_server) *web = eddy_server_open(echoes, .activation = "web");
    eddy_auto(eddy_server) *admin = eddy_server_open(answers, .activation = "admin");
    eddy_auto(eddy_server) *other = eddy_server_open(echoes, .activation = "unknown");
    eddy_auto(eddy_stream) *to_web = connect_to_unix("a");
    eddy_auto(eddy_stream) *to_admin = connect_to_unix("b");
    eddy_auto(eddy_stream) *to_other = connect_to_unix("c");
    char buf[8];

    check_echo(to_web);
    check_echo(to_other);
    CHECK_INT(eddy_read(to_admin, buf, sizeof buf), 6);
    CHECK_MEM(buf, "answer", 6);
    CHECK_PTR(eddy_server_open(echoes, .activation = "weeb"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOENT);
    CHECK_STR(last_message(), "no socket named weeb was handed over; there is: web:admin");
    close_handed(3);
}

/* One after the other, and several at once: loops share a socket so. */
TEST(J9_servers_share_a_socket)
{
    hand_over(unix_listener("J9"), 0);
    say("1", "web");
    for (int i = 0; i < 2; i++) {
        eddy_auto(eddy_server) *a = eddy_server_open(echoes, .activation = "web");
        eddy_auto(eddy_server) *b = eddy_server_open(echoes, .activation = "*");
        CHECK(a && b);
        for (int k = 0; k < 4; k++) {
            eddy_auto(eddy_stream) *stream = connect_to_unix("J9");
            check_echo(stream);
        }
    }
    close_handed(1);
}

static void check_refused(int code, const char *words)
{
    CHECK_PTR(eddy_server_open(echoes, .activation = "*"), NULL);
    CHECK_INT(eddy_last_status(), code);
    CHECK_CONTAINS(last_message(), words);
}

TEST(J9_what_is_no_listening_stream_socket_is_refused)
{
    hand_over(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 0);
    say("1", "web");
    check_refused(EDDY_EINVAL, "descriptor 200 (web) that was handed over is not a stream socket");
    hand_over(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
    check_refused(EDDY_EINVAL, "descriptor 200 (web) that was handed over does not listen");
    hand_over(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
    check_refused(-ENOTSOCK, "descriptor 200 (web) that was handed over is not a socket");
    close_handed(1);
    check_refused(EDDY_EBADF, "is not a socket: bad file descriptor");
}

TEST(J9_too_many_for_one_server)
{
    for (int i = 0; i < 17; i++) {
        char name[8];
        snprintf(name, sizeof name, "x%d", i);
        hand_over(unix_listener(name), i);
    }
    say("17", NULL);
    check_refused(EDDY_ERANGE, "more than 16 sockets");
    close_handed(17);
}

TEST(J9_bad_number)
{
    say("two", NULL);
    check_refused(EDDY_EINVAL, "LISTEN_FDS is not the number");
    CHECK_PTR(getenv("LISTEN_FDS"), NULL);
}

/* Looking at each of so many would take minutes. */
TEST(J9_more_than_there_are)
{
    hand_over(unix_listener("J9"), 0);
    say("2000000000", "web");
    CHECK_PTR(eddy_server_open(echoes, .activation = "admin"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "LISTEN_FDS is not the number");
    close_handed(1);
}

/* What was handed over to another process is none of ours. */
TEST(J9_without_sockets_host_and_port_count)
{
    eddy__activation_first = FIRST;
    setenv("LISTEN_PID", "1", 1);
    setenv("LISTEN_FDS", "1", 1);
    eddy_auto(eddy_server) *server = eddy_server_open(echoes, .activation = "*");
    eddy_auto(eddy_stream) *stream = connect_to(server);

    check_echo(stream);
    CHECK_STR(getenv("LISTEN_FDS"), "1");
}

static int port_in_child(int *port)
{
    eddy_auto(eddy_server) *server = eddy_try(eddy_server_open(echoes, .activation = "*"));

    *port = eddy_server_port(server);
    return 0;
}
EDDY_CORO(port_in_child, int *)

static int finds_none(void *arg)
{
    int port = 0;

    (void)arg;
    return eddy_run(port_in_child_coro(&port)) == 0 && port > 0 ? 0 : 1;
}

TEST(J9_child_of_a_fork_has_none)
{
    hand_over(unix_listener("J9"), 0);
    say("1", NULL);
    eddy_auto(eddy_server) *server = eddy_server_open(echoes, .activation = "*");
    CHECK_INT(eddy_server_port(server), 0);
    CHECK_INT(test_child(finds_none, NULL, NULL, 0), 0);
    close_handed(1);
}

static int one_round(void)
{
    char path[32], buf[4];
    eddy_auto(eddy_server) *server = eddy_try(eddy_server_open(echoes, .activation = "web"));

    snprintf(path, sizeof path, "@J9-%d", (int)getpid());
    eddy_auto(eddy_stream) *stream = eddy_try(eddy_connect_unix(path));
    eddy_try(eddy_write(stream, "abc", 3));
    return (int)eddy_try(eddy_read_exactly(stream, buf, 3));
}

TORTURE(J9_with_failures)
{
    int r = 0;

    reports_listen(&reports);
    hand_over(unix_listener("J9"), 0);
    say("1", "web");
    eddy_timeout(3)
        r = one_round();
    close_handed(1);
    return r;
}

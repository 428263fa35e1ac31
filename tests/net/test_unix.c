/* Unix sockets: files, abstract names, what a dead server has left. */
#include "stream/peer.h"

#include <sys/stat.h>
#include <sys/un.h>

static char folder[64], path[80];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/eddy-test-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/socket", folder);
}

static bool exists(void)
{
    return access(path, F_OK) == 0;
}

static void remove_folder(void)
{
    unlink(path);
    CHECK_INT(rmdir(folder), 0);
}

static void check_echo(const char *to)
{
    char buf[16] = "";
    eddy_auto(eddy_stream) *stream = eddy_connect_unix(to);

    CHECK(stream != NULL);
    CHECK_STR(eddy_stream_peer(stream), to);
    CHECK_STR(eddy_stream_local(stream), "unnamed");
    CHECK_INT(eddy_write(stream, "hello", 5), 5);
    CHECK_INT(eddy_read_exactly(stream, buf, 5), 5);
    CHECK_STR(buf, "hello");
}

TEST(unix_server_and_client)
{
    make_folder();
    eddy_server *server = eddy_server_open(echoes, .unix_path = path);
    CHECK(server != NULL);
    CHECK_INT(eddy_server_port(server), 0);
    check_echo(path);
    check_echo(path);
    CHECK(exists());
    eddy_server_close(server);
    CHECK(!exists());
    remove_folder();
}

TEST(unix_abstract_name)
{
    char name[64];

    snprintf(name, sizeof name, "@eddy-test-%d", (int)getpid());
    eddy_auto(eddy_server) *server = eddy_server_open(echoes, .unix_path = name);
    CHECK(server != NULL);
    check_echo(name);
    CHECK_PTR(eddy_server_open(echoes, .unix_path = name), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EADDRINUSE);
}

TEST(unix_failures)
{
    char name[200];

    CHECK_PTR(eddy_connect_unix("/tmp/eddy-test-nobody-is-here"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOENT);
    CHECK_STR(last_message(), "cannot connect to /tmp/eddy-test-nobody-is-here: no such file or "
                              "directory");
    memset(name, 'a', sizeof name);
    name[150] = '\0';
    CHECK_PTR(eddy_connect_unix(name), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENAMETOOLONG);
    CHECK_PTR(eddy_server_open(echoes, .unix_path = name), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENAMETOOLONG);
    CHECK_CONTAINS(last_message(), "150 bytes, at most 107");
    CHECK_PTR(eddy_connect_unix(NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_connect_unix_with("", NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_server_open(echoes, .unix_path = "/tmp/x", .host = "127.0.0.1"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
}

/* ---- files that are there already ---- */

static int bound_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    memcpy(a.sun_path, path, strlen(path));
    CHECK_INT(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_INT(listen(fd, 5), 0);
    return fd;
}

TEST(unix_stale_socket_is_replaced)
{
    make_folder();
    close(bound_socket());
    CHECK(exists());
    eddy_server *server = eddy_server_open(echoes, .unix_path = path);
    CHECK(server != NULL);
    check_echo(path);
    eddy_server_close(server);
    remove_folder();
}

TEST(unix_socket_in_use_is_not_replaced)
{
    make_folder();
    int fd = bound_socket();
    CHECK_PTR(eddy_server_open(echoes, .unix_path = path), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EADDRINUSE);
    CHECK_CONTAINS(last_message(), "cannot listen on /tmp/eddy-test-");
    CHECK_CONTAINS(last_message(), ": address already in use");
    CHECK(exists());
    close(fd);
    remove_folder();
}

TEST(unix_other_files_are_not_removed)
{
    make_folder();
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    CHECK_PTR(eddy_server_open(echoes, .unix_path = path), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EADDRINUSE);
    CHECK(exists());
    remove_folder();
}

TEST(unix_socket_of_a_successor_is_not_removed)
{
    make_folder();
    eddy_server *first = eddy_server_open(echoes, .unix_path = path);
    unlink(path);
    eddy_server *second = eddy_server_open(echoes, .unix_path = path);
    CHECK(first && second);
    eddy_server_close(first);
    CHECK(exists());
    check_echo(path);
    eddy_server_close(second);
    CHECK(!exists());
    remove_folder();
}

/* A queue that is full makes connect() say EAGAIN, for which there is no event. */
static int accepts_later(int fd)
{
    eddy_try(eddy_sleep(0.01));
    close(accept(fd, NULL, NULL));
    return 0;
}
EDDY_CORO(accepts_later, int)

TEST(unix_connect_waits_for_room)
{
    make_folder();
    int listener = bound_socket();
    eddy_stream *streams[7] = {0};
    listen(listener, 1);
    eddy_auto(eddy_task) *acceptor = eddy_create_task(accepts_later_coro(listener));
    for (int i = 0; i < 3; i++)
        CHECK((streams[i] = eddy_connect_unix(path)) != NULL);
    eddy_timeout(0.05)
        streams[3] = eddy_connect_unix(path);
    CHECK_PTR(streams[3], NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    for (int i = 0; i < 3; i++)
        eddy_stream_close(streams[i]);
    close(listener);
    remove_folder();
}

/* ---- sweeps ---- */

static int exchange(void)
{
    char name[64], buf[4];
    int status;

    snprintf(name, sizeof name, "@eddy-sweep-%d", (int)getpid());
    eddy_auto(eddy_server) *server = eddy_try(eddy_server_open(echoes, .unix_path = name));
    eddy_auto(eddy_stream) *stream = eddy_try(eddy_connect_unix(name));
    eddy_try(eddy_write(stream, "abc", 3));
    status = (int)eddy_try(eddy_read_exactly(stream, buf, 3));
    return status;
}

static void be_silent(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)loop;
    (void)report;
    (void)arg;
}

SWEEP(unix_sweep)
{
    return exchange();
}

TORTURE(unix_torture)
{
    eddy_loop_set_exception_handler(eddy_loop_running(), be_silent, NULL);
    eddy_timeout(2)
        return exchange();
    return 0;
}

/* Accepting: limits, and trouble. */
#include "server/servers.h"

#include <sys/resource.h>

static struct reports reports;

TEST(server_pauses_at_max_connections)
{
    eddy_auto(eddy_server) *server = eddy_server_open(echoes, .max_connections = 2);
    eddy_stream *streams[4];

    for (int i = 0; i < 4; i++)
        streams[i] = connect_to(server);
    check_echo(streams[0]);
    check_echo(streams[1]);
    CHECK_OK(eddy_sleep(0.01));
    CHECK_INT(eddy_server_connections(server), 2);
    for (int i = 0; i < 4; i++) {
        check_echo(streams[i]);
        CHECK(eddy_server_connections(server) <= 2);
        eddy_stream_close(streams[i]);
    }
    await_connections(server, 0);
}

/* Valgrind keeps the limit by itself, and closes what was accepted. */
#ifdef EDDY_VALGRIND
#define NEEDS_LIMIT() SKIP("no limit of descriptors under Valgrind")
#else
#define NEEDS_LIMIT() (void)0
#endif

static void limit_descriptors(rlim_t n)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = n ? n : limit.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static rlim_t next_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    close(fd);
    return (rlim_t)fd;
}

TEST(server_goes_on_after_running_out_of_descriptors)
{
    NEEDS_LIMIT();
    eddy_auto(eddy_server) *server = eddy_server_open(echoes);
    eddy_stream *streams[4];

    reports_listen(&reports);
    streams[0] = connect_to(server);
    check_echo(streams[0]);
    for (int i = 1; i < 4; i++)
        streams[i] = connect_to(server);
    check_echo(streams[3]);
    limit_descriptors(next_descriptor() + 1);
    eddy_auto(eddy_stream) *late = connect_to(server); /* the last descriptor there is */
    CHECK_OK(eddy_sleep(0.1));
    CHECK_INT(reports.count, 1);
    CHECK_CONTAINS(reports.message, "cannot accept connections: too many open files");
    CHECK_INT(eddy_server_connections(server), 4);
    check_echo(streams[0]);
    eddy_stream_close(streams[1]);
    check_echo(late); /* accepting goes on when a connection has ended */
    limit_descriptors(0);
    for (int i = 0; i < 4; i++)
        if (i != 1)
            eddy_stream_close(streams[i]);
}

TEST(server_retries_when_no_connection_ends)
{
    NEEDS_LIMIT();
    eddy_auto(eddy_server) *server = eddy_server_open(echoes);

    reports_listen(&reports);
    limit_descriptors(next_descriptor() + 1);
    eddy_auto(eddy_stream) *stream = connect_to(server);
    CHECK_OK(eddy_sleep(0.05));
    CHECK_INT(eddy_server_connections(server), 0);
    CHECK_INT(reports.count, 1);
    limit_descriptors(0);
    check_echo(stream);
}

static void cancel_reported(eddy_loop *loop, const eddy_report *report, void *arg)
{
    reports_note(loop, report, arg);
    eddy_cancel(report->task);
}

TEST(server_whose_trouble_makes_somebody_cancel_it)
{
    NEEDS_LIMIT();
    eddy_server *server = eddy_server_open(echoes);

    reports = (struct reports){0};
    eddy_loop_set_exception_handler(eddy_loop_running(), cancel_reported, &reports);
    limit_descriptors(next_descriptor() + 1);
    eddy_auto(eddy_stream) *stream = connect_to(server);
    CHECK_OK(eddy_sleep(0.005));
    CHECK_INT(reports.count, 1);
    limit_descriptors(0);
    eddy_server_close(server);
    CHECK_OK(eddy_sleep(0.1)); /* nothing of it is left among the timers */
}

/* ---- storms ---- */

/* They were connected and have gone again before they are accepted. */
TEST(server_survives_resets_in_the_queue)
{
    enum { MANY = 100 };
    int fds[MANY];
    eddy_auto(eddy_server) *server = eddy_server_open(echoes, .host = "127.0.0.1");
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)eddy_server_port(server)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};

    reports_listen(&reports);
    eddy_loop_set_debug(eddy_loop_running(), false);
    for (int i = 0; i < MANY; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK_INT(connect(fds[i], (struct sockaddr *)&address, sizeof address), 0);
    }
    for (int i = 0; i < MANY; i++)
        raw_reset(fds[i]);
    eddy_auto(eddy_stream) *stream = connect_to(server);
    check_echo(stream);
    await_connections(server, 1);
    CHECK_INT(reports.count, 0);
}

static int connects_and_echoes(const eddy_server *server)
{
    eddy_auto(eddy_stream) *stream = connect_to(server);

    check_echo(stream);
    return 0;
}
EDDY_CORO(connects_and_echoes, const eddy_server *)

/* Those who are over the limit wait their turn in the queue, and nobody is refused. */
TEST(server_under_a_storm_keeps_its_limit)
{
    enum { MANY = 100 };
    eddy_auto(eddy_group) *group = eddy_group_open();
    eddy_auto(eddy_server) *server = eddy_server_open(echoes, .max_connections = 3);

    for (int i = 0; i < MANY; i++)
        CHECK_INT(eddy_group_start(group, connects_and_echoes_coro(server)), 0);
    while (eddy_group_count(group) > 0) {
        CHECK(eddy_server_connections(server) <= 3);
        CHECK_OK(eddy_sleep(0));
    }
    CHECK_INT(eddy_group_join(group), 0);
}

/* Servers: handlers, limits, trouble while accepting, three ways to end. */
#include "peer.h"

#include <sys/resource.h>

static struct reports reports;

static eddy_stream *connect_to(const eddy_server *server)
{
    eddy_stream *stream = eddy_connect("127.0.0.1", .port = eddy_server_port(server));

    CHECK(stream != NULL);
    return stream;
}

static void check_echo(eddy_stream *stream)
{
    char buf[6] = "";

    CHECK_INT(eddy_write(stream, "hello", 5), 5);
    CHECK_INT(eddy_read_exactly(stream, buf, 5), 5);
    CHECK_STR(buf, "hello");
}

/* Waits until so many connections are being handled. */
static void await_connections(const eddy_server *server, unsigned n)
{
    for (int i = 0; i < 2000 && eddy_server_connections(server) != n; i++)
        CHECK_OK(eddy_sleep(0.001));
    CHECK_INT(eddy_server_connections(server), n);
}

static void check_end(eddy_stream *stream)
{
    char byte;

    CHECK_INT(eddy_read(stream, &byte, 1), 0);
}

/* ---- serving ---- */

TEST(server_many_connections)
{
    enum { MANY = 100 };
    eddy_stream *streams[MANY];
    eddy_auto(eddy_server) *server = eddy_server_open(echoes);

    for (int i = 0; i < MANY; i++)
        streams[i] = connect_to(server);
    for (int i = 0; i < MANY; i++)
        check_echo(streams[i]);
    CHECK_INT(eddy_server_connections(server), MANY);
    for (int i = 0; i < MANY; i++)
        eddy_stream_close(streams[i]);
    await_connections(server, 0);
}

static char task_name[80], peer_name[80];

static int notes_names(eddy_stream *peer)
{
    snprintf(task_name, sizeof task_name, "%s", eddy_task_name(eddy_current_task()));
    snprintf(peer_name, sizeof peer_name, "%s", eddy_stream_peer(peer));
    return *(int *)eddy_stream_arg(peer) == 7 ? 0 : eddy_raise(EDDY_EUSER, "wrong argument");
}

TEST(server_handler_knows_peer_and_argument)
{
    int seven = 7;
    eddy_auto(eddy_server) *server = eddy_server_open(notes_names, .arg = &seven);
    eddy_auto(eddy_stream) *stream = connect_to(server);

    reports_listen(&reports);
    check_end(stream);
    CHECK_STR(peer_name, eddy_stream_local(stream));
    CHECK_STR(task_name, peer_name);
    CHECK_INT(reports.count, 0);
}

static int answers_and_returns(eddy_stream *peer)
{
    return (int)eddy_try(eddy_write(peer, "bye", 3)) * 0;
}

TEST(server_closes_when_the_handler_returns)
{
    eddy_auto(eddy_server) *server = eddy_server_open(answers_and_returns);

    for (int i = 0; i < 3; i++) {
        char buf[8];
        eddy_auto(eddy_stream) *stream = connect_to(server);
        CHECK_INT(eddy_read_exactly(stream, buf, 3), 3);
        check_end(stream);
    }
}

static int closes_itself(eddy_stream *peer)
{
    eddy_stream_close(peer);
    return 0;
}

static int aborts_itself(eddy_stream *peer)
{
    eddy_stream_abort(peer);
    return 0;
}

TEST(server_handler_may_close_its_stream)
{
    char byte;

    {
        eddy_auto(eddy_server) *server = eddy_server_open(closes_itself);
        eddy_auto(eddy_stream) *stream = connect_to(server);
        check_end(stream);
    }
    eddy_auto(eddy_server) *server = eddy_server_open(aborts_itself);
    eddy_auto(eddy_stream) *stream = connect_to(server);
    CHECK_INT(eddy_read(stream, &byte, 1), EDDY_ECONNRESET);
}

static int fails_on_x(eddy_stream *peer)
{
    char byte;

    while (eddy_try(eddy_read(peer, &byte, 1)) > 0) {
        if (byte == 'x')
            return eddy_raise(EDDY_EUSER, "an x came");
        eddy_try(eddy_write(peer, &byte, 1));
    }
    return 0;
}

TEST(J4_handler_that_fails_is_reported_and_the_server_lives_on)
{
    eddy_auto(eddy_server) *server = eddy_server_open(fails_on_x);
    eddy_auto(eddy_stream) *good = connect_to(server);

    reports_listen(&reports);
    for (int i = 1; i <= 3; i++) {
        eddy_auto(eddy_stream) *bad = connect_to(server);
        CHECK_INT(eddy_write(bad, "x", 1), 1);
        check_end(bad);
        CHECK_INT(reports.count, i);
        CHECK_INT(reports.status, EDDY_EUSER);
        CHECK_STR(reports.message, "the handler of a connection has failed");
        CHECK_CONTAINS(reports.task, eddy_stream_local(bad));
        check_echo(good);
    }
}

static int fails_barely(eddy_stream *peer)
{
    char byte;

    eddy_ignore(eddy_read(peer, &byte, 1));
    return EDDY_EUSER;
}

TEST(J4_bare_failure_of_a_handler_is_reported_with_its_code)
{
    eddy_auto(eddy_server) *server = eddy_server_open(fails_barely);
    eddy_auto(eddy_stream) *stream = connect_to(server);

    reports_listen(&reports);
    eddy_loop_set_debug(eddy_loop_running(), false);
    CHECK_INT(eddy_write(stream, "x", 1), 1);
    check_end(stream);
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_EUSER);
}

TEST(J4_peer_that_resets_is_reported_in_debug_mode)
{
    eddy_auto(eddy_server) *server = eddy_server_open(echoes);
    bool debug = eddy_loop_debug(eddy_loop_running());

    reports_listen(&reports);
    for (int on = 0; on < 2; on++) {
        eddy_auto(eddy_stream) *stream = connect_to(server);
        eddy_loop_set_debug(eddy_loop_running(), on);
        check_echo(stream);
        eddy_stream_abort(stream);
        await_connections(server, 0);
        CHECK_INT(reports.count, on);
    }
    CHECK_INT(reports.status, EDDY_ECONNRESET);
    eddy_loop_set_debug(eddy_loop_running(), debug);
}

/* ---- limits and trouble ---- */

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

/* ---- J5: ending ---- */

TEST(J5_stop_refuses_new_connections_only)
{
    eddy_auto(eddy_server) *server = eddy_server_open(echoes);
    eddy_auto(eddy_stream) *stream = connect_to(server);

    check_echo(stream);
    int port = eddy_server_port(server);
    eddy_server_stop(server);
    eddy_server_stop(server);
    CHECK_PTR(eddy_connect("127.0.0.1", .port = port), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ECONNREFUSED);
    check_echo(stream);
}

TEST(J5_drain_waits_for_handlers)
{
    eddy_auto(eddy_server) *server = eddy_server_open(echoes);
    eddy_stream *stream = connect_to(server);

    check_echo(stream);
    eddy_server_stop(server);
    CHECK_INT(eddy_server_drain(server, 0.01), EDDY_ETIMEDOUT);
    CHECK_INT(eddy_server_connections(server), 1);
    eddy_auto(eddy_task) *closer = eddy_create_task(closes_after_coro(0.01, stream));
    CHECK_INT(eddy_server_drain(server, 5), 0);
    CHECK_INT(eddy_server_drain(server, 0), 0);
    CHECK_INT(eddy_server_connections(server), 0);
}

TEST(J5_abort_ends_handlers)
{
    eddy_auto(eddy_server) *server = eddy_server_open(echoes);
    eddy_stream *streams[3];

    reports_listen(&reports);
    for (int i = 0; i < 3; i++) {
        streams[i] = connect_to(server);
        check_echo(streams[i]);
    }
    eddy_server_abort(server);
    CHECK_INT(eddy_server_connections(server), 0);
    for (int i = 0; i < 3; i++) {
        check_end(streams[i]);
        eddy_stream_close(streams[i]);
    }
    CHECK_INT(reports.count, 0);
}

TEST(J5_close_drains_then_aborts)
{
    eddy_server *server = eddy_server_open(echoes, .drain = 0.05);
    eddy_auto(eddy_stream) *stream = connect_to(server);

    check_echo(stream);
    double before = eddy_loop_time(eddy_loop_running());
    eddy_server_close(server);
    CHECK_NEAR(eddy_loop_time(eddy_loop_running()) - before, 0.05, 0.04);
    check_end(stream);
    eddy_server_close(NULL);
    eddy_server_stop(NULL);
    eddy_server_abort(NULL);
    CHECK_INT(eddy_server_drain(NULL, 1), 0);
}

/* Handlers that were accepted and have not run yet. */
TEST(J5_close_before_handlers_begin)
{
    for (int n = 0; n < 6; n++) {
        eddy_server *server = eddy_server_open(echoes);
        eddy_stream *streams[3];

        for (int i = 0; i < 3; i++)
            streams[i] = connect_to(server);
        turns(n);
        eddy_server_close(server);
        for (int i = 0; i < 3; i++)
            eddy_stream_close(streams[i]);
    }
}

static int does_not_care(eddy_stream *peer)
{
    (void)peer;
    eddy_shield(0.02)
        eddy_ignore(eddy_sleep(1));
    return 0;
}

TEST(J5_abort_waits_for_handlers_that_clean_up)
{
    eddy_server *server = eddy_server_open(does_not_care);
    eddy_auto(eddy_stream) *stream = connect_to(server);

    await_connections(server, 1);
    eddy_server_abort(server);
    CHECK_INT(eddy_server_connections(server), 0);
    eddy_server_close(server);
}

static eddy_server *own_server;

static int closes_the_server(eddy_stream *peer)
{
    (void)peer;
    eddy_server_close(eddy_take(own_server));
    return 0;
}

TEST(server_may_be_closed_by_a_handler)
{
    own_server = eddy_server_open(closes_the_server);
    int port = eddy_server_port(own_server);
    eddy_auto(eddy_stream) *stream = connect_to(own_server);

    check_end(stream);
    CHECK_PTR(own_server, NULL);
    CHECK_PTR(eddy_connect("127.0.0.1", .port = port), NULL);
}

static int serves(int port)
{
    return eddy_serve(echoes, .port = port);
}
EDDY_CORO(serves, int)

TEST(serve_until_cancelled)
{
    struct sockaddr_in address;

    close(raw_listener(&address, 1));
    int port = ntohs(address.sin_port);
    eddy_auto(eddy_task) *task = eddy_create_task(serves_coro(port));
    turns(3);
    eddy_auto(eddy_stream) *stream = eddy_connect("127.0.0.1", .port = port);
    check_echo(stream);
    eddy_cancel(task);
    CHECK_INT(eddy_await(task), EDDY_ECANCELED);
    check_end(stream);
    CHECK_INT(eddy_serve(echoes, .port = -1), EDDY_EINVAL);
}

/* The loop ends while a server is open: what is left of it is cancelled. */
TEST(server_is_left_to_the_loop)
{
    eddy_task *task = eddy_create_task(serves_coro(0));

    turns(3);
    eddy_detach(task);
}

/* ---- connections that come and go ---- */

static int comes_and_goes(const eddy_server *server, int n)
{
    for (int i = 0; i < n; i++) {
        eddy_stream *stream = connect_to(server);

        check_echo(stream);
        if (i % 3 == 0)
            eddy_stream_abort(stream);
        eddy_stream_close(stream);
    }
    return 0;
}
EDDY_CORO(comes_and_goes, const eddy_server *, int)

TEST_REAL(server_connections_come_and_go)
{
    eddy_auto(eddy_server) *server = eddy_server_open(echoes, .max_connections = 10);
    eddy_task *clients[20];
    int n = test_is_watched() ? 10 : 50;

    reports_listen(&reports);
    for (int i = 0; i < 20; i++)
        clients[i] = eddy_create_task(comes_and_goes_coro(server, n));
    for (int i = 0; i < 20; i++) {
        CHECK_INT(eddy_await(clients[i]), 0);
        eddy_task_close(clients[i]);
    }
    await_connections(server, 0);
}

/* ---- sweeps ---- */

static int one_round(void)
{
    char buf[4];
    eddy_auto(eddy_server) *server =
        eddy_try(eddy_server_open(echoes, .host = "127.0.0.1", .drain = 0.5));
    eddy_auto(eddy_stream) *stream =
        eddy_try(eddy_connect("127.0.0.1", .port = eddy_server_port(server)));

    eddy_try(eddy_write(stream, "abc", 3));
    return (int)eddy_try(eddy_read_exactly(stream, buf, 3));
}

SWEEP(server_sweep)
{
    return one_round();
}

TORTURE(server_torture)
{
    reports_listen(&reports);
    eddy_timeout(3)
        return one_round();
    return 0;
}

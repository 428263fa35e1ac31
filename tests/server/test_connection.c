/* The connections of a server: handlers, their ends and failures. */
#include "server/servers.h"

static struct reports reports;

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

/* ---- peers and handlers that do not go on ---- */

static int never_reads(eddy_stream *peer)
{
    (void)peer;
    return eddy_sleep(INFINITY);
}

/* The peer waits, and nothing piles up on either side. */
TEST(connection_whose_handler_never_reads)
{
    char(*const data)[1 << 20] = test_room(sizeof *data);
    eddy_auto(eddy_server) *server = eddy_server_open(never_reads);
    eddy_auto(eddy_stream) *stream = connect_to(server);
    ssize_t n = 0;

    eddy_timeout(1)
        for (int i = 0; i < 100 && n >= 0; i++)
            n = eddy_write(stream, *data, sizeof *data);
    CHECK_INT(n, EDDY_ETIMEDOUT);
    CHECK_INT(eddy_server_connections(server), 1);
    eddy_server_abort(server);
    eddy_stream_abort(stream);
}

static int has_a_deadline(eddy_stream *peer)
{
    int status = 0;

    eddy_timeout(5)
        status = echoes(peer);
    return status == EDDY_ETIMEDOUT ? 0 : status;
}

/* A byte now and then does not keep a connection that has a deadline. */
TEST(connection_of_a_slow_loris_ends_at_the_deadline)
{
    eddy_auto(eddy_server) *server = eddy_server_open(has_a_deadline);
    eddy_auto(eddy_stream) *stream = connect_to(server);
    double start = eddy_loop_time(eddy_loop_running());
    ssize_t n = 1;
    char byte;

    for (int i = 0; i < 100 && n > 0; i++) {
        if (eddy_write(stream, "x", 1) != 1)
            break;
        n = eddy_read(stream, &byte, 1);
        if (n > 0)
            CHECK_OK(eddy_sleep(0.7));
    }
    CHECK_NEAR(eddy_loop_time(eddy_loop_running()) - start, 5.3, 0.5);
}

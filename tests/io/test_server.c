/* Servers: three ways to end. */
#include "servers.h"

static struct reports reports;

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

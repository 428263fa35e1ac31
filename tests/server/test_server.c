/* Servers: three ways to end. */
#include "server/servers.h"

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

TEST(J5_drain_B7_odd_times)
{
    static const double none[] = {0, -0.0, -2, -INFINITY};
    eddy_server *server = eddy_server_open(echoes);
    eddy_auto(eddy_stream) *stream = connect_to(server);

    await_connections(server, 1);
    eddy_server_stop(server);
    double before = eddy_time();
    for (unsigned i = 0; i < count_of(none); i++)
        CHECK_INT(eddy_server_drain(server, none[i]), EDDY_ETIMEDOUT);
    CHECK(test_is_watched() || eddy_time() - before < 1);
    CHECK_INT(eddy_server_drain(server, NAN), EDDY_EINVAL);
    CHECK_INT(eddy_write_eof(stream), 0);
    CHECK_INT(eddy_server_drain(server, INFINITY), 0);
    CHECK_INT(eddy_server_drain(server, -1), 0); /* all have ended */
    CHECK_INT(eddy_server_drain(server, NAN), EDDY_EINVAL);
    eddy_server_close(server);
}

TEST(J5_drain_B7_as_an_option)
{
    eddy_server *none = eddy_server_open(echoes, .drain = -2);
    eddy_server *unlimited = eddy_server_open(echoes, .drain = INFINITY);
    eddy_auto(eddy_stream) *a = connect_to(none);
    eddy_auto(eddy_stream) *b = connect_to(unlimited);

    await_connections(none, 1);
    await_connections(unlimited, 1);
    eddy_server_close(none);
    CHECK_INT(eddy_write_eof(b), 0);
    eddy_server_close(unlimited);
    check_end(a);
    check_end(b);
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

/* ---- handlers that wait for who ends their server ---- */

static eddy_task *ender, *handler_task;
static int handler_end;

static int awaits_the_ender(eddy_stream *peer)
{
    (void)peer;
    handler_task = eddy_current_task();
    return handler_end = eddy_await(ender);
}

enum ending { CLOSE, ABORT, WAIT_IN_A_SHIELD };

static void end_server(eddy_server *server, enum ending how)
{
    switch (how) {
    case CLOSE:
        eddy_server_close(server);
        break;
    case ABORT:
        eddy_server_abort(server);
        eddy_server_close(server);
        break;
    default:
        eddy_server_stop(server);
        eddy_shield(INFINITY)
            CHECK_INT(eddy_server_wait(server), 0);
        eddy_server_close(server);
    }
}

static int ends_its_server(enum ending how, double drain)
{
    eddy_server *server = eddy_server_open(awaits_the_ender, .host = "127.0.0.1", .drain = drain);
    eddy_auto(eddy_stream) *stream = connect_to(server);

    await_connections(server, 1);
    int r = eddy_sleep(0.05);
    end_server(server, how);
    return r;
}
EDDY_CORO(ends_its_server, enum ending, double)

static void let_end(enum ending how, double drain, void (*meanwhile)(void), int status)
{
    handler_end = 1;
    ender = eddy_create_task(ends_its_server_coro(how, drain));
    if (meanwhile)
        meanwhile();
    for (int i = 0; i < 2000 && !eddy_task_done(ender); i++)
        CHECK_OK(eddy_sleep(0.001));
    CHECK(eddy_task_done(ender));
    CHECK_INT(eddy_task_status(ender), status);
    CHECK_INT(handler_end, EDDY_ECANCELED);
    eddy_task_close(ender);
}

static void await_the_handler(void)
{
    handler_task = NULL;
    for (int i = 0; i < 2000 && !handler_task; i++)
        CHECK_OK(eddy_sleep(0.001));
    turns(3);
}

static void cancel_the_ender(void)
{
    await_the_handler();
    CHECK(eddy_cancel(ender));
}

/* The handler's cancellation reaches who ends its server, and is hidden there. */
static void cancel_the_handler_later(void)
{
    await_the_handler();
    CHECK_OK(eddy_sleep(0.2));
    CHECK(!eddy_task_done(ender));
    CHECK(eddy_cancel(handler_task));
}

TEST(A4_handler_that_awaits_who_ends_its_server_leaves)
{
    reports_listen(&reports);
    let_end(CLOSE, 0, NULL, 0);
    let_end(CLOSE, 0.05, NULL, 0);
    let_end(ABORT, 0, NULL, 0);
    let_end(CLOSE, 0, cancel_the_ender, EDDY_ECANCELED);
    let_end(ABORT, 0, cancel_the_ender, EDDY_ECANCELED);
    CHECK_INT(reports.count, 0);
}

TEST(A4_handler_that_awaits_who_waits_for_its_end_in_a_shield_leaves)
{
    reports_listen(&reports);
    let_end(CLOSE, INFINITY, cancel_the_handler_later, 0);
    let_end(WAIT_IN_A_SHIELD, 0, cancel_the_handler_later, 0);
    CHECK_INT(reports.count, 0);
}

static eddy_server *servers[2];

static int aborts_the_other(eddy_stream *peer)
{
    eddy_ignore(eddy_sleep(0.05));
    eddy_server_abort(servers[eddy_stream_arg(peer) == &servers[0]]);
    return 0;
}

/* Neither can wait for the other's end; the servers outlive it. */
TEST(A4_handlers_that_abort_each_others_servers)
{
    eddy_stream *streams[2];

    reports_listen(&reports);
    for (int i = 0; i < 2; i++) {
        servers[i] = eddy_server_open(aborts_the_other, .arg = &servers[i]);
        streams[i] = connect_to(servers[i]);
    }
    for (int i = 0; i < 2; i++)
        await_connections(servers[i], 1);
    for (int i = 0; i < 2; i++) {
        await_connections(servers[i], 0);
        eddy_stream_close(streams[i]);
        eddy_server_close(servers[i]);
    }
    CHECK_INT(reports.count, 1);
    CHECK_CONTAINS(reports.message, "whose handler waits for it");
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

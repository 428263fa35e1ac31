/* Servers that stop on a signal (J8). */
#include "server/servers.h"
#include "stream/stream.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

static struct reports reports;

static bool is_blocked(int number)
{
    sigset_t mask;

    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    return sigismember(&mask, number) > 0;
}

static void send_self(int number)
{
    CHECK_INT(kill(getpid(), number), 0);
}

static double now(void)
{
    return eddy_loop_time(eddy_loop_running());
}

#define OPEN(...) eddy_server_open(echoes, .host = "127.0.0.1", .stop_on_signal = true, __VA_ARGS__)

TEST(J8_either_signal_stops)
{
    const int numbers[] = {SIGTERM, SIGINT};

    for (int i = 0; i < 2; i++) {
        eddy_auto(eddy_server) *server = OPEN(.drain = 5);
        CHECK(server != NULL);
        int port = eddy_server_port(server);

        CHECK(is_blocked(SIGTERM) && is_blocked(SIGINT));
        send_self(numbers[i]);
        CHECK_INT(eddy_server_wait(server), 0);
        CHECK_PTR(eddy_connect("127.0.0.1", .port = port), NULL);
        CHECK_INT(eddy_last_status(), EDDY_ECONNREFUSED);
        CHECK_INT(eddy_server_wait(server), 0);
    }
    CHECK(!is_blocked(SIGTERM) && !is_blocked(SIGINT));
}

TEST(J8_handlers_may_end_until_the_deadline)
{
    eddy_auto(eddy_server) *server = OPEN(.drain = 5);
    eddy_stream *quick = connect_to(server);
    eddy_auto(eddy_stream) *idle = connect_to(server);

    check_echo(quick);
    check_echo(idle);
    double start = now();
    send_self(SIGTERM);
    CHECK_OK(eddy_sleep(1));
    check_echo(quick);
    CHECK_INT(eddy_server_connections(server), 2);
    eddy_stream_close(quick);
    CHECK_INT(eddy_server_wait(server), 0);
    CHECK_NEAR(now() - start, 5, 0.1);
    check_end(idle); /* its handler has waited in a read */
}

TEST(J8_ends_early_when_all_handlers_have)
{
    eddy_auto(eddy_server) *server = OPEN(.drain = 60);
    eddy_stream *stream = connect_to(server);

    check_echo(stream);
    double start = now();
    send_self(SIGTERM);
    eddy_auto(eddy_task) *closer = eddy_create_task(closes_after_coro(1, stream));
    CHECK_INT(eddy_server_wait(server), 0);
    CHECK_NEAR(now() - start, 1, 0.1);
}

TEST(J8_second_signal_aborts_at_once)
{
    eddy_auto(eddy_server) *server = OPEN(.drain = 60);
    eddy_auto(eddy_stream) *stream = connect_to(server);

    reports_listen(&reports);
    check_echo(stream);
    double start = now();
    send_self(SIGTERM);
    CHECK_OK(eddy_sleep(1));
    check_echo(stream);
    send_self(SIGINT);
    CHECK_INT(eddy_server_wait(server), 0);
    CHECK_NEAR(now() - start, 1, 0.1);
    check_end(stream);
    CHECK(!is_blocked(SIGTERM)); /* a third one does what it did before */
    CHECK_INT(reports.count, 0);
}

TEST(J8_without_drain_aborts_at_once)
{
    eddy_auto(eddy_server) *server = OPEN(.drain = 0);
    eddy_auto(eddy_stream) *stream = connect_to(server);

    check_echo(stream);
    double start = now();
    send_self(SIGTERM);
    CHECK_INT(eddy_server_wait(server), 0);
    CHECK_NEAR(now() - start, 0, 0.1);
}

static bool was_stopping[2];

static int notes_stopping(eddy_stream *peer)
{
    char byte;

    was_stopping[0] = eddy_server_stopping(peer);
    eddy_try(eddy_read(peer, &byte, 1));
    was_stopping[1] = eddy_server_stopping(peer);
    return 0;
}

TEST(J8_handlers_can_ask)
{
    eddy_auto(eddy_server) *server = eddy_server_open(notes_stopping, .drain = 60);
    eddy_auto(eddy_stream) *stream = connect_to(server);

    await_connections(server, 1);
    eddy_server_stop(server);
    CHECK_INT(eddy_write(stream, "x", 1), 1);
    CHECK_INT(eddy_server_wait(server), 0);
    CHECK(!was_stopping[0] && was_stopping[1]);
    CHECK(!eddy_server_stopping(stream)); /* it is nobody's handler's */
    CHECK(!eddy_server_stopping(NULL));
}

static int answers_requests(eddy_stream *peer)
{
    char byte;

    while (eddy_try(eddy_server_await_request(peer)) > 0) {
        CHECK_INT(eddy_try(eddy_read(peer, &byte, 1)), 1);
        eddy_try(eddy_sleep(0.5));
        eddy_try(eddy_write(peer, &byte, 1));
    }
    return 0;
}

static void check_answer(eddy_stream *stream)
{
    char byte;

    CHECK_INT(eddy_write(stream, "x", 1), 1);
    CHECK_INT(eddy_read(stream, &byte, 1), 1);
}

/* The idle one ends at once, the busy one after the requests that it has. */
TEST(J8_idle_connections_do_not_hold_up_the_end)
{
    char byte;
    eddy_auto(eddy_server) *server =
        eddy_server_open(answers_requests, .drain = 60, .stop_on_signal = true);
    eddy_auto(eddy_stream) *idle = connect_to(server);
    eddy_auto(eddy_stream) *busy = connect_to(server);

    check_answer(idle);
    check_answer(busy);
    CHECK_INT(eddy_write(busy, "xy", 2), 2); /* the second one is there when the server stops */
    CHECK_OK(eddy_sleep(0.1));
    double start = now();
    send_self(SIGTERM);
    check_end(idle);
    CHECK_NEAR(now() - start, 0, 0.1);
    for (int i = 0; i < 2; i++)
        CHECK_INT(eddy_read(busy, &byte, 1), 1);
    CHECK_INT(eddy_server_wait(server), 0);
    CHECK_NEAR(now() - start, 0.9, 0.1);
}

static int takes_requests(eddy_stream *peer)
{
    char byte;

    while (eddy_try(eddy_server_await_request(peer)) > 0)
        CHECK_INT(eddy_try(eddy_read(peer, &byte, 1)), 1);
    CHECK(eddy_server_stopping(peer));
    return 0;
}

/* Who has sent a request before the server stopped gets an answer, if he was accepted. */
TEST(J8_request_that_has_come_is_answered)
{
    eddy_auto(eddy_server) *server = eddy_server_open(answers_requests, .drain = 60);
    eddy_auto(eddy_stream) *stream = connect_to(server);
    char byte;

    CHECK_INT(eddy_write(stream, "x", 1), 1);
    while (!eddy_server_connections(server)) /* accepted, and the handler has not begun */
        turns(1);
    eddy_server_stop(server);
    CHECK_INT(eddy_read(stream, &byte, 1), 1);
    CHECK_INT(eddy_server_wait(server), 0);
}

/* Also when it yields just before it would wait, as every 64th call does (D4). */
TEST(J8_stopped_when_a_handler_is_about_to_wait)
{
    for (size_t n = 28; n < 36; n++) {
        for (int turn = 0; turn < 6; turn++) {
            char bytes[40] = "";
            eddy_auto(eddy_server) *server = eddy_server_open(takes_requests, .drain = 60);
            eddy_auto(eddy_stream) *stream = connect_to(server);
            double start = now();

            CHECK_INT(eddy_write(stream, bytes, n), n);
            turns(turn);
            eddy_server_stop(server);
            eddy_server_close(eddy_take(server));
            CHECK_NEAR(now() - start, 0, 0.1);
        }
    }
}

static eddy_stream *idle_peer;

static int answers_and_shows_itself(eddy_stream *peer)
{
    idle_peer = peer;
    return answers_requests(peer);
}

TEST(await_request_waits_without_a_buffer)
{
    eddy_auto(eddy_server) *server = eddy_server_open(answers_and_shows_itself);
    eddy_auto(eddy_stream) *stream = connect_to(server);

    check_answer(stream);
    CHECK_OK(eddy_sleep(1));
    CHECK_INT(idle_peer->in.capacity, 0);
    check_answer(stream);
}

TEST(await_request_sees_the_peers_end)
{
    eddy_auto(eddy_server) *server = eddy_server_open(answers_requests);
    eddy_stream *stream = connect_to(server);

    check_answer(stream);
    check_answer(stream);
    eddy_stream_close(stream);
    await_connections(server, 0);
    eddy_auto(eddy_stream) *other = connect_to(server);
    CHECK_INT(eddy_server_await_request(other), EDDY_EINVAL); /* that is for the handler */
    CHECK_INT(eddy_server_await_request(NULL), EDDY_EINVAL);
}

TEST(J8_several_servers_of_a_loop_stop)
{
    eddy_auto(eddy_server) *a = OPEN(.drain = 60);
    eddy_auto(eddy_server) *b = OPEN(.drain = 1);
    eddy_auto(eddy_server) *deaf = eddy_server_open(echoes);
    eddy_auto(eddy_stream) *of_a = connect_to(a);
    eddy_auto(eddy_stream) *of_b = connect_to(b);

    check_echo(of_a);
    check_echo(of_b);
    send_self(SIGTERM);
    CHECK_INT(eddy_server_wait(b), 0);
    check_echo(of_a);
    eddy_server_close(eddy_take(b)); /* the other one still hears */
    CHECK(is_blocked(SIGTERM));
    send_self(SIGTERM);
    CHECK_INT(eddy_server_wait(a), 0);
    eddy_auto(eddy_stream) *of_deaf = connect_to(deaf);
    check_echo(of_deaf);
}

TEST(J8_sigint_that_was_ignored_stays_so)
{
    signal(SIGINT, SIG_IGN);
    eddy_auto(eddy_server) *server = OPEN(.drain = 0);
    CHECK(server != NULL);

    send_self(SIGINT);
    CHECK_OK(eddy_sleep(0.1));
    eddy_auto(eddy_stream) *stream = connect_to(server);
    check_echo(stream);
    send_self(SIGTERM);
    CHECK_INT(eddy_server_wait(server), 0);
    signal(SIGINT, SIG_DFL);
}

/* ---- waiting ---- */

static int waits(eddy_server *server)
{
    return eddy_server_wait(server);
}
EDDY_CORO(waits, eddy_server *)

TEST(J5_wait_ends_with_the_server)
{
    eddy_server *server = eddy_server_open(echoes);
    eddy_auto(eddy_stream) *stream = connect_to(server);
    eddy_auto(eddy_task) *task = eddy_create_task(waits_coro(server));
    eddy_auto(eddy_task) *impatient = eddy_create_task(waits_coro(server));

    check_echo(stream);
    eddy_cancel(impatient);
    CHECK_INT(eddy_await(impatient), EDDY_ECANCELED);
    eddy_server_stop(server);
    CHECK_OK(eddy_sleep(0.01));
    CHECK(!eddy_task_done(task));
    eddy_server_close(server);
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(eddy_server_wait(NULL), 0);
}

TEST(J5_wait_outlives_pauses_without_connections)
{
    eddy_auto(eddy_server) *server = eddy_server_open(echoes);
    eddy_auto(eddy_task) *task = eddy_create_task(waits_coro(server));

    for (int i = 0; i < 3; i++) {
        eddy_stream *stream = connect_to(server);
        check_echo(stream);
        eddy_stream_close(stream);
        await_connections(server, 0);
    }
    CHECK(!eddy_task_done(task));
    eddy_server_stop(server);
    CHECK_INT(eddy_await(task), 0);
}

/* ---- whole programs ---- */

static int serves_until_signal(atomic_int *ready)
{
    eddy_auto(eddy_server) *server = eddy_try(OPEN(.drain = 10));

    atomic_fetch_add(ready, 1);
    return eddy_server_wait(server);
}
EDDY_CORO(serves_until_signal, atomic_int *)

static void *runs_server(void *ready)
{
    CHECK_INT(eddy_run(serves_until_signal_coro(ready)), 0);
    return NULL;
}

static void await_ready(const atomic_int *ready, int n)
{
    for (int i = 0; i < 5000 && atomic_load(ready) < n; i++)
        usleep(1000);
    CHECK_INT(atomic_load(ready), n);
}

/* The thread without a loop has the signals unblocked, and passes them on. */
TEST_PLAIN(J8_servers_of_several_loops_hear_one_signal)
{
    const int numbers[] = {SIGTERM, SIGINT};

    for (int i = 0; i < 2; i++) {
        pthread_t threads[3];
        atomic_int ready = 0;

        for (int k = 0; k < 3; k++)
            CHECK_INT(pthread_create(&threads[k], NULL, runs_server, &ready), 0);
        await_ready(&ready, 3);
        send_self(numbers[i]);
        for (int k = 0; k < 3; k++)
            pthread_join(threads[k], NULL);
    }
}

static int signals_when_all_serve(const atomic_int *ready, int number)
{
    while (atomic_load(ready) < 3)
        eddy_try(eddy_sleep(0.001));
    send_self(number);
    return 0;
}
EDDY_CORO(signals_when_all_serve, const atomic_int *, int)

static int serves_in_each_loop(atomic_int *ready, int number)
{
    eddy_auto(eddy_task) *task = NULL;

    if (eddy_loop_index() == 1)
        task = eddy_try(eddy_create_task(signals_when_all_serve_coro(ready, number)));
    return serves_until_signal(ready);
}
EDDY_CORO(serves_in_each_loop, atomic_int *, int)

TEST_PLAIN(J8_servers_of_the_loops_of_a_run_hear_one_signal)
{
    const int numbers[] = {SIGTERM, SIGINT};

    for (int i = 0; i < 2; i++) {
        atomic_int ready = 0;
        CHECK_INT(eddy_run(serves_in_each_loop_coro(&ready, numbers[i]), .loops = 3), 0);
        CHECK_INT(atomic_load(&ready), 3);
    }
}

static int serve_returned = 1;

static int signals_after(double seconds, int number)
{
    eddy_try(eddy_sleep(seconds));
    send_self(number);
    return 0;
}
EDDY_CORO(signals_after, double, int)

static int serves_then_sleeps(void)
{
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(signals_after_coro(0.01, SIGINT)));

    serve_returned = eddy_serve(echoes, .drain = 10, .stop_on_signal = true);
    send_self(SIGINT); /* eddy_run's again: cancels main */
    return eddy_sleep(10);
}
EDDY_CORO(serves_then_sleeps)

TEST_PLAIN(J8_sigint_is_the_servers_then_the_runs)
{
    CHECK_INT(eddy_run(serves_then_sleeps_coro()), EDDY_ECANCELED);
    CHECK_INT(serve_returned, 0);
}

/* ---- with things going wrong ---- */

static int stopped_by_signal(void)
{
    eddy_auto(eddy_server) *server = eddy_try(OPEN(.drain = 0.2));
    eddy_auto(eddy_stream) *stream =
        eddy_try(eddy_connect("127.0.0.1", .port = eddy_server_port(server)));

    eddy_try(eddy_write(stream, "abc", 3));
    send_self(SIGTERM);
    return eddy_server_wait(server);
}

SWEEP(J8_cancelled_anywhere)
{
    signal(SIGTERM, SIG_IGN);
    int r = stopped_by_signal();
    CHECK(!is_blocked(SIGTERM) && !is_blocked(SIGINT));
    return r;
}

TORTURE(J8_with_failures)
{
    signal(SIGTERM, SIG_IGN);
    reports_listen(&reports);
    int r = 0;
    eddy_timeout(3)
        r = stopped_by_signal();
    CHECK(!is_blocked(SIGTERM) && !is_blocked(SIGINT));
    return r;
}

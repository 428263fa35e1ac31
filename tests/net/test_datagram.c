/* The life of datagram endpoints: waiting, cancellation, closing. */
#include "net/datagrams.h"

/* ---- waiting ---- */

TEST(datagram_receive_waits)
{
    struct two two = two_open("127.0.0.1");

    for (int i = 0; i < 5; i++) {
        eddy_auto(eddy_task) *sender =
            eddy_create_task(sends_datagram_after_coro(0.002, two.client, "later"));
        expect(two.server, "later");
        CHECK_INT(eddy_await(sender), 5);
    }
    two_close(&two);
}

TEST(J10_second_receiver_is_refused)
{
    struct two two = two_open("127.0.0.1");
    char buf[8], other[8];
    ssize_t n = 0;
    eddy_datagram_message message = {.data = other, .room = sizeof other};

    eddy_auto(eddy_task) *first = eddy_create_task(receives_coro(two.server, buf, sizeof buf, &n));
    turns(2);
    CHECK_INT(eddy_datagram_receive(two.server, other, sizeof other, NULL), EDDY_EBUSY);
    CHECK_INT(eddy_datagram_receive_many(two.server, &message, 1), EDDY_EBUSY);
    CHECK_INT(eddy_datagram_send(two.client, "x", 1), 1);
    CHECK_INT(eddy_await(first), 0);
    CHECK_INT(n, 1);
    two_close(&two);
}

TEST(J10_cancelled_receive_loses_nothing)
{
    struct two two = two_open("127.0.0.1");
    char buf[8];
    ssize_t n = 0;

    for (int i = 0; i < 3; i++) {
        eddy_auto(eddy_task) *task =
            eddy_create_task(receives_coro(two.server, buf, sizeof buf, &n));
        turns(2);
        eddy_cancel(task);
        CHECK_INT(eddy_datagram_send(two.client, "kept", 4), 4);
        CHECK_INT(eddy_await(task), 0);
        CHECK_INT(n, EDDY_ECANCELED);
        expect(two.server, "kept");
    }
    two_close(&two);
}

TEST(J10_receive_obeys_a_deadline)
{
    struct two two = two_open("127.0.0.1");
    char buf[8];
    ssize_t n = 0;

    eddy_timeout(0.01)
        n = eddy_datagram_receive(two.server, buf, sizeof buf, NULL);
    CHECK_INT(n, EDDY_ETIMEDOUT);
    CHECK_INT(eddy_datagram_send(two.client, "late", 4), 4);
    expect(two.server, "late");
    two_close(&two);
}

/* What has come wins: the receiver was made ready, and is then cancelled in the same turn. */
static int receives_and_cancels(eddy_datagram *d, eddy_task **other)
{
    char byte;

    eddy_try(eddy_datagram_receive(d, &byte, 1, NULL));
    eddy_cancel(*other);
    return 0;
}
EDDY_CORO(receives_and_cancels, eddy_datagram *, eddy_task **)

TEST(D1_datagram_that_has_come_wins_against_cancellation)
{
    struct two first = two_open("127.0.0.1"), second = two_open("127.0.0.1");
    eddy_task *other = NULL;
    ssize_t n = 0;
    char buf[8];

    eddy_auto(eddy_task) *a = eddy_create_task(receives_and_cancels_coro(first.server, &other));
    other = eddy_create_task(receives_coro(second.server, buf, sizeof buf, &n));
    turns(3);
    CHECK_INT(eddy_datagram_send(first.client, "x", 1), 1);
    CHECK_INT(eddy_datagram_send(second.client, "data", 4), 4);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(eddy_await(other), 0);
    CHECK_INT(n, 4);
    eddy_task_close(other);
    two_close(&first);
    two_close(&second);
}

/* ---- senders that wait ---- */

static int floods(eddy_datagram *d, const eddy_address *to, size_t count)
{
    char text[32];

    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%zu", i);
        eddy_try(eddy_datagram_send_to(d, text, strlen(text), to));
    }
    return 0;
}
EDDY_CORO(floods, eddy_datagram *, const eddy_address *, size_t)

static void check_flood(eddy_datagram *from, eddy_datagram *to, const eddy_address *address)
{
    enum { COUNT = 500 };
    char text[32];

    eddy_auto(eddy_task) *sender = eddy_create_task(floods_coro(from, address, COUNT));
    CHECK_OK(eddy_sleep(0.05));
    CHECK(!eddy_task_done(sender));
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "%d", i);
        expect(to, text);
    }
    CHECK_INT(eddy_await(sender), 0);
}

TEST(datagram_sender_waits_for_room)
{
    char name[64];

    unix_name(name, "flood");
    eddy_auto(eddy_datagram) *server = eddy_datagram_open(.path = name);
    eddy_auto(eddy_datagram) *client = eddy_datagram_open(.peer_path = name);
    CHECK(server && client);
    check_flood(client, server, NULL);
}

/* No event tells an unconnected socket that one of many receivers has room. */
TEST(datagram_unconnected_sender_waits_for_its_receiver)
{
    char name[64];
    eddy_address to;

    unix_name(name, "server");
    eddy_auto(eddy_datagram) *server = eddy_datagram_open(.path = name);
    unix_name(name, "client");
    eddy_auto(eddy_datagram) *client = eddy_datagram_open(.path = name);
    CHECK(server && client);
    CHECK_INT(eddy_datagram_local(server, &to), 0);
    check_flood(client, server, &to);
}

TEST(J10_cancelled_send_sends_nothing)
{
    char name[64];
    ssize_t n = 0;
    int sent = 0;

    unix_name(name, "full");
    eddy_auto(eddy_datagram) *server = eddy_datagram_open(.path = name);
    eddy_auto(eddy_datagram) *client = eddy_datagram_open(.peer_path = name);
    for (; n >= 0; sent += n == 5)
        eddy_timeout(0.005)
            n = eddy_datagram_send(client, "first", 5);
    CHECK_INT(n, EDDY_ETIMEDOUT);
    while (sent--)
        expect(server, "first");
    CHECK_INT(eddy_datagram_send(client, "next", 4), 4);
    expect(server, "next");
}

/* ---- closing ---- */

TEST(U2_datagram_close_ends_a_receiver)
{
    struct two two = two_open("127.0.0.1");
    char buf[8];

    eddy_auto(eddy_task) *closer = eddy_create_task(closes_datagram_after_coro(0.005, two.server));
    CHECK_INT(eddy_datagram_receive(two.server, buf, sizeof buf, NULL), EDDY_ECLOSED);
    CHECK_INT(eddy_await(closer), 0);
    eddy_datagram_close(two.client);
}

TEST(U2_datagram_close_ends_senders)
{
    char names[2][64];
    eddy_address to;

    unix_name(names[0], "server");
    unix_name(names[1], "client");
    for (int connected = 0; connected < 2; connected++) {
        eddy_auto(eddy_datagram) *server = eddy_datagram_open(.path = names[0]);
        eddy_datagram *client =
            eddy_datagram_open(.path = names[1], .peer_path = connected ? names[0] : NULL);
        CHECK(server && client);
        CHECK_INT(eddy_datagram_local(server, &to), 0);
        const eddy_address *address = connected ? NULL : &to;
        eddy_auto(eddy_task) *a = eddy_create_task(floods_coro(client, address, 1000000));
        eddy_auto(eddy_task) *b = eddy_create_task(floods_coro(client, address, 1000000));
        CHECK_OK(eddy_sleep(0.01));
        eddy_datagram_close(client);
        CHECK_INT(eddy_await(a), EDDY_ECLOSED);
        CHECK_INT(eddy_await(b), EDDY_ECLOSED);
    }
}

TEST(datagram_port_is_free_once_closed)
{
    struct two two = two_open("127.0.0.1");
    int port = eddy_datagram_port(two.server);
    char buf[8];
    ssize_t n = 0;

    for (int i = 0; i < 3; i++) {
        eddy_timeout(0.002)
            n = eddy_datagram_receive(two.server, buf, sizeof buf, NULL);
        CHECK_INT(n, EDDY_ETIMEDOUT);
        eddy_datagram_close(two.server);
        two.server = eddy_datagram_open(.port = port);
        CHECK(two.server != NULL);
        CHECK_INT(eddy_datagram_port(two.server), port);
    }
    two_close(&two);
}

TEST(datagram_of_nothing)
{
    char buf[4];
    eddy_address address;

    eddy_datagram_close(NULL);
    CHECK_INT(eddy_datagram_receive(NULL, buf, 4, NULL), EDDY_EINVAL);
    CHECK_INT(eddy_datagram_send(NULL, "x", 1), EDDY_EINVAL);
    CHECK_INT(eddy_datagram_local(NULL, &address), EDDY_EBADF);
    CHECK_INT(eddy_datagram_peer(NULL, &address), EDDY_EBADF);
    CHECK_INT(eddy_datagram_port(NULL), 0);
    CHECK_INT(eddy_datagram_fd(NULL), -1);
}

static eddy_datagram *survivor;

static int leaves_an_endpoint(void)
{
    survivor = eddy_try(eddy_datagram_open(.port = 0));
    return 0;
}
EDDY_CORO(leaves_an_endpoint)

TEST_PLAIN(datagram_may_outlive_its_loop)
{
    CHECK_INT(eddy_run(leaves_an_endpoint_coro()), 0);
    eddy_datagram_close(survivor);
}

static ssize_t callback_status[2];

static int call_in_callback(void *datagram)
{
    char byte;

    callback_status[0] = eddy_datagram_receive(datagram, &byte, 1, NULL);
    callback_status[1] = eddy_datagram_send(datagram, "x", 1);
    return 0;
}

TEST(X8_datagram_calls_outside_a_task)
{
    struct two two = two_open("127.0.0.1");

    eddy_loop_call_soon(eddy_loop_running(), call_in_callback, two.client);
    turns(3);
    CHECK_INT(callback_status[0], EDDY_ENOTASK);
    CHECK_INT(callback_status[1], EDDY_ENOTASK);
    two_close(&two);
}

/* D4: a flood of datagrams does not keep the others from running. */
static int counts(int *count)
{
    for (;;) {
        eddy_try(eddy_sleep(0));
        ++*count;
    }
}
EDDY_CORO(counts, int *)

TEST(D4_datagrams_let_others_run)
{
    struct two two = two_open("127.0.0.1");
    int count = 0;

    eddy_auto(eddy_task) *other = eddy_create_task(counts_coro(&count));
    for (int i = 0; i < 640; i++) {
        CHECK_INT(eddy_datagram_send(two.client, "x", 1), 1);
        expect(two.server, "x");
    }
    CHECK(count >= 10);
    two_close(&two);
}

/* ---- many things going wrong ---- */

static int answers(eddy_datagram *d)
{
    char buf[64];
    eddy_address from;

    for (;;) {
        ssize_t n = eddy_try(eddy_datagram_receive(d, buf, sizeof buf, &from));
        eddy_try(eddy_datagram_send_to(d, buf, (size_t)n, &from));
    }
}
EDDY_CORO(answers, eddy_datagram *)

static int ask(void)
{
    char buf[64];

    eddy_auto(eddy_datagram) *server =
        eddy_try(eddy_datagram_open(.receive_buffer = 65536, .multicast_ttl = 2));
    eddy_auto(eddy_datagram) *client = eddy_try(
        eddy_datagram_open(.peer_host = "127.0.0.1", .peer_port = eddy_datagram_port(server)));
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(answers_coro(server)));
    for (int i = 0; i < 3; i++) {
        eddy_try(eddy_datagram_send(client, "question", 8));
        eddy_try(eddy_datagram_receive(client, buf, sizeof buf, NULL));
    }
    return 0;
}

SWEEP(datagram_sweep)
{
    return ask();
}

TORTURE(datagram_torture)
{
    eddy_timeout(0.5)
        return ask();
    return 0;
}

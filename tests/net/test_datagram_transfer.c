/* Receiving and sending datagrams: lengths, failures, several at once. */
#include "net/datagrams.h"

/* ---- one ---- */

TEST(datagram_may_be_empty)
{
    struct two two = two_open("127.0.0.1");
    char buf[4];

    CHECK_INT(eddy_datagram_send(two.client, NULL, 0), 0);
    CHECK_INT(eddy_datagram_send(two.client, "x", 1), 1);
    CHECK_INT(eddy_datagram_receive(two.server, buf, sizeof buf, NULL), 0);
    CHECK_INT(eddy_datagram_receive(two.server, buf, sizeof buf, NULL), 1);
    two_close(&two);
}

TEST(J10_truncation_is_told)
{
    struct two two = two_open("127.0.0.1");
    char buf[4];
    eddy_address from, own;

    CHECK_INT(eddy_datagram_send(two.client, "0123456789", 10), 10);
    CHECK_INT(eddy_datagram_send(two.client, "next", 4), 4);
    CHECK_INT(eddy_datagram_receive(two.server, buf, sizeof buf, &from), EDDY_EMSGSIZE);
    CHECK_CONTAINS(last_message(), "a datagram of 10 bytes was received with room for 4");
    CHECK_MEM(buf, "0123", 4);
    CHECK_INT(eddy_datagram_local(two.client, &own), 0);
    CHECK(eddy_address_equal(&from, &own));
    CHECK_INT(eddy_datagram_receive(two.server, buf, sizeof buf, NULL), 4);
    CHECK_MEM(buf, "next", 4);
    two_close(&two);
}

TEST(J10_too_long_a_datagram_is_refused)
{
    static char large[70000], got[65536];
    struct two two = two_open("127.0.0.1");

    CHECK_INT(eddy_datagram_send(two.client, large, sizeof large), EDDY_EMSGSIZE);
    CHECK_CONTAINS(last_message(), "cannot send 70000 bytes from 127.0.0.1:");
    CHECK_CONTAINS(last_message(), ": message too long");
    CHECK_INT(eddy_datagram_send(two.client, large, 65507), 65507);
    CHECK_INT(eddy_datagram_receive(two.server, got, sizeof got, NULL), 65507);
    two_close(&two);
}

TEST(J10_refused_datagrams_are_told_and_the_endpoint_lives_on)
{
    struct two two = two_open("127.0.0.1");
    int port = eddy_datagram_port(two.server);
    char buf[8];

    eddy_datagram_close(two.server);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(eddy_datagram_send(two.client, "x", 1), 1);
        CHECK_INT(eddy_datagram_receive(two.client, buf, sizeof buf, NULL), EDDY_ECONNREFUSED);
        CHECK_CONTAINS(last_message(), "cannot receive on 127.0.0.1:");
        CHECK_CONTAINS(last_message(), ": connection refused");
    }
    CHECK_INT(eddy_datagram_send(two.client, "x", 1), 1);
    CHECK_INT(eddy_datagram_send(two.client, "x", 1), EDDY_ECONNREFUSED);
    two.server = eddy_datagram_open(.port = port);
    CHECK(two.server != NULL);
    CHECK_INT(eddy_datagram_send(two.client, "again", 5), 5);
    expect(two.server, "again");
    two_close(&two);
}

/* The failure arrives while somebody waits. */
TEST(J10_refusal_wakes_a_receiver)
{
    struct two two = two_open("127.0.0.1");
    char buf[8];

    eddy_datagram_close(two.server);
    for (int i = 0; i < 3; i++) {
        eddy_auto(eddy_task) *sender =
            eddy_create_task(sends_datagram_after_coro(0.002, two.client, "x"));
        CHECK_INT(eddy_datagram_receive(two.client, buf, sizeof buf, NULL), EDDY_ECONNREFUSED);
        CHECK_INT(eddy_await(sender), 1);
    }
    eddy_datagram_close(two.client);
}

TEST(datagram_bad_arguments)
{
    struct two two = two_open("127.0.0.1");
    eddy_datagram_message messages[2] = {{.data = &two, .room = 1}, {.room = 1}};
    eddy_address to;

    CHECK_INT(eddy_datagram_receive(two.server, NULL, 4, NULL), EDDY_EINVAL);
    CHECK_INT(eddy_datagram_send(two.client, NULL, 4), EDDY_EINVAL);
    CHECK_INT(eddy_datagram_receive_many(two.server, messages, 0), EDDY_EINVAL);
    CHECK_INT(eddy_datagram_receive_many(two.server, NULL, 1), EDDY_EINVAL);
    CHECK_INT(eddy_datagram_receive_many(two.server, messages, 2), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "message 1 has no data");
    messages[1] = (eddy_datagram_message){.size = 1};
    CHECK_INT(eddy_datagram_send_many(two.client, messages, 2), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "message 1 has no data");
    CHECK_INT(eddy_datagram_send_many(two.client, messages, 0), EDDY_EINVAL);
    CHECK_INT(eddy_address_parse(&to, "::1", 9), 0);
    CHECK(eddy_datagram_send_to(two.server, "x", 1, &to) < 0);
    CHECK_CONTAINS(last_message(), "cannot send 1 bytes to [::1]:9 from 127.0.0.1:");
    two_close(&two);
}

/* ---- several ---- */

enum { ROOM = 16 };

static void prepare(eddy_datagram_message *messages, char (*texts)[ROOM], size_t n)
{
    for (size_t i = 0; i < n; i++)
        messages[i] = (eddy_datagram_message){.data = texts[i], .room = ROOM};
}

static void number(eddy_datagram_message *messages, char (*texts)[ROOM], size_t n)
{
    prepare(messages, texts, n);
    for (size_t i = 0; i < n; i++)
        messages[i].size = (size_t)snprintf(texts[i], ROOM, "%zu", i);
}

/* Numbers go on from *next. */
static void check_numbers(const eddy_datagram_message *messages, int n, int *next)
{
    char text[ROOM];

    for (int i = 0; i < n; i++) {
        snprintf(text, sizeof text, "%d", (*next)++);
        CHECK_INT(messages[i].size, strlen(text));
        CHECK_MEM(messages[i].data, text, strlen(text));
        CHECK(!messages[i].truncated);
    }
}

TEST(J12_many_sizes_of_batches)
{
    static const size_t sizes[] = {1, 2, 63, 64, 65, 200};
    static char out[200][ROOM], in[100][ROOM];
    static eddy_datagram_message sent[200], got[100];
    struct two two = two_open("127.0.0.1");
    eddy_address own;

    CHECK_INT(eddy_datagram_local(two.client, &own), 0);
    for (size_t i = 0; i < count_of(sizes); i++) {
        int next = 0;

        number(sent, out, sizes[i]);
        CHECK_INT(eddy_datagram_send_many(two.client, sent, sizes[i]), sizes[i]);
        while (next < (int)sizes[i]) {
            prepare(got, in, 100);
            int n = eddy_datagram_receive_many(two.server, got, 100);
            CHECK_INT(n, min_size(sizes[i] - (size_t)next, EDDY_MESSAGES_MAX));
            CHECK(eddy_address_equal(&got[n - 1].address, &own));
            check_numbers(got, n, &next);
        }
    }
    two_close(&two);
}

TEST(J12_receive_many_returns_with_the_first)
{
    struct two two = two_open("127.0.0.1");
    eddy_datagram_message messages[8];
    char texts[8][ROOM];

    for (int i = 0; i < 3; i++) {
        prepare(messages, texts, 8);
        eddy_auto(eddy_task) *sender =
            eddy_create_task(sends_datagram_after_coro(0.002, two.client, "one"));
        CHECK_INT(eddy_datagram_receive_many(two.server, messages, 8), 1);
        CHECK_INT(messages[0].size, 3);
        CHECK_INT(eddy_await(sender), 3);
    }
    two_close(&two);
}

/* What was received is sent back as it is, each to its sender. */
TEST(J12_batches_go_back_to_their_senders)
{
    struct two two = two_open("127.0.0.1");
    eddy_auto(eddy_datagram) *other =
        eddy_datagram_open(.peer_host = "127.0.0.1", .peer_port = eddy_datagram_port(two.server));
    eddy_datagram_message messages[8];
    char texts[8][ROOM];

    CHECK_INT(eddy_datagram_send(two.client, "one", 3), 3);
    CHECK_INT(eddy_datagram_send(other, "two", 3), 3);
    CHECK_INT(eddy_datagram_send(two.client, "three", 5), 5);
    prepare(messages, texts, 8);
    CHECK_INT(eddy_datagram_receive_many(two.server, messages, 8), 3);
    CHECK_INT(eddy_datagram_send_many(two.server, messages, 3), 3);
    expect(two.client, "one");
    expect(two.client, "three");
    expect(other, "two");
    two_close(&two);
}

TEST(J10_truncation_in_a_batch)
{
    struct two two = two_open("127.0.0.1");
    eddy_datagram_message messages[3];
    char texts[3][ROOM];

    CHECK_INT(eddy_datagram_send(two.client, "short", 5), 5);
    CHECK_INT(eddy_datagram_send(two.client, "0123456789abcdefghij", 20), 20);
    CHECK_INT(eddy_datagram_send(two.client, "", 0), 0);
    prepare(messages, texts, 3);
    CHECK_INT(eddy_datagram_receive_many(two.server, messages, 3), 3);
    CHECK(!messages[0].truncated && messages[1].truncated && !messages[2].truncated);
    CHECK_INT(messages[1].size, ROOM);
    CHECK_MEM(texts[1], "0123456789abcdef", ROOM);
    CHECK_INT(messages[2].size, 0);
    two_close(&two);
}

TEST(J12_a_failure_comes_when_nothing_was_sent)
{
    static char large[70000];
    struct two two = two_open("127.0.0.1");
    char a[] = "a", b[] = "b";
    eddy_datagram_message messages[3] = {
        {.data = a, .size = 1}, {.data = large, .size = sizeof large}, {.data = b, .size = 1}};

    CHECK_INT(eddy_datagram_send_many(two.client, messages, 3), 1);
    CHECK_INT(eddy_datagram_send_many(two.client, messages + 1, 2), EDDY_EMSGSIZE);
    CHECK_CONTAINS(last_message(), "cannot send from 127.0.0.1:");
    CHECK_INT(eddy_datagram_send_many(two.client, messages + 2, 1), 1);
    expect(two.server, "a");
    expect(two.server, "b");
    two_close(&two);
}

static int sends_all(eddy_datagram *d, const eddy_datagram_message *messages, size_t n)
{
    return eddy_datagram_send_many(d, messages, n);
}
EDDY_CORO(sends_all, eddy_datagram *, const eddy_datagram_message *, size_t)

TEST(J12_a_batch_waits_for_room_and_an_interrupted_one_tells_how_many)
{
    static char out[300][ROOM];
    static eddy_datagram_message sent[300];
    char name[64];
    int n = 0, next = 0;

    unix_name(name, "batch");
    eddy_auto(eddy_datagram) *server = eddy_datagram_open(.path = name);
    eddy_auto(eddy_datagram) *client = eddy_datagram_open(.peer_path = name);
    number(sent, out, 300);
    eddy_timeout(0.005)
        n = eddy_datagram_send_many(client, sent, 300);
    CHECK(n > 0 && n < 300);
    eddy_auto(eddy_task) *rest =
        eddy_create_task(sends_all_coro(client, sent + n, (size_t)(300 - n)));
    while (next < 300) {
        char in[8][ROOM];
        eddy_datagram_message got[8];

        prepare(got, in, 8);
        check_numbers(got, (int)CHECK_OK(eddy_datagram_receive_many(server, got, 8)), &next);
    }
    CHECK_INT(eddy_await(rest), 300 - n);
}

TEST(J10_cancelled_batch_loses_nothing)
{
    struct two two = two_open("127.0.0.1");
    eddy_datagram_message messages[4];
    char texts[4][ROOM];
    int n = 0;

    for (int i = 0; i < 3; i++) {
        prepare(messages, texts, 4);
        eddy_timeout(0.002)
            n = eddy_datagram_receive_many(two.server, messages, 4);
        CHECK_INT(n, EDDY_ETIMEDOUT);
        CHECK_INT(eddy_datagram_send(two.client, "a", 1), 1);
        CHECK_INT(eddy_datagram_send(two.client, "b", 1), 1);
        CHECK_INT(eddy_datagram_receive_many(two.server, messages, 4), 2);
    }
    two_close(&two);
}

/* ---- many things going wrong ---- */

static int echoes_batches(eddy_datagram *d)
{
    char texts[4][ROOM];
    eddy_datagram_message messages[4];

    for (;;) {
        prepare(messages, texts, 4);
        int n = eddy_try(eddy_datagram_receive_many(d, messages, 4));
        eddy_try(eddy_datagram_send_many(d, messages, (size_t)n));
    }
}
EDDY_CORO(echoes_batches, eddy_datagram *)

static int talk_in_batches(void)
{
    static char out[6][ROOM];
    eddy_datagram_message sent[6];

    eddy_auto(eddy_datagram) *server = eddy_try(eddy_datagram_open(.port = 0));
    eddy_auto(eddy_datagram) *client = eddy_try(
        eddy_datagram_open(.peer_host = "127.0.0.1", .peer_port = eddy_datagram_port(server)));
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(echoes_batches_coro(server)));
    number(sent, out, 6);
    if (eddy_try(eddy_datagram_send_many(client, sent, 6)) < 6)
        return eddy_raise(EDDY_EUSER, "not all were sent");
    for (int got = 0; got < 6;) {
        prepare(sent, out, 6);
        got += eddy_try(eddy_datagram_receive_many(client, sent, 6));
    }
    return 0;
}

SWEEP(datagram_batch_sweep)
{
    return talk_in_batches();
}

TORTURE(datagram_batch_torture)
{
    eddy_timeout(0.5)
        return talk_in_batches();
    return 0;
}

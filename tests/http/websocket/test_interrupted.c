/* test_interrupted.c - calls that are cancelled, out of time, beside others, or whose WebSocket is
 * closed meanwhile. */
#include "closing.h"
#include "peer.h"

static int send_slowly(struct peer *p)
{
    char bytes[200];
    size_t n = peer_frame(p, bytes, EDDY__OP_TEXT, "one ", 4);

    n += peer_frame(p, bytes + n, FIN | EDDY__OP_PING, "?", 1);
    n += peer_frame(p, bytes + n, FIN | EDDY__OP_CONTINUE, "message", 7);
    n += peer_frame(p, bytes + n, FIN | EDDY__OP_TEXT, "two", 3);
    for (size_t i = 0; i < n; i++) {
        eddy_try(eddy_write(p->raw, bytes + i, 1));
        eddy_try(eddy_sleep(1));
    }
    return 0;
}
EDDY_CORO(send_slowly, struct peer *)

TEST(websocket_HW1_a_receive_that_is_interrupted_goes_on)
{
    eddy_auto(peer) p = {0};
    eddy_websocket_message message;
    int status = EDDY_ETIMEDOUT, interrupted = 0;

    CHECK_OK(peer_open(&p, false));
    eddy_auto(eddy_task) *task = eddy_create_task(send_slowly_coro(&p));
    for (; status == EDDY_ETIMEDOUT; interrupted++)
        eddy_timeout(0.7)
            status = eddy_websocket_receive(p.ws, &message);
    CHECK_INT(status, 1);
    CHECK_STR(message.data, "one message");
    CHECK(interrupted > 20);
    PEER_TOOK(&p, FIN | EDDY__OP_PONG, "?");
    CHECK_INT(eddy_websocket_receive(p.ws, &message), 1);
    CHECK_STR(message.data, "two");
}

TEST(websocket_HW2_a_send_that_is_interrupted_has_sent_nothing_or_ends_sending)
{
    eddy_auto(peer) p = {0};
    eddy_websocket_message message;
    struct eddy__frame frame;
    char *big = calloc(1, 1 << 20);
    int status = 0, sent = 0;

    CHECK_OK(peer_open(&p, false));
    for (; status == 0; sent++)
        eddy_timeout(1)
            status = eddy_websocket_send(p.ws, EDDY_WEBSOCKET_BINARY, big, 30000);
    CHECK_INT(status, EDDY_ETIMEDOUT);
    for (int i = 1; i < sent; i++) {
        CHECK_INT(peer_take(&p, &frame, big, 1 << 20), 1);
        CHECK_INT(frame.size, 30000);
    }
    CHECK_OK(eddy_websocket_printf(p.ws, "small"));
    PEER_TOOK(&p, FIN | EDDY__OP_TEXT, "small");

    eddy_timeout(1)
        status = eddy_websocket_send(p.ws, EDDY_WEBSOCKET_BINARY, big, 1 << 20);
    CHECK_INT(status, EDDY_ETIMEDOUT);
    CHECK_INT(eddy_websocket_printf(p.ws, "more"), EDDY_EPIPE);
    CHECK_OK(peer_say(&p, FIN | EDDY__OP_TEXT, "still heard"));
    CHECK_INT(eddy_websocket_receive(p.ws, &message), 1);
    free(big);
}

static int send_many(eddy_websocket *ws, char letter)
{
    char *data = malloc(100000);
    int status = 0;

    memset(data, letter, 100000);
    for (int i = 0; i < 5 && status >= 0; i++)
        status = eddy_websocket_send(ws, EDDY_WEBSOCKET_TEXT, data, 100000);
    free(data);
    return status;
}
EDDY_CORO(send_many, eddy_websocket *, char)

static int receive_once(eddy_websocket *ws, int *status)
{
    eddy_websocket_message message;

    *status = eddy_websocket_receive(ws, &message);
    return 0;
}
EDDY_CORO(receive_once, eddy_websocket *, int *)

TEST(websocket_HW3_several_send_and_one_receives)
{
    eddy_stream *pair[2];
    eddy_websocket_message message;
    int status = 0, counts[3] = {0};

    CHECK_OK(eddy_stream_pair(pair));
    struct eddy__websocket_settings settings = {0};
    eddy_auto(eddy_websocket) *server = eddy__websocket_open(pair[0], false, &settings);
    eddy_auto(eddy_websocket) *client = eddy__websocket_open(pair[1], true, &settings);
    eddy_auto(eddy_group) *group = eddy_group_open();
    for (char c = 'a'; c < 'd'; c++)
        CHECK_OK(eddy_group_start(group, send_many_coro(client, c)));
    for (int i = 0; i < 15; i++) {
        CHECK_INT(eddy_websocket_receive(server, &message), 1);
        CHECK_INT(message.size, 100000);
        for (size_t k = 0; k < message.size; k++)
            CHECK(message.data[k] == message.data[0]);
        counts[message.data[0] - 'a']++;
    }
    for (int i = 0; i < 3; i++)
        CHECK_INT(counts[i], 5);
    CHECK_OK(eddy_group_start(group, receive_once_coro(server, &status)));
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(eddy_websocket_receive(server, &message), EDDY_EBUSY);
    CHECK_OK(eddy_websocket_end(client, 1000, NULL));
    CHECK_OK(eddy_group_join(group));
    CHECK_INT(status, 0);
}

TEST(websocket_HW4_codes_that_were_received)
{
    eddy_websocket_message message;
    eddy_auto(peer) p = {0};
    eddy_auto(peer) q = {0};

    CHECK_OK(peer_open(&p, false));
    CHECK_INT(eddy_websocket_code(p.ws), 0);
    CHECK_STR(eddy_websocket_reason(p.ws), "");
    CHECK_OK(peer_say(&p, FIN | EDDY__OP_CLOSE, "\x0f\xa1reason"));
    CHECK_INT(eddy_websocket_receive(p.ws, &message), 0);
    CHECK_INT(eddy_websocket_code(p.ws), 4001);
    CHECK_STR(eddy_websocket_reason(p.ws), "reason");
    CHECK_INT(peer_take_close(&p), 4001);
    CHECK_INT(eddy_websocket_printf(p.ws, "late"), EDDY_EPIPE);

    CHECK_OK(peer_open(&q, false));
    eddy_stream_close(eddy_take(q.raw));
    CHECK_INT(eddy_websocket_receive(q.ws, &message), EDDY_EOF);
    CHECK_INT(eddy_websocket_code(q.ws), 1006);
}

TEST(websocket_HW9_a_peer_that_answers_no_ping_is_lost)
{
    eddy_auto(peer) p = {0};
    eddy_websocket_message message;
    double began = eddy_time();

    CHECK_OK(peer_open(&p, false, .heartbeat = 10));
    CHECK_INT(eddy_websocket_receive(p.ws, &message), EDDY_ETIMEDOUT);
    CHECK_NEAR(eddy_time() - began, 20, 0.1);
    PEER_TOOK(&p, FIN | EDDY__OP_PING, "");
    CHECK_INT(eddy_websocket_receive(p.ws, &message), EDDY_ETIMEDOUT);
    CHECK_INT(eddy_websocket_code(p.ws), 1006);
}

/* The owner closes it while a call of another task is inside, where that may yield. */
TEST(websocket_HW14_calls_end_when_it_is_closed)
{
    eddy_websocket_message message;

    for (int call = 0; call < 3; call++) {
        peer p;

        CHECK_OK(peer_open(&p, call == 2));
        int status = call == 0   ? CLOSED_IN_THE_CALL(eddy_websocket_close, p.ws,
                                                      eddy_websocket_receive(p.ws, &message))
                     : call == 1 ? CLOSED_IN_THE_CALL(eddy_websocket_close, p.ws,
                                                      eddy_websocket_printf(p.ws, "x"))
                                 : CLOSED_IN_THE_CALL(eddy_websocket_close, p.ws,
                                                      eddy_websocket_end(p.ws, 1000, NULL));
        CHECK(status == EDDY_ECLOSED ||
              (call == 1 ? status == EDDY_EPIPE : call == 2 && status == EDDY_ETIMEDOUT));
        eddy_stream_close(p.raw);
    }
}

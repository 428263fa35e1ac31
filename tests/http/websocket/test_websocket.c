/* test_websocket.c - messages both ways, pings, what is left when it is closed. */
#include "peer.h"

TEST(websocket_echoes_texts_and_bytes)
{
    eddy_auto(peer) p = {0};
    eddy_websocket_message message;

    CHECK_OK(peer_open(&p, false));
    CHECK_OK(peer_say(&p, FIN | EDDY__OP_TEXT, "hello"));
    CHECK_INT(eddy_websocket_receive(p.ws, &message), 1);
    CHECK_STR(message.data, "hello");
    CHECK_INT(message.size, 5);
    CHECK_INT(message.kind, EDDY_WEBSOCKET_TEXT);
    CHECK_OK(eddy_websocket_printf(p.ws, "%.*s!", (int)message.size, message.data));
    PEER_TOOK(&p, FIN | EDDY__OP_TEXT, "hello!");

    CHECK_OK(peer_send(&p, FIN | EDDY__OP_BINARY, "\0\xff", 2));
    CHECK_INT(eddy_websocket_receive(p.ws, &message), 1);
    CHECK_INT(message.kind, EDDY_WEBSOCKET_BINARY);
    CHECK_MEM(message.data, "\0\xff", 2);
    CHECK_OK(eddy_websocket_send(p.ws, message.kind, NULL, 0));
    PEER_TOOK(&p, FIN | EDDY__OP_BINARY, "");
}

TEST(websocket_of_a_client_masks)
{
    eddy_auto(peer) p = {0};
    eddy_websocket_message message;

    CHECK_OK(peer_open(&p, true));
    CHECK_OK(eddy_websocket_printf(p.ws, "%d", 42));
    PEER_TOOK(&p, FIN | EDDY__OP_TEXT, "42");
    CHECK_OK(peer_say(&p, FIN | EDDY__OP_TEXT, "hello"));
    CHECK_INT(eddy_websocket_receive(p.ws, &message), 1);
    CHECK_STR(message.data, "hello");
}

static int echo(eddy_websocket *ws)
{
    eddy_websocket_message message;

    while (eddy_try(eddy_websocket_receive(ws, &message)) > 0)
        eddy_try(eddy_websocket_send(ws, message.kind, message.data, message.size));
    return 0;
}
EDDY_CORO(echo, eddy_websocket *)

/* Two of them, one upon each end. */
static int open_both(eddy_websocket *both[2], const struct eddy__websocket_settings *settings)
{
    eddy_stream *pair[2];

    both[0] = both[1] = NULL;
    eddy_try(eddy_stream_pair(pair));
    for (int i = 0; i < 2; i++) {
        both[i] = eddy__websocket_open(pair[i], i == 1, settings);
        if (both[i])
            continue;
        int status = eddy_last_status();

        eddy_stream_close(pair[i]);
        if (i == 0)
            eddy_stream_close(pair[1]);
        return status;
    }
    return 0;
}

static int converse(const struct eddy__websocket_settings *settings, size_t size)
{
    eddy_websocket *both[2];
    eddy_websocket_message message;
    char *data = malloc(size + 1);
    int status = open_both(both, settings);
    eddy_auto(eddy_websocket) *server = both[0];
    eddy_auto(eddy_websocket) *client = both[1];

    for (size_t i = 0; i < size; i++)
        data[i] = (char)('a' + i % 13 * (i % 7));
    eddy_auto(eddy_task) *task = status < 0 ? NULL : eddy_create_task(echo_coro(server));
    if (status >= 0)
        status = task ? 0 : eddy_last_status();
    /* Where memory lacks the echo may have ended, while heartbeats go on. */
    eddy_timeout(60) {
        for (int i = 0; i < 3 && status >= 0; i++) {
            status = eddy_websocket_send(client, EDDY_WEBSOCKET_BINARY, data, size);
            if (status >= 0)
                status = eddy_websocket_receive(client, &message);
            if (status > 0) {
                CHECK_INT(message.size, size);
                CHECK_MEM(message.data, data, size);
            }
        }
    }
    free(data);
    eddy_try(status);
    eddy_try(eddy_websocket_end(client, 1000, "bye"));
    eddy_try(eddy_await(task));
    CHECK_INT(eddy_websocket_code(server), 1000);
    CHECK_STR(eddy_websocket_reason(server), "bye");
    CHECK_INT(eddy_websocket_code(client), 1000);
    return 0;
}

TEST(websocket_of_both_sides_end_in_order)
{
    for (size_t size = 0; size < 300000; size = size * 3 + 1)
        CHECK_OK(converse(&(struct eddy__websocket_settings){0}, size));
    CHECK_OK(converse(&(struct eddy__websocket_settings){0}, 3 << 20));
}

SWEEP(websocket_conversations_can_be_cancelled)
{
    return converse(&(struct eddy__websocket_settings){0}, 200);
}

TORTURE(websocket_conversations_may_lack_memory)
{
    return converse(&(struct eddy__websocket_settings){.heartbeat = 1}, 70000);
}

TEST(websocket_packs_messages)
{
    for (int forgets = 0; forgets < 2; forgets++)
        for (size_t size = 0; size < 300000; size = size * 3 + 1)
            CHECK_OK(
                converse(&(struct eddy__websocket_settings){.deflate = {.on = true,
                                                                        .out_bits = 15,
                                                                        .out_forgets = forgets,
                                                                        .in_forgets = forgets}},
                         size));
}

TORTURE(websocket_packing_may_lack_memory)
{
    return converse(&(struct eddy__websocket_settings){.deflate = {.on = true, .out_bits = 9}},
                    1000);
}

TEST(websocket_messages_as_streams)
{
    eddy_websocket *both[2];
    eddy_websocket_message message;
    eddy_websocket_kind kind;
    eddy_stream *body;
    char text[16];

    CHECK_OK(open_both(both, &(struct eddy__websocket_settings){.limit = 100}));
    eddy_auto(eddy_websocket) *server = both[0];
    eddy_auto(eddy_websocket) *client = both[1];

    eddy_auto(eddy_stream) *out = eddy_websocket_send_stream(client, EDDY_WEBSOCKET_TEXT);
    CHECK(out);
    for (int i = 0; i < 300; i++)
        CHECK_OK(eddy_printf(out, "line %d\n", i));
    CHECK_INT(eddy_websocket_receive_stream(server, &kind, &body), 1);
    CHECK_INT(kind, EDDY_WEBSOCKET_TEXT);
    CHECK_INT(eddy_websocket_receive(server, &message), EDDY_EBUSY);
    char *line;
    for (int i = 0; i < 200; i++) {
        CHECK_OK(eddy_read_line(body, &line));
        snprintf(text, sizeof text, "line %d", i);
        CHECK_STR(line, text);
    }
    eddy_stream_close(body); /* the rest is dropped */
    CHECK_OK(eddy_write_eof(out));
    eddy_stream_close(eddy_take(out));
    CHECK_OK(eddy_websocket_printf(client, "next"));
    CHECK_INT(eddy_websocket_receive(server, &message), 1);
    CHECK_STR(message.data, "next");
}

TEST(websocket_message_that_is_cut_off_ends_the_sending)
{
    eddy_auto(peer) p = {0};

    CHECK_OK(peer_open(&p, false));
    eddy_stream *out = eddy_websocket_send_stream(p.ws, EDDY_WEBSOCKET_BINARY);
    CHECK_OK(eddy_write(out, "half", 4));
    PEER_TOOK(&p, EDDY__OP_BINARY, "half");
    eddy_stream_close(out);
    CHECK_INT(eddy_websocket_printf(p.ws, "next"), EDDY_EPIPE);
    out = eddy_websocket_send_stream(p.ws, EDDY_WEBSOCKET_BINARY);
    CHECK(!out && eddy_last_status() == EDDY_EPIPE);
}

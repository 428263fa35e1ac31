/* test_receive.c - what a peer may send and what it may not: the cases of Autobahn's testsuite by
 * their numbers, as bytes. Each runs against a server and a client. */
#include "peer.h"

struct sent {
    int head;
    const char *data;
};

struct autobahn {
    const char *number;
    struct sent frames[8];
    const char *got[4]; /* the messages, up to NULL */
    int code;           /* that it is closed with; 0: nothing is wrong */
};

#define TEXT EDDY__OP_TEXT
#define BIN EDDY__OP_BINARY
#define CONT EDDY__OP_CONTINUE
#define PING EDDY__OP_PING
#define PONG EDDY__OP_PONG

static const struct autobahn cases[] = {
    {"1.1.1", {{FIN | TEXT, ""}}, {""}, 0},
    {"1.2.2", {{FIN | BIN, "\xfe\xff"}}, {"\xfe\xff"}, 0},
    {"2.7", {{FIN | PONG, ""}}, {NULL}, 0},
    {"2.8", {{FIN | PONG, "unsolicited"}, {FIN | TEXT, "a"}}, {"a"}, 0},
    {"3.1", {{FIN | 0x40 | TEXT, "a"}}, {NULL}, 1002},
    {"3.2", {{FIN | TEXT, "a"}, {FIN | 0x20 | TEXT, "b"}, {FIN | PING, ""}}, {"a"}, 1002},
    {"3.3", {{FIN | TEXT, "a"}, {FIN | 0x30 | TEXT, "b"}}, {"a"}, 1002},
    {"3.5", {{FIN | 0x50 | BIN, "a"}}, {NULL}, 1002},
    {"3.6", {{FIN | 0x60 | PING, "a"}}, {NULL}, 1002},
    {"3.7", {{FIN | 0x70 | EDDY__OP_CLOSE, ""}}, {NULL}, 1002},
    {"4.1.1", {{FIN | 3, ""}}, {NULL}, 1002},
    {"4.1.3", {{FIN | TEXT, "a"}, {FIN | 5, ""}, {FIN | PING, ""}}, {"a"}, 1002},
    {"4.1.5", {{FIN | TEXT, "a"}, {FIN | 7, "b"}}, {"a"}, 1002},
    {"4.2.1", {{FIN | 11, ""}}, {NULL}, 1002},
    {"4.2.5", {{FIN | TEXT, "a"}, {FIN | 15, "b"}}, {"a"}, 1002},
    {"5.1", {{PING, "frag"}, {FIN | CONT, "ment"}}, {NULL}, 1002},
    {"5.2", {{PONG, "frag"}, {FIN | CONT, "ment"}}, {NULL}, 1002},
    {"5.3", {{TEXT, "frag"}, {FIN | CONT, "ment"}}, {"fragment"}, 0},
    {"5.6", {{TEXT, "frag"}, {FIN | PONG, "x"}, {FIN | CONT, "ment"}}, {"fragment"}, 0},
    {"5.9", {{FIN | CONT, "alone"}, {FIN | TEXT, "a"}}, {NULL}, 1002},
    {"5.12", {{CONT, "alone"}, {FIN | TEXT, "a"}}, {NULL}, 1002},
    {"5.15", {{TEXT, "1"}, {FIN | CONT, "2"}, {CONT, "3"}, {FIN | CONT, "4"}}, {"12"}, 1002},
    {"5.18", {{TEXT, "frag"}, {FIN | TEXT, "ment"}}, {NULL}, 1002},
    {"5.19", {{TEXT, "1"}, {CONT, ""}, {CONT, "3"}, {CONT, "4"}, {FIN | CONT, "5"}}, {"1345"}, 0},
    {"6.1.2", {{TEXT, ""}, {CONT, ""}, {FIN | CONT, ""}}, {""}, 0},
    {"6.1.3", {{TEXT, ""}, {CONT, "middle"}, {FIN | CONT, ""}}, {"middle"}, 0},
    {"6.2.1",
     {{FIN | TEXT, "Hello-\xc2\xb5@\xc3\x9f-UTF-8!!"}},
     {"Hello-\xc2\xb5@\xc3\x9f-UTF-8!!"},
     0},
    {"6.2.3", {{TEXT, "\xc2"}, {FIN | CONT, "\xb5"}}, {"\xc2\xb5"}, 0},
    {"6.3.1", {{FIN | TEXT, "\xce\xba\xed\xa0\x80 edited"}}, {NULL}, 1007},
    {"6.4.1", {{TEXT, "\xce\xba\xf4\x90\x80\x80"}}, {NULL}, 1007}, /* at once: no end has come */
    {"6.4.2", {{TEXT, "\xf4"}, {CONT, "\x90"}}, {NULL}, 1007},
    {"6.5.1", {{FIN | TEXT, "\xce\xba\xe1\xbd"}}, {NULL}, 1007}, /* ends in a character */
    {"6.11.5", {{FIN | TEXT, "\xf4\x90\x80\x80"}}, {NULL}, 1007},
    {"6.20.1", {{FIN | BIN, "\xed\xa0\x80"}}, {"\xed\xa0\x80"}, 0}, /* bytes may be anything */
    {"7.1.1", {{FIN | TEXT, "a"}, {FIN | EDDY__OP_CLOSE, "\x03\xe8"}}, {"a"}, 1000},
    {"7.1.2",
     {{FIN | EDDY__OP_CLOSE, "\x03\xe9"}, {FIN | EDDY__OP_CLOSE, "\x03\xe8"}},
     {NULL},
     1001},
    {"7.1.3", {{FIN | EDDY__OP_CLOSE, "\x03\xe9"}, {FIN | PING, ""}}, {NULL}, 1001},
    {"7.1.5", {{TEXT, "half"}, {FIN | EDDY__OP_CLOSE, "\x03\xe9"}}, {NULL}, 1001},
    {"7.3.1", {{FIN | EDDY__OP_CLOSE, ""}}, {NULL}, 1005},
    {"7.3.2", {{FIN | EDDY__OP_CLOSE, "a"}}, {NULL}, 1002},
    {"7.3.4", {{FIN | EDDY__OP_CLOSE, "\x03\xe9 words"}}, {NULL}, 1001},
    {"7.5.1", {{FIN | EDDY__OP_CLOSE, "\x03\xe8\xce\xba\xed\xa0\x80"}}, {NULL}, 1007},
    {"7.9.2", {{FIN | EDDY__OP_CLOSE, "\x03\xe7"}}, {NULL}, 1002}, /* 999 */
    {"7.9.4", {{FIN | EDDY__OP_CLOSE, "\x03\xed"}}, {NULL}, 1002}, /* 1005 */
    {"7.9.5", {{FIN | EDDY__OP_CLOSE, "\x03\xee"}}, {NULL}, 1002}, /* 1006 */
    {"7.9.8", {{FIN | EDDY__OP_CLOSE, "\x07\xd0"}}, {NULL}, 1002}, /* 2000 */
    {"7.7.9", {{FIN | EDDY__OP_CLOSE, "\x0b\xb8"}}, {NULL}, 3000},
    {"7.13.1", {{FIN | EDDY__OP_CLOSE, "\x13\x88"}}, {NULL}, 1002}, /* 5000 */
};

/* All bytes of a case; how many. */
static size_t bytes_of(const struct peer *p, const struct autobahn *c, char *bytes)
{
    size_t n = 0;

    for (const struct sent *s = c->frames; s->data; s++)
        n += peer_frame(p, bytes + n, s->head, s->data, strlen(s->data));
    return n;
}

struct writing {
    eddy_stream *to;
    const char *bytes;
    size_t size, piece;
};

static int write_in_pieces(struct writing *w)
{
    for (size_t at = 0; at < w->size; at += w->piece) {
        size_t n = w->size - at < w->piece ? w->size - at : w->piece;

        eddy_try(eddy_write(w->to, w->bytes + at, n));
        eddy_try(eddy_sleep(0.001));
    }
    return 0;
}
EDDY_CORO(write_in_pieces, struct writing *)

/* The code of the first close among what was sent. */
static int closed_with(peer *p)
{
    struct eddy__frame frame;
    char data[256];

    while (CHECK_OK(peer_take(p, &frame, data, sizeof data)) > 0)
        if (frame.opcode == EDDY__OP_CLOSE)
            return frame.size ? (unsigned char)data[0] << 8 | (unsigned char)data[1] : 1005;
    return 0;
}

static int expected_status(int code)
{
    return code == 1002 || code == 1007 ? EDDY_EPROTO : 0;
}

static void run_case(const struct autobahn *c, bool client, size_t piece)
{
    eddy_auto(peer) p = {0};
    eddy_websocket_message message;
    char bytes[400];
    int status = 1;

    CHECK_OK(peer_open(&p, client));
    struct writing writing = {p.raw, bytes, bytes_of(&p, c, bytes), piece};
    eddy_auto(eddy_task) *task = eddy_create_task(write_in_pieces_coro(&writing));
    if (c->code == 0)
        eddy_ignore(eddy_await(task));
    if (c->code == 0)
        CHECK_OK(peer_send_close(&p, 1000));
    for (int i = 0; c->got[i]; i++) {
        CHECK_INT(eddy_websocket_receive(p.ws, &message), 1);
        CHECK_STR(message.data, c->got[i]);
    }
    status = eddy_websocket_receive(p.ws, &message);
    CHECK_INT(status, expected_status(c->code));
    CHECK_INT(eddy_websocket_receive(p.ws, &message), status);
    CHECK_INT(eddy_websocket_code(p.ws), status < 0 ? 1006 : c->code ? c->code : 1000);
    CHECK_INT(closed_with(&p), c->code ? c->code : 1000);
}

static void run_all(size_t piece)
{
    for (size_t i = 0; i < count_of(cases); i++)
        for (int client = 0; client < 2; client++)
            run_case(&cases[i], client, piece);
}

TEST(websocket_HW5_autobahn_cases_at_once)
{
    run_all(1000);
}

TEST(websocket_HW5_autobahn_cases_byte_by_byte)
{
    run_all(1);
}

/* 1, 9: messages of many sizes, in frames of many sizes. */
TEST(websocket_messages_of_all_sizes)
{
    static const size_t sizes[] = {0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 1 << 20};
    char *data = malloc(1 << 20), *bytes = malloc(4 << 20);

    memset(data, '*', 1 << 20);
    for (size_t i = 0; i < count_of(sizes); i++)
        for (size_t piece = 64; piece <= 1 << 20; piece *= 32) {
            eddy_auto(peer) p = {0};
            eddy_websocket_message message;
            size_t n = 0, sent = 0;

            CHECK_OK(peer_open(&p, false));
            for (bool last = false; !last; sent += piece) {
                last = sizes[i] - sent <= piece;
                n += peer_frame(&p, bytes + n, (sent ? CONT : BIN) | (last ? FIN : 0), data,
                                last ? sizes[i] - sent : piece);
            }
            struct writing writing = {p.raw, bytes, n, 100000};
            eddy_auto(eddy_task) *task = eddy_create_task(write_in_pieces_coro(&writing));
            CHECK_INT(eddy_websocket_receive(p.ws, &message), 1);
            CHECK_INT(message.size, sizes[i]);
            CHECK_MEM(message.data, data, sizes[i]);
        }
    free(data);
    free(bytes);
}

/* ---- rows of hostile input ---- */

/* 34, HW11 */
TEST(http_row_34_masks_are_fresh_and_unmasked_frames_are_refused)
{
    struct eddy__frame frame;
    unsigned char keys[100][4];
    char data[16];
    eddy_auto(peer) p = {0};
    eddy_websocket_message message;

    CHECK_OK(peer_open(&p, true));
    for (int i = 0; i < 100; i++) {
        CHECK_OK(eddy_websocket_printf(p.ws, "x"));
        CHECK_INT(peer_take(&p, &frame, data, sizeof data), 1);
        memcpy(keys[i], frame.key, 4);
    }
    for (int i = 0, same = 0; i < 100; i++)
        for (int j = 0; j < i; j++)
            CHECK((same += memcmp(keys[i], keys[j], 4) == 0) < 3);

    eddy_auto(peer) s = {0};
    CHECK_OK(peer_open(&s, false));
    s.client = true; /* its peer sends as a server does */
    CHECK_OK(peer_say(&s, FIN | TEXT, "unmasked"));
    s.client = false;
    CHECK_INT(eddy_websocket_receive(s.ws, &message), EDDY_EPROTO);
    CHECK_INT(peer_take_close(&s), 1002);
}

static const struct eddy__deflate_terms packed = {.on = true, .out_bits = 15};

/* A megabyte of one letter, packed, in *size bytes. */
static char *bomb(size_t *size)
{
    struct eddy__packer *packer = eddy__packer_open(&packed);
    char *plain = malloc(1 << 20), *bytes = malloc(1 << 16);
    size_t used = 0;

    memset(plain, 'a', 1 << 20);
    *size = eddy__packer_take(packer, plain, 1 << 20, &used, bytes, 1 << 16) - 4;
    CHECK_INT(used, 1 << 20);
    eddy__packer_close(packer);
    free(plain);
    return bytes;
}

/* 35, HW12 */
TEST(http_row_35_a_bomb_is_1009_and_rsv1_must_be_agreed)
{
    eddy_auto(peer) p = {0};
    eddy_auto(peer) q = {0};
    eddy_websocket_message message;
    size_t size;
    char *bytes = bomb(&size);

    CHECK(size < 2000);
    CHECK_OK(peer_open(&p, false, .deflate = packed, .limit = (1 << 20) - 1));
    CHECK_OK(peer_send(&p, FIN | RSV1 | TEXT, bytes, size));
    CHECK_INT(eddy_websocket_receive(p.ws, &message), EDDY_ELIMIT);
    CHECK_INT(peer_take_close(&p), 1009);

    CHECK_OK(peer_open(&q, false, .deflate = packed, .limit = 1 << 20));
    CHECK_OK(peer_send(&q, FIN | RSV1 | TEXT, bytes, size));
    CHECK_INT(eddy_websocket_receive(q.ws, &message), 1);
    CHECK_INT(message.size, 1 << 20);
    CHECK_OK(peer_send(&q, RSV1 | TEXT, bytes, 4));
    CHECK_OK(peer_send(&q, FIN | RSV1 | CONT, bytes + 4, size - 4));
    CHECK_INT(eddy_websocket_receive(q.ws, &message), EDDY_EPROTO);
    CHECK_INT(peer_take_close(&q), 1002);
    free(bytes);
}

TEST(websocket_packed_messages_that_cannot_be_unpacked)
{
    eddy_auto(peer) p = {0};
    eddy_websocket_message message;

    CHECK_OK(peer_open(&p, false, .deflate = packed));
    CHECK_OK(peer_say(&p, FIN | RSV1 | TEXT, "\xff\xff\xff\xff"));
    CHECK_INT(eddy_websocket_receive(p.ws, &message), EDDY_EPROTO);
    CHECK_INT(peer_take_close(&p), 1007);
}

/* The examples of RFC 7692 section 7.2.3. */
TEST(websocket_packed_messages_of_rfc_7692)
{
    eddy_auto(peer) p = {0};
    eddy_websocket_message message;
    static const struct {
        const char *bytes;
        size_t size;
    } hellos[] = {
        {"\xf2\x48\xcd\xc9\xc9\x07\x00", 7},
        {"\xf2\x00\x11\x00\x00", 5}, /* with what came before */
        {"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11},
        {"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8}, /* a last block */
        {"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13},
    };

    CHECK_OK(peer_open(&p, false, .deflate = packed));
    for (size_t i = 0; i < count_of(hellos); i++) {
        CHECK_OK(peer_send(&p, FIN | RSV1 | TEXT, hellos[i].bytes, hellos[i].size));
        CHECK_INT(eddy_websocket_receive(p.ws, &message), 1);
        CHECK_STR(message.data, "Hello");
    }
}

/* 36, HW6. Of HW7 the cases 6.4. */
TEST(http_row_36_a_message_beyond_the_limit_is_1009_before_memory)
{
    static const char huge[] = "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\1\2\3\4";
    eddy_auto(peer) p = {0};
    eddy_auto(peer) q = {0};
    eddy_auto(peer) exact = {0};
    eddy_websocket_message message;
    char data[100] = "";

    CHECK_OK(peer_open(&p, false));
    CHECK_OK(eddy_write(p.raw, huge, sizeof huge - 1));
    CHECK_INT(eddy_websocket_receive(p.ws, &message), EDDY_ELIMIT);
    CHECK_INT(peer_take_close(&p), 1009);

    CHECK_OK(peer_open(&q, false, .limit = 250));
    CHECK_OK(peer_send(&q, BIN, data, 100));
    CHECK_OK(peer_send(&q, CONT, data, 100));
    CHECK_OK(peer_send(&q, CONT, data, 51));
    CHECK_INT(eddy_websocket_receive(q.ws, &message), EDDY_ELIMIT);
    CHECK_INT(peer_take_close(&q), 1009);

    CHECK_OK(peer_open(&exact, false, .limit = 200));
    CHECK_OK(peer_send(&exact, BIN, data, 100));
    for (int i = 0; i < 1000; i++)
        CHECK_OK(peer_send(&exact, CONT, NULL, 0));
    CHECK_OK(peer_send(&exact, FIN | CONT, data, 100));
    CHECK_INT(eddy_websocket_receive(exact.ws, &message), 1);
    CHECK_INT(message.size, 200);
}

/* 16 MiB where nothing was set. */
TEST(http_row_42_a_message_has_a_limit_by_default)
{
    static const char over[] = "\x82\xff\0\0\0\0\1\0\0\1\1\2\3\4";
    eddy_auto(peer) p = {0};
    eddy_websocket_message message;

    CHECK_OK(peer_open(&p, false));
    CHECK_OK(eddy_write(p.raw, over, sizeof over - 1));
    CHECK_INT(eddy_websocket_receive(p.ws, &message), EDDY_ELIMIT);
    CHECK_INT(peer_take_close(&p), 1009);
}

TEST(http_row_36_long_control_frames_are_1002)
{
    eddy_auto(peer) p = {0};
    eddy_websocket_message message;
    char data[126] = "";

    CHECK_OK(peer_open(&p, false));
    CHECK_OK(peer_send(&p, FIN | PING, data, 125));
    CHECK_OK(peer_send(&p, FIN | PING, data, 126));
    CHECK_INT(eddy_websocket_receive(p.ws, &message), EDDY_EPROTO);
    struct eddy__frame frame;
    char room[200];
    CHECK_INT(peer_take(&p, &frame, room, sizeof room), 1);
    CHECK_INT(frame.opcode, PONG);
    CHECK_INT(frame.size, 125);
    CHECK_INT(peer_take_close(&p), 1002);
}

/* 37, HW4, HW7: codes to the wire. Those received are among the cases. */
TEST(http_row_37_codes_that_are_never_sent)
{
    static const int never[] = {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, -1};
    eddy_auto(peer) p = {0};
    char reason[200];

    CHECK_OK(peer_open(&p, false));
    for (size_t i = 0; i < count_of(never); i++)
        CHECK_INT(eddy_websocket_end(p.ws, never[i], NULL), EDDY_EINVAL);
    memset(reason, 'r', sizeof reason);
    reason[124] = '\0';
    CHECK_INT(eddy_websocket_end(p.ws, 1000, reason), EDDY_EINVAL);
    CHECK_INT(eddy_websocket_end(p.ws, 1000, "\xff"), EDDY_EINVAL);
    CHECK_INT(eddy_websocket_printf(p.ws, "\xff"), EDDY_EINVAL);
    CHECK_OK(peer_send_close(&p, 4321));
    reason[123] = '\0';
    CHECK_OK(eddy_websocket_end(p.ws, 3000, reason));
    CHECK_INT(peer_take_close(&p), 3000);
    CHECK_INT(eddy_websocket_code(p.ws), 4321);
}

/* 39, HW10 */
TEST(http_row_39_a_close_that_is_not_answered_is_reset)
{
    eddy_auto(peer) p = {0};
    double began = eddy_time();
    char c;

    CHECK_OK(peer_open(&p, false));
    CHECK_INT(eddy_websocket_end(p.ws, 1000, ""), EDDY_ETIMEDOUT);
    CHECK_NEAR(eddy_time() - began, 5, 0.1);
    CHECK_INT(eddy_websocket_code(p.ws), 1006);
    CHECK_INT(peer_take_close(&p), 1000);
    CHECK_INT(eddy_read(p.raw, &c, 1), EDDY_ECONNRESET);
}

/* 39, HW8: a peer that pings and reads nothing costs a buffer of one kilobyte. */
TEST(http_row_39_pongs_are_coalesced)
{
    eddy_auto(peer) p = {0};
    eddy_websocket_message message;
    struct eddy__frame frame;
    char data[126], *big = calloc(1, 1 << 17);
    int pongs = 0;

    CHECK_OK(peer_open(&p, false));
    for (int i = 0; i < 2; i++)
        eddy_timeout(0.1)
            eddy_ignore(eddy_websocket_send(p.ws, EDDY_WEBSOCKET_BINARY, big, 65526));
    for (int i = 0; i < 300; i++) {
        snprintf(data, sizeof data, "%d", i);
        CHECK_OK(peer_say(&p, FIN | PING, data));
    }
    CHECK_OK(peer_say(&p, FIN | TEXT, "done"));
    CHECK_INT(eddy_websocket_receive(p.ws, &message), 1);
    CHECK_STR(message.data, "done");
    CHECK_OK(eddy_sleep(1));
    eddy_timeout(1)
        while (peer_take(&p, &frame, big, 1 << 17) > 0)
            if (frame.opcode == PONG) {
                pongs++;
                snprintf(data, sizeof data, "%s", big);
            }
    free(big);
    CHECK(pongs > 0);
    CHECK_STR(data, "299");
}

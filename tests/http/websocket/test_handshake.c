/* test_handshake.c - keys, versions, subprotocols and extensions, without I/O. */
#include "test.h"

#include "http/message/token.h"
#include "http/websocket/handshake.h"
#include <eddy/http_status.h>

typedef struct eddy__arena arena;
static void arena_autoclose(arena *a)
{
    eddy__arena_free(a);
}

TEST(handshake_accepts_the_key_of_rfc_6455)
{
    eddy_auto(arena) a = {0};

    CHECK_STR(eddy__handshake_accept("dGhlIHNhbXBsZSBub25jZQ==", &a),
              "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

/* What a server says to a request with these lines. */
static int ask(arena *a, const char *line, const char *fields, const eddy_websocket_opts *opts,
               struct eddy__handshake *shake)
{
    char *text = eddy__arena_printf(a, "%s\r\nHost: a.example\r\n%s\r\n", line, fields);
    struct eddy__head_limits limits = {0};
    struct eddy__refusal refusal;
    struct eddy__head head;

    CHECK_OK(eddy__head_parse_request(text, strlen(text), a, &limits, &head, &refusal));
    return eddy__handshake_answer(shake, &head, opts ? opts : &(eddy_websocket_opts){0}, a);
}

#define UPGRADE "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"

TEST(handshake_requests_that_are_refused)
{
    static const struct {
        const char *line, *fields;
        int status;
    } table[] = {
        {"GET / HTTP/1.1", UPGRADE KEY VERSION, 0},
        {"POST / HTTP/1.1", UPGRADE KEY VERSION "Content-Length: 0\r\n", 400},
        {"GET / HTTP/1.0", UPGRADE KEY VERSION, 400},
        {"GET / HTTP/1.1", KEY VERSION, 426},
        {"GET / HTTP/1.1", "Upgrade: websocket\r\n" KEY VERSION, 426},
        {"GET / HTTP/1.1", "Upgrade: h2c\r\nConnection: upgrade\r\n" KEY VERSION, 426},
        {"GET / HTTP/1.1", UPGRADE KEY, 426},
        {"GET / HTTP/1.1", UPGRADE KEY "Sec-WebSocket-Version: 8\r\n", 426},
        {"GET / HTTP/1.1", UPGRADE VERSION, 400},
        {"GET / HTTP/1.1", UPGRADE VERSION KEY KEY, 400},
        {"GET / HTTP/1.1", UPGRADE VERSION "Sec-WebSocket-Key: short\r\n", 400},
        {"GET / HTTP/1.1", UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!Q==\r\n", 400},
        {"GET / HTTP/1.1", UPGRADE KEY VERSION "Origin: http://a.example\r\n", 0},
        {"GET / HTTP/1.1", UPGRADE KEY VERSION "Origin: https://A.example\r\n", 0},
        {"GET / HTTP/1.1", UPGRADE KEY VERSION "Origin: http://a.example.evil\r\n", 403},
        {"GET / HTTP/1.1", UPGRADE KEY VERSION "Origin: http://a.example:81\r\n", 403},
        {"GET / HTTP/1.1", UPGRADE KEY VERSION "Origin: null\r\n", 403},
        {"GET / HTTP/1.1", UPGRADE KEY VERSION "Origin: http://evil/://a.example\r\n", 403},
        {"GET / HTTP/1.1", UPGRADE KEY VERSION "Origin: https://b.example\r\n", 0},
    };
    const eddy_websocket_opts opts = {.origins = "https://c.example, https://b.example"};

    for (size_t i = 0; i < count_of(table); i++) {
        eddy_auto(arena) a = {0};
        struct eddy__handshake shake;

        CHECK_INT(ask(&a, table[i].line, table[i].fields, &opts, &shake),
                  table[i].status ? EDDY_HTTP(table[i].status) : 0);
    }
}

TEST(handshake_subprotocols_are_in_the_order_of_the_server)
{
    static const struct {
        const char *own, *offered, *chosen;
    } table[] = {
        {"chat, echo", "Sec-WebSocket-Protocol: echo, chat\r\n", "chat"},
        {"chat", "Sec-WebSocket-Protocol: echo\r\nSec-WebSocket-Protocol: chat\r\n", "chat"},
        {"chat", "Sec-WebSocket-Protocol: Chat, chatter\r\n", NULL},
        {"chat", "", NULL},
        {NULL, "Sec-WebSocket-Protocol: chat\r\n", NULL},
    };

    for (size_t i = 0; i < count_of(table); i++) {
        eddy_auto(arena) a = {0};
        struct eddy__handshake shake;
        char fields[400];

        snprintf(fields, sizeof fields, UPGRADE KEY VERSION "%s", table[i].offered);
        CHECK_INT(ask(&a, "GET / HTTP/1.1", fields,
                      &(eddy_websocket_opts){.protocols = table[i].own}, &shake),
                  0);
        CHECK_STR(shake.protocol, table[i].chosen);
        CHECK_STR(eddy__fields_get(&shake.fields, "Sec-WebSocket-Protocol"), table[i].chosen);
    }
}

/* 35: what was offered in permessage-deflate, and what is made of it. */
TEST(http_row_35_window_bits_and_parameters_are_checked)
{
    static const struct {
        const char *offer, *answer;
        unsigned bits;
    } table[] = {
        {"permessage-deflate", "permessage-deflate", 15},
        {"permessage-deflate; client_max_window_bits", "permessage-deflate", 15},
        {"permessage-deflate; client_max_window_bits=8", "permessage-deflate", 15},
        {"permessage-deflate; server_max_window_bits=\"10\"",
         "permessage-deflate; server_max_window_bits=10", 10},
        {"permessage-deflate; server_no_context_takeover",
         "permessage-deflate; server_no_context_takeover", 15},
        {"permessage-deflate; client_no_context_takeover ; server_no_context_takeover",
         "permessage-deflate; server_no_context_takeover; client_no_context_takeover", 15},
        {"permessage-deflate; server_max_window_bits=8", NULL, 0},
        {"permessage-deflate; server_max_window_bits=8, permessage-deflate", "permessage-deflate",
         15},
        {"permessage-deflate; server_max_window_bits=7", NULL, 0},
        {"permessage-deflate; server_max_window_bits=16", NULL, 0},
        {"permessage-deflate; server_max_window_bits=09", NULL, 0},
        {"permessage-deflate; server_max_window_bits", NULL, 0},
        {"permessage-deflate; server_max_window_bits=9; server_max_window_bits=9", NULL, 0},
        {"permessage-deflate; client_max_window_bits=1000000000000000000000", NULL, 0},
        {"permessage-deflate; server_no_context_takeover=1", NULL, 0},
        {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", NULL, 0},
        {"permessage-deflate; mystery", NULL, 0},
        {"permessage-deflate; server_max_window_bits=\"10", NULL, 0},
        {"x-webkit-deflate-frame", NULL, 0},
        {"permessage-deflate garbage", NULL, 0},
        {"", NULL, 0},
    };
    const eddy_websocket_opts opts = {.deflate = true, .deflate_context = true};

    for (size_t i = 0; i < count_of(table); i++) {
        struct eddy__deflate_terms terms = {0};
        eddy_auto(arena) a = {0};

        CHECK_STR(eddy__deflate_choose(&terms, table[i].offer, &opts, &a), table[i].answer);
        CHECK_INT(terms.on, table[i].answer != NULL);
        CHECK_INT(terms.out_bits, table[i].bits);
    }
}

TEST(handshake_answers_that_were_not_asked_for)
{
    static const struct {
        const char *fields;
        int status;
    } table[] = {
        {"", 0},
        {"Sec-WebSocket-Protocol: chat\r\n", 0},
        {"Sec-WebSocket-Protocol: other\r\n", EDDY_EPROTO},
        {"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n", EDDY_EPROTO},
        {"Sec-WebSocket-Extensions: permessage-deflate\r\n", 0},
        {"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9\r\n", 0},
        {"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9\r\n", EDDY_EPROTO},
        {"Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate\r\n", EDDY_EPROTO},
        {"Sec-WebSocket-Extensions: other\r\n", EDDY_EPROTO},
    };
    const eddy_websocket_opts opts = {.protocols = "chat", .deflate = true};

    for (size_t i = 0; i < count_of(table); i++) {
        eddy_auto(arena) a = {0};
        struct eddy__handshake shake;
        struct eddy__head_limits limits = {0};
        struct eddy__refusal refusal;
        struct eddy__head head;

        CHECK_OK(eddy__handshake_request(&shake, &opts, &a));
        CHECK_INT(strlen(shake.key), 24);
        char *text = eddy__arena_printf(
            &a, "HTTP/1.1 101 Switching\r\n" UPGRADE "Sec-WebSocket-Accept: %s\r\n%s\r\n",
            eddy__handshake_accept(shake.key, &a), table[i].fields);
        CHECK_OK(eddy__head_parse_response(text, strlen(text), &a, &limits, &head, &refusal));
        CHECK_INT(eddy__handshake_check(&shake, &head, &opts, &a), table[i].status);
        shake.key = "dGhlIHNhbXBsZSBub25jZQ==";
        CHECK_INT(eddy__handshake_check(&shake, &head, &opts, &a), EDDY_EPROTO);
    }
}

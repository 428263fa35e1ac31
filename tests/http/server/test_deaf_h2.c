/* test_deaf_h2.c - clients of HTTP/2 that ask, by frames, and do not read what is said to them. */
#include "talk.h"

#include <eddy.h>

static void put_frame(eddy_stream *out, int type, int flags, int id, const char *data, size_t size)
{
    unsigned char text[64] = {0,
                              0,
                              (unsigned char)size,
                              (unsigned char)type,
                              (unsigned char)flags,
                              0,
                              (unsigned char)(id >> 16),
                              (unsigned char)(id >> 8),
                              (unsigned char)id};

    memcpy(text + 9, data, size);
    eddy_ignore(eddy_write(out, text, 9 + size));
}

static void ask_by_frame(eddy_stream *out, int id)
{
    put_frame(out, 1, 5, id,
              "\x82\x86\x84\x41\x01"
              "a",
              6);
}

static int pours(eddy_request *r)
{
    static char block[65536];
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(r, 200));

    for (;;)
        eddy_try(eddy_write(out, block, sizeof block));
}

/* A client that has opened its windows, has asked for more than it will read, and reads nothing. */
static eddy_stream *deaf_client(eddy_http_server *server)
{
    eddy_stream *client = eddy_http_server_connect(server);

    CHECK(client != NULL);
    send_bytes(client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    put_frame(client, 4, 0, 0, "\0\4\x7f\xff\xff\xff", 6);
    put_frame(client, 8, 0, 0, "\x70\0\0\0", 4);
    ask_by_frame(client, 1);
    CHECK_OK(eddy_sleep(1));
    return client;
}

/* Each further request is refused by a frame that waits in memory. */
TEST(HS20_a_client_that_does_not_read_makes_no_more_frames)
{
    eddy_auto(eddy_router) *router = router_of(pours);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .max_streams = 1);
    eddy_auto(eddy_stream) *client = deaf_client(server);
    int id = 1;

    while (id < 100000 && eddy_http_server_connections(server) > 0)
        ask_by_frame(client, id += 2);
    CHECK(id < 60000);
    CHECK(eddy_time() < 20);
}

TEST(HS20_a_client_that_does_not_read_has_no_more_time_for_its_end)
{
    eddy_auto(eddy_router) *router = router_of(pours);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, );
    eddy_auto(eddy_stream) *client = deaf_client(server);

    put_frame(client, 7, 0, 0, "\0\0\0\0\0\0\0\0", 8);
    while (eddy_time() < 60 && eddy_http_server_connections(server) > 0) {
        put_frame(client, 6, 0, 0, "\0\0\0\0\0\0\0\0", 8);
        CHECK_OK(eddy_sleep(1));
    }
    CHECK(eddy_time() < 45); /* the write had 30 s */
}

/* servers.h - what the tests of servers share: a client that is echoed. */
#ifndef SERVERS_H
#define SERVERS_H

#include "stream/peer.h"

static inline eddy_stream *connect_to(const eddy_server *server)
{
    eddy_stream *stream = eddy_connect("127.0.0.1", .port = eddy_server_port(server));

    CHECK(stream != NULL);
    return stream;
}

static inline void check_echo(eddy_stream *stream)
{
    char buf[6] = "";

    CHECK_INT(eddy_write(stream, "hello", 5), 5);
    CHECK_INT(eddy_read_exactly(stream, buf, 5), 5);
    CHECK_STR(buf, "hello");
}

/* Waits until so many connections are being handled. */
static inline void await_connections(const eddy_server *server, unsigned n)
{
    for (int i = 0; i < 2000 && eddy_server_connections(server) != n; i++)
        CHECK_OK(eddy_sleep(0.001));
    CHECK_INT(eddy_server_connections(server), n);
}

static inline void check_end(eddy_stream *stream)
{
    char byte;

    CHECK_INT(eddy_read(stream, &byte, 1), 0);
}

#endif

/* test_tls_transports.c - J19: TLS on streams that are no sockets. */
/* pkg-config: openssl */
#include "stream/joined.h"
#include "tls/identity.h"

#include <eddy/unix.h>
#include <sys/socket.h>

static struct house h;
static struct joined joined[2];

static int serves(eddy_stream *s)
{
    return eddy_start_tls(s, .server = true, .cert = h.server.file);
}
EDDY_CORO(serves, eddy_stream *)

/* TLS on both ends of a pair. */
static void start(eddy_stream *pair[2])
{
    eddy_auto(eddy_task) *server = eddy_create_task(serves_coro(pair[1]));

    CHECK_OK(eddy_start_tls(pair[0], .server_name = "localhost", .ca_file = h.authority.file));
    CHECK_OK(eddy_await(server));
}

static char large[2][300000], got[2][300000];

static int reads_all(int i, eddy_stream *s)
{
    return (int)eddy_read_exactly(s, got[i], sizeof got[i]);
}
EDDY_CORO(reads_all, int, eddy_stream *)

static int writes_all(int i, eddy_stream *s)
{
    return (int)eddy_write(s, large[i], sizeof large[i]);
}
EDDY_CORO(writes_all, int, eddy_stream *)

static void exchange(eddy_stream *pair[2])
{
    eddy_task *tasks[4];

    for (size_t i = 0; i < sizeof large[0]; i++)
        for (int k = 0; k < 2; k++)
            large[k][i] = (char)(i * 31 + i / 1000 + (size_t)k);
    for (int i = 0; i < 2; i++) {
        tasks[i] = eddy_create_task(writes_all_coro(i, pair[i]));
        tasks[2 + i] = eddy_create_task(reads_all_coro(i, pair[!i]));
    }
    for (int i = 0; i < 4; i++) {
        CHECK_INT(eddy_await(tasks[i]), sizeof large[0]);
        eddy_task_close(tasks[i]);
    }
    for (int i = 0; i < 2; i++)
        CHECK_MEM(got[i], large[i], sizeof large[i]);
}

static int ends(eddy_stream *s)
{
    char byte;

    eddy_try(eddy_write_eof(s));
    return (int)eddy_read(s, &byte, 1);
}
EDDY_CORO(ends, eddy_stream *)

/* Lines, much in both directions, and the end of each. */
static void converse(eddy_stream *pair[2])
{
    char *line;

    CHECK_STR(eddy_stream_tls_version(pair[0]), "TLSv1.3");
    CHECK_INT(eddy_write(pair[0], "hello\n", 6), 6);
    CHECK_INT(eddy_read_line(pair[1], &line), 5);
    CHECK_STR(line, "hello");
    exchange(pair);
    eddy_auto(eddy_task) *first = eddy_create_task(ends_coro(pair[0]));
    eddy_auto(eddy_task) *second = eddy_create_task(ends_coro(pair[1]));
    CHECK_OK(eddy_await(first));
    CHECK_OK(eddy_await(second));
}

static void close_pair(eddy_stream *pair[2])
{
    eddy_stream_close(pair[0]);
    eddy_stream_close(pair[1]);
    house_free(&h);
}

TEST(J19_tls_over_memory)
{
    eddy_stream *pair[2];

    house_make(&h);
    CHECK_OK(eddy_stream_pair(pair));
    start(pair);
    converse(pair);
    close_pair(pair);
}

TEST(J19_tls_over_little_memory)
{
    eddy_stream *pair[2];

    house_make(&h);
    CHECK_OK(eddy_stream_pair(pair, .high_water = 100));
    start(pair);
    converse(pair);
    close_pair(pair);
}

TEST(J19_tls_over_unix_sockets)
{
    eddy_stream *pair[2];
    int fds[2];

    house_make(&h);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    for (int i = 0; i < 2; i++)
        pair[i] = eddy_stream_of_socket(fds[i], &(eddy_stream_opts){.max_fds = 1});
    start(pair);
    CHECK_INT(eddy_take_fds(pair[0], fds, 1), EDDY_EINVAL);
    CHECK_INT(eddy_send_fds(pair[0], "x", 1, fds, 1), EDDY_EINVAL);
    converse(pair);
    close_pair(pair);
}

TEST(J19_tls_over_pipes)
{
    eddy_stream *pair[2];

    house_make(&h);
    joined_make(joined, pair);
    start(pair);
    converse(pair);
    close_pair(pair);
    CHECK_INT(joined[0].released, 1);
    CHECK_INT(joined[1].released, 1);
}

TEST(J19_tls_over_tls)
{
    eddy_stream *pair[2];

    house_make(&h);
    CHECK_OK(eddy_stream_pair(pair));
    start(pair);
    start(pair);
    converse(pair);
    close_pair(pair);
}

/* What the inner one holds goes out without another write. */
TEST(J19_tls_over_tls_over_little_memory)
{
    eddy_stream *pair[2];

    house_make(&h);
    CHECK_OK(eddy_stream_pair(pair, .high_water = 100));
    start(pair);
    start(pair);
    eddy_auto(eddy_task) *reader = eddy_create_task(reads_all_coro(0, pair[1]));
    CHECK_INT(eddy_write(pair[0], large[0], sizeof large[0]), sizeof large[0]);
    CHECK_OK(eddy_flush(pair[0]));
    CHECK_INT(eddy_await(reader), sizeof large[0]);
    CHECK_MEM(got[0], large[0], sizeof large[0]);
    converse(pair);
    close_pair(pair);
}

/* A transport below that gives more than was asked for. */
static ssize_t gives_too_much(eddy_transport *t, void *buf, size_t size)
{
    (void)t, (void)buf;
    return (ssize_t)size + 1;
}

static ssize_t takes_all(eddy_transport *t, const void *buf, size_t size)
{
    (void)t, (void)buf;
    return (ssize_t)size;
}

TEST(J19_tls_over_a_transport_that_lies)
{
    static const eddy_transport_kind kinds[2] = {
        {.read = gives_too_much, .write = takes_all},
        {.read = gives_too_much, .write = takes_all, .suspends = true}};

    for (int i = 0; i < 2; i++) {
        eddy_auto(eddy_stream) *s = eddy_stream_open(&kinds[i], NULL, .peer = "a liar");

        CHECK_INT(eddy_start_tls(s, .insecure = true), EDDY_EINVAL);
    }
}

static int copies(eddy_stream *to, eddy_stream *from)
{
    int64_t n = eddy_try(eddy_copy(to, from));

    return n < 0 ? (int)n : eddy_write_eof(to);
}
EDDY_CORO(copies, eddy_stream *, eddy_stream *)

/* A proxy: the connection is the peer's behind it, once its answer has been read. */
static int connects_through(eddy_stream *client)
{
    char *line;
    int port;

    eddy_try(eddy_read_line(client, &line));
    CHECK_INT(sscanf(line, "CONNECT 127.0.0.1:%d HTTP/1.1", &port), 1);
    eddy_try(eddy_read_line(client, &line));
    CHECK_STR(line, "");
    eddy_auto(eddy_stream) *server = eddy_try(eddy_connect("127.0.0.1", .port = port));
    eddy_try(eddy_printf(client, "HTTP/1.1 200 OK\r\n\r\n"));
    eddy_auto(eddy_task) *back = eddy_create_task(copies_coro(client, server));
    eddy_try(copies(server, client));
    return eddy_await(back);
}

TEST(J19_tls_through_a_proxy)
{
    char *line;

    house_open(&h, echoes);
    eddy_auto(eddy_server) *proxy = eddy_server_open(connects_through, .host = "127.0.0.1");
    eddy_auto(eddy_stream) *s = eddy_connect("127.0.0.1", .port = eddy_server_port(proxy));
    CHECK(eddy_printf(s, "CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n", eddy_server_port(h.listening)) >
          0);
    CHECK_INT(eddy_read_line(s, &line), 15);
    CHECK_INT(eddy_read_line(s, &line), 0);
    CHECK_OK(eddy_start_tls(s, .server_name = "localhost", .ca_file = h.authority.file));
    check_echo(s);
    eddy_stream_close(eddy_take(s));
    eddy_server_close(eddy_take(proxy));
    house_free(&h);
}

/* ---- cut, closed, cancelled ---- */

TEST(J19_tls_over_memory_that_is_cut)
{
    eddy_stream *pair[2];
    char byte;

    house_make(&h);
    CHECK_OK(eddy_stream_pair(pair));
    start(pair);
    eddy_stream_abort(pair[1]);
    CHECK_INT(eddy_read(pair[0], &byte, 1), EDDY_ECONNRESET);
    close_pair(pair);
}

TEST(J19_cancelled_write_over_pipes)
{
    eddy_stream *pair[2];

    house_make(&h);
    joined_make(joined, pair);
    start(pair);
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_all_coro(0, pair[0]));
    CHECK_OK(eddy_sleep(0.1));
    eddy_cancel(writer);
    CHECK_INT(eddy_await(writer), EDDY_ECANCELED);
    CHECK_INT(eddy_write(pair[0], "x", 1), EDDY_EPIPE);
    CHECK_CONTAINS(last_text(), "an earlier write");
    close_pair(pair);
}

TEST(J19_closed_under_its_users_over_pipes)
{
    eddy_stream *pair[2];

    house_make(&h);
    joined_make(joined, pair);
    start(pair);
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_all_coro(0, pair[0]));
    eddy_auto(eddy_task) *second = eddy_create_task(writes_all_coro(0, pair[0]));
    eddy_auto(eddy_task) *reader = eddy_create_task(reads_all_coro(0, pair[0]));
    CHECK_OK(eddy_sleep(0.1));
    eddy_stream_close(pair[0]);
    CHECK_INT(eddy_await(writer), EDDY_ECLOSED);
    CHECK_INT(eddy_await(second), EDDY_ECLOSED);
    CHECK_INT(eddy_await(reader), EDDY_ECLOSED);
    eddy_stream_close(pair[1]);
    house_free(&h);
}

TEST(J19_handshake_with_a_silent_peer)
{
    eddy_stream *pair[2];

    house_make(&h);
    joined_make(joined, pair);
    CHECK_INT(eddy_start_tls(pair[0], .insecure = true, .handshake_timeout = 0.1), EDDY_ETIMEDOUT);
    close_pair(pair);
}

TEST(J19_handshake_with_a_peer_that_goes)
{
    eddy_stream *pair[2];

    house_make(&h);
    joined_make(joined, pair);
    eddy_stream_close(eddy_take(pair[1]));
    CHECK(eddy_start_tls(pair[0], .insecure = true) < 0);
    CHECK_CONTAINS(last_text(), "the TLS handshake with two pipes failed");
    close_pair(pair);
}

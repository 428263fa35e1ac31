/* Connecting to numeric addresses and to names; names ending in .test are those of
 * test_names_thread.c. */
#include "peer.h"

#include <netinet/tcp.h>

static int free_port(void)
{
    struct sockaddr_in address;

    close(raw_listener(&address, 1));
    return ntohs(address.sin_port);
}

/* ---- addresses ---- */

TEST(connect_to_a_numeric_address)
{
    struct sockaddr_in address;
    int listener = raw_listener(&address, 5), port = ntohs(address.sin_port);
    char peer[64], byte;
    int on = 0;
    socklen_t size = sizeof on;

    eddy_auto(eddy_stream) *stream = eddy_connect("127.0.0.1", .port = port);
    CHECK(stream != NULL);
    snprintf(peer, sizeof peer, "127.0.0.1:%d", port);
    CHECK_STR(eddy_stream_peer(stream), peer);
    getsockopt(eddy_stream_fd(stream), IPPROTO_TCP, TCP_NODELAY, &on, &size);
    CHECK(on);
    int raw = accept(listener, NULL, NULL);
    CHECK_INT(eddy_write(stream, "x", 1), 1);
    CHECK_INT(recv(raw, &byte, 1, 0), 1);
    close(raw);
    close(listener);
}

TEST(connect_options)
{
    struct sockaddr_in address;
    int listener = raw_listener(&address, 5), port = ntohs(address.sin_port), on = 1;
    socklen_t size = sizeof on;

    eddy_auto(eddy_stream) *stream =
        eddy_connect("127.0.0.1", .port = port, .local_host = "127.0.0.3", .nodelay_off = true,
                     .stream = {.limit = 10});
    CHECK(stream != NULL);
    CHECK_INT(strncmp(eddy_stream_local(stream), "127.0.0.3:", 10), 0);
    CHECK_INT(stream->limit, 10);
    getsockopt(eddy_stream_fd(stream), IPPROTO_TCP, TCP_NODELAY, &on, &size);
    CHECK_INT(on, 0);
    close(listener);
}

TEST(connect_to_a_name)
{
    struct sockaddr_in address;
    int listener = raw_listener(&address, 5), port = ntohs(address.sin_port);
    char peer[64];

    names_by_getaddrinfo();
    eddy_auto(eddy_stream) *stream = eddy_connect("in4.test", .port = port);
    CHECK(stream != NULL);
    snprintf(peer, sizeof peer, "127.0.0.1:%d", port);
    CHECK_STR(eddy_stream_peer(stream), peer);
    close(listener);
}

TEST(connect_tries_every_address)
{
    struct sockaddr_in address; /* of IPv4 only, the second of both.test */
    int listener = raw_listener(&address, 5);

    names_by_getaddrinfo();
    eddy_auto(eddy_stream) *stream = eddy_connect("both.test", .port = ntohs(address.sin_port));
    CHECK(stream != NULL);
    CHECK_INT(strncmp(eddy_stream_peer(stream), "127.0.0.1:", 10), 0);
    close(listener);
}

TEST(connect_to_ipv6)
{
    int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t size = sizeof a;

    if (listener < 0 || bind(listener, (struct sockaddr *)&a, size) < 0) {
        close(listener);
        SKIP("no IPv6 here");
    }
    listen(listener, 5);
    getsockname(listener, (struct sockaddr *)&a, &size);
    for (int i = 0; i < 2; i++) {
        eddy_auto(eddy_stream) *stream =
            eddy_connect(i ? "[::1]" : "::1", .port = ntohs(a.sin6_port));
        CHECK(stream != NULL);
        CHECK_INT(strncmp(eddy_stream_peer(stream), "[::1]:", 6), 0);
    }
    close(listener);
}

/* ---- failures ---- */

TEST(connect_refused_says_where)
{
    char message[100];
    int port = free_port();

    CHECK_PTR(eddy_connect("127.0.0.1", .port = port), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ECONNREFUSED);
    snprintf(message, sizeof message, "cannot connect to 127.0.0.1:%d: connection refused", port);
    CHECK_STR(last_message(), message);
    names_by_getaddrinfo();
    CHECK_PTR(eddy_connect("in4.test", .port = port), NULL);
    snprintf(message, sizeof message, "cannot connect to in4.test:%d: connection refused", port);
    CHECK_STR(last_message(), message);
    CHECK_PTR(eddy_connect("::1", .port = port), NULL);
    CHECK_CONTAINS(last_message(), "cannot connect to [::1]:");
}

TEST(connect_to_an_unknown_name)
{
    names_by_getaddrinfo();
    CHECK_PTR(eddy_connect("nobody.test", .port = 80), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENAME);
    CHECK_STR(last_message(), "cannot look up nobody.test: Name or service not known");
}

TEST(connect_bad_arguments)
{
    static const int ports[] = {0, -1, 65536, 1 << 20};

    for (size_t i = 0; i < count_of(ports); i++) {
        CHECK_PTR(eddy_connect("127.0.0.1", .port = ports[i]), NULL);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
        CHECK_CONTAINS(last_message(), "between 1 and 65535");
    }
    CHECK_PTR(eddy_connect(NULL, .port = 80), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_connect("", .port = 80), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_connect("127.0.0.1", .port = 80, .tls_opts = {.ca_file = "/ca.pem"}), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), ".tls = true is expected");
    CHECK_PTR(eddy_connect("127.0.0.1", .port = 80, .tls = true, .tls_opts = {.server = true}),
              NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), ".server is for eddy_start_tls");
    CHECK_PTR(eddy_connect_with("127.0.0.1", NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_connect("127.0.0.1", .port = 80, .local_host = "::1"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EADDRNOTAVAIL);
    CHECK_PTR(eddy_connect("127.0.0.1", .port = 80, .local_host = "192.0.2.1"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EADDRNOTAVAIL);
    CHECK_CONTAINS(last_message(), "cannot connect to 127.0.0.1:80 from 192.0.2.1: ");
}

/* A listener whose queue is full drops what more comes: connecting takes long. */
static int full_listener(struct sockaddr_in *address, int fillers[3])
{
    int listener = raw_listener(address, 0);

    for (int i = 0; i < 3; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        eddy_ignore(connect(fillers[i], (struct sockaddr *)address, sizeof *address));
    }
    return listener;
}

TEST(U3_connect_out_of_time_leaks_nothing)
{
    struct sockaddr_in address;
    int fillers[3], listener = full_listener(&address, fillers);
    eddy_stream *stream = NULL;

    eddy_timeout(0.05)
        stream = eddy_connect("127.0.0.1", .port = ntohs(address.sin_port));
    CHECK_PTR(stream, NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    for (int i = 0; i < 3; i++)
        close(fillers[i]);
    close(listener);
}

static int connects(int port, eddy_stream **stream)
{
    *stream = eddy_connect("127.0.0.1", .port = port);
    return *stream ? 0 : eddy_last_status();
}
EDDY_CORO(connects, int, eddy_stream **)

/* Whichever comes first, the descriptor is the caller's or closed; the census sees to that. */
TEST(U3_connect_cancelled_at_any_turn)
{
    struct sockaddr_in address;
    int listener = raw_listener(&address, 50), port = ntohs(address.sin_port);

    for (int n = 0; n < 6; n++) {
        eddy_stream *stream = NULL;
        eddy_auto(eddy_task) *task = eddy_create_task(connects_coro(port, &stream));

        turns(n);
        eddy_cancel(task);
        int status = eddy_await(task);
        CHECK_INT(status == 0, stream != NULL);
        eddy_stream_close(stream);
    }
    close(listener);
}

TEST(connect_when_cancelled_does_nothing)
{
    int status = 0;

    eddy_timeout(-1) {
        eddy_ignore(eddy_sleep(0));
        CHECK_PTR(eddy_connect("127.0.0.1", .port = 1), NULL);
        status = eddy_last_status();
    }
    CHECK_INT(status, EDDY_ETIMEDOUT);
}

/* ---- sweeps ---- */

static int connect_from_another(void)
{
    struct sockaddr_in address;
    int listener = raw_listener(&address, 5);
    eddy_stream *stream =
        eddy_connect("127.0.0.1", .port = ntohs(address.sin_port), .local_host = "127.0.0.2");
    int status = stream ? (int)eddy_write(stream, "hello", 5) : eddy_last_status();

    eddy_stream_close(stream);
    close(listener);
    return status;
}

SWEEP(connect_sweep)
{
    return connect_from_another();
}

TORTURE(connect_torture)
{
    return connect_from_another();
}

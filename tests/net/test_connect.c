/* Connecting to numeric addresses and to names; names ending in .test are those of
 * test_names_thread.c. */
#include "net/net.h"
#include "stream/peer.h"

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

/* ---- J17: a connection's ends ---- */

/* Bound to a free port of host, and connected to it. */
static eddy_stream *to_itself(const char *host, const char *from, int *status)
{
    static const eddy_stream_opts opts;
    eddy_address own, peer;
    socklen_t size = sizeof own.u;

    CHECK(eddy__address_parse(&own, from, 0) && eddy__address_parse(&peer, host, 0));
    int fd = socket(own.u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(fd, &own.u.any, own.size), 0);
    CHECK_INT(getsockname(fd, &own.u.any, &size), 0);
    close(fd);
    eddy__address_set_port(&peer, eddy_address_port(&own));
    return eddy__connect_address(&peer, &own, true, &opts, status);
}

/* What happens by chance where nobody listens on a port that the system gives to clients. */
TEST(connect_J17_to_itself_is_refused)
{
    int status = 0;

    CHECK_PTR(to_itself("127.0.0.1", "127.0.0.1", &status), NULL);
    CHECK_INT(status, EDDY_ECONNREFUSED);
    CHECK_PTR(to_itself("0.0.0.0", "127.0.0.1", &status), NULL);
    CHECK_INT(status, EDDY_ECONNREFUSED);
}

TEST(connect_J17_to_itself_is_refused_by_ipv6)
{
    static const char *const hosts[] = {"::1", "::1%1", "::", "::ffff:127.0.0.1"};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), status = 0;
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};

    bool has_in6 = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0;
    close(fd);
    if (!has_in6)
        SKIP("no IPv6 here");
    for (size_t i = 0; i < count_of(hosts); i++) {
        CHECK_PTR(to_itself(hosts[i], i == 3 ? hosts[i] : "::1", &status), NULL);
        CHECK_INT(status, EDDY_ECONNREFUSED);
    }
}

/* The names of both ends, as the system tells them. */
static void ask_ends(int fd, char local[EDDY_ADDRESS_TEXT], char peer[EDDY_ADDRESS_TEXT])
{
    eddy_address a;

    CHECK(eddy__socket_local(fd, &a) >= 0);
    eddy_address_format(&a, local);
    CHECK(eddy__socket_peer(fd, &a) >= 0);
    eddy_address_format(&a, peer);
}

/* Its names, after the peer has reset and after an abort. */
static void check_ends(eddy_stream *stream, const char *local, const char *peer, bool resets)
{
    char byte;

    CHECK_INT(eddy_read(stream, &byte, 1), resets ? EDDY_ECONNRESET : 0);
    if (resets)
        CHECK_CONTAINS(last_message(), peer);
    CHECK_STR(eddy_stream_peer(stream), peer);
    CHECK_STR(eddy_stream_local(stream), local);
    eddy_stream_close(stream);
}

TEST(connect_J17_a_peer_that_has_reset_is_known)
{
    static const char *const hosts[] = {"127.0.0.1", "0.0.0.0"};

    for (int i = 0; i < 2; i++) {
        struct sockaddr_in address;
        int listener = raw_listener(&address, 5);
        char local[EDDY_ADDRESS_TEXT], peer[EDDY_ADDRESS_TEXT];
        eddy_stream *stream = eddy_connect(hosts[i], .port = ntohs(address.sin_port));

        ask_ends(stream->fd.fd, local, peer);
        raw_reset(accept(listener, NULL, NULL));
        check_ends(stream, local, peer, true);
        close(listener);
    }
}

/* As a write after it says. */
TEST(connect_write_eof_after_a_reset)
{
    struct pair pair = pair_open();
    char byte;

    raw_reset(pair.raw);
    CHECK_INT(eddy_read(pair.stream, &byte, 1), EDDY_ECONNRESET);
    CHECK_INT(eddy_write_eof(pair.stream), EDDY_EPIPE);
    eddy_stream_close(pair.stream);
}

TEST(connect_J17_ends_are_known_after_an_abort)
{
    struct sockaddr_in address;
    int listener = raw_listener(&address, 5);
    char local[EDDY_ADDRESS_TEXT], peer[EDDY_ADDRESS_TEXT];
    eddy_stream *stream = eddy_connect("127.0.0.1", .port = ntohs(address.sin_port));

    ask_ends(stream->fd.fd, local, peer);
    eddy_stream_abort(stream);
    CHECK_STR(eddy_stream_peer(stream), peer);
    CHECK_STR(eddy_stream_local(stream), local);
    eddy_stream_close(stream);
    close(listener);
}

/* Streams of sockets that the program has brought, of TCP and of Unix. */
TEST(connect_J17_adopted_sockets_know_their_ends)
{
    struct pair pair = pair_open();
    char local[EDDY_ADDRESS_TEXT], peer[EDDY_ADDRESS_TEXT];
    int fds[2];

    ask_ends(pair.stream->fd.fd, local, peer);
    raw_reset(pair.raw);
    check_ends(pair.stream, local, peer, true);
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    eddy_stream *stream = eddy_stream_of_socket(fds[0], NULL);
    raw_send(fds[0], "x");
    close(fds[1]); /* with a byte unread: a reset */
    check_ends(stream, "unnamed", "unnamed", true);
}

static char handler_local[EDDY_ADDRESS_TEXT], handler_peer[EDDY_ADDRESS_TEXT];

static int aborts_and_asks(eddy_stream *s)
{
    char local[EDDY_ADDRESS_TEXT], peer[EDDY_ADDRESS_TEXT];

    ask_ends(s->fd.fd, local, peer);
    eddy_stream_abort(s);
    CHECK_STR(eddy_stream_local(s), local);
    CHECK_STR(eddy_stream_peer(s), peer);
    memcpy(handler_local, local, sizeof local);
    memcpy(handler_peer, peer, sizeof peer);
    return 0;
}

/* The ends of the two sides are the same, the other way round. */
TEST(connect_J17_both_sides_know_their_ends)
{
    eddy_auto(eddy_server) *server = eddy_server_open(aborts_and_asks, .host = "127.0.0.1");
    eddy_stream *stream = eddy_connect("127.0.0.1", .port = eddy_server_port(server));
    char byte;

    CHECK_INT(eddy_read(stream, &byte, 1), EDDY_ECONNRESET);
    CHECK_STR(eddy_stream_peer(stream), handler_local);
    CHECK_STR(eddy_stream_local(stream), handler_peer);
    eddy_stream_close(stream);
}

TEST(connect_J17_unix_peer_that_has_gone_is_known)
{
    eddy_auto(eddy_server) *server = eddy_server_open(aborts_and_asks, .unix_path = "@eddy-ends");
    eddy_stream *stream = eddy_connect_unix("@eddy-ends");
    char byte;

    CHECK_INT(eddy_read(stream, &byte, 1), 0);
    CHECK_STR(eddy_stream_peer(stream), "@eddy-ends");
    eddy_stream_abort(stream);
    CHECK_STR(eddy_stream_peer(stream), "@eddy-ends");
    CHECK_STR(eddy_stream_local(stream), "unnamed");
    eddy_stream_close(stream);
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

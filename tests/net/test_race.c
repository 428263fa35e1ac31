/* U3, J6: the addresses of a host race. Those of two.test are 127.0.0.2 and 127.0.0.1, and those of
 * both.test ::1 and 127.0.0.1, see dns_server.h. */
#include "net/dns_server.h"
#include "net/net.h"
#include "stream/peer.h"

#include <fcntl.h>
#include <sys/resource.h>

static struct dns_server server;

static int open_server(void)
{
    dns_server_open(&server);
    return eddy_loop_set_resolver(eddy_loop_running(), .servers = server.address);
}

/* A listener on that address and port (0: any); *port. -1: it cannot be had. */
static int listener_on(const char *host, int *port, int backlog)
{
    eddy_address a;
    socklen_t size = sizeof a.u;

    CHECK(eddy__address_parse(&a, host, *port));
    int fd = socket(a.u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, &a.u.any, a.size) < 0 || listen(fd, backlog) < 0) {
        close(fd);
        return -1;
    }
    CHECK_INT(getsockname(fd, &a.u.any, &size), 0);
    *port = eddy_address_port(&a);
    return fd;
}

/* A listener whose queue is full drops what more comes: connecting takes long. */
struct hole {
    int listener;
    int fillers[3];
};

static void hole_open(struct hole *hole, const char *host, int *port)
{
    eddy_address a;

    hole->listener = listener_on(host, port, 0);
    CHECK(hole->listener >= 0);
    CHECK(eddy__address_parse(&a, host, *port));
    for (int i = 0; i < 3; i++) {
        hole->fillers[i] = socket(a.u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        eddy_ignore(connect(hole->fillers[i], &a.u.any, a.size));
    }
}

static void hole_close(struct hole *hole)
{
    for (int i = 0; i < 3; i++)
        close(hole->fillers[i]);
    close(hole->listener);
}

/* The hole's port on 127.0.0.1, too. */
static int other_listener(struct hole *hole, int *port)
{
    int fd;

    *port = 0;
    hole_open(hole, "127.0.0.2", port);
    while ((fd = listener_on("127.0.0.1", port, 5)) < 0) {
        hole_close(hole);
        *port = 0;
        hole_open(hole, "127.0.0.2", port);
    }
    return fd;
}

static void check_peer(eddy_stream *stream, const char *host)
{
    CHECK(stream != NULL);
    CHECK_CONTAINS(eddy_stream_peer(stream), host);
}

/* ---- who wins ---- */

TEST(race_J6_second_address_after_a_quarter_of_a_second)
{
    struct hole hole;
    int port, listener = other_listener(&hole, &port);

    CHECK_INT(open_server(), 0);
    double before = eddy_time();
    eddy_auto(eddy_stream) *stream = eddy_connect("two.test", .port = port);
    double elapsed = eddy_time() - before;
    check_peer(stream, "127.0.0.1:");
    CHECK(elapsed > 0.24 && (test_is_watched() || elapsed < 0.9));
    close(listener);
    hole_close(&hole);
    dns_server_close(&server);
}

TEST(race_attempt_delay)
{
    struct hole hole;
    int port, listener = other_listener(&hole, &port);

    CHECK_INT(open_server(), 0);
    double before = eddy_time();
    eddy_auto(eddy_stream) *stream = eddy_connect("two.test", .port = port, .attempt_delay = 0.01);
    check_peer(stream, "127.0.0.1:");
    CHECK(test_is_watched() || eddy_time() - before < 0.2);
    eddy_stream *none = NULL;
    eddy_timeout(0.4) /* in turn: the first takes seconds to fail */
        none = eddy_connect("two.test", .port = port, .attempt_delay = INFINITY);
    CHECK_PTR(none, NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    CHECK_PTR(eddy_connect("two.test", .port = port, .attempt_delay = (double)NAN), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_connect("two.test", .port = port, .attempt_delay = -1), NULL); /* B7 */
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    close(listener);
    hole_close(&hole);
    dns_server_close(&server);
}

TEST(race_second_address_at_once_when_the_first_fails)
{
    int port = 0, listener = listener_on("127.0.0.1", &port, 5);

    CHECK_INT(open_server(), 0);
    double before = eddy_time();
    eddy_auto(eddy_stream) *stream = eddy_connect("both.test", .port = port);
    check_peer(stream, "127.0.0.1:");
    CHECK(test_is_watched() || eddy_time() - before < 0.2);
    close(listener);
    dns_server_close(&server);
}

TEST(race_first_address_is_preferred)
{
    int port = 0, first = listener_on("127.0.0.2", &port, 5);
    int second = listener_on("127.0.0.1", &port, 5);

    if (second < 0)
        SKIP("the port is not free on the other address");
    fcntl(second, F_SETFL, O_NONBLOCK);
    CHECK_INT(open_server(), 0);
    eddy_auto(eddy_stream) *stream = eddy_connect("two.test", .port = port);
    check_peer(stream, "127.0.0.2:");
    CHECK_INT(accept(second, NULL, NULL), -1); /* never tried */
    close(first);
    close(second);
    dns_server_close(&server);
}

/* The first connects while the second is under way, too: the winner's other is closed. */
TEST(U3_race_losers_are_closed)
{
    struct hole hole;
    int port, listener = other_listener(&hole, &port);
    char byte;

    CHECK_INT(open_server(), 0);
    eddy_auto(eddy_stream) *stream = eddy_connect("two.test", .port = port, .attempt_delay = 1e-9);
    check_peer(stream, "127.0.0.1:");
    int raw = accept(listener, NULL, NULL);
    CHECK_INT(eddy_write(stream, "x", 1), 1);
    CHECK_INT(recv(raw, &byte, 1, 0), 1);
    close(raw);
    close(listener);
    hole_close(&hole);
    dns_server_close(&server);
}

TEST(race_many_at_once)
{
    int port = 0, listener = listener_on("127.0.1.1", &port, 5);

    CHECK_INT(open_server(), 0);
    eddy_auto(eddy_stream) *stream = eddy_connect("many.test", .port = port, .attempt_delay = 1e-9);
    check_peer(stream, "127.0.1.1:");
    close(listener);
    dns_server_close(&server);
}

/* J6: the last of many is tried, too. */
TEST(race_J6_every_address_is_tried)
{
    int port = 0, listener = listener_on("127.0.1.250", &port, 5);

    CHECK_INT(open_server(), 0);
    eddy_auto(eddy_stream) *stream = eddy_connect("big250.test", .port = port);
    check_peer(stream, "127.0.1.250:");
    close(listener);
    dns_server_close(&server);
}

/* The order in which addresses are tried, as their failures are told in it: no own address fits
 * those of IPv6, and nobody listens on the others. */
static void check_order(const char *const *hosts, int count, const char *const *order)
{
    static struct {
        struct eddy__addresses a;
        eddy_address list[20];
    } to;
    eddy_connect_opts opts = {.port = 7};
    char words[800] = "";

    to.a.count = count;
    for (int i = 0; i < count; i++)
        CHECK(eddy__address_parse(&to.a.list[i], hosts[i], 0));
    for (; *order; order++)
        snprintf(
            words + strlen(words), sizeof words - strlen(words), "%s%s by %s", words[0] ? ", " : "",
            strchr(*order, ':') ? "cannot assign requested address" : "connection refused", *order);
    struct eddy__addresses *from = eddy__names_resolve("127.0.0.1");
    CHECK_PTR(eddy__race("x.test", &to.a, from, &opts), NULL);
    eddy_free(from);
    CHECK_CONTAINS(last_message(), words);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__})

TEST(race_J6_families_alternate)
{
    static const char *const six_first[] = {"::1", "::2", "::3", "127.0.0.1", "127.0.0.2", "::4"};
    static const char *const four_first[] = {"127.0.0.1", "127.0.0.2", "127.0.0.3", "::1"};

    check_order(six_first, count_of(six_first),
                LIST("::1", "127.0.0.1", "::2", "127.0.0.2", "::3", "::4", NULL));
    check_order(six_first + 1, 3, LIST("::2", "127.0.0.1", "::3", NULL));
    check_order(six_first + 3, 3, LIST("127.0.0.1", "::4", "127.0.0.2", NULL));
    check_order(four_first, count_of(four_first),
                LIST("127.0.0.1", "::1", "127.0.0.2", "127.0.0.3", NULL));
}

TEST(race_failure_says_how_many_it_left_out)
{
    static const char *const hosts[] = {"::1", "::2", "::3", "::4", "::5", "::6",      "::7",
                                        "::8", "::9", "::a", "::b", "::c", "127.0.0.1"};

    check_order(hosts, count_of(hosts), LIST("::1", "127.0.0.1", "::2", NULL));
    CHECK_CONTAINS(last_message(), " and 4 more");
}

TEST(race_local_host)
{
    int port = 0, listener = listener_on("127.0.0.1", &port, 5);

    CHECK_INT(open_server(), 0);
    eddy_auto(eddy_stream) *stream =
        eddy_connect("both.test", .port = port, .local_host = "127.0.0.3");
    check_peer(stream, "127.0.0.1:");
    CHECK_CONTAINS(eddy_stream_local(stream), "127.0.0.3:");
    close(listener);
    dns_server_close(&server);
}

/* ---- when all fail ---- */

TEST(race_failure_names_reasons)
{
    int port = 0;
    char message[200];

    close(listener_on("127.0.0.1", &port, 5));
    CHECK_INT(open_server(), 0);
    CHECK_PTR(eddy_connect("two.test", .port = port), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ECONNREFUSED);
    snprintf(message, sizeof message, "cannot connect to two.test:%d: connection refused", port);
    CHECK_STR(last_message(), message);
    CHECK_PTR(eddy_connect("both.test", .port = port, .local_host = "127.0.0.3"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EADDRNOTAVAIL);
    snprintf(
        message, sizeof message,
        "cannot connect to both.test:%d from 127.0.0.3: cannot assign requested address by ::1, "
        "connection refused by 127.0.0.1",
        port);
    CHECK_STR(last_message(), message);
    dns_server_close(&server);
}

/* The first address fails without a descriptor, the second for lack of one. */
TEST(race_J6_failure_is_the_lack_of_descriptors)
{
    struct rlimit before, limit;
    int next = dup(0);

    close(next);
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    limit.rlim_cur = (rlim_t)next;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_PTR(eddy_connect("localhost", .port = 9, .local_host = "127.0.0.3"), NULL);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK_INT(eddy_last_status(), EDDY_EMFILE);
    CHECK_CONTAINS(last_message(), "cannot assign requested address by ::1");
}

/* ---- ends ---- */

TEST(race_J6_obeys_a_deadline)
{
    struct hole hole;
    int port = 0;
    eddy_stream *stream = NULL;

    hole_open(&hole, "127.0.0.2", &port);
    CHECK_INT(open_server(), 0);
    eddy_timeout(0.1)
        stream = eddy_connect("two.test", .port = port, .attempt_delay = 10);
    CHECK_PTR(stream, NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    hole_close(&hole);
    dns_server_close(&server);
}

static int connects(int port, eddy_stream **stream)
{
    *stream = eddy_connect("two.test", .port = port, .attempt_delay = 1e-9);
    return *stream ? 0 : eddy_last_status();
}
EDDY_CORO(connects, int, eddy_stream **)

/* Whichever comes first, a stream is the caller's or closed; the census sees to that. */
TEST(U3_race_cancelled_at_any_turn)
{
    int port = 0, first = listener_on("127.0.0.2", &port, 50);
    int second = listener_on("127.0.0.1", &port, 50);

    CHECK_INT(open_server(), 0);
    for (int n = 0; n < 14; n++) {
        eddy_stream *stream = NULL;
        eddy_auto(eddy_task) *task = eddy_create_task(connects_coro(port, &stream));

        turns(n);
        eddy_cancel(task);
        int status = eddy_await(task);
        CHECK_INT(status == 0, stream != NULL);
        eddy_stream_close(stream);
    }
    close(first);
    if (second >= 0)
        close(second);
    dns_server_close(&server);
}

/* ---- sweeps ---- */

static int race_once(void)
{
    struct hole hole;
    int port, listener = other_listener(&hole, &port), status;

    dns_server_open(&server);
    status = eddy_loop_set_resolver(eddy_loop_running(), .servers = server.address, .timeout = 0.2);
    eddy_stream *stream = NULL;

    if (status >= 0) {
        eddy_timeout(2) /* when the second fails the first is all that is left */
            stream = eddy_connect("two.test", .port = port, .attempt_delay = 0.001);
        status = stream ? 0 : eddy_last_status();
    }
    eddy_stream_close(stream);
    close(listener);
    hole_close(&hole);
    dns_server_close(&server);
    return status;
}

SWEEP(race_sweep)
{
    return race_once();
}

TORTURE(race_torture)
{
    return race_once();
}

/* test_many_loops.c - M9: everything that loops share in a process, used by four loops at once. */
#include "tls/identity.h"

#include <eddy/loops.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum { LOOPS = 4 };

/* ---- M9: shared listening ---- */

static atomic_uint serving, shares[LOOPS];

static int counts_and_echoes(eddy_stream *peer)
{
    atomic_fetch_add(&shares[eddy_loop_index()], 1);
    return echoes(peer);
}

static int serves(int port)
{
    eddy_auto(eddy_server) *server = eddy_try(
        eddy_server_open(counts_and_echoes, .host = "127.0.0.1", .port = port, .reuse_port = true));

    CHECK_INT(eddy_server_port(server), port);
    atomic_fetch_add(&serving, 1);
    return eddy_sleep(INFINITY);
}
EDDY_CORO(serves, int)

static int visits(int port)
{
    eddy_auto(eddy_stream) *stream = eddy_try(eddy_connect("127.0.0.1", .port = port));

    check_echo(stream);
    return 0;
}
EDDY_CORO(visits, int)

static int serves_at(unsigned index, int port)
{
    return eddy_to_loop(eddy_loop_at(index), serves_coro(port));
}
EDDY_CORO(serves_at, unsigned, int)

/* The first loop finds a port, the others are told; a cancellation ends them all. */
static int shares_a_port(void)
{
    enum { VISITS = 64 };

    if (eddy_loop_index() > 0)
        return 0;
    eddy_auto(eddy_server) *server =
        eddy_try(eddy_server_open(counts_and_echoes, .host = "127.0.0.1", .reuse_port = true));
    int port = eddy_server_port(server);
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());
    for (unsigned i = 1; i < LOOPS; i++)
        eddy_try(eddy_group_start(group, serves_at_coro(i, port)));
    while (atomic_load(&serving) < LOOPS - 1)
        eddy_try(eddy_sleep(0.001));
    eddy_coro visitors[VISITS];
    for (int i = 0; i < VISITS; i++)
        visitors[i] = visits_coro(port);
    eddy_try(eddy_gather_n(visitors, VISITS));
    eddy_group_cancel(group);
    return eddy_group_join(group);
}
EDDY_CORO(shares_a_port)

/* The kernel deals connections out by a hash of their addresses. */
TEST_PLAIN(M9_servers_of_all_loops_share_a_port)
{
    unsigned sum = 0, busy = 0;

    CHECK_INT(eddy_run(shares_a_port_coro(), .loops = LOOPS), 0);
    for (int i = 0; i < LOOPS; i++) {
        sum += shares[i];
        busy += shares[i] > 0;
    }
    CHECK_INT(sum, 64);
    CHECK(busy > 1);
}

static atomic_int a_port;
static atomic_uint stopped;

/* Each loop serves in its main, the port being known; one signal stops them all. */
static int serves_until_told(void)
{
    eddy_auto(eddy_server) *server = NULL;

    if (eddy_loop_index() > 0)
        while (!atomic_load(&a_port))
            eddy_try(eddy_sleep(0.001));
    server = eddy_try(eddy_server_open(echoes, .host = "127.0.0.1", .port = atomic_load(&a_port),
                                       .reuse_port = true, .stop_on_signal = true));
    atomic_store(&a_port, eddy_server_port(server));
    atomic_fetch_add(&serving, 1);
    if (eddy_loop_index() == LOOPS - 1) {
        while (atomic_load(&serving) < LOOPS)
            eddy_try(eddy_sleep(0.001));
        eddy_try(visits(atomic_load(&a_port)));
        CHECK_INT(kill(getpid(), SIGTERM), 0);
    }
    eddy_try(eddy_server_wait(server));
    atomic_fetch_add(&stopped, 1);
    return 0;
}
EDDY_CORO(serves_until_told)

TEST_PLAIN(M9_J8_one_signal_stops_the_servers_of_all_loops)
{
    CHECK_INT(eddy_run(serves_until_told_coro(), .loops = LOOPS), 0);
    CHECK_INT(stopped, LOOPS);
}

/* ---- M9: all at once ---- */

static struct house house;
static char folder[100];

static int talks_tls(void)
{
    for (int i = 0; i < 3; i++) {
        eddy_auto(eddy_server) *server =
            eddy_try(eddy_server_open(echoes, .host = "127.0.0.1", .cert = house.server.file));
        eddy_auto(eddy_stream) *stream =
            eddy_try(eddy_connect("localhost", .port = eddy_server_port(server), .tls = true,
                                  .tls_opts = {.ca_file = house.authority.file}));

        check_echo(stream);
    }
    return 0;
}
EDDY_CORO(talks_tls)

static int writes_files(void)
{
    for (int i = 0; i < 10; i++) {
        char path[150], *data = NULL;
        size_t size = 0;

        snprintf(path, sizeof path, "%s/%u-%d", folder, eddy_loop_index(), i);
        eddy_try(eddy_write_file(path, path, strlen(path)));
        eddy_try(eddy_read_file(path, &data, &size));
        CHECK_INT(size, strlen(path));
        CHECK_MEM(data, path, size);
        eddy_free(data);
        eddy_try(eddy_unlink(path));
    }
    return 0;
}
EDDY_CORO(writes_files)

static int runs_children(void)
{
    for (int i = 0; i < 3; i++) {
        eddy_process_result result = {0};
        int r = eddy_process_run(((const char *const[]){"echo", "hello", NULL}), &result);

        CHECK_INT(r, 0);
        CHECK_STR(result.out.data, "hello\n");
        eddy_process_result_clear(&result);
    }
    return 0;
}
EDDY_CORO(runs_children)

static int squares(int n, int *square)
{
    *square = n * n;
    return 0;
}
EDDY_CORO(squares, int, int *)

static int uses_pools(void)
{
    eddy_auto(eddy_pool) *threads = eddy_try(eddy_thread_pool_open(.threads = 2));
    eddy_auto(eddy_pool) *processes = eddy_try(eddy_process_pool_open(.workers = 1));

    for (int i = 0; i < 5; i++) {
        int square = 0;

        eddy_shield(INFINITY)
            eddy_try(eddy_to_thread(squares_coro(i, &square)));
        CHECK_INT(square, i * i);
        eddy_try(eddy_pool_run(threads, squares_coro(i + 1, &square), .data = &square,
                               .size = sizeof square));
        CHECK_INT(square, (i + 1) * (i + 1));
        eddy_try(eddy_pool_run(processes, squares_coro(i + 2, &square), .data = &square,
                               .size = sizeof square));
        CHECK_INT(square, (i + 2) * (i + 2));
    }
    return 0;
}
EDDY_CORO(uses_pools)

/* Each loop hears of each signal, but equal ones that come together are one. What still comes when
 * all have heard enough is ignored. */
static int hears_signals(void)
{
    eddy_auto(eddy_signal) *signals = eddy_try(eddy_signal_open(SIGUSR1));

    for (int i = 0; i < 5; i++) {
        CHECK_INT(kill(getpid(), SIGUSR1), 0);
        CHECK_INT(eddy_try(eddy_signal_next(signals)), SIGUSR1);
    }
    return 0;
}
EDDY_CORO(hears_signals)

static int sleeps_often(void)
{
    for (int i = 0; i < 200; i++) {
        int r = 0;

        eddy_timeout(1e-5 * (i % 7))
            r = eddy_sleep(1e-5 * (i % 5));
        CHECK(r == 0 || r == EDDY_ETIMEDOUT);
    }
    return 0;
}
EDDY_CORO(sleeps_often)

static int does_everything(void)
{
    return eddy_gather(talks_tls_coro(), writes_files_coro(), runs_children_coro(),
                       uses_pools_coro(), hears_signals_coro(), sleeps_often_coro());
}
EDDY_CORO(does_everything)

TEST_PLAIN(M9_X4_four_loops_do_everything_at_once)
{
    signal(SIGUSR1, SIG_IGN);
    house_make(&house);
    snprintf(folder, sizeof folder, "%s/files", identity_folder());
    CHECK_INT(mkdir(folder, 0700), 0);
    CHECK_INT(eddy_run(does_everything_coro(), .loops = LOOPS), 0);
    CHECK_INT(rmdir(folder), 0);
    house_free(&house);
}

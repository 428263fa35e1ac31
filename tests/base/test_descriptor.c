/* Descriptors that the library makes, where the standard ones are closed. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int answer(eddy_stream *peer)
{
    return (int)eddy_write(peer, "x", 1);
}

static bool standard_are_closed(void)
{
    return fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 && fcntl(2, F_GETFD) < 0;
}

/* A number of what is not above 2, or 0. */
static int opens_everything(void)
{
    static const char *const argv[] = {"/bin/true", NULL};
    eddy_process_result result = {0};
    eddy_stream *ends[2];
    char byte, *data;
    size_t size;

    if (!standard_are_closed())
        return 1;
    if (eddy_stdin() || eddy_last_status() != EDDY_EBADF || eddy_stdout() || eddy_stderr())
        return 2;
    eddy_try(eddy_pipe_open(ends));
    eddy_auto(eddy_server) *server = eddy_try(eddy_server_open(answer, .host = "127.0.0.1"));
    eddy_auto(eddy_stream) *client =
        eddy_try(eddy_connect("127.0.0.1", .port = eddy_server_port(server)));
    eddy_try(eddy_read(client, &byte, 1));
    if (!standard_are_closed())
        return 3;
    eddy_auto(eddy_signal) *signals = eddy_try(eddy_signal_open(SIGUSR1));
    eddy_auto(eddy_dir_watch) *watch = eddy_try(eddy_dir_watch_open("/tmp"));
    if (!standard_are_closed())
        return 4;
    eddy_try(eddy_process_run(argv, &result));
    eddy_auto(eddy_pool) *pool = eddy_try(eddy_process_pool_open(.workers = 1));
    eddy_auto(eddy_stream) *file = eddy_try(eddy_file_open("/dev/null", "r"));
    eddy_try(eddy_read_file("/proc/self/stat", &data, &size));
    eddy_free(data);
    eddy_auto(eddy_dir) *list = eddy_try(eddy_list_dir("/"));
    if (!standard_are_closed())
        return 5;
    eddy_stream_close(ends[0]);
    eddy_stream_close(ends[1]);
    return 0;
}
EDDY_CORO(opens_everything)

static int without_standard(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++)
        close(i);
    int r = eddy_run(opens_everything_coro());
    return r < 0 ? 99 : r;
}

/* U10 */
TEST_PLAIN(descriptors_of_the_library_are_above_2)
{
#ifdef EDDY_VALGRIND
    SKIP("Valgrind has descriptors of its own");
#endif
    CHECK_INT(test_child(without_standard, NULL, NULL, 0), 0);
}

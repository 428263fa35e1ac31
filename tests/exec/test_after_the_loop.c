/* What was opened in a loop may be closed after its end (D6): it keeps the memory of the loop. */
#include "test.h"

#include <eddy.h>
#include <signal.h>

static void *object;

static void close_after(eddy_coro open, void (*close)(void *))
{
    object = NULL;
    CHECK_OK(eddy_run(open));
    CHECK(object);
    close(object);
    eddy_error_clear();
}

/* A case: what opens the object, and what closes it. */
#define CLOSED_AFTER(name, type, close, ...)                                                       \
    static int opens_##name(void)                                                                  \
    {                                                                                              \
        type *made = __VA_ARGS__;                                                                  \
                                                                                                   \
        object = made;                                                                             \
        return made ? 0 : eddy_last_status();                                                      \
    }                                                                                              \
    EDDY_CORO(opens_##name)                                                                        \
    static void closes_##name(void *made)                                                          \
    {                                                                                              \
        close(made);                                                                               \
    }                                                                                              \
    TEST_PLAIN(D6_closed_after_the_loop_##name)                                                    \
    {                                                                                              \
        close_after(opens_##name##_coro(), closes_##name);                                         \
    }

static int nothing(void)
{
    return 0;
}
EDDY_CORO(nothing)

static int yields(void)
{
    int item = 1;

    return eddy_yield(&item);
}
EDDY_CORO(yields)

static int serves(eddy_stream *stream)
{
    (void)stream;
    return 0;
}

static eddy_stream *half_of_a_pair(void)
{
    eddy_stream *pair[2];

    CHECK_OK(eddy_stream_pair(pair));
    CHECK_INT(eddy_write(pair[0], "x", 1), 1);
    eddy_stream_close(pair[1]);
    return pair[0];
}

static eddy_process *one_that_has_ended(void)
{
    eddy_process *process = eddy_process_open(EDDY_ARGV("true"), .stdout = EDDY_PIPE);

    CHECK_OK(eddy_process_wait(process, NULL));
    return process;
}

CLOSED_AFTER(process, eddy_process, eddy_process_close, one_that_has_ended())
CLOSED_AFTER(process_that_lives, eddy_process, eddy_process_close,
             eddy_process_open(EDDY_ARGV("sleep", "100"), .kill_on_close = true))
CLOSED_AFTER(signal, eddy_signal, eddy_signal_close, eddy_signal_open(SIGUSR1))
CLOSED_AFTER(dir_watch, eddy_dir_watch, eddy_dir_watch_close,
             eddy_dir_watch_open("/tmp", .recursive = false))
CLOSED_AFTER(server, eddy_server, eddy_server_close, eddy_server_open(serves))
CLOSED_AFTER(server_with_signals, eddy_server, eddy_server_close,
             eddy_server_open(serves, .stop_on_signal = true))
CLOSED_AFTER(generator, eddy_gen, eddy_gen_close, eddy_gen_open(yields_coro(), sizeof(int)))
CLOSED_AFTER(file, eddy_stream, eddy_stream_close, eddy_file_open("/proc/self/exe", "r"))
CLOSED_AFTER(pair, eddy_stream, eddy_stream_close, half_of_a_pair())
CLOSED_AFTER(datagram, eddy_datagram, eddy_datagram_close, eddy_datagram_open())
CLOSED_AFTER(thread_pool, eddy_pool, eddy_pool_close, eddy_thread_pool_open(.threads = 1))
CLOSED_AFTER(process_pool, eddy_pool, eddy_pool_close, eddy_process_pool_open(.workers = 1))
CLOSED_AFTER(future, eddy_future, eddy_future_close, eddy_future_open(0))
CLOSED_AFTER(task, eddy_task, eddy_task_close, eddy_create_task(nothing_coro()))

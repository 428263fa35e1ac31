/* libuv: /bin/true is started and awaited, one at a time and 16 at once. */
#include "bench.h"

#include <uv.h>

enum { AT_ONCE = 16 };

static long left;

static void start_next(uv_process_t *process);

static void on_closed(uv_handle_t *handle)
{
    start_next((uv_process_t *)handle);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
    if (status != 0 || signal != 0)
        abort();
    uv_close((uv_handle_t *)process, on_closed);
}

static void start_next(uv_process_t *process)
{
    char *argv[] = {"/bin/true", NULL};
    uv_stdio_container_t stdio[3];
    uv_process_options_t options = {
        .file = argv[0], .args = argv, .exit_cb = on_exit_of, .stdio = stdio, .stdio_count = 3};

    if (left == 0)
        return;
    left--;
    for (int i = 0; i < 3; i++)
        stdio[i] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = i};
    if (uv_spawn(uv_default_loop(), process, &options) < 0)
        abort();
}

static void run(long count, int at_once)
{
    static uv_process_t processes[AT_ONCE];

    left = count;
    for (int i = 0; i < at_once; i++)
        start_next(&processes[i]);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

static void measure(const char *name, long count, int at_once)
{
    double start = bench_now();

    run(count, at_once);
    bench_report(name, (bench_now() - start) / (double)count * 1e3, "ms");
}

int main(int argc, char **argv)
{
    long count = bench_arg(argc, argv, 1, 1000);

    run(10, 1);
    measure("process_1", count, 1);
    measure("process_16", count, AT_ONCE);
    return 0;
}

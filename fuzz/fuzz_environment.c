/* fuzz_environment.c - settings in the environment: a loop, or EDDY_EINVAL that names the one which
 * is wrong. */
#include "fuzz.h"

static const char *const names[] = {"EDDY_BACKEND", "EDDY_CLOCK",        "EDDY_SEED",   "EDDY_SPIN",
                                    "EDDY_DEBUG",   "EDDY_STACK_REPORT", "EDDY_THREADS"};
enum { COUNT = sizeof names / sizeof names[0] };

static int jobs_done;

static int counts(void)
{
    jobs_done++;
    return 0;
}
EDDY_CORO(counts)

static int runs(void)
{
    return eddy_to_thread(counts_coro());
}
EDDY_CORO(runs)

static void open_loop(void)
{
    eddy_loop *loop = eddy_loop_open();

    if (loop) {
        MUST(eddy_loop_run_until_complete(loop, runs_coro()) == 0);
        eddy_loop_close(loop);
        return;
    }
    const char *message = eddy_error_message(eddy_last_error());
    MUST(eddy_last_status() == EDDY_EINVAL && strncmp(message, "EDDY_", 5) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    const char *name = names[take_byte(&in) % COUNT];
    const char *before = getenv(name);
    char *kept = before ? strdup(before) : NULL;
    char text[64];

    setenv(name, take_text(&in, text, sizeof text), 1);
    open_loop();
    if (kept)
        setenv(name, kept, 1);
    else
        unsetenv(name);
    free(kept);
    return 0;
}

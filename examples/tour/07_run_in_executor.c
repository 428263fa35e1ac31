/* A call that blocks runs in a thread, and the loop goes on meanwhile. */
#include "tour.h"
#include <math.h>

static int sync_operation(const char **result)
{
    /* Imagine a library here that knows nothing of loops. */
    *result = "Sync result";
    return 0;
}
EDDY_CORO(sync_operation, const char **)

static int use_a_thread(void)
{
    const char *result = NULL;

    /* The thread writes to this frame. The shield keeps a cancellation from leaving it early. */
    eddy_shield(INFINITY)
        eddy_try(eddy_to_thread(sync_operation_coro(&result)));
    printf("Result: %s\n", result);
    return 0;
}
EDDY_CORO(use_a_thread)

int main(void)
{
    return eddy_run(use_a_thread_coro()) < 0;
}

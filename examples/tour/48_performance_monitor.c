/* Entering and leaving a block is logged by a thing that lives in it, also when a failure leaves
 * the block. */
#include "monitor.h"

static int query_database(void)
{
    eddy_auto(monitor) *m = &(monitor){.name = "Database Query"};

    monitor_enter(m);
    return eddy_sleep(0.5);
}

static int call_api(void)
{
    eddy_auto(monitor) *m = &(monitor){.name = "API Call"};

    monitor_enter(m);
    return eddy_sleep(0.3);
}

static int broken_call(void)
{
    eddy_auto(monitor) *m = &(monitor){.name = "Broken Call"};

    monitor_enter(m);
    eddy_try(eddy_sleep(0.1));
    return eddy_raise(EDDY_EINVAL, "Simulated failure");
}

static int monitored(void)
{
    eddy_try(query_database());
    eddy_try(call_api());
    if (broken_call() == EDDY_EINVAL)
        printf("Caught: %s\n", eddy_error_message(eddy_last_error()));
    return 0;
}
EDDY_CORO(monitored)

int main(void)
{
    return eddy_run(monitored_coro()) < 0;
}

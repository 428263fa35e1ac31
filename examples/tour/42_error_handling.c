/* Four ways to go wrong: a call fails, one of several fails, one takes too long, one is cancelled.
 * The status says what happened; the record of the last error says more. */
#include "tour.h"

static int risky_operation(bool fail)
{
    eddy_try(eddy_sleep(0.1));
    if (fail)
        return eddy_raise(EDDY_EINVAL, "Operation failed");
    return 0;
}
EDDY_CORO(risky_operation, bool)

static int failure(void)
{
    int r = risky_operation(true);

    if (r == EDDY_EINVAL)
        printf("Caught error: %s\n", eddy_error_message(eddy_last_error()));
    return r == EDDY_EINVAL ? 0 : r;
}

static int failure_in_gather(void)
{
    int statuses[3];

    printf("\n--- Error Handling in gather ---\n");
    eddy_auto(eddy_task) *first = eddy_try(eddy_create_task(risky_operation_coro(false)));
    eddy_auto(eddy_task) *second = eddy_try(eddy_create_task(risky_operation_coro(true)));
    eddy_auto(eddy_task) *third = eddy_try(eddy_create_task(risky_operation_coro(false)));
    eddy_task *tasks[] = {first, second, third};

    eddy_try(eddy_gather_tasks(tasks, 3, .statuses = statuses));
    for (int i = 0; i < 3; i++) {
        if (statuses[i] < 0)
            printf("Task %d failed: %s\n", i, eddy_error_message(eddy_task_error(tasks[i])));
        else
            printf("Task %d succeeded: Success\n", i);
    }
    return 0;
}

static int lateness(void)
{
    int r = 0;

    printf("\n--- Timeout Handling ---\n");
    eddy_timeout(0.05)
        r = risky_operation(false);
    if (r == EDDY_ETIMEDOUT)
        printf("Operation timed out\n");
    return r == EDDY_ETIMEDOUT ? 0 : r;
}

/* In a cancelled task every wait fails, so clean-up that has to wait needs a shield. */
static int long_task(void)
{
    for (int i = 1; i <= 5; i++) {
        int r = eddy_sleep(1);
        if (r == EDDY_ECANCELED) {
            printf("Task was cancelled, cleaning up...\n");
            eddy_shield(5)
                eddy_try(eddy_sleep(0.1));
            printf("Cleanup done\n");
        }
        eddy_try(r);
        printf("Working... %d/5\n", i);
    }
    return 0;
}
EDDY_CORO(long_task)

static int cancellation(void)
{
    printf("\n--- Cancellation Handling ---\n");
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(long_task_coro()));

    eddy_try(eddy_sleep(2.5));
    eddy_cancel(task);
    int r = eddy_await(task);
    if (r == EDDY_ECANCELED)
        printf("Task was successfully cancelled\n");
    return r == EDDY_ECANCELED ? 0 : r;
}

static int error_handling_demo(void)
{
    printf("=== Error Handling Demo ===\n");
    eddy_try(failure());
    eddy_try(failure_in_gather());
    eddy_try(lateness());
    return cancellation();
}
EDDY_CORO(error_handling_demo)

int main(void)
{
    return eddy_run(error_handling_demo_coro()) < 0;
}

/* Waiting for whichever task ends first. The others need not be cancelled by hand: a handle that
 * goes out of scope cancels its task and waits for its end. */
#include "tour.h"

static int fetch_data(const char *source, int delay, struct text *data)
{
    printf("Fetching from %s...\n", source);
    eddy_try(eddy_sleep(delay));
    printf("Finished fetching from %s\n", source);
    text_set(data, "Data from %s", source);
    return 0;
}
EDDY_CORO(fetch_data, const char *, int, struct text *)

static int wait_for_any(void)
{
    struct text results[3];

    printf("\n=== wait with FIRST_COMPLETED ===\n");
    eddy_auto(eddy_task) *fast =
        eddy_try(eddy_create_task(fetch_data_coro("Fast", 1, &results[0])));
    eddy_auto(eddy_task) *medium =
        eddy_try(eddy_create_task(fetch_data_coro("Medium", 2, &results[1])));
    eddy_auto(eddy_task) *slow =
        eddy_try(eddy_create_task(fetch_data_coro("Slow", 3, &results[2])));
    eddy_task *tasks[] = {fast, medium, slow};

    int done = eddy_try(eddy_wait(tasks, 3, .return_when = EDDY_FIRST_COMPLETED));
    for (int i = 0; i < 3; i++)
        if (eddy_task_done(tasks[i]))
            printf("First completed: %s\n", results[i].s);
    printf("Still running: %d\n", 3 - done);
    return 0;
}
EDDY_CORO(wait_for_any)

int main(void)
{
    return eddy_run(wait_for_any_coro()) < 0;
}

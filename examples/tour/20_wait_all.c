/* eddy_wait returns how many tasks have ended; each is then asked for its own status and error. */
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

static int wait_demo(void)
{
    struct text results[3];

    printf("\n=== asyncio.wait Demo ===\n");
    eddy_auto(eddy_task) *a =
        eddy_try(eddy_create_task(fetch_data_coro("Source A", 1, &results[0])));
    eddy_auto(eddy_task) *b =
        eddy_try(eddy_create_task(fetch_data_coro("Source B", 2, &results[1])));
    eddy_auto(eddy_task) *c =
        eddy_try(eddy_create_task(fetch_data_coro("Source C", 3, &results[2])));
    eddy_task *tasks[] = {a, b, c};

    int done = eddy_try(eddy_wait(tasks, 3, .return_when = EDDY_ALL_COMPLETED));
    printf("Completed: %d\n", done);
    printf("Pending: %d\n", 3 - done);
    for (int i = 0; i < 3; i++) {
        if (eddy_task_status(tasks[i]) == 0)
            printf("Result: %s\n", results[i].s);
        else
            printf("Error: %s\n", eddy_error_message(eddy_task_error(tasks[i])));
    }
    return 0;
}
EDDY_CORO(wait_demo)

int main(void)
{
    return eddy_run(wait_demo_coro()) < 0;
}

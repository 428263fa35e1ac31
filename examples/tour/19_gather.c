/* Results stand in the order of the arguments, whatever the order of completion. With .statuses a
 * failure is a value like others: the call returns 0, and each coroutine's status is its own. */
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

static int gather_demo(void)
{
    struct text results[3];
    int statuses[3];
    eddy_coro fetches[] = {
        fetch_data_coro("API 1", 1, &results[0]),
        fetch_data_coro("API 2", 2, &results[1]),
        fetch_data_coro("API 3", 1, &results[2]),
    };

    printf("=== asyncio.gather Demo ===\n");
    eddy_try(eddy_gather_n(fetches, 3, .statuses = statuses));
    for (int i = 0; i < 3; i++)
        if (statuses[i] < 0)
            text_set(&results[i], "%s", eddy_status_name(statuses[i]));
    print_texts("All results: ", results, 3);
    return 0;
}
EDDY_CORO(gather_demo)

int main(void)
{
    return eddy_run(gather_demo_coro()) < 0;
}

/* Producer and consumer by turns: a generator runs only while somebody waits for its next item. */
#include "tour.h"

static int process_data(const char *const *sources)
{
    struct text data;

    for (; *sources; sources++) {
        printf("Processing source: %s\n", *sources);
        eddy_try(eddy_sleep(0.5));
        text_set(&data, "Processed data from %s", *sources);
        eddy_try(eddy_yield(&data));
    }
    return 0;
}
EDDY_CORO(process_data, const char *const *)

static int use_pipeline(void)
{
    static const char *const sources[] = {"API 1", "Database", "File System", "Cache", NULL};
    struct text data;
    int r;

    printf("\n=== Async Data Pipeline ===\n");
    eddy_auto(eddy_gen) *pipeline =
        eddy_try(eddy_gen_open(process_data_coro(sources), sizeof data));
    while ((r = eddy_gen_next(pipeline, &data)) > 0)
        printf("Received: %s\n", data.s);
    return r;
}
EDDY_CORO(use_pipeline)

int main(void)
{
    return eddy_run(use_pipeline_coro()) < 0;
}

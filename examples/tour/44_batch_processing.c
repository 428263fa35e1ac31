/* A thousand items, a hundred at a time: each batch is a group. */
#include "tour.h"

enum { ITEMS = 1000, BATCH = 100 };

static int process_item(int item, int *result)
{
    eddy_try(eddy_sleep(0.1));
    *result = item * 2;
    return 0;
}
EDDY_CORO(process_item, int, int *)

static int process_batch(const int *items, int *results)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    for (int i = 0; i < BATCH; i++)
        eddy_group_start(group, process_item_coro(items[i], &results[i]));
    return eddy_group_join(group);
}

static int batch_processing_demo(void)
{
    int items[ITEMS], results[ITEMS];

    printf("\n=== Batch Processing Demo ===\n");
    for (int i = 0; i < ITEMS; i++)
        items[i] = i;
    double start = eddy_time();
    for (int i = 0; i < ITEMS; i += BATCH)
        eddy_try(process_batch(&items[i], &results[i]));
    printf("Processed %d items in %.2fs\n", ITEMS, eddy_time() - start);
    print_ints("Sample results: ", results, 10);
    return 0;
}
EDDY_CORO(batch_processing_demo)

int main(void)
{
    return eddy_run(batch_processing_demo_coro()) < 0;
}

/* A generator inside a generator: items one by one become batches. What is handed out is copied, so
 * a batch may lie in the generator's frame. */
#include "tour.h"

enum { BATCH = 3 };

struct batch {
    struct text items[BATCH];
    size_t count;
};

static int items(int n)
{
    struct text item;

    for (int i = 0; i < n; i++) {
        text_set(&item, "item-%d", i);
        eddy_try(eddy_yield(&item));
    }
    return 0;
}
EDDY_CORO(items, int)

static int batches(int n)
{
    struct batch batch = {.count = 0};
    int r;
    eddy_auto(eddy_gen) *source = eddy_try(eddy_gen_open(items_coro(n), sizeof(struct text)));

    while ((r = eddy_gen_next(source, &batch.items[batch.count])) > 0) {
        if (++batch.count < BATCH)
            continue;
        print_texts("Processing batch: ", batch.items, batch.count);
        eddy_try(eddy_sleep(0.5));
        eddy_try(eddy_yield(&batch));
        batch.count = 0;
    }
    eddy_try(r);
    if (batch.count > 0) {
        print_texts("Processing final batch: ", batch.items, batch.count);
        eddy_try(eddy_yield(&batch));
    }
    return 0;
}
EDDY_CORO(batches, int)

static int use_batches(void)
{
    struct batch batch;
    int r;

    printf("\n=== Async Batch Processor ===\n");
    eddy_auto(eddy_gen) *source = eddy_try(eddy_gen_open(batches_coro(10), sizeof batch));
    while ((r = eddy_gen_next(source, &batch)) > 0)
        print_texts("Processed batch: ", batch.items, batch.count);
    return r;
}
EDDY_CORO(use_batches)

int main(void)
{
    return eddy_run(use_batches_coro()) < 0;
}

/* At most two at a time. The semaphore lies in the frame of the coroutine whose children use it; it
 * needs no closing. */
#include "tour.h"

enum { RESOURCES = 5 };

static int limited_fetch(eddy_semaphore *slots, int resource, struct text *data)
{
    eddy_with(slots) {
        printf("Fetching Resource %d (semaphore acquired)\n", resource);
        eddy_try(eddy_sleep(1));
        printf("Finished Resource %d (semaphore released)\n", resource);
    }
    text_set(data, "Data from Resource %d", resource);
    return 0;
}
EDDY_CORO(limited_fetch, eddy_semaphore *, int, struct text *)

static int semaphore_demo(void)
{
    struct text results[RESOURCES];
    eddy_semaphore slots = EDDY_SEMAPHORE(2);
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    printf("\n=== Semaphore Demo ===\n");
    for (int i = 0; i < RESOURCES; i++)
        eddy_group_start(group, limited_fetch_coro(&slots, i, &results[i]));
    eddy_try(eddy_group_join(group));
    print_texts("All results: ", results, RESOURCES);
    return 0;
}
EDDY_CORO(semaphore_demo)

int main(void)
{
    return eddy_run(semaphore_demo_coro()) < 0;
}

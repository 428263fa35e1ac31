/* Ten thousand coroutines asleep at once, in one thread. */
#include "tour.h"

enum { MANY = 10000 };

static int one(int i, int *result)
{
    eddy_try(eddy_sleep(1));
    *result = i;
    return 0;
}
EDDY_CORO(one, int, int *)

static int many(void)
{
    static int results[MANY]; /* too large for a coroutine's stack of 48 KiB */
    double start = eddy_time();
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    for (int i = 0; i < MANY; i++)
        eddy_group_start(group, one_coro(i, &results[i]));
    eddy_try(eddy_group_join(group));

    int sum = 0;
    bool ordered = true;
    for (int i = 0; i < MANY; i++) {
        sum += results[i];
        ordered = ordered && results[i] == i;
    }
    printf("%d coroutines, sum %d, in order: %s\n", MANY, sum, truth(ordered));
    printf("Under 3 seconds: %s\n", truth(eddy_time() - start < 3));
    return 0;
}
EDDY_CORO(many)

int main(void)
{
    return eddy_run(many_coro()) < 0;
}

/* A timeout with a name can be asked whether it was this one that expired. */
#include "tour.h"

static int long_running_task(const char **result)
{
    eddy_try(eddy_sleep(5));
    *result = "任务完成";
    return 0;
}

static int limited(void)
{
    const char *result = NULL;
    eddy_scope limit;
    int r = 0;

    eddy_timeout_as(limit, 2)
        r = long_running_task(&result);
    if (eddy_scope_expired(&limit)) {
        printf("任务超时\n");
        return 0;
    }
    eddy_try(r);
    printf("%s\n", result);
    return 0;
}
EDDY_CORO(limited)

int main(void)
{
    return eddy_run(limited_coro()) < 0;
}

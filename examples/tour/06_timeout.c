/* A timeout is a block: whatever waits inside it, however deep, fails with EDDY_ETIMEDOUT when the
 * time is over. */
#include "tour.h"

static int my_coroutine(void)
{
    eddy_try(eddy_sleep(2));
    printf("Coroutine executed\n");
    return 0;
}

static int impatient(void)
{
    int r = 0;

    eddy_timeout(1)
        r = my_coroutine();
    if (r != EDDY_ETIMEDOUT)
        return r;
    printf("Coroutine timed out\n");
    return 0;
}
EDDY_CORO(impatient)

int main(void)
{
    return eddy_run(impatient_coro()) < 0;
}

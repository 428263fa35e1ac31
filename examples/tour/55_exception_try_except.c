/* A failure is a negative status made by eddy_raise, which also keeps a message and the place. The
 * caller looks at the status and deals with those it knows. */
#include "tour.h"

static int might_fail(void)
{
    eddy_try(eddy_sleep(0.5));
    return eddy_raise(EDDY_EINVAL, "Something went wrong!");
}

static int careful_caller(void)
{
    int r = might_fail();

    if (r != EDDY_EINVAL)
        return r;
    printf("Caught an error: %s\n", eddy_error_message(eddy_last_error()));
    return 0;
}
EDDY_CORO(careful_caller)

int main(void)
{
    return eddy_run(careful_caller_coro()) < 0;
}

/* A coroutine is a function that may wait. It returns a status, 0 or a negative code; eddy_try
 * passes a failure on to the caller. EDDY_CORO adds my_coroutine_coro(), which makes an object of a
 * call to it, and eddy_run runs such an object. */
#include "tour.h"

static int my_coroutine(void)
{
    eddy_try(eddy_sleep(1));
    printf("Coroutine executed\n");
    return 0;
}
EDDY_CORO(my_coroutine)

int main(void)
{
    return eddy_run(my_coroutine_coro()) < 0;
}

/* eddy_run makes a loop, runs one coroutine to its end and closes the loop. Its value is the
 * coroutine's status. */
#include "tour.h"

static int hello(void)
{
    eddy_try(eddy_sleep(1));
    printf("hello\n");
    return 0;
}
EDDY_CORO(hello)

int main(void)
{
    return eddy_run(hello_coro()) < 0;
}

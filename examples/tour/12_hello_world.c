/* The smallest program that waits. */
#include "tour.h"

static int hello_world(void)
{
    printf("Hello\n");
    eddy_try(eddy_sleep(1));
    printf("World\n");
    return 0;
}
EDDY_CORO(hello_world)

int main(void)
{
    return eddy_run(hello_world_coro()) < 0;
}

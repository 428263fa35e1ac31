/* One call after the other: a second and two more are three. */
#include "tour.h"
#include <time.h>

static void print_time(const char *what)
{
    char clock[16];
    time_t seconds = time(NULL);
    struct tm local;

    strftime(clock, sizeof clock, "%H:%M:%S", localtime_r(&seconds, &local));
    printf("%s at %s\n", what, clock);
}

static int say_after(double delay, const char *what)
{
    eddy_try(eddy_sleep(delay));
    printf("%s\n", what);
    return 0;
}

static int hello_world(void)
{
    print_time("started");
    eddy_try(say_after(1, "hello"));
    eddy_try(say_after(2, "world"));
    print_time("finished");
    return 0;
}
EDDY_CORO(hello_world)

int main(void)
{
    return eddy_run(hello_world_coro()) < 0;
}

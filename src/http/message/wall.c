/* wall.c - the time of day, for Date, Expires and cookies: the only place that asks for it. */
#include "http/message/encode.h"

time_t eddy__wall_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

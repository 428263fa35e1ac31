/* monitor.h - logs how long a block took, however it is left.
 *
 *     eddy_auto(monitor) *m = &(monitor){.name = "Database Query"};
 *     monitor_enter(m); */
#ifndef MONITOR_H
#define MONITOR_H

#include "log.h"
#include "tour.h"

typedef struct monitor {
    const char *name;
    double start;
} monitor;

static inline void monitor_enter(monitor *m)
{
    m->start = eddy_time();
    log_info("Entering %s", m->name);
}

static inline void monitor_exit(monitor *m)
{
    log_info("Exiting %s (duration: %.3fs)", m->name, eddy_time() - m->start);
}
EDDY_AUTOCLOSE(monitor, monitor_exit)

#endif

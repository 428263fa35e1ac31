/* serve_counters.h - what the servers of all loops have done, and the line that shows it. */
#ifndef EDDY_TOOL_SERVE_COUNTERS_H
#define EDDY_TOOL_SERVE_COUNTERS_H

#include <eddy/http/server.h>
#include <stdatomic.h>

/* Of one loop, which writes it; any other may read. */
struct serve_counters {
    atomic_uint open; /* connections */
    atomic_ullong connections, requests, refused, received, sent;
};

/* Brings them up to date. */
void serve_counters_take(struct serve_counters *self, const eddy_http_server *server);
/* Does so ten times a second, until it is cancelled. */
EDDY_SUSPENDS int serve_counters_follow(struct serve_counters *self, eddy_http_server *server);

/* Shows the sum of n of them on the terminal that stderr is, until it is cancelled, and then clears
 * the line. Does nothing without a terminal. */
EDDY_SUSPENDS int serve_counters_show(const struct serve_counters *all, int n);
/* "12 requests, 3.4 MiB sent in 0:05", on stderr. */
void serve_counters_report(const struct serve_counters *all, int n, double seconds);

#endif

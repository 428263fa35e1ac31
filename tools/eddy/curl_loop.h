/* curl_loop.h - libcurl on eddy's loop: transfers that suspend their task instead of blocking.
 *
 * libcurl says which descriptors and which time it waits for; the loop watches them and tells it.
 * No thread (but the one that libcurl itself makes for a name look-up) and no polling. */
#ifndef EDDY_TOOL_CURL_LOOP_H
#define EDDY_TOOL_CURL_LOOP_H

#include <curl/curl.h>
#include <eddy/base.h>

typedef struct curl_loop curl_loop;

/* For the running loop; curl_global_init was called before. Transfers share its connections. NULL
 * with a record: EDDY_ELOOP outside a running loop, EDDY_ENOMEM. Close it when no transfer is left;
 * NULL is fine. */
curl_loop *curl_loop_open(void);
void curl_loop_close(curl_loop *self);
EDDY_AUTOCLOSE(curl_loop, curl_loop_close)

/* Closes the connections that are kept for later transfers; none may be under way. 0, or ENOMEM. */
int curl_loop_disconnect(curl_loop *self);

/* Runs the transfer that easy describes. Returns its CURLcode: 0, or libcurl's failure, which is
 * positive. Cancelled or out of time it breaks the transfer off and returns that, negative. Takes
 * CURLOPT_PRIVATE for itself. easy's callbacks run on the loop's own stack, beside all tasks: they
 * must not suspend, and they may use as much stack as they like. */
EDDY_SUSPENDS int curl_loop_perform(curl_loop *self, CURL *easy);

#endif

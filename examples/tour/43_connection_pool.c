/* A session is a pool of connections. Its options say how many there may be and how long a request
 * and its parts may take; names that were looked up are remembered by the loop. */
/* pkg-config: eddy-http */
#include "web.h"

enum { REQUESTS = 10 };

static int fetch_with_session(eddy_http *http, size_t *size)
{
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, "/delay/1"));

    *size = strlen(eddy_try(eddy_response_text(response)));
    return 0;
}
EDDY_CORO(fetch_with_session, eddy_http *, size_t *)

static int connection_pool(void)
{
    size_t sizes[REQUESTS];
    eddy_coro coros[REQUESTS];
    eddy_auto(eddy_http) *http =
        eddy_try(eddy_http_open(.base_url = web_server(), .limit = 100, .limit_per_host = 30,
                                .timeout = 30, .timeout_connect = 10, .timeout_read = 10));
    double start = eddy_time();

    printf("=== Connection Pool Demo ===\n");
    for (int i = 0; i < REQUESTS; i++)
        coros[i] = fetch_with_session_coro(http, &sizes[i]);
    eddy_try(eddy_gather_n(coros, REQUESTS));
    double seconds = eddy_time() - start;
    printf("Fetched %d URLs in %.2fs\n", REQUESTS, seconds);
    printf("Average time per request: %.2fs\n", seconds / REQUESTS);
    return 0;
}
EDDY_CORO(connection_pool)

int main(void)
{
    return eddy_run(connection_pool_coro()) < 0;
}

/* Why a library has to know the loop: libcurl's easy interface blocks the thread, so that three
 * tasks with a request each take turns; eddy's requests suspend their task alone. */
/* pkg-config: eddy-http libcurl */
#include "web.h"
#include <curl/curl.h>

enum { REQUESTS = 3, CURL_STACK = 256 << 10 };

static size_t drop(char *data, size_t size, size_t n, void *arg)
{
    (void)data;
    (void)arg;
    return size * n;
}

static int blocking_fetch(int i)
{
    char url[200];
    long status = 0;
    CURL *curl = curl_easy_init();

    snprintf(url, sizeof url, "%s/delay/1", web_server());
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK)
        return eddy_raise(EDDY_EUSER, "%s: %s", url, curl_easy_strerror(code));
    printf("blocking %d: %ld\n", i, status);
    return 0;
}
EDDY_CORO(blocking_fetch, int)

static int async_fetch(eddy_http *http, int i, struct text *line)
{
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, "/delay/1"));

    eddy_try(eddy_response_text(response));
    text_set(line, "async %d: %d", i, eddy_response_status(response));
    return 0;
}
EDDY_CORO(async_fetch, eddy_http *, int, struct text *)

static int by_blocking(void)
{
    double start = eddy_time();
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    for (int i = 0; i < REQUESTS; i++)
        eddy_group_start(group, blocking_fetch_coro(i), .stack_size = CURL_STACK);
    eddy_try(eddy_group_join(group));
    printf("Blocking library: %.2fs\n", eddy_time() - start);
    return 0;
}

static int by_suspending(void)
{
    eddy_coro coros[REQUESTS];
    struct text lines[REQUESTS];
    eddy_auto(eddy_http) *http = eddy_try(eddy_http_open(.base_url = web_server()));
    double start = eddy_time();

    for (int i = 0; i < REQUESTS; i++)
        coros[i] = async_fetch_coro(http, i, &lines[i]);
    eddy_try(eddy_gather_n(coros, REQUESTS));
    for (int i = 0; i < REQUESTS; i++)
        printf("%s\n", lines[i].s);
    printf("Async library: %.2fs\n", eddy_time() - start);
    return 0;
}

static int async_library(void)
{
    eddy_try(by_blocking());
    return by_suspending();
}
EDDY_CORO(async_library)

int main(void)
{
    return eddy_run(async_library_coro()) < 0;
}

/* Tasks that share a session. What bounds anything else bounds a request, too: a timeout is a block
 * around it, a semaphore lets two in at a time. */
/* pkg-config: eddy-http */
#include "web.h"

enum { URLS = 5, TIMEOUT_URLS = 3 };

struct page {
    char url[200];
    char status[16];
    size_t size;
};

/* Fetches page->url: its status and the length of its text. */
static int fetch(eddy_http *http, struct page *page)
{
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, page->url));

    page->size = strlen(eddy_try(eddy_response_text(response)));
    snprintf(page->status, sizeof page->status, "%d", eddy_response_status(response));
    return 0;
}

static void no_page(struct page *page, const char *why)
{
    snprintf(page->status, sizeof page->status, "%s", why);
    page->size = 0;
}

static int fetch_url(eddy_http *http, struct page *page)
{
    if (fetch(http, page) == 0) {
        printf("Fetched %s: %zu characters\n", page->url, page->size);
    } else {
        printf("Error fetching %s: %s\n", page->url, eddy_error_message(eddy_last_error()));
        no_page(page, "error");
    }
    return 0;
}
EDDY_CORO(fetch_url, eddy_http *, struct page *)

static int fetch_with_timeout(eddy_http *http, struct page *page, double seconds)
{
    int r = 0;

    eddy_timeout(seconds)
        r = fetch(http, page);
    if (r == EDDY_ETIMEDOUT) {
        printf("Timeout for %s\n", page->url);
        no_page(page, "timeout");
    } else if (r < 0) {
        printf("Error for %s: %s\n", page->url, eddy_error_message(eddy_last_error()));
        no_page(page, "error");
    }
    return 0;
}
EDDY_CORO(fetch_with_timeout, eddy_http *, struct page *, double)

static int fetch_with_semaphore(eddy_http *http, struct page *page, eddy_semaphore *slots)
{
    eddy_with(slots) {
        eddy_try(fetch(http, page));
        eddy_try(eddy_sleep(0.1)); /* imagine work on it */
    }
    return 0;
}
EDDY_CORO(fetch_with_semaphore, eddy_http *, struct page *, eddy_semaphore *)

/* ---- the three of them ---- */

/* The server's pages that take so many seconds each. */
static void name_pages(struct page *pages, const int *delays, int n)
{
    for (int i = 0; i < n; i++)
        snprintf(pages[i].url, sizeof pages[i].url, "%s/delay/%d", web_server(), delays[i]);
}

static const int delays[URLS] = {1, 2, 1, 3, 1};

static int many_at_once(void)
{
    struct page pages[URLS];
    eddy_coro coros[URLS];
    double start = eddy_time();
    eddy_auto(eddy_http) *http = eddy_try(eddy_http_open());

    name_pages(pages, delays, URLS);
    for (int i = 0; i < URLS; i++)
        coros[i] = fetch_url_coro(http, &pages[i]);
    eddy_try(eddy_gather_n(coros, URLS));
    printf("\nFetched %d URLs in %.2fs\n", URLS, eddy_time() - start);
    for (int i = 0; i < URLS; i++)
        printf(" %s: %zu bytes\n", pages[i].url, pages[i].size);
    return 0;
}

static int not_too_long(void)
{
    struct page pages[TIMEOUT_URLS];
    eddy_coro coros[TIMEOUT_URLS];
    double start = eddy_time();
    eddy_auto(eddy_http) *http = eddy_try(eddy_http_open());

    printf("\n--- With Timeout ---\n");
    name_pages(pages, (const int[]){1, 10, 2}, TIMEOUT_URLS); /* the second takes too long */
    for (int i = 0; i < TIMEOUT_URLS; i++)
        coros[i] = fetch_with_timeout_coro(http, &pages[i], 3);
    eddy_try(eddy_gather_n(coros, TIMEOUT_URLS));
    printf("Timeout fetch completed in %.2fs\n", eddy_time() - start);
    for (int i = 0; i < TIMEOUT_URLS; i++)
        printf(" %s: %s, %zu bytes\n", pages[i].url, pages[i].status, pages[i].size);
    return 0;
}

static int two_at_a_time(void)
{
    struct page pages[URLS];
    eddy_coro coros[URLS];
    eddy_semaphore slots = EDDY_SEMAPHORE(2);
    double start = eddy_time();
    eddy_auto(eddy_http) *http = eddy_try(eddy_http_open());

    printf("\n--- With Semaphore (max 2 concurrent) ---\n");
    name_pages(pages, delays, URLS);
    for (int i = 0; i < URLS; i++)
        coros[i] = fetch_with_semaphore_coro(http, &pages[i], &slots);
    eddy_try(eddy_gather_n(coros, URLS));
    printf("Semaphore fetch completed in %.2fs\n", eddy_time() - start);
    for (int i = 0; i < URLS; i++)
        printf(" %s: %zu bytes\n", pages[i].url, pages[i].size);
    return 0;
}

static int network_requests(void)
{
    printf("=== Async Network Requests ===\n");
    eddy_try(many_at_once());
    eddy_try(not_too_long());
    return two_at_a_time();
}
EDDY_CORO(network_requests)

int main(void)
{
    return eddy_run(network_requests_coro()) < 0;
}

/* A crawler: three workers share a queue of addresses, and put into it what they find on a page.
 * The queue knows when all is done. Then other work goes on while a slow page is awaited. */
/* pkg-config: eddy-http */
#include "web.h"

enum { PAGES = 100, WORKERS = 3 };

struct page {
    char path[64];
    int status;
    size_t size;
};

/* All that were seen; they stay where they are, so the queue has pointers to them. */
struct site {
    struct page pages[PAGES];
    size_t count;
};

/* Puts a page into the queue when it was not seen before. */
static int add_page(struct site *site, eddy_queue *queue, const char *path, size_t size)
{
    for (size_t i = 0; i < site->count; i++)
        if (strlen(site->pages[i].path) == size && memcmp(site->pages[i].path, path, size) == 0)
            return 0;
    if (site->count == PAGES || size >= sizeof site->pages->path)
        return 0; /* enough */
    struct page *page = &site->pages[site->count++];
    snprintf(page->path, sizeof page->path, "%.*s", (int)size, path);
    return eddy_queue_put_nowait(queue, &page);
}

/* Adds what text has links to: href='…' */
static int add_links(struct site *site, eddy_queue *queue, const char *text)
{
    for (const char *link = strstr(text, "href='"); link; link = strstr(link, "href='")) {
        link += strlen("href='");
        eddy_try(add_page(site, queue, link, strcspn(link, "'")));
    }
    return 0;
}

static int crawl(eddy_http *http, struct site *site, eddy_queue *queue, struct page *page)
{
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, page->path));
    const char *text = eddy_try(eddy_response_text(response));

    page->status = eddy_response_status(response);
    page->size = strlen(text);
    return add_links(site, queue, text);
}

static int worker(eddy_http *http, struct site *site, eddy_queue *queue)
{
    for (;;) {
        struct page *page;

        eddy_try(eddy_queue_get(queue, &page));
        eddy_try(crawl(http, site, queue, page));
        eddy_queue_task_done(queue);
    }
}
EDDY_CORO(worker, eddy_http *, struct site *, eddy_queue *)

/* When all is done the workers, who wait for more, are cancelled; should one have failed, that ends
 * the wait of the queue. */
static int crawl_site(eddy_http *http, struct site *site)
{
    eddy_auto(eddy_queue) *queue = eddy_try(eddy_queue_open(sizeof(struct page *), 0));
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    eddy_try(add_page(site, queue, "/links/8/0", strlen("/links/8/0")));
    for (int i = 0; i < WORKERS; i++)
        eddy_group_start(group, worker_coro(http, site, queue));
    int r = eddy_queue_join(queue);
    if (r == 0)
        eddy_group_cancel(group);
    return eddy_group_join(group, .body = r);
}

static int compare_pages(const void *a, const void *b)
{
    return strcmp(((const struct page *)a)->path, ((const struct page *)b)->path);
}

static int show_site(eddy_http *http)
{
    static struct site site;

    eddy_try(crawl_site(http, &site));
    qsort(site.pages, site.count, sizeof *site.pages, compare_pages);
    for (size_t i = 0; i < site.count; i++)
        printf("%s: %d, %zu characters\n", site.pages[i].path, site.pages[i].status,
               site.pages[i].size);
    return 0;
}

/* ---- other work meanwhile ---- */

static int slow_page(eddy_http *http)
{
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, "/delay/1"));

    eddy_try(eddy_response_text(response));
    printf("slow page: %d\n", eddy_response_status(response));
    return 0;
}
EDDY_CORO(slow_page, eddy_http *)

static int crawler(void)
{
    eddy_auto(eddy_http) *http = eddy_try(eddy_http_open(.base_url = web_server()));

    eddy_try(show_site(http));
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(slow_page_coro(http)));
    for (int i = 0; i < 4; i++) {
        printf("other work %d\n", i);
        eddy_try(eddy_sleep(0.2));
    }
    return eddy_await(task);
}
EDDY_CORO(crawler)

int main(void)
{
    return eddy_run(crawler_coro()) < 0;
}

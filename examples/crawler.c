/* crawler.c - follows the links of a site, several pages at a time, and tells what is broken.
 *
 *     crawler [-d DEPTH] [-c PAGES-AT-A-TIME] URL
 *
 * Stays with the scheme, host and port of URL, takes links up to DEPTH (5) away from it and obeys
 * robots.txt (RFC 9309). Prints each page, and a report at the end: exit status 1 when a link is
 * broken. Ctrl-C ends it with the report of what was seen until then.
 *
 * Links are found by a small scanner, which knows tags, comments, scripts and styles, attributes
 * with any quotes, and of the entities only &amp;. It does not run scripts, build a document as a
 * browser does, look into CSS, srcset, <base>, <meta> or sitemaps, or convert character sets; nor
 * does this program know "nofollow" or Crawl-delay. */
/* pkg-config: eddy-http */
#define _GNU_SOURCE
#include <ctype.h>
#include <eddy.h>
#include <eddy/http.h>
#include <search.h>
#include <stdlib.h>

enum { MAX_PAGES = 10000, MAX_RULES = 1000, MAX_LINK = 2048, MAX_ROBOTS = 512 * 1024 };
static const char agent[] = "eddy-crawler";

/* ---- robots.txt ------------------------------------------------------------------------------ */

struct rule {
    bool allow;
    char *pattern; /* a path; * is anything, $ at its end the end */
};

/* The groups that name us count, otherwise those for all. */
struct robots {
    struct rule rules[MAX_RULES];
    unsigned count;
    bool named;    /* a group names us */
    bool for_us;   /* the group that is being read */
    bool for_all;  /* it is for * */
    bool in_rules; /* its agents have ended */
};

static void robots_clear(struct robots *self)
{
    while (self->count)
        free(self->rules[--self->count].pattern);
}

static void robots_agent(struct robots *self, const char *name)
{
    if (self->in_rules)
        self->for_us = self->for_all = self->in_rules = false;
    if (strcasecmp(name, agent) == 0) {
        if (!self->named)
            robots_clear(self);
        self->named = self->for_us = true;
    }
    if (strcmp(name, "*") == 0)
        self->for_all = true;
}

static void robots_rule(struct robots *self, const char *pattern, bool allow)
{
    self->in_rules = true;
    if (!(self->named ? self->for_us : self->for_all) || !*pattern || self->count == MAX_RULES)
        return;
    char *copy = strdup(pattern);
    if (copy)
        self->rules[self->count++] = (struct rule){allow, copy};
}

/* Without blanks around it, in place. */
static char *trimmed(char *text)
{
    text += strspn(text, " \t");
    size_t size = strlen(text);
    while (size && strchr(" \t\r", text[size - 1]))
        text[--size] = '\0';
    return text;
}

static void robots_line(struct robots *self, char *line)
{
    line[strcspn(line, "#")] = '\0';
    char *value = strchr(line, ':');
    if (!value)
        return;
    *value++ = '\0';
    const char *name = trimmed(line);
    value = trimmed(value);
    if (strcasecmp(name, "user-agent") == 0)
        robots_agent(self, value);
    else if (strcasecmp(name, "allow") == 0)
        robots_rule(self, value, true);
    else if (strcasecmp(name, "disallow") == 0)
        robots_rule(self, value, false);
}

/* Whether path begins as the pattern says. */
static bool pattern_matches(const char *pattern, const char *path)
{
    const char *star = NULL, *back = NULL; /* behind the last *, and what it has to be tried on */

    for (;;) {
        bool end = pattern[0] == '$' && !pattern[1];

        if (!*pattern || (end && !*path))
            return true;
        if (*pattern == '*') {
            star = ++pattern;
            back = path;
        } else if (!end && *path == *pattern) {
            pattern++;
            path++;
        } else if (star && *back) {
            pattern = star;
            path = ++back;
        } else {
            return false;
        }
    }
}

/* The longest rule counts, of two alike the one that allows. */
static bool robots_allow(const struct robots *self, const char *path)
{
    bool allowed = true;
    size_t longest = 0;

    for (unsigned i = 0; i < self->count; i++) {
        const struct rule *rule = &self->rules[i];
        size_t length = strlen(rule->pattern);

        if (length < longest || !pattern_matches(rule->pattern, path))
            continue;
        allowed = rule->allow || (length == longest && allowed);
        longest = length;
    }
    return allowed;
}

/* ---- links in HTML --------------------------------------------------------------------------- */

struct attribute {
    const char *name;
    size_t name_size;
    const char *value;
    size_t value_size;
};

/* Behind the < of the next tag that begins an element, NULL: there is none. */
static const char *next_tag(const char *p)
{
    while ((p = strchr(p, '<'))) {
        if (strncmp(p, "<!--", 4) == 0) {
            p = strstr(p + 4, "-->");
            if (!p)
                return NULL;
        } else if (isalpha((unsigned char)p[1])) {
            return p + 1;
        }
        p++;
    }
    return NULL;
}

static void take_value(const char **p, struct attribute *attribute)
{
    const char *quote = **p == '"' ? "\"" : **p == '\'' ? "'" : NULL;

    *p += quote != NULL;
    attribute->value = *p;
    attribute->value_size = strcspn(*p, quote ? quote : " \t\r\n\f>");
    *p += attribute->value_size;
    *p += quote && **p;
}

/* The next attribute of the tag that *p is in, after which *p is. False at its end. */
static bool next_attribute(const char **p, struct attribute *attribute)
{
    static const char blanks[] = " \t\r\n\f/";

    *p += strspn(*p, blanks);
    if (!**p || **p == '>')
        return false;
    *attribute = (struct attribute){.name = *p, .name_size = strcspn(*p, " \t\r\n\f/>=")};
    *p += attribute->name_size;
    const char *equals = *p + strspn(*p, blanks);
    if (*equals == '=') {
        *p = equals + 1 + strspn(equals + 1, " \t\r\n\f");
        take_value(p, attribute);
    }
    return true;
}

static bool is_word(const char *text, size_t size, const char *word)
{
    return size == strlen(word) && strncasecmp(text, word, size) == 0;
}

/* The value as it is meant: without blanks around it, &amp; being &. False: it is too long. */
static bool take_link(const struct attribute *attribute, char link[MAX_LINK])
{
    const char *p = attribute->value, *end = p + attribute->value_size;
    size_t size = 0;

    while (p < end && isspace((unsigned char)*p))
        p++;
    while (end > p && isspace((unsigned char)end[-1]))
        end--;
    for (; p < end && size < MAX_LINK - 1; size++) {
        bool entity = end - p >= 5 && strncmp(p, "&amp;", 5) == 0;
        link[size] = *p;
        p += entity ? 5 : 1;
    }
    link[size] = '\0';
    return p == end && size > 0;
}

/* Where the text of a script or a style, which has no tags in it, ends. */
static const char *behind_text_of(const char *p, const char *tag, size_t size)
{
    char end[16];

    if (!is_word(tag, size, "script") && !is_word(tag, size, "style"))
        return p;
    snprintf(end, sizeof end, "</%.*s", (int)size, tag);
    const char *found = strcasestr(p, end);
    return found ? found : p + strlen(p);
}

/* Calls found for each href and src of the page. */
static void scan_links(const char *html, void (*found)(const char *link, void *arg), void *arg)
{
    struct attribute attribute;
    char link[MAX_LINK];
    const char *tag;

    while ((tag = next_tag(html))) {
        size_t size = strcspn(tag, " \t\r\n\f/>");

        html = tag + size;
        while (next_attribute(&html, &attribute))
            if (attribute.value &&
                (is_word(attribute.name, attribute.name_size, "href") ||
                 is_word(attribute.name, attribute.name_size, "src")) &&
                take_link(&attribute, link))
                found(link, arg);
        html = behind_text_of(html, tag, size);
    }
}

/* ---- pages ----------------------------------------------------------------------------------- */

struct page {
    struct page *next; /* in the order in which they were found */
    eddy_url *url;
    const struct page *from; /* the page that leads here; NULL: the first */
    int depth;
    int status;   /* 0: not visited, or it has failed */
    char *reason; /* of the failure */
};

struct crawl {
    eddy_http *http;
    eddy_queue *queue; /* of struct page *, to be visited */
    struct robots *robots;
    int max_depth;
    unsigned at_once;
    struct page *first, **last;
    void *known; /* the same pages by their URLs, by tsearch */
    unsigned count, visited;
    int64_t bytes;
    unsigned elsewhere, forbidden, too_deep, too_many; /* links that were not followed */
};

static int by_url(const void *a, const void *b)
{
    return strcmp(eddy_url_text(((const struct page *)a)->url),
                  eddy_url_text(((const struct page *)b)->url));
}

/* Whether the link is to be followed; if not, it is counted among those that are not. */
static bool is_wanted(struct crawl *self, const eddy_url *url, int depth)
{
    unsigned *count = NULL;

    if (self->first && !eddy_url_same_origin(self->first->url, url))
        count = &self->elsewhere;
    else if (!robots_allow(self->robots, eddy_url_target(url)))
        count = &self->forbidden;
    else if (depth > self->max_depth)
        count = &self->too_deep;
    else if (self->count == MAX_PAGES)
        count = &self->too_many;
    if (count)
        ++*count;
    return !count;
}

/* Notes the page, which takes url over, unless it is known already. */
static void add_page(struct crawl *self, eddy_url *url, const struct page *from, int depth)
{
    struct page *page = calloc(1, sizeof *page);

    if (!page) {
        eddy_url_close(url);
        return;
    }
    *page = (struct page){.url = url, .from = from, .depth = depth};
    struct page **place = tsearch(page, &self->known, by_url);
    if (!place || *place != page || !is_wanted(self, url, depth) ||
        eddy_queue_put_nowait(self->queue, &page) < 0) {
        if (place && *place == page)
            tdelete(page, &self->known, by_url);
        eddy_url_close(url);
        free(page);
        return;
    }
    *self->last = page;
    self->last = &page->next;
    self->count++;
}

struct finder {
    struct crawl *crawl;
    const struct page *page;
};

/* What is no link to a page, as mailto:, is none that is followed. */
static void follow(struct crawl *self, const struct page *page, const char *link, int depth)
{
    eddy_url *url = eddy_url_resolve(page->url, link);

    if (!url)
        eddy_error_clear();
    else if (strncmp(eddy_url_scheme(url), "http", 4) != 0)
        eddy_url_close(url);
    else
        add_page(self, url, page, depth);
}

static void on_link(const char *link, void *arg)
{
    const struct finder *finder = arg;

    follow(finder->crawl, finder->page, link, finder->page->depth + 1);
}

static bool is_html(const eddy_response *response)
{
    const char *type = eddy_response_header(response, "Content-Type");

    return type && strncasecmp(type, "text/html", 9) == 0;
}

/* Redirects are not followed but taken for links, so that all rules hold for them, too. */
static int read_page(struct crawl *self, struct page *page)
{
    eddy_auto(eddy_response) *response = eddy_try(
        eddy_http_get(self->http, eddy_url_text(page->url), .max_redirects = -1, .retries = 1));
    const char *location = eddy_response_header(response, "Location");
    int64_t length = eddy_response_length(response);
    int status = eddy_response_status(response);

    if (status >= 300 && status < 400 && location)
        follow(self, page, location, page->depth);
    if (status == 200 && is_html(response)) {
        size_t size = 0;
        const char *html = eddy_try((const char *)eddy_response_bytes(response, &size));

        scan_links(html, on_link, &(struct finder){self, page});
        length = (int64_t)size;
    }
    page->status = status;
    self->bytes += length > 0 ? length : 0;
    return 0;
}

static int visit(struct crawl *self, struct page *page)
{
    int status = read_page(self, page);

    if (status == EDDY_ECANCELED)
        return status;
    self->visited++;
    if (status < 0) {
        page->reason = strdup(eddy_error_message(eddy_last_error()));
        printf("---  %s\n", eddy_url_text(page->url));
    } else {
        printf("%d  %s\n", page->status, eddy_url_text(page->url));
    }
    return 0;
}

static int work(struct crawl *self)
{
    struct page *page;
    int status;

    while ((status = eddy_queue_get(self->queue, &page)) == 0) {
        eddy_try(visit(self, page));
        eddy_try(eddy_queue_task_done(self->queue));
    }
    return status == EDDY_ECLOSED ? 0 : status;
}
EDDY_CORO(work, struct crawl *)

/* ---- all of it ------------------------------------------------------------------------------- */

/* A server that has no robots.txt allows everything; of one that cannot say nothing is taken. Of a
 * long one the beginning counts (RFC 9309 section 2.5). */
static int read_robots(struct crawl *self, const eddy_url *start)
{
    eddy_auto(eddy_url) *url = eddy_try(eddy_url_resolve(start, "/robots.txt"));
    eddy_auto(eddy_response) *response =
        eddy_try(eddy_http_get(self->http, eddy_url_text(url), .retries = 2));
    int status = eddy_response_status(response);
    char *line = NULL;
    ssize_t n, left = MAX_ROBOTS;

    if (status >= 500)
        return eddy_raise(EDDY_HTTP(status), "%s: the server answers %d", eddy_url_text(url),
                          status);
    if (status != 200)
        return 0;
    eddy_stream *body = eddy_try(eddy_response_body(response));
    while (left > 0 && (n = eddy_try(eddy_read_line(body, &line))) >= 0 && line) {
        robots_line(self->robots, line);
        left -= n + 1;
    }
    return 0;
}

/* A crawler that cannot know what is forbidden asks for nothing (RFC 9309 section 2.3.1.4). */
static int obey_robots(struct crawl *self, const eddy_url *start)
{
    int status = read_robots(self, start);

    if (status < 0 && status != EDDY_ECANCELED) {
        fprintf(stderr, "crawler: nothing is read, since robots.txt cannot be: %s\n",
                eddy_error_message(eddy_last_error()));
        return 0;
    }
    return status < 0 ? status : 1;
}

/* 1: nothing was read, and it has been said why. */
static int crawl(struct crawl *self, const char *start)
{
    eddy_auto(eddy_url) *url = eddy_try(eddy_url_open(start));
    eddy_auto(eddy_http) *http =
        eddy_try(eddy_http_open(.user_agent = "eddy-crawler/" EDDY_VERSION, .timeout = 30,
                                .limit = self->at_once, .max_body = (size_t)4 << 20));
    eddy_auto(eddy_queue) *queue = eddy_try(eddy_queue_open(sizeof(struct page *), 0));
    eddy_auto(eddy_group) *workers = eddy_try(eddy_group_open());

    self->http = http;
    self->queue = queue;
    if (!eddy_try(obey_robots(self, url)))
        return 1;
    add_page(self, eddy_take(url), NULL, 0);
    for (unsigned i = 0; i < self->at_once; i++)
        eddy_group_start(workers, work_coro(self));
    int status = eddy_queue_join(queue);
    eddy_queue_shutdown(queue);
    return eddy_group_join(workers, .body = status);
}

static bool is_broken(const struct page *page)
{
    return page->reason || page->status >= 400;
}

/* Returns how many links are broken. */
static unsigned report(const struct crawl *self, double seconds)
{
    unsigned broken = 0;

    for (const struct page *p = self->first; p; p = p->next) {
        if (!is_broken(p))
            continue;
        if (!broken++)
            printf("\nbroken:\n");
        printf("  %s: %s", eddy_url_text(p->url), p->reason ? p->reason : "");
        if (!p->reason)
            printf("%d", p->status);
        printf(p->from ? " (in %s)\n" : "\n", p->from ? eddy_url_text(p->from->url) : "");
    }
    printf("\n%u page%s, %lld bytes in %.2f s; %u broken\n", self->visited,
           self->visited == 1 ? "" : "s", (long long)self->bytes, seconds, broken);
    printf("not followed: %u links elsewhere, %u that robots.txt forbids, %u too deep",
           self->elsewhere, self->forbidden, self->too_deep);
    if (self->too_many)
        printf(", %u beyond %d pages", self->too_many, MAX_PAGES);
    if (self->count > self->visited)
        printf("; %u pages not visited", self->count - self->visited);
    putchar('\n');
    return broken;
}

static void keep_node(void *page)
{
    (void)page;
}

static void crawl_clear(struct crawl *self)
{
    tdestroy(self->known, keep_node);
    while (self->first) {
        struct page *page = self->first;

        self->first = page->next;
        eddy_url_close(page->url);
        free(page->reason);
        free(page);
    }
    robots_clear(self->robots);
    free(self->robots);
}

struct options {
    const char *url;
    int depth;
    unsigned at_once;
    unsigned broken;
};

static int program(struct options *options)
{
    double start = eddy_time();
    struct crawl self = {
        .robots = calloc(1, sizeof *self.robots),
        .max_depth = options->depth,
        .at_once = options->at_once,
        .last = &self.first,
    };

    int status = self.robots ? crawl(&self, options->url) : eddy_raise(EDDY_ENOMEM, "no memory");
    if (self.count || status == 0)
        options->broken = report(&self, eddy_time() - start);
    crawl_clear(&self);
    return status;
}
EDDY_CORO(program, struct options *)

static int number(const char *text, int most)
{
    char *end;
    long n = text ? strtol(text, &end, 10) : -1;

    return n >= 0 && end != text && !*end && n <= most ? (int)n : -1;
}

int main(int argc, char **argv)
{
    struct options options = {.depth = 5, .at_once = 4};
    int i = 1, depth = 5, at_once = 4;

    for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        if (strcmp(argv[i], "-d") == 0)
            depth = number(argv[i + 1], 100);
        else if (strcmp(argv[i], "-c") == 0)
            at_once = number(argv[i + 1], 100);
        else
            depth = -1;
    }
    if (i != argc - 1 || depth < 0 || at_once < 1 || argv[i][0] == '-') {
        fputs("usage: crawler [-d DEPTH] [-c PAGES-AT-A-TIME] URL\n"
              "DEPTH is 0 to 100 links (5), 1 to 100 pages are read at a time (4)\n",
              stderr);
        return 2;
    }
    options.url = argv[i];
    eddy_auto(eddy_url) *url = eddy_url_open(options.url);
    if (!url) {
        fprintf(stderr, "crawler: %s\n", eddy_error_message(eddy_last_error()));
        return 2;
    }
    options.depth = depth;
    options.at_once = (unsigned)at_once;
    setvbuf(stdout, NULL, _IOLBF, 0);
    return eddy_run(program_coro(&options)) != 0 || options.broken;
}

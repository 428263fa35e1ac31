/* file_page.c - the page for a folder: its names as links, with sizes and times, in the order that
 * was asked for. It needs no scripts. */
#include "http/server/files.h"

#include "http/message/encode.h"
#include <eddy/memory.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static const char page_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<style>\n"
    ":root{color-scheme:light dark;--line:#8883;--soft:#6b737b;--link:#0b5cc4;--hover:#0b62d00d;"
    "--page:#fff;--text:#1c2126}\n"
    "@media(prefers-color-scheme:dark){:root{--link:#7ab7ff;--hover:#7ab7ff14;--soft:#98a1aa;"
    "--page:#15181c;--text:#dfe3e7}}\n"
    "*{box-sizing:border-box}\n"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2.5rem auto;padding:0 1.25rem;"
    "background:var(--page);color:var(--text)}\n"
    "h1{font-size:1.35rem;font-weight:600;overflow-wrap:anywhere;margin:0}\n"
    "h1 b{font-weight:400;color:var(--soft);padding:0 .15em}\n"
    "p{color:var(--soft);margin:.25rem 0 1.25rem}\n"
    "table{border-collapse:collapse;width:100%;table-layout:fixed}\n"
    "th{font-weight:500;font-size:.85em;text-align:left}th a{color:var(--soft)}\n"
    "th,td{padding:.42rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}\n"
    "tr:hover td{background:var(--hover)}\n"
    "td:first-child{overflow-wrap:anywhere;padding-left:2.1rem;text-indent:-1.5rem}\n"
    "th:nth-child(2),td:nth-child(2){width:6rem;text-align:right}\n"
    "th:nth-child(3),td:nth-child(3){width:10rem}\n"
    "td+td{color:var(--soft);font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}\n"
    "svg{width:1rem;height:1rem;margin-right:.5rem;vertical-align:-.15rem;fill:none;"
    "stroke:var(--soft);stroke-width:1.3;stroke-linejoin:round}\n"
    "@media(max-width:34rem){body{margin-top:1.25rem}th:nth-child(3),td:nth-child(3){display:none}"
    "th,td{padding-left:.3rem;padding-right:.3rem}}\n"
    "</style>\n"
    "<svg style=\"display:none\"><symbol id=\"d\" viewBox=\"0 0 16 16\">"
    "<path d=\"M1.5 12.5v-9h4.7l1.5 1.8h6.8v7.2z\"/></symbol>"
    "<symbol id=\"f\" viewBox=\"0 0 16 16\">"
    "<path d=\"M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3\"/></symbol>"
    "</svg>\n";

/* ---- text that grows ---- */

struct page {
    char *text;
    size_t size, room;
    bool failed; /* there was no memory */
};

static bool page_reserve(struct page *page, size_t more)
{
    size_t room = page->room ? page->room : 8192;

    while (room - page->size < more)
        room *= 2;
    if (room != page->room && !page->failed) {
        char *text = eddy_realloc(page->text, room);

        page->failed = !text;
        if (text) {
            page->text = text;
            page->room = room;
        }
    }
    return !page->failed;
}

__attribute__((format(printf, 2, 3))) static void page_add(struct page *page, const char *format,
                                                           ...)
{
    va_list args;

    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0 || !page_reserve(page, (size_t)length + 1))
        return;
    va_start(args, format);
    vsnprintf(page->text + page->size, page->room - page->size, format, args);
    va_end(args);
    page->size += (size_t)length;
}

/* Text that is no markup, whatever is in it. */
static void page_add_text(struct page *page, const char *text)
{
    for (; *text; text++) {
        size_t plain = strcspn(text, "&<>\"'");

        page_add(page, "%.*s", (int)plain, text);
        text += plain;
        if (!*text)
            return;
        page_add(page, "&#%d;", *text);
    }
}

/* A reference to a name in this folder, which begins with no scheme. */
static void page_add_reference(struct page *page, const char *name)
{
    char escaped[3 * 256 + 1];

    if (strlen(name) < 256) {
        escaped[eddy__percent_write(escaped, name, false)] = '\0';
        page_add(page, "./%s", escaped);
    }
}

/* ---- the order ---- */

static const char *const order_names[] = {
    [EDDY__FILE_BY_NAME] = "name", [EDDY__FILE_BY_SIZE] = "size", [EDDY__FILE_BY_TIME] = "time"};

struct eddy__file_order eddy__file_order(eddy_request *request)
{
    const char *sort = eddy_request_query(request, "sort");
    const char *order = eddy_request_query(request, "order");
    struct eddy__file_order result = {.descending = order && strcmp(order, "desc") == 0};

    for (unsigned i = 0; sort && i < count_of(order_names); i++)
        if (strcmp(sort, order_names[i]) == 0)
            result.by = i;
    return result;
}

/* "?sort=size&order=desc", in HTML; nothing for the order that is there anyway. */
static void page_add_order(struct page *page, struct eddy__file_order order)
{
    if (order.by != EDDY__FILE_BY_NAME || order.descending)
        page_add(page, "?sort=%s%s", order_names[order.by],
                 order.descending ? "&amp;order=desc" : "");
}

/* The heading of a column, which sorts by it, the other way round when it is sorted by it already;
 * times and sizes begin with the largest. */
static void page_add_heading(struct page *page, const char *title, unsigned by,
                             struct eddy__file_order now)
{
    bool current = now.by == by;
    bool descending = current ? !now.descending : by != EDDY__FILE_BY_NAME;

    page_add(page, "<th%s><a href=\"?sort=%s%s\">%s%s</a></th>",
             !current         ? ""
             : now.descending ? " aria-sort=\"descending\""
                              : " aria-sort=\"ascending\"",
             order_names[by], descending ? "&amp;order=desc" : "", title,
             !current         ? ""
             : now.descending ? " \xe2\x86\x93"
                              : " \xe2\x86\x91");
}

/* ---- the page ---- */

static void page_add_size(struct page *page, uint64_t size)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)size / 1000;
    unsigned unit = 0;

    if (size < 1000) {
        page_add(page, "%u B", (unsigned)size);
        return;
    }
    for (; value >= 999.5 && unit + 1 < count_of(units); unit++)
        value /= 1000;
    page_add(page, "<span title=\"%llu bytes\">%.*f %s</span>", (unsigned long long)size,
             value < 9.95 ? 1 : 0, value, units[unit]);
}

static void page_add_item(struct page *page, const struct eddy__file_item *item,
                          struct eddy__file_order order)
{
    struct tm tm;
    char when[40] = "";

    if (gmtime_r(&item->modified, &tm))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
    page_add(page, "<tr><td><svg><use href=\"#%c\"/></svg><a href=\"", item->folder ? 'd' : 'f');
    page_add_reference(page, item->name);
    if (item->folder) {
        page_add(page, "/");
        page_add_order(page, order);
    }
    page_add(page, "\">");
    page_add_text(page, item->name);
    page_add(page, "%s</a></td><td>", item->folder ? "/" : "");
    if (!item->folder)
        page_add_size(page, item->size);
    page_add(page, "</td><td>%s</td></tr>\n", when);
}

static unsigned count_slashes(const char *text)
{
    unsigned count = 0;

    for (; *text; text++)
        count += *text == '/';
    return count;
}

/* A link to a folder so many steps above. */
static void page_add_way_up(struct page *page, unsigned steps, const char *text, size_t size,
                            struct eddy__file_order order)
{
    char part[EDDY__FILE_PATH];

    snprintf(part, sizeof part, "%.*s", (int)size, text);
    page_add(page, "<a href=\"%s", steps ? "" : "./");
    for (; steps; steps--)
        page_add(page, "../");
    page_add_order(page, order);
    page_add(page, "\">");
    page_add_text(page, part);
    page_add(page, "</a>");
}

/* The path, each folder of it a link. */
static void page_add_path(struct page *page, const struct eddy__file_page *of)
{
    unsigned steps = count_slashes(of->inside);
    size_t length = strlen(of->path) - strlen(of->inside);

    page_add_way_up(page, steps, of->path, length, of->order);
    for (const char *at = of->inside; steps; steps--) {
        length = strcspn(at, "/");
        page_add_way_up(page, steps - 1, at, length, of->order);
        page_add(page, "<b>/</b>");
        at += length + 1;
    }
}

/* "2 folders, 12 files, 3.4 MB" */
static void page_add_summary(struct page *page, const struct eddy__file_page *of)
{
    size_t folders = 0, files = 0;
    uint64_t size = 0;

    for (size_t i = 0; i < of->count; i++) {
        folders += of->items[i].folder;
        files += !of->items[i].folder;
        size += of->items[i].folder ? 0 : of->items[i].size;
    }
    page_add(page, "<p>");
    if (folders)
        page_add(page, "%zu folder%s%s", folders, folders == 1 ? "" : "s", files ? ", " : "");
    if (files) {
        page_add(page, "%zu file%s, ", files, files == 1 ? "" : "s");
        page_add_size(page, size);
    }
    page_add(page, "%s</p>\n", of->count ? "" : "There is nothing in this folder.");
}

char *eddy__file_page(const struct eddy__file_page *of)
{
    struct page page = {0};

    page_add(&page, "%s<title>", page_head);
    page_add_text(&page, of->path);
    page_add(&page, "</title>\n<h1>");
    page_add_path(&page, of);
    page_add(&page, "</h1>\n");
    page_add_summary(&page, of);
    page_add(&page, "<table>\n<tr>");
    page_add_heading(&page, "Name", EDDY__FILE_BY_NAME, of->order);
    page_add_heading(&page, "Size", EDDY__FILE_BY_SIZE, of->order);
    page_add_heading(&page, "Modified, UTC", EDDY__FILE_BY_TIME, of->order);
    page_add(&page, "</tr>\n");
    if (*of->inside) {
        page_add(&page, "<tr><td><svg><use href=\"#d\"/></svg><a href=\"../");
        page_add_order(&page, of->order);
        page_add(&page, "\">../</a></td><td></td><td></td></tr>\n");
    }
    for (size_t i = 0; i < of->count; i++)
        page_add_item(&page, &of->items[i], of->order);
    page_add(&page, "</table>\n");
    if (of->left_out)
        page_add(&page, "<p>%zu more are not shown.</p>\n", of->left_out);
    if (of->foot)
        page_add(&page, "%s\n", of->foot);
    if (!page.failed)
        return page.text;
    eddy_free(page.text);
    eddy__raise(EDDY_ENOMEM, "no memory for the page of a folder");
    return NULL;
}

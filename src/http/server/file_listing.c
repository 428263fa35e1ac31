/* file_listing.c - a page for a folder: its names as links, with sizes and times. */
#include "http/server/files.h"

#include "http/message/encode.h"
#include <eddy/file.h>
#include <eddy/memory.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum { ITEMS_MAX = 10000 };

static const char page_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<style>\n"
    ":root{color-scheme:light dark;--line:#8883;--soft:#808890;--link:#0b62d0;--hover:#0b62d00f}\n"
    "@media(prefers-color-scheme:dark){:root{--link:#7ab7ff;--hover:#7ab7ff14}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2.5rem auto;padding:0 1rem}\n"
    "h1{font-size:1.35rem;font-weight:600;overflow-wrap:anywhere;margin:0 0 1rem}\n"
    "table{border-collapse:collapse;width:100%;table-layout:fixed}\n"
    "th{color:var(--soft);font-weight:500;font-size:.85em;text-align:left}\n"
    "th,td{padding:.4rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}\n"
    "tr:hover td{background:var(--hover)}\n"
    "td:first-child{overflow-wrap:anywhere;padding-left:2.1rem;text-indent:-1.5rem}\n"
    "th:nth-child(2),td:nth-child(2){width:6rem;text-align:right}\n"
    "th:nth-child(3),td:nth-child(3){width:9.5rem}\n"
    "td+td{color:var(--soft);font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}\n"
    "svg{width:1rem;height:1rem;margin-right:.5rem;vertical-align:-.15rem;fill:none;"
    "stroke:var(--soft);stroke-width:1.3;stroke-linejoin:round}\n"
    "p{color:var(--soft)}\n"
    "@media(max-width:34rem){th:nth-child(3),td:nth-child(3){display:none}}\n"
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

static void page_add_item(struct page *page, const struct eddy__file_item *item)
{
    struct tm tm;
    char when[40] = "";

    if (gmtime_r(&item->modified, &tm))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
    page_add(page, "<tr><td><svg><use href=\"#%c\"/></svg><a href=\"", item->folder ? 'd' : 'f');
    page_add_reference(page, item->name);
    page_add(page, "%s\">", item->folder ? "/" : "");
    page_add_text(page, item->name);
    page_add(page, "%s</a></td><td>", item->folder ? "/" : "");
    if (!item->folder)
        page_add_size(page, item->size);
    page_add(page, "</td><td>%s</td></tr>\n", when);
}

char *eddy__file_page(const char *title, bool has_parent, const struct eddy__file_item *items,
                      size_t count, size_t left_out)
{
    struct page page = {0};

    page_add(&page, "%s<title>", page_head);
    page_add_text(&page, title);
    page_add(&page, "</title>\n<h1>");
    page_add_text(&page, title);
    page_add(&page, "</h1>\n<table>\n<tr><th>Name</th><th>Size</th><th>Modified, UTC</th></tr>\n");
    if (has_parent)
        page_add(&page, "<tr><td><svg><use href=\"#d\"/></svg><a href=\"../\">../</a></td><td></td>"
                        "<td></td></tr>\n");
    for (size_t i = 0; i < count; i++)
        page_add_item(&page, &items[i]);
    page_add(&page, "</table>\n");
    if (count == 0)
        page_add(&page, "<p>There is nothing in this folder.</p>\n");
    if (left_out)
        page_add(&page, "<p>%zu more are not shown.</p>\n", left_out);
    if (!page.failed)
        return page.text;
    eddy_free(page.text);
    eddy__raise(EDDY_ENOMEM, "no memory for the page of a folder");
    return NULL;
}

/* ---- the folder ---- */

/* What is in it, the folders first. Names are those of dir. */
struct listing {
    struct eddy__file_item *items;
    size_t count, left_out;
};

static bool is_shown(const struct eddy__files *files, const char *name, mode_t type)
{
    if (name[0] == '.' && !files->opts.dotfiles)
        return false;
    return S_ISDIR(type) || S_ISREG(type) || (S_ISLNK(type) && files->opts.links);
}

/* Links are shown as what they lead to, if that may be served. 1: it is added, 0: it is not. */
static int add_item(struct listing *listing, const struct eddy__files *files, const char *real,
                    const char *name)
{
    char path[2 * EDDY__FILE_PATH], inside[EDDY__FILE_PATH], target[EDDY__FILE_PATH];
    struct stat st;
    size_t slash = strlen(real);

    slash = slash && real[slash - 1] != '/';
    if ((size_t)snprintf(inside, sizeof inside, "%s%s%s", real, slash ? "/" : "", name) >=
        sizeof inside)
        return 0;
    int kind = eddy__file_look(files, inside, target);
    if (kind > 0 &&
        (size_t)snprintf(path, sizeof path, "%s/%s", files->folder, target) < sizeof path)
        kind = eddy_lstat(path, &st) < 0 ? eddy_last_status() : kind;
    if (kind <= 0)
        return eddy__file_is_missing(kind) ? 0 : kind;
    listing->items[listing->count++] =
        (struct eddy__file_item){name, kind == S_IFDIR, (uint64_t)st.st_size, st.st_mtime};
    return 1;
}

static int add_items(struct listing *listing, const struct eddy__files *files, const char *real,
                     const eddy_dir *dir, bool folders)
{
    for (size_t i = 0; i < dir->count; i++) {
        if (!is_shown(files, dir->names[i], dir->types[i]) || S_ISDIR(dir->types[i]) != folders)
            continue;
        if (listing->count < ITEMS_MAX)
            eddy__try(add_item(listing, files, real, dir->names[i]));
        else
            listing->left_out++;
    }
    return 0;
}

static int answer_page(eddy_request *request, const struct listing *listing, bool has_parent)
{
    static const char policy[] = "default-src 'none'; style-src 'unsafe-inline'";
    char *page = eddy__try(eddy__file_page(eddy_request_path(request), has_parent, listing->items,
                                           listing->count, listing->left_out));
    int status =
        eddy_respond_bytes(request, 200, page, strlen(page), .type = "text/html; charset=utf-8",
                           .headers = eddy_pairs({"Content-Security-Policy", policy},
                                                 {"X-Content-Type-Options", "nosniff"}));

    eddy_free(page);
    return status;
}

int eddy__file_listing(eddy_request *request, const struct eddy__files *files, const char *path,
                       const char *real)
{
    char folder[2 * EDDY__FILE_PATH];
    struct listing listing = {0};

    snprintf(folder, sizeof folder, "%s/%s", files->folder, real);
    eddy_auto(eddy_dir) *dir = eddy__try(eddy_list_dir(folder));
    size_t room = min_size(dir->count, ITEMS_MAX) + 1;
    listing.items = eddy_alloc(room * sizeof *listing.items);
    if (!listing.items)
        return eddy__raise(EDDY_ENOMEM, "no memory for a list of %zu files", room);
    int status = add_items(&listing, files, real, dir, true);
    if (status == 0)
        status = add_items(&listing, files, real, dir, false);
    if (status == 0)
        status = answer_page(request, &listing, *path != '\0');
    eddy_free(listing.items);
    return status;
}

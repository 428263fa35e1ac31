/* file_listing.c - what is in a folder, for its page. */
#include "http/server/files.h"

#include <eddy/file.h>
#include <eddy/memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { ITEMS_MAX = 10000 };

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

/* ---- the order ---- */

static int compare_item_names(const struct eddy__file_item *a, const struct eddy__file_item *b)
{
    int by_letters = strcasecmp(a->name, b->name);

    return by_letters ? by_letters : strcmp(a->name, b->name);
}

static int compare_items(const void *a, const void *b, void *arg)
{
    const struct eddy__file_item *one = a, *other = b;
    const struct eddy__file_order *order = arg;
    int result = 0;

    if (one->folder != other->folder)
        return one->folder ? -1 : 1;
    if (order->by == EDDY__FILE_BY_SIZE && !one->folder)
        result = (one->size > other->size) - (one->size < other->size);
    else if (order->by == EDDY__FILE_BY_TIME)
        result = (one->modified > other->modified) - (one->modified < other->modified);
    else if (order->by == EDDY__FILE_BY_NAME)
        result = compare_item_names(one, other);
    if (order->descending)
        result = -result;
    return result ? result : compare_item_names(one, other);
}

/* ---- the answer ---- */

static int answer_page(eddy_request *request, const struct listing *listing, const char *inside,
                       const char *foot)
{
    static const char policy[] =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'self'";
    struct eddy__file_order order = eddy__file_order(request);

    qsort_r(listing->items, listing->count, sizeof *listing->items, compare_items, &order);
    char *page = eddy__try(eddy__file_page(&(struct eddy__file_page){
        .path = eddy_request_path(request),
        .inside = inside,
        .items = listing->items,
        .count = listing->count,
        .left_out = listing->left_out,
        .order = order,
        .foot = foot,
    }));
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
        status = answer_page(request, &listing, path, files->listing_foot);
    eddy_free(listing.items);
    return status;
}

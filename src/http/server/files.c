/* files.c - folders behind routes: which file answers a request. */
#include "http/server/files.h"

#include "http/message/encode.h"
#include "http/server/router.h"
#include "http/server/server.h"
#include <eddy/memory.h>
#include <math.h>
#include <stdio.h>

/* ---- a request ---- */

static bool is_folder_path(const char *path)
{
    size_t length = strlen(path);

    return length == 0 || path[length - 1] == '/';
}

/* "there" to "there/": by a relative reference, which names no other host whatever the path is. */
static int send_to_slash(eddy_request *request, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *query = strchr(eddy_request_target(request), '?');
    struct eddy__arena arena = {0};
    const char *name = eddy__percent_encode(slash ? slash + 1 : path, &arena);
    const char *location =
        name ? eddy__arena_printf(&arena, "./%s/%s", name, query ? query : "") : NULL;
    int status = location ? eddy_respond_redirect(request, 307, location) : EDDY_ENOMEM;

    eddy__arena_free(&arena);
    return status;
}

/* The regular file at path; real is what look has made of it. */
static int serve_file(eddy_request *request, struct eddy__files *files, const char *path,
                      const char *real, uint64_t age)
{
    struct eddy__file_entry *entry = eddy__try(eddy__file_load(files, path, real));
    int status = eddy__file_pack(request, entry);

    if (status < 0) {
        eddy__file_unref(entry);
        return status;
    }
    eddy__file_cache_keep(files, entry, age);
    return eddy__file_answer(request, files, entry, NULL);
}

static int is_missing(void)
{
    return eddy__raise(EDDY_ENOENT, "there is no such file");
}

static int serve_folder(eddy_request *request, struct eddy__files *files, const char *path,
                        const char *real, uint64_t age)
{
    char index[EDDY__FILE_PATH], real_index[EDDY__FILE_PATH];

    if (*files->index) {
        snprintf(index, sizeof index, "%s%s", path, files->index);
        int kind = eddy__file_look(files, index, real_index);

        if (kind == S_IFREG)
            return serve_file(request, files, index, real_index, age);
        if (kind < 0 && !eddy__file_is_missing(kind))
            return kind;
    }
    return files->opts.listing ? eddy__file_listing(request, files, path, real) : is_missing();
}

/* Not in line: its paths would be on the stack of every request. */
static NOINLINE int serve_uncached(eddy_request *request, struct eddy__files *files,
                                   const char *path)
{
    bool folder = is_folder_path(path);
    char real[EDDY__FILE_PATH];
    uint64_t age = eddy__file_cache_age(files);
    int kind = eddy__try(eddy__file_look(files, path, real));

    if (kind == S_IFDIR)
        return folder ? serve_folder(request, files, path, real, age)
                      : send_to_slash(request, path);
    return kind == S_IFREG && !folder ? serve_file(request, files, path, real, age) : is_missing();
}

static int serve_path(eddy_request *request, struct eddy__files *files, const char *path)
{
    if (!eddy__file_path_is_fine(files, path))
        return is_missing();
    const char *file = path;
    if (is_folder_path(path))
        file = eddy__try(eddy__arena_printf(request->arena, "%s%s", path, files->index));
    struct eddy__file_entry *entry = eddy__file_cached(files, file);
    return entry ? eddy__file_answer(request, files, entry, NULL)
                 : serve_uncached(request, files, path);
}

/* Whether path may be a page of the program that runs in the browser: it looks like no file. */
static bool is_page(const char *path)
{
    const char *slash = strrchr(path, '/');

    return !strchr(slash ? slash : path, '.');
}

static int serve_files(eddy_request *request)
{
    struct eddy__files *files = eddy_request_arg(request);
    const char *path = eddy_request_param(request, "path");
    int status = serve_path(request, files, path);

    if (eddy__file_is_missing(status) && files->spa && is_page(path))
        status = serve_path(request, files, files->spa);
    return eddy__file_is_missing(status)
               ? eddy__raise(EDDY_HTTP(404), "there is nothing at this address")
               : status;
}

/* ---- the route ---- */

static void free_files(void *arg)
{
    struct eddy__files *files = arg;

    eddy__file_caches_close(files);
    eddy_free(files->folder);
    eddy_free(files->index);
    eddy_free(files->spa);
    eddy_free(files->listing_foot);
    eddy_free(files);
}

static struct eddy__files *new_files(const char *folder, const eddy_route_files_opts *opts)
{
    struct eddy__files *files = eddy_alloc_zero(sizeof *files);

    if (files) {
        files->opts = *opts;
        files->folder = eddy_strdup(folder);
        files->index = eddy_strdup(opts->index ? opts->index : "index.html");
        files->spa = opts->spa ? eddy_strdup(opts->spa) : NULL;
        files->listing_foot = opts->listing_foot ? eddy_strdup(opts->listing_foot) : NULL;
        if (files->folder && files->index && (files->spa || !opts->spa) &&
            (files->listing_foot || !opts->listing_foot))
            return files;
        free_files(files);
    }
    eddy__raise(EDDY_ENOMEM, "no memory for a route of files");
    return NULL;
}

int eddy_route_files_with(eddy_router *router, const char *pattern, const char *folder,
                          const eddy_route_files_opts *opts)
{
    static const eddy_route_files_opts defaults;
    size_t length = pattern ? strlen(pattern) : 0;
    struct eddy__arena arena = {0};

    opts = opts ? opts : &defaults;
    if (!length || pattern[length - 1] != '/' || strpbrk(pattern, " \t"))
        return eddy__raise(EDDY_EINVAL,
                           "a pattern of files has no method, and a slash at its end: \"%s\"",
                           pattern ? pattern : "(null)");
    if (!folder || strlen(folder) >= EDDY__FILE_PATH)
        return eddy__raise(EDDY_EINVAL, "the folder for \"%s\" is %s", pattern,
                           folder ? "too long" : "NULL");
    if (isnan(opts->max_age) || opts->max_age < 0 || isinf(opts->max_age))
        return eddy__raise(EDDY_EINVAL, "the .max_age of \"%s\" is no time", pattern);
    if (opts->index && strlen(opts->index) >= 256)
        return eddy__raise(EDDY_EINVAL, "the .index of \"%s\" is too long", pattern);
    struct eddy__files *files = eddy__try(new_files(folder, opts));
    eddy__try(eddy__router_own(router, files, free_files));
    const char *whole = eddy__arena_printf(&arena, "GET %s{path...}", pattern);
    int status = whole ? eddy_route(router, whole, serve_files, .arg = files) : EDDY_ENOMEM;
    eddy__arena_free(&arena);
    return status;
}

/* ---- one file ---- */

int eddy_respond_file_with(eddy_request *request, const char *path,
                           const eddy_respond_file_opts *opts)
{
    struct eddy__file_entry *entry = eddy__file_load_one(opts ? opts->beneath : NULL, path);
    int status = entry ? 0 : eddy_last_status();

    if (eddy__file_is_missing(status))
        return eddy__raise(EDDY_HTTP(404), "there is nothing at this address");
    if (status < 0)
        return status;
    return eddy__file_answer(request, NULL, entry, opts ? opts->type : NULL);
}

/* file_load.c - finding and opening files beneath a folder: no links unless they are asked for,
 * regular files only, so that nothing waits for a FIFO. */
#include "http/server/files.h"

#include <eddy/file.h>
#include <eddy/memory.h>
#include <errno.h>
#include <stdio.h>

/* ---- what is there ---- */

static bool name_is_fine(const char *name, size_t length, bool dotfiles)
{
    if (length == 0 || strncmp(name, "..", max_size(length, 2)) == 0)
        return false;
    return name[0] != '.' || (dotfiles && length > 1);
}

bool eddy__file_path_is_fine(const struct eddy__files *files, const char *path)
{
    if (strlen(path) >= EDDY__FILE_PATH / 2)
        return false;
    while (*path) {
        size_t length = strcspn(path, "/");

        if (!name_is_fine(path, length, files->opts.dotfiles))
            return false;
        path += length + (path[length] == '/');
    }
    return true;
}

bool eddy__file_is_missing(int code)
{
    switch (code) {
    case EDDY_ENOENT:
    case EDDY_ENOTDIR:
    case EDDY_EISDIR:
    case EDDY_EXDEV:
    case EDDY_EACCES:
    case EDDY_ENAMETOOLONG:
    case -ELOOP:
        return true;
    default:
        return false;
    }
}

/* The mode of what is there, a link being one itself. */
static int kind_at(const char *folder, const char *path, size_t length)
{
    char whole[2 * EDDY__FILE_PATH];
    struct stat st;

    if ((size_t)snprintf(whole, sizeof whole, "%s/%.*s", folder, (int)length, path) >= sizeof whole)
        return EDDY_ENAMETOOLONG;
    eddy__try(eddy_lstat(whole, &st));
    return S_ISREG(st.st_mode) ? S_IFREG : S_ISDIR(st.st_mode) ? S_IFDIR : 0;
}

/* From name to name: links on the way may lead anywhere inside. */
static int look_without_links(const struct eddy__files *files, const char *path)
{
    int kind = S_IFDIR;
    size_t length = 0;

    while (kind == S_IFDIR && path[length]) {
        length += strcspn(path + length, "/");
        kind = eddy__try(kind_at(files->folder, path, length));
        length += path[length] == '/';
    }
    return path[length] ? 0 : kind;
}

/* Where the links of path lead to: beneath the folder, or EDDY_EXDEV. */
static int follow_links(const struct eddy__files *files, const char *path,
                        char real[EDDY__FILE_PATH])
{
    char whole[2 * EDDY__FILE_PATH];

    snprintf(whole, sizeof whole, "%s/%s", files->folder, path);
    char *root = eddy__try(eddy_realpath(files->folder)), *target = eddy_realpath(whole);
    int status = target ? EDDY_EXDEV : eddy_last_status();
    size_t length = strlen(root);

    if (target && strncmp(target, root, length) == 0 && strchr("/", target[length]) &&
        strlen(target + length) < EDDY__FILE_PATH) {
        snprintf(real, EDDY__FILE_PATH, "%s", target + length + (target[length] == '/'));
        status = 0;
    }
    eddy_free(root);
    eddy_free(target);
    return status;
}

int eddy__file_look(const struct eddy__files *files, const char *path, char real[EDDY__FILE_PATH])
{
    int kind;

    if (files->opts.links) {
        eddy__try(follow_links(files, path, real));
        kind = eddy__try(kind_at(files->folder, real, strlen(real)));
    } else {
        snprintf(real, EDDY__FILE_PATH, "%s", path);
        kind = eddy__try(look_without_links(files, path));
    }
    return kind;
}

/* ---- opening ---- */

static int read_content(struct eddy__file_body *body)
{
    body->content = eddy_alloc(body->size + 1);
    if (!body->content)
        return eddy__raise(EDDY_ENOMEM, "no memory for a file of %llu bytes",
                           (unsigned long long)body->size);
    body->size = (uint64_t)eddy__try(eddy_file_pread(body->stream, body->content, body->size, 0));
    eddy_stream_close(eddy_take(body->stream));
    return 0;
}

/* What was taken until a failure is the entry's. */
static int open_body(struct eddy__file_body *body, const char *path, const eddy_file_opts *opts)
{
    struct stat st;

    body->stream = eddy_file_open_with(path, "r", opts);
    if (!body->stream && eddy_last_status() == EDDY_EINVAL)
        return eddy__raise(EDDY_ENOENT, "%s is no regular file", path);
    eddy__try(body->stream);
    eddy__try(eddy_file_stat(body->stream, &st));
    body->size = (uint64_t)st.st_size;
    body->modified = st.st_mtime;
    snprintf(body->etag, sizeof body->etag, "\"%llx-%llx\"",
             (unsigned long long)st.st_mtim.tv_sec * 1000000000 +
                 (unsigned long long)st.st_mtim.tv_nsec,
             (unsigned long long)st.st_size);
    return body->size <= EDDY__FILE_SMALL ? read_content(body) : 0;
}

static void close_body(struct eddy__file_body *body)
{
    eddy_stream_close(body->stream);
    eddy_free(body->content);
    *body = (struct eddy__file_body){0};
}

/* Of a folder behind a route: where links are followed, path is what they have led to. */
static int open_inside(struct eddy__file_body *body, const struct eddy__files *files,
                       const char *path)
{
    return open_body(
        body, path, &(eddy_file_opts){.beneath = files->folder, .no_links = true, .regular = true});
}

/* A coded file beside the file at real, unless it is older: 1 or 0, or a failure. */
static int open_variant(struct eddy__file_entry *entry, int form, const struct eddy__files *files,
                        const char *real)
{
    static const char *const ends[] = {"", ".br", ".gz"};
    struct eddy__file_body *body = &entry->bodies[form];
    char path[EDDY__FILE_PATH];
    int status = EDDY_ENAMETOOLONG;

    if ((size_t)snprintf(path, sizeof path, "%s%s", real, ends[form]) < sizeof path)
        status = kind_at(files->folder, path, strlen(path));
    if (status == S_IFREG)
        status = open_inside(body, files, path);
    else if (status >= 0)
        status = EDDY_ENOENT;
    if (status == 0 && body->modified >= entry->bodies[EDDY__FILE_PLAIN].modified)
        return 1;
    close_body(body);
    return status == 0 || eddy__file_is_missing(status) ? 0 : status;
}

void eddy__file_unref(struct eddy__file_entry *entry)
{
    if (--entry->refs)
        return;
    for (int form = 0; form < EDDY__FILE_FORMS; form++)
        close_body(&entry->bodies[form]);
    eddy_free(entry);
}

static struct eddy__file_entry *new_entry(const char *path)
{
    size_t size = strlen(path) + 1;
    struct eddy__file_entry *entry = eddy_alloc_zero(sizeof *entry + size);

    if (!entry) {
        eddy__raise(EDDY_ENOMEM, "no memory for a file");
        return NULL;
    }
    entry->refs = 1;
    entry->has[EDDY__FILE_PLAIN] = true;
    memcpy(entry->path, path, size);
    return entry;
}

static int open_bodies(struct eddy__file_entry *entry, const struct eddy__files *files,
                       const char *real)
{
    eddy__try(open_inside(&entry->bodies[EDDY__FILE_PLAIN], files, real));
    for (int form = EDDY__FILE_BR; form <= EDDY__FILE_GZIP && files->opts.precompressed; form++)
        entry->has[form] = eddy__try(open_variant(entry, form, files, real));
    return 0;
}

struct eddy__file_entry *eddy__file_load(const struct eddy__files *files, const char *path,
                                         const char *real)
{
    struct eddy__file_entry *entry = new_entry(path);

    if (entry && open_bodies(entry, files, real) < 0)
        eddy__file_unref(eddy_take(entry));
    return entry;
}

struct eddy__file_entry *eddy__file_load_one(const char *beneath, const char *path)
{
    const eddy_file_opts opts = {.beneath = beneath, .regular = true};
    struct eddy__file_entry *entry = new_entry(path);

    if (entry && open_body(&entry->bodies[EDDY__FILE_PLAIN], path, &opts) < 0)
        eddy__file_unref(eddy_take(entry));
    return entry;
}

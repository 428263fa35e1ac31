/* serve_upload.c - takes uploads: into a file that nobody sees, which gets its name when it is
 * whole. */
#define _GNU_SOURCE
#include "serve_upload.h"
#include <eddy.h>
#include <eddy/http/request.h>
#include <eddy/http/respond.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_SIZE = 256, INSIDE_SIZE = 1024 };

/* ---- names ---- */

/* What may be the name of an upload: no dot in front, which would not be served, no control
 * characters, no way to elsewhere. */
static bool is_upload_name(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length >= NAME_SIZE || *name == '.' || strpbrk(name, "/\\"))
        return false;
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    return true;
}

/* "a/b/" and "", but nothing with a dot in front of a name, or an empty one. */
static bool is_upload_folder(const char *path)
{
    size_t length = strlen(path);

    if (length >= INSIDE_SIZE || (length && path[length - 1] != '/'))
        return false;
    for (; *path; path = strchr(path, '/') + 1)
        if (*path == '.' || *path == '/')
            return false;
    return true;
}

/* ---- a file that comes ---- */

struct upload {
    const struct serve_upload *site;
    char *inside;    /* the path of the file until it is whole, inside the site's folder */
    char *temporary; /* the same with that; NULL: there is no such file */
    char *path;      /* that it will have */
    eddy_stream *file;
    bool replaces; /* a file of that name is there */
};

/* Whatever has happened to the task, nothing is left behind. */
static void upload_autoclose(struct upload *self)
{
    eddy_stream_close(self->file);
    if (self->temporary)
        eddy_shield(10)
            eddy_ignore(eddy_unlink(self->temporary));
    free(self->inside);
    free(self->temporary);
    free(self->path);
}
typedef struct upload upload;

/* What a failure of the disk is for the client. */
static int upload_failed(int code, const char *name)
{
    switch (code) {
    case EDDY_ENOENT:
    case EDDY_ENOTDIR:
    case EDDY_EXDEV:
        return eddy_raise(EDDY_HTTP(404), "there is no such folder");
    case EDDY_EACCES:
    case EDDY_EPERM:
    case EDDY_EROFS:
        return eddy_raise(EDDY_HTTP(403), "this folder takes no files");
    case EDDY_EISDIR:
        return eddy_raise(EDDY_HTTP(409), "%s is a folder", name);
    case EDDY_EEXIST:
        return eddy_raise(EDDY_HTTP(409), "%s is there already", name);
    case EDDY_ENOSPC:
    case -EDQUOT:
    case -EFBIG:
        return eddy_raise(EDDY_HTTP(507), "there is no room for %s", name);
    default:
        return code;
    }
}

static int no_memory(void)
{
    return eddy_raise(EDDY_ENOMEM, "no memory for an upload");
}

static int upload_names(upload *self, const char *folder, const char *name)
{
    static atomic_uint count;

    if (asprintf(&self->inside, "%s.eddy-upload-%ld-%u", folder, (long)getpid(),
                 atomic_fetch_add(&count, 1)) < 0)
        self->inside = NULL;
    if (asprintf(&self->path, "%s/%s%s", self->site->folder, folder, name) < 0)
        self->path = NULL;
    return self->inside && self->path ? 0 : no_memory();
}

/* A new file, of another name, in the folder that the upload is for. */
static int upload_begin(upload *self, const char *folder, const char *name)
{
    struct stat about;

    if (!is_upload_name(name) || !is_upload_folder(folder))
        return eddy_raise(EDDY_HTTP(403), "no file can be put there");
    eddy_try(upload_names(self, folder, name));
    self->file = eddy_file_open(self->inside, "wx", .beneath = self->site->folder);
    if (!self->file)
        return upload_failed(eddy_last_status(), name);
    if (asprintf(&self->temporary, "%s/%s", self->site->folder, self->inside) < 0) {
        self->temporary = NULL;
        return no_memory();
    }
    self->replaces = eddy_lstat(self->path, &about) == 0;
    if (self->replaces && S_ISDIR(about.st_mode))
        return upload_failed(EDDY_EISDIR, name);
    if (self->replaces && !self->site->overwrite)
        return upload_failed(EDDY_EEXIST, name);
    return 0;
}

/* Never in place of another file that has come meanwhile, unless that is wanted. */
static int upload_publish(upload *self)
{
    struct stat about;

    if (self->site->overwrite)
        return eddy_rename(self->temporary, self->path);
    int r = eddy_link(self->temporary, self->path);
    if (r != EDDY_EPERM && r != EDDY_ENOTSUP && r != -ENOSYS)
        return r;
    /* a file system without links: a look before has to do */
    if (eddy_lstat(self->path, &about) == 0)
        return EDDY_EEXIST;
    return eddy_rename(self->temporary, self->path);
}

static int upload_end(upload *self, const char *name)
{
    int r = 0;

    /* a cancellation would not know whether it has its name */
    eddy_shield(INFINITY)
        r = upload_publish(self);
    if (r < 0)
        return upload_failed(r, name);
    if (self->site->overwrite) {
        free(self->temporary);
        self->temporary = NULL;
    }
    return 0;
}

/* Takes all that from gives. *replaced: a file of that name was there. */
static int receive(const struct serve_upload *site, const char *folder, const char *name,
                   eddy_stream *from, bool *replaced)
{
    eddy_auto(upload) self = {.site = site};

    eddy_try(upload_begin(&self, folder, name));
    int64_t n = eddy_copy(self.file, from);
    if (n < 0)
        return upload_failed((int)n, name);
    *replaced = self.replaces;
    return upload_end(&self, name);
}

/* ---- requests ---- */

static int put_file(eddy_request *request)
{
    const struct serve_upload *site = eddy_request_arg(request);
    const char *path = eddy_request_param(request, "path");
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char folder[INSIDE_SIZE];
    bool replaced;

    if (eddy_request_header(request, "Content-Range"))
        return eddy_raise(EDDY_HTTP(400), "a part of a file cannot be put");
    if ((size_t)snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path) >= sizeof folder)
        return eddy_raise(EDDY_HTTP(414), "the path is too long");
    eddy_try(receive(site, folder, name, eddy_request_body(request), &replaced));
    return eddy_respond_bytes(request, replaced ? 204 : 201, NULL, 0, .type = "");
}

/* A page of another site can send a form, too, with the password that the browser knows. */
static int check_sender(eddy_request *request)
{
    const char *origin = eddy_request_header(request, "Origin");
    const char *site = eddy_request_header(request, "Sec-Fetch-Site");
    const char *host = origin ? strstr(origin, "://") : NULL;

    if ((origin && (!host || strcmp(host + 3, eddy_request_host(request)) != 0)) ||
        (site && strcmp(site, "same-origin") != 0))
        return eddy_raise(EDDY_HTTP(403), "pages of other sites may send no files");
    return 0;
}

/* Windows has sent whole paths. */
static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *other = strrchr(path, '\\');

    if (other > slash)
        slash = other;
    return slash ? slash + 1 : path;
}

static int take_form(eddy_request *request)
{
    const struct serve_upload *site = eddy_request_arg(request);
    const char *folder = eddy_request_param(request, "path");
    unsigned files = 0;
    bool replaced;
    eddy_request_part part;

    eddy_try(check_sender(request));
    while (eddy_try(eddy_request_next_part(request, &part)) > 0) {
        if (!part.filename || !*part.filename)
            continue;
        eddy_try(receive(site, folder, last_name(part.filename), part.body, &replaced));
        files++;
    }
    if (files == 0)
        return eddy_raise(EDDY_HTTP(400), "no file was chosen");
    return eddy_respond_redirect(request, 303, "./");
}

int serve_upload_route(struct serve_upload *self, eddy_router *router)
{
    eddy_try(
        eddy_route(router, "PUT /{path...}", put_file, .arg = self, .body_limit = self->max_size));
    return eddy_route(router, "POST /{path...}", take_form, .arg = self,
                      .body_limit = self->max_size);
}

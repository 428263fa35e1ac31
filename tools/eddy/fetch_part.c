/* fetch_part.c - resuming: a range of the version that the part is of, or all of another one. */
#define _GNU_SOURCE
#include "fetch_part.h"
#include "url.h"
#include <eddy/error.h>
#include <inttypes.h>
#include <stdlib.h>

/* What somebody has to decide: it is no use to try again. */
#define refuse_part(...) eddy_raise(EDDY_EUSER, __VA_ARGS__)

/* ---- the request -------------------------------------------------------------------------- */

static int load(struct fetch_part *self)
{
    const char *part = partial_name(self->file);
    int r = version_load(self->folder, self->name, self->url, &self->version);

    if (r == -EXDEV)
        return refuse_part("%s is of another URL; remove it, or fetch into another folder", part);
    if (r < 0)
        return refuse_part("cannot read %s-of: %s", part, strerror(-r));
    if (r == 0)
        return refuse_part("%s is there, and nothing says of which version it is; remove it to "
                           "begin anew",
                           part);
    return 0;
}

int fetch_part_prepare(struct fetch_part *self, const struct fetch_session *session,
                       const struct fetch_job *job, partial *file)
{
    *self = (struct fetch_part){.folder = session->folder, .file = file, .name = job->name};
    self->url = url_without_query(job->url);
    if (!self->url)
        return eddy_raise(EDDY_ENOMEM, "out of memory");
    if (partial_size(file) == 0)
        return 0;
    eddy_try(load(self));
    snprintf(self->range, sizeof self->range, "bytes=%" PRIu64 "-", partial_size(file));
    self->fields[0] = (eddy_pair){"Range", self->range};
    self->fields[1] = (eddy_pair){"If-Range", self->version.tag};
    return 0;
}

void fetch_part_clear(struct fetch_part *self)
{
    free(self->url);
    self->url = NULL;
}

bool fetch_part_asks(const struct fetch_part *self)
{
    return self->fields[0].name;
}

/* ---- the answer --------------------------------------------------------------------------- */

/* A number of bytes that *text begins with, which then goes on behind it and the character after;
 * −1: none. */
static int64_t take_number(const char **text, char after)
{
    char *end;

    if (**text < '0' || **text > '9')
        return -1;
    errno = 0;
    long long n = strtoll(*text, &end, 10);
    if (errno || *end != after)
        return -1;
    *text = end + (after != '\0');
    return n;
}

/* A server that does not know If-Range sends the rest of whatever the file is by now. */
static bool is_same_version(const struct fetch_part *self, const eddy_response *response)
{
    const char *tag = self->version.tag;
    const char *told = eddy_response_header(response, *tag == '"' ? "ETag" : "Last-Modified");

    return !told || strcmp(told, tag) == 0;
}

/* "bytes 100-199/200"; a * in place of 200 says that the length is not known. */
static int begin_range(struct fetch_part *self, const eddy_response *response, const char *field)
{
    const char *text = field && strncmp(field, "bytes ", 6) == 0 ? field + 6 : "";
    int64_t first = take_number(&text, '-'), last = first < 0 ? -1 : take_number(&text, '/');
    int64_t whole = strcmp(text, "*") == 0 ? self->version.size : take_number(&text, '\0');

    if (last < 0 || (uint64_t)first != partial_size(self->file) ||
        (self->version.size >= 0 && whole != self->version.size))
        return refuse_part("the server sends another part than was asked for (Content-Range: %s)",
                           field ? field : "none");
    if (!is_same_version(self, response))
        return refuse_part("the server sends the rest of another version than %s is of; remove "
                           "that to begin anew",
                           partial_name(self->file));
    self->version.size = whole;
    return 0;
}

/* 416: there is nothing behind what is there, which may be all. */
static int begin_nothing(const struct fetch_part *self, const char *field)
{
    const char *text = field && strncmp(field, "bytes */", 8) == 0 ? field + 8 : "";
    int64_t whole = take_number(&text, '\0');

    if (whole < 0)
        whole = self->version.size;
    if (whole >= 0 && (uint64_t)whole == partial_size(self->file))
        return 1;
    return refuse_part("the server's file is shorter than %s; remove that to begin anew",
                       partial_name(self->file));
}

static int begin_anew(struct fetch_part *self, const struct version *version)
{
    int r;

    eddy_try(partial_empty(self->file));
    self->version = *version;
    partial_keep(self->file, *version->tag);
    if (!*version->tag) {
        version_forget(self->folder, self->name);
        return 0;
    }
    r = version_save(self->folder, self->name, self->url, version);
    return r < 0 ? eddy_raise(r, "cannot write .%s.part-of: %s", self->name, strerror(-r)) : 0;
}

/* The whole file comes. Of the same version it is read as far as what is there already. */
static int begin_whole(struct fetch_part *self, const eddy_response *response)
{
    struct version version = version_of(response);

    if (partial_size(self->file) == 0)
        return begin_anew(self, &version);
    if (!*version.tag)
        return refuse_part("the server sends no rest, and does not say of which version its file "
                           "is; remove %s to begin anew",
                           partial_name(self->file));
    if (strcmp(version.tag, self->version.tag) != 0)
        return begin_anew(self, &version);
    self->skip = partial_size(self->file);
    return 0;
}

int fetch_part_begin(struct fetch_part *self, eddy_response *response)
{
    const char *range = eddy_response_header(response, "Content-Range");

    switch (eddy_response_status(response)) {
    case 206:
        return begin_range(self, response, range);
    case 416:
        return begin_nothing(self, range);
    default:
        return begin_whole(self, response);
    }
}

int fetch_part_end(const struct fetch_part *self)
{
    uint64_t size = partial_size(self->file);

    if (self->skip || (self->version.size >= 0 && (uint64_t)self->version.size != size))
        return refuse_part("%" PRIu64 " bytes came, and the file should have %" PRId64,
                           size - self->skip, self->version.size);
    return 0;
}

void fetch_part_finish(const struct fetch_part *self)
{
    version_forget(self->folder, self->name);
}

/* file_answer.c - sending a file: all of it, a range, or that the client has it already. */
#include "http/server/condition.h"
#include "http/server/files.h"
#include "http/server/server.h"

#include "http/message/encode.h"
#include <eddy/copy.h>
#include <eddy/memory.h>
#include <stdio.h>

enum { FIELDS_MAX = 8 };

/* The header fields of an answer, and the memory of their values. */
struct file_fields {
    eddy_pair list[FIELDS_MAX];
    unsigned count;
    char modified[EDDY__DATE_SIZE];
    char max_age[40];
    char range[80];
};

static void put_file_field(struct file_fields *fields, const char *name, const char *value)
{
    fields->list[fields->count++] = (eddy_pair){name, value};
}

/* The best of those forms that there are and that the client takes. */
static int choose_form(const eddy_pair *headers, const struct eddy__file_entry *entry)
{
    const char *accept = eddy_pairs_header(headers, "Accept-Encoding");

    if (entry->has[EDDY__FILE_BR] && eddy__accepts_coding(accept, "br"))
        return EDDY__FILE_BR;
    if (entry->has[EDDY__FILE_GZIP] && eddy__accepts_coding(accept, "gzip"))
        return EDDY__FILE_GZIP;
    return EDDY__FILE_PLAIN;
}

static void make_fields(struct file_fields *fields, const struct eddy__files *files,
                        const struct eddy__file_entry *entry, int form)
{
    const struct eddy__file_body *body = &entry->bodies[form];
    static const char *const codings[] = {NULL, "br", "gzip"};

    eddy__date_format(fields->modified, body->modified);
    put_file_field(fields, "Last-Modified", fields->modified);
    put_file_field(fields, "ETag", body->etag);
    put_file_field(fields, "Accept-Ranges", "bytes");
    if (codings[form])
        put_file_field(fields, "Content-Encoding", codings[form]);
    if (files && (files->opts.precompressed || entry->has[EDDY__FILE_GZIP]))
        put_file_field(fields, "Vary", "Accept-Encoding");
    if (files && files->opts.max_age > 0) {
        snprintf(fields->max_age, sizeof fields->max_age, "max-age=%.0f", files->opts.max_age);
        put_file_field(fields, "Cache-Control", fields->max_age);
    }
}

static void add_range(struct file_fields *fields, const struct eddy__range *range, uint64_t size)
{
    snprintf(fields->range, sizeof fields->range, "bytes %llu-%llu/%llu",
             (unsigned long long)range->start, (unsigned long long)(range->start + range->size - 1),
             (unsigned long long)size);
    put_file_field(fields, "Content-Range", fields->range);
}

static int send_large(eddy_request *request, int status, const struct eddy__file_body *body,
                      const struct eddy__range *range, const eddy_respond_opts *opts, bool head)
{
    eddy_auto(eddy_stream) *out = eddy__try(eddy_respond_stream_with(request, status, opts));

    if (head)
        return 0;
    int64_t sent =
        eddy__try(eddy_sendfile(out, body->stream, (int64_t)range->start, (int64_t)range->size));
    if ((uint64_t)sent < range->size)
        return eddy__raise(EDDY_EOF, "the file %s ended after %lld of %llu bytes",
                           eddy_stream_peer(body->stream), (long long)sent,
                           (unsigned long long)range->size);
    return 0;
}

static int send_body(eddy_request *request, int status, const struct eddy__file_body *body,
                     const struct eddy__range *range, const eddy_respond_opts *opts, bool head)
{
    if (body->stream)
        return send_large(request, status, body, range, opts, head);
    return eddy_respond_bytes_with(request, status, body->content + range->start, range->size,
                                   opts);
}

static int refuse_range(eddy_request *request, uint64_t size)
{
    char range[40];

    snprintf(range, sizeof range, "bytes */%llu", (unsigned long long)size);
    eddy__try(eddy_respond_header(request, "Content-Range", range));
    return eddy__raise(EDDY_HTTP(416), "the range lies behind the end of the file");
}

/* ---- coded forms ---- */

int eddy__file_pack(const eddy_request *request, struct eddy__file_entry *entry)
{
    const struct eddy__file_body *plain = &entry->bodies[EDDY__FILE_PLAIN];
    struct eddy__file_body *coded = &entry->bodies[EDDY__FILE_GZIP];

    if (!plain->content || entry->has[EDDY__FILE_GZIP] ||
        !eddy__gzip_is_worth(request, eddy__file_type(entry->path), plain->size))
        return 0;
    char *text = eddy__try(eddy__arena_alloc(request->arena, plain->size));
    ssize_t size = eddy__try(eddy__gzip_bytes(plain->content, plain->size, text));
    if (size == 0)
        return 0;
    coded->content = eddy_alloc((size_t)size);
    if (!coded->content)
        return eddy__raise(EDDY_ENOMEM, "no memory for a coded file");
    memcpy(coded->content, text, (size_t)size);
    coded->size = (uint64_t)size;
    coded->modified = plain->modified;
    snprintf(coded->etag, sizeof coded->etag, "%.*s-gz\"", (int)strlen(plain->etag) - 1,
             plain->etag);
    entry->has[EDDY__FILE_GZIP] = true;
    return 0;
}

/* ---- what a request has ---- */

/* In the arena of the request. */
struct eddy__kept_file {
    struct eddy__kept_file *next;
    struct eddy__file_entry *entry;
};

static int keep_file(eddy_request *request, struct eddy__file_entry *entry)
{
    struct eddy__kept_file *kept = eddy__arena_alloc(request->arena, sizeof *kept);

    if (!kept) {
        eddy__file_unref(entry);
        return EDDY_ENOMEM;
    }
    *kept = (struct eddy__kept_file){request->files, entry};
    request->files = kept;
    return 0;
}

void eddy__files_release(struct eddy__kept_file *kept)
{
    for (; kept; kept = kept->next)
        eddy__file_unref(kept->entry);
}

/* ---- the answer ---- */

int eddy__file_answer(eddy_request *request, const struct eddy__files *files,
                      struct eddy__file_entry *entry, const char *type)
{
    eddy__try(keep_file(request, entry));
    const eddy_pair *headers = eddy_request_headers(request);
    bool head = strcmp(eddy_request_method(request), "HEAD") == 0;
    int form = choose_form(headers, entry);
    const struct eddy__file_body *body = &entry->bodies[form];
    struct file_fields fields = {.count = 0};
    struct eddy__range range;
    int status = eddy__condition_status(
        headers, head, &(struct eddy__validators){body->etag, body->modified, body->size}, &range);

    if (status == 412)
        return eddy__raise(EDDY_HTTP(412), "the file is another one by now");
    if (status == 416)
        return refuse_range(request, body->size);
    make_fields(&fields, files, entry, form);
    if (status == 304)
        return eddy_respond_bytes(request, 304, NULL, 0, .type = "", .headers = fields.list);
    if (status == 206)
        add_range(&fields, &range, body->size);
    return send_body(request, status, body, &range,
                     &(eddy_respond_opts){.type = type ? type : eddy__file_type(entry->path),
                                          .headers = fields.list,
                                          .no_copy = true,
                                          .length = range.size},
                     head);
}

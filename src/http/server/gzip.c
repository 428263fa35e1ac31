/* gzip.c - answers coded with gzip: which ones, and on their way to the exchange. */
#include <eddy/http/gzip.h>

#include "http/message/coding.h"
#include "http/message/token.h"
#include "http/server/condition.h"
#include "http/server/server.h"
#include <eddy/memory.h>
#include <eddy/task.h>

enum { LEAST = 1024, WHOLE = 64 * 1024, PACKERS_MAX = 256 };

/* An answer that is coded while it is sent. */
struct eddy__gzip {
    eddy_request *request;
    struct eddy__encoder *encoder;
    int64_t length; /* of the bytes as they are; -1: not known */
    uint64_t given; /* of these */
};

/* ---- which answers ---- */

static const char *answer_field(const struct eddy__answer *a, const char *name)
{
    const char *value = eddy_pairs_header(a->fields, name);

    return value ? value : eddy__fields_get(&a->common, name);
}

static bool type_begins_with(const char *text, const char *with)
{
    return eddy__same_words(text, with, min_size(strlen(text), strlen(with))) &&
           strlen(text) >= strlen(with);
}

/* Types of which gzip makes less. */
static bool is_packable_type(const char *type)
{
    static const char *const types[] = {"application/json",
                                        "application/javascript",
                                        "application/xml",
                                        "application/wasm",
                                        "application/manifest",
                                        "application/x-ndjson",
                                        "image/svg",
                                        "image/bmp",
                                        "image/x-icon",
                                        "font/ttf",
                                        "font/otf"};
    char bare[80];
    size_t length = type ? strcspn(type, "; \t") : 0;

    if (length == 0 || length >= sizeof bare)
        return false;
    memcpy(bare, type, length);
    bare[length] = '\0';
    if (type_begins_with(bare, "text/"))
        return !eddy__same_word(bare, "text/event-stream");
    for (size_t i = 0; i < count_of(types); i++)
        if (type_begins_with(bare, types[i]))
            return true;
    return length > 5 && (eddy__same_word(bare + length - 5, "+json") ||
                          eddy__same_word(bare + length - 4, "+xml"));
}

static bool is_packable(const struct eddy__answer *a, int64_t size)
{
    const char *control = answer_field(a, "Cache-Control");

    return a->status >= 200 && a->status != 204 && a->status != 206 && a->status != 304 &&
           (size < 0 || (uint64_t)size >= a->pack_least) && is_packable_type(a->type) &&
           !answer_field(a, "Content-Encoding") && !answer_field(a, "Content-Range") &&
           !(control && strstr(control, "no-transform"));
}

/* ---- on the way ---- */

static int take_packed(void *arg, const void *data, size_t size)
{
    return eddy__answer_write_bytes(((struct eddy__gzip *)arg)->request, data, size);
}

static COLD int wrong_length(const struct eddy__gzip *p)
{
    return eddy__raise(EDDY_EINVAL, "a body of %llu bytes, where .length says %lld",
                       (unsigned long long)p->given, (long long)p->length);
}

int eddy__gzip_write(struct eddy__gzip *p, const void *data, size_t size)
{
    p->given += size;
    if (p->length >= 0 && p->given > (uint64_t)p->length)
        return wrong_length(p);
    for (size_t at = 0; at < size; at += WHOLE) {
        if (at)
            eddy__try(eddy_sleep(0)); /* coding takes its time */
        eddy__try(
            eddy__encoder_write(p->encoder, (const char *)data + at, min_size(size - at, WHOLE)));
    }
    /* The end of a body whose length is known will follow at once. */
    return p->length >= 0 && p->given == (uint64_t)p->length ? 0 : eddy__encoder_flush(p->encoder);
}

int eddy__gzip_end(struct eddy__gzip *p)
{
    if (p->length >= 0 && p->given != (uint64_t)p->length)
        return wrong_length(p);
    return eddy__encoder_end(p->encoder);
}

void eddy__gzip_close(struct eddy__gzip *p)
{
    if (!p)
        return;
    p->request->server->packers--;
    eddy__encoder_close(p->encoder);
    eddy_free(p);
}

static int open_packer(eddy_request *r, int64_t length)
{
    struct eddy__gzip *p = eddy_alloc_zero(sizeof *p);

    if (!p)
        return eddy__raise(EDDY_ENOMEM, "no memory for coding an answer");
    p->request = r;
    p->length = length;
    r->server->packers++;
    r->answer.packer = p;
    return eddy__encoder_open(&p->encoder, take_packed, p);
}

/* ---- at once ---- */

struct packed {
    char *text;
    size_t size, room;
};

/* What would become longer is not wanted. */
static int keep_packed(void *arg, const void *data, size_t size)
{
    struct packed *packed = arg;

    if (packed->size + size <= packed->room)
        memcpy(packed->text + packed->size, data, size);
    packed->size += size;
    return 0;
}

ssize_t eddy__gzip_bytes(const void *data, size_t size, void *to)
{
    struct packed packed = {.text = to, .room = size};
    struct eddy__encoder *encoder;
    int status = eddy__encoder_open(&encoder, keep_packed, &packed);

    if (status >= 0)
        status = eddy__encoder_write(encoder, data, size);
    if (status >= 0)
        status = eddy__encoder_end(encoder);
    eddy__encoder_close(encoder);
    eddy__try(status);
    return packed.size < size ? (ssize_t)packed.size : 0;
}

/* Codes a body that is there as a whole. */
static int pack_whole(struct eddy__answer *a, struct eddy__arena *arena)
{
    char *text = eddy__try(eddy__arena_alloc(arena, a->size));
    ssize_t size = eddy__try(eddy__gzip_bytes(a->data, a->size, text));

    if (size > 0) {
        a->data = text;
        a->size = (size_t)size;
        a->packed = true;
    }
    return 0;
}

bool eddy__gzip_is_worth(const eddy_request *r, const char *type, uint64_t size)
{
    return r->answer.pack_least && size >= r->answer.pack_least && is_packable_type(type);
}

/* ---- the beginning ---- */

static bool says_so(const struct eddy__answer *a)
{
    const char *vary = answer_field(a, "Vary");

    return vary && strcmp(vary, "Accept-Encoding") == 0;
}

int eddy__answer_pack(eddy_request *r, int64_t *size)
{
    struct eddy__answer *a = &r->answer;
    const char *accept = eddy_request_header(r, "Accept-Encoding");

    if (!a->pack_least)
        return 0;
    eddy__gzip_close(eddy_take(a->packer)); /* of an answer that could not begin */
    a->packed = false;
    bool packable = is_packable(a, *size);
    a->varies = (a->status == 304 || packable) && !says_so(a);
    if (!packable || !eddy__accepts_coding(accept, "gzip") || r->server->packers >= PACKERS_MAX)
        return 0;
    if (a->data && a->size <= WHOLE) {
        eddy__try(pack_whole(a, r->arena));
        *size = (int64_t)a->size;
        return 0;
    }
    if (!a->no_body)
        eddy__try(open_packer(r, *size));
    a->packed = true;
    *size = -1;
    return 0;
}

/* ---- the middleware ---- */

static int with_gzip(eddy_request *request)
{
    const size_t *least = eddy_request_arg(request);

    request->answer.pack_least = *least;
    return eddy_request_next(request);
}

int eddy_router_use_gzip_with(eddy_router *router, const eddy_gzip_opts *opts)
{
    size_t *least = eddy_alloc(sizeof *least);

    if (!least)
        return eddy__raise(EDDY_ENOMEM, "no memory for middleware");
    *least = opts && opts->least ? opts->least : LEAST;
    eddy__try(eddy__router_own(router, least, eddy_free));
    return eddy_router_use(router, with_gzip, .arg = least);
}

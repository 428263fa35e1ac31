/* respond.c - what a handler says as its answer: kept until the handler has returned. */
#include "http/server/server.h"

#include "http/message/token.h"

/* ---- header fields ---- */

int eddy__answer_check_field(const char *name, const char *value)
{
    static const char *const framing[] = {
        "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive",
        "Upgrade",        "Trailer",           "Date"};

    for (unsigned i = 0; name && i < count_of(framing); i++)
        if (eddy__same_word(name, framing[i]))
            return eddy__raise(
                EDDY_EINVAL, "a field %s cannot be given: it follows from the answer", framing[i]);
    return eddy__check_field(name, value);
}

static int add_copy(struct eddy__fields *fields, struct eddy__arena *arena, const char *name,
                    const char *value)
{
    eddy__try(eddy__answer_check_field(name, value));
    const char *own_name = eddy__try(eddy__arena_copy(arena, name, strlen(name)));
    const char *own_value = eddy__try(eddy__arena_copy(arena, value, strlen(value)));
    return eddy__fields_add(fields, arena, own_name, own_value);
}

static int already_begun(void)
{
    return eddy__raise(EDDY_EALREADY, "the head of the answer has been sent");
}

int eddy_respond_header(eddy_request *r, const char *name, const char *value)
{
    if (r->answer.begun)
        return already_begun();
    return add_copy(&r->answer.common, r->arena, name, value);
}

/* ---- answers ---- */

/* From here on answer is what was said last. type is not copied. */
static int say(eddy_request *r, int status, const char *type)
{
    struct eddy__answer *a = &r->answer;

    if (a->begun)
        return already_begun();
    if (status < 200 || status > 999)
        return eddy__raise(EDDY_EINVAL, "an answer has a status of 200 to 999, not %d", status);
    a->status = status;
    a->type = type;
    a->fields = NULL;
    a->data = NULL;
    a->size = 0;
    a->no_body =
        status == 204 || status == 304 || (r->head.method && strcmp(r->head.method, "HEAD") == 0);
    return 0;
}

static int say_with(eddy_request *r, int status, const eddy_respond_opts *opts)
{
    const char *type = "application/octet-stream";
    struct eddy__fields fields = {0};

    if (opts && opts->type) {
        type = NULL;
        if (*opts->type) {
            eddy__try(eddy__check_field("Content-Type", opts->type));
            type = eddy__try(eddy__arena_copy(r->arena, opts->type, strlen(opts->type)));
        }
    }
    for (const eddy_pair *f = opts ? opts->headers : NULL; f && f->name; f++)
        eddy__try(add_copy(&fields, r->arena, f->name, f->value));
    eddy__try(say(r, status, type));
    r->answer.fields = fields.list;
    return 0;
}

int eddy_respond_text(eddy_request *r, int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    const char *text = eddy__arena_vprintf(r->arena, format, args);
    va_end(args);
    if (!text)
        return EDDY_ENOMEM;
    eddy__try(say(r, status, "text/plain; charset=utf-8"));
    r->answer.data = text;
    r->answer.size = strlen(text);
    return 0;
}

int eddy_respond_json(eddy_request *r, int status, const char *json)
{
    size_t size = strlen(json);
    const char *copy = eddy__try(eddy__arena_copy(r->arena, json, size));

    eddy__try(say(r, status, "application/json"));
    r->answer.data = copy;
    r->answer.size = size;
    return 0;
}

int eddy_respond_bytes_with(eddy_request *r, int status, const void *data, size_t size,
                            const eddy_respond_opts *opts)
{
    if (size && (!opts || !opts->no_copy))
        data = eddy__try(eddy__arena_copy(r->arena, data, size));
    eddy__try(say_with(r, status, opts));
    r->answer.data = data;
    r->answer.size = size;
    return 0;
}

/* Bytes beyond ASCII are the business of whoever made the location; what could end the field is
 * refused. */
int eddy_respond_redirect(eddy_request *r, int status, const char *location)
{
    const eddy_pair *headers = eddy_pairs({"Location", location});

    if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308)
        return eddy__raise(EDDY_EINVAL, "%d is no status that sends a client elsewhere", status);
    return eddy_respond_bytes(r, status, NULL, 0, .type = "", .headers = headers);
}

/* The head of what may take its time does not wait for the first bytes. */
static int begin_stream(eddy_request *r, uint64_t length)
{
    eddy__try(eddy__answer_begin(r, length ? (int64_t)length : -1));
    return length ? 0 : eddy__answer_send_head(r);
}

eddy_stream *eddy_respond_stream_with(eddy_request *r, int status, const eddy_respond_opts *opts)
{
    uint64_t length = opts ? opts->length : 0;

    if (length > INT64_MAX) {
        eddy__raise(EDDY_EINVAL, "an answer of %llu bytes", (unsigned long long)length);
        return NULL;
    }
    if (say_with(r, status, opts) < 0)
        return NULL;
    eddy_stream *stream = eddy__side_open_answer(r);
    if (stream && begin_stream(r, length) < 0)
        eddy_stream_close(eddy_take(stream));
    return stream;
}

int eddy_respond_status(const eddy_request *r)
{
    return r->answer.status;
}

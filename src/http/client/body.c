/* body.c - the body of a request: from memory, a file, a stream, or a function that writes it. */
#include "http/client/client.h"

#include "http/message/encode.h"
#include "http/message/token.h"
#include <eddy/file.h>
#include <eddy/transport.h>

/* ---- what it is ---- */

static void body_text(struct eddy__body *body, const char *text, const char *type)
{
    *body = (struct eddy__body){
        .kind = EDDY__BODY_MEMORY,
        .data = text,
        .length = (int64_t)strlen(text),
        .type = type,
    };
}

static int body_form(struct eddy__call *call)
{
    char *text = eddy__try(eddy__form_format(call->opts.form, &call->response->arena));

    body_text(&call->body, text, "application/x-www-form-urlencoded");
    return 0;
}

/* Its type names the boundary, which nobody else knows. */
static int body_parts(struct eddy__call *call)
{
    struct eddy__arena *arena = &call->response->arena;
    struct eddy__body *body = &call->body;

    if (call->opts.type || eddy_pairs_header(call->opts.headers, "Content-Type"))
        return eddy__raise(EDDY_EINVAL, "a request with .parts and a Content-Type of its own: that "
                                        "of a form names its boundary");
    body->parts =
        eddy__try((struct eddy__multipart *)eddy__arena_alloc(arena, sizeof *body->parts));
    eddy__try(eddy__multipart_init(body->parts, call->opts.parts));
    body->type = eddy__try(eddy__multipart_type(body->parts, arena));
    body->kind = EDDY__BODY_PARTS;
    return 0;
}

static int body_choose(struct eddy__call *call)
{
    const eddy_http_request_opts *opts = &call->opts;
    struct eddy__body *body = &call->body;

    if (opts->text)
        body_text(body, opts->text, "text/plain; charset=utf-8");
    else if (opts->json)
        body_text(body, opts->json, "application/json");
    else if (opts->form)
        return body_form(call);
    else if (opts->parts)
        return body_parts(call);
    else if (opts->data)
        *body = (struct eddy__body){.kind = EDDY__BODY_MEMORY,
                                    .data = opts->data,
                                    .length = (int64_t)opts->size,
                                    .type = "application/octet-stream"};
    else if (opts->file)
        *body = (struct eddy__body){.kind = EDDY__BODY_FILE, .type = "application/octet-stream"};
    else if (opts->stream || opts->write)
        *body = (struct eddy__body){.kind = opts->stream ? EDDY__BODY_STREAM : EDDY__BODY_WRITER,
                                    .length = opts->length ? opts->length : -1,
                                    .type = "application/octet-stream"};
    return 0;
}

int eddy__body_init(struct eddy__call *call)
{
    const eddy_http_request_opts *opts = &call->opts;
    int given = !!opts->text + !!opts->json + !!opts->form + !!opts->parts + !!opts->data +
                !!opts->file + !!opts->stream + !!opts->write;

    if (given > 1)
        return eddy__raise(EDDY_EINVAL, "a request with %d bodies", given);
    if (opts->length < 0 || (opts->size && !opts->data))
        return eddy__raise(EDDY_EINVAL, "a request with %s",
                           opts->length < 0 ? "a negative .length" : ".size and no .data");
    eddy__try(body_choose(call));
    if (!opts->type)
        return 0;
    eddy__try(eddy__check_field("Content-Type", opts->type));
    call->body.type = opts->type;
    return 0;
}

bool eddy__body_can_begin(const struct eddy__call *call)
{
    const struct eddy__body *body = &call->body;

    if (body->kind == EDDY__BODY_PARTS)
        return !body->begun || eddy__multipart_can_begin(body->parts);
    return !body->begun || body->kind == EDDY__BODY_MEMORY || body->kind == EDDY__BODY_FILE ||
           body->kind == EDDY__BODY_NONE;
}

/* ---- sending ---- */

int eddy__body_open(struct eddy__call *call)
{
    struct eddy__body *body = &call->body;
    struct stat info;

    call->sent = 0;
    if (body->kind == EDDY__BODY_PARTS) {
        body->length = eddy__multipart_length(body->parts, &call->response->arena);
        return body->length < -1 ? (int)body->length : 0;
    }
    if (body->kind != EDDY__BODY_FILE)
        return 0;
    eddy__body_close(call);
    body->file = eddy__try(eddy_file_open(call->opts.file, "r"));
    eddy__try(eddy_file_stat(body->file, &info));
    body->length = S_ISREG(info.st_mode) ? (int64_t)info.st_size : -1;
    return 0;
}

void eddy__body_close(struct eddy__call *call)
{
    eddy_stream_close(call->body.file);
    call->body.file = NULL;
}

static int send_piece(struct eddy__call *call, const void *data, size_t size)
{
    eddy__try(eddy__exchange_write(call->exchange, data, size));
    call->sent += (int64_t)size;
    eddy__call_moved(call);
    return 0;
}

/* An eddy__multipart_sink. */
static int send_memory(void *arg, const void *data, size_t size)
{
    struct eddy__call *call = arg;

    for (size_t at = 0; at < size; at += EDDY__HTTP_AT_ONCE)
        eddy__try(
            send_piece(call, (const char *)data + at, min_size(size - at, EDDY__HTTP_AT_ONCE)));
    return 0;
}

/* As much of source as its length says, which a file can have lost meanwhile. */
static int send_stream(struct eddy__call *call, eddy_stream *source)
{
    int64_t left = call->body.length < 0 ? INT64_MAX : call->body.length;
    char *buf = eddy_alloc(EDDY__HTTP_PIECE);
    ssize_t n = buf ? 1 : eddy__raise(EDDY_ENOMEM, "no memory for a piece of a body");

    while (n > 0 && left > 0) {
        n = eddy_read(source, buf, left < EDDY__HTTP_PIECE ? (size_t)left : EDDY__HTTP_PIECE);
        if (n > 0) {
            left -= n;
            int status = send_piece(call, buf, (size_t)n);
            n = status < 0 ? status : n;
        }
    }
    eddy_free(buf);
    return n < 0 ? (int)n : 0;
}

/* ---- a body that a function writes: a stream upon the exchange ---- */

static ssize_t writer_read(eddy_transport *transport, void *buf, size_t size)
{
    (void)transport;
    (void)buf;
    (void)size;
    return EDDY_ENOTSUP;
}

static ssize_t writer_write(eddy_transport *transport, const void *buf, size_t size)
{
    struct eddy__call *call = transport->state;
    size_t n = min_size(size, EDDY__HTTP_AT_ONCE);
    int status = send_piece(call, buf, n);

    return status < 0 ? status : (ssize_t)n;
}

static const eddy_transport_kind writer_kind = {
    .read = writer_read,
    .write = writer_write,
    .suspends = true,
};

static int send_written(struct eddy__call *call)
{
    eddy_stream *stream =
        eddy__try(eddy_stream_open(&writer_kind, call, .peer = call->url.authority));
    int status = call->opts.write(stream, call->opts.arg);

    if (status >= 0)
        status = eddy_flush(stream);
    eddy_stream_close(stream);
    return status < 0 ? status : 0;
}

static int send_whole(struct eddy__call *call)
{
    switch (call->body.kind) {
    case EDDY__BODY_MEMORY:
        return send_memory(call, call->body.data, (size_t)call->body.length);
    case EDDY__BODY_FILE:
        return send_stream(call, call->body.file);
    case EDDY__BODY_STREAM:
        return send_stream(call, call->opts.stream);
    case EDDY__BODY_WRITER:
        return send_written(call);
    case EDDY__BODY_PARTS:
        return eddy__multipart_write(call->body.parts, &call->response->arena, send_memory, call);
    case EDDY__BODY_NONE:
        break;
    }
    return 0;
}

int eddy__body_send(struct eddy__call *call)
{
    call->body.begun = call->body.kind != EDDY__BODY_NONE;
    eddy__try(send_whole(call));
    return eddy__exchange_end(call->exchange, NULL);
}

/* response.c - what a program takes from an answer. */
#include "http/client/client.h"

#include <eddy/copy.h>
#include <eddy/file.h>
#include <eddy/transport.h>

enum { IN_ARENA = 4096, FIRST_ROOM = 4096 };

/* ---- the head ---- */

int eddy_response_status(const eddy_response *response)
{
    return response->head.status;
}

int eddy_response_version(const eddy_response *response)
{
    return response->head.major == 2 ? EDDY_HTTP_2 : EDDY_HTTP_1_1;
}

const char *eddy_response_reason(const eddy_response *response)
{
    return response->head.reason;
}

const char *eddy_response_header(const eddy_response *response, const char *name)
{
    return eddy__fields_get(&response->head.fields, name);
}

static const eddy_pair no_fields[] = {{NULL, NULL}};

const eddy_pair *eddy_response_headers(const eddy_response *response)
{
    return response->head.fields.list ? response->head.fields.list : no_fields;
}

const eddy_pair *eddy_response_trailers(const eddy_response *response)
{
    return response->trailers ? response->trailers : no_fields;
}

const char *eddy_response_url(eddy_response *response)
{
    const struct eddy__url *url = &response->call->url;

    if (!response->url)
        response->url = eddy__arena_printf(&response->arena, "%s://%s%s", url->scheme,
                                           url->authority, url->target);
    return response->url;
}

unsigned eddy_response_redirects(const eddy_response *response)
{
    return response->redirects;
}

int64_t eddy_response_length(const eddy_response *response)
{
    return response->decoder ? -1 : response->head.length;
}

static int response_was_closed(const eddy_response *response)
{
    return eddy__raise(EDDY_ECLOSED, "%s: the response was closed", response->call->url.authority);
}

/* ---- the whole body ---- */

static int text_too_long(const eddy_response *response)
{
    return eddy__raise(EDDY_ELIMIT, "%s: a body of more than %zu bytes (.max_body)",
                       response->call->url.authority, response->http->opts.max_body);
}

/* Makes room for more than size bytes and a zero. */
static int text_room(eddy_response *response, size_t size)
{
    char *text;

    if (!response->text_owned && size <= IN_ARENA) {
        text = eddy__try((char *)eddy__arena_alloc(&response->arena, size));
    } else {
        text = eddy_realloc(response->text, size);
        if (!text)
            return eddy__raise(EDDY_ENOMEM, "no memory for a body of %zu bytes", size);
        response->text_owned = true;
    }
    response->text = text;
    return 0;
}

static int text_of_length(eddy_response *response, size_t length)
{
    ssize_t n = 1;

    if (length > response->http->opts.max_body)
        return text_too_long(response);
    eddy__try(text_room(response, length + 1));
    while (n > 0) {
        n = eddy__content_read(response, response->text + response->text_size,
                               length + 1 - response->text_size);
        response->text_size += n > 0 ? (size_t)n : 0;
    }
    return (int)n;
}

static int text_to_end(eddy_response *response)
{
    size_t most = response->http->opts.max_body, room = 0;
    ssize_t n = 1;

    response->text_owned = true;
    while (n > 0) {
        if (response->text_size + 1 >= room) {
            room = room ? 2 * room : FIRST_ROOM;
            eddy__try(text_room(response, room));
        }
        n = eddy__content_read(response, response->text + response->text_size,
                               room - 1 - response->text_size);
        response->text_size += n > 0 ? (size_t)n : 0;
        if (response->text_size > most)
            return text_too_long(response);
    }
    return (int)n;
}

static int text_read(eddy_response *response)
{
    int64_t length = eddy_response_length(response);
    int status;

    if (response->begun)
        return eddy__raise(EDDY_EINVAL, "the body was read already");
    response->begun = true;
    if (!response->conn)
        status = text_room(response, 1);
    else if (length >= 0)
        status = text_of_length(response, (size_t)length);
    else
        status = text_to_end(response);
    if (status == 0)
        response->text[response->text_size] = '\0';
    else if (!response->failure)
        response->failure = status;
    return status;
}

const void *eddy_response_bytes(eddy_response *response, size_t *size)
{
    int status = 0;

    eddy__response_hold(response);
    if (!response->begun)
        status = text_read(response);
    else if (!response->text || response->failure)
        status = eddy__raise(EDDY_EINVAL, "the body was read already");
    if (status == 0 && response->closed)
        status = response_was_closed(response);
    const char *text = status < 0 ? NULL : response->text;
    if (text && size)
        *size = response->text_size;
    eddy__response_unref(response);
    return text;
}

const char *eddy_response_text(eddy_response *response)
{
    return eddy_response_bytes(response, NULL);
}

/* ---- the body as a stream ---- */

static ssize_t body_stream_read(eddy_transport *transport, void *buf, size_t size)
{
    return eddy__content_read(transport->state, buf, size);
}

static ssize_t body_stream_write(eddy_transport *transport, const void *buf, size_t size)
{
    (void)transport;
    (void)buf;
    (void)size;
    return EDDY_ENOTSUP;
}

static void body_stream_release(eddy_transport *transport)
{
    eddy__response_unref(transport->state);
}

static const eddy_transport_kind body_stream_kind = {
    .read = body_stream_read,
    .write = body_stream_write,
    .release = body_stream_release,
    .reason = eddy__exchange_reason,
    .suspends = true,
};

/* After a 101 that was asked for (.upgrade): the connection, which serves no further request. */
static eddy_stream *upgraded_connection(eddy_response *response)
{
    if (!response->conn) {
        response_was_closed(response);
        return NULL;
    }
    response->begun = true;
    return response->conn->stream;
}

eddy_stream *eddy_response_body(eddy_response *response)
{
    if (response->head.status == 101)
        return upgraded_connection(response);
    if (response->stream)
        return response->stream;
    if (response->begun) {
        eddy__raise(EDDY_EINVAL, "the body was read already");
        return NULL;
    }
    response->stream =
        eddy_stream_open(&body_stream_kind, response, .peer = response->call->url.authority);
    if (response->stream) {
        response->begun = true;
        eddy__response_hold(response);
    }
    return response->stream;
}

/* The response is held; the body goes when it is closed, which can be while the file is opened. */
static int64_t save_body(const eddy_response *response, eddy_stream *body, const char *path,
                         const eddy_response_save_opts *opts)
{
    eddy_stream *file = eddy__try(
        eddy_file_open(path, opts && opts->append ? "a" : "w", .mode = opts ? opts->mode : 0));
    int64_t copied = response->closed ? response_was_closed(response) : eddy_copy(file, body);

    eddy_stream_close(file);
    return copied;
}

int64_t eddy_response_save_with(eddy_response *response, const char *path,
                                const eddy_response_save_opts *opts)
{
    eddy_stream *body = eddy__try(eddy_response_body(response));

    eddy__response_hold(response);
    int64_t copied = save_body(response, body, path, opts);
    eddy__response_unref(response);
    return copied;
}

/* ---- the end ---- */

void eddy_response_close(eddy_response *response)
{
    if (!response)
        return;
    eddy_stream *stream = response->stream;

    response->closed = true;
    response->stream = NULL;
    eddy_stream_close(stream);
    if (response->refs > 1 && response->conn)
        eddy__exchange_abort(response->exchange);
    if (response->call)
        eddy__upload_end(response->call);
    eddy__response_unref(response);
}

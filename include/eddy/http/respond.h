/* respond.h - how a handler answers. What it says last is the answer: it is sent when the handler
 * has returned 0, so a later word or a failure takes its place. Only eddy_respond_stream sends at
 * once.
 *
 * Content-Length, Transfer-Encoding and Connection follow from the answer and cannot be given;
 * Date is added. An answer to HEAD is that to GET without its body. */
#ifndef EDDY_HTTP_RESPOND_H
#define EDDY_HTTP_RESPOND_H

#include <eddy/http/request.h>

EDDY_BEGIN_DECLS

/* Texts are copied. EDDY_EINVAL for a field that cannot be sent, for instance with a line break. */
typedef struct eddy_respond_opts {
    const char *type;         /* Content-Type; NULL: application/octet-stream, "": none */
    const eddy_pair *headers; /* further fields */
    uint64_t length;          /* bytes that will be written to eddy_respond_stream; 0: not known */
    bool no_copy;             /* the bytes stay until the request has been answered */
} eddy_respond_opts;

/* Answers with text as printf makes it, text/plain; with text that is JSON already; with size
 * bytes. data may be NULL for none, as 204 has it. 0; EDDY_EINVAL for a status that is not 200 to
 * 999; EDDY_EALREADY after eddy_respond_stream; EDDY_ENOMEM. None of them suspends. */
EDDY_API int eddy_respond_text(eddy_request *request, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
EDDY_API int eddy_respond_json(eddy_request *request, int status, const char *json);
EDDY_API int eddy_respond_bytes_with(eddy_request *request, int status, const void *data,
                                     size_t size, const eddy_respond_opts *opts);
#define eddy_respond_bytes(request, status, data, size, ...)                                       \
    eddy_respond_bytes_with((request), (status), (data), (size), &(eddy_respond_opts){__VA_ARGS__})
/* Sends the client to location, a URL or a part of one, with status 301, 302, 303, 307 or 308. */
EDDY_API int eddy_respond_redirect(eddy_request *request, int status, const char *location);

/* Begins an answer whose body is written to the stream, which the caller closes. Its head leaves at
 * once, so that a client knows of it before there is something to say; with .length it leaves with
 * the first bytes. Each write leaves at once. The body ends with eddy_write_eof, or when the stream
 * is closed and the handler has returned 0; a handler that fails has its connection cut off, so
 * that no client takes a part for the whole. A client that reads too slowly (.timeout_write of the
 * server) fails the write, EDDY_ETIMEDOUT. NULL with a record, as above. */
EDDY_API EDDY_SUSPENDS eddy_stream *eddy_respond_stream_with(eddy_request *request, int status,
                                                             const eddy_respond_opts *opts);
#define eddy_respond_stream(request, status, ...)                                                  \
    eddy_respond_stream_with((request), (status), &(eddy_respond_opts){__VA_ARGS__})

/* Adds a field to the answer, whichever that will be, a failure's included. Both are copied.
 * EDDY_EINVAL as above, EDDY_EALREADY after eddy_respond_stream. */
EDDY_API int eddy_respond_header(eddy_request *request, const char *name, const char *value);

/* Answers 101 to a request that asks for another protocol on its connection, such as "websocket",
 * with further fields or NULL. The connection, which is returned, is the handler's until it
 * returns, to be read and written, also what the client has sent behind its request; it is not to
 * be closed. NULL with a record: EDDY_HTTP(400) for a request that asks for none, has a body, or
 * came over HTTP/2; EDDY_EINVAL for a field that cannot be sent. */
EDDY_API EDDY_SUSPENDS eddy_stream *eddy_respond_upgrade(eddy_request *request,
                                                         const char *protocol,
                                                         const eddy_pair *headers);

/* The status of what was answered until now, for what stands around a handler; 0: nothing was. */
EDDY_API int eddy_respond_status(const eddy_request *request);

EDDY_END_DECLS

#endif

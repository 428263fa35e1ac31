/* request.h - what a handler is asked: names, parameters, header fields, the body. How it answers
 * is in respond.h.
 *
 * Every text that these functions give is UTF-8 or what the client has sent, ends in a zero byte,
 * and is valid until the request has been answered. */
#ifndef EDDY_HTTP_REQUEST_H
#define EDDY_HTTP_REQUEST_H

#include <eddy/http/message.h>
#include <eddy/http_status.h>
#include <eddy/stream.h>

EDDY_BEGIN_DECLS

typedef struct eddy_request eddy_request;

/* Answers a request, in the task of its connection, which serves one request after another. 0 once
 * it has said an answer (respond.h). A failure EDDY_HTTP(n), raised from however deep, is the
 * answer n with the message of its record as its text. Any other failure is reported to the loop's
 * exception handler, and the answer 500. */
typedef int eddy_http_handler(eddy_request *request);

/* In what stands around handlers (eddy_router_use): calls what is inside, the next of them or at
 * last the handler, and returns its status. Whoever does not call it answers in the handler's
 * place. */
EDDY_API EDDY_SUSPENDS int eddy_request_next(eddy_request *request);

/* "GET". The target as it came, "/a%20b?c=d". The path of it, decoded: "/a b". The host, with its
 * port if it came with one, "example.org:8080"; "" when an old client has not said it. */
EDDY_API const char *eddy_request_method(const eddy_request *request);
EDDY_API const char *eddy_request_target(const eddy_request *request);
EDDY_API const char *eddy_request_path(eddy_request *request);
EDDY_API const char *eddy_request_host(const eddy_request *request);
/* EDDY_HTTP_1_1, also for 1.0, or EDDY_HTTP_2. */
EDDY_API int eddy_request_version(const eddy_request *request);

/* What stands for {name} in the pattern of the route, decoded; NULL: it has no such name. */
EDDY_API const char *eddy_request_param(const eddy_request *request, const char *name);

/* The value of a parameter of the query, decoded, the first of that name; NULL: there is none, or
 * the query is not well formed. _pairs gives all in their order; NULL: EDDY_HTTP(400), raised, for
 * a query that is not well formed or has more than 1,000 parameters. */
EDDY_API const char *eddy_request_query(eddy_request *request, const char *name);
EDDY_API const eddy_pair *eddy_request_query_pairs(eddy_request *request);

/* The value of a header field, the first of that name, whatever its capital letters; NULL: there is
 * none. _headers gives all in their order. */
EDDY_API const char *eddy_request_header(const eddy_request *request, const char *name);
EDDY_API const eddy_pair *eddy_request_headers(const eddy_request *request);

/* The .arg of the server. */
EDDY_API void *eddy_request_arg(const eddy_request *request);
/* The address of the client, "192.0.2.7:4711" or without a port: what the last proxy that is no
 * trusted one was connected from (.trusted_proxies of the server), or else the peer of the
 * connection. */
EDDY_API const char *eddy_request_peer(eddy_request *request);
/* The connection itself, for what eddy_stream_tls_version and its kin say of it. It is not to be
 * read or written. */
EDDY_API eddy_stream *eddy_request_connection(const eddy_request *request);

/* The user and password that the client has sent by "Authorization: Basic": 1, or 0 when it has
 * sent none that are well formed. EDDY_ENOMEM. Passwords are to be compared in constant time. */
EDDY_API int eddy_request_basic_auth(eddy_request *request, const char **user,
                                     const char **password);

/* What one function around a handler leaves for those inside it. key is compared as a pointer, the
 * address of something static. EDDY_ENOMEM; NULL: nothing is left under key. */
EDDY_API int eddy_request_set_value(eddy_request *request, const void *key, void *value);
EDDY_API void *eddy_request_value(const eddy_request *request, const void *key);

/* The body as a stream, also an empty one; the same at each call, and not to be closed. Reads fail
 * with EDDY_HTTP(413) beyond .max_body of the server or what eddy_request_set_max_body said,
 * before the first byte if the client has told the length; with EDDY_HTTP(408) when it comes too
 * slowly; with EDDY_HTTP(400) for broken chunks; with EDDY_EOF when the client leaves in the
 * middle of it. A client that waits for "100 Continue" gets it at the first read. NULL:
 * EDDY_ENOMEM. */
EDDY_API eddy_stream *eddy_request_body(eddy_request *request);
/* The whole of what is left of the body. NULL with a record, as reads fail. _text refuses a zero
 * byte in it, EDDY_HTTP(400). Both suspend. */
EDDY_API const char *eddy_request_text(eddy_request *request);
EDDY_API const void *eddy_request_bytes(eddy_request *request, size_t *size);
/* The fields of a form, application/x-www-form-urlencoded or multipart/form-data, in their order.
 * NULL with a record: EDDY_HTTP(415) for another type and for a form with files, EDDY_HTTP(400) for
 * what is not well formed or has more than 1,000 fields, and as reads fail. Suspends. */
EDDY_API const eddy_pair *eddy_request_form(eddy_request *request);

/* A part of a form with files (multipart/form-data). */
typedef struct eddy_request_part {
    const char *name;
    const char *filename; /* as the client says, so no path to use; NULL: it is no file */
    const char *type;     /* its Content-Type; NULL: none */
    const eddy_pair *headers;
    eddy_stream *body; /* not to be closed; until the next part is asked for */
} eddy_request_part;

/* The next part of such a form, as it comes: 1; 0 after the last. What was not read of the one
 * before is thrown away. EDDY_HTTP(415) when the body is no such form, EDDY_HTTP(400) when it is
 * not well formed or ends too early, EDDY_HTTP(413) for more than 1,000 parts or 8 KiB of header
 * fields of one, and as reads fail; reads of .body fail likewise. Suspends. */
EDDY_API int eddy_request_next_part(eddy_request *request, eddy_request_part *part);
/* The whole of what is left of a part that was just given. NULL with a record: EDDY_HTTP(413) for
 * more than limit bytes (0: 64 KiB), EDDY_HTTP(400) for a zero byte in it, and as reads fail.
 * Suspends. */
EDDY_API const char *eddy_request_part_text(eddy_request *request, const eddy_request_part *part,
                                            size_t limit);
/* Bytes that the body may have, from now on; 0 is none. */
EDDY_API void eddy_request_set_max_body(eddy_request *request, uint64_t size);
/* What followed the last chunk of the body, once that was read to its end; NULL: nothing. */
EDDY_API const eddy_pair *eddy_request_trailers(const eddy_request *request);

/* From now on the handler is cancelled when the client ends the connection. It need not: one that
 * has sent all it has to say may still wait for the answer. EDDY_EBUSY while the body has not been
 * read to its end. It ends with an upgrade, such as that to a WebSocket. */
EDDY_API int eddy_request_cancel_on_disconnect(eddy_request *request);

EDDY_END_DECLS

#endif

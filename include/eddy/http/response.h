/* response.h - what a request of client.h was answered: status, headers, and a body that is taken
 * as text, as bytes, as a stream or into a file. */
#ifndef EDDY_HTTP_RESPONSE_H
#define EDDY_HTTP_RESPONSE_H

#include <eddy/http/message.h>
#include <eddy/http_status.h>
#include <eddy/stream.h>

EDDY_BEGIN_DECLS

/* An answer. It has a connection of its session for itself until its body has ended, so it is
 * closed soon: eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, url)); What its
 * functions give is valid until then. */
typedef struct eddy_response eddy_response;

/* Gives the connection back to the session. The rest of a body that nobody has read is read off
 * when it is at most 64 KiB and comes within 50 ms, inside a shield; otherwise the connection is
 * closed. A call that another task makes on the response ends with EDDY_ECLOSED. NULL is fine. */
EDDY_API void eddy_response_close(eddy_response *response);
EDDY_AUTOCLOSE(eddy_response, eddy_response_close)

/* 200, and the words that the server gave for it, "OK" (perhaps none: ""). */
EDDY_API int eddy_response_status(const eddy_response *response);
EDDY_API const char *eddy_response_reason(const eddy_response *response);
/* EDDY_HTTP_1_1, also for 1.0, or EDDY_HTTP_2. */
EDDY_API int eddy_response_version(const eddy_response *response);
/* The value of the first header field of that name, whatever its capital letters, or NULL; and all
 * fields in the order in which they came. */
EDDY_API const char *eddy_response_header(const eddy_response *response, const char *name);
EDDY_API const eddy_pair *eddy_response_headers(const eddy_response *response);
/* Fields that followed a body in chunks, once it was read to its end; those that frame messages or
 * authenticate are left out. */
EDDY_API const eddy_pair *eddy_response_trailers(const eddy_response *response);
/* The URL that gave this answer, after redirects, without user and password (NULL, raised: there
 * is no memory); and how many redirects led there. */
EDDY_API const char *eddy_response_url(eddy_response *response);
EDDY_API unsigned eddy_response_redirects(const eddy_response *response);
/* Content-Length of a body that comes as it is, −1 when that is not known before its end. */
EDDY_API int64_t eddy_response_length(const eddy_response *response);

/* The whole body, decoded where it has a Content-Encoding, followed by a zero byte; later calls
 * give it again. *size (or NULL) is how many bytes it has. NULL with a record: EDDY_ELIMIT for
 * more than .max_body, EDDY_EOF when the connection ends before the body (how many bytes came,
 * and how many should have), EDDY_EPROTO for what is no HTTP or badly encoded, EDDY_ETIMEDOUT,
 * EDDY_EINVAL after eddy_response_body. The text is what came, in whatever character set. */
EDDY_API EDDY_SUSPENDS const char *eddy_response_text(eddy_response *response);
EDDY_API EDDY_SUSPENDS const void *eddy_response_bytes(eddy_response *response, size_t *size);

/* The body as a stream, for eddy_read, eddy_read_line, eddy_copy, …; it is closed with the
 * response. The server sends no faster than it is read. Of a 101 (.upgrade of the request) it is
 * the connection itself, to be read and written, without limits of time. NULL with a record when
 * there is no memory, or when the body was read already. Does not suspend. */
EDDY_API eddy_stream *eddy_response_body(eddy_response *response);

typedef struct eddy_response_save_opts {
    bool append;   /* adds to the file what follows, as after a request for a range */
    unsigned mode; /* permissions of a new file, less the umask; 0: 0666 */
} eddy_response_save_opts;

/* Writes the body to a file, which is made, or emptied first; returns how many bytes. A failure
 * leaves what has come in the file. */
EDDY_API EDDY_SUSPENDS int64_t eddy_response_save_with(eddy_response *response, const char *path,
                                                       const eddy_response_save_opts *opts);
#define eddy_response_save(response, path, ...)                                                    \
    eddy_response_save_with((response), (path), &(eddy_response_save_opts){__VA_ARGS__})

EDDY_END_DECLS

#endif

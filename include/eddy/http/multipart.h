/* multipart.h - what a form with files consists of (multipart/form-data). */
#ifndef EDDY_HTTP_MULTIPART_PUBLIC_H
#define EDDY_HTTP_MULTIPART_PUBLIC_H

#include <eddy/stream.h>

EDDY_BEGIN_DECLS

/* A field of such a form: its name, and one of .text, .data, .file and .stream as its content. A
 * list of them ends with one whose name is NULL: eddy_http_parts({"a", .text = "1"}, {"f", .file =
 * path}). Nothing is copied. A name or filename with a control character is EDDY_EINVAL when it is
 * sent; a quotation mark in one goes out as %22, as browsers do it. */
typedef struct eddy_http_part {
    const char *name;
    const char *text;
    const void *data; /* and .size */
    size_t size;
    const char *file;     /* the path of a file, which is read while it is sent */
    eddy_stream *stream;  /* read to its end while it is sent, and not closed; only once */
    const char *filename; /* NULL: the last name of .file; none for the others */
    const char *type;     /* NULL: none for what has no filename, else application/octet-stream */
} eddy_http_part;
#define eddy_http_parts(...) ((const eddy_http_part[]){__VA_ARGS__, {.name = NULL}})

EDDY_END_DECLS

#endif

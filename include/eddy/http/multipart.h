/* multipart.h - what a form with files consists of (multipart/form-data). */
#ifndef EDDY_HTTP_MULTIPART_PUBLIC_H
#define EDDY_HTTP_MULTIPART_PUBLIC_H

#include <eddy/stream.h>

EDDY_BEGIN_DECLS

/* A field of such a form: its name, and one of .text, .data, .file and .stream as its content. A
 * list of them ends with one whose name is NULL: eddy_http_parts({"a", .text = "1"}, {"f", .file =
 * path}). Nothing is copied. As browsers do it, a quotation mark in a name or filename goes out as
 * %22, and a line break in a filename as %0D or %0A; other control characters are EDDY_EINVAL when
 * the form is sent. */
typedef struct eddy_http_part {
    const char *name;
    const char *text;
    const void *data; /* and .size */
    size_t size;
    const char *file;     /* the path of a file, which is read while it is sent */
    eddy_stream *stream;  /* read while it is sent, once, and not closed: all, or .length bytes */
    int64_t length;       /* of .stream; 0: not known */
    const char *filename; /* NULL: the last name of .file; none for the others */
    const char *type;     /* NULL: none for what has no filename, else application/octet-stream */
} eddy_http_part;
#define eddy_http_parts(...) ((const eddy_http_part[]){__VA_ARGS__, {.name = NULL}})

EDDY_END_DECLS

#endif

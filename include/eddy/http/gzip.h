/* gzip.h - answers that are coded with gzip for clients that take it. */
#ifndef EDDY_HTTP_GZIP_H
#define EDDY_HTTP_GZIP_H

#include <eddy/http/router.h>

EDDY_BEGIN_DECLS

typedef struct eddy_gzip_opts {
    size_t least; /* bytes: what is known to be shorter stays as it is; 0: 1,024 */
} eddy_gzip_opts;

/* Puts middleware around all handlers of router, or of a group, whose answers are then coded with
 * gzip for clients that take it: texts, JSON, XML, scripts, SVG, WebAssembly and fonts that are not
 * packed yet, also as streams, of which each write still leaves at once. Left alone are parts of
 * files (206), what has a Content-Encoding or "Cache-Control: no-transform", server-sent events,
 * and what comes while 256 answers of the server are being coded. Vary is set, and an ETag becomes
 * a weak one. Not for pages that have a secret in them beside what a stranger has chosen: the size
 * of the coded answer tells of it (BREACH). As eddy_router_use. */
EDDY_API int eddy_router_use_gzip_with(eddy_router *router, const eddy_gzip_opts *opts);
#define eddy_router_use_gzip(router, ...)                                                          \
    eddy_router_use_gzip_with((router), &(eddy_gzip_opts){__VA_ARGS__})

EDDY_END_DECLS

#endif

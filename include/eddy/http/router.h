/* router.h - which handler answers a request: by patterns of method, host and path, in groups, with
 * what stands around the handlers. The rules are HR1 and following of docs/design/semantics.md. */
#ifndef EDDY_HTTP_ROUTER_H
#define EDDY_HTTP_ROUTER_H

#include <eddy/http/request.h>

EDDY_BEGIN_DECLS

typedef struct eddy_router eddy_router;

/* A router without routes; NULL with a record on failure. It is complete before a server is opened
 * with it, and outlives it; several loops may share it then. The caller closes it, with all of its
 * groups; NULL is fine, and so is a group, where the call does nothing. */
EDDY_API eddy_router *eddy_router_open(void);
EDDY_API void eddy_router_close(eddy_router *router);
EDDY_AUTOCLOSE(eddy_router, eddy_router_close)

typedef struct eddy_route_opts {
    void *arg;           /* eddy_request_arg in the handler; NULL: the server's */
    double timeout;      /* seconds that the handler may take; 0: the server's */
    uint64_t body_limit; /* bytes of a request's body; 0: the server's */
} eddy_route_opts;

/* Lets handler answer the requests that pattern matches: "[METHOD ][HOST]/[PATH]".
 *
 *   /hello/{name}     {name} is one segment, not empty: eddy_request_param(request, "name")
 *   /files/{path...}  the rest, perhaps empty, with its slashes
 *   /files/           the same without a name: all that begins so
 *   /files/{$}        only /files/ itself
 *
 * No method means any; GET answers HEAD, too. A path is cut at its slashes, then each segment is
 * decoded once. Of several patterns that match, the narrowest is taken, and one with a host before
 * one without. EDDY_EEXIST when another pattern matches some of the same requests and neither is
 * the narrower one; EDDY_EINVAL, with what is wrong, for what is no pattern. pattern is copied. */
EDDY_API int eddy_route_with(eddy_router *router, const char *pattern, eddy_http_handler *handler,
                             const eddy_route_opts *opts);
#define eddy_route(router, pattern, handler, ...)                                                  \
    eddy_route_with((router), (pattern), (handler), &(eddy_route_opts){__VA_ARGS__})

/* Routes that share the beginning of their paths, such as "/api" or "/users/{id}", and what stands
 * around them; "" shares only that. Groups may be in groups. It belongs to router. NULL with a
 * record: EDDY_EINVAL for a prefix that does not begin with a slash, or ends in one. */
EDDY_API eddy_router *eddy_router_group(eddy_router *router, const char *prefix);

typedef struct eddy_router_use_opts {
    void *arg; /* eddy_request_arg in middleware; NULL: the server's */
} eddy_router_use_opts;

/* Puts middleware around all handlers of router, or of a group, also around those that are there
 * already: the first one is the outermost, a router's are around its groups'. It is a handler that
 * calls eddy_request_next, for the rest of the way to the answer, or answers itself. That nothing
 * matches, and with which methods something would, it sees as a failure of eddy_request_next; a
 * group's sees it for what lies beneath its prefix. */
EDDY_API int eddy_router_use_with(eddy_router *router, eddy_http_handler *middleware,
                                  const eddy_router_use_opts *opts);
#define eddy_router_use(router, middleware, ...)                                                   \
    eddy_router_use_with((router), (middleware), &(eddy_router_use_opts){__VA_ARGS__})

EDDY_END_DECLS

#endif

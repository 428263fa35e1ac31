/* cors.h - which pages of other origins may read the answers (CORS, of the Fetch standard). */
#ifndef EDDY_HTTP_CORS_H
#define EDDY_HTTP_CORS_H

#include <eddy/http/router.h>

EDDY_BEGIN_DECLS

typedef struct eddy_cors_opts {
    const char *origins; /* "https://a.example, https://b.example"; NULL: all */
    const char *methods; /* of requests; NULL: "GET, HEAD, POST, PUT, PATCH, DELETE" */
    const char *headers; /* that requests may have, NULL: those that they ask for */
    const char *expose;  /* header fields of answers that pages may read, too; NULL: none */
    bool credentials;    /* pages may send cookies and the like; only with .origins */
    double max_age;      /* seconds that browsers need not ask again; 0: 600 */
} eddy_cors_opts;

/* Puts middleware around all handlers of router, or of a group, that lets pages of other origins
 * read the answers, those of failures included, and answers what browsers ask before (OPTIONS).
 * What other origins ask is answered as well, but browsers keep it from them. Texts are copied.
 * EDDY_EINVAL for .credentials with all origins, and for what cannot be in a header field; as
 * eddy_router_use. */
EDDY_API int eddy_router_use_cors_with(eddy_router *router, const eddy_cors_opts *opts);
#define eddy_router_use_cors(router, ...)                                                          \
    eddy_router_use_cors_with((router), &(eddy_cors_opts){__VA_ARGS__})

EDDY_END_DECLS

#endif

/* serve_upload.h - files that clients send: by PUT, or by a form on the page of a folder. */
#ifndef EDDY_TOOL_SERVE_UPLOAD_H
#define EDDY_TOOL_SERVE_UPLOAD_H

#include <eddy/http/router.h>

struct serve_upload {
    const char *folder;
    bool overwrite;
    uint64_t max_size; /* bytes of a request */
};

/* Adds routes for PUT and POST; self outlives the router. A file has a name that begins with
 * .eddy-upload until it is whole. 0 or a failure with a record. */
int serve_upload_route(struct serve_upload *self, eddy_router *router);

#endif

/* serve_site.h - what eddy serve answers: files, uploads, and who may ask. */
#ifndef EDDY_TOOL_SERVE_SITE_H
#define EDDY_TOOL_SERVE_SITE_H

#include "password.h"
#include "serve_options.h"
#include "serve_upload.h"
#include <eddy/http/router.h>

struct serve_site {
    const struct serve_options *options;
    char password[PASSWORD_SIZE]; /* with options->user */
    struct serve_upload upload;
};

/* Adds all that the options ask for to the router; self outlives it. 0 or a failure with a record.
 */
int serve_site_route(struct serve_site *self, eddy_router *router);

#endif

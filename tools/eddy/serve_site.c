/* serve_site.c - the routes of eddy serve, and what stands around them. */
#include "serve_site.h"
#include <eddy/error.h>
#include <eddy/http/cors.h>
#include <eddy/http/files.h>
#include <eddy/http/gzip.h>
#include <eddy/http/respond.h>
#include <string.h>

/* ---- who may ask ---- */

/* Takes as long for any text. */
static bool is_same_secret(const char *given, const char *secret)
{
    size_t length = strlen(given), size = strlen(secret);
    unsigned different = length != size;

    for (size_t i = 0; i < length; i++)
        different |= (unsigned char)given[i] ^ (unsigned char)secret[size ? i % size : 0];
    return !different;
}

static int with_password(eddy_request *request)
{
    const struct serve_site *self = eddy_request_arg(request);
    const char *user, *password;

    if (eddy_try(eddy_request_basic_auth(request, &user, &password)) > 0) {
        bool known = is_same_secret(user, self->options->user);
        if (is_same_secret(password, self->password) && known)
            return eddy_request_next(request);
    }
    eddy_try(eddy_respond_header(request, "WWW-Authenticate",
                                 "Basic realm=\"eddy serve\", charset=\"UTF-8\""));
    return eddy_raise(EDDY_HTTP(401), "a user and a password are asked for here");
}

/* ---- files ---- */

static const char upload_form[] =
    "<style>form{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center;margin:1.5rem 0;"
    "padding:1rem;border:1px dashed var(--line);border-radius:.5rem}"
    "input{flex:1 1 14rem;min-width:0;font:inherit;color:var(--soft)}"
    "::file-selector-button{font:inherit;padding:.35rem .9rem;margin-right:.75rem;"
    "border:1px solid var(--line);border-radius:.4rem;background:none;color:var(--text);"
    "cursor:pointer}"
    "button{font:inherit;padding:.35rem 1.1rem;border:1px solid var(--line);border-radius:.4rem;"
    "background:var(--hover);color:var(--link);cursor:pointer}</style>\n"
    "<form method=\"post\" enctype=\"multipart/form-data\">"
    "<input type=\"file\" name=\"file\" aria-label=\"Files\" multiple required>"
    "<button>Upload</button></form>";

/* An upload of a.txt.gz must not be what is sent for a.txt. */
static int add_files(const struct serve_options *options, eddy_router *router)
{
    return eddy_route_files(router, "/", options->folder, .listing = options->listing,
                            .listing_foot = options->upload ? upload_form : NULL,
                            .spa = options->spa ? "index.html" : NULL, .links = options->links,
                            .precompressed = !options->upload);
}

int serve_site_route(struct serve_site *self, eddy_router *router)
{
    const struct serve_options *options = self->options;

    /* Uploads are for pages of this server alone. */
    if (options->cors)
        eddy_try(eddy_router_use_cors(router, .methods = "GET, HEAD"));
    if (options->user)
        eddy_try(eddy_router_use(router, with_password, .arg = self));
    eddy_try(eddy_router_use_gzip(router));
    if (options->upload) {
        self->upload = (struct serve_upload){.folder = options->folder,
                                             .overwrite = options->overwrite,
                                             .max_size = options->max_upload};
        eddy_try(serve_upload_route(&self->upload, router));
    }
    return add_files(options, router);
}

/* cors.c - middleware that lets pages of other origins read answers. */
#include <eddy/http/cors.h>

#include "http/message/token.h"
#include "http/server/router.h"
#include <eddy/http/respond.h>
#include <eddy/memory.h>
#include <math.h>
#include <stdio.h>

/* Texts are NULL where the option is. */
struct cors {
    char *origins, *methods, *headers, *expose;
    bool credentials;
    char max_age[32];
};

/* ---- requests ---- */

/* Whether the list has this origin, to the letter. */
static bool has_origin(const char *list, const char *origin)
{
    size_t length = strlen(origin);

    while (*list) {
        list += strspn(list, ", \t");
        size_t n = strcspn(list, ", \t");
        if (n == length && n && memcmp(list, origin, n) == 0)
            return true;
        list += n;
    }
    return false;
}

static int allow_origin(eddy_request *request, const struct cors *cors, const char *origin)
{
    eddy__try(
        eddy_respond_header(request, "Access-Control-Allow-Origin", cors->origins ? origin : "*"));
    if (cors->credentials)
        eddy__try(eddy_respond_header(request, "Access-Control-Allow-Credentials", "true"));
    return 0;
}

/* What a browser asks before it sends the request that it was asked for. */
static int answer_preflight(eddy_request *request, const struct cors *cors)
{
    const char *asked = eddy_request_header(request, "Access-Control-Request-Headers");
    const char *headers = cors->headers ? cors->headers : asked;
    const char *methods = cors->methods ? cors->methods : "GET, HEAD, POST, PUT, PATCH, DELETE";

    eddy__try(eddy_respond_header(request, "Access-Control-Allow-Methods", methods));
    if (headers)
        eddy__try(eddy_respond_header(request, "Access-Control-Allow-Headers", headers));
    if (!cors->headers)
        eddy__try(eddy_respond_header(request, "Vary", "Access-Control-Request-Headers"));
    eddy__try(eddy_respond_header(request, "Access-Control-Max-Age", cors->max_age));
    return eddy_respond_bytes(request, 204, NULL, 0, .type = "");
}

static int with_cors(eddy_request *request)
{
    const struct cors *cors = eddy_request_arg(request);
    const char *origin = eddy_request_header(request, "Origin");

    if (cors->origins)
        eddy__try(eddy_respond_header(request, "Vary", "Origin"));
    if (!origin || (cors->origins && !has_origin(cors->origins, origin)))
        return eddy_request_next(request);
    eddy__try(allow_origin(request, cors, origin));
    if (strcmp(eddy_request_method(request), "OPTIONS") == 0 &&
        eddy_request_header(request, "Access-Control-Request-Method"))
        return answer_preflight(request, cors);
    if (cors->expose)
        eddy__try(eddy_respond_header(request, "Access-Control-Expose-Headers", cors->expose));
    return eddy_request_next(request);
}

/* ---- options ---- */

static void free_cors(void *arg)
{
    struct cors *cors = arg;

    eddy_free(cors->origins);
    eddy_free(cors->methods);
    eddy_free(cors->headers);
    eddy_free(cors->expose);
    eddy_free(cors);
}

/* 0, or EDDY_EINVAL or EDDY_ENOMEM, raised. */
static int copy_option(char **to, const char *text)
{
    if (!text)
        return 0;
    eddy__try(eddy__check_field("Access-Control", text));
    *to = eddy_strdup(text);
    return *to ? 0 : eddy__raise(EDDY_ENOMEM, "no memory for CORS");
}

static int copy_options(struct cors *cors, const eddy_cors_opts *opts)
{
    bool all = !opts->origins || strcmp(opts->origins, "*") == 0;

    if (opts->credentials && all)
        return eddy__raise(EDDY_EINVAL,
                           "pages of all origins would have their users' .credentials: "
                           "name the .origins");
    if (isnan(opts->max_age) || isinf(opts->max_age) || opts->max_age < 0)
        return eddy__raise(EDDY_EINVAL, "the .max_age of CORS is no time");
    cors->credentials = opts->credentials;
    snprintf(cors->max_age, sizeof cors->max_age, "%.0f",
             opts->max_age > 0 ? fmin(opts->max_age, 1e9) : 600);
    eddy__try(copy_option(&cors->origins, all ? NULL : opts->origins));
    eddy__try(copy_option(&cors->methods, opts->methods));
    eddy__try(copy_option(&cors->headers, opts->headers));
    return copy_option(&cors->expose, opts->expose);
}

int eddy_router_use_cors_with(eddy_router *router, const eddy_cors_opts *opts)
{
    static const eddy_cors_opts defaults;
    struct cors *cors = eddy_alloc_zero(sizeof *cors);

    if (!cors)
        return eddy__raise(EDDY_ENOMEM, "no memory for CORS");
    int status = copy_options(cors, opts ? opts : &defaults);
    if (status < 0) {
        free_cors(cors);
        return status;
    }
    eddy__try(eddy__router_own(router, cors, free_cors));
    return eddy_router_use(router, with_cors, .arg = cors);
}

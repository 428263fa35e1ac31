/* request.c - what goes out: where to, and with which head. */
#include "http/client/client.h"

#include "http/message/coding.h"
#include "http/message/token.h"

/* ---- what the program has said ---- */

/* These say how a message is framed or carried, which is decided elsewhere. */
static const char *const reserved_fields[] = {
    "Content-Length", "Transfer-Encoding", "Connection", "Host", "Expect",
    "Upgrade",        "Proxy-Connection",  "Keep-Alive", "TE",   "Trailer",
};

int eddy__request_check_field(const char *name, const char *value)
{
    eddy__try(eddy__check_field(name, value));
    for (size_t i = 0; i < count_of(reserved_fields); i++)
        if (eddy__same_word(name, reserved_fields[i]))
            return eddy__raise(EDDY_EINVAL, "the header field %s is not the program's to say",
                               name);
    return 0;
}

/* A time, by rule B7; 0 is that of the session. */
static int call_time(double *seconds, double unset, const char *option)
{
    if (isnan(*seconds) || *seconds < 0)
        return eddy__raise(EDDY_EINVAL, "a request with .%s of %g", option, *seconds);
    if (*seconds == 0)
        *seconds = unset;
    return 0;
}

static int call_times(struct eddy__call *call)
{
    const eddy_http_opts *session = &call->http->opts;
    eddy_http_request_opts *opts = &call->opts;

    eddy__try(call_time(&opts->timeout, session->timeout, "timeout"));
    eddy__try(call_time(&opts->timeout_pool, session->timeout_pool, "timeout_pool"));
    eddy__try(call_time(&opts->timeout_connect, session->timeout_connect, "timeout_connect"));
    eddy__try(call_time(&opts->timeout_read, session->timeout_read, "timeout_read"));
    eddy__try(call_time(&opts->backoff, 0.5, "backoff"));
    call->deadline = isinf(opts->timeout) ? INFINITY : eddy_time() + opts->timeout;
    return 0;
}

int eddy__request_check(struct eddy__call *call)
{
    const char *method = call->method;

    if (!method || !eddy__all_are(method, strlen(method), EDDY__CHAR_TOKEN) ||
        strcmp(method, "CONNECT") == 0)
        return eddy__raise(EDDY_EINVAL, "\"%s\" is no method of a request",
                           method ? method : "(null)");
    for (const eddy_pair *h = call->opts.headers; h && h->name; h++)
        eddy__try(eddy__request_check_field(h->name, h->value));
    if (call->opts.upgrade)
        eddy__try(eddy__check_field("Upgrade", call->opts.upgrade));
    if (call->opts.max_redirects == 0)
        call->opts.max_redirects = 10;
    eddy__try(call_times(call));
    return eddy__body_init(call);
}

bool eddy__request_is_idempotent(const struct eddy__call *call)
{
    static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};

    for (size_t i = 0; i < count_of(methods); i++)
        if (strcmp(call->method, methods[i]) == 0)
            return true;
    return call->opts.idempotent;
}

/* ---- where to ---- */

int eddy__request_way(struct eddy__call *call)
{
    const eddy_http_opts *session = &call->http->opts;

    if (!(call->opts.upgrade && strncmp(call->url.scheme, "ws", 2) == 0) &&
        strncmp(call->url.scheme, "http", 4) != 0)
        return eddy__raise(EDDY_EINVAL, "%s://%s is no URL of a request", call->url.scheme,
                           call->url.authority);
    call->way.url = &call->url;
    call->way.tls = call->opts.tls_opts ? call->opts.tls_opts : &session->tls_opts;
    return eddy__proxy_choose(call);
}

/* A path seen from .base_url, which goes out as it is. */
static bool is_plain_path(const eddy_http *http, const char *url)
{
    return http->base && url[0] == '/' && url[1] != '/';
}

static int locate_path(struct eddy__call *call, const char *path)
{
    size_t size = strcspn(path, "#");

    if (!eddy__all_are(path, size, EDDY__CHAR_TARGET))
        return eddy__raise(EDDY_EINVAL, "the path %s has a blank or a control character in it",
                           path);
    call->url = *call->http->base;
    call->url.target = eddy__try(eddy__arena_copy(&call->response->arena, path, size));
    return 0;
}

/* Whether url begins with a scheme and "//". */
static bool is_whole(const char *url)
{
    return strncmp(url + strcspn(url, ":/?#"), "://", 3) == 0;
}

/* What is not whole is seen from .base_url, whose user goes with it to the same origin. */
static int locate_url(struct eddy__call *call, const char *url)
{
    struct eddy__arena *arena = &call->response->arena;
    const struct eddy__url *base = is_whole(url) ? NULL : call->http->base;

    if (base)
        url = eddy__try(eddy__url_resolve(base, url, arena));
    eddy__try(eddy__url_parse(&call->url, url, arena));
    if (base && !call->url.user && eddy__url_same_origin(base, &call->url)) {
        call->url.user = base->user;
        call->url.password = base->password;
    }
    return 0;
}

int eddy__request_locate(struct eddy__call *call, const char *url)
{
    struct eddy__arena *arena = &call->response->arena;
    eddy_http *http = call->http;

    if (!url)
        return eddy__raise(EDDY_EINVAL, "a request without a URL");
    eddy__try(is_plain_path(http, url) ? locate_path(call, url) : locate_url(call, url));
    if (call->opts.params)
        call->url.target =
            eddy__try(eddy__url_add_params(call->url.target, call->opts.params, arena));
    call->trusted = true;
    call->way.unix_path = call->opts.unix_path ? call->opts.unix_path : http->opts.unix_path;
    return eddy__request_way(call);
}

/* ---- the head ---- */

static bool is_secret(const char *name)
{
    return eddy__same_word(name, "Authorization") || eddy__same_word(name, "Cookie") ||
           eddy__same_word(name, "Proxy-Authorization");
}

/* Whether credentials of the session's headers may go where the request goes. */
static bool session_is_trusted(const struct eddy__call *call)
{
    const struct eddy__url *base = call->http->base;

    return call->trusted && (!base || eddy__url_same_origin(base, &call->url));
}

/* Whether a field of the session goes with the request, which says otherwise or not. */
static bool session_field_goes(const struct eddy__call *call, const char *name)
{
    if (eddy_pairs_header(call->opts.headers, name))
        return false;
    if (call->body.parts && eddy__same_word(name, "Content-Type"))
        return false;
    return !is_secret(name) || session_is_trusted(call);
}

/* Fields that describe a body go with it: a redirect can have taken it away. */
static bool describes_body(const char *name)
{
    return strlen(name) > 8 && eddy__same_words(name, "Content-", 8);
}

static int add_given(struct eddy__call *call, struct eddy__fields *fields)
{
    struct eddy__arena *arena = &call->response->arena;
    const eddy_pair *own = call->opts.headers;
    bool bodiless = call->body.kind == EDDY__BODY_NONE && call->response->redirects;

    for (const eddy_pair *f = call->http->fields.list; f && f->name; f++)
        if (session_field_goes(call, f->name))
            eddy__try(eddy__fields_add(fields, arena, f->name, f->value));
    for (const eddy_pair *f = own; f && f->name; f++)
        if ((call->trusted || !is_secret(f->name)) && !(bodiless && describes_body(f->name)))
            eddy__try(eddy__fields_add(fields, arena, f->name, f->value));
    return 0;
}

static int add_own(struct eddy__call *call, struct eddy__fields *fields)
{
    struct eddy__arena *arena = &call->response->arena;

    if (!call->http->opts.no_decode && !eddy__fields_get(fields, "Accept-Encoding"))
        eddy__try(eddy__fields_add(fields, arena, "Accept-Encoding", EDDY__ACCEPT_ENCODING));
    if (call->body.type && !eddy__fields_get(fields, "Content-Type"))
        eddy__try(eddy__fields_add(fields, arena, "Content-Type", call->body.type));
    if (call->opts.expect_continue && call->body.kind != EDDY__BODY_NONE)
        eddy__try(eddy__fields_add(fields, arena, "Expect", "100-continue"));
    eddy__try(eddy__auth_fields(call, fields));
    return call->way.plain ? eddy__proxy_fields(call, fields) : 0;
}

/* Whether the method means a body, so that the lack of one is said. */
static bool wants_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

int eddy__request_head(struct eddy__call *call)
{
    struct eddy__head_out *head = &call->head;
    bool bodiless = call->body.kind == EDDY__BODY_NONE;
    const struct eddy__url *url = &call->url;
    struct eddy__fields fields = {0};

    eddy__try(add_given(call, &fields));
    eddy__try(add_own(call, &fields));
    *head = (struct eddy__head_out){
        .method = call->method,
        .scheme = url->scheme,
        .authority = url->authority,
        .target = url->target,
        .fields = fields.list,
        .length = bodiless ? (wants_body(call->method) ? 0 : -1) : call->body.length,
        .no_body = bodiless,
        .upgrade = call->opts.upgrade,
    };
    if (call->way.plain)
        head->target = eddy__try(eddy__arena_printf(&call->response->arena, "%s://%s%s",
                                                    url->scheme, url->authority, url->target));
    return 0;
}

/* redirect.c - answers that lead elsewhere (RFC 9110 section 15.4). */
#include "http/client/client.h"

static const char *where_to(const struct eddy__call *call)
{
    const struct eddy__head *head = &call->response->head;
    int status = head->status;

    if (call->opts.max_redirects < 0 ||
        (status != 301 && status != 302 && status != 303 && status != 307 && status != 308))
        return NULL;
    return eddy__fields_get(&head->fields, "Location");
}

/* 303 asks for another thing, and POST has become GET at 301 and 302 ever since. */
static bool becomes_get(const struct eddy__call *call, int status)
{
    if (status == 303)
        return strcmp(call->method, "HEAD") != 0;
    return (status == 301 || status == 302) && strcmp(call->method, "POST") == 0;
}

static int check_safety(struct eddy__call *call, const struct eddy__url *to)
{
    const struct eddy__url *from = &call->url;
    bool off_socket = call->way.unix_path && !eddy__url_same_origin(from, to);

    if (off_socket && call->opts.unsafe_redirects)
        call->way.unix_path = NULL;
    if (call->opts.unsafe_redirects || (!off_socket && (!from->secure || to->secure)))
        return 0;
    return eddy__raise(EDDY_EACCES, "%s %s leads from %s to %s://%s (.unsafe_redirects)",
                       call->method, from->authority, off_socket ? "a Unix socket" : "https",
                       to->scheme, to->authority);
}

/* The URL is seen from the one before; what is secret stays with the origin that it was given for,
 * and does not come back later in the chain. */
static int follow(struct eddy__call *call, const char *location)
{
    struct eddy__arena *arena = &call->response->arena;
    char *text = eddy__try(eddy__url_resolve(&call->url, location, arena));
    struct eddy__url to;

    int status = eddy__url_parse(&to, text, arena);
    if (status < 0)
        return eddy__http_explain(status, "%s %s leads elsewhere", call->method,
                                  call->url.authority);
    eddy__try(check_safety(call, &to));
    if (!eddy__url_same_origin(&call->url, &to))
        call->trusted = false;
    to.user = call->trusted ? call->url.user : NULL;
    to.password = call->trusted ? call->url.password : NULL;
    call->url = to;
    return eddy__request_way(call);
}

static int change_request(struct eddy__call *call, int status)
{
    if (becomes_get(call, status)) {
        call->method = "GET";
        call->body = (struct eddy__body){.kind = EDDY__BODY_NONE};
    } else if (!eddy__body_can_begin(call)) {
        return eddy__raise(EDDY_ENOTSUP, "%s %s leads elsewhere, and its body cannot be sent again",
                           call->method, call->url.authority);
    }
    return 0;
}

int eddy__redirect(struct eddy__call *call)
{
    eddy_response *response = call->response;
    const char *location = where_to(call);
    int status = response->head.status;

    if (!location)
        return 0;
    if (response->redirects >= (unsigned)call->opts.max_redirects)
        return eddy__raise(EDDY_ELIMIT, "%s %s: more than %d redirects", call->method,
                           call->url.authority, call->opts.max_redirects);
    eddy__content_drop(response);
    response->redirects++;
    call->http->stats.redirects++;
    eddy__try(change_request(call, status));
    eddy__try(follow(call, location));
    return 1;
}

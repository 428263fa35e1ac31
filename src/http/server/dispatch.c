/* dispatch.c - from the request to its handler: through what stands around it. */
#include "http/server/server.h"

/* ---- no handler ---- */

static int redirect_to_slash(eddy_request *r)
{
    const char *to = r->match.location;

    if (r->query_text)
        to = eddy__try(eddy__arena_printf(r->arena, "%s?%s", to, r->query_text));
    return eddy_respond_redirect(r, 307, to);
}

static int answer_without_handler(eddy_request *r)
{
    const struct eddy__route_match *match = &r->match;

    if (match->allow)
        eddy__try(eddy_respond_header(r, "Allow", match->allow));
    if (match->status == 307)
        return redirect_to_slash(r);
    if (match->status < 300)
        return eddy_respond_bytes(r, match->status, NULL, 0, .type = "");
    return match->status == 405
               ? eddy__raise(EDDY_HTTP(405), "%s is not allowed here", r->head.method)
               : eddy__raise(EDDY_HTTP(match->status), "there is nothing at this address");
}

/* ---- the way in ---- */

static int run_link(eddy_request *r, const struct eddy__link *link)
{
    void *arg = r->arg;

    if (link->arg)
        r->arg = link->arg;
    int status = link->handler(r);
    r->arg = arg;
    return status;
}

int eddy_request_next(eddy_request *r)
{
    unsigned at = r->at;
    int status;

    if (at < r->match.links) {
        r->at = at + 1;
        status = run_link(r, &r->match.chain[at]);
        r->at = at;
    } else {
        status = r->match.route ? run_link(r, &r->match.route->answer) : answer_without_handler(r);
    }
    return status;
}

static int run_in_time(eddy_request *r, double seconds)
{
    eddy_scope scope;
    int status = 0;

    eddy_timeout_as(scope, seconds)
        status = eddy_request_next(r);
    if (status == EDDY_ETIMEDOUT && eddy_scope_expired(&scope))
        return eddy__raise(EDDY_HTTP(503), "the answer takes too long");
    return status;
}

int eddy__request_dispatch(eddy_request *r)
{
    eddy__try(eddy__request_take_target(r));
    eddy__try(eddy__router_find(r->server->router, r->head.method, r->head.host, r->raw_path,
                                r->arena, &r->match));
    const struct eddy__route *route = r->match.route;
    if (route && route->body_limit)
        r->max_body = route->body_limit;
    if (route && route->timeout > 0)
        return run_in_time(r, route->timeout);
    return eddy_request_next(r);
}

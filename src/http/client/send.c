/* send.c - requests: one try after the other, until there is an answer for the program. */
#include "http/client/client.h"

/* ---- one try ---- */

/* What can be wrong without a connection is found before there is one. */
static int prepare_try(struct eddy__call *call)
{
    eddy__try(eddy__body_open(call));
    eddy__try(eddy__request_head(call));
    return eddy__pool_acquire(call);
}

static int begin_exchange(struct eddy__call *call)
{
    eddy_http_stats *stats = &call->http->stats;

    call->reused = call->conn->served++ > 0;
    stats->reused += call->reused;
    stats->requests++;
    return eddy__exchange(call);
}

static int try_once(struct eddy__call *call)
{
    eddy_response *response = call->response;

    call->dead = call->reused = call->unprocessed = false;
    int status = prepare_try(call);
    if (status == 0)
        status = begin_exchange(call);
    if (status < 0) {
        eddy__upload_end(call);
        call->failed = call->conn ? call->conn->number : call->failed;
        if (call->conn)
            eddy__pool_release(call->http, call->conn, call->exchange, 0);
        call->conn = NULL;
        return status;
    }
    response->conn = call->conn;
    response->exchange = call->exchange;
    return eddy__content_begin(response);
}

/* A connection that was kept can have been closed by the server at the moment that it was taken.
 * What a server says it has not begun with can be sent again, whatever it is. */
static bool may_resend(struct eddy__call *call)
{
    if (call->opts.no_retry || !eddy__body_can_begin(call) || call->http->closed)
        return false;
    if (call->unprocessed)
        return call->turned_away < EDDY__HTTP_TURNED_AWAY;
    return call->reused && call->dead && !call->resent && eddy__request_is_idempotent(call);
}

int eddy__send(struct eddy__call *call)
{
    int status;

    call->turned_away = 0;
    while ((status = try_once(call)) < 0 && may_resend(call)) {
        eddy_error_clear();
        call->http->stats.resent++;
        call->turned_away += call->unprocessed;
        call->fresh = !call->unprocessed;
        call->resent |= call->fresh;
    }
    call->fresh = false;
    return status;
}

/* ---- a request ---- */

static int perform(struct eddy__call *call, const char *url)
{
    int more = 1;

    eddy__try(eddy__request_check(call));
    eddy__try(eddy__request_locate(call, url));
    while (more > 0) {
        eddy__try(eddy__send_patiently(call));
        eddy__try(eddy__auth_keep_cookies(call));
        more = eddy__try(eddy__auth_again(call));
        if (!more)
            more = eddy__try(eddy__redirect(call));
    }
    int status = call->response->head.status;
    if (call->opts.raise_for_status && status >= 400)
        return eddy__raise(EDDY_HTTP(status), "%s %s://%s%s: %d %s", call->method, call->url.scheme,
                           call->url.authority, call->url.target, status,
                           call->response->head.reason);
    return 0;
}

eddy_response *eddy_http_request_with(eddy_http *http, const char *method, const char *url,
                                      const eddy_http_request_opts *opts)
{
    if (!http || http->closed) {
        eddy__raise(http ? EDDY_ECLOSED : EDDY_EINVAL, "a request of %s",
                    http ? "a session that was closed" : "no session");
        return NULL;
    }
    eddy_response *response = eddy__response_new(http);
    if (!response)
        return NULL;
    response->call->method = method;
    if (opts)
        response->call->opts = *opts;
    if (perform(response->call, url) < 0) {
        eddy_response_close(response);
        return NULL;
    }
    return response;
}

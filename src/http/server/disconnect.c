/* disconnect.c - a task that watches for the end of the connection while a handler works. */
#include "http/server/server.h"

#include <eddy/memory.h>

struct eddy__disconnect_watch {
    struct eddy__exchange *exchange;
    eddy_task *handler;
    eddy_task *task;
};

static int watch_for_end(struct eddy__disconnect_watch *w)
{
    int status = eddy__exchange_await_gone(w->exchange);

    if (status != EDDY_ECANCELED && status != EDDY_ELIMIT)
        eddy_cancel(w->handler, .reason = "the client has ended the connection");
    return status == EDDY_ECANCELED ? status : 0;
}
EDDY_CORO(watch_for_end, struct eddy__disconnect_watch *)

int eddy_request_cancel_on_disconnect(eddy_request *r)
{
    if (r->watch)
        return 0;
    if (r->upgraded)
        return eddy__raise(EDDY_EBUSY, "what comes on the connection is the new protocol's");
    if (!r->body_ended)
        return eddy__raise(EDDY_EBUSY, "the body of the request has to be read before the client's "
                                       "end can be seen");
    struct eddy__disconnect_watch *w = eddy_alloc(sizeof *w);
    if (!w)
        return eddy__raise(EDDY_ENOMEM, "no memory to watch a client");
    *w = (struct eddy__disconnect_watch){.exchange = r->exchange, .handler = r->task};
    w->task = eddy_create_task(watch_for_end_coro(w), .name = "client's end");
    if (!w->task) {
        eddy_free(w);
        return eddy_last_status();
    }
    r->watch = w;
    return 0;
}

void eddy__disconnect_watch_close(struct eddy__disconnect_watch *w)
{
    if (!w)
        return;
    eddy_task_close(w->task);
    eddy_free(w);
}

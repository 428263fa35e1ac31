/* upgrade.c - a connection that goes on with another protocol, such as that of WebSockets. */
#include "http/server/server.h"

eddy_stream *eddy__request_upgrade(eddy_request *r, const char *protocol, const eddy_pair *fields)
{
    struct eddy__answer *a = &r->answer;

    if (a->begun) {
        eddy__raise(EDDY_EALREADY, "the head of the answer has been sent");
        return NULL;
    }
    if (!r->exchange->kind->alone) {
        eddy__raise(EDDY_HTTP(400), "a connection of HTTP/%d.%d cannot change its protocol",
                    r->head.major, r->head.minor);
        return NULL;
    }
    if (!r->body_ended) {
        eddy__raise(EDDY_HTTP(400), "a request that changes the protocol has no body");
        return NULL;
    }
    eddy__disconnect_watch_close(eddy_take(r->watch)); /* the new protocol reads */
    a->status = 101;
    a->begun = a->ended = a->closes = r->upgraded = true;
    int status = eddy__exchange_send(r->exchange, &(struct eddy__head_out){
                                                      .status = 101,
                                                      .fields = fields,
                                                      .length = -1,
                                                      .no_body = true,
                                                      .upgrade = protocol,
                                                  });
    if (status >= 0)
        status = eddy__answer_flush(r);
    return status >= 0 ? r->connection : NULL;
}

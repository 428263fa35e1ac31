/* upgrade.c - a connection that goes on with another protocol, such as that of WebSockets. */
#include "http/server/server.h"

#include "http/message/token.h"

static int check_upgrade_answer(const char *protocol, const eddy_pair *headers)
{
    if (!protocol || !*protocol)
        return eddy__raise(EDDY_EINVAL, "an upgrade to no protocol");
    eddy__try(eddy__check_field("Upgrade", protocol));
    for (const eddy_pair *h = headers; h && h->name; h++)
        eddy__try(eddy__answer_check_field(h->name, h->value));
    return 0;
}

static int check_upgrade_request(const eddy_request *r)
{
    if (r->answer.begun)
        return eddy__raise(EDDY_EALREADY, "the head of the answer has been sent");
    if (!r->exchange->kind->alone)
        return eddy__raise(EDDY_HTTP(400), "a connection of HTTP/%d.%d cannot change its protocol",
                           r->head.major, r->head.minor);
    if (!r->head.upgrade)
        return eddy__raise(EDDY_HTTP(400), "the request asks for no other protocol");
    if (!r->body_ended)
        return eddy__raise(EDDY_HTTP(400), "a request that changes the protocol has no body");
    return 0;
}

static int send_upgrade(eddy_request *r, const char *protocol, const eddy_pair *headers)
{
    struct eddy__answer *a = &r->answer;

    eddy__try(check_upgrade_answer(protocol, headers));
    eddy__try(check_upgrade_request(r));
    eddy__disconnect_watch_close(eddy_take(r->watch)); /* the new protocol reads */
    a->status = 101;
    a->begun = a->ended = a->closes = r->upgraded = true;
    eddy__try(eddy__exchange_send(r->exchange, &(struct eddy__head_out){
                                                   .status = 101,
                                                   .fields = headers,
                                                   .length = -1,
                                                   .no_body = true,
                                                   .upgrade = protocol,
                                               }));
    return eddy__answer_flush(r);
}

eddy_stream *eddy_respond_upgrade(eddy_request *request, const char *protocol,
                                  const eddy_pair *headers)
{
    return send_upgrade(request, protocol, headers) < 0 ? NULL : request->connection;
}

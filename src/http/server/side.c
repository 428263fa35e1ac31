/* side.c - streams of the program that lead to the exchange: the body of a request, a part of it,
 * and the body of an answer. Their transports suspend, in the exchange's stream. */
#include "http/server/server.h"

#include <eddy/memory.h>
#include <eddy/transport.h>

/* ---- calls into the exchange ---- */

static eddy_request *side_enter(eddy_transport *transport)
{
    struct eddy__side *side = transport->state;

    if (side->request)
        side->request->inside++;
    return side->request;
}

static void side_leave(eddy_request *r)
{
    if (--r->inside == 0)
        eddy_event_set(&r->outside);
}

bool eddy__request_leave_sides(eddy_request *r)
{
    if (r->inside == 0)
        return true;
    eddy__exchange_abort(r->exchange);
    eddy_shield(INFINITY) {
        while (r->inside) { /* another one may have come in by the time that this task runs */
            eddy_event_clear(&r->outside);
            eddy_ignore(eddy_event_wait(&r->outside));
        }
    }
    return false;
}

static ssize_t side_read(eddy_transport *transport, void *buf, size_t size)
{
    eddy_request *r = side_enter(transport);

    if (!r)
        return EDDY_ECLOSED;
    ssize_t n = eddy__request_read(r, buf, size);
    side_leave(r);
    return n;
}

static ssize_t side_read_part(eddy_transport *transport, void *buf, size_t size)
{
    eddy_request *r = side_enter(transport);

    if (!r)
        return EDDY_ECLOSED;
    ssize_t n = eddy__request_read_part(r, buf, size);
    side_leave(r);
    return n;
}

static ssize_t side_refuse_write(eddy_transport *transport, const void *buf, size_t size)
{
    (void)transport, (void)buf, (void)size;
    return EDDY_ENOTSUP;
}

static ssize_t side_refuse_read(eddy_transport *transport, void *buf, size_t size)
{
    (void)transport, (void)buf, (void)size;
    return EDDY_ENOTSUP;
}

static ssize_t side_write(eddy_transport *transport, const void *buf, size_t size)
{
    eddy_request *r = side_enter(transport);

    if (!r)
        return EDDY_ECLOSED;
    int status = eddy__answer_write(r, buf, size);
    side_leave(r);
    return status < 0 ? status : (ssize_t)size;
}

static int side_end(eddy_transport *transport)
{
    eddy_request *r = side_enter(transport);

    if (!r)
        return EDDY_ECLOSED;
    int status = eddy__answer_end(r);
    side_leave(r);
    return status;
}

static void side_release(eddy_transport *transport)
{
    struct eddy__side *side = transport->state;
    eddy_request *r = side->request;

    if (r && r->answer.side == side)
        r->answer.side = NULL;
    if (r && r->body_side == side)
        r->body_side = NULL;
    if (r && r->part_side == side)
        r->part_side = NULL;
    eddy_free(side);
}

/* ---- opening ---- */

static const eddy_transport_kind request_side_kind = {
    .read = side_read,
    .write = side_refuse_write,
    .release = side_release,
    .reason = eddy__exchange_reason,
    .suspends = true,
};

static const eddy_transport_kind part_side_kind = {
    .read = side_read_part,
    .write = side_refuse_write,
    .release = side_release,
    .reason = eddy__exchange_reason,
    .suspends = true,
};

static const eddy_transport_kind answer_side_kind = {
    .read = side_refuse_read,
    .write = side_write,
    .end = side_end,
    .release = side_release,
    .reason = eddy__exchange_reason,
    .suspends = true,
};

static eddy_stream *open_side(eddy_request *r, const eddy_transport_kind *kind,
                              struct eddy__side **place)
{
    struct eddy__side *side = eddy_alloc(sizeof *side);

    if (!side) {
        eddy__raise(EDDY_ENOMEM, "no memory for the stream of a body");
        return NULL;
    }
    side->request = r;
    eddy_stream *stream = eddy_stream_open(kind, side, .peer = eddy_stream_peer(r->connection),
                                           .local = eddy_stream_local(r->connection));
    if (!stream) {
        eddy_free(side);
        return NULL;
    }
    *place = side;
    return stream;
}

eddy_stream *eddy__side_open_body(eddy_request *r)
{
    return open_side(r, &request_side_kind, &r->body_side);
}

eddy_stream *eddy__side_open_part(eddy_request *r)
{
    return open_side(r, &part_side_kind, &r->part_side);
}

eddy_stream *eddy__side_open_answer(eddy_request *r)
{
    return open_side(r, &answer_side_kind, &r->answer.side);
}

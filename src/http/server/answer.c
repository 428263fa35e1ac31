/* answer.c - sending an answer: its head, its body, its end, each within the time that the client
 * has to take it. */
#include "http/message/token.h"
#include "http/server/server.h"

enum { PIECE = 64 * 1024 };

const char *eddy__server_date(eddy_http_server *server, double now)
{
    struct eddy__http_date *date = &server->date;

    if (now >= date->until) {
        date->when = eddy__wall_time();
        eddy__date_format(date->text, date->when);
        date->until = now + 1;
    }
    return date->text;
}

/* ---- within their time ---- */

/* Whether a write has failed because of the client or the network, which is no fault of the
 * handler. */
static bool is_theirs(int status)
{
    return status != EDDY_ECANCELED && status != EDDY_ETIMEDOUT && status != EDDY_EINVAL &&
           status != EDDY_ENOMEM && status != EDDY_EALREADY;
}

static int answer_check(eddy_request *r, const eddy_scope *scope, int status)
{
    if (likely(status >= 0))
        return 0;
    if (status == EDDY_ETIMEDOUT && eddy_scope_expired(scope)) {
        r->peer_gone = true;
        return eddy__raise(EDDY_ETIMEDOUT, "%s takes its answer too slowly",
                           eddy_stream_peer(r->connection));
    }
    r->peer_gone |= is_theirs(status);
    return status;
}

static int write_piece(eddy_request *r, const void *data, size_t size)
{
    eddy_scope scope;
    int status = 0;

    eddy_timeout_as(scope, r->server->opts.timeout_write)
        status = eddy__exchange_write(r->exchange, data, size);
    return answer_check(r, &scope, status);
}

/* ---- the head ---- */

static bool is_stopping(const eddy_request *r)
{
    return r->server->closing || eddy_server_stopping(r->connection);
}

static unsigned count_pairs(const eddy_pair *pairs)
{
    unsigned count = 0;

    while (pairs && pairs[count].name)
        count++;
    return count;
}

/* Of a coded answer other bytes are the same answer, and no part can be had. */
static int adapt_to_coding(eddy_pair *field, struct eddy__arena *arena)
{
    bool etag = eddy__same_word(field->name, "ETag");

    if (etag && field->value[0] == '"')
        field->value = eddy__try(eddy__arena_printf(arena, "W/%s", field->value));
    return !eddy__same_word(field->name, "Accept-Ranges");
}

/* Adds pairs to list, which has n of them: how many it has then. */
static int add_fields(eddy_request *r, eddy_pair *list, int n, const eddy_pair *pairs)
{
    for (; pairs && pairs->name; pairs++) {
        list[n] = *pairs;
        n += r->answer.packed ? eddy__try(adapt_to_coding(&list[n], r->arena)) : 1;
    }
    return n;
}

static int fill_fields(eddy_request *r, eddy_pair *list)
{
    const struct eddy__answer *a = &r->answer;
    int n = 0;

    list[n++] = (eddy_pair){"Date", eddy__server_date(r->server, r->begun)};
    if (a->type)
        list[n++] = (eddy_pair){"Content-Type", a->type};
    if (a->packed)
        list[n++] = (eddy_pair){"Content-Encoding", "gzip"};
    if (a->varies)
        list[n++] = (eddy_pair){"Vary", "Accept-Encoding"};
    n = eddy__try(add_fields(r, list, n, a->fields));
    n = eddy__try(add_fields(r, list, n, a->common.list));
    list[n] = (eddy_pair){NULL, NULL};
    return 0;
}

static const eddy_pair *all_fields(eddy_request *r)
{
    const struct eddy__answer *a = &r->answer;
    size_t count = count_pairs(a->fields) + a->common.count + 5;
    eddy_pair *list = eddy__arena_alloc(r->arena, count * sizeof *list);

    return list && fill_fields(r, list) >= 0 ? list : NULL;
}

int eddy__answer_begin(eddy_request *r, int64_t size)
{
    struct eddy__answer *a = &r->answer;

    eddy__try(eddy__answer_pack(r, &size));
    const eddy_pair *fields = all_fields(r);
    if (!fields)
        return EDDY_ENOMEM;
    a->begun = true;
    a->closes = r->last || is_stopping(r) || !eddy__request_rest_is_small(r);
    int status = eddy__exchange_send(r->exchange,
                                     &(struct eddy__head_out){
                                         .status = a->status,
                                         .fields = fields,
                                         .length = a->status == 204 || a->status == 304 ? -1 : size,
                                         .no_body = a->no_body,
                                         .close = a->closes,
                                         .upgrade = a->status == 426 ? a->upgrade : NULL,
                                     });
    r->peer_gone |= status < 0 && is_theirs(status); /* over HTTP/2 that is seen here already */
    return status;
}

/* ---- the body ---- */

int eddy__answer_write(eddy_request *r, const void *data, size_t size)
{
    if (r->answer.no_body)
        return 0;
    return r->answer.packer ? eddy__gzip_write(r->answer.packer, data, size)
                            : eddy__answer_write_bytes(r, data, size);
}

int eddy__answer_write_bytes(eddy_request *r, const void *data, size_t size)
{
    for (size_t at = 0; at < size; at += PIECE) {
        size_t n = min_size(size - at, PIECE);

        eddy__try(write_piece(r, (const char *)data + at, n));
        r->answer.sent += n;
        r->server->stats.sent += n;
    }
    return 0;
}

int eddy__answer_send_head(eddy_request *r)
{
    return r->answer.no_body ? 0 : write_piece(r, NULL, 0);
}

int eddy__answer_flush(eddy_request *r)
{
    eddy_scope scope;
    int status = 0;

    eddy_timeout_as(scope, r->server->opts.timeout_write)
        status = eddy__exchange_flush(r->exchange);
    return answer_check(r, &scope, status);
}

int eddy__answer_end(eddy_request *r)
{
    eddy_scope scope;
    int status = 0;

    if (r->answer.ended)
        return 0;
    if (r->answer.packer)
        eddy__try(eddy__gzip_end(r->answer.packer));
    eddy_timeout_as(scope, r->server->opts.timeout_write)
        status = eddy__exchange_end(r->exchange, NULL);
    eddy__try(answer_check(r, &scope, status));
    r->answer.ended = true;
    return 0;
}

int eddy__answer_finish(eddy_request *r)
{
    struct eddy__answer *a = &r->answer;

    if (!a->begun) {
        eddy__try(eddy__answer_begin(r, (int64_t)a->size));
        eddy__try(eddy__answer_write(r, a->data, a->size));
    }
    return eddy__answer_end(r);
}

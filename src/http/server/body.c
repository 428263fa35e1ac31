/* body.c - the body of a request: its limits of size and time, the whole of it, and the rest that a
 * handler has left. */
#include "http/server/server.h"

enum { DISCARD_MAX = 64 * 1024, FIRST_ROOM = 4096, DISCARD_ROOM = 8192 };
#define DISCARD_SECONDS 2.0
#define GRACE_SECONDS 10.0 /* before the rate counts */

/* ---- reading ---- */

static int body_too_large(const eddy_request *r)
{
    return eddy__raise(EDDY_HTTP(413), "a body may have %llu bytes here",
                       (unsigned long long)r->max_body);
}

/* A client that waits for a word before it sends its body gets it. */
static int send_continue(eddy_request *r)
{
    static const struct eddy__head_out go_on = {.status = 100, .length = -1, .no_body = true};

    r->continued = true;
    if (!r->head.expects_continue || r->exchange->received || r->answer.begun)
        return 0;
    eddy__try(eddy__exchange_send(r->exchange, &go_on));
    return eddy__answer_flush(r);
}

static ssize_t read_in_time(eddy_request *r, void *buf, size_t size)
{
    double begun = eddy_time();
    double left =
        GRACE_SECONDS + (double)r->exchange->received / r->server->opts.min_rate - r->body_waited;
    eddy_scope scope;
    ssize_t n = 0;

    eddy_timeout_as(scope, left)
        n = eddy__exchange_read(r->exchange, buf, size);
    r->body_waited += eddy_time() - begun;
    if (n == EDDY_ETIMEDOUT && eddy_scope_expired(&scope))
        return eddy__raise(EDDY_HTTP(408), "the body comes too slowly");
    if (n == EDDY_EPROTO && r->exchange->refusal.status)
        return eddy__raise(EDDY_HTTP(r->exchange->refusal.status), "%s", r->exchange->refusal.why);
    return n;
}

static ssize_t read_checked(eddy_request *r, void *buf, size_t size)
{
    if (r->head.length > 0 && (uint64_t)r->head.length > r->max_body)
        return body_too_large(r);
    if (!r->continued)
        eddy__try(send_continue(r));
    ssize_t n = read_in_time(r, buf, size);
    if (n > 0 && r->exchange->received > r->max_body)
        return body_too_large(r);
    return n;
}

ssize_t eddy__request_read(eddy_request *r, void *buf, size_t size)
{
    if (r->body_ended)
        return 0;
    ssize_t n = read_checked(r, buf, size);
    r->body_ended = n == 0;
    r->body_failed |= n < 0;
    r->server->stats.received += n > 0 ? (uint64_t)n : 0;
    return n;
}

/* ---- the whole ---- */

/* Room for a byte at least, and the zero behind it. */
static int body_room(eddy_request *r)
{
    if (r->whole_size + 1 < r->whole_room)
        return 0;
    char *larger = eddy__try(eddy__arena_alloc(r->arena, 2 * r->whole_room));
    memcpy(larger, r->whole, r->whole_size);
    r->whole = larger;
    r->whole_room *= 2;
    return 0;
}

/* A length that the client has told is believed as far as the limit goes; its room is not touched
 * before the bytes come. */
static int first_body_room(eddy_request *r)
{
    uint64_t told = r->head.length > 0 ? (uint64_t)r->head.length - r->exchange->received : 0;

    r->whole_room = told && told <= r->max_body ? (size_t)told + 2 : FIRST_ROOM;
    r->whole = eddy__try(eddy__arena_alloc(r->arena, r->whole_room));
    return 0;
}

/* After an interruption the next call goes on where this one was. */
static int read_whole(eddy_request *r)
{
    ssize_t n;

    if (!r->whole)
        eddy__try(first_body_room(r));
    do {
        eddy__try(body_room(r));
        n = eddy__try(
            eddy__request_read(r, r->whole + r->whole_size, r->whole_room - r->whole_size - 1));
        r->whole_size += (size_t)n;
    } while (n > 0);
    r->whole[r->whole_size] = '\0';
    r->whole_known = true;
    return 0;
}

const void *eddy_request_bytes(eddy_request *r, size_t *size)
{
    if (!r->whole_known && read_whole(r) < 0)
        return NULL;
    *size = r->whole_size;
    return r->whole;
}

const char *eddy_request_text(eddy_request *r)
{
    size_t size;
    const char *text = eddy_request_bytes(r, &size);

    if (text && strlen(text) != size) {
        eddy__raise(EDDY_HTTP(400), "there is a zero byte in the text of the body");
        return NULL;
    }
    return text;
}

eddy_stream *eddy_request_body(eddy_request *r)
{
    if (!r->body)
        r->body = eddy__side_open_body(r);
    return r->body;
}

void eddy__request_close_body(eddy_request *r)
{
    eddy_stream_close(eddy_take(r->part_body));
    eddy_stream_close(eddy_take(r->body));
}

/* ---- the rest ---- */

bool eddy__request_rest_is_small(const eddy_request *r)
{
    if (r->body_ended)
        return true;
    if (r->body_failed || (r->head.expects_continue && !r->continued))
        return false;
    return r->head.length < 0 || (uint64_t)r->head.length - r->exchange->received <= DISCARD_MAX;
}

/* Not in line: its room would be on the stack of every request. */
static NOINLINE void discard_rest(eddy_request *r)
{
    char room[DISCARD_ROOM];
    size_t thrown = 0;
    ssize_t n = 1;

    eddy_timeout(DISCARD_SECONDS) {
        while (!r->body_ended && thrown < DISCARD_MAX && n > 0) {
            n = eddy__exchange_read(r->exchange, room, sizeof room);
            r->body_ended = n == 0;
            thrown += n > 0 ? (size_t)n : 0;
        }
    }
}

bool eddy__request_discard(eddy_request *r)
{
    if (!eddy__request_rest_is_small(r))
        return false;
    if (!r->body_ended)
        discard_rest(r);
    return r->body_ended;
}

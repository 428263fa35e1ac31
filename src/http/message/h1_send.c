/* h1_send.c - HTTP/1.1: sending heads and bodies. A head waits for the first bytes of its body, so
 * that both leave with one system call. */
#include "http/message/h1.h"

#include <eddy/http_status.h>

/* ---- the text of a head ---- */

/* Where text is written to: what is left of the arena's block at first. What does not fit is only
 * counted. */
struct sink {
    char *at;
    size_t room;
    size_t size;
    bool taken; /* from the arena */
};

static struct sink sink_open(struct eddy__arena *arena)
{
    struct sink sink = {0};

    sink.at = eddy__arena_rest(arena, &sink.room);
    return sink;
}

/* Takes the text from the arena. True when it has to be written again, since it did not fit. */
static int sink_again(struct sink *sink, struct eddy__arena *arena)
{
    if (sink->taken)
        return false;
    char *text = eddy__try(eddy__arena_alloc(arena, sink->size));
    bool again = text != sink->at;
    *sink = (struct sink){text, sink->size, again ? 0 : sink->size, true};
    return again;
}

static void put_n(struct sink *sink, const char *text, size_t size)
{
    sink->size += size;
    if (likely(sink->size <= sink->room))
        memcpy(sink->at + sink->size - size, text, size);
}

static void put_text(struct sink *sink, const char *text)
{
    put_n(sink, text, strlen(text));
}

static void put_field(struct sink *sink, const char *name, const char *value)
{
    put_text(sink, name);
    put_n(sink, ": ", 2);
    put_text(sink, value);
    put_n(sink, "\r\n", 2);
}

static void put_decimal(struct sink *sink, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    put_n(sink, digits + at, sizeof digits - at);
}

static const char *reason_phrase(int status)
{
#define CASE(number, text)                                                                         \
    case number:                                                                                   \
        return text;
    switch (status) {
        EDDY_HTTP_STATUSES_(CASE)
    default:
        return "";
    }
#undef CASE
}

static void put_first_line(struct sink *sink, const struct eddy__head_out *head)
{
    if (head->method) {
        put_text(sink, head->method);
        put_n(sink, " ", 1);
        put_text(sink, head->target);
        put_text(sink, " HTTP/1.1\r\n");
        put_field(sink, "Host", head->authority);
        return;
    }
    put_text(sink, "HTTP/1.1 ");
    put_decimal(sink, (uint64_t)head->status);
    put_n(sink, " ", 1);
    put_text(sink, reason_phrase(head->status));
    put_n(sink, "\r\n", 2);
}

static void put_connection(struct sink *sink, const struct eddy__h1 *h1,
                           const struct eddy__head_out *head)
{
    if (head->upgrade) {
        put_field(sink, "Connection", "Upgrade");
        put_field(sink, "Upgrade", head->upgrade);
        if (head->status != 426) /* it is the last of this protocol on the connection */
            return;
    }
    if (!h1->keep_alive && (h1->client || head->status >= 200)) {
        put_field(sink, "Connection", "close");
    } else if (h1->peer_minor == 0 && !h1->client) {
        put_field(sink, "Connection", "keep-alive");
    }
}

static void put_head(struct sink *sink, const struct eddy__h1 *h1,
                     const struct eddy__head_out *head)
{
    put_first_line(sink, head);
    for (const eddy_pair *f = head->fields; f && f->name; f++)
        put_field(sink, f->name, f->value);
    if (head->length >= 0) {
        put_text(sink, "Content-Length: ");
        put_decimal(sink, (uint64_t)head->length);
        put_n(sink, "\r\n", 2);
    } else if (h1->out == EDDY__H1_CHUNKED) {
        put_field(sink, "Transfer-Encoding", "chunked");
    }
    put_connection(sink, h1, head);
    put_n(sink, "\r\n", 2);
}

/* ---- sending ---- */

static enum eddy__h1_framing framing_of(const struct eddy__h1 *h1,
                                        const struct eddy__head_out *head)
{
    if (head->no_body)
        return EDDY__H1_NONE;
    if (head->length >= 0)
        return EDDY__H1_LENGTH;
    return h1->client || h1->peer_minor > 0 ? EDDY__H1_CHUNKED : EDDY__H1_TO_END;
}

int eddy__h1_send(struct eddy__exchange *e, const struct eddy__head_out *head)
{
    struct eddy__h1 *h1 = eddy__h1_of(e);
    struct sink sink;
    int again;

    if (h1->sent || h1->head)
        return eddy__raise(EDDY_EALREADY, "the head of this message was sent already");
    h1->out = framing_of(h1, head);
    h1->out_whole = head->length > 0 ? (uint64_t)head->length : 0;
    h1->keep_alive &= !head->close && h1->out != EDDY__H1_TO_END;
    if (head->method) {
        h1->head_only = strcmp(head->method, "HEAD") == 0;
        h1->connects = strcmp(head->method, "CONNECT") == 0;
    }
    sink = sink_open(e->arena);
    do {
        put_head(&sink, h1, head);
        again = eddy__try(sink_again(&sink, e->arena));
    } while (again);
    h1->head = sink.at;
    h1->head_size = sink.size;
    h1->sent = head->method || head->status >= 200 || head->status == 101;
    return 0;
}

/* Sends the head that waits, if one does, and n parts. A failure, an interruption too, leaves no
 * whole message: nothing that comes later can follow on what is missing. */
static int send_parts(struct eddy__h1 *h1, struct iovec *parts, int n)
{
    struct iovec all[5];
    int count = 0;

    if (unlikely(h1->cut))
        return eddy__raise(EDDY_EPIPE, "an earlier part of this message to %s was not sent",
                           eddy_stream_peer(h1->stream));
    if (h1->head)
        all[count++] = (struct iovec){(char *)(uintptr_t)h1->head, h1->head_size};
    for (int i = 0; i < n; i++)
        all[count++] = parts[i];
    if (count == 0)
        return 0;
    h1->head = NULL;
    ssize_t sent = eddy_writev(h1->stream, all, count);
    if (likely(sent >= 0))
        return 0;
    h1->keep_alive = false;
    h1->cut = h1->sent;
    return (int)sent;
}

static struct iovec body_part(const void *data, size_t size)
{
    return (struct iovec){(void *)(uintptr_t)data, size};
}

static COLD int h1_wrong_length(struct eddy__h1 *h1, uint64_t given)
{
    h1->keep_alive = false;
    return eddy__raise(EDDY_EINVAL, "a body of %llu bytes, where its head says %llu",
                       (unsigned long long)given, (unsigned long long)h1->out_whole);
}

int eddy__h1_write(struct eddy__exchange *e, const void *data, size_t size)
{
    struct eddy__h1 *h1 = eddy__h1_of(e);
    struct iovec parts[3] = {body_part(data, size), body_part("\r\n", 2), {0}};
    char line[EDDY__CHUNK_LINE];

    if (!h1->sent || h1->out_ended)
        return eddy__raise(EDDY_EINVAL, "bytes of a body %s",
                           h1->sent ? "after its end" : "before its head");
    if (h1->out == EDDY__H1_NONE)
        return 0;
    if (size == 0)
        return send_parts(h1, NULL, 0);
    if (h1->out == EDDY__H1_LENGTH && size > h1->out_whole - h1->out_given)
        return h1_wrong_length(h1, h1->out_given + size);
    h1->out_given += size;
    if (h1->out != EDDY__H1_CHUNKED)
        return send_parts(h1, parts, 1);
    parts[2] = parts[1];
    parts[1] = parts[0];
    parts[0] = body_part(line, eddy__chunk_line(line, size));
    return send_parts(h1, parts, 3);
}

int eddy__h1_flush(struct eddy__exchange *e)
{
    struct eddy__h1 *h1 = eddy__h1_of(e);

    eddy__try(send_parts(h1, NULL, 0));
    return eddy_flush(h1->stream);
}

/* The last chunk, and the trailers. */
static int end_chunks(struct eddy__h1 *h1, const eddy_pair *trailers)
{
    struct sink sink = sink_open(h1->exchange.arena);
    int again;

    do {
        put_n(&sink, "0\r\n", 3);
        for (const eddy_pair *f = trailers; f && f->name; f++)
            put_field(&sink, f->name, f->value);
        put_n(&sink, "\r\n", 2);
        again = eddy__try(sink_again(&sink, h1->exchange.arena));
    } while (again);
    struct iovec last = body_part(sink.at, sink.size);
    return send_parts(h1, &last, 1);
}

int eddy__h1_end(struct eddy__exchange *e, const eddy_pair *trailers)
{
    struct eddy__h1 *h1 = eddy__h1_of(e);

    if (h1->out_ended)
        return 0;
    if (!h1->sent)
        return eddy__raise(EDDY_EINVAL, "the end of a message without a head");
    if (h1->out == EDDY__H1_LENGTH && h1->out_given != h1->out_whole)
        return h1_wrong_length(h1, h1->out_given);
    eddy__try(h1->out == EDDY__H1_CHUNKED ? end_chunks(h1, trailers) : send_parts(h1, NULL, 0));
    h1->out_ended = true;
    return 0;
}

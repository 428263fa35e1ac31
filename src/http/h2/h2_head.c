/* h2_head.c - from the fields of a section to a head, with the limits and checks that HTTP/1.1 has,
 * too. What nghttp2 has checked is not checked again. */
#include "http/h2/h2.h"

#include "http/message/token.h"

enum {
    FIELD_OVERHEAD = 32,
    PSEUDO_FIELDS = 4,
    INTERIM = 16,
    METHOD_SIZE = 32,
    TARGET_SIZE = 8 << 10
};

/* ---- fields ---- */

static bool is_too_large(const struct eddy__h2_stream *s)
{
    const struct eddy__head_limits *limits = &s->h2->opts.limits;

    return s->fields_size > limits->size ||
           s->fields.count - s->crumbs > limits->fields + PSEUDO_FIELDS;
}

/* Fields beyond the limit are counted and not kept. */
int eddy__h2_take_field(struct eddy__h2_stream *s, const uint8_t *name, size_t name_size,
                        const uint8_t *value, size_t size)
{
    struct eddy__arena *arena = s->exchange.arena;

    s->fields_size += name_size + size + FIELD_OVERHEAD;
    if (is_too_large(s))
        return 0;
    char *own_name = eddy__try(eddy__arena_copy(arena, name, name_size));
    char *own_value = eddy__try(eddy__arena_copy(arena, value, size));
    s->crumbs += strcmp(own_name, "cookie") == 0;
    return eddy__fields_add(&s->fields, arena, own_name, own_value);
}

/* The values of the fields called cookie in one text; NULL, raised. */
static char *join_crumbs(const struct eddy__fields *fields, struct eddy__arena *arena)
{
    size_t size = 1;

    for (const eddy_pair *f = fields->list; f->name; f++)
        size += strcmp(f->name, "cookie") == 0 ? strlen(f->value) + 2 : 0;
    char *text = eddy__arena_alloc(arena, size), *at = text;
    for (const eddy_pair *f = fields->list; text && f->name; f++)
        if (strcmp(f->name, "cookie") == 0)
            at = stpcpy(stpcpy(at, at == text ? "" : "; "), f->value);
    return text;
}

/* Clients may send each cookie in a field of its own (RFC 9113 section 8.2.3). */
static int join_cookies(struct eddy__h2_stream *s, struct eddy__fields *fields)
{
    unsigned kept = 0;
    bool joined = false;

    if (s->crumbs < 2)
        return 0;
    const char *all = eddy__try(join_crumbs(fields, s->exchange.arena));
    for (unsigned i = 0; i < fields->count; i++) {
        eddy_pair field = fields->list[i];

        if (strcmp(field.name, "cookie") == 0) {
            if (joined)
                continue;
            joined = true;
            field.value = all;
        }
        fields->list[kept++] = field;
    }
    fields->count = kept;
    fields->list[kept] = (eddy_pair){NULL, NULL};
    return 0;
}

/* ---- heads ---- */

static void take_pseudo_field(struct eddy__head *head, const eddy_pair *f)
{
    if (strcmp(f->name, ":method") == 0)
        head->method = f->value;
    else if (strcmp(f->name, ":path") == 0)
        head->target = f->value;
    else if (strcmp(f->name, ":authority") == 0)
        head->host = f->value;
    else if (strcmp(f->name, ":status") == 0)
        head->status = (int)eddy__parse_number(f->value, strlen(f->value));
}

/* Pseudo fields come first (nghttp2 has seen to it): those behind them are the message's. */
static void split_fields(struct eddy__h2_stream *s, struct eddy__head *head)
{
    eddy_pair *f = s->fields.list;
    unsigned pseudo = 0;

    *head = (struct eddy__head){.length = -1, .major = 2, .keep_alive = true, .reason = ""};
    for (; f && f->name && f->name[0] == ':'; f++, pseudo++)
        take_pseudo_field(head, f);
    head->fields = s->fields;
    head->fields.list = f;
    head->fields.count -= pseudo;
    head->fields.capacity -= pseudo;
    const char *length = eddy__fields_get(&head->fields, "content-length");
    if (length)
        head->length = eddy__parse_number(length, strlen(length));
    head->chunked = !s->in_ended && head->length < 0;
    const char *expect = eddy__fields_get(&head->fields, "expect");
    head->expects_continue = expect && eddy__same_word(expect, "100-continue");
}

static void refuse(struct eddy__h2_stream *s, int status, const char *why)
{
    if (!s->exchange.refusal.status)
        s->exchange.refusal = (struct eddy__refusal){status, why};
}

static void check_target(struct eddy__h2_stream *s, const struct eddy__head *head)
{
    size_t most = s->h2->opts.limits.target ? s->h2->opts.limits.target : TARGET_SIZE;
    size_t size = strlen(head->target);

    if (size > most)
        refuse(s, 414, "the request target is too long");
    else if (!eddy__all_are(head->target, size, EDDY__CHAR_TARGET) ||
             (head->target[0] != '/' &&
              (strcmp(head->target, "*") != 0 || strcmp(head->method, "OPTIONS") != 0)))
        refuse(s, 400, "a bad request target");
}

/* What makes it no good request, to be told in an answer. */
static void check_request(struct eddy__h2_stream *s, struct eddy__head *head)
{
    const char *host = eddy__fields_get(&head->fields, "host");

    if (!head->host)
        head->host = host;
    if (is_too_large(s))
        refuse(s, 431, "the head of the request is too large");
    else if (!head->method || !head->host)
        refuse(s, 400, "no method or no host");
    else if (strlen(head->method) > METHOD_SIZE)
        refuse(s, 501, "the method is too long");
    else if (!eddy__is_authority(head->host, strlen(head->host)))
        refuse(s, 400, "a bad host");
    else if (head->target)
        check_target(s, head);
    else /* CONNECT */
        head->target = head->host;
}

/* A request for two hosts is malformed (RFC 9113 section 8.3.1): whoever stands behind us could
 * take it for one of the other. */
static bool has_two_hosts(const struct eddy__head *head)
{
    const char *host = eddy__fields_get(&head->fields, "host");

    return host && head->host && !eddy__same_word(host, head->host);
}

static int keep_head(struct eddy__h2_stream *s, const struct eddy__head *head)
{
    struct eddy__h2_head *kept = eddy__arena_alloc(s->exchange.arena, sizeof *kept);

    if (!kept)
        return EDDY_ENOMEM;
    *kept = (struct eddy__h2_head){*head, NULL};
    if (s->heads)
        s->last_head->next = kept;
    else
        s->heads = kept;
    s->last_head = kept;
    return 0;
}

/* ---- sections ---- */

static void take_request(struct eddy__h2_stream *s)
{
    struct eddy__h2 *h2 = s->h2;
    struct eddy__head head;

    split_fields(s, &head);
    if (has_two_hosts(&head)) {
        eddy__h2_reset(s, NGHTTP2_PROTOCOL_ERROR, EDDY_EPROTO, "two hosts");
        eddy__h2_close_stream(s);
        return;
    }
    s->head_came = true;
    s->in_length = head.length;
    check_request(s, &head);
    if (join_cookies(s, &head.fields) < 0 || keep_head(s, &head) < 0 ||
        h2->opts.accept(s, h2->opts.arg) < 0) {
        eddy__h2_reset(s, NGHTTP2_REFUSED_STREAM, EDDY_ENOMEM, "the request was refused");
        eddy__h2_close_stream(s);
    }
}

/* Answers 1xx stay in the arena. */
static void take_answer(struct eddy__h2_stream *s)
{
    struct eddy__head head;

    split_fields(s, &head);
    s->exchange.heard = true;
    s->head_came = head.status >= 200;
    s->in_length = head.length;
    if (is_too_large(s))
        eddy__h2_reset(s, NGHTTP2_CANCEL, EDDY_EPROTO, "the head of the answer is too large");
    else if (!s->head_came && ++s->interim > INTERIM)
        eddy__h2_reset(s, NGHTTP2_ENHANCE_YOUR_CALM, EDDY_EPROTO, "more than 16 answers 1xx");
    else if (keep_head(s, &head) < 0)
        eddy__h2_reset(s, NGHTTP2_INTERNAL_ERROR, EDDY_ENOMEM, "no memory for the head");
}

static void take_trailers(struct eddy__h2_stream *s)
{
    if (is_too_large(s))
        refuse(s, 431, "the trailers are too large");
    eddy__trailers_leave_out(&s->fields);
    s->exchange.trailers = s->fields;
}

void eddy__h2_take_section(struct eddy__h2_stream *s)
{
    if (s->head_came)
        take_trailers(s);
    else if (s->h2->opts.accept)
        take_request(s);
    else
        take_answer(s);
}

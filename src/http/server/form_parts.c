/* form_parts.c - forms with files (multipart/form-data) as they come: one part after another, each
 * a stream that reads on in the body. */
#include "http/message/multipart.h"
#include "http/server/server.h"

enum { FORM_PARTS_MAX = 1000, PART_TEXT = 64 * 1024, PART_ROOM = 1024 };
enum { PART_LOOK = 64 * 1024, DELIMITER_ROOM = 256 };

struct eddy__form_parts {
    struct eddy__parts parser;
    struct eddy__part head; /* of the next part, if it has come */
    bool has_head;
    bool in_part; /* its bytes come, up to the next head */
    bool ended;   /* the last part has */
    int failure;  /* what was wrong; nothing more can be had */
};

/* ---- what comes ---- */

static int form_failed(eddy_request *r, int code)
{
    char words[200];
    int status = code == EDDY_EPROTO ? EDDY_HTTP(400) : code == EDDY_ELIMIT ? EDDY_HTTP(413) : code;

    if (code == EDDY_ECANCELED || code == EDDY_ETIMEDOUT || code == EDDY_EBUSY)
        return code; /* the next call goes on */
    r->parts->failure = status;
    if (status == code)
        return code;
    snprintf(words, sizeof words, "%s", eddy_error_message(eddy_last_error()));
    return eddy__raise(status, "%s", words);
}

/* The next event of the parser but EDDY__PARTS_MORE, or a failure, raised. Data is left in the
 * stream for whoever wants it: most bytes, so that small reads do not look through all that has
 * come again and again. */
static int next_event(eddy_request *r, eddy_stream *body, size_t most, struct eddy__part *part)
{
    struct eddy__form_parts *f = r->parts;
    const char *data;
    size_t known = 0;

    for (;;) {
        size_t count = (size_t)eddy__try(eddy_peek(body, known, &data));

        if (count <= known)
            return eddy__raise(EDDY_EPROTO, "the form has ended before its last part");
        count = min_size(count, 2 * known + most + DELIMITER_ROOM);
        int event = eddy__try(eddy__parts_next(&f->parser, data, count, r->arena, part));
        if (event == EDDY__PARTS_DATA)
            return event;
        eddy__try(eddy_skip(body, part->used));
        if (event != EDDY__PARTS_MORE)
            return event;
        known = count - part->used;
    }
}

/* Bytes of the part, about most at most: at least one, which are not taken yet; 0 at its end, and
 * what follows it is noted down. */
static ssize_t look_into_part(eddy_request *r, size_t most, struct eddy__part *part)
{
    struct eddy__form_parts *f = r->parts;
    eddy_stream *body = eddy__try(eddy_request_body(r));

    if (f->failure)
        return eddy__raise(f->failure, "the form was refused already");
    if (!f->in_part)
        return 0;
    int event = next_event(r, body, most, part);
    if (event < 0)
        return form_failed(r, event);
    if (event == EDDY__PARTS_DATA)
        return (ssize_t)part->size;
    f->in_part = false;
    f->has_head = event == EDDY__PARTS_HEAD;
    f->ended = event == EDDY__PARTS_END;
    f->head = *part;
    return 0;
}

ssize_t eddy__request_read_part(eddy_request *r, void *buf, size_t size)
{
    struct eddy__part part;
    ssize_t n = look_into_part(r, min_size(size, PART_LOOK), &part);

    if (n <= 0)
        return n;
    size_t taken = min_size((size_t)n, size);
    memcpy(buf, part.data, taken);
    eddy__try(eddy_skip(r->body, taken));
    return (ssize_t)taken;
}

/* ---- parts ---- */

static int open_form_parts(eddy_request *r)
{
    const char *type = eddy_request_header(r, "Content-Type");
    const struct eddy__parts_limits limits = {.parts = FORM_PARTS_MAX};
    struct eddy__form_parts *f = eddy__try(eddy__arena_alloc(r->arena, sizeof *f));

    *f = (struct eddy__form_parts){.in_part = true}; /* what may stand before the first one */
    int status = eddy__parts_init(&f->parser, type ? type : "", &limits);
    if (status == EDDY_EPROTO)
        return eddy__raise(EDDY_HTTP(415), "a form is expected, multipart/form-data");
    eddy__try(status);
    r->parts = f;
    return 0;
}

/* What the program has left of the part that it was given. */
static int pass_part(eddy_request *r)
{
    struct eddy__part part;
    ssize_t n;

    while ((n = look_into_part(r, PART_LOOK, &part)) > 0)
        eddy__try(eddy_skip(r->body, (size_t)n));
    return (int)n;
}

int eddy_request_next_part(eddy_request *r, eddy_request_part *part)
{
    if (!r->parts)
        eddy__try(open_form_parts(r));
    struct eddy__form_parts *f = r->parts;
    eddy__try(pass_part(r));
    eddy_stream_close(eddy_take(r->part_body));
    if (f->ended || !f->has_head)
        return 0;
    r->part_body = eddy__try(eddy__side_open_part(r));
    f->has_head = false;
    f->in_part = true;
    *part = (eddy_request_part){
        .name = f->head.name,
        .filename = f->head.filename,
        .type = f->head.type,
        .headers = f->head.fields.list,
        .body = r->part_body,
    };
    return 1;
}

/* Makes room for a byte at least, and the zero behind it, of most + 1 bytes at most. */
static int part_room(eddy_request *r, char **text, size_t size, size_t *room, size_t most)
{
    if (size < *room)
        return 0;
    *room = min_size(most + 1, *room ? 2 * *room : PART_ROOM);
    char *larger = eddy__try(eddy__arena_alloc(r->arena, *room + 1));
    if (size)
        memcpy(larger, *text, size);
    *text = larger;
    return 0;
}

/* The text of a part, at most so many bytes. */
static int read_part_text(eddy_request *r, eddy_stream *body, size_t most, char **text)
{
    size_t size = 0, room = 0, n;

    do {
        eddy__try(part_room(r, text, size, &room, most));
        n = (size_t)eddy__try(eddy_read(body, *text + size, room - size));
        size += n;
        if (size > most)
            return eddy__raise(EDDY_HTTP(413), "a field of a form may have %zu bytes here", most);
    } while (n > 0);
    (*text)[size] = '\0';
    if (strlen(*text) != size)
        return eddy__raise(EDDY_HTTP(400), "there is a zero byte in a field of the form");
    return 0;
}

const char *eddy_request_part_text(eddy_request *r, const eddy_request_part *part, size_t limit)
{
    char *text = NULL;

    return read_part_text(r, part->body, limit ? limit : PART_TEXT, &text) < 0 ? NULL : text;
}

/* A file that was not chosen is an empty one without a name. */
int eddy__request_form_of_parts(eddy_request *r)
{
    size_t most = (size_t)(r->max_body < SIZE_MAX / 4 ? r->max_body : SIZE_MAX / 4);
    eddy_request_part part;

    while (eddy__try(eddy_request_next_part(r, &part)) > 0) {
        if (part.filename && *part.filename)
            return eddy__raise(EDDY_HTTP(415), "a form without files is expected");
        char *text = NULL;
        eddy__try(read_part_text(r, part.body, most, &text));
        eddy__try(eddy__fields_add(&r->form, r->arena, part.name, text));
    }
    return 0;
}

/* parts.c - multipart/form-data taken apart. Its delimiters are CRLF, "--" and the boundary, then
 * "--" for the last one, or a line's end. */
#include "http/message/multipart.h"

#include "http/message/token.h"

enum { BOUNDARY_MAX = 70, PADDING_MAX = 64, PART_FIELDS_MAX = 20 };
enum { IN_PREAMBLE, IN_HEAD, IN_DATA, ENDED };

/* ---- parameters: "; name=value", quoted or not ---- */

/* Whether a backslash before a quote escapes it. It escapes nothing else, since Windows has sent
 * whole paths, and not the quote at the end: browsers send a backslash as it is. */
static bool escapes_quote(const char *text)
{
    if (text[0] != '\\' || text[1] != '"')
        return false;
    text += 2 + strspn(text + 2, " \t");
    return *text && *text != ';';
}

/* Copies what is between quotes, text[0 … size). */
static char *unquote(const char *text, size_t size, struct eddy__arena *arena)
{
    char *value = eddy__arena_copy(arena, text, size), *to = value;

    for (size_t i = 0; value && i < size; i++) {
        i += text[i] == '\\' && i + 1 < size && text[i + 1] == '"'; /* one that is escaped */
        *to++ = text[i];
    }
    if (value)
        *to = '\0';
    return value;
}

/* Looks for a parameter in text, which begins at the first ";". 1, and *value in the arena; 0:
 * there is none; EDDY_EPROTO, not raised, for what are no parameters; EDDY_ENOMEM, raised. */
static int find_parameter(const char *text, const char *name, struct eddy__arena *arena,
                          const char **value)
{
    while (*(text += strspn(text, "; \t"))) {
        size_t size = strcspn(text, "=;\" \t");
        bool found = size == strlen(name) && eddy__same_words(text, name, size);

        if (text[size] != '=')
            return EDDY_EPROTO;
        text += size + 1;
        bool quoted = *text == '"';
        const char *start = text + quoted, *end = start;
        if (!quoted)
            end += strcspn(end, "; \t");
        while (quoted && *end && *end != '"')
            end += escapes_quote(end) ? 2 : 1;
        if (quoted && !*end)
            return EDDY_EPROTO;
        if (found) {
            *value = eddy__try(unquote(start, (size_t)(end - start), arena));
            return 1;
        }
        text = end + quoted;
    }
    return 0;
}

/* What follows the word that text begins with, perhaps parameters; NULL: it is another. */
static const char *behind_word(const char *text, const char *word)
{
    size_t size = strcspn(text, "; \t");

    return size == strlen(word) && eddy__same_words(text, word, size) ? text + size : NULL;
}

/* ---- opening ---- */

static bool is_boundary(const char *text, size_t size)
{
    static const char others[] = "'()+_,-./:=? ";

    for (size_t i = 0; i < size; i++)
        if (!strchr(others, text[i]) &&
            !(eddy__char_is(text[i], EDDY__CHAR_UNRESERVED) && text[i] != '~'))
            return false;
    return size > 0 && size <= BOUNDARY_MAX && text[size - 1] != ' ';
}

int eddy__parts_init(struct eddy__parts *p, const char *content_type,
                     const struct eddy__parts_limits *limits)
{
    struct eddy__arena arena = {0};
    const char *parameters = behind_word(content_type, "multipart/form-data"), *boundary = "";
    int status = parameters ? find_parameter(parameters, "boundary", &arena, &boundary) : 0;
    size_t size = strlen(boundary);

    *p = (struct eddy__parts){.limits = limits ? *limits : (struct eddy__parts_limits){0}};
    p->limits.parts = p->limits.parts ? p->limits.parts : 100;
    p->limits.head = p->limits.head ? p->limits.head : 8 << 10;
    p->limits.preamble = p->limits.preamble ? p->limits.preamble : 1 << 10;
    p->at_start = true;
    if (status >= 0 && is_boundary(boundary, size)) {
        memcpy(p->delimiter, "\r\n--", 4);
        memcpy(p->delimiter + 4, boundary, size);
        p->delimiter_size = size + 4;
        status = 0;
    } else if (status != EDDY_ENOMEM) {
        status = eddy__raise(EDDY_EPROTO, parameters ? "multipart/form-data without a good boundary"
                                                     : "the body is not multipart/form-data");
    }
    eddy__arena_free(&arena);
    return status;
}

/* ---- delimiters ---- */

/* A delimiter that was looked for. */
struct delimiter {
    size_t before; /* bytes that are certainly not of it */
    size_t size;   /* its own; 0: none, or not all of it has come */
    bool last;
};

/* Whether text, which follows a boundary, makes a delimiter of it: 1, with *size and *last; 0; −1:
 * more must come. */
static int ends_delimiter(const char *text, size_t left, struct delimiter *d)
{
    size_t n = 0;

    if (left >= 2 && text[0] == '-' && text[1] == '-') {
        d->last = true;
        d->size = 2;
        return 1;
    }
    while (n < left && n < PADDING_MAX && (text[n] == ' ' || text[n] == '\t'))
        n++;
    d->size = n + 2;
    if (left - n >= 2)
        return text[n] == '\r' && text[n + 1] == '\n';
    if (left - n == 1 && text[n] != '\r' && !(n == 0 && text[n] == '-'))
        return 0;
    return -1;
}

/* How many of the last bytes could begin a delimiter. */
static size_t possible_tail(const struct eddy__parts *p, const char *data, size_t size)
{
    size_t tail = min_size(size, p->delimiter_size - 1);

    while (tail && memcmp(data + size - tail, p->delimiter, tail) != 0)
        tail--;
    return tail;
}

/* Where data begins with a delimiter that has no CRLF before it: 1; 0; −1: more must come. */
static int starts_with_delimiter(const struct eddy__parts *p, const char *data, size_t size,
                                 struct delimiter *d)
{
    size_t length = p->delimiter_size - 2;

    if (memcmp(data, p->delimiter + 2, min_size(size, length)) != 0)
        return 0;
    int status = size < length ? -1 : ends_delimiter(data + length, size - length, d);
    d->size = status > 0 ? d->size + length : 0;
    return status;
}

/* The first delimiter in data. */
static struct delimiter find_delimiter(const struct eddy__parts *p, const char *data, size_t size)
{
    struct delimiter d = {0};

    if (p->at_start && starts_with_delimiter(p, data, size, &d) != 0)
        return d;
    for (size_t from = 0;; from = d.before + 1) {
        const char *at = memmem(data + from, size - from, p->delimiter, p->delimiter_size);

        d.before = at ? (size_t)(at - data) : size - possible_tail(p, data, size);
        size_t rest = size - d.before - (at ? p->delimiter_size : 0);
        int status = at ? ends_delimiter(at + p->delimiter_size, rest, &d) : -1;
        if (status == 0)
            continue;
        d.size = status > 0 ? d.size + p->delimiter_size : 0;
        return d;
    }
}

/* ---- heads ---- */

/* Adds "Name: value", a line of a part's head. */
static int add_part_field(struct eddy__part *part, const char *line, size_t size,
                          struct eddy__arena *arena)
{
    const char *colon = memchr(line, ':', size);
    size_t length = colon ? (size_t)(colon - line) : 0;

    if (part->fields.count == PART_FIELDS_MAX)
        return eddy__raise(EDDY_ELIMIT, "more than %d fields in the head of a part",
                           PART_FIELDS_MAX);
    if (!eddy__all_are(line, length, EDDY__CHAR_TOKEN))
        return eddy__raise(EDDY_EPROTO, "a bad line in the head of a part");
    const char *value = colon + 1, *end = line + size;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (value < end && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (value < end && !eddy__all_are(value, (size_t)(end - value), EDDY__CHAR_VALUE))
        return eddy__raise(EDDY_EPROTO, "a control character in the head of a part");
    const char *name = eddy__try(eddy__arena_copy(arena, line, length));
    value = eddy__try(eddy__arena_copy(arena, value, (size_t)(end - value)));
    return eddy__fields_add(&part->fields, arena, name, value);
}

/* What Content-Disposition says of the part. */
static int name_part(struct eddy__part *part, struct eddy__arena *arena)
{
    const char *text = eddy__fields_get(&part->fields, "Content-Disposition");
    const char *parameters = text ? behind_word(text, "form-data") : NULL;
    int named = parameters ? find_parameter(parameters, "name", arena, &part->name) : 0;
    int filed = named == 1 ? find_parameter(parameters, "filename", arena, &part->filename) : 0;

    if (named == EDDY_ENOMEM || filed == EDDY_ENOMEM)
        return EDDY_ENOMEM;
    if (named != 1 || filed < 0)
        return eddy__raise(EDDY_EPROTO, "a part of a form without a good Content-Disposition");
    part->type = eddy__fields_get(&part->fields, "Content-Type");
    return 0;
}

/* Takes the head that data begins with, when all of it is there. */
static int take_part_head(struct eddy__parts *p, const char *data, size_t size,
                          struct eddy__arena *arena, struct eddy__part *part)
{
    const char *end = memmem(data, min_size(size, p->limits.head), "\r\n\r\n", 4);

    if (!end && size < p->limits.head)
        return EDDY__PARTS_MORE;
    if (!end)
        return eddy__raise(EDDY_ELIMIT, "the head of a part has more than %zu bytes",
                           p->limits.head);
    part->fields = (struct eddy__fields){0};
    part->name = part->filename = part->type = NULL;
    for (const char *line = data, *next; line < end; line = next + 2) {
        next = memmem(line, (size_t)(end - line) + 2, "\r\n", 2);
        eddy__try(add_part_field(part, line, (size_t)(next - line), arena));
    }
    eddy__try(name_part(part, arena));
    part->used += (size_t)(end + 4 - data);
    p->state = IN_DATA;
    p->at_start = true;
    return EDDY__PARTS_HEAD;
}

/* ---- the body ---- */

/* Bytes before the first part, which are dropped. */
static int skip_preamble(struct eddy__parts *p, size_t size)
{
    p->preamble += size;
    if (p->preamble > p->limits.preamble)
        return eddy__raise(EDDY_ELIMIT, "more than %zu bytes before the first part of a form",
                           p->limits.preamble);
    return 0;
}

static int begin_part(struct eddy__parts *p)
{
    p->state = IN_HEAD;
    if (++p->count > p->limits.parts)
        return eddy__raise(EDDY_ELIMIT, "a form of more than %u parts", p->limits.parts);
    return 0;
}

int eddy__parts_next(struct eddy__parts *p, const char *data, size_t size,
                     struct eddy__arena *arena, struct eddy__part *part)
{
    part->used = 0;
    for (;;) {
        const char *at = data + part->used;
        size_t left = size - part->used;

        if (p->state == ENDED) {
            part->used = size;
            return EDDY__PARTS_END;
        }
        if (p->state == IN_HEAD)
            return take_part_head(p, at, left, arena, part);
        if (left == 0)
            return EDDY__PARTS_MORE;
        struct delimiter d = find_delimiter(p, at, left);
        part->used += d.before;
        if (d.before)
            p->at_start = false;
        if (d.before && p->state == IN_DATA) {
            part->data = at;
            part->size = d.before;
            return EDDY__PARTS_DATA;
        }
        eddy__try(skip_preamble(p, d.before));
        if (d.size == 0)
            return EDDY__PARTS_MORE;
        part->used += d.size;
        if (d.last)
            p->state = ENDED;
        else
            eddy__try(begin_part(p));
    }
}

/* multipart.c - bodies of several parts, written. */
/* pkg-config: openssl */
#include "http/message/multipart.h"

#include "http/message/token.h"

#include <eddy/file.h>
#include <eddy/memory.h>
#include <openssl/rand.h>

enum { PART_PIECE = 32 << 10 };

/* ---- what is sent ---- */

static int check_part_text(const char *what, const char *text)
{
    if (text && *text && !eddy__all_are(text, strlen(text), EDDY__CHAR_VALUE))
        return eddy__raise(EDDY_EINVAL, "a control character in the %s of a part of a form", what);
    return 0;
}

/* What a filename is made of: the last name of a path when nothing else is said. NULL: none. */
static const char *part_filename(const eddy_http_part *part)
{
    const char *slash = part->file ? strrchr(part->file, '/') : NULL;

    return part->filename ? part->filename : slash ? slash + 1 : part->file;
}

/* Line breaks in it are escaped. */
static int check_filename(const char *name)
{
    while (name && *name) {
        size_t size = strcspn(name, "\r\n");

        if (size && !eddy__all_are(name, size, EDDY__CHAR_VALUE))
            return eddy__raise(EDDY_EINVAL,
                               "a control character in the filename of a part of a form");
        name += size;
        name += strspn(name, "\r\n");
    }
    return 0;
}

static int check_part(const eddy_http_part *part)
{
    int contents = !!part->text + !!part->data + !!part->file + !!part->stream;

    eddy__try(check_part_text("name", part->name));
    eddy__try(check_filename(part_filename(part)));
    eddy__try(check_part_text("type", part->type));
    if (part->length < 0 || (part->length && !part->stream))
        return eddy__raise(EDDY_EINVAL, "the part %s of a form has %s", part->name,
                           part->length < 0 ? "a negative .length" : ".length and no .stream");
    if (contents != 1)
        return eddy__raise(EDDY_EINVAL, "the part %s of a form has %s content", part->name,
                           contents ? "more than one" : "no");
    return 0;
}

int eddy__multipart_init(struct eddy__multipart *m, const eddy_http_part *parts)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];

    for (const eddy_http_part *part = parts; part->name; part++)
        eddy__try(check_part(part));
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return eddy__raise(EDDY_EIO, "OpenSSL has no random numbers");
    m->parts = parts;
    m->lengths = NULL;
    memcpy(m->boundary, "-eddy", 5);
    for (size_t i = 0; i < sizeof bytes; i++) {
        m->boundary[5 + 2 * i] = digits[bytes[i] >> 4];
        m->boundary[6 + 2 * i] = digits[bytes[i] & 15];
    }
    m->boundary[EDDY__BOUNDARY_SIZE - 1] = '\0';
    return 0;
}

bool eddy__multipart_can_begin(const struct eddy__multipart *m)
{
    for (const eddy_http_part *part = m->parts; part->name; part++)
        if (part->stream)
            return false;
    return true;
}

char *eddy__multipart_type(const struct eddy__multipart *m, struct eddy__arena *arena)
{
    return eddy__arena_printf(arena, "multipart/form-data; boundary=%s", m->boundary);
}

/* ---- heads of parts ---- */

/* text for a place between quotes, as browsers escape it. */
static char *escape_quotes(const char *text, struct eddy__arena *arena)
{
    char *escaped = eddy__arena_alloc(arena, 3 * strlen(text) + 1), *to = escaped;

    for (; escaped && *text; text++) {
        const char *code = *text == '"'    ? "%22"
                           : *text == '\r' ? "%0D"
                           : *text == '\n' ? "%0A"
                                           : NULL;

        if (!code) {
            *to++ = *text;
            continue;
        }
        memcpy(to, code, 3);
        to += 3;
    }
    if (escaped)
        *to = '\0';
    return escaped;
}

/* "; filename=…", or nothing. */
static char *filename_parameter(const eddy_http_part *part, struct eddy__arena *arena)
{
    const char *name = part_filename(part);

    if (!name)
        return eddy__arena_copy(arena, "", 0);
    name = escape_quotes(name, arena);
    return name ? eddy__arena_printf(arena, "; filename=\"%s\"", name) : NULL;
}

/* The delimiter before a part, and its head. NULL, raised. */
static char *part_head(const struct eddy__multipart *m, const eddy_http_part *part,
                       struct eddy__arena *arena)
{
    const char *name = escape_quotes(part->name, arena);
    const char *filename = name ? filename_parameter(part, arena) : NULL;
    const char *type = part->type ? part->type : "application/octet-stream";
    bool typed = part->type || (filename && *filename);

    if (!filename)
        return NULL;
    return eddy__arena_printf(arena,
                              "%s--%s\r\nContent-Disposition: form-data; name=\"%s\"%s%s%s\r\n\r\n",
                              part == m->parts ? "" : "\r\n", m->boundary, name, filename,
                              typed ? "\r\nContent-Type: " : "", typed ? type : "");
}

static char *last_delimiter(const struct eddy__multipart *m, struct eddy__arena *arena)
{
    return eddy__arena_printf(arena, "%s--%s--\r\n", m->parts->name ? "\r\n" : "", m->boundary);
}

/* ---- how long it is ---- */

/* Bytes of a part's content, −1: not known. */
static int64_t content_length(const eddy_http_part *part)
{
    struct stat info;

    if (part->text)
        return (int64_t)strlen(part->text);
    if (part->data)
        return (int64_t)part->size;
    if (part->stream)
        return part->length ? part->length : -1;
    eddy__try(eddy_stat(part->file, &info));
    return S_ISREG(info.st_mode) ? info.st_size : -1;
}

static int make_lengths(struct eddy__multipart *m, struct eddy__arena *arena)
{
    size_t count = 0;

    while (m->parts[count].name)
        count++;
    if (!m->lengths)
        m->lengths =
            eddy__try((int64_t *)eddy__arena_alloc(arena, (count + 1) * sizeof *m->lengths));
    for (size_t i = 0; i < count; i++) {
        int64_t length = content_length(&m->parts[i]);

        if (length < -1)
            return (int)length;
        m->lengths[i] = length;
    }
    return 0;
}

int64_t eddy__multipart_length(struct eddy__multipart *m, struct eddy__arena *arena)
{
    int64_t length = (int64_t)strlen(eddy__try(last_delimiter(m, arena)));

    eddy__try(make_lengths(m, arena));
    for (size_t i = 0; m->parts[i].name; i++) {
        const char *head = eddy__try(part_head(m, &m->parts[i], arena));

        if (m->lengths[i] < 0)
            return -1;
        length += (int64_t)strlen(head) + m->lengths[i];
    }
    return length;
}

/* ---- sending it ---- */

/* A part of the form that is sent. */
struct content {
    const eddy_http_part *part;
    int64_t length; /* −1: not known */
};

static int write_pieces(const struct content *c, eddy_stream *stream, char *piece,
                        eddy__multipart_sink *sink, void *arg)
{
    int64_t left = c->length < 0 ? INT64_MAX : c->length;

    while (left > 0) {
        ssize_t n =
            eddy__try(eddy_read(stream, piece, left < PART_PIECE ? (size_t)left : PART_PIECE));

        if (n == 0 && c->length < 0)
            return 0;
        if (n == 0)
            return eddy__raise(EDDY_EOF, "the part %s of a form has %lld of its %lld bytes",
                               c->part->name, (long long)(c->length - left), (long long)c->length);
        eddy__try(sink(arg, piece, (size_t)n));
        left -= n;
    }
    return 0;
}

static int write_stream(const struct content *c, eddy_stream *stream, eddy__multipart_sink *sink,
                        void *arg)
{
    char *piece = eddy_alloc(PART_PIECE);
    int status = piece ? write_pieces(c, stream, piece, sink, arg)
                       : eddy__raise(EDDY_ENOMEM, "no memory for a piece of a form");

    eddy_free(piece);
    return status;
}

static int write_content(const struct content *c, eddy__multipart_sink *sink, void *arg)
{
    const eddy_http_part *part = c->part;

    if (part->stream)
        return write_stream(c, part->stream, sink, arg);
    if (part->file) {
        eddy_auto(eddy_stream) *file = eddy__try(eddy_file_open(part->file, "r"));

        return write_stream(c, file, sink, arg);
    }
    return c->length ? sink(arg, part->text ? part->text : part->data, (size_t)c->length) : 0;
}

int eddy__multipart_write(const struct eddy__multipart *m, struct eddy__arena *arena,
                          eddy__multipart_sink *sink, void *arg)
{
    for (size_t i = 0; m->parts[i].name; i++) {
        struct content content = {&m->parts[i], m->lengths[i]};
        const char *head = eddy__try(part_head(m, content.part, arena));

        eddy__try(sink(arg, head, strlen(head)));
        eddy__try(write_content(&content, sink, arg));
    }
    const char *last = eddy__try(last_delimiter(m, arena));
    return sink(arg, last, strlen(last));
}

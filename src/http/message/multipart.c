/* multipart.c - bodies of several parts, written. */
/* pkg-config: openssl */
#include "http/message/multipart.h"

#include "http/message/token.h"

#include <eddy/file.h>
#include <openssl/rand.h>

enum { PART_PIECE = 32 << 10 };

/* ---- what is sent ---- */

static int check_part_text(const char *what, const char *text)
{
    if (text && *text && !eddy__all_are(text, strlen(text), EDDY__CHAR_VALUE))
        return eddy__raise(EDDY_EINVAL, "a control character in the %s of a part of a form", what);
    return 0;
}

static int check_part(const eddy_http_part *part)
{
    int contents = !!part->text + !!part->data + !!part->file + !!part->stream;

    eddy__try(check_part_text("name", part->name));
    eddy__try(check_part_text("filename", part->filename ? part->filename : part->file));
    eddy__try(check_part_text("type", part->type));
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
    memcpy(m->boundary, "-eddy", 5);
    for (size_t i = 0; i < sizeof bytes; i++) {
        m->boundary[5 + 2 * i] = digits[bytes[i] >> 4];
        m->boundary[6 + 2 * i] = digits[bytes[i] & 15];
    }
    m->boundary[EDDY__BOUNDARY_SIZE - 1] = '\0';
    return 0;
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
        if (*text == '"') {
            memcpy(to, "%22", 3);
            to += 3;
        } else {
            *to++ = *text;
        }
    }
    if (escaped)
        *to = '\0';
    return escaped;
}

/* "; filename=…", or nothing. */
static char *filename_parameter(const eddy_http_part *part, struct eddy__arena *arena)
{
    const char *slash = part->file ? strrchr(part->file, '/') : NULL;
    const char *name = part->filename ? part->filename : slash ? slash + 1 : part->file;

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
        return -1;
    eddy__try(eddy_stat(part->file, &info));
    return S_ISREG(info.st_mode) ? info.st_size : -1;
}

int64_t eddy__multipart_length(const struct eddy__multipart *m, struct eddy__arena *arena)
{
    int64_t length = (int64_t)strlen(eddy__try(last_delimiter(m, arena)));

    for (const eddy_http_part *part = m->parts; part->name; part++) {
        const char *head = eddy__try(part_head(m, part, arena));
        int64_t content = content_length(part);

        if (content < 0)
            return content;
        length += (int64_t)strlen(head) + content;
    }
    return length;
}

/* ---- sending it ---- */

static int write_stream(eddy_stream *stream, struct eddy__arena *arena, eddy__multipart_sink *sink,
                        void *arg)
{
    char *buffer = eddy__try((char *)eddy__arena_alloc(arena, PART_PIECE));

    for (;;) {
        ssize_t n = eddy__try(eddy_read(stream, buffer, PART_PIECE));

        if (n == 0)
            return 0;
        eddy__try(sink(arg, buffer, (size_t)n));
    }
}

static int write_content(const eddy_http_part *part, struct eddy__arena *arena,
                         eddy__multipart_sink *sink, void *arg)
{
    if (part->stream)
        return write_stream(part->stream, arena, sink, arg);
    if (part->file) {
        eddy_auto(eddy_stream) *file = eddy__try(eddy_file_open(part->file, "r"));

        return write_stream(file, arena, sink, arg);
    }
    size_t size = part->text ? strlen(part->text) : part->size;
    return size ? sink(arg, part->text ? part->text : part->data, size) : 0;
}

int eddy__multipart_write(const struct eddy__multipart *m, struct eddy__arena *arena,
                          eddy__multipart_sink *sink, void *arg)
{
    for (const eddy_http_part *part = m->parts; part->name; part++) {
        const char *head = eddy__try(part_head(m, part, arena));

        eddy__try(sink(arg, head, strlen(head)));
        eddy__try(write_content(part, arena, sink, arg));
    }
    const char *last = eddy__try(last_delimiter(m, arena));
    return sink(arg, last, strlen(last));
}

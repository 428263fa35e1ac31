/* fuzz_http_parts.c - multipart/form-data: in any pieces the same parts come out, and what was
 * written is read again. */
/* pkg-config: eddy-http */
#include "fuzz.h"

#include "http/message/multipart.h"

enum { SEEN_MAX = 1 << 15 };

/* What was read: names and contents one behind the other. */
struct seen {
    int status; /* the last event, or the failure */
    size_t size;
    char text[SEEN_MAX];
};

static void see(struct seen *seen, const char *text, size_t size)
{
    MUST(seen->size + size <= SEEN_MAX);
    memcpy(seen->text + seen->size, text, size);
    seen->size += size;
}

static void see_part(struct seen *seen, const struct eddy__part *part)
{
    const char *texts[] = {"[", part->name,
                           "|", part->filename ? part->filename : "-",
                           "|", part->type ? part->type : "-",
                           "]"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        see(seen, texts[i], strlen(texts[i]));
}

/* Reads data, of which `piece` more bytes come each time. */
static void read_parts(const char *type, const char *data, size_t size, size_t piece,
                       struct seen *seen)
{
    struct eddy__arena arena = {0};
    struct eddy__parts parts;
    struct eddy__part part;
    size_t from = 0, to = 0;

    seen->size = 0;
    seen->status = eddy__parts_init(&parts, type, NULL);
    while (seen->status >= 0) {
        char *copy = malloc(to - from + 1); /* so that a checker sees reads behind the end */

        memcpy(copy, data + from, to - from);
        seen->status = eddy__parts_next(&parts, copy, to - from, &arena, &part);
        MUST(part.used <= to - from);
        from += part.used;
        if (seen->status == EDDY__PARTS_HEAD)
            see_part(seen, &part);
        if (seen->status == EDDY__PARTS_DATA) {
            MUST(part.size > 0 && part.data >= copy && part.data + part.size <= copy + part.used);
            see(seen, part.data, part.size);
        }
        free(copy);
        if (seen->status == EDDY__PARTS_END || (seen->status == EDDY__PARTS_MORE && to == size))
            break;
        if (seen->status == EDDY__PARTS_MORE)
            to = size - to < piece ? size : to + piece;
    }
    MUST(seen->status >= 0 || seen->status == EDDY_EPROTO || seen->status == EDDY_ELIMIT);
    eddy_error_clear();
    eddy__arena_free(&arena);
}

struct written {
    size_t size;
    char bytes[SEEN_MAX];
};

static int take_written(void *arg, const void *data, size_t size)
{
    struct written *w = arg;

    MUST(w->size + size <= SEEN_MAX);
    memcpy(w->bytes + w->size, data, size);
    w->size += size;
    return 0;
}

static void check_written(struct input in, const char *name)
{
    static struct written written;
    static struct seen seen;
    struct eddy__arena arena = {0};
    struct eddy__multipart multipart;
    const eddy_http_part *parts =
        eddy_http_parts({name, .data = in.data, .size = in.size}, {"b", .text = name});

    written.size = 0;
    if (eddy__multipart_init(&multipart, parts) == 0) {
        MUST(eddy__multipart_length(&multipart, &arena) > 0);
        MUST(eddy__multipart_write(&multipart, &arena, take_written, &written) == 0);
        MUST((size_t)eddy__multipart_length(&multipart, &arena) == written.size);
        read_parts(eddy__multipart_type(&multipart, &arena), written.bytes, written.size, 50,
                   &seen);
        size_t head = 6 + (size_t)(memchr(seen.text, ']', seen.size) ? strlen(name) : 0);
        size_t quotes = 0;
        for (const char *c = name; *c; c++)
            quotes += *c == '"';
        MUST(seen.status == EDDY__PARTS_END);
        MUST(seen.size == head + 2 * quotes + in.size + 7 + strlen(name));
        MUST(memcmp(seen.text + head + 2 * quotes, in.data, in.size) == 0);
    } else {
        MUST(strpbrk(name, "\r\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14"
                           "\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f"));
    }
    eddy_error_clear();
    eddy__arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct seen whole, pieces;
    struct input in = {data, size < 4096 ? size : 4096};
    char type[200] = "multipart/form-data; boundary=", name[60];
    size_t piece = take_byte(&in) + 1;

    take_text(&in, type + strlen(type), 100);
    read_parts(type, (const char *)in.data, in.size, SIZE_MAX, &whole);
    read_parts(type, (const char *)in.data, in.size, piece, &pieces);
    MUST(whole.status == pieces.status && whole.size == pieces.size);
    MUST(memcmp(whole.text, pieces.text, whole.size) == 0);
    take_text(&in, name, sizeof name);
    check_written(in, name);
    return 0;
}

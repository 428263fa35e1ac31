/* fuzz_http_chunk.c - the chunked coding against a decoder that looks for whole lines in whole
 * input. The bytes come in pieces. */
/* pkg-config: eddy-http */
#include "fuzz.h"

#include "http/message/chunk.h"

#include <ctype.h>

/* ---- the simple decoder ---- */

static char simple_body[8192];
static size_t simple_size;

/* Names, perhaps with values, each behind a semicolon, in a line without its end. */
static bool good_extensions(const char *text, size_t size)
{
    bool quoted = false, begins = false;

    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
        if (begins && !isalnum(c) && !strchr("!#$%&'*+-.^_`|~", c))
            return false;
        begins = !quoted && c == ';';
        if (quoted && c == '\\' && ++i < size) {
            if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
                return false;
        } else if (c == '"') {
            quoted = !quoted;
        }
    }
    return !quoted && !begins && (size == 0 || text[0] == ';');
}

/* The size that a line begins with, its digits in *digits; -1: none that is good. */
static int64_t simple_chunk_size(const char *line, size_t length, size_t *digits)
{
    char copy[32] = "";
    size_t n = 0;

    while (n < length && n < 20 && isxdigit((unsigned char)line[n])) {
        copy[n] = line[n];
        n++;
    }
    *digits = n;
    unsigned long long size = strtoull(copy, NULL, 16);
    return n == 0 || n > 16 || size > INT64_MAX ? -1 : (int64_t)size;
}

/* 1: whole, and *used bytes were; 0: cut off, so far good or not; -1: bad. */
static int simple_decode(const char *data, size_t size, size_t *used)
{
    size_t at = 0, extensions = 0, digits;

    for (simple_size = 0;;) {
        const char *end = memmem(data + at, size - at, "\r\n", 2);
        if (!end)
            return 0;
        size_t length = (size_t)(end - data) - at;
        int64_t chunk = simple_chunk_size(data + at, length, &digits);
        if (chunk < 0 || !good_extensions(data + at + digits, length - digits))
            return -1;
        extensions += length - digits;
        if (extensions > 4096)
            return -1;
        at += length + 2;
        if (chunk == 0) {
            *used = at;
            return 1;
        }
        size_t n = (uint64_t)chunk < size - at ? (size_t)chunk : size - at;
        memcpy(simple_body + simple_size, data + at, n);
        simple_size += n;
        at += n;
        if (size - at < 2)
            return 0;
        if (memcmp(data + at, "\r\n", 2) != 0)
            return -1;
        at += 2;
    }
}

/* ---- both ---- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char body[8192];
    struct input in = {data, size};
    size_t piece = take_byte(&in) + 1, used = 0, taken = 0, at = 0;
    struct eddy__chunks chunks = {0};
    const char *why = NULL;

    if (in.size > 8000)
        return 0;
    const char *text = (const char *)in.data;
    while (at < in.size && !chunks.ended && !why) {
        size_t given = in.size - at < piece ? in.size - at : piece;

        if (chunks.left) {
            size_t n = chunks.left < given ? (size_t)chunks.left : given;
            memcpy(body + taken, text + at, n);
            taken += n;
            chunks.left -= n;
            at += n;
        } else {
            ssize_t n = eddy__chunks_next(&chunks, text + at, given, &why);
            MUST(n <= (ssize_t)given && (n > 0) == (why == NULL));
            at += n > 0 ? (size_t)n : 0;
        }
    }
    int simple = simple_decode(text, in.size, &used);
    MUST((simple == 1) == (chunks.ended && !why));
    MUST(simple >= 0 || why);
    if (simple == 1)
        MUST(used == at);
    if (simple >= 0 && !why)
        MUST(taken == simple_size && memcmp(body, simple_body, taken) == 0);
    return 0;
}

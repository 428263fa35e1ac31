/* json.c - escapes, and UTF-8 that is checked. */
#include "json.h"
#include <stddef.h>
#include <stdint.h>

/* How many bytes the character has that text begins with (RFC 3629: no longer forms, no surrogates,
 * nothing beyond U+10FFFF); 0: it is none. */
static size_t character_length(const unsigned char *text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = text[0] < 0x80 ? 1 : (text[0] & 0xE0) == 0xC0 ? 2 : (text[0] & 0xF0) == 0xE0 ? 3 : 4;
    uint32_t value = text[0] & (0xFFu >> (n + 1));

    if (n == 1)
        return 1;
    if (n == 4 && (text[0] & 0xF8) != 0xF0)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (text[i] & 0x3F);
    }
    if (value < least[n] || (value >= 0xD800 && value < 0xE000) || value > 0x10FFFF)
        return 0;
    return n;
}

void json_text(FILE *stream, const char *before, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    fprintf(stream, "%s\"", before);
    while (*p) {
        size_t n = character_length(p);

        if (n == 0)
            fputs("\\ufffd", stream);
        else if (*p == '"' || *p == '\\')
            fprintf(stream, "\\%c", *p);
        else if (*p < ' ' || *p == 127)
            fprintf(stream, "\\u%04x", *p);
        else
            fwrite(p, 1, n, stream);
        p += n ? n : 1;
    }
    fputc('"', stream);
}

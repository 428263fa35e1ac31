/* encode.c - percent escapes and base64. */
#include "http/message/encode.h"

#include "http/message/token.h"

/* ---- percent escapes ---- */

size_t eddy__percent_write(char *to, const char *text, bool plus)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;

    for (const char *c = text; *c; c++) {
        bool plain = eddy__char_is(*c, EDDY__CHAR_UNRESERVED) || (plus && *c == ' ');

        if (to && plain) {
            to[n] = *c == ' ' ? '+' : *c;
        } else if (to) {
            to[n] = '%';
            to[n + 1] = digits[(unsigned char)*c >> 4];
            to[n + 2] = digits[*c & 15];
        }
        n += plain ? 1 : 3;
    }
    return n;
}

char *eddy__percent_encode(const char *text, struct eddy__arena *arena)
{
    char *encoded = eddy__arena_alloc(arena, eddy__percent_write(NULL, text, false) + 1);

    if (encoded)
        encoded[eddy__percent_write(encoded, text, false)] = '\0';
    return encoded;
}

static int hex_value(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* The byte that text, which begins with "%", stands for; -1: none. */
static int escaped_byte(const char *text, size_t size)
{
    if (size < 3 || !eddy__all_are(text + 1, 2, EDDY__CHAR_HEX))
        return -1;
    return hex_value(text[1]) << 4 | hex_value(text[2]);
}

char *eddy__percent_decode(const char *text, size_t size, bool plus, struct eddy__arena *arena)
{
    char *decoded = eddy__arena_alloc(arena, size + 1);
    size_t n = 0;

    for (size_t i = 0; decoded && i < size; i++) {
        int byte = text[i] == '%' ? escaped_byte(text + i, size - i) : (unsigned char)text[i];

        if (byte <= 0) {
            eddy__raise(EDDY_EINVAL,
                        byte ? "a %% that two hex digits do not follow" : "a zero byte in a text");
            return NULL;
        }
        i += text[i] == '%' ? 2 : 0;
        decoded[n++] = plus && text[i] == '+' ? ' ' : (char)byte;
    }
    if (decoded)
        decoded[n] = '\0';
    return decoded;
}

/* ---- base64 ---- */

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *eddy__base64_encode(const void *data, size_t size, struct eddy__arena *arena)
{
    const unsigned char *from = data;
    char *text = eddy__arena_alloc(arena, (size + 2) / 3 * 4 + 1), *to = text;

    if (!text)
        return NULL;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = min_size(size - i, 3);
        unsigned bits = (unsigned)from[i] << 16 | (left > 1 ? from[i + 1] : 0u) << 8 |
                        (left > 2 ? from[i + 2] : 0u);

        *to++ = base64_digits[bits >> 18];
        *to++ = base64_digits[bits >> 12 & 63];
        *to++ = left > 1 ? base64_digits[bits >> 6 & 63] : '=';
        *to++ = left > 2 ? base64_digits[bits & 63] : '=';
    }
    *to = '\0';
    return text;
}

/* The value of a digit, -1: it is none. */
static int base64_value(char c)
{
    const char *digit = c ? strchr(base64_digits, c) : NULL;

    return digit ? (int)(digit - base64_digits) : -1;
}

/* Decodes four digits, of which the last `padding` are "=", to 3 − padding bytes; false: it cannot,
 * or bits are left over that are not zero. */
static bool base64_quantum(char *to, const char *text, size_t padding)
{
    unsigned bits = 0;

    for (size_t i = 0; i < 4; i++) {
        int value = i < 4 - padding ? base64_value(text[i]) : 0;

        if (value < 0)
            return false;
        bits = bits << 6 | (unsigned)value;
    }
    if (bits & ((1u << 8 * padding) - 1))
        return false;
    for (size_t i = 0; i < 3 - padding; i++)
        to[i] = (char)(bits >> (16 - 8 * i) & 255);
    return true;
}

char *eddy__base64_decode(const char *text, size_t size, size_t *length, struct eddy__arena *arena)
{
    size_t padding = 0;
    bool good = size % 4 == 0;

    while (good && padding < 2 && padding < size && text[size - 1 - padding] == '=')
        padding++;
    *length = size / 4 * 3 - padding;
    char *data = eddy__arena_alloc(arena, size / 4 * 3 + 1);
    if (!data)
        return NULL;
    for (size_t i = 0; good && i < size; i += 4)
        good = base64_quantum(data + i / 4 * 3, text + i, i + 4 < size ? 0 : padding);
    if (!good) {
        eddy__raise(EDDY_EINVAL, "this is not base64");
        return NULL;
    }
    data[*length] = '\0';
    return data;
}

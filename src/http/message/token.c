/* token.c - the alphabets of RFC 9110 and RFC 3986. */
#include "http/message/token.h"

/* clang-format off */
enum {
    TOKEN = EDDY__CHAR_TOKEN, VALUE = EDDY__CHAR_VALUE, TARGET = EDDY__CHAR_TARGET,
    PLAIN = EDDY__CHAR_UNRESERVED, HOST = EDDY__CHAR_HOST, HEX = EDDY__CHAR_HEX,
    LETTER = TOKEN | VALUE | TARGET | PLAIN | HOST,
    DIGIT = LETTER | HEX | EDDY__CHAR_DIGIT,
};

/* Beside letters and digits a target has what RFC 3986 allows in a path or a query; and " < > [ \ ]
 * ^ ` { | } and bytes beyond ASCII, which it does not, but which clients send and no parser takes
 * for something else. */
const unsigned char eddy__chars[256] = {
    ['\t'] = VALUE, [' '] = VALUE,
    ['!'] = TOKEN | VALUE | TARGET | HOST, ['"'] = VALUE | TARGET, ['#'] = TOKEN | VALUE,
    ['$'] = TOKEN | VALUE | TARGET | HOST, ['%'] = TOKEN | VALUE | TARGET | HOST,
    ['&'] = TOKEN | VALUE | TARGET | HOST, ['\''] = TOKEN | VALUE | TARGET | HOST,
    ['('] = VALUE | TARGET | HOST, [')'] = VALUE | TARGET | HOST,
    ['*'] = TOKEN | VALUE | TARGET | HOST, ['+'] = TOKEN | VALUE | TARGET | HOST,
    [','] = VALUE | TARGET | HOST, ['-'] = LETTER, ['.'] = LETTER, ['/'] = VALUE | TARGET,
    ['0' ... '9'] = DIGIT,
    [':'] = VALUE | TARGET, [';'] = VALUE | TARGET | HOST, ['<'] = VALUE | TARGET,
    ['='] = VALUE | TARGET | HOST, ['>'] = VALUE | TARGET, ['?'] = VALUE | TARGET,
    ['@'] = VALUE | TARGET,
    ['A' ... 'F'] = LETTER | HEX, ['G' ... 'Z'] = LETTER,
    ['['] = VALUE | TARGET, ['\\'] = VALUE | TARGET, [']'] = VALUE | TARGET,
    ['^'] = TOKEN | VALUE | TARGET, ['_'] = LETTER, ['`'] = TOKEN | VALUE | TARGET,
    ['a' ... 'f'] = LETTER | HEX, ['g' ... 'z'] = LETTER,
    ['{'] = VALUE | TARGET, ['|'] = TOKEN | VALUE | TARGET, ['}'] = VALUE | TARGET,
    ['~'] = TOKEN | VALUE | TARGET | PLAIN | HOST,
    [0x80 ... 0xff] = VALUE | TARGET,
};
/* clang-format on */

bool eddy__all_are(const char *text, size_t size, int of)
{
    for (size_t i = 0; i < size; i++)
        if (!eddy__char_is(text[i], of))
            return false;
    return size > 0;
}

int eddy__check_field(const char *name, const char *value)
{
    if (!name || !eddy__all_are(name, strlen(name), EDDY__CHAR_TOKEN))
        return eddy__raise(EDDY_EINVAL, "\"%s\" cannot be the name of a header field",
                           name ? name : "(null)");
    size_t size = value ? strlen(value) : 0;
    if (!value || (size && !eddy__all_are(value, size, EDDY__CHAR_VALUE)))
        return eddy__raise(EDDY_EINVAL, "the value of the header field %s %s", name,
                           value ? "has a control character in it" : "is NULL");
    if (size && (strchr(" \t", value[0]) || strchr(" \t", value[size - 1])))
        return eddy__raise(EDDY_EINVAL,
                           "the value of the header field %s begins or ends with a blank", name);
    return 0;
}

static inline char small_letter(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool eddy__same_words(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i] && small_letter(a[i]) != small_letter(b[i]))
            return false;
    return true;
}

bool eddy__same_word(const char *a, const char *b)
{
    while (*a && small_letter(*a) == small_letter(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

int64_t eddy__parse_number(const char *text, size_t size)
{
    int64_t number = 0;

    if (size == 0 || size > 19 || !eddy__all_are(text, size, EDDY__CHAR_DIGIT))
        return -1;
    for (size_t i = 0; i < size; i++) {
        int digit = text[i] - '0';

        if (number > (INT64_MAX - digit) / 10)
            return -1;
        number = number * 10 + digit;
    }
    return number;
}

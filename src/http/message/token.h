/* token.h - the alphabets of RFC 9110 and RFC 3986 (token.c). */
#ifndef EDDY_HTTP_TOKEN_H
#define EDDY_HTTP_TOKEN_H

#include "base/base.h"

enum {
    EDDY__CHAR_TOKEN = 1,      /* tchar: names of fields, methods */
    EDDY__CHAR_VALUE = 2,      /* field-vchar, space, tab: in the value of a field */
    EDDY__CHAR_TARGET = 4,     /* may stand in a request target: pchar, "/", "?", "%" and what
                                * browsers leave as it is; no space, no control, no "#" */
    EDDY__CHAR_UNRESERVED = 8, /* of RFC 3986: what escaping leaves alone */
    EDDY__CHAR_HOST = 16,      /* of a reg-name or IPv4 address */
    EDDY__CHAR_HEX = 32,
    EDDY__CHAR_DIGIT = 64,
};
extern const unsigned char eddy__chars[256];

static inline bool eddy__char_is(char c, int of)
{
    return (eddy__chars[(unsigned char)c] & of) != 0;
}

/* Whether text is not empty and all of it is of that alphabet. */
bool eddy__all_are(const char *text, size_t size, int of);

/* For what the program gives: whether name can be that of a field, and value its value (no CR, LF,
 * zero byte or other control but tab; no blanks around). 0, or EDDY_EINVAL, raised, with words. */
int eddy__check_field(const char *name, const char *value);

/* Equal but for capital ASCII letters; _words compares size bytes. */
bool eddy__same_word(const char *a, const char *b);
bool eddy__same_words(const char *a, const char *b, size_t size);

/* 1 to 19 decimal digits and nothing else: the number, or -1. */
int64_t eddy__parse_number(const char *text, size_t size);

#endif

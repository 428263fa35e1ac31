/* encode.h - percent escapes, queries and forms, base64, dates (encode.c, form.c, date.c,
 * wall.c). */
#ifndef EDDY_HTTP_ENCODE_H
#define EDDY_HTTP_ENCODE_H

#include "http/message/field.h"
#include <time.h>

/* Writes text with all but unreserved characters as %XX to `to`, which has room for it; plus: a
 * space as "+". NULL: only counts. Returns how many bytes that is; no zero byte follows them. */
size_t eddy__percent_write(char *to, const char *text, bool plus);
/* The same in the arena; NULL, raised. */
char *eddy__percent_encode(const char *text, struct eddy__arena *arena);
/* Decodes %XX once; plus: "+" is a space. NULL: raised; a % that two hex digits do not follow, or
 * %00, is EDDY_EINVAL. */
char *eddy__percent_decode(const char *text, size_t size, bool plus, struct eddy__arena *arena);

/* "a=1&b=x+y" as a list of pairs, decoded; at most max of them (EDDY_ELIMIT). A name without "="
 * has the value ""; nothing between two "&" is no pair. EDDY_EINVAL as above. 0, or a failure,
 * raised. */
int eddy__form_parse(const char *text, size_t size, unsigned max, struct eddy__arena *arena,
                     struct eddy__fields *pairs);
/* As eddy__percent_write, for "a=1&b=2"; a value that is NULL counts as "". */
size_t eddy__form_write(char *to, const eddy_pair *pairs, bool plus);
/* The other way round, for application/x-www-form-urlencoded (a space is "+"). NULL, raised. */
char *eddy__form_format(const eddy_pair *pairs, struct eddy__arena *arena);

/* Base64 (RFC 4648 section 4) with padding; decode is strict. NULL, raised. */
char *eddy__base64_encode(const void *data, size_t size, struct eddy__arena *arena);
char *eddy__base64_decode(const char *text, size_t size, size_t *length, struct eddy__arena *arena);

enum { EDDY__DATE_SIZE = 30 };
/* "Sun, 06 Nov 1994 08:49:37 GMT", whatever the locale; a time beyond the years 1 to 9999 as the
 * nearest of them. */
void eddy__date_format(char text[EDDY__DATE_SIZE], time_t when);
/* The three forms of RFC 9110 section 5.6.7; also those of cookies with dashes. A year of two
 * digits is one of 1970 to 2069. -1: it is none. */
time_t eddy__date_parse(const char *text);

/* Seconds since 1970 (wall.c). */
time_t eddy__wall_time(void);

#endif

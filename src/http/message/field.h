/* field.h - lists of header fields (field.c). */
#ifndef EDDY_HTTP_FIELD_H
#define EDDY_HTTP_FIELD_H

#include "http/message/arena.h"
#include <eddy/http/message.h>

/* In order of appearance. Always ended by a pair without a name, so list is an eddy_pair list. */
struct eddy__fields {
    eddy_pair *list; /* NULL: empty */
    unsigned count;
    unsigned capacity;
};

/* Adds name and value, which are not copied. 0 or EDDY_ENOMEM, raised. */
int eddy__fields_add(struct eddy__fields *fields, struct eddy__arena *arena, const char *name,
                     const char *value);
/* The value of the first field of that name, whatever its capital letters; NULL: there is none. */
const char *eddy__fields_get(const struct eddy__fields *fields, const char *name);
/* The one after the field `after` (a value that get or next gave). */
const char *eddy__fields_next(const struct eddy__fields *fields, const char *name,
                              const char *after);
/* Whether one of the fields of that name, each a list with commas, has this token in it, whatever
 * its capital letters: Connection: keep-alive, Upgrade. */
bool eddy__list_has(const char *list, const char *word);
bool eddy__fields_has_token(const struct eddy__fields *fields, const char *name, const char *token);

#endif

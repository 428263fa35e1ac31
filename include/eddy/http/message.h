/* message.h - what requests and answers of both sides consist of: names with values, addresses. */
#ifndef EDDY_HTTP_MESSAGE_H
#define EDDY_HTTP_MESSAGE_H

#include <eddy/base.h>

EDDY_BEGIN_DECLS

/* A header field, a parameter of a query, a field of a form or a cookie. A list of them ends with
 * one whose name is NULL: eddy_pairs({"a", "1"}, {"b", "2"}). Both texts are UTF-8 or what the peer
 * has sent, and end in a zero byte. */
typedef struct eddy_pair {
    const char *name;
    const char *value;
} eddy_pair;
#define eddy_pairs(...) ((const eddy_pair[]){__VA_ARGS__, {NULL, NULL}})

/* Versions of HTTP. */
enum { EDDY_HTTP_DEFAULT, EDDY_HTTP_1_1, EDDY_HTTP_2 };

/* The value of the first pair of that name, NULL when there is none. _get distinguishes capital
 * letters, as queries and forms do; _header does not, as header fields. pairs may be NULL. */
EDDY_API const char *eddy_pairs_get(const eddy_pair *pairs, const char *name);
EDDY_API const char *eddy_pairs_header(const eddy_pair *pairs, const char *name);

EDDY_END_DECLS

#endif

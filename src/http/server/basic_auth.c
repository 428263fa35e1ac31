/* basic_auth.c - the user and password that a client has sent (Authorization: Basic, RFC 7617). */
#include "http/server/server.h"

#include "http/message/token.h"

int eddy_request_basic_auth(eddy_request *r, const char **user, const char **password)
{
    const char *value = eddy_request_header(r, "Authorization");
    size_t length;

    if (!value || strlen(value) < 6 || !eddy__same_words(value, "Basic ", 6))
        return 0;
    value += 6 + strspn(value + 6, " ");
    char *text = eddy__base64_decode(value, strlen(value), &length, r->arena);
    if (!text)
        return eddy_last_status() == EDDY_ENOMEM ? EDDY_ENOMEM : 0;
    char *colon = memchr(text, ':', length);
    if (!colon || strlen(text) != length)
        return 0;
    *colon = '\0';
    *user = text;
    *password = colon + 1;
    return 1;
}

/* cookies.h - the jar inside: cookies.c keeps cookies, cookie_parse.c reads Set-Cookie,
 * cookies_file.c reads and writes files. */
#ifndef EDDY_HTTP_CLIENT_COOKIES_H
#define EDDY_HTTP_CLIENT_COOKIES_H

#include "http/message/url.h"
#include <eddy/http/cookies.h>
#include <time.h>

enum {
    EDDY__COOKIE_SIZE = 4096, /* bytes of name and value */
    EDDY__COOKIES_HOST = 50,
    EDDY__COOKIES_ALL = 3000,
};

/* ---- cookie_parse.c ---- */

/* What a field Set-Cookie says, before anybody has asked whether it may. */
struct eddy__set_cookie {
    const char *name, *value;
    const char *domain; /* in small letters, without the dot before it; "": none */
    const char *path;   /* NULL: none that begins with a slash */
    int64_t expires;    /* as of eddy_cookie; in the past when it is to go */
    bool secure, http_only;
};

/* 1; 0: it is no cookie; EDDY_ENOMEM, raised. */
int eddy__set_cookie_parse(struct eddy__set_cookie *set, const char *text, time_t now,
                           struct eddy__arena *arena);

/* ---- cookies.c ---- */

/* As eddy_cookies_set and eddy_cookies_header, for a URL that has been parsed, at a given time
 * (eddy__wall_time). The header is in the arena. */
int eddy__cookies_set(eddy_cookies *cookies, const struct eddy__url *url, const char *set_cookie,
                      time_t now, struct eddy__arena *arena);
int eddy__cookies_header(eddy_cookies *cookies, const struct eddy__url *url, time_t now,
                         struct eddy__arena *arena, const char **value);
/* Keeps a cookie, copied, in place of one of the same name, domain and path; one that has expired
 * only takes that away. 1, 0 or EDDY_ENOMEM, raised. */
int eddy__cookies_store(eddy_cookies *cookies, const eddy_cookie *cookie, time_t now);
/* Whether everybody may register names below domain: "com", "co.uk". */
bool eddy__is_public_suffix(const char *domain);

#endif

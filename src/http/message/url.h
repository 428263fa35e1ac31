/* url.h - URLs by RFC 3986, taken apart and never rewritten (url.c): what was given is what goes
 * out, byte for byte. */
#ifndef EDDY_HTTP_MESSAGE_URL_H
#define EDDY_HTTP_MESSAGE_URL_H

#include "http/message/field.h"

/* Texts in the arena, ended by zero bytes. Only http, https, ws and wss; user information is taken
 * off (it becomes Basic credentials), a fragment is dropped. */
struct eddy__url {
    const char *scheme;    /* in small letters */
    const char *user;      /* percent-decoded; NULL: none */
    const char *password;  /* NULL: none */
    const char *host;      /* in small letters, without brackets */
    bool is_ipv6;          /* host is an IPv6 address: it has brackets in `authority` */
    int port;              /* 1 to 65535; the scheme's where none was given */
    const char *authority; /* host, and the port where it is not the scheme's: what Host says */
    const char *target;    /* path and query as given; "/" for an empty path */
    bool secure;           /* https or wss */
};

/* Parses a whole URL. EDDY_EINVAL, raised, with what is wrong and the URL (but no password), for
 * what RFC 3986 does not allow: controls, spaces, bytes beyond ASCII, a backslash, two @ in the
 * authority, a bad host, port 0 or above 65535, a host of more than 253 bytes, something behind a
 * ]. Path and query may have what browsers leave in them: " < > [ ] ^ ` { | } and a lone %. The
 * zone of an IPv6 address, "[fe80::1%25eth0]", is in host ("fe80::1%eth0") and not in authority. */
int eddy__url_parse(struct eddy__url *url, const char *text, struct eddy__arena *arena);
/* The URL that reference is, seen from base (RFC 3986 section 5.2): for redirects and .base_url.
 * Spaces and bytes beyond ASCII in it are escaped first, as browsers do it with Location; one with
 * a scheme stays as it is otherwise, dots included. What it gives has not been parsed. NULL,
 * raised. */
char *eddy__url_resolve(const struct eddy__url *base, const char *reference,
                        struct eddy__arena *arena);
/* target with the pairs (NULL: none) added to its query, escaped: "a=b%20%26%20c". NULL, raised. */
char *eddy__url_add_params(const char *target, const eddy_pair *params, struct eddy__arena *arena);
/* The same scheme, host and port: what credentials may be sent to. */
bool eddy__url_same_origin(const struct eddy__url *a, const struct eddy__url *b);

#endif

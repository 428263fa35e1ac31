/* url.h - URLs by RFC 3986, taken apart and never rewritten, and what the references in a page lead
 * to. Requests take URLs as texts and need none of this. */
#ifndef EDDY_HTTP_URL_H
#define EDDY_HTTP_URL_H

#include <eddy/base.h>

EDDY_BEGIN_DECLS

typedef struct eddy_url eddy_url;

/* A whole URL of http, https, ws or wss. NULL with a record: EDDY_EINVAL with the URL, without its
 * password, and what is wrong with it. Does not suspend, and needs no loop. */
EDDY_API eddy_url *eddy_url_open(const char *text);
/* Where a reference leads, such as "../next?page=2", that stands in what base gave (RFC 3986, 5.2).
 * Spaces and bytes beyond ASCII in it are escaped first, as browsers do. It may be a whole URL; one
 * of another scheme, such as mailto:, is EDDY_EINVAL. */
EDDY_API eddy_url *eddy_url_resolve(const eddy_url *base, const char *reference);
/* NULL is fine. */
EDDY_API void eddy_url_close(eddy_url *url);
EDDY_AUTOCLOSE(eddy_url, eddy_url_close)

/* The parts, which live as long as the URL. */
EDDY_API const char *eddy_url_scheme(const eddy_url *url); /* in small letters */
EDDY_API const char *eddy_url_user(const eddy_url *url);   /* percent-decoded, NULL: none */
EDDY_API const char *eddy_url_password(const eddy_url *url);
EDDY_API const char *eddy_url_host(const eddy_url *url); /* in small letters, no [] around it */
EDDY_API int eddy_url_port(const eddy_url *url);         /* the scheme's where none was given */
/* The host, and the port where it is not the scheme's: what the field Host says. */
EDDY_API const char *eddy_url_authority(const eddy_url *url);
/* Path and query as given; "/" for an empty path. */
EDDY_API const char *eddy_url_target(const eddy_url *url);
/* All of it but user information, fragment, and the zone of an address. */
EDDY_API const char *eddy_url_text(const eddy_url *url);

/* Whether both have the same scheme, host and port. */
EDDY_API bool eddy_url_same_origin(const eddy_url *a, const eddy_url *b);

EDDY_END_DECLS

#endif

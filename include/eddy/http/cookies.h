/* cookies.h - cookies as browsers keep them (RFC 6265bis), for the requests of a session or for
 * programs of their own. At most 50 for a domain and 3,000 in all, of 4 KiB each (name and value);
 * when there are more, those go that have been of no use for longest. Public suffixes (".co.uk")
 * are those of libpsl. Of one thread. Only load and save suspend. */
#ifndef EDDY_HTTP_COOKIES_H
#define EDDY_HTTP_COOKIES_H

#include <eddy/base.h>

EDDY_BEGIN_DECLS

typedef struct eddy_cookies eddy_cookies;

typedef struct eddy_cookie {
    const char *name;   /* perhaps empty */
    const char *value;  /* as the server wrote it, quotes included */
    const char *domain; /* in small letters */
    const char *path;
    int64_t expires; /* seconds since 1970; 0: with the session, though save writes it */
    bool host_only;  /* for the host `domain` alone, not for those below it */
    bool secure;     /* for https and wss alone */
    bool http_only;  /* not for scripts: of no meaning here, but kept */
} eddy_cookie;

/* A jar without cookies; NULL with a record when there is no memory. The caller closes it, after
 * the sessions that use it. close takes NULL. */
EDDY_API eddy_cookies *eddy_cookies_open(void);
EDDY_API void eddy_cookies_close(eddy_cookies *cookies);
EDDY_AUTOCLOSE(eddy_cookies, eddy_cookies_close)

/* Takes what the answer to a request for url has said in a field Set-Cookie. 1: the cookie is kept;
 * 0: it is not, since it has expired (then one of its name is gone) or the server may not set it.
 * EDDY_EINVAL for a bad URL, EDDY_ENOMEM. */
EDDY_API int eddy_cookies_set(eddy_cookies *cookies, const char *url, const char *set_cookie);
/* What a request for url says in its field Cookie: "a=1; b=2". *value, which the caller gives to
 * eddy_free, is NULL when there are none. 0, EDDY_EINVAL for a bad URL, EDDY_ENOMEM. */
EDDY_API int eddy_cookies_header(eddy_cookies *cookies, const char *url, char **value);

/* The first cookie (after is NULL), or the one after another; NULL: there are no more. In no order.
 * What it gives is valid until cookies are set, loaded, asked for as a header or cleared. */
EDDY_API const eddy_cookie *eddy_cookies_next(const eddy_cookies *cookies,
                                              const eddy_cookie *after);
/* Drops all of them. */
EDDY_API void eddy_cookies_clear(eddy_cookies *cookies);

/* Adds those of a file in Netscape's format, which curl, wget and browsers' extensions write: lines
 * that make no sense and cookies that have expired are left out. EDDY_ENOENT, EDDY_ELIMIT for more
 * than 16 MiB, … Suspends. */
EDDY_API EDDY_SUSPENDS int eddy_cookies_load(eddy_cookies *cookies, const char *path);
/* Writes all to such a file, which only its owner can read if it is new: as a whole, so that a
 * reader sees the old ones or the new ones. Suspends; what is set meanwhile is not in it. */
EDDY_API EDDY_SUSPENDS int eddy_cookies_save(eddy_cookies *cookies, const char *path);

EDDY_END_DECLS

#endif

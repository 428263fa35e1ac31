/* digest.h - Digest authentication (digest.c; RFC 7616). */
#ifndef EDDY_HTTP_CLIENT_DIGEST_H
#define EDDY_HTTP_CLIENT_DIGEST_H

#include "http/message/arena.h"

/* What a server has asked for, and what was made of it. Begins as {0}; its texts are in the arena
 * that the challenge was given, as they were between their quotes. */
struct eddy__digest {
    const char *realm, *nonce;
    const char *opaque;    /* NULL: none */
    const char *algorithm; /* one of digest.c's */
    bool says_algorithm;   /* the server named it */
    bool auth;             /* qop=auth; else as in RFC 2069 */
    bool hash_user;        /* userhash=true */
    bool stale;            /* the nonce was too old, so that a password may be right */
    unsigned count;        /* requests that have used the nonce */
    char cnonce[64];       /* the client's nonce for it; "": none so far */
};

/* Takes the Digest challenge of a field WWW-Authenticate or Proxy-Authenticate, which may have
 * others beside it; of several the first with SHA-256, else the first. 1; 0: there is none that can
 * be answered, for want of a realm or nonce, or because of another algorithm or qop, and *digest
 * stays; EDDY_ENOMEM, raised. */
int eddy__digest_challenge(struct eddy__digest *digest, const char *text,
                           struct eddy__arena *arena);

struct eddy__digest_request {
    const char *method, *target, *user, *password;
};

/* The value of Authorization for the next request with that nonce, which counts it. NULL, raised:
 * EDDY_EINVAL for a user with control characters, EDDY_ENOTSUP for a hash that OpenSSL is not to
 * use here, EDDY_ENOMEM. */
char *eddy__digest_answer(struct eddy__digest *digest, const struct eddy__digest_request *request,
                          struct eddy__arena *arena);

#endif

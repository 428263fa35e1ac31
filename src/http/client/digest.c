/* digest.c - Digest authentication: a challenge is read, and answered. */
/* pkg-config: openssl */
#include "http/client/digest.h"

#include "http/message/token.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

/* Those that can be answered; their names are compared as pointers from then on. */
static const char *const algorithms[] = {"MD5", "MD5-sess", "SHA-256", "SHA-256-sess"};

static bool is_sha(const char *algorithm)
{
    return algorithm[0] == 'S';
}

static bool is_session(const char *algorithm)
{
    return strchr(algorithm, 's') != NULL;
}

/* ---- the challenge ---- */

static const char *find_algorithm(const char *name)
{
    for (size_t i = 0; i < count_of(algorithms); i++)
        if (eddy__same_word(name, algorithms[i]))
            return algorithms[i];
    return NULL;
}

/* Whether a list with commas has "auth". */
static bool offers_auth(const char *list)
{
    while (*list) {
        list += strspn(list, ", \t");
        size_t size = strcspn(list, ", \t");

        if (size == 4 && eddy__same_words(list, "auth", 4))
            return true;
        list += size;
    }
    return false;
}

/* A challenge of the scheme Digest while it is read. */
struct challenge {
    struct eddy__digest digest;
    bool other_qop; /* it wants one that is not known here */
    bool is_digest; /* it is not of another scheme */
};

static void take_parameter(struct challenge *c, const char *name, size_t size, const char *value)
{
    struct eddy__digest *d = &c->digest;
    const struct {
        const char *name;
        const char **text;
    } texts[] = {{"realm", &d->realm}, {"nonce", &d->nonce}, {"opaque", &d->opaque}};

    for (size_t i = 0; i < count_of(texts); i++)
        if (strlen(texts[i].name) == size && eddy__same_words(name, texts[i].name, size))
            *texts[i].text = value;
    if (size == 3 && eddy__same_words(name, "qop", size)) {
        d->auth = offers_auth(value);
        c->other_qop = !d->auth;
    } else if (size == 5 && eddy__same_words(name, "stale", size)) {
        d->stale = eddy__same_word(value, "true");
    } else if (size == 8 && eddy__same_words(name, "userhash", size)) {
        d->hash_user = eddy__same_word(value, "true");
    } else if (size == 9 && eddy__same_words(name, "algorithm", size)) {
        d->algorithm = find_algorithm(value);
        d->says_algorithm = true;
    }
}

/* The value of a parameter, as it is between its quotes if it has any; *text goes behind it. "" for
 * what could not stand between quotes again: a quotation mark in it, or one that is not closed. */
static char *take_value(const char **text, struct eddy__arena *arena)
{
    bool quoted = **text == '"';
    const char *start = *text + quoted, *end = start;

    if (!quoted)
        end += strcspn(end, ", \t");
    while (quoted && *end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    size_t size = (size_t)(end - start);
    bool good = quoted ? *end == '"' : eddy__all_are(start, size, EDDY__CHAR_TOKEN);
    *text = quoted && *end ? end + 1 : end;
    return eddy__arena_copy(arena, start, good ? size : 0);
}

/* A challenge has ended: it becomes *best when it can be answered and is better. */
static bool choose(const struct challenge *c, struct eddy__digest *best, bool found)
{
    const struct eddy__digest *d = &c->digest;

    if (!c->is_digest || c->other_qop || !d->realm || !d->nonce || !d->algorithm ||
        (found && (is_sha(best->algorithm) || !is_sha(d->algorithm))))
        return found;
    *best = *d;
    return true;
}

int eddy__digest_challenge(struct eddy__digest *digest, const char *text, struct eddy__arena *arena)
{
    struct challenge c = {0};
    struct eddy__digest best;
    bool found = false;

    for (;;) {
        text += strspn(text, ", \t");
        const char *name = text;
        size_t size = strcspn(text, ",= \t");
        if (*text == '\0')
            break;
        text += size;
        text += strspn(text, " \t");
        if (*text == '=') {
            text++;
            text += strspn(text, " \t");
            take_parameter(&c, name, size, eddy__try(take_value(&text, arena)));
            continue;
        }
        found = choose(&c, &best, found);
        c = (struct challenge){.is_digest = size == 6 && eddy__same_words(name, "Digest", 6)};
        c.digest.algorithm = algorithms[0];
    }
    found = choose(&c, &best, found);
    if (found)
        *digest = best;
    return found;
}

/* ---- the answer ---- */

enum { HASH_TEXT = 2 * 32 + 1 };

static void write_hex(char *to, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        to[2 * i] = digits[bytes[i] >> 4];
        to[2 * i + 1] = digits[bytes[i] & 15];
    }
    to[2 * size] = '\0';
}

/* The hash of the parts with colons between them, in hexadecimal digits. */
static int hash_parts(char hash[HASH_TEXT], const char *algorithm, const char *const *parts)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context &&
                EVP_DigestInit_ex(context, is_sha(algorithm) ? EVP_sha256() : EVP_md5(), NULL) == 1;

    for (size_t i = 0; good && parts[i]; i++)
        good = (i == 0 || EVP_DigestUpdate(context, ":", 1) == 1) &&
               EVP_DigestUpdate(context, parts[i], strlen(parts[i])) == 1;
    good = good && EVP_DigestFinal_ex(context, bytes, &size) == 1;
    EVP_MD_CTX_free(context);
    if (!good)
        return eddy__raise(EDDY_ENOTSUP, "OpenSSL does not make a hash of %s here", algorithm);
    write_hex(hash, bytes, size);
    return 0;
}

#define hash_of(hash, algorithm, ...)                                                              \
    hash_parts((hash), (algorithm), (const char *const[]){__VA_ARGS__, NULL})

/* The proof that the password is known. */
static int make_response(char response[HASH_TEXT], const struct eddy__digest *d,
                         const struct eddy__digest_request *r, const char *count)
{
    char secret[HASH_TEXT], request[HASH_TEXT];

    eddy__try(hash_of(secret, d->algorithm, r->user, d->realm, r->password));
    if (is_session(d->algorithm))
        eddy__try(hash_of(secret, d->algorithm, secret, d->nonce, d->cnonce));
    eddy__try(hash_of(request, d->algorithm, r->method, r->target));
    if (d->auth)
        return hash_of(response, d->algorithm, secret, d->nonce, count, d->cnonce, "auth", request);
    return hash_of(response, d->algorithm, secret, d->nonce, request);
}

/* text for a place between quotes. */
static char *quote_text(const char *text, struct eddy__arena *arena)
{
    char *quoted = eddy__arena_alloc(arena, 2 * strlen(text) + 1), *to = quoted;

    for (; quoted && *text; text++) {
        if (*text == '"' || *text == '\\')
            *to++ = '\\';
        *to++ = *text;
    }
    if (quoted)
        *to = '\0';
    return quoted;
}

static int make_cnonce(struct eddy__digest *d)
{
    unsigned char bytes[16];

    if (d->cnonce[0])
        return 0;
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return eddy__raise(EDDY_EIO, "OpenSSL has no random numbers");
    write_hex(d->cnonce, bytes, sizeof bytes);
    return 0;
}

static int write_answer(struct eddy__digest *d, const struct eddy__digest_request *r,
                        struct eddy__arena *arena, char **answer)
{
    char response[HASH_TEXT], user_hash[HASH_TEXT], count[9];
    const char *user = r->user;

    if (*user && !eddy__all_are(user, strlen(user), EDDY__CHAR_VALUE))
        return eddy__raise(EDDY_EINVAL, "a control character in the name of a user");
    eddy__try(make_cnonce(d));
    snprintf(count, sizeof count, "%08x", ++d->count);
    eddy__try(make_response(response, d, r, count));
    if (d->hash_user)
        eddy__try(hash_of(user_hash, d->algorithm, r->user, d->realm));
    user = d->hash_user ? user_hash : eddy__try(quote_text(r->user, arena));
    const char *target = eddy__try(quote_text(r->target, arena));
    const char *opaque =
        !d->opaque ? "" : eddy__try(eddy__arena_printf(arena, ", opaque=\"%s\"", d->opaque));
    const char *qop = !d->auth ? ""
                               : eddy__try(eddy__arena_printf(
                                     arena, ", qop=auth, nc=%s, cnonce=\"%s\"", count, d->cnonce));
    *answer = eddy__try(eddy__arena_printf(
        arena,
        "Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", response=\"%s\"%s%s%s%s%s",
        user, d->realm, d->nonce, target, response, d->says_algorithm ? ", algorithm=" : "",
        d->says_algorithm ? d->algorithm : "", opaque, qop, d->hash_user ? ", userhash=true" : ""));
    return 0;
}

char *eddy__digest_answer(struct eddy__digest *digest, const struct eddy__digest_request *request,
                          struct eddy__arena *arena)
{
    char *answer = NULL;

    return write_answer(digest, request, arena, &answer) < 0 ? NULL : answer;
}

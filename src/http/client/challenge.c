/* challenge.c - what servers have asked for by Digest, which a session keeps: later requests answer
 * it at once, and count themselves (nc). */
#include "http/client/client.h"

enum { KEPT_MAX = 64 };

/* That of one origin. */
struct challenge_kept {
    struct list in_session;   /* the one used last at the end */
    struct eddy__arena arena; /* of key and texts */
    const char *key;          /* "scheme://authority" */
    struct eddy__digest digest;
};

static struct challenge_kept *challenge_find(struct eddy__call *call)
{
    const struct eddy__url *url = &call->url;
    size_t n = strlen(url->scheme);

    list_each(node, &call->http->challenges) {
        struct challenge_kept *kept = container_of(node, struct challenge_kept, in_session);

        if (strncmp(kept->key, url->scheme, n) == 0 && strncmp(kept->key + n, "://", 3) == 0 &&
            strcmp(kept->key + n + 3, url->authority) == 0)
            return kept;
    }
    return NULL;
}

static void challenge_drop(eddy_http *http, struct challenge_kept *kept)
{
    list_remove(&kept->in_session);
    http->challenge_count--;
    eddy__arena_free(&kept->arena);
    eddy_free(kept);
}

void eddy__challenges_free(eddy_http *http)
{
    while (!list_empty(&http->challenges))
        challenge_drop(http,
                       container_of(http->challenges.next, struct challenge_kept, in_session));
}

struct eddy__digest *eddy__challenge_of(struct eddy__call *call)
{
    struct challenge_kept *kept = challenge_find(call);

    if (!kept)
        return NULL;
    list_remove(&kept->in_session);
    list_add_tail(&call->http->challenges, &kept->in_session);
    return &kept->digest;
}

/* Makes *text a copy in the memory of what is kept. */
static int challenge_copy(struct challenge_kept *kept, const char **text)
{
    if (*text)
        *text = eddy__try(eddy__arena_copy(&kept->arena, *text, strlen(*text)));
    return 0;
}

static int challenge_fill(struct challenge_kept *kept, struct eddy__call *call)
{
    struct eddy__digest *d = &kept->digest;

    kept->key = eddy__try(
        eddy__arena_printf(&kept->arena, "%s://%s", call->url.scheme, call->url.authority));
    eddy__try(challenge_copy(kept, &d->realm));
    eddy__try(challenge_copy(kept, &d->nonce));
    return challenge_copy(kept, &d->opaque);
}

static struct challenge_kept *challenge_new(struct eddy__call *call,
                                            const struct eddy__digest *digest)
{
    struct challenge_kept *kept = eddy_alloc_zero(sizeof *kept);

    if (!kept) {
        eddy__raise(EDDY_ENOMEM, "no memory for a challenge");
        return NULL;
    }
    kept->digest = *digest;
    if (challenge_fill(kept, call) < 0) {
        eddy__arena_free(&kept->arena);
        eddy_free(kept);
        return NULL;
    }
    return kept;
}

int eddy__challenge_keep(struct eddy__call *call, const struct eddy__digest *digest)
{
    eddy_http *http = call->http;
    struct challenge_kept *before = challenge_find(call);

    if (before && strcmp(before->digest.nonce, digest->nonce) == 0 &&
        strcmp(before->digest.realm, digest->realm) == 0)
        return 0; /* and is counted on */
    struct challenge_kept *kept = eddy__try(challenge_new(call, digest));
    if (before)
        challenge_drop(http, before);
    list_add_tail(&http->challenges, &kept->in_session);
    if (++http->challenge_count > KEPT_MAX)
        challenge_drop(http,
                       container_of(http->challenges.next, struct challenge_kept, in_session));
    return 0;
}

/* url_public.c - URLs for programs: parts with a memory of their own. */
#include "http/message/url.h"

#include "http/message/arena.h"
#include <eddy/http/url.h>
#include <eddy/memory.h>

struct eddy_url {
    struct eddy__arena arena;
    struct eddy__url parts;
    const char *text;
};

/* Parses text, or where text leads as seen from base. */
static int url_fill(eddy_url *url, const eddy_url *base, const char *text)
{
    const struct eddy__url *parts = &url->parts;

    if (base)
        text = eddy__try(eddy__url_resolve(&base->parts, text, &url->arena));
    eddy__try(eddy__url_parse(&url->parts, text, &url->arena));
    url->text = eddy__try(eddy__arena_printf(&url->arena, "%s://%s%s", parts->scheme,
                                             parts->authority, parts->target));
    return 0;
}

static eddy_url *url_new(const eddy_url *base, const char *text)
{
    eddy_url *url = text ? eddy_alloc_zero(sizeof *url) : NULL;

    if (!url) {
        eddy__raise(text ? EDDY_ENOMEM : EDDY_EINVAL, text ? "no memory for a URL" : "no URL");
        return NULL;
    }
    if (url_fill(url, base, text) < 0) {
        eddy_url_close(url);
        return NULL;
    }
    return url;
}

eddy_url *eddy_url_open(const char *text)
{
    return url_new(NULL, text);
}

eddy_url *eddy_url_resolve(const eddy_url *base, const char *reference)
{
    return url_new(base, reference);
}

void eddy_url_close(eddy_url *url)
{
    if (!url)
        return;
    eddy__arena_free(&url->arena);
    eddy_free(url);
}

const char *eddy_url_scheme(const eddy_url *url)
{
    return url->parts.scheme;
}

const char *eddy_url_user(const eddy_url *url)
{
    return url->parts.user;
}

const char *eddy_url_password(const eddy_url *url)
{
    return url->parts.password;
}

const char *eddy_url_host(const eddy_url *url)
{
    return url->parts.host;
}

int eddy_url_port(const eddy_url *url)
{
    return url->parts.port;
}

const char *eddy_url_authority(const eddy_url *url)
{
    return url->parts.authority;
}

const char *eddy_url_target(const eddy_url *url)
{
    return url->parts.target;
}

const char *eddy_url_text(const eddy_url *url)
{
    return url->text;
}

bool eddy_url_same_origin(const eddy_url *a, const eddy_url *b)
{
    return eddy__url_same_origin(&a->parts, &b->parts);
}

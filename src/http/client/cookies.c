/* cookies.c - a jar of cookies: which are kept, and which a request gets (RFC 6265bis sections 5.7
 * and 5.8). */
/* pkg-config: libpsl */
#include "http/client/cookies.h"

#include "http/message/encode.h"
#include "http/message/token.h"

#include <eddy/memory.h>
#include <libpsl.h>

/* One that is kept, with its texts behind it. */
struct kept_cookie {
    eddy_cookie public;
    unsigned at;      /* where it is in the list */
    uint64_t created; /* numbers of a counter, which give an order */
    uint64_t used;
    char texts[];
};

struct eddy_cookies {
    struct kept_cookie **list;
    unsigned count, capacity;
    uint64_t clock; /* the counter */
};

/* ---- the list ---- */

eddy_cookies *eddy_cookies_open(void)
{
    eddy_cookies *cookies = eddy_alloc_zero(sizeof *cookies);

    if (!cookies)
        eddy__raise(EDDY_ENOMEM, "no memory for cookies");
    return cookies;
}

void eddy_cookies_clear(eddy_cookies *cookies)
{
    for (unsigned i = 0; i < cookies->count; i++)
        eddy_free(cookies->list[i]);
    cookies->count = 0;
}

void eddy_cookies_close(eddy_cookies *cookies)
{
    if (!cookies)
        return;
    eddy_cookies_clear(cookies);
    eddy_free(cookies->list);
    eddy_free(cookies);
}

const eddy_cookie *eddy_cookies_next(const eddy_cookies *cookies, const eddy_cookie *after)
{
    const struct kept_cookie *cookie = (const void *)after; /* of which it is the first member */
    unsigned next = cookie ? cookie->at + 1 : 0;

    return next < cookies->count ? &cookies->list[next]->public : NULL;
}

static void put_at(eddy_cookies *cookies, unsigned at, struct kept_cookie *cookie)
{
    cookies->list[at] = cookie;
    cookie->at = at;
}

static void drop_cookie(eddy_cookies *cookies, struct kept_cookie *cookie)
{
    put_at(cookies, cookie->at, cookies->list[--cookies->count]);
    eddy_free(cookie);
}

static bool has_expired(const struct kept_cookie *cookie, time_t now)
{
    return cookie->public.expires && cookie->public.expires <= now;
}

static struct kept_cookie *find_same(const eddy_cookies *cookies, const eddy_cookie *cookie)
{
    for (unsigned i = 0; i < cookies->count; i++) {
        const eddy_cookie *other = &cookies->list[i]->public;

        if (strcmp(other->name, cookie->name) == 0 && strcmp(other->domain, cookie->domain) == 0 &&
            strcmp(other->path, cookie->path) == 0 && other->host_only == cookie->host_only)
            return cookies->list[i];
    }
    return NULL;
}

/* Whether a is the one to go rather than b: expired, then not secure, then longer without use. */
static bool goes_first(const struct kept_cookie *a, const struct kept_cookie *b, time_t now)
{
    if (has_expired(a, now) != has_expired(b, now))
        return has_expired(a, now);
    if (a->public.secure != b->public.secure)
        return !a->public.secure;
    return a->used < b->used;
}

/* Drops one of those of domain (NULL: of all) when there are `most` or more. */
static void keep_below(eddy_cookies *cookies, const char *domain, unsigned most, time_t now)
{
    struct kept_cookie *victim = NULL;
    unsigned count = 0;

    for (unsigned i = 0; i < cookies->count; i++) {
        struct kept_cookie *cookie = cookies->list[i];

        if (domain && strcmp(cookie->public.domain, domain) != 0)
            continue;
        count++;
        if (!victim || goes_first(cookie, victim, now))
            victim = cookie;
    }
    if (count >= most)
        drop_cookie(cookies, victim);
}

static char *copy_behind(char **to, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memcpy(*to, text, size);

    *to += size;
    return copy;
}

static struct kept_cookie *copy_cookie(const eddy_cookie *cookie)
{
    size_t size = strlen(cookie->name) + strlen(cookie->value) + strlen(cookie->domain) +
                  strlen(cookie->path) + 4;
    struct kept_cookie *copy = eddy_alloc(sizeof *copy + size);

    if (!copy)
        return NULL;
    char *to = copy->texts;
    copy->public = *cookie;
    copy->public.name = copy_behind(&to, cookie->name);
    copy->public.value = copy_behind(&to, cookie->value);
    copy->public.domain = copy_behind(&to, cookie->domain);
    copy->public.path = copy_behind(&to, cookie->path);
    return copy;
}

static bool reserve_one(eddy_cookies *cookies)
{
    if (cookies->count < cookies->capacity)
        return true;
    unsigned capacity = cookies->capacity ? 2 * cookies->capacity : 16;
    struct kept_cookie **list = eddy_realloc(cookies->list, capacity * sizeof(*list));

    if (!list)
        return false;
    cookies->list = list;
    cookies->capacity = capacity;
    return true;
}

int eddy__cookies_store(eddy_cookies *cookies, const eddy_cookie *cookie, time_t now)
{
    struct kept_cookie *old = find_same(cookies, cookie);

    if (cookie->expires && cookie->expires <= now) {
        if (old)
            drop_cookie(cookies, old);
        return 0;
    }
    struct kept_cookie *copy = reserve_one(cookies) ? copy_cookie(cookie) : NULL;
    if (!copy)
        return eddy__raise(EDDY_ENOMEM, "no memory for a cookie");
    copy->used = ++cookies->clock;
    copy->created = old ? old->created : copy->used;
    if (old) {
        put_at(cookies, old->at, copy);
        eddy_free(old);
        return 1;
    }
    keep_below(cookies, cookie->domain, EDDY__COOKIES_HOST, now);
    keep_below(cookies, NULL, EDDY__COOKIES_ALL, now);
    put_at(cookies, cookies->count++, copy);
    return 1;
}

/* ---- hosts and paths ---- */

bool eddy__is_public_suffix(const char *domain)
{
    const psl_ctx_t *list = psl_builtin();

    return list ? psl_is_public_suffix(list, domain) : !strchr(domain, '.');
}

/* An address has no domains above it. No name's last label begins with a digit. */
static bool is_address(const char *host)
{
    const char *dot = strrchr(host, '.');

    return strchr(host, ':') || eddy__char_is(dot ? dot[1] : host[0], EDDY__CHAR_DIGIT);
}

/* Whether host is domain or below it. */
static bool domain_matches(const char *host, const char *domain)
{
    size_t whole = strlen(host), size = strlen(domain);

    if (strcmp(host, domain) == 0)
        return true;
    return size && size < whole && strcmp(host + whole - size, domain) == 0 &&
           host[whole - size - 1] == '.' && !is_address(host);
}

static bool path_matches(const char *target, const char *path)
{
    size_t whole = strcspn(target, "?"), size = strlen(path);

    return size <= whole && memcmp(target, path, size) == 0 &&
           (size == whole || path[size - 1] == '/' || target[size] == '/');
}

/* The folder of a target: "/a/b" of "/a/b/c?d". */
static const char *default_path(const char *target, struct eddy__arena *arena)
{
    const char *slash = memrchr(target, '/', strcspn(target, "?"));
    size_t size = slash ? (size_t)(slash - target) : 0;

    return eddy__arena_copy(arena, size ? target : "/", size ? size : 1);
}

/* ---- what a server may set ---- */

static bool begins_with(const char *text, const char *prefix)
{
    size_t size = strlen(prefix);

    return strlen(text) >= size && eddy__same_words(text, prefix, size);
}

/* Names that promise something, and values of cookies without a name that look like one. */
static bool keeps_promises(const struct eddy__set_cookie *set, bool host_only)
{
    if (!*set->name)
        return !begins_with(set->value, "__Secure-") && !begins_with(set->value, "__Host-");
    if (begins_with(set->name, "__Secure-"))
        return set->secure;
    if (begins_with(set->name, "__Host-"))
        return set->secure && host_only && set->path && strcmp(set->path, "/") == 0;
    return true;
}

/* Whether it would hide a secure cookie behind one that http has set. */
static bool hides_secure(const eddy_cookies *cookies, const eddy_cookie *cookie)
{
    for (unsigned i = 0; i < cookies->count; i++) {
        const eddy_cookie *other = &cookies->list[i]->public;

        if (other->secure && strcmp(other->name, cookie->name) == 0 &&
            (domain_matches(other->domain, cookie->domain) ||
             domain_matches(cookie->domain, other->domain)) &&
            path_matches(cookie->path, other->path))
            return true;
    }
    return false;
}

/* The domain that the cookie is for; NULL: the server may not set it. */
static const char *choose_domain(const struct eddy__set_cookie *set, const struct eddy__url *url,
                                 bool *host_only)
{
    size_t size = strlen(set->domain);

    *host_only = size == 0;
    if (size == 0)
        return url->host;
    if (!domain_matches(url->host, set->domain) || set->domain[size - 1] == '.')
        return NULL;
    if (is_address(set->domain) || eddy__is_public_suffix(set->domain)) {
        *host_only = true;
        return strcmp(set->domain, url->host) == 0 ? url->host : NULL;
    }
    return set->domain;
}

int eddy__cookies_set(eddy_cookies *cookies, const struct eddy__url *url, const char *set_cookie,
                      time_t now, struct eddy__arena *arena)
{
    struct eddy__set_cookie set;
    bool host_only;

    if (eddy__try(eddy__set_cookie_parse(&set, set_cookie, now, arena)) == 0)
        return 0;
    const char *domain = choose_domain(&set, url, &host_only);
    if (!domain || (set.secure && !url->secure) || !keeps_promises(&set, host_only))
        return 0;
    eddy_cookie cookie = {
        .name = set.name,
        .value = set.value,
        .domain = domain,
        .path = set.path ? set.path : eddy__try(default_path(url->target, arena)),
        .expires = set.expires,
        .host_only = host_only,
        .secure = set.secure,
        .http_only = set.http_only,
    };
    if (!url->secure && hides_secure(cookies, &cookie))
        return 0;
    return eddy__cookies_store(cookies, &cookie, now);
}

/* ---- what a request gets ---- */

static bool is_for(const struct kept_cookie *cookie, const struct eddy__url *url, time_t now)
{
    const eddy_cookie *c = &cookie->public;
    bool host =
        c->host_only ? strcmp(url->host, c->domain) == 0 : domain_matches(url->host, c->domain);

    return host && (url->secure || !c->secure) && path_matches(url->target, c->path) &&
           !has_expired(cookie, now);
}

/* Longer paths first, then those that were set earlier. */
static bool stands_before(const struct kept_cookie *a, const struct kept_cookie *b)
{
    size_t one = strlen(a->public.path), other = strlen(b->public.path);

    return one != other ? one > other : a->created < b->created;
}

/* Those for url in their order, in the arena: how many. */
static int collect_for(eddy_cookies *cookies, const struct eddy__url *url, time_t now,
                       struct eddy__arena *arena, struct kept_cookie ***list)
{
    int count = 0;

    *list = NULL;
    for (unsigned i = 0; i < cookies->count; i++) {
        struct kept_cookie *cookie = cookies->list[i];
        int at = count;

        if (!is_for(cookie, url, now))
            continue;
        if (!*list)
            *list = eddy__try(
                (struct kept_cookie **)eddy__arena_alloc(arena, cookies->count * sizeof **list));
        for (; at > 0 && stands_before(cookie, (*list)[at - 1]); at--)
            (*list)[at] = (*list)[at - 1];
        (*list)[at] = cookie;
        count++;
    }
    return count;
}

int eddy__cookies_header(eddy_cookies *cookies, const struct eddy__url *url, time_t now,
                         struct eddy__arena *arena, const char **value)
{
    struct kept_cookie **list;
    int count = eddy__try(collect_for(cookies, url, now, arena, &list));
    size_t size = 1;

    *value = NULL;
    if (count == 0)
        return 0;
    for (int i = 0; i < count; i++)
        size += strlen(list[i]->public.name) + strlen(list[i]->public.value) + 3;
    char *text = eddy__try((char *)eddy__arena_alloc(arena, size)), *to = text;
    for (int i = 0; i < count; i++) {
        const eddy_cookie *c = &list[i]->public;

        to += snprintf(to, size - (size_t)(to - text), "%s%s%s%s", i ? "; " : "", c->name,
                       *c->name ? "=" : "", c->value);
        list[i]->used = ++cookies->clock;
    }
    *value = text;
    return 0;
}

/* ---- for programs ---- */

int eddy_cookies_set(eddy_cookies *cookies, const char *url, const char *set_cookie)
{
    struct eddy__arena arena = {0};
    struct eddy__url parsed;
    int status = eddy__url_parse(&parsed, url, &arena);

    if (status == 0)
        status = eddy__cookies_set(cookies, &parsed, set_cookie, eddy__wall_time(), &arena);
    eddy__arena_free(&arena);
    return status;
}

int eddy_cookies_header(eddy_cookies *cookies, const char *url, char **value)
{
    struct eddy__arena arena = {0};
    struct eddy__url parsed;
    const char *header = NULL;
    int status = eddy__url_parse(&parsed, url, &arena);

    if (status == 0)
        status = eddy__cookies_header(cookies, &parsed, eddy__wall_time(), &arena, &header);
    *value = header ? eddy_strdup(header) : NULL;
    if (header && !*value)
        status = eddy__raise(EDDY_ENOMEM, "no memory for cookies");
    eddy__arena_free(&arena);
    return status;
}

/* router.c - routers, their groups and routes: a tree of the segments of the patterns, for each
 * host. */
#include "http/server/router.h"

#include <eddy/http_status.h>
#include <eddy/memory.h>
#include <math.h>

struct eddy__owned {
    struct eddy__owned *next;
    void *arg;
    void (*release)(void *arg);
};

/* ---- opening and closing ---- */

eddy_router *eddy_router_open(void)
{
    eddy_router *router = eddy_alloc_zero(sizeof *router);

    if (!router) {
        eddy__raise(EDDY_ENOMEM, "no memory for a router");
        return NULL;
    }
    router->root = router;
    router->prefix = "";
    return router;
}

void eddy_router_close(eddy_router *router)
{
    if (!router || router != router->root)
        return;
    for (struct eddy__owned *owned; (owned = router->owned);) {
        router->owned = owned->next;
        owned->release(owned->arg);
    }
    for (eddy_router *group = router->groups; group; group = group->next)
        eddy_free(group->chain);
    eddy_free(router->chain);
    eddy__arena_free(&router->arena);
    eddy_free(router);
}

int eddy__router_own(eddy_router *router, void *arg, void (*release)(void *arg))
{
    struct eddy__owned *owned = eddy__arena_alloc(&router->root->arena, sizeof *owned);

    if (!owned) {
        release(arg);
        return EDDY_ENOMEM;
    }
    *owned = (struct eddy__owned){router->root->owned, arg, release};
    router->root->owned = owned;
    return 0;
}

/* size bytes, all zero, that live as long as the router. */
static void *router_memory(eddy_router *router, size_t size)
{
    void *p = eddy__arena_alloc(&router->root->arena, size);

    return p ? memset(p, 0, size) : NULL;
}

/* ---- groups and middleware ---- */

static int check_prefix(const char *prefix)
{
    size_t length = prefix ? strlen(prefix) : 0;

    if (!prefix || (length && (prefix[0] != '/' || prefix[length - 1] == '/')))
        return eddy__raise(EDDY_EINVAL,
                           "the prefix of a group is \"\", or begins with a slash and "
                           "does not end in one: \"%s\"",
                           prefix ? prefix : "(null)");
    return 0;
}

static int group_init(eddy_router *group, eddy_router *within, const char *prefix)
{
    struct eddy__arena *arena = &group->root->arena;

    group->prefix = eddy__arena_printf(arena, "%s%s", within->prefix, prefix);
    if (!group->prefix)
        return EDDY_ENOMEM;
    eddy__try(eddy__pattern_parse(&group->place, group->prefix, "/", arena));
    if (!within->links)
        return 0;
    group->chain = eddy_alloc(within->links * sizeof *group->chain);
    if (!group->chain)
        return eddy__raise(EDDY_ENOMEM, "no memory for a group of routes");
    memcpy(group->chain, within->chain, within->links * sizeof *group->chain);
    group->links = within->links;
    return 0;
}

eddy_router *eddy_router_group(eddy_router *router, const char *prefix)
{
    eddy_router *group = check_prefix(prefix) < 0 ? NULL : router_memory(router, sizeof *group);

    if (!group)
        return NULL;
    group->root = router->root;
    group->within = router;
    if (group_init(group, router, prefix) < 0)
        return NULL;
    group->next = group->root->groups;
    group->root->groups = group;
    return group;
}

static bool is_within(const eddy_router *group, const eddy_router *router)
{
    while (group && group != router)
        group = group->within;
    return group != NULL;
}

/* Room for one more link. */
static int chain_reserve(eddy_router *router)
{
    struct eddy__link *chain =
        eddy_realloc(router->chain, (router->links + 1) * sizeof *router->chain);

    if (!chain)
        return eddy__raise(EDDY_ENOMEM, "no memory for middleware");
    router->chain = chain;
    return 0;
}

static void chain_insert(eddy_router *router, unsigned place, struct eddy__link link)
{
    memmove(router->chain + place + 1, router->chain + place,
            (router->links - place) * sizeof *router->chain);
    router->chain[place] = link;
    router->links++;
}

int eddy_router_use_with(eddy_router *router, eddy_http_handler *middleware,
                         const eddy_router_use_opts *opts)
{
    struct eddy__link link = {middleware, opts ? opts->arg : NULL};
    unsigned place = router->links;

    if (!middleware)
        return eddy__raise(EDDY_EINVAL, "middleware is NULL");
    eddy__try(chain_reserve(router));
    for (eddy_router *group = router->root->groups; group; group = group->next)
        if (is_within(group, router))
            eddy__try(chain_reserve(group));
    for (eddy_router *group = router->root->groups; group; group = group->next)
        if (group != router && is_within(group, router))
            chain_insert(group, place, link);
    chain_insert(router, place, link);
    return 0;
}

/* ---- routes ---- */

unsigned eddy__node_place(const struct eddy__node *node, const char *text, bool *there)
{
    unsigned low = 0, high = node->count;

    *there = false;
    while (low < high && !*there) {
        unsigned middle = low + (high - low) / 2;
        int order = strcmp(node->texts[middle]->text, text);

        if (order < 0)
            low = middle + 1;
        else
            high = middle;
        *there = order == 0;
    }
    return high;
}

/* The host's part of the tree; a new one stands before that for any host. */
static struct eddy__host *host_of(eddy_router *root, const char *name)
{
    struct eddy__host **p = &root->hosts;

    while (*p && *(*p)->name && strcmp((*p)->name, name) != 0)
        p = &(*p)->next;
    if (*p && strcmp((*p)->name, name) == 0)
        return *p;
    struct eddy__host *host = router_memory(root, sizeof *host);
    if (!host)
        return NULL;
    host->name = name;
    host->next = *p;
    *p = host;
    return host;
}

static struct eddy__node *node_add(eddy_router *root, struct eddy__node *node, const char *text)
{
    bool there;
    unsigned place = eddy__node_place(node, text, &there);

    if (there)
        return node->texts[place];
    struct eddy__node *child = router_memory(root, sizeof *child);
    /* Doubled when it is full, which it is at each power of two. */
    if (child && (node->count & (node->count - 1)) == 0) {
        size_t room = node->count ? 2 * (size_t)node->count : 1;
        struct eddy__node **texts = router_memory(root, room * sizeof(struct eddy__node *));

        if (!texts)
            return NULL;
        if (node->count)
            memcpy(texts, node->texts, node->count * sizeof(struct eddy__node *));
        node->texts = texts;
    }
    if (!child)
        return NULL;
    child->text = text;
    memmove(node->texts + place + 1, node->texts + place,
            (node->count - place) * sizeof(struct eddy__node *));
    node->texts[place] = child;
    node->count++;
    return child;
}

/* Where pattern ends in the tree; makes the places that are missing. NULL: no memory, raised. */
static struct eddy__route **place_of(eddy_router *root, const struct eddy__pattern *pattern)
{
    struct eddy__host *host = host_of(root, pattern->host);
    struct eddy__node *node = host ? &host->root : NULL;

    for (unsigned i = 0; node && i < pattern->count; i++)
        switch (pattern->segments[i].kind) {
        case EDDY__SEGMENT_EMPTY:
            return &node->empty;
        case EDDY__SEGMENT_REST:
            return &node->rest;
        case EDDY__SEGMENT_SINGLE:
            if (!node->single)
                node->single = router_memory(root, sizeof *node);
            node = node->single;
            break;
        case EDDY__SEGMENT_TEXT:
            node = node_add(root, node, pattern->segments[i].text);
        }
    return node ? &node->end : NULL;
}

static int check_conflicts(const eddy_router *root, const struct eddy__pattern *pattern)
{
    for (const struct eddy__route *other = root->routes; other; other = other->next) {
        int difference = eddy__pattern_compare(pattern, &other->pattern);

        if (difference == 0)
            return eddy__raise(EDDY_EEXIST,
                               "the patterns \"%s\" and \"%s\" match the same requests",
                               other->pattern.text, pattern->text);
        if (difference == (EDDY__PATTERN_WIDER | EDDY__PATTERN_NARROWER))
            return eddy__raise(EDDY_EEXIST,
                               "the patterns \"%s\" and \"%s\" match some of the same "
                               "requests, and neither is the narrower one",
                               other->pattern.text, pattern->text);
    }
    return 0;
}

int eddy_route_with(eddy_router *router, const char *pattern, eddy_http_handler *handler,
                    const eddy_route_opts *opts)
{
    static const eddy_route_opts defaults;
    eddy_router *root = router->root;
    struct eddy__route *route = router_memory(router, sizeof *route);

    opts = opts ? opts : &defaults;
    if (!route)
        return EDDY_ENOMEM;
    if (!pattern || !handler)
        return eddy__raise(EDDY_EINVAL, "a route without %s", pattern ? "handler" : "pattern");
    if (isnan(opts->timeout) || opts->timeout < 0)
        return eddy__raise(EDDY_EINVAL, "the .timeout of \"%s\" is no time", pattern);
    eddy__try(eddy__pattern_parse(&route->pattern, router->prefix, pattern, &root->arena));
    eddy__try(check_conflicts(root, &route->pattern));
    struct eddy__route **place = eddy__try(place_of(root, &route->pattern));
    route->answer = (struct eddy__link){handler, opts->arg};
    route->timeout = opts->timeout;
    route->body_limit = opts->body_limit;
    route->group = router;
    route->beside = *place;
    *place = route;
    route->next = root->routes;
    root->routes = route;
    return 0;
}

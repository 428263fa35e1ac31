/* find.c - looking up who answers a request: down the tree of the router, the narrowest first. No
 * place of the tree is visited twice, so a search takes no longer than a look at all patterns. */
#include "http/server/router.h"

#include "http/message/encode.h"
#include "http/message/token.h"
#include <eddy/http_status.h>

/* A segment of the path. */
struct piece {
    const char *text;  /* decoded */
    const char *start; /* in the path as it came */
};

struct search {
    const char *method;
    struct piece *pieces; /* as far as patterns reach */
    unsigned count;       /* of the path's segments; more than there are pieces: longer than any */
    struct eddy__arena *arena;
    const struct eddy__route *found;
    const struct eddy__route *slashed; /* found with one more slash behind the path */
    const struct eddy__route *other;   /* the first one that matches but for the method */
    struct eddy__fields methods;       /* of all these, as names */
};

/* ---- the path ---- */

static int refuse_path(const char *why)
{
    return eddy__raise(EDDY_HTTP(400), "%s", why);
}

/* A segment without its escapes. NULL, raised. */
static char *decode_segment(const char *text, size_t length, struct eddy__arena *arena)
{
    char *decoded = eddy__percent_decode(text, length, false, arena);

    if (!decoded && eddy_last_status() != EDDY_ENOMEM)
        refuse_path("two hex digits of a character do not follow a % in the path");
    return decoded;
}

/* Cuts a copy of the path at its slashes and decodes each segment. */
static int cut_path(struct search *s, const char *path)
{
    char *text = eddy__arena_copy(s->arena, path + 1, strlen(path + 1));
    const char *start = path + 1;
    bool last = false;

    s->pieces =
        text ? eddy__arena_alloc(s->arena, EDDY__PATTERN_SEGMENTS * sizeof *s->pieces) : NULL;
    if (!s->pieces)
        return EDDY_ENOMEM;
    for (size_t length; !last; text += length + 1, start += length + 1) {
        length = strcspn(text, "/");
        last = !text[length];
        text[length] = '\0';
        const char *decoded = text;
        if (memchr(text, '%', length))
            decoded = eddy__try(decode_segment(text, length, s->arena));
        if (eddy__segment_is_dots(decoded))
            return refuse_path("the path has a segment \".\" or \"..\"");
        if (s->count < EDDY__PATTERN_SEGMENTS)
            s->pieces[s->count] = (struct piece){decoded, start};
        s->count++;
    }
    return 0;
}

/* ---- the tree ---- */

static const struct eddy__route *for_method(const struct eddy__route *routes, const char *method)
{
    const struct eddy__route *any = NULL, *get = NULL;
    bool head = strcmp(method, "HEAD") == 0;

    for (; routes; routes = routes->beside) {
        if (strcmp(routes->pattern.method, method) == 0)
            return routes;
        if (!*routes->pattern.method)
            any = routes;
        else if (head && strcmp(routes->pattern.method, "GET") == 0)
            get = routes;
    }
    return get ? get : any;
}

/* The path ends at these routes: takes the one for the method, or remembers which others there are.
 * 1: found, 0: not. */
static int take_route(struct search *s, const struct eddy__route *routes)
{
    s->found = for_method(routes, s->method);
    if (s->found)
        return 1;
    if (!s->other)
        s->other = routes;
    for (; routes; routes = routes->beside)
        if (!eddy__fields_get(&s->methods, routes->pattern.method))
            eddy__try(eddy__fields_add(&s->methods, s->arena, routes->pattern.method, ""));
    return 0;
}

/* The path ends at node itself. */
static int take_end(struct search *s, const struct eddy__node *node)
{
    int found = take_route(s, node->end);

    if (found == 0 && !s->slashed)
        s->slashed = for_method(node->rest, s->method);
    if (found == 0 && !s->slashed)
        s->slashed = for_method(node->empty, s->method);
    return found;
}

/* Looks at and below node for segments from i on. 1: found, 0: not, or a failure. */
static int search_below(struct search *s, const struct eddy__node *node, unsigned i)
{
    bool there;
    int found = 0;

    if (i == s->count)
        return take_end(s, node);
    const char *text = i < EDDY__PATTERN_SEGMENTS ? s->pieces[i].text : NULL;
    if (text && *text) {
        unsigned place = eddy__node_place(node, text, &there);

        if (there)
            found = search_below(s, node->texts[place], i + 1);
        if (found == 0 && node->single)
            found = search_below(s, node->single, i + 1);
    } else if (text && i + 1 == s->count) {
        found = take_route(s, node->empty);
    }
    return found == 0 ? take_route(s, node->rest) : found;
}

/* Whether name is host without its port. */
static bool is_host(const char *name, const char *host)
{
    const char *end = *host == '[' ? strchr(host, ']') : NULL;
    size_t length = end ? (size_t)(end - host) + 1 : strcspn(host, ":");

    return strlen(name) == length && eddy__same_words(name, host, length);
}

static int search_hosts(struct search *s, const eddy_router *root, const char *host)
{
    for (const struct eddy__host *h = root->hosts; h; h = h->next)
        if (!*h->name || (host && is_host(h->name, host))) {
            int found = search_below(s, &h->root, 0);

            if (found != 0)
                return found;
        }
    return 0;
}

/* ---- the answer ---- */

static int take_params(struct search *s, struct eddy__route_match *match)
{
    const struct eddy__pattern *pattern = &s->found->pattern;

    for (unsigned i = 0; i < pattern->count; i++) {
        const struct eddy__segment *segment = &pattern->segments[i];
        const char *value = s->pieces[i].text;

        if (segment->kind == EDDY__SEGMENT_TEXT || !segment->text)
            continue;
        if (segment->kind == EDDY__SEGMENT_REST && i + 1 < s->count)
            value =
                eddy__try(decode_segment(s->pieces[i].start, strlen(s->pieces[i].start), s->arena));
        eddy__try(eddy__fields_add(&match->params, s->arena, segment->text, value));
    }
    return 0;
}

/* "GET, HEAD, OPTIONS, POST": in order, with those that are answered unasked. */
static char *allow_of(struct search *s)
{
    static const char *const unasked[] = {"OPTIONS", "HEAD"};
    struct eddy__fields *methods = &s->methods;
    char *allow = eddy__arena_printf(s->arena, "%s", "");
    const char *last = "";

    for (unsigned i = 0; i < count_of(unasked); i++)
        if (!eddy__fields_get(methods, unasked[i]) &&
            (i == 0 || eddy__fields_get(methods, "GET")) &&
            eddy__fields_add(methods, s->arena, unasked[i], "") < 0)
            return NULL;
    for (unsigned n = 0; allow && n < methods->count; n++) {
        const char *next = NULL;

        for (unsigned i = 0; i < methods->count; i++)
            if (strcmp(methods->list[i].name, last) > 0 &&
                (!next || strcmp(methods->list[i].name, next) < 0))
                next = methods->list[i].name;
        if (!next)
            break;
        allow = eddy__arena_printf(s->arena, "%s%s%s", allow, *last ? ", " : "", next);
        last = next;
    }
    return allow;
}

/* path with a slash behind it. A browser takes \ for a slash, and a location that begins with two
 * of them for another host. */
static char *slashed_location(const char *path, struct eddy__arena *arena)
{
    size_t length = strlen(path);
    char *location = eddy__arena_alloc(arena, 3 * length + 2), *to = location;

    for (; location && *path; path++)
        if (*path == '\\')
            to = (char *)memcpy(to, "%5C", 3) + 3;
        else
            *to++ = *path;
    if (location)
        memcpy(to, "/", 2);
    return location;
}

static bool lies_in(const struct search *s, const struct eddy__pattern *place)
{
    unsigned i = 0;

    while (i + 1 < place->count && i < s->count &&
           (place->segments[i].kind == EDDY__SEGMENT_TEXT
                ? strcmp(place->segments[i].text, s->pieces[i].text) == 0
                : *s->pieces[i].text))
        i++;
    return i + 1 == place->count;
}

/* The group with the longest prefix that the path lies beneath, or the router. */
static const eddy_router *group_of(const struct search *s, const eddy_router *root)
{
    const eddy_router *found = root;
    unsigned longest = 1;

    for (const eddy_router *group = root->groups; group; group = group->next)
        if (group->place.count > longest && lies_in(s, &group->place)) {
            found = group;
            longest = group->place.count;
        }
    return found;
}

static int answer_without(struct search *s, const eddy_router *root, const char *path,
                          struct eddy__route_match *match)
{
    if (s->slashed) {
        match->status = 307;
        match->location = eddy__try(slashed_location(path, s->arena));
    } else if (s->other) {
        match->status = strcmp(s->method, "OPTIONS") == 0 ? 204 : 405;
        match->allow = eddy__try(allow_of(s));
    } else {
        match->status = 404;
    }
    const eddy_router *group = s->slashed ? s->slashed->group
                               : s->other ? s->other->group
                                          : group_of(s, root);
    match->chain = group->chain;
    match->links = group->links;
    return 0;
}

/* Whether a pattern that ends in a rest was found, which another one with a slash goes before. */
static bool is_wider(const struct search *s)
{
    const struct eddy__pattern *pattern = &s->found->pattern;

    return pattern->segments[pattern->count - 1].kind == EDDY__SEGMENT_REST;
}

int eddy__router_find(const eddy_router *router, const char *method, const char *host,
                      const char *path, struct eddy__arena *arena, struct eddy__route_match *match)
{
    const eddy_router *root = router->root;
    struct search s = {.method = method, .arena = arena};

    *match = (struct eddy__route_match){.chain = root->chain, .links = root->links};
    if (*path != '/') {
        bool asks = strcmp(path, "*") == 0 && strcmp(method, "OPTIONS") == 0;

        match->status = 204;
        match->allow = "GET, HEAD, OPTIONS";
        return asks ? 0 : refuse_path("the target is no path");
    }
    eddy__try(cut_path(&s, path));
    int found = eddy__try(search_hosts(&s, root, host));
    if (!found || (s.slashed && is_wider(&s)))
        return answer_without(&s, root, path, match);
    match->route = s.found;
    match->chain = s.found->group->chain;
    match->links = s.found->group->links;
    return take_params(&s, match);
}

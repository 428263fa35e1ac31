/* random_routes.c - random patterns against a table of all requests: a pattern is the set of those
 * that it matches, so two conflict when their sets meet and neither lies in the other, and the one
 * that answers is the one whose set lies in those of all others. */
#include "random.h"

#include "http/server/router.h"

enum {
    SEGMENTS = 3,
    PATHS_MAX = 100,
    METHODS = 3,
    REQUESTS_MAX = PATHS_MAX * METHODS,
    ROUTES = 40
};

/* "c" and "X" are in no pattern. Paths are longer than patterns, to tell the rest from {name}. */
static const char *const texts[] = {"a", "b", "c"}, *const methods[] = {"GET", "HEAD", "X"};

static char paths[PATHS_MAX][20];
static unsigned path_count;

struct entry {
    char text[60];
    bool matches[REQUESTS_MAX];
};

struct table {
    struct entry entries[ROUTES];
    unsigned count;
};

static void make_paths(const char *start, int depth)
{
    snprintf(paths[path_count++], sizeof paths[0], "%s/", start);
    for (unsigned i = 0; depth && i < count_of(texts); i++) {
        char longer[20];

        snprintf(longer, sizeof longer, "%s/%s", start, texts[i]);
        snprintf(paths[path_count++], sizeof paths[0], "%s", longer);
        make_paths(longer, depth - 1);
    }
}

/* Whether the pattern's path, which has no method, matches: by its text. */
static bool path_matches(const char *pattern, const char *path)
{
    while (*pattern == '/' && *path == '/') {
        size_t p = strcspn(++pattern, "/"), q = strcspn(++path, "/");

        if (!*pattern || strncmp(pattern, "{r...}", 6) == 0)
            return true;
        if (strncmp(pattern, "{$}", 3) == 0)
            return !*path;
        if (pattern[0] == '{' ? q == 0 : p != q || memcmp(pattern, path, p) != 0)
            return false;
        pattern += p;
        path += q;
    }
    return !*pattern && !*path;
}

static bool method_matches(const char *pattern, const char *method)
{
    return !*pattern || strcmp(pattern, method) == 0 ||
           (strcmp(pattern, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void draw(struct random *r, struct entry *entry)
{
    static const char *const verbs[] = {"", "", "GET", "HEAD"};
    static const char *const ends[] = {"", "", "/", "/{$}", "/{r...}"};
    const char *verb = verbs[random_below(r, count_of(verbs))];
    unsigned segments = random_below(r, SEGMENTS);
    char path[40] = "";
    size_t length = 0;

    for (unsigned i = 0; i < segments; i++)
        length += (size_t)(random_percent(r, 40)
                               ? snprintf(path + length, sizeof path - length, "/{x%u}", i)
                               : snprintf(path + length, sizeof path - length, "/%s",
                                          texts[random_below(r, 2)]));
    snprintf(path + length, sizeof path - length, "%s",
             ends[segments ? random_below(r, count_of(ends)) : 2 + random_below(r, 3)]);
    snprintf(entry->text, sizeof entry->text, "%s%s%s", verb, *verb ? " " : "", path);
    for (unsigned i = 0; i < path_count; i++)
        for (unsigned m = 0; m < METHODS; m++)
            entry->matches[i * METHODS + m] =
                method_matches(verb, methods[m]) && path_matches(path, paths[i]);
}

/* How many requests are in a and, with_b, also in b, or not in b. */
static unsigned count_both(const struct entry *a, const struct entry *b, bool with_b)
{
    unsigned n = 0;

    for (unsigned i = 0; i < path_count * METHODS; i++)
        n += a->matches[i] && b->matches[i] == with_b;
    return n;
}

static bool is_inside(const struct entry *a, const struct entry *b)
{
    return count_both(a, b, false) == 0;
}

static bool conflict(const struct entry *a, const struct entry *b)
{
    return count_both(a, b, true) > 0 && is_inside(a, b) == is_inside(b, a);
}

static int answer(eddy_request *request)
{
    return request ? 1 : 0;
}

static void add(struct random *r, struct table *table, eddy_router *router)
{
    struct entry *entry = &table->entries[table->count];
    bool expected = false;

    draw(r, entry);
    for (unsigned i = 0; i < table->count; i++)
        expected = expected || conflict(entry, &table->entries[i]);
    int status = eddy_route(router, entry->text, answer);
    random_note(r, "%s: %d", entry->text, status);
    random_expect(r, status == (expected ? EDDY_EEXIST : 0), "%s: %d", entry->text, status);
    table->count += status == 0;
}

static const struct entry *expected_for(const struct table *table, unsigned request)
{
    const struct entry *best = NULL;

    for (unsigned i = 0; i < table->count; i++) {
        const struct entry *entry = &table->entries[i];

        if (entry->matches[request] && (!best || is_inside(entry, best)))
            best = entry;
    }
    return best;
}

static void look(struct random *r, const struct table *table, eddy_router *router, unsigned request)
{
    const char *path = paths[request / METHODS], *method = methods[request % METHODS];
    const struct entry *expected = expected_for(table, request);
    struct eddy__arena arena = {0};
    struct eddy__route_match match;

    CHECK_OK(eddy__router_find(router, method, NULL, path, &arena, &match));
    const char *got = match.route ? match.route->pattern.text : "none";
    if (match.status == 307) { /* one with a slash: narrower than that, which is no end */
        random_expect(r,
                      !expected || strstr(expected->text, "...}") ||
                          expected->text[strlen(expected->text) - 1] == '/',
                      "%s %s: 307 instead of %s", method, path, expected->text);
    } else {
        random_expect(r, strcmp(got, expected ? expected->text : "none") == 0,
                      "%s %s: %s instead of %s", method, path, got,
                      expected ? expected->text : "none");
    }
    eddy__arena_free(&arena);
}

void random_program(struct random *r)
{
    eddy_router *router = eddy_router_open();
    static struct table table;

    table.count = path_count = 0;
    make_paths("", SEGMENTS);
    while (random_step(r)) {
        if (table.count < ROUTES)
            add(r, &table, router);
        look(r, &table, router, random_below(r, path_count * METHODS));
    }
    for (unsigned i = 0; i < path_count * METHODS; i++)
        look(r, &table, router, i);
    eddy_router_close(router);
}

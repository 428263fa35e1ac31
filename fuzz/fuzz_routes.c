/* fuzz_routes.c - patterns of routes, which are taken or refused with words, and paths: who answers
 * one is held against each pattern alone, and no other that answers, too, is narrower. */
/* pkg-config: eddy-http */
#include "fuzz.h"

#include "http/server/router.h"
#include <eddy/http_status.h>

enum { PATTERNS = 12, TEXT = 200 };

static int handler(eddy_request *request)
{
    return request ? 1 : 0;
}

static void check_match(const struct eddy__route_match *match)
{
    const struct eddy__pattern *pattern = &match->route->pattern;
    unsigned named = 0;

    for (unsigned i = 0; i < pattern->count; i++)
        named += pattern->segments[i].kind != EDDY__SEGMENT_TEXT && pattern->segments[i].text;
    MUST(match->params.count == named);
    for (unsigned i = 0; i < named; i++)
        MUST(match->params.list[i].name && match->params.list[i].value);
}

static void check_answer(const struct eddy__route_match *match)
{
    MUST(match->status == 404 || match->status == 405 || match->status == 204 ||
         match->status == 307);
    MUST((match->allow != NULL) == (match->status == 405 || match->status == 204));
    MUST((match->location != NULL) == (match->status == 307));
    if (match->location)
        MUST(match->location[0] == '/' && !strchr("/\\", match->location[1]));
}

/* What pattern alone makes of it. */
static int find_alone(const char *pattern, const char *method, const char *path,
                      struct eddy__arena *arena, struct eddy__route_match *match)
{
    eddy_auto(eddy_router) *router = eddy_router_open();

    MUST(eddy_route(router, pattern, handler) == 0);
    int status = eddy__router_find(router, method, "h", path, arena, match);
    return status < 0 ? status : match->route != NULL;
}

static void check_path(const eddy_router *router, char patterns[][TEXT], unsigned count,
                       const char *method, const char *path)
{
    struct eddy__arena arena = {0};
    struct eddy__route_match match, alone;
    int status = eddy__router_find(router, method, "h", path, &arena, &match);

    MUST(status == 0 || status == EDDY_HTTP(400));
    if (status == 0 && match.route)
        check_match(&match);
    else if (status == 0)
        check_answer(&match);
    for (unsigned i = 0; i < count; i++) {
        struct eddy__pattern other;
        int r = find_alone(patterns[i], method, path, &arena, &alone);

        MUST(status == 0 ? r >= 0 : r == status);
        if (r <= 0 || match.status == 307)
            continue;
        MUST(match.route != NULL);
        MUST(eddy__pattern_parse(&other, "", patterns[i], &arena) == 0);
        int difference = eddy__pattern_compare(&match.route->pattern, &other);
        MUST(difference == 0 || difference == EDDY__PATTERN_NARROWER);
    }
    eddy__arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    eddy_router *router = eddy_router_open();
    char patterns[PATTERNS][TEXT], method[20], path[TEXT];
    unsigned count = 0;

    for (unsigned n = take_byte(&in) % (PATTERNS + 1); n; n--) {
        int status = eddy_route(router, take_text(&in, patterns[count], TEXT), handler);

        MUST(status == 0 || status == EDDY_EINVAL || status == EDDY_EEXIST);
        MUST(status == 0 || *eddy_error_message(eddy_last_error()));
        count += status == 0;
    }
    for (int i = 0; i < 4; i++) {
        take_text(&in, method, sizeof method);
        check_path(router, patterns, count, method, take_text(&in, path, sizeof path));
    }
    eddy_router_close(router);
    return 0;
}

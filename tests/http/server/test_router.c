/* Who answers a request. */
#include "test.h"

#include "http/server/router.h"
#include <eddy/http_status.h>

/* Handlers that are told apart by their addresses. */
static int first(eddy_request *request)
{
    return request ? 1 : 0;
}
static int second(eddy_request *request)
{
    return request ? 2 : 0;
}
static int third(eddy_request *request)
{
    return request ? 3 : 0;
}

static struct eddy__route_match match;
static struct eddy__arena arena;

static int find(eddy_router *router, const char *method, const char *target)
{
    char host[100] = "";
    const char *path = strchr(target, '/');

    eddy__arena_reset(&arena);
    snprintf(host, sizeof host, "%.*s", (int)(path ? path - target : 0), target);
    return eddy__router_find(router, method, *host ? host : NULL, path ? path : target, &arena,
                             &match);
}

/* The pattern that answers, or the status in its place. */
static const char *found(eddy_router *router, const char *method, const char *target)
{
    static char status[20];

    int r = find(router, method, target);
    if (r < 0 || !match.route) {
        snprintf(status, sizeof status, "%d", r < 0 ? -6000 - r : match.status);
        return status;
    }
    return match.route->pattern.text;
}

static eddy_router *router_of(const char *const *patterns, size_t count)
{
    eddy_router *router = eddy_router_open();

    for (size_t i = 0; i < count; i++)
        CHECK_OK(eddy_route(router, patterns[i], first));
    return router;
}

static void forget(void)
{
    eddy__arena_free(&arena);
}

TEST(http_HR2_the_narrowest_pattern_answers)
{
    /* The last of these and of the cases are net/http's, in its routing_tree_test.go. */
    static const char *const patterns[] = {
        "/",
        "/a",
        "/a/{x}",
        "/a/b/{y}",
        "/{x}/{$}",
        "/a/b/{z...}",
        "/a/b/{$}",
        "POST /a/b/d",
        "/c/{x}/{y}/",
        "h.com/a",
        "h.com/q/",
        "GET /only",
        "HEAD /both",
        "GET /both",
        "/item/{user}",
        "/item/user",
        "/item/{userId}/friends",
        "/item/{x}/{y...}",
    };
    static const struct {
        const char *method, *target, *expected;
    } cases[] = {
        {"GET", "/", "/"},
        {"GET", "/a", "/a"},
        {"GET", "/z/", "/{x}/{$}"},
        {"GET", "/z/y", "/"},
        {"GET", "/z//", "/"},
        {"GET", "/a/b", "/a/{x}"},
        {"GET", "/a/b/c", "/a/b/{y}"},
        {"POST", "/a/b/d", "POST /a/b/d"},
        {"PUT", "/a/b/d", "/a/b/{y}"},
        {"GET", "/a/b/c/d", "/a/b/{z...}"},
        {"GET", "/a/b//", "/a/b/{z...}"},
        {"GET", "/a/b/", "/a/b/{$}"},
        {"GET", "/c/x", "/"},
        {"GET", "/c/x/y/", "/c/{x}/{y}/"},
        {"GET", "/c/x/y/z/w", "/c/{x}/{y}/"},
        {"GET", "h.com/a", "h.com/a"},
        {"GET", "H.COM:8080/a", "h.com/a"},
        {"GET", "h.com/b", "307"},
        {"GET", "i.com/a", "/a"},
        {"GET", "h.com/q/r", "h.com/q/"},
        {"HEAD", "/both", "HEAD /both"},
        {"GET", "/both", "GET /both"},
        {"HEAD", "/only", "GET /only"},
        {"POST", "/only", "307"},
        {"GET", "/item/jba", "/item/{user}"},
        {"GET", "/item/user", "/item/user"},
        {"GET", "/item/jba/17", "/item/{x}/{y...}"},
        {"GET", "/item/jba/friends", "/item/{userId}/friends"},
        {"GET", "/item/jba/17/line2", "/item/{x}/{y...}"},
    };
    eddy_auto(eddy_router) *router = router_of(patterns, count_of(patterns));

    for (size_t i = 0; i < count_of(cases); i++)
        CHECK_STR(found(router, cases[i].method, cases[i].target), cases[i].expected);
    forget();
}

TEST(http_HR2_a_path_longer_than_any_pattern_goes_to_the_rest)
{
    static const char *const patterns[] = {"/{rest...}", "/a/{x}"};
    eddy_auto(eddy_router) *router = router_of(patterns, count_of(patterns));
    char path[2000];

    memset(path, '/', sizeof path);
    for (size_t i = 1; i < sizeof path; i += 2)
        path[i] = 'a';
    path[sizeof path - 1] = '\0';
    CHECK_STR(found(router, "GET", path), "/{rest...}");
    CHECK_STR(eddy_pairs_get(match.params.list, "rest"), path + 1);
    forget();
}

/* Of 1,024 ways, two at each of ten segments, only the last one to be tried ends well. */
TEST(http_HR2_a_search_goes_back_to_where_another_way_is_open)
{
    eddy_auto(eddy_router) *router = eddy_router_open();
    char pattern[100];

    for (unsigned way = 0; way < 1024; way++) {
        size_t length = 0;

        for (unsigned i = 0; i < 10; i++)
            length += (size_t)snprintf(pattern + length, sizeof pattern - length,
                                       way >> i & 1 ? "/{x%u}" : "/a", i);
        snprintf(pattern + length, sizeof pattern - length, "/end%u", way);
        CHECK_OK(eddy_route(router, pattern, first));
    }
    CHECK_STR(found(router, "GET", "/a/a/a/a/a/a/a/a/a/a/end1023"), pattern);
    CHECK_STR(found(router, "GET", "/a/a/a/a/a/a/a/a/a/a/end"), "404");
    forget();
}

TEST(http_HR3_patterns_that_conflict_are_refused_with_both_named)
{
    static const char *const pairs[][2] = {
        {"/a", "/a"},         {"/{x}", "/{y}"},        {"GET /{x}", "/a"},
        {"/a/{x}", "/{y}/b"}, {"HEAD /{x}", "GET /a"}, {"h.com/a/", "h.com/a/{x...}"},
        {"/a/%62", "/a/b"},
    };

    for (size_t i = 0; i < count_of(pairs); i++) {
        eddy_auto(eddy_router) *router = eddy_router_open();

        CHECK_OK(eddy_route(router, pairs[i][0], first));
        CHECK_INT(eddy_route(router, pairs[i][1], second), EDDY_EEXIST);
        const char *message = eddy_error_message(eddy_last_error());
        CHECK(strstr(message, pairs[i][0]) && strstr(message, pairs[i][1]));
    }
}

TEST(http_HR3_a_route_needs_a_handler_and_sound_options)
{
    eddy_auto(eddy_router) *router = eddy_router_open();

    CHECK_INT(eddy_route(router, NULL, first), EDDY_EINVAL);
    CHECK_INT(eddy_route(router, "/", NULL), EDDY_EINVAL);
    CHECK_INT(eddy_route(router, "/", first, .timeout = -1), EDDY_EINVAL);
    CHECK_INT(eddy_route_with(router, "/", first, NULL), 0);
    CHECK_OK(eddy_route(router, "/a", second, .arg = &arena, .timeout = 2, .body_limit = 30));
    CHECK_STR(found(router, "GET", "/a"), "/a");
    CHECK(match.route->answer.handler == second);
    CHECK_PTR(match.route->answer.arg, &arena);
    CHECK(match.route->timeout == 2 && match.route->body_limit == 30);
    forget();
}

TEST(http_HR4_segments_are_decoded_once)
{
    static const char *const patterns[] = {"/a/{x}", "/b/{x}/{rest...}", "/c%2Fd/{x}"};
    static const struct {
        const char *target, *x, *rest;
    } cases[] = {
        {"/a/b%20c", "b c", NULL},         {"/a/b%2Fc", "b/c", NULL},
        {"/a/b%252Fc", "b%2Fc", NULL},     {"/a/b+c", "b+c", NULL},
        {"/%61/%C3%A4", "\xc3\xa4", NULL}, {"/b/%7e/", "~", ""},
        {"/b/x/y%2Fz/", "x", "y/z/"},      {"/b/x//y", "x", "/y"},
        {"/c%2fd/%2F", "/", NULL},
    };
    eddy_auto(eddy_router) *router = router_of(patterns, count_of(patterns));

    for (size_t i = 0; i < count_of(cases); i++) {
        CHECK_OK(find(router, "GET", cases[i].target));
        CHECK_STR(eddy_pairs_get(match.params.list, "x"), cases[i].x);
        if (cases[i].rest)
            CHECK_STR(eddy_pairs_get(match.params.list, "rest"), cases[i].rest);
    }
    CHECK_STR(found(router, "GET", "/a%2Fb"), "404");
    CHECK_STR(found(router, "GET", "/a/"), "404");
    CHECK_STR(found(router, "GET", "/c/d/x"), "404");
    forget();
}

TEST(http_HR4_a_path_that_no_client_sends_is_a_400)
{
    static const char *const bad[] = {
        "/a/%",  "/a/%2", "/a/%g0", "/a/%00",     "/a/b/c/%zz", "/..", "/a/../b",
        "/a/./", "/.",    "/a/%2e", "/a/%2E%2e/", "/a/.%2e",    "*",   "",
    };
    static const char *const patterns[] = {"/{x...}"};
    eddy_auto(eddy_router) *router = router_of(patterns, count_of(patterns));

    for (size_t i = 0; i < count_of(bad); i++)
        CHECK_STR(found(router, "GET", bad[i]), "400");
    CHECK_STR(found(router, "GET", "/a/.b"), "/{x...}");
    CHECK_STR(found(router, "GET", "/a/..."), "/{x...}");
    forget();
}

TEST(http_HR5_another_method_is_a_405_with_those_that_are_allowed)
{
    static const char *const patterns[] = {"POST /a", "GET /a", "PUT /{x}", "h.com/b", "POST /b"};
    eddy_auto(eddy_router) *router = router_of(patterns, count_of(patterns));

    CHECK_STR(found(router, "DELETE", "/a"), "405");
    CHECK_STR(match.allow, "GET, HEAD, OPTIONS, POST, PUT");
    CHECK_STR(found(router, "GET", "/b"), "405");
    CHECK_STR(match.allow, "OPTIONS, POST, PUT");
    CHECK_STR(found(router, "get", "/c"), "405");
    CHECK_STR(match.allow, "OPTIONS, PUT");
    CHECK_STR(found(router, "GET", "h.com/b"), "h.com/b");
    CHECK_STR(found(router, "GET", "/c/d"), "404");
    CHECK_PTR(match.allow, NULL);
    forget();
}

TEST(http_HR5_OPTIONS_is_answered_where_no_route_does)
{
    static const char *const patterns[] = {"POST /a", "OPTIONS /b", "/c"};
    eddy_auto(eddy_router) *router = router_of(patterns, count_of(patterns));

    CHECK_STR(found(router, "OPTIONS", "/a"), "204");
    CHECK_STR(match.allow, "OPTIONS, POST");
    CHECK_STR(found(router, "OPTIONS", "/b"), "OPTIONS /b");
    CHECK_STR(found(router, "OPTIONS", "/c"), "/c");
    CHECK_STR(found(router, "OPTIONS", "/d"), "404");
    CHECK_STR(found(router, "OPTIONS", "*"), "204");
    forget();
}

TEST(http_HR6_a_folder_without_its_slash_is_told_where_it_is)
{
    static const char *const patterns[] = {
        "/", "/tree/", "/p/{y}/", "/both", "/both/", "GET /only/{$}", "/a/{x}", "/a/b/{r...}",
    };
    eddy_auto(eddy_router) *router = router_of(patterns, count_of(patterns));

    CHECK_STR(found(router, "GET", "/tree"), "307");
    CHECK_STR(match.location, "/tree/");
    CHECK_STR(found(router, "GET", "/p/x%20y"), "307");
    CHECK_STR(match.location, "/p/x%20y/");
    CHECK_STR(found(router, "GET", "/both"), "/both");
    CHECK_STR(found(router, "HEAD", "/only"), "307");
    CHECK_STR(found(router, "POST", "/only"), "/");
    CHECK_STR(found(router, "GET", "/a/b"), "/a/{x}");
    CHECK_STR(found(router, "GET", "/other"), "/");
    forget();
}

/* A browser that is sent to //h.com/ or to /\h.com/ asks h.com. */
TEST(http_row_17_a_location_never_names_another_host)
{
    static const char *const patterns[] = {"/{x}/", "/{x}/{y}/"};
    eddy_auto(eddy_router) *router = router_of(patterns, count_of(patterns));

    CHECK_STR(found(router, "GET", "//h.com"), "404");
    CHECK_STR(found(router, "GET", "/\\h.com"), "307");
    CHECK_STR(match.location, "/%5Ch.com/");
    CHECK_STR(found(router, "GET", "/%2Fh.com"), "307");
    CHECK_STR(match.location, "/%2Fh.com/");
    forget();
}

/* Thousands of empty segments are a path as any. */
TEST(http_row_41_a_path_of_slashes)
{
    static const char *const patterns[] = {"/{x}/", "/a/{rest...}", "/a/{x}/b"};
    eddy_auto(eddy_router) *router = router_of(patterns, count_of(patterns));
    static char path[8 << 10] = "/a";

    memset(path + 2, '/', sizeof path - 3);
    CHECK_STR(found(router, "GET", path), "/a/{rest...}");
    CHECK_STR(found(router, "GET", path + 2), "404");
    path[1] = 'b';
    CHECK_STR(found(router, "GET", path), "/{x}/");
    forget();
}

static void check_chain(size_t n, eddy_http_handler *const *expected)
{
    CHECK_INT(match.links, n);
    for (size_t i = 0; i < n; i++)
        CHECK(match.chain[i].handler == expected[i]);
}
#define CHECK_CHAIN(...)                                                                           \
    check_chain(sizeof(eddy_http_handler *[]){__VA_ARGS__} / sizeof(eddy_http_handler *),          \
                (eddy_http_handler *[]){__VA_ARGS__})

TEST(http_HR7_middleware_stands_around_what_is_in_its_router)
{
    eddy_auto(eddy_router) *router = eddy_router_open();
    int arg;

    CHECK_OK(eddy_route(router, "/a", first));
    eddy_router *api = eddy_router_group(router, "/api/{version}");
    CHECK_OK(eddy_router_use(api, second, .arg = &arg));
    eddy_router *inner = eddy_router_group(api, "/inner");
    eddy_router *plain = eddy_router_group(api, "");
    CHECK_OK(eddy_router_use(plain, third));
    CHECK_OK(eddy_route(inner, "GET /b", first));
    CHECK_OK(eddy_route(plain, "POST /c", first));
    CHECK_OK(eddy_route(api, "/", first));
    CHECK_OK(eddy_router_use(router, first)); /* also around those that are there */
    CHECK_OK(eddy_router_use(inner, first));

    CHECK_STR(found(router, "GET", "/a"), "/a");
    CHECK_CHAIN(first);
    CHECK_STR(found(router, "GET", "/api/1/inner/b"), "GET /api/{version}/inner/b");
    CHECK_STR(eddy_pairs_get(match.params.list, "version"), "1");
    CHECK_CHAIN(first, second, first);
    CHECK_PTR(match.chain[1].arg, &arg);
    CHECK_STR(found(router, "POST", "/api/1/c"), "POST /api/{version}/c");
    CHECK_CHAIN(first, second, third);
    CHECK_STR(found(router, "GET", "/api/1/"), "/api/{version}/");
    CHECK_CHAIN(first, second);
    forget();
}

TEST(http_HR7_middleware_sees_that_nothing_matches)
{
    eddy_auto(eddy_router) *router = eddy_router_open();
    eddy_router *api = eddy_router_group(router, "/api");
    eddy_router *deep = eddy_router_group(api, "/{x}/deep");
    eddy_router *other = eddy_router_group(router, "");

    CHECK_OK(eddy_router_use(router, first));
    CHECK_OK(eddy_router_use(api, second));
    CHECK_OK(eddy_router_use(deep, third));
    CHECK_OK(eddy_router_use(other, third));
    CHECK_OK(eddy_route(other, "GET /o", first));
    CHECK_OK(eddy_route(other, "GET /f/", first));
    CHECK_STR(found(router, "GET", "/"), "404");
    CHECK_CHAIN(first);
    CHECK_STR(found(router, "GET", "/apis"), "404");
    CHECK_CHAIN(first);
    CHECK_STR(found(router, "GET", "/api"), "404");
    CHECK_CHAIN(first, second);
    CHECK_STR(found(router, "GET", "/api/x"), "404");
    CHECK_CHAIN(first, second);
    CHECK_STR(found(router, "GET", "/api/x/deep/y"), "404");
    CHECK_CHAIN(first, second, third);
    CHECK_STR(found(router, "OPTIONS", "/o"), "204");
    CHECK_CHAIN(first, third);
    CHECK_STR(found(router, "PUT", "/o"), "405");
    CHECK_CHAIN(first, third);
    CHECK_STR(found(router, "GET", "/f"), "307");
    CHECK_CHAIN(first, third);
    forget();
}

TEST(http_HR7_a_prefix_begins_with_a_slash_and_does_not_end_in_one)
{
    static const char *const bad[] = {NULL, "a", "/", "/a/", "/a//b", "/{x", "/{x...}", "/a/.."};
    eddy_auto(eddy_router) *router = eddy_router_open();

    for (size_t i = 0; i < count_of(bad); i++) {
        CHECK_PTR(eddy_router_group(router, bad[i]), NULL);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    }
    eddy_router *group = eddy_router_group(router, "/{x}");
    CHECK_INT(eddy_route(group, "/{x}", first), EDDY_EINVAL);
    CHECK_INT(eddy_router_use(group, NULL), EDDY_EINVAL);
    eddy_router_close(group); /* goes with its router */
    CHECK_OK(eddy_route(group, "/a", first));
}

static void count_close(void *arg)
{
    ++*(int *)arg;
}

TEST(http_HR7_a_router_closes_what_it_owns)
{
    int closed = 0;
    eddy_router *router = eddy_router_open();

    CHECK_OK(eddy__router_own(router, &closed, count_close));
    CHECK_OK(eddy__router_own(eddy_router_group(router, ""), &closed, count_close));
    CHECK_INT(closed, 0);
    eddy_router_close(router);
    CHECK_INT(closed, 2);
    eddy_router_close(NULL);
}

TORTURE(http_a_router_without_memory)
{
    struct eddy__arena memory = {0};
    struct eddy__route_match m;
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());

    eddy_try(eddy_router_use(router, first));
    eddy_router *group = eddy_try(eddy_router_group(router, "/g"));
    eddy_try(eddy_router_use(group, second));
    eddy_try(eddy_router_use(router, third));
    eddy_try(eddy_route(group, "GET /{x}/{y...}", first));
    eddy_try(eddy_route(router, "h.com/a/b", first));
    for (int i = 0; i < 3; i++) {
        static const char *const paths[] = {"/g/1/2%203/4", "/g/a", "/a/b"};
        int r = eddy__router_find(router, i ? "PUT" : "GET", "h.com", paths[i], &memory, &m);

        if (r < 0) {
            eddy__arena_free(&memory);
            return r;
        }
    }
    eddy__arena_free(&memory);
    return 0;
}

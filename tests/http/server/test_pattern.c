/* The patterns of routes. */
#include "test.h"

#include "http/server/pattern.h"

static int parse(const char *prefix, const char *text)
{
    struct eddy__arena arena = {0};
    struct eddy__pattern pattern;
    int status = eddy__pattern_parse(&pattern, prefix, text, &arena);

    eddy__arena_free(&arena);
    return status;
}

TEST(http_HR1_a_pattern_has_a_method_a_host_and_a_path)
{
    struct eddy__arena arena = {0};
    struct eddy__pattern p;

    CHECK_OK(eddy__pattern_parse(&p, "/api", "GET \t Example.COM/a%2Fb/{id}/{rest...}", &arena));
    CHECK_STR(p.method, "GET");
    CHECK_STR(p.host, "example.com");
    CHECK_STR(p.text, "GET \t Example.COM/api/a%2Fb/{id}/{rest...}");
    CHECK_INT(p.count, 4);
    CHECK_STR(p.segments[0].text, "api");
    CHECK_STR(p.segments[1].text, "a/b");
    CHECK_INT(p.segments[2].kind, EDDY__SEGMENT_SINGLE);
    CHECK_STR(p.segments[2].text, "id");
    CHECK_INT(p.segments[3].kind, EDDY__SEGMENT_REST);
    CHECK_STR(p.segments[3].text, "rest");

    CHECK_OK(eddy__pattern_parse(&p, "", "/", &arena));
    CHECK_STR(p.method, "");
    CHECK_STR(p.host, "");
    CHECK_INT(p.count, 1);
    CHECK_INT(p.segments[0].kind, EDDY__SEGMENT_REST);
    CHECK_PTR(p.segments[0].text, NULL);

    CHECK_OK(eddy__pattern_parse(&p, "", "[::1]/a/{$}", &arena));
    CHECK_STR(p.host, "[::1]");
    CHECK_INT(p.segments[1].kind, EDDY__SEGMENT_EMPTY);
    eddy__arena_free(&arena);
}

TEST(http_HR1_a_bad_pattern_is_refused_with_what_is_wrong)
{
    static const struct {
        const char *pattern, *why;
    } bad[] = {
        {"", "is missing"},
        {"GET", "is missing"},
        {"GET ", "is missing"},
        {"GET example.com", "is missing"},
        {"example.com", "is missing"},
        {"G(T /", "a method"},
        {" /", "a method"},
        {"GET hello/{x}/ a b{", "not a whole segment"},
        {"GET ex ample/", "in the host"},
        {"GET a{b/c", "in the host"},
        {"localhost:80/", "without its port"},
        {"//", "empty"},
        {"/a//b", "empty"},
        {"/{a}b", "whole segment"},
        {"/a{b}", "whole segment"},
        {"/{a}{b}", "whole segment"},
        {"/a}", "whole segment"},
        {"/{a", "whole segment"},
        {"/{}", "name"},
        {"/{...}", "name"},
        {"/{1a}", "name"},
        {"/{a-b}", "name"},
        {"/{-a}", "name"},
        {"/{a..}", "name"},
        {"/{a}/{a}", "same name"},
        {"/{a}/b/{a...}", "same name"},
        {"/{a...}/b", "not at its end"},
        {"/{a...}/", "not at its end"},
        {"/{$}/", "not at its end"},
        {"/{$}/a", "not at its end"},
        {"/a%2", "hex digits"},
        {"/a%zz", "hex digits"},
        {"/a%00", "hex digits"},
        {"/a/../b", "nothing matches"},
        {"/a/%2e", "nothing matches"},
        {"/a?b", "no \"?\""},
    };

    for (size_t i = 0; i < count_of(bad); i++) {
        CHECK_INT(parse("", bad[i].pattern), EDDY_EINVAL);
        const char *message = eddy_error_message(eddy_last_error());
        if (!strstr(message, bad[i].why) || !strstr(message, bad[i].pattern))
            test_fail(__FILE__, __LINE__, "\"%s\": %s", bad[i].pattern, message);
    }
}

TEST(http_HR1_a_pattern_has_at_most_64_segments)
{
    char text[200] = "";

    for (size_t i = 0; i < 64; i++)
        memcpy(text + 2 * i, "/a", 3);
    CHECK_OK(parse("", text));
    CHECK_INT(parse("/b", text), EDDY_EINVAL);
}

/* Go's own cases of net/http's pattern_test.go: what the first is to the second. */
TEST(http_HR2_patterns_are_compared_as_go_does)
{
    enum { SAME, WIDER, NARROWER, OVERLAP, APART };
    static const struct {
        const char *a, *b;
        int expected;
    } cases[] = {
        {"/a", "/a", SAME},
        {"/a", "/b", APART},
        {"/a/{x}", "/a/{y}", SAME},
        {"/{x}", "/a", WIDER},
        {"/{x}", "/{y}", SAME},
        {"/a/{x}", "/b/{x}", APART},
        {"/{x}/a", "/a/{x}", OVERLAP},
        {"/{x}/a", "/{y}/b", APART},
        {"/a/{$}", "/a/{$}", SAME},
        {"/a/{$}", "/b/{$}", APART},
        {"/", "/{$}", WIDER},
        {"/a/", "/a/{$}", WIDER},
        {"/a/", "/a/{x...}", SAME},
        {"/a/{x}", "/a/{$}", APART},
        {"/{x}/", "/a/{$}", WIDER},
        {"/a/", "/{x}/{$}", OVERLAP},
        {"/a/", "/b/{$}", APART},
        {"/", "/a", WIDER},
        {"/", "/a/b/c", WIDER},
        {"/{x...}", "/{y}", WIDER},
        {"/a/", "/a", APART},
        {"/a/", "/a/b", WIDER},
        {"/a/b/", "/{x}/", NARROWER},
        {"/{x}/b/", "/a/", OVERLAP},
        {"/{x}/{y}", "/{x}/a", WIDER},
        {"/a/{x}/b/{y}", "/{x}/c/{y}/b", OVERLAP},
        {"/a/{x}/b/{y}", "/{x}/c/{y...}", OVERLAP},
        {"/a/{z}/{m...}", "/{w}/{x}/b", OVERLAP},
        {"GET /a", "/a", NARROWER},
        {"GET /a", "HEAD /a", WIDER},
        {"HEAD /a", "GET /a", NARROWER},
        {"GET /a", "POST /a", APART},
        {"GET /{x}", "/a", OVERLAP},
        {"HEAD /{x}", "GET /a", OVERLAP},
        {"POST /{x}", "GET /a", APART},
        {"h.com/a", "/{x}", NARROWER},
        {"h.com/{x}", "/a", NARROWER},
        {"h.com/a", "/b", APART},
        {"h.com/a", "i.com/a", APART},
        {"h.com/", "H.com/a", WIDER},
    };
    static const int reversed[] = {SAME, NARROWER, WIDER, OVERLAP, APART};
    struct eddy__arena arena = {0};

    for (size_t i = 0; i < count_of(cases); i++) {
        struct eddy__pattern a, b;

        CHECK_OK(eddy__pattern_parse(&a, "", cases[i].a, &arena));
        CHECK_OK(eddy__pattern_parse(&b, "", cases[i].b, &arena));
        if (eddy__pattern_compare(&a, &b) != cases[i].expected ||
            eddy__pattern_compare(&b, &a) != reversed[cases[i].expected])
            test_fail(__FILE__, __LINE__, "%s and %s: %d, reversed %d", cases[i].a, cases[i].b,
                      eddy__pattern_compare(&a, &b), eddy__pattern_compare(&b, &a));
    }
    eddy__arena_free(&arena);
}

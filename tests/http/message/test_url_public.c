/* test_url_public.c - URLs for programs. */
#include "test.h"
#include <eddy/http/url.h>

TEST(url_public_parts)
{
    eddy_auto(eddy_url) *url = eddy_url_open("HTTPS://ann:se%20cret@Example.COM:8443/a?b#c");

    CHECK(url);
    CHECK_STR(eddy_url_scheme(url), "https");
    CHECK_STR(eddy_url_user(url), "ann");
    CHECK_STR(eddy_url_password(url), "se cret");
    CHECK_STR(eddy_url_host(url), "example.com");
    CHECK_INT(eddy_url_port(url), 8443);
    CHECK_STR(eddy_url_authority(url), "example.com:8443");
    CHECK_STR(eddy_url_target(url), "/a?b");
    CHECK_STR(eddy_url_text(url), "https://example.com:8443/a?b");
}

TEST(url_public_resolves)
{
    static const char *const references[][2] = {
        {"c", "http://host/a/c"},
        {"../x/./y", "http://host/x/y"},
        {"?q=1", "http://host/a/b?q=1"},
        {"/caf\xc3\xa9 1", "http://host/caf%C3%A9%201"},
        {"//other:81/z", "http://other:81/z"},
        {"https://host/", "https://host/"},
    };
    eddy_auto(eddy_url) *base = eddy_url_open("http://u:p@host/a/b");

    for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
        eddy_auto(eddy_url) *to = eddy_url_resolve(base, references[i][0]);

        CHECK(to);
        CHECK_STR(eddy_url_text(to), references[i][1]);
        CHECK_PTR(eddy_url_user(to), NULL);
        CHECK_INT(eddy_url_same_origin(base, to), i < 4);
    }
}

TEST(url_public_refusals)
{
    CHECK_PTR(eddy_url_open("http://u:secret@ho st/"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK(!strstr(eddy_error_message(eddy_last_error()), "secret"));
    CHECK_PTR(eddy_url_open(NULL), NULL);
    eddy_auto(eddy_url) *base = eddy_url_open("http://host/");
    CHECK_PTR(eddy_url_resolve(base, "mailto:ann@example.com"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    eddy_error_clear();
    eddy_url_close(NULL);
}

TEST_PLAIN(url_public_needs_no_loop)
{
    eddy_url *url = eddy_url_open("http://host");

    CHECK_STR(eddy_url_text(url), "http://host/");
    eddy_url_close(url);
    CHECK_PTR(eddy_url_open("x"), NULL);
    eddy_error_clear();
}

TORTURE(url_public_torture)
{
    eddy_auto(eddy_url) *base = eddy_try(eddy_url_open("http://ann:x@host/a/b"));
    eddy_auto(eddy_url) *to = eddy_try(eddy_url_resolve(base, "../c d"));

    CHECK_STR(eddy_url_text(to), "http://host/c%20d");
    return 0;
}

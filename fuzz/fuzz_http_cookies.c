/* fuzz_http_cookies.c - fields Set-Cookie: what a jar keeps it gives back in one line to the URL
 * that has set it, and never to a host that has nothing to do with it. */
/* pkg-config: eddy-http */
#include "fuzz.h"

#include "http/client/cookies.h"

enum { NOW = 1700000000 };

static const char *const urls[] = {"https://www.example.com/a/b", "http://www.example.com/a/b",
                                   "http://a.co.uk/", "http://127.0.0.1/", "https://[::1]/x"};

static void check_cookie(const eddy_cookie *c)
{
    size_t size = strlen(c->name) + strlen(c->value);

    MUST(size > 0 && size <= EDDY__COOKIE_SIZE && c->path[0] == '/' && c->domain[0]);
    MUST(!strpbrk(c->name, "=;\r\n\t") && !strpbrk(c->value, ";\r\n"));
    MUST(!strpbrk(c->path, ";\r\n") && strcmp(c->domain, "com") && strcmp(c->domain, "co.uk"));
    MUST(c->expires == 0 || (c->expires > NOW && c->expires <= NOW + 400 * 86400));
}

static const char *header_of(eddy_cookies *jar, const char *url, struct eddy__arena *arena)
{
    struct eddy__url parsed;
    const char *value;

    MUST(eddy__url_parse(&parsed, url, arena) == 0);
    MUST(eddy__cookies_header(jar, &parsed, NOW, arena, &value) == 0);
    MUST(!value || !strpbrk(value, "\r\n"));
    return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct eddy__arena arena = {0};
    eddy_cookies *jar = eddy_cookies_open();
    char text[600];

    for (unsigned n = 0; in.size && n < 60; n++) {
        struct eddy__url url;
        const char *from = urls[take_byte(&in) % 5];

        MUST(eddy__url_parse(&url, from, &arena) == 0);
        take_text(&in, text, sizeof text);
        int kept = eddy__cookies_set(jar, &url, text, NOW, &arena);
        MUST(kept == 0 || (kept == 1 && eddy_cookies_next(jar, NULL)));
        MUST(!header_of(jar, "https://example.org/a/b", &arena));
        MUST(!header_of(jar, "https://xample.com/a/b", &arena));
        MUST(!header_of(jar, "https://b.co.uk/", &arena));
        header_of(jar, from, &arena);
    }
    for (const eddy_cookie *c = NULL; (c = eddy_cookies_next(jar, c));)
        check_cookie(c);
    eddy_error_clear();
    eddy_cookies_close(jar);
    eddy__arena_free(&arena);
    return 0;
}

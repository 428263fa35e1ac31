/* test_cookies.c - which cookies are kept, and which a request gets. Tests with R in their names
 * are rows of the list of hostile input (R4) and of reports (R5). */
#include "http/client/cookies.h"
#include "test.h"

#include <eddy/memory.h>

enum { NOW = 1700000000 };

static struct eddy__arena arena;
static eddy_cookies *jar;

static int set_at(const char *where, const char *text, time_t now)
{
    struct eddy__url url;

    CHECK_OK(eddy__url_parse(&url, where, &arena));
    return CHECK_OK(eddy__cookies_set(jar, &url, text, now, &arena));
}

static int set(const char *where, const char *text)
{
    return set_at(where, text, NOW);
}

static const char *get_at(const char *where, time_t now)
{
    struct eddy__url url;
    const char *value;

    CHECK_OK(eddy__url_parse(&url, where, &arena));
    CHECK_OK(eddy__cookies_header(jar, &url, now, &arena, &value));
    return value;
}

static const char *get(const char *where)
{
    return get_at(where, NOW);
}

static unsigned count(void)
{
    unsigned n = 0;

    for (const eddy_cookie *c = NULL; (c = eddy_cookies_next(jar, c));)
        n++;
    return n;
}

static void open_jar(void)
{
    jar = eddy_cookies_open();
    CHECK(jar != NULL);
}

static void close_jar(void)
{
    eddy_cookies_close(jar);
    eddy__arena_free(&arena);
}

TEST(cookies_come_back_to_the_host_that_set_them)
{
    open_jar();
    CHECK_INT(set("http://example.com/", "a=1"), 1);
    CHECK_INT(set("http://example.com/", "b=2; HttpOnly"), 1);
    CHECK_STR(get("http://EXAMPLE.com:8080/x?y"), "a=1; b=2");
    CHECK_STR(get("ws://example.com"), "a=1; b=2");
    CHECK_PTR(get("http://www.example.com/"), NULL);
    CHECK_PTR(get("http://other.com/"), NULL);
    CHECK_INT(set("http://example.com/", "a=3"), 1);
    CHECK_STR(get("http://example.com/"), "a=3; b=2");
    CHECK_INT(set("http://example.com/", "a=; Max-Age=0"), 0);
    CHECK_STR(get("http://example.com/"), "b=2");
    eddy_cookies_clear(jar);
    CHECK_PTR(get("http://example.com/"), NULL);
    close_jar();
}

TEST(cookies_R5_11_values_are_as_they_were_written)
{
    open_jar();
    CHECK_INT(set("http://a.com/", "a=\"x,y\""), 1);
    CHECK_INT(set("http://a.com/", "b="), 1);
    CHECK_INT(set("http://a.com/", "c={}"), 1);
    CHECK_INT(set("http://a.com/", "  d \t= %20 e=f \t ; Path=/"), 1);
    CHECK_INT(set("http://a.com/", "\xc3\xa4=\xff"), 1);
    CHECK_INT(set("http://a.com/", "value only"), 1);
    CHECK_INT(set("http://a.com/", "a b=1"), 1);
    CHECK_STR(get("http://a.com/"),
              "a=\"x,y\"; b=; c={}; d=%20 e=f; \xc3\xa4=\xff; value only; a b=1");
    close_jar();
}

TEST(cookies_R5_11_an_odd_one_is_left_out_alone)
{
    static const char *const odd[] = {"",       "=",      " ; Path=/", "a=\x01",
                                      "a=b\nc", "a\tb=c", "a=b\x7f",   "a=b; Path=/\x02"};
    char long_one[5000];

    open_jar();
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        CHECK_INT(set("http://a.com/", odd[i]), 0);
    memset(long_one, 'x', sizeof long_one);
    long_one[1] = '=';
    long_one[4098] = '\0';
    CHECK_INT(set("http://a.com/", long_one), 0);
    long_one[4097] = '\0';
    CHECK_INT(set("http://a.com/", long_one), 1);
    CHECK_INT(count(), 1);
    close_jar();
}

TEST(cookies_of_a_domain_reach_the_hosts_below_it)
{
    open_jar();
    CHECK_INT(set("http://www.example.com/", "a=1; Domain=.Example.COM"), 1);
    CHECK_STR(get("http://example.com/"), "a=1");
    CHECK_STR(get("http://x.y.example.com/"), "a=1");
    CHECK_PTR(get("http://badexample.com/"), NULL);
    CHECK_INT(set("http://www.example.com/", "b=1; Domain=other.com"), 0);
    CHECK_INT(set("http://www.example.com/", "b=1; Domain=x.www.example.com"), 0);
    CHECK_INT(set("http://www.example.com/", "b=1; Domain=example.com."), 0);
    CHECK_INT(set("http://www.example.com/", "b=1; Domain=www.example.com; Domain="), 1);
    CHECK_STR(get("http://x.www.example.com/path"), "a=1");
    CHECK_INT(set("http://127.0.0.1/", "c=1; Domain=127.0.0.1"), 1);
    CHECK_INT(set("http://127.0.0.1/", "c=1; Domain=0.0.1"), 0);
    CHECK_STR(get("http://127.0.0.1/"), "c=1");
    CHECK_INT(set("http://[::1]/", "d=1"), 1);
    CHECK_STR(get("http://[::1]:81/"), "d=1");
    close_jar();
}

TEST(cookies_R4_24_no_public_suffix_whatever_its_letters)
{
    open_jar();
    CHECK_INT(set("http://a.co.uk/", "a=1; Domain=co.uk"), 0);
    CHECK_INT(set("http://a.co.uk/", "a=1; Domain=.Co.Uk"), 0);
    CHECK_INT(set("http://A.CO.UK/", "a=1; Domain=CO.UK"), 0);
    CHECK_INT(set("http://a.com/", "a=1; Domain=com"), 0);
    CHECK_INT(set("http://a.com/", "a=1; Domain=."), 1); /* none */
    CHECK_INT(set("http://x.github.io/", "a=1; Domain=github.io"), 0);
    CHECK_INT(set("http://github.io/", "a=1; Domain=github.io"), 1);
    CHECK_PTR(get("http://x.github.io/"), NULL);
    CHECK_INT(set("http://localhost/", "a=1; Domain=localhost"), 1);
    CHECK_STR(get("http://localhost/"), "a=1");
    CHECK_PTR(get("http://x.localhost/"), NULL);
    close_jar();
}

TEST(cookies_R4_24_a_host_only_one_stays_so)
{
    open_jar();
    CHECK_INT(set("http://example.com/", "a=host"), 1);
    CHECK_INT(set("http://www.example.com/", "a=domain; Domain=example.com"), 1);
    CHECK_STR(get("http://example.com/"), "a=host; a=domain");
    CHECK_STR(get("http://www.example.com/"), "a=domain");
    close_jar();
}

TEST(cookies_R4_24_secure_ones_are_not_overwritten)
{
    open_jar();
    CHECK_INT(set("http://example.com/", "a=1; Secure"), 0);
    CHECK_INT(set("https://example.com/", "a=1; Secure; Domain=example.com; Path=/x"), 1);
    CHECK_STR(get("https://example.com/x"), "a=1");
    CHECK_STR(get("wss://example.com/x"), "a=1");
    CHECK_PTR(get("http://example.com/x"), NULL);
    CHECK_INT(set("http://example.com/", "a=2; Path=/x"), 0);
    CHECK_INT(set("http://www.example.com/", "a=2; Path=/x/y"), 0);
    CHECK_INT(set("http://www.example.com/", "a=2; Path=/x; Domain=example.com; Max-Age=0"), 0);
    CHECK_INT(set("http://example.com/", "a=2; Path=/"), 1);
    CHECK_INT(set("http://example.com/", "b=2; Path=/x"), 1);
    CHECK_STR(get("https://example.com/x"), "a=1; b=2; a=2");
    close_jar();
}

TEST(cookies_R4_24_thousands_are_not_kept)
{
    open_jar();
    for (int i = 0; i < 60; i++)
        CHECK_INT(set("https://example.com/",
                      eddy__arena_printf(&arena, "c%d=1%s", i, i == 3 ? "; Secure" : "")),
                  1);
    CHECK_INT(count(), EDDY__COOKIES_HOST);
    CHECK(strncmp(get("https://example.com/"), "c3=1; c11=1; ", 13) == 0);
    eddy_cookies_clear(jar);
    for (int i = 0; i < EDDY__COOKIES_ALL + 20; i++)
        CHECK_INT(set(eddy__arena_printf(&arena, "http://h%d.com/", i), "a=1"), 1);
    CHECK_INT(count(), EDDY__COOKIES_ALL);
    CHECK_PTR(get("http://h19.com/"), NULL);
    CHECK_STR(get("http://h20.com/"), "a=1");
    CHECK_INT(set("http://new.com/", "a=1"), 1);
    CHECK_STR(get("http://h20.com/"), "a=1"); /* it has been used */
    CHECK_PTR(get("http://h21.com/"), NULL);
    close_jar();
}

TEST(cookies_have_paths)
{
    open_jar();
    CHECK_INT(set("http://a.com/x/y?q=/z", "a=1"), 1); /* for /x */
    CHECK_INT(set("http://a.com/x/y", "b=1; Path=/x/y/"), 1);
    CHECK_INT(set("http://a.com/x", "c=1; Path=relative"), 1); /* for / */
    CHECK_INT(set("http://a.com/x", "d=1; Path=/y"), 1);
    CHECK_STR(get("http://a.com/x"), "a=1; c=1");
    CHECK_STR(get("http://a.com/x/y/z"), "b=1; a=1; c=1");
    CHECK_STR(get("http://a.com/xy"), "c=1");
    CHECK_STR(get("http://a.com/?/x"), "c=1");
    close_jar();
}

TEST(cookies_expire)
{
    open_jar();
    CHECK_INT(set("http://a.com/", "a=1; Max-Age=100; Expires=Thu, 01 Jan 1970 00:00:00 GMT"), 1);
    CHECK_INT(set("http://a.com/", "b=1; Expires=Tue, 14-Nov-2023 22:15:00 GMT"), 1); /* in 100 s */
    CHECK_INT(set("http://a.com/", "c=1; Expires=tomorrow; Max-Age=x"), 1);
    CHECK_INT(set("http://a.com/", "d=1; Max-Age=99999999999999999999"), 1);
    CHECK_INT(set("http://a.com/", "e=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT"), 1);
    CHECK_STR(get_at("http://a.com/", NOW + 99), "a=1; b=1; c=1; d=1; e=1");
    CHECK_STR(get_at("http://a.com/", NOW + 100), "c=1; d=1; e=1");
    CHECK_STR(get_at("http://a.com/", NOW + 399 * 86400), "c=1; d=1; e=1");
    CHECK_STR(get_at("http://a.com/", NOW + 400 * 86400), "c=1");
    CHECK_INT(set("http://a.com/", "d=1; Max-Age=-1"), 0);
    CHECK_INT(set("http://a.com/", "e=1; Expires=Thu, 01-Jan-1970 00:00:00 GMT"), 0);
    CHECK_STR(get("http://a.com/"), "a=1; b=1; c=1");
    close_jar();
}

TEST(cookies_names_keep_what_they_promise)
{
    open_jar();
    CHECK_INT(set("https://a.com/", "__Secure-a=1"), 0);
    CHECK_INT(set("https://a.com/", "__SECURE-a=1; Secure"), 1);
    CHECK_INT(set("https://a.com/", "__Host-a=1; Secure"), 0);
    CHECK_INT(set("https://a.com/", "__Host-a=1; Secure; Path=/; Domain=a.com"), 0);
    CHECK_INT(set("https://a.com/", "__host-a=1; Secure; Path=/x"), 0);
    CHECK_INT(set("https://a.com/", "__Host-a=1; Secure; Path=/"), 1);
    CHECK_INT(set("https://a.com/", "=__Host-b=1"), 0);
    CHECK_INT(set("https://a.com/", "__Host-b"), 0);
    close_jar();
}

TEST(cookies_for_programs)
{
    char *value;

    open_jar();
    CHECK_INT(eddy_cookies_set(jar, "http://a.com/", "a=1; Max-Age=1000"), 1);
    CHECK_INT(eddy_cookies_header(jar, "http://a.com/x", &value), 0);
    CHECK_STR(value, "a=1");
    eddy_free(value);
    CHECK_INT(eddy_cookies_header(jar, "http://b.com/", &value), 0);
    CHECK_PTR(value, NULL);
    CHECK_INT(eddy_cookies_header(jar, "b.com", &value), EDDY_EINVAL);
    CHECK_INT(eddy_cookies_set(jar, "b.com", "a=1"), EDDY_EINVAL);
    eddy_cookies_close(NULL);
    close_jar();
}

TORTURE(cookies_without_memory)
{
    eddy_auto(eddy_cookies) *cookies = eddy_try(eddy_cookies_open());
    char *value;

    for (int i = 0; i < 20; i++) {
        char text[60];

        snprintf(text, sizeof text, "a%d=1; Domain=a.com; Path=/; Max-Age=9", i);
        eddy_try(eddy_cookies_set(cookies, "http://x.a.com/", text));
    }
    eddy_try(eddy_cookies_header(cookies, "http://a.com/", &value));
    eddy_free(value);
    return 0;
}

/* test_url.c - URLs taken apart, and references to others. Tests with R in their names are rows of
 * the list of hostile input and of reports: R4_25 is row 25 of the first. */
#include "http/message/url.h"
#include "test.h"

static struct eddy__arena arena;

static struct eddy__url parse(const char *text)
{
    struct eddy__url url;

    CHECK_OK(eddy__url_parse(&url, text, &arena));
    return url;
}

/* That text is refused, with that in the words for it. */
static void check_refused(const char *text, const char *why)
{
    struct eddy__url url;

    if (eddy__url_parse(&url, text, &arena) != EDDY_EINVAL)
        test_fail(__FILE__, __LINE__, "%s was taken", text);
    if (!strstr(eddy_error_message(eddy_last_error()), why))
        test_fail(__FILE__, __LINE__, "%s: %s", text, eddy_error_message(eddy_last_error()));
    eddy_error_clear();
}

TEST(url_is_taken_apart)
{
    struct eddy__url url = parse("HTTPS://al%20ice:s%3Acret@Example.COM:8443/a/b;c?q=%2F#part");

    CHECK_STR(url.scheme, "https");
    CHECK(url.secure);
    CHECK_STR(url.user, "al ice");
    CHECK_STR(url.password, "s:cret");
    CHECK_STR(url.host, "example.com");
    CHECK(!url.is_ipv6);
    CHECK_INT(url.port, 8443);
    CHECK_STR(url.authority, "example.com:8443");
    CHECK_STR(url.target, "/a/b;c?q=%2F");
    eddy__arena_free(&arena);
}

TEST(url_without_what_may_be_missing)
{
    struct eddy__url url = parse("ws://host");

    CHECK_PTR(url.user, NULL);
    CHECK_PTR(url.password, NULL);
    CHECK_INT(url.port, 80);
    CHECK_STR(url.authority, "host");
    CHECK_STR(url.target, "/");
    CHECK_STR(parse("wss://host?x").target, "/?x");
    CHECK_INT(parse("wss://host?x").port, 443);
    CHECK_STR(parse("http://host#x/y").target, "/");
    CHECK_STR(parse("http://host:/").authority, "host");
    CHECK_STR(parse("https://host:443/").authority, "host");
    CHECK_STR(parse("http://host:443/").authority, "host:443");
    CHECK_STR(parse("http://@host/").user, "");
    CHECK_PTR(parse("http://user@host/").password, NULL);
    CHECK_STR(parse("http://:@host/").password, "");
    CHECK_STR(parse("http://host/a@b:c").host, "host");
    eddy__arena_free(&arena);
}

TEST(url_with_an_IPv6_address)
{
    struct eddy__url url = parse("http://[FE80::1%25eth0]:81/x");

    CHECK(url.is_ipv6);
    CHECK_STR(url.host, "fe80::1%eth0");
    CHECK_STR(url.authority, "[fe80::1]:81");
    url = parse("https://[::1]");
    CHECK_STR(url.host, "::1");
    CHECK_STR(url.authority, "[::1]");
    CHECK_STR(url.target, "/");
    eddy__arena_free(&arena);
}

TEST(url_R4_25_is_read_in_one_way_or_refused)
{
    char *long_host = eddy__arena_printf(&arena, "http://%0300d/", 1);

    check_refused("http://a@b@c/", "two @");
    check_refused("http://good.com\\@evil.com/", "backslash");
    check_refused("http://host/a\\b", "backslash");
    check_refused("http://[::1]x/", "behind ]");
    check_refused("http://[::1", "a host cannot have");
    check_refused("http://[::1%eth0]/", "no IPv6 address");
    check_refused("http://[::1%25]/", "zone");
    check_refused("http://[fe80::1%25interfaces-of-16]/", "zone");
    check_refused("http://[v1.x]/", "no IPv6 address");
    check_refused("http://[127.0.0.1]/", "no IPv6 address");
    check_refused("http://::1/", "no host");
    check_refused("http://1::2/", "no number");
    check_refused("http://host/\r\nX: y", "control");
    check_refused("http://ho\tst/", "control");
    check_refused("http://host/\x7f", "control");
    check_refused("http://host/a b", "space");
    check_refused(" http://host/", "space");
    check_refused("http://host/\xc3\xa4", "ASCII");
    check_refused("http://host:0/", "port");
    check_refused("http://host:65536/", "port");
    check_refused("http://host:8a/", "port");
    check_refused("http://host:+80/", "port");
    check_refused("http://host:80:80/", "port");
    check_refused("http://host:99999999999999999999/", "port");
    check_refused(long_host, "253");
    check_refused("http:///path", "no host");
    check_refused("http://user@/path", "no host");
    check_refused("http://a,b/", "a host cannot have");
    check_refused("http://a%2fb/", "a host cannot have");
    check_refused("http://a b/", "space");
    check_refused("http://a%zz@b/", "two hex digits");
    check_refused("http://a%00@b/", "zero byte");
    check_refused("http://a%0d%0a@b/", "control");
    check_refused("ftp://host/", "scheme");
    check_refused("http:host", "//");
    check_refused("http:/host", "//");
    check_refused("httpx://host", "scheme");
    check_refused("host/path", "begin with");
    check_refused("", "begin with");
    check_refused("javascript:alert(1)", "scheme");
    eddy__arena_free(&arena);
}

TEST(url_that_is_refused_keeps_its_password_to_itself)
{
    static const char *const urls[] = {"http://me:secret@host:0/", "http://me:secret@host\r\n",
                                       "http://me:sec\nret@host/", "me:secret@host//x",
                                       "http://me:secret@secret@host/"};

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct eddy__url url;

        CHECK_INT(eddy__url_parse(&url, urls[i], &arena), EDDY_EINVAL);
        CHECK(!strstr(eddy_error_message(eddy_last_error()), "sec"));
        CHECK(!strpbrk(eddy_error_message(eddy_last_error()), "\r\n"));
    }
    eddy__arena_free(&arena);
}

TEST(url_R5_10_goes_out_byte_for_byte)
{
    static const char *const targets[] = {
        "/a%2Fb",    "/a%20b+c",   "/a;b=c",          "/%7euser/~user",
        "/a/../b/.", "//double//", "/?q=%41&q=A",     "/%",
        "/%zz",      "/?a=b?c/d",  "/\"<>[]^`{|}",    "/?sig=a+b/c==&x='(!*)'",
        "/%e4%F6",   "/?",         "/x?a=http://b/@c"};

    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        char *text = eddy__arena_printf(&arena, "http://host%s#gone", targets[i]);

        CHECK_STR(parse(text).target, targets[i]);
    }
    CHECK_STR(parse("http://127.1/").authority, "127.1");
    CHECK_STR(parse("http://0x7f.1/").authority, "0x7f.1");
    eddy__arena_free(&arena);
}

TEST(url_references_as_RFC_3986_resolves_them)
{
    /* clang-format off */
    static const char *const pairs[][2] = {
        {"g:h", "g:h"}, {"g", "http://a/b/c/g"}, {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"}, {"/g", "http://a/g"}, {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"}, {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"}, {"g#s", "http://a/b/c/g#s"},
        {"g?y#s", "http://a/b/c/g?y#s"}, {";x", "http://a/b/c/;x"}, {"g;x", "http://a/b/c/g;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y#s"}, {"", "http://a/b/c/d;p?q"}, {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"}, {"..", "http://a/b/"}, {"../", "http://a/b/"},
        {"../g", "http://a/b/g"}, {"../..", "http://a/"}, {"../../", "http://a/"},
        {"../../g", "http://a/g"}, {"../../../g", "http://a/g"}, {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"}, {"/../g", "http://a/g"}, {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"}, {"g..", "http://a/b/c/g.."}, {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"}, {"./g/.", "http://a/b/c/g/"}, {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"}, {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {"g;x=1/../y", "http://a/b/c/y"}, {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g?y/../x", "http://a/b/c/g?y/../x"}, {"g#s/./x", "http://a/b/c/g#s/./x"},
        {"http:g", "http:g"},
        /* what RFC 3986 has no examples of */
        {"http://x/a/../b", "http://x/a/../b"}, {"/%2e%2e/g", "http://a/%2e%2e/g"},
        {"/a//../b", "http://a/a/b"}, {"/..//evil", "http://a//evil"},
        {"/\xc3\xa4 b?\xff", "http://a/%C3%A4%20b?%FF"}, {"/%20", "http://a/%20"},
    };
    /* clang-format on */
    struct eddy__url base = parse("http://user:password@a/b/c/d;p?q");

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        CHECK_STR(eddy__url_resolve(&base, pairs[i][0], &arena), pairs[i][1]);
    base = parse("https://[::1]:444?x/y");
    CHECK_STR(eddy__url_resolve(&base, "z", &arena), "https://[::1]:444/z");
    CHECK_STR(eddy__url_resolve(&base, "//b/c", &arena), "https://b/c");
    eddy__arena_free(&arena);
}

TEST(url_takes_parameters)
{
    const eddy_pair *params = eddy_pairs({"a b", "c&d=e"}, {"\xc3\xa4", "~-._/+"}, {"none", NULL});

    CHECK_STR(eddy__url_add_params("/p", params, &arena),
              "/p?a%20b=c%26d%3De&%C3%A4=~-._%2F%2B&none=");
    CHECK_STR(eddy__url_add_params("/?q=%2F", eddy_pairs({"a", "1"}), &arena), "/?q=%2F&a=1");
    CHECK_STR(eddy__url_add_params("/?", eddy_pairs({"a", "1"}), &arena), "/?a=1");
    CHECK_STR(eddy__url_add_params("/?q&", eddy_pairs({"a", "1"}), &arena), "/?q&a=1");
    CHECK_STR(eddy__url_add_params("/p", NULL, &arena), "/p");
    CHECK_STR(eddy__url_add_params("/p?q", eddy_pairs({NULL, NULL}), &arena), "/p?q");
    eddy__arena_free(&arena);
}

TEST(url_origin_is_scheme_host_and_port)
{
    struct eddy__url url = parse("http://a/x"), same = parse("HTTP://u@A:80/y");
    struct eddy__url scheme = parse("https://a:80/"), host = parse("http://b.a/"),
                     port = parse("http://a:81/");

    CHECK(eddy__url_same_origin(&url, &same));
    CHECK(!eddy__url_same_origin(&url, &scheme));
    CHECK(!eddy__url_same_origin(&url, &host));
    CHECK(!eddy__url_same_origin(&url, &port));
    eddy__arena_free(&arena);
}

TORTURE(url_without_memory)
{
    __attribute__((cleanup(eddy__arena_free))) struct eddy__arena memory = {0};
    struct eddy__url url;

    eddy_try(eddy__url_parse(&url, "http://me:pw@[::1]:81?q", &memory));
    eddy_try(eddy__url_resolve(&url, "../x y", &memory));
    eddy_try(eddy__url_add_params(url.target, eddy_pairs({"a", "b c"}), &memory));
    return 0;
}

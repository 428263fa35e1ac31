/* test_cookies_file.c - cookies in files. */
#include "http/client/cookies.h"
#include "test.h"

#include <eddy/file.h>

static eddy_cookies *jar;

static void check_header(const char *url, const char *expected)
{
    char *value;

    CHECK_OK(eddy_cookies_header(jar, url, &value));
    CHECK_STR(value, expected);
    eddy_free(value);
}

/* The path of a new file with that content. */
static char *make_file(const char *text)
{
    char *path;
    eddy_auto(eddy_stream) *file = eddy_temp_file(NULL, &path);

    CHECK(file != NULL);
    CHECK_OK(eddy_write(file, text, strlen(text)));
    return path;
}

TEST(cookies_file_has_all_that_the_jar_has)
{
    char *path = make_file("of no matter");

    jar = eddy_cookies_open();
    CHECK_INT(eddy_cookies_set(jar, "https://www.example.com/x/y",
                               "a=\"1, 2\"; Domain=example.com; Secure; Max-Age=1000"),
              1);
    CHECK_INT(eddy_cookies_set(jar, "http://example.com/", "session=; HttpOnly"), 1);
    CHECK_INT(eddy_cookies_set(jar, "http://[::1]/", "only a value"), 1);
    CHECK_OK(eddy_cookies_save(jar, path));
    eddy_cookies_close(jar);
    jar = eddy_cookies_open();
    CHECK_OK(eddy_cookies_load(jar, path));
    check_header("https://example.com/x", "a=\"1, 2\"; session=");
    check_header("http://example.com/x", "session=");
    check_header("http://www.example.com/x", NULL);
    check_header("http://[::1]/", "only a value");
    for (const eddy_cookie *c = NULL; (c = eddy_cookies_next(jar, c));) {
        CHECK_INT(c->http_only, strcmp(c->name, "session") == 0);
        CHECK_INT(c->expires != 0, strcmp(c->name, "a") == 0);
        CHECK_INT(c->host_only, strcmp(c->name, "a") != 0);
    }
    eddy_cookies_close(jar);
    CHECK_OK(eddy_unlink(path));
    eddy_free(path);
}

TEST(cookies_file_as_curl_writes_it)
{
    char *path = make_file("# Netscape HTTP Cookie File\r\n"
                           "# https://curl.se/docs/http-cookies.html\n\n"
                           ".Example.com\tTRUE\t/\tFALSE\t99999999999\ta\t1\r\n"
                           "#HttpOnly_www.example.com\tFALSE\t/\tFALSE\t0\tb\t2\t3\n"
                           "www.example.com\tFALSE\t/\tFALSE\t0\tc\n"
                           "www.example.com\tFALSE\t/\tFALSE\t1000\texpired\t1\n"
                           "www.example.com\tFALSE\t/\tFALSE\tnever\td\t1\n"
                           "www.example.com\tFALSE\trelative\tFALSE\t0\td\t1\n"
                           "www.example.com\tFALSE\t/\tFALSE\t0\td;\t1\n"
                           "www.example.com\tFALSE\t/\tFALSE\t0\td\t1;2\n"
                           "www.example.com\tFALSE\t/\tFALSE\t0\t\t\n"
                           "www.exa mple.com\tFALSE\t/\tFALSE\t0\td\t1\n"
                           "com\tTRUE\t/\tFALSE\t0\td\t1\n"
                           "too\tfew\n"
                           "www.example.com\tFALSE\t/x\tFALSE\t0\te\t5");

    jar = eddy_cookies_open();
    CHECK_OK(eddy_cookies_load(jar, path));
    check_header("http://www.example.com/x", "e=5; a=1; b=2\t3; c=");
    check_header("http://example.com/", "a=1");
    check_header("http://x.com/", NULL);
    eddy_cookies_close(jar);
    CHECK_OK(eddy_unlink(path));
    eddy_free(path);
}

TEST(cookies_file_that_is_not_there)
{
    jar = eddy_cookies_open();
    CHECK_INT(eddy_cookies_load(jar, "/nonexistent/cookies"), EDDY_ENOENT);
    CHECK_INT(eddy_cookies_save(jar, "/nonexistent/cookies"), EDDY_ENOENT);
    eddy_cookies_close(jar);
}

/* Saves and loads, leaving nothing behind however it ends. */
static int save_and_load(const char *path)
{
    eddy_auto(eddy_cookies) *cookies = eddy_try(eddy_cookies_open());
    eddy_auto(eddy_cookies) *others = eddy_try(eddy_cookies_open());

    eddy_try(eddy_cookies_set(cookies, "http://a.com/", "a=1"));
    eddy_try(eddy_cookies_save(cookies, path));
    eddy_try(eddy_cookies_load(others, path));
    return eddy_cookies_next(others, NULL) ? 0 : EDDY_EIO;
}

SWEEP(cookies_file_cancelled_anywhere)
{
    char *path = NULL;
    eddy_stream *file = eddy_try(eddy_temp_file(NULL, &path));

    eddy_stream_close(file);
    int status = save_and_load(path);
    unlink(path);
    eddy_free(path);
    return status;
}

/* A tab in a path would be the next field of its line. */
TEST(cookies_file_cannot_be_forged_by_a_path)
{
    char *path = make_file("");

    jar = eddy_cookies_open();
    CHECK_INT(eddy_cookies_set(jar, "http://a.test/", "x=1; Path=/\tTRUE\t0\t__Host-id\tevil"), 1);
    CHECK_OK(eddy_cookies_save(jar, path));
    eddy_cookies_clear(jar);
    CHECK_OK(eddy_cookies_load(jar, path));
    check_header("https://a.test/", "x=1");
    eddy_cookies_close(jar);
    CHECK_OK(eddy_unlink(path));
    eddy_free(path);
}

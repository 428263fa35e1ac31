/* Folders behind routes, over connections in memory. */
#include "http/server/talk.h"

#include "fs/folder.h"
#include "http/server/files.h"
#include "http/server/router.h"
#include <eddy/http/cors.h>
#include <eddy/http/files.h>
#include <eddy/http/gzip.h>
#include <fcntl.h>
#include <ftw.h>
#include <utime.h>

/* ---- a folder ---- */

static void add_file(const char *name, const char *text)
{
    plain_write(in_folder(name), text);
}

static void add_large(const char *name, size_t size)
{
    FILE *f = fopen(in_folder(name), "we");

    CHECK(f != NULL);
    for (size_t i = 0; i < size; i++)
        fputc((int)('a' + i % 26), f);
    CHECK_INT(fclose(f), 0);
}

static void site_make(void)
{
    folder_make();
    CHECK_INT(mkdir(in_folder("sub"), 0755), 0);
    CHECK_INT(mkdir(in_folder("empty"), 0755), 0);
    CHECK_INT(mkdir(in_folder(".git"), 0755), 0);
    add_file("index.html", "<p>home");
    add_file("a.txt", "hello");
    add_file("b c.txt", "with a blank");
    add_file(".hidden", "secret");
    add_file(".git/config", "secret");
    add_file("sub/index.html", "<p>sub");
    add_file("sub/x.js", "1");
    add_file("none", "");
    add_large("large.bin", 200000);
    CHECK_INT(mkfifo(in_folder("pipe"), 0644), 0);
    CHECK_INT(symlink("a.txt", in_folder("link")), 0);
    CHECK_INT(symlink("sub", in_folder("sublink")), 0);
    CHECK_INT(symlink("/etc", in_folder("out")), 0);
    CHECK_INT(symlink("/etc/passwd", in_folder("sub/passwd")), 0);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static void site_remove(void)
{
    CHECK_INT(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- requests ---- */

static eddy_http_server *site_server;

static const char *ask(const char *method, const char *path, const char *fields)
{
    char request[4000];

    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: a\r\n%sConnection: close\r\n\r\n",
             method, path, fields);
    return answer_to(site_server, request);
}

static int status_in(const char *answer)
{
    CHECK(strncmp(answer, "HTTP/1.1 ", 9) == 0);
    return (int)strtol(answer + 9, NULL, 10);
}

static int status_at(const char *path)
{
    return status_in(ask("GET", path, ""));
}

static const char *body_at(const char *path, const char *fields)
{
    const char *all = ask("GET", path, fields), *body = strstr(all, "\r\n\r\n");

    CHECK(body != NULL);
    return body + 4;
}

/* The value of a field of an answer; "" for none. */
static const char *field_of(const char *answer, const char *name)
{
    static char value[300];
    char start[60];

    snprintf(start, sizeof start, "\r\n%s: ", name);
    const char *at = strstr(answer, start);
    const char *end = at ? strstr(at + strlen(start), "\r\n") : NULL;
    snprintf(value, sizeof value, "%.*s", end ? (int)(end - at - (long)strlen(start)) : 0,
             end ? at + strlen(start) : "");
    return value;
}

#define SITE(...)                                                                                  \
    site_make();                                                                                   \
    eddy_auto(eddy_router) *router = eddy_router_open();                                           \
    CHECK_OK(eddy_route_files(router, "/s/", folder, __VA_ARGS__));                                \
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);                                     \
    CHECK(server != NULL);                                                                         \
    site_server = server

/* ---- what is served ---- */

TEST(http_HR8_files_are_served_with_types_and_validators)
{
    SITE(.max_age = 60);
    const char *answer = ask("GET", "/s/a.txt?x=1", "");

    CHECK(strncmp(answer, "HTTP/1.1 200 OK\r\n", 17) == 0);
    CHECK_STR(field_of(answer, "Content-Type"), "text/plain; charset=utf-8");
    CHECK_STR(field_of(answer, "Content-Length"), "5");
    CHECK_STR(field_of(answer, "Accept-Ranges"), "bytes");
    CHECK_STR(field_of(answer, "Cache-Control"), "max-age=60");
    CHECK(*field_of(answer, "Last-Modified"));
    CHECK(*field_of(answer, "ETag") == '"');
    CHECK_STR(strstr(answer, "\r\n\r\n") + 4, "hello");
    CHECK_STR(body_at("/s/b%20c.txt", ""), "with a blank");
    CHECK_STR(body_at("/s/none", ""), "");
    answer = ask("HEAD", "/s/a.txt", "");
    CHECK_STR(field_of(answer, "Content-Length"), "5");
    CHECK_STR(strstr(answer, "\r\n\r\n") + 4, "");
    CHECK_INT(status_in(ask("POST", "/s/a.txt", "")), 405);
    site_remove();
}

TEST(http_HR8_a_folder_is_its_index)
{
    SITE(.index = NULL);
    CHECK_STR(body_at("/s/", ""), "<p>home");
    CHECK_STR(body_at("/s/sub/", ""), "<p>sub");
    CHECK_STR(body_at("/s/sub/", ""), "<p>sub");
    CHECK_INT(status_at("/s/empty/"), 404);
    CHECK_STR(field_of(ask("GET", "/s/sub?a=b", ""), "Location"), "./sub/?a=b");
    CHECK_INT(status_at("/s/sub"), 307);
    CHECK_STR(field_of(ask("GET", "/s?a=b", ""), "Location"), "/s/?a=b");
    CHECK_INT(status_at("/s/a.txt/"), 404);
    CHECK_INT(status_at("/s/a.txt/b"), 404);
    site_remove();
}

TEST(http_HR8_large_files_are_sent_from_the_disk)
{
    SITE(.index = NULL);
    for (int i = 0; i < 2; i++) {
        const char *answer = ask("GET", "/s/large.bin", "Range: bytes=100000-199998\r\n");

        CHECK(strncmp(answer, "HTTP/1.1 206 ", 13) == 0);
        CHECK_STR(field_of(answer, "Content-Range"), "bytes 100000-199998/200000");
        CHECK_STR(field_of(answer, "Content-Length"), "99999");
        const char *body = strstr(answer, "\r\n\r\n") + 4;
        CHECK_INT(strlen(body), 99999);
        for (size_t n = 0; n < 99999; n++)
            CHECK_INT(body[n], (int)('a' + (100000 + n) % 26));
        answer = ask("HEAD", "/s/large.bin", "Range: bytes=100000-199998\r\n");
        CHECK_STR(field_of(answer, "Content-Length"), "200000");
        CHECK_STR(strstr(answer, "\r\n\r\n") + 4, "");
    }
    site_remove();
}

TEST(http_HR9_conditions_and_ranges_of_a_file)
{
    SITE(.index = NULL);
    char etag[100], modified[100], fields[300];

    snprintf(etag, sizeof etag, "%s", field_of(ask("GET", "/s/a.txt", ""), "ETag"));
    snprintf(modified, sizeof modified, "%s",
             field_of(ask("GET", "/s/a.txt", ""), "Last-Modified"));
    snprintf(fields, sizeof fields, "If-None-Match: %s\r\n", etag);
    const char *answer = ask("GET", "/s/a.txt", fields);
    CHECK_INT(status_in(answer), 304);
    CHECK_STR(field_of(answer, "ETag"), etag);
    CHECK_STR(field_of(answer, "Content-Type"), "");
    CHECK_STR(strstr(answer, "\r\n\r\n") + 4, "");
    snprintf(fields, sizeof fields, "If-Modified-Since: %s\r\n", modified);
    CHECK_INT(status_in(ask("HEAD", "/s/a.txt", fields)), 304);
    CHECK_INT(status_in(ask("GET", "/s/a.txt", "If-Match: \"x\"\r\n")), 412);
    CHECK_STR(body_at("/s/a.txt", "Range: bytes=1-2\r\n"), "el");
    CHECK_STR(body_at("/s/a.txt", "Range: bytes=1-2,3-4\r\n"), "hello");
    answer = ask("GET", "/s/a.txt", "Range: bytes=5-\r\n");
    CHECK_INT(status_in(answer), 416);
    CHECK_STR(field_of(answer, "Content-Range"), "bytes */5");
    site_remove();
}

TEST(http_HR8_precompressed_files_are_sent_to_who_takes_them)
{
    SITE(.precompressed = true);
    add_file("a.txt.gz", "gzipped");
    add_file("a.txt.br", "brotli");
    add_file("sub/x.js.gz", "old");
    struct utimbuf old = {1000, 1000};
    CHECK_INT(utime(in_folder("sub/x.js.gz"), &old), 0);
    CHECK_INT(symlink("/etc/passwd", in_folder("none.gz")), 0);

    const char *answer = ask("GET", "/s/a.txt", "Accept-Encoding: gzip, br\r\n");
    CHECK_STR(field_of(answer, "Content-Encoding"), "br");
    CHECK_STR(field_of(answer, "Content-Type"), "text/plain; charset=utf-8");
    CHECK_STR(field_of(answer, "Vary"), "Accept-Encoding");
    CHECK_STR(strstr(answer, "\r\n\r\n") + 4, "brotli");
    CHECK_STR(body_at("/s/a.txt", "Accept-Encoding: gzip, br;q=0\r\n"), "gzipped");
    answer = ask("GET", "/s/a.txt", "");
    CHECK_STR(field_of(answer, "Content-Encoding"), "");
    CHECK_STR(field_of(answer, "Vary"), "Accept-Encoding");
    CHECK_STR(strstr(answer, "\r\n\r\n") + 4, "hello");
    CHECK_STR(body_at("/s/sub/x.js", "Accept-Encoding: gzip\r\n"), "1");
    CHECK_STR(body_at("/s/none", "Accept-Encoding: gzip\r\n"), "");
    site_remove();
}

TEST(http_HR8_a_program_in_the_browser_has_its_page_everywhere)
{
    SITE(.spa = "index.html");
    CHECK_STR(body_at("/s/users/7", ""), "<p>home");
    CHECK_STR(body_at("/s/empty/", ""), "<p>home");
    CHECK_STR(body_at("/s/a.txt", ""), "hello");
    CHECK_INT(status_at("/s/missing.js"), 404);
    site_remove();
}

/* ---- what is not ---- */

TEST(http_row_17_nothing_outside_the_folder_is_served)
{
    static const struct {
        const char *path;
        int status;
    } cases[] = {
        {"/s/../a", 400},
        {"/s/sub/..", 400},
        {"/s/%2e%2e/a", 400},
        {"/s/%2e%2e%2fa.txt", 404},
        {"/s/sub%2f..%2fa.txt", 404},
        {"/s/..%2f", 404},
        {"/s/sub/..%2f..%2f..%2fetc/passwd", 404},
        {"/s/%2fetc%2fpasswd", 404},
        {"/s//etc/passwd", 404},
        {"/s/sub//x.js", 404},
        {"/s/a.txt%00", 400},
        {"/s/%00", 400},
        {"/s/sub%5cx.js", 404},
        {"/s/sub\\x.js", 404},
        {"/s/..%5c..%5cetc", 404},
        {"/s/.hidden", 404},
        {"/s/.git/config", 404},
        {"/s/%2egit/config", 404},
        {"/s/link", 404},
        {"/s/sublink/x.js", 404},
        {"/s/sublink/", 404},
        {"/s/sublink", 404},
        {"/s/out/passwd", 404},
        {"/s/out/", 404},
        {"/s/sub/passwd", 404},
        {"/s/pipe", 404},
        {"/s/pipe/", 404},
        {"/s/missing", 404},
        {"/s/sub%2fx.js", 200},
    };
    SITE(.listing = true);

    for (size_t i = 0; i < count_of(cases); i++)
        if (status_at(cases[i].path) != cases[i].status)
            test_fail(__FILE__, __LINE__, "%s: %d", cases[i].path, status_at(cases[i].path));
    char long_path[3000] = "/s/";
    memset(long_path + 3, 'a', 2900);
    CHECK_INT(status_at(long_path), 404);
    site_remove();
}

TEST(http_row_17_links_that_are_followed_stay_inside)
{
    SITE(.links = true, .dotfiles = true);
    CHECK_STR(body_at("/s/link", ""), "hello");
    CHECK_STR(body_at("/s/sublink/x.js", ""), "1");
    CHECK_STR(body_at("/s/sublink/", ""), "<p>sub");
    CHECK_INT(status_at("/s/out/passwd"), 404);
    CHECK_INT(status_at("/s/out/"), 404);
    CHECK_INT(status_at("/s/sub/passwd"), 404);
    CHECK_STR(body_at("/s/.hidden", ""), "secret");
    CHECK_INT(status_at("/s/pipe"), 404);
    site_remove();
}

TEST(http_row_17_a_location_of_a_folder_names_no_other_host)
{
    SITE(.index = NULL);
    CHECK_INT(mkdir(in_folder("http:x"), 0755), 0);
    CHECK_INT(mkdir(in_folder("\\h.com"), 0755), 0);
    CHECK_STR(field_of(ask("GET", "/s/http:x", ""), "Location"), "./http%3Ax/");
    CHECK_STR(field_of(ask("GET", "/s/\\h.com", ""), "Location"), "./%5Ch.com/");
    site_remove();
}

TEST(http_row_17_names_in_a_listing_are_no_markup)
{
    SITE(.listing = true);
    add_file("empty/<script>alert(1)<!--", "x");
    add_file("empty/\"onload='x'&amp;", "x");
    add_file("empty/javascript:x", "x");
    add_file("empty/a b?c#d%e", "x");
    add_file("empty/.hidden", "x");
    CHECK_INT(symlink("/etc", in_folder("empty/out")), 0);
    CHECK_INT(mkfifo(in_folder("empty/pipe"), 0644), 0);
    CHECK_INT(mkdir(in_folder("empty/folder"), 0755), 0);
    const char *answer = ask("GET", "/s/empty/", ""), *body = strstr(answer, "\r\n\r\n") + 4;

    CHECK_INT(status_in(answer), 200);
    CHECK_STR(field_of(answer, "Content-Type"), "text/html; charset=utf-8");
    CHECK(strstr(field_of(answer, "Content-Security-Policy"), "default-src 'none'") != NULL);
    CHECK(strstr(body, "<script") == NULL);
    CHECK(strstr(body, "&#60;script&#62;alert(1)&#60;!--") != NULL);
    CHECK(strstr(body, "href=\"./%3Cscript%3Ealert%281%29%3C%21--\"") != NULL);
    CHECK(strstr(body, ">&#34;onload=&#39;x&#39;&#38;amp;<") != NULL);
    CHECK(strstr(body, "href=\"./javascript%3Ax\"") != NULL);
    CHECK(strstr(body, "href=\"./a%20b%3Fc%23d%25e\"") != NULL);
    CHECK(strstr(body, "href=\"./folder/\">folder/<") != NULL);
    CHECK(strstr(body, "href=\"../\"") != NULL);
    CHECK(strstr(body, "hidden") == NULL && strstr(body, ">out<") == NULL);
    CHECK(strstr(body, "pipe") == NULL);
    site_remove();
}

/* Whether the names stand in the page in this order. */
static bool is_order(const char *page, const char *const names[])
{
    char item[64];

    for (const char *at = page; *names; names++) {
        snprintf(item, sizeof item, ">%s<", *names);
        at = at ? strstr(at, item) : NULL;
        if (!at)
            return false;
    }
    return true;
}

TEST(http_HR8_a_listing_is_sorted_as_the_query_says)
{
    static const char *const by_name[] = {"folder/", "A", "b", "c", NULL};
    static const char *const by_size[] = {"folder/", "b", "c", "A", NULL};
    static const char *const by_time[] = {"folder/", "c", "A", "b", NULL};
    SITE(.listing = true, .listing_foot = "<hr id=foot>");
    CHECK_INT(mkdir(in_folder("empty/folder"), 0755), 0);
    add_file("empty/A", "");
    add_file("empty/b", "22");
    add_file("empty/c", "1");
    CHECK_INT(utime(in_folder("empty/A"), &(struct utimbuf){0, 2000}), 0);
    CHECK_INT(utime(in_folder("empty/b"), &(struct utimbuf){0, 3000}), 0);
    CHECK_INT(utime(in_folder("empty/c"), &(struct utimbuf){0, 1000}), 0);

    CHECK(is_order(ask("GET", "/s/empty/", ""), by_name));
    CHECK(is_order(ask("GET", "/s/empty/?sort=size&order=desc", ""), by_size));
    CHECK(is_order(ask("GET", "/s/empty/?sort=time", ""), by_time));
    CHECK(is_order(ask("GET", "/s/empty/?sort=%3Cx%3E&order=desc&order=asc&%", ""), by_name));
    const char *page = ask("GET", "/s/empty/?sort=size", "");
    CHECK(strstr(page, "href=\"./folder/?sort=size\">folder/<") != NULL);
    CHECK(strstr(page, "<a href=\"../?sort=size\">/s/</a><a href=\"./?sort=size\">empty</a>"));
    CHECK(strstr(page, "<a href=\"?sort=size&amp;order=desc\">Size") != NULL);
    CHECK(strstr(page, "<p>1 folder, 3 files, 3 B</p>") != NULL);
    CHECK(strstr(page, "<hr id=foot>") != NULL);
    site_remove();
}

TEST(http_HS18_a_small_text_is_kept_as_it_is_and_coded)
{
    static char text[5001];
    SITE(.index = NULL);
    CHECK_OK(eddy_router_use_gzip(router));
    memset(text, 'x', sizeof text - 1);
    add_file("long.txt", text);
    for (int i = 0; i < 2; i++) { /* loaded, then from the cache */
        const char *answer = ask("GET", "/s/long.txt", "Accept-Encoding: gzip\r\n");
        CHECK_STR(field_of(answer, "Content-Encoding"), "gzip");
        CHECK_STR(field_of(answer, "Vary"), "Accept-Encoding");
        CHECK(strtol(field_of(answer, "Content-Length"), NULL, 10) < 100);
        CHECK(strstr(field_of(answer, "ETag"), "-gz\"") != NULL);
        answer = ask("GET", "/s/long.txt", "");
        CHECK_STR(field_of(answer, "Content-Length"), "5000");
        CHECK_STR(field_of(answer, "Vary"), "Accept-Encoding");
        CHECK_INT(count_of_text(answer, "Vary"), 1);
    }
    char condition[200];
    const char *answer = ask("GET", "/s/long.txt", "Accept-Encoding: gzip\r\n");
    snprintf(condition, sizeof condition, "Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n",
             field_of(answer, "ETag"));
    CHECK_INT(status_in(ask("GET", "/s/long.txt", condition)), 304);
    site_remove();
}

/* ---- the cache ---- */

/* Asks until the answer is this one, which it is within a moment. */
static void expect_soon(const char *path, const char *body)
{
    for (int i = 0; i < 500 && strcmp(body_at(path, ""), body) != 0; i++)
        CHECK_OK(eddy_sleep(0.01));
    CHECK_STR(body_at(path, ""), body);
}

TEST_REAL(http_HR10_what_is_kept_is_what_is_there)
{
    SITE(.precompressed = true);
    CHECK_STR(body_at("/s/a.txt", ""), "hello");
    CHECK_OK(eddy_sleep(0.05)); /* the folder is watched by now */
    CHECK_STR(body_at("/s/a.txt", ""), "hello");
    CHECK_STR(body_at("/s/sub/", ""), "<p>sub");

    add_file("a.txt", "changed");
    expect_soon("/s/a.txt", "changed");
    add_file("new", "moved over it");
    CHECK_INT(rename(in_folder("new"), in_folder("a.txt")), 0);
    expect_soon("/s/a.txt", "moved over it");
    CHECK_INT(rename(in_folder("sub"), in_folder("bus")), 0);
    expect_soon("/s/bus/x.js", "1");
    CHECK_INT(status_at("/s/sub/x.js"), 404);
    CHECK_INT(unlink(in_folder("a.txt")), 0);
    for (int i = 0; i < 500 && status_at("/s/a.txt") != 404; i++)
        CHECK_OK(eddy_sleep(0.01));
    CHECK_INT(status_at("/s/a.txt"), 404);
    site_remove();
}

TEST_REAL(http_HR10_a_kept_file_is_not_opened_again)
{
    SITE(.index = NULL);
    struct eddy__files *files = router->routes->answer.arg;
    struct eddy__file_entry *first, *second;

    CHECK_STR(body_at("/s/a.txt", ""), "hello");
    CHECK_OK(eddy_sleep(0.05));
    CHECK_STR(body_at("/s/a.txt", ""), "hello");
    CHECK_INT(strlen(body_at("/s/large.bin", "Range: bytes=-100000\r\n")), 100000);
    first = eddy__file_cached(files, "a.txt");
    second = eddy__file_cached(files, "large.bin");
    CHECK(first && first->bodies[0].content && !first->bodies[0].stream);
    CHECK(second && !second->bodies[0].content && second->bodies[0].stream);
    add_file("a.txt", "x"); /* what is held stays, what is kept goes */
    expect_soon("/s/a.txt", "x");
    CHECK_MEM(first->bodies[0].content, "hello", 5);
    eddy__file_unref(first);
    eddy__file_unref(second);
    site_remove();
}

TEST_REAL(http_HR10_a_small_cache_keeps_what_was_used_last)
{
    SITE(.cache = 2000);
    struct eddy__files *files = router->routes->answer.arg;
    char path[40], text[901];

    CHECK_INT(status_at("/s/a.txt"), 200);
    CHECK_OK(eddy_sleep(0.05));
    memset(text, 'x', 900);
    text[900] = '\0';
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "f%d", i);
        add_file(path, text);
    }
    CHECK_OK(eddy_sleep(0.05));
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "/s/f%d", i);
        CHECK_INT(status_at(path), 200);
    }
    struct eddy__file_entry *last = eddy__file_cached(files, "f4");
    CHECK(last != NULL);
    CHECK_PTR(eddy__file_cached(files, "f0"), NULL);
    eddy__file_unref(last);
    site_remove();
}

TEST_REAL(http_HR10_nothing_is_kept_of_a_folder_that_cannot_be_watched)
{
    SITE(.index = NULL);
    struct eddy__files *files = router->routes->answer.arg;

    CHECK_STR(body_at("/s/a.txt", ""), "hello");
    CHECK_OK(eddy_sleep(0.05));
    site_remove();
    for (int i = 0; i < 500 && status_at("/s/a.txt") != 404; i++)
        CHECK_OK(eddy_sleep(0.01));
    CHECK_INT(mkdir(folder, 0755), 0);
    add_file("a.txt", "again");
    for (int i = 0; i < 3; i++)
        CHECK_STR(body_at("/s/a.txt", ""), "again");
    CHECK_PTR(eddy__file_cached(files, "a.txt"), NULL);
    site_remove();
}

/* ---- without memory ---- */

static int fetch_some(void)
{
    static const char requests[] = GET("/s/a.txt") GET("/s/large.bin") GET("/s/empty/")
        GET("/s/sub") GET("/s/missing") GET_LAST("/s/a.txt");
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());
    eddy_try(eddy_route_files(router, "/s/", folder, .listing = true, .precompressed = true));
    eddy_try(eddy_router_use_cors(router, .origins = "https://a.example"));
    eddy_auto(eddy_http_server) *server = eddy_try(TALK_MEMORY(router));
    eddy_auto(eddy_stream) *peer = eddy_try(eddy_http_server_connect(server));
    char buf[16384];

    eddy_try(eddy_write(peer, requests, sizeof requests - 1));
    while (eddy_try(eddy_read(peer, buf, sizeof buf)) > 0)
        ;
    return 0;
}

static void ignore_report(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)loop, (void)report, (void)arg;
}

TORTURE(http_files_without_memory)
{
    eddy_loop_set_exception_handler(eddy_loop_running(), ignore_report, NULL);
    site_make();
    int status = fetch_some();
    site_remove();
    return status;
}

SWEEP(http_files_while_their_client_is_cancelled)
{
    site_make();
    int status = fetch_some();
    site_remove();
    return status;
}

/* ---- routes, and one file ---- */

TEST(http_HR8_a_route_of_files_is_checked)
{
    eddy_auto(eddy_router) *router = eddy_router_open();

    CHECK_INT(eddy_route_files(router, NULL, "x"), EDDY_EINVAL);
    CHECK_INT(eddy_route_files(router, "/a", "x"), EDDY_EINVAL);
    CHECK_INT(eddy_route_files(router, "GET /a/", "x"), EDDY_EINVAL);
    CHECK_INT(eddy_route_files(router, "a/", NULL), EDDY_EINVAL);
    CHECK_INT(eddy_route_files(router, "/a/", "x", .max_age = -1), EDDY_EINVAL);
    CHECK_INT(eddy_route_files(router, "/{/", "x"), EDDY_EINVAL);
    CHECK_OK(eddy_route_files(router, "/a/", "x"));
    CHECK_INT(eddy_route_files(router, "/a/", "x"), EDDY_EEXIST);
}

static int one_file(eddy_request *request)
{
    return eddy_respond_file(request, eddy_request_query(request, "name"),
                             .beneath = eddy_request_query(request, "beneath") ? folder : NULL);
}

TEST(http_HR8_a_handler_answers_with_a_file)
{
    site_make();
    eddy_auto(eddy_router) *router = router_of(one_file);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    char path[200];

    site_server = server;
    CHECK_STR(body_at("/?beneath=1&name=a.txt", ""), "hello");
    CHECK_STR(body_at("/?beneath=1&name=a.txt", "Range: bytes=-1\r\n"), "o");
    CHECK_INT(status_at("/?beneath=1&name=../a.txt"), 404);
    CHECK_INT(status_at("/?beneath=1&name=pipe"), 404);
    CHECK_INT(status_at("/?beneath=1&name=sub"), 404);
    snprintf(path, sizeof path, "/?name=%s/a.txt", folder);
    CHECK_STR(body_at(path, ""), "hello");
    snprintf(path, sizeof path, "/?name=%s/pipe", folder);
    CHECK_INT(status_at(path), 404);
    site_remove();
}

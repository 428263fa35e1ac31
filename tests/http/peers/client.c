/* client.c - `client URL [2 [PATH]]`: asks a server of others, or a proxy before our own, about
 * each part of HTTP, as server.c answers it; with 2 over HTTP/2 alone. Of a server that has only
 * files: for the letters at PATH, many times. Prints what is not as it ought to be; exit status 1
 * then. */
/* pkg-config: eddy-http */
#include <eddy.h>
#include <eddy/http.h>
#include <stdio.h>
#include <stdlib.h>

enum { AT_ONCE = 40, LONG = 300000, LARGE = 2 << 20, FILE_SIZE = 5000 };

static int failures;

static void expect(bool good, const char *what, const char *got)
{
    if (good)
        return;
    failures++;
    printf("%s: %.200s\n", what, got ? got : eddy_error_message(eddy_last_error()));
}

/* A text as server.c makes it, which the caller gives to eddy_free. */
static char *filled(size_t size)
{
    char *data = eddy_alloc(size + 1);

    for (size_t i = 0; data && i < size; i++)
        data[i] = (char)('a' + i % 26);
    if (data)
        data[size] = '\0';
    return data;
}

static void expect_text(eddy_response *response, const char *expected, const char *what)
{
    const char *text = response ? eddy_response_text(response) : NULL;

    expect(text && eddy_response_status(response) == 200 && strcmp(text, expected) == 0, what,
           text);
}

/* ---- answers ---- */

static int one_connection(eddy_http *http)
{
    for (int i = 0; i < 20; i++) {
        eddy_auto(eddy_response) *response = eddy_http_get(http, "/hello");
        expect_text(response, "hello\n", "hello");
    }
    eddy_http_stats stats = eddy_http_get_stats(http);
    expect(stats.connections == 1 && stats.reused == 19, "keep-alive", "more than one connection");
    return 0;
}

static int one_of_many(eddy_http *http, int i, const char *expected)
{
    eddy_auto(eddy_response) *response =
        eddy_http_get(http, i % 2 ? "/bytes/300000" : "/chunks/300000");

    expect_text(response, expected, "many at once");
    return 0;
}
EDDY_CORO(one_of_many, eddy_http *, int, const char *)

static int many_at_once(eddy_http *http)
{
    eddy_coro coros[AT_ONCE];
    char *expected = filled(LONG);

    for (int i = 0; i < AT_ONCE; i++)
        coros[i] = one_of_many_coro(http, i, expected);
    int status = eddy_gather_n(coros, AT_ONCE);
    eddy_free(expected);
    return status;
}

static int head(eddy_http *http)
{
    eddy_auto(eddy_response) *response = eddy_http_head(http, "/bytes/5000");
    const char *length = response ? eddy_response_header(response, "Content-Length") : NULL;

    expect(response && length && strcmp(length, "5000") == 0, "HEAD", length);
    if (response)
        expect(strcmp(eddy_response_text(response), "") == 0, "HEAD", "a body");
    return 0;
}

static int zipped(eddy_http *http)
{
    eddy_auto(eddy_response) *response = eddy_http_get(http, "/zipped");
    const char *text = response ? eddy_response_text(response) : NULL;
    const char *coding = response ? eddy_response_header(response, "Content-Encoding") : NULL;

    expect(text && strncmp(text, "line 0\nline 1\n", 14) == 0, "gzip, its beginning", text);
    expect(text && strstr(text, "\nline 999\n") != NULL, "gzip, its end", text);
    expect(coding && strcmp(coding, "gzip") == 0, "gzip, Content-Encoding",
           coding ? coding : "none");
    return 0;
}

/* Leaves in the middle of a body. */
static int half(eddy_http *http)
{
    char buf[100];

    for (int i = 0; i < 3; i++) {
        eddy_auto(eddy_response) *response = eddy_http_get(http, "/chunks/10000000");
        eddy_stream *body = response ? eddy_response_body(response) : NULL;

        expect(body && eddy_read(body, buf, sizeof buf) > 0, "half of a body", NULL);
    }
    eddy_auto(eddy_response) *response = eddy_http_get(http, "/hello");
    expect_text(response, "hello\n", "after half of a body");
    return 0;
}

/* ---- files ---- */

static int file_part(eddy_http *http)
{
    eddy_auto(eddy_response) *response =
        eddy_http_get(http, "/files/letters", .headers = eddy_pairs({"Range", "bytes=26-77"}));
    const char *range = response ? eddy_response_header(response, "Content-Range") : NULL;
    const char *text = response ? eddy_response_text(response) : NULL;

    expect(response && eddy_response_status(response) == 206, "range", "no 206");
    expect(range && strcmp(range, "bytes 26-77/5000") == 0, "Content-Range", range);
    expect(text && strcmp(text, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz") == 0,
           "range", text);
    eddy_auto(eddy_response) *behind =
        eddy_http_get(http, "/files/letters", .headers = eddy_pairs({"Range", "bytes=5000-"}));
    expect(behind && eddy_response_status(behind) == 416, "range behind the end", "no 416");
    return 0;
}

static int file(eddy_http *http)
{
    char *letters = filled(FILE_SIZE), tag[100] = "";
    eddy_auto(eddy_response) *whole = eddy_http_get(http, "/files/letters");

    expect_text(whole, letters, "file");
    eddy_free(letters);
    const char *given = whole ? eddy_response_header(whole, "ETag") : NULL;
    snprintf(tag, sizeof tag, "%s", given ? given : "none");
    eddy_auto(eddy_response) *again =
        eddy_http_get(http, "/files/letters", .headers = eddy_pairs({"If-None-Match", tag}));
    expect(again && eddy_response_status(again) == 304, "If-None-Match", tag);
    return file_part(http);
}

/* ---- bodies ---- */

static int echo(eddy_http *http)
{
    char *data = filled(LONG);
    eddy_auto(eddy_response) *text = eddy_http_post(http, "/echo", .text = "small");
    expect_text(text, "small", "echo of a text");
    eddy_auto(eddy_response) *known = eddy_http_post(http, "/echo", .data = data, .size = LONG);
    expect_text(known, data, "echo of bytes");
    eddy_auto(eddy_response) *asked =
        eddy_http_post(http, "/echo", .data = data, .size = LONG, .expect_continue = true);
    expect_text(asked, data, "echo after 100 Continue");
    eddy_free(data);
    return 0;
}

static int write_letters(eddy_stream *stream, void *arg)
{
    const char *data = arg;

    for (size_t at = 0; at < LONG; at += 5000)
        eddy_try(eddy_write(stream, data + at, 5000));
    return 0;
}

static int echo_chunks(eddy_http *http)
{
    static const char *const paths[] = {"/echo", "/echo_stream"};
    char *data = filled(LONG);

    for (int i = 0; i < 2; i++) {
        eddy_auto(eddy_response) *response =
            eddy_http_post(http, paths[i], .write = write_letters, .arg = data);
        expect_text(response, data, paths[i]);
    }
    eddy_free(data);
    return 0;
}

static int form(eddy_http *http)
{
    char *data = filled(LONG);
    eddy_auto(eddy_response) *response = eddy_http_post(
        http, "/form",
        .parts = eddy_http_parts({"field", .text = "ä"}, {"empty", .text = ""},
                                 {"bytes", .data = data, .size = LONG, .filename = "a b\"c\nd.bin"},
                                 {"typed", .text = "{}", .type = "application/json"}));

    expect_text(response,
                "field|-|-|2|359\nempty|-|-|0|0\n"
                "bytes|a b%22c%0Ad.bin|application/octet-stream|300000|32849916\n"
                "typed|-|application/json|2|248\n",
                "form");
    eddy_free(data);
    return 0;
}

static int refused(eddy_http *http)
{
    char *data = filled(LARGE);
    eddy_response *response = eddy_http_post(http, "/refuse", .data = data, .size = LARGE);

    expect(response && eddy_response_status(response) == 413, "a body that is refused", "no 413");
    eddy_response_close(response);
    eddy_free(data);
    return 0;
}

/* ---- leading elsewhere, cookies ---- */

static int elsewhere(eddy_http *http)
{
    eddy_auto(eddy_response) *response = eddy_http_get(http, "/redirect/3");
    expect_text(response, "hello\n", "redirect");
    expect(response && eddy_response_redirects(response) == 3, "redirect", "not three");
    eddy_auto(eddy_response) *cookies = eddy_http_get(http, "/set");
    expect_text(cookies, "one=1; two=\"2\"", "cookies");
    return 0;
}

/* ---- files alone ---- */

static int one_file(eddy_http *http, const char *path, const char *expected)
{
    eddy_auto(eddy_response) *response = eddy_http_get(http, path);

    expect_text(response, expected, path);
    return 0;
}
EDDY_CORO(one_file, eddy_http *, const char *, const char *)

static int ask_for_file(const char *url, const char *path)
{
    eddy_auto(eddy_http) *http =
        eddy_try(eddy_http_open(.base_url = url, .timeout = 20, .version = EDDY_HTTP_2,
                                .tls_opts = {.insecure = true}));
    eddy_coro coros[AT_ONCE];
    char *expected = filled(FILE_SIZE);
    int status = 0;

    for (int i = 0; i < AT_ONCE; i++)
        coros[i] = one_file_coro(http, path, expected);
    for (int i = 0; i < 3 && status == 0; i++)
        status = eddy_gather_n(coros, AT_ONCE);
    eddy_free(expected);
    return failures ? EDDY_EUSER : status;
}
EDDY_CORO(ask_for_file, const char *, const char *)

/* ---- all of it ---- */

static int ask(const char *url, int version)
{
    static int (*const questions[])(eddy_http *) = {
        one_connection, many_at_once, head, zipped,  half,      file,
        echo,           echo_chunks,  form, refused, elsewhere,
    };
    eddy_auto(eddy_cookies) *jar = eddy_try(eddy_cookies_open());

    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        eddy_auto(eddy_http) *http =
            eddy_try(eddy_http_open(.base_url = url, .cookies = jar, .timeout = 20, .limit = 10,
                                    .version = version, .tls_opts = {.insecure = true}));

        eddy_try(questions[i](http));
    }
    return failures ? EDDY_EUSER : 0;
}
EDDY_CORO(ask, const char *, int)

int main(int argc, char **argv)
{
    int version = argc > 2 ? EDDY_HTTP_2 : EDDY_HTTP_1_1;

    if (argc > 3)
        return eddy_run(ask_for_file_coro(argv[1], argv[3])) < 0;
    return argc >= 2 ? eddy_run(ask_coro(argv[1], version)) < 0 : 2;
}

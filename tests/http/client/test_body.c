/* Bodies of requests. */
#include "http/client/script.h"

#include <eddy/file.h>

static const char *heard_body(const struct script *server, int n)
{
    const char *end = strstr(server->heard[n], "\r\n\r\n");

    return end ? end + 4 : NULL;
}

static bool heard_field(const struct script *server, int n, const char *field)
{
    char line[200];

    snprintf(line, sizeof line, "\r\n%s\r\n", field);
    return strstr(server->heard[n], line) != NULL;
}

TEST(http_body_from_memory)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *text = eddy_http_post(http, "/", .text = "hello");
    eddy_auto(eddy_response) *json = eddy_http_put(http, "/", .json = "{\"a\": 1}");
    eddy_auto(eddy_response) *data =
        eddy_http_post(http, "/", .data = "a\0b", .size = 3, .type = "image/x");
    eddy_auto(eddy_response) *form =
        eddy_http_post(http, "/", .form = eddy_pairs({"a b", "c&d"}, {"e", ""}));

    CHECK(text && json && data && form);
    CHECK_STR(heard_body(server, 0), "hello");
    CHECK(heard_field(server, 0, "Content-Type: text/plain; charset=utf-8"));
    CHECK(heard_field(server, 0, "Content-Length: 5"));
    CHECK_STR(heard_body(server, 1), "{\"a\": 1}");
    CHECK(heard_field(server, 1, "Content-Type: application/json"));
    CHECK_MEM(heard_body(server, 2), "a\0b", 4);
    CHECK(heard_field(server, 2, "Content-Type: image/x"));
    CHECK_STR(heard_body(server, 3), "a+b=c%26d&e=");
    CHECK(heard_field(server, 3, "Content-Type: application/x-www-form-urlencoded"));
}

enum { LONG = 300000 };

TEST(http_body_that_is_long)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    char *data = eddy_alloc_zero(LONG);

    CHECK(data != NULL);
    for (int i = 0; i < 2; i++) {
        eddy_auto(eddy_response) *response = eddy_http_post(http, "/", .data = data, .size = LONG);
        CHECK(response != NULL);
        CHECK_STR(eddy_response_text(response), "a");
        CHECK(server->heard_size[i] > LONG);
    }
    CHECK_INT(server->connections, 1);
    eddy_free(data);
}

TEST(http_body_from_a_file)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    char path[] = "/tmp/eddy-body-XXXXXX";
    int fd = mkstemp(path);

    CHECK(fd >= 0);
    close(fd);
    CHECK_OK(eddy_write_file(path, "of a file", 9));
    eddy_auto(eddy_response) *response = eddy_http_put(http, "/", .file = path);
    CHECK(response != NULL);
    CHECK_STR(heard_body(server, 0), "of a file");
    CHECK(heard_field(server, 0, "Content-Length: 9"));
    unlink(path);
    CHECK_PTR(eddy_http_put(http, "/", .file = path), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOENT);
    CHECK_INT(server->connections, 1);
}

static int writes_slowly(eddy_stream *stream)
{
    eddy_try(eddy_write(stream, "one ", 4));
    eddy_try(eddy_sleep(1));
    eddy_try(eddy_write(stream, "two", 3));
    eddy_stream_close(stream);
    return 0;
}
EDDY_CORO(writes_slowly, eddy_stream *)

TEST(http_body_from_a_stream)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);

    for (int i = 0; i < 2; i++) {
        eddy_stream *pair[2];
        CHECK_OK(eddy_stream_pair(pair));
        eddy_auto(eddy_task) *writer = eddy_create_task(writes_slowly_coro(pair[1]));
        eddy_auto(eddy_response) *response =
            eddy_http_post(http, "/", .stream = pair[0], .length = i ? 7 : 0);
        CHECK(response != NULL);
        CHECK_OK(eddy_await(writer));
        eddy_stream_close(pair[0]);
    }
    CHECK(heard_field(server, 0, "Transfer-Encoding: chunked"));
    CHECK_STR(heard_body(server, 0), "4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n");
    CHECK(heard_field(server, 1, "Content-Length: 7"));
    CHECK_STR(heard_body(server, 1), "one two");
    CHECK_INT(server->connections, 1);
}

static int write_lines(eddy_stream *stream, void *arg)
{
    const int *count = arg;

    for (int i = 0; i < *count; i++) {
        eddy_try(eddy_printf(stream, "line %d\n", i));
        eddy_try(eddy_write(stream, "", 0));
        eddy_try(eddy_sleep(0.1));
    }
    return *count == 3 ? eddy_raise(EDDY_EUSER, "no more") : 0;
}

TEST(http_body_that_a_function_writes)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    int count = 2;
    eddy_auto(eddy_response) *response =
        eddy_http_post(http, "/", .write = write_lines, .arg = &count, .type = "text/csv");

    CHECK(response != NULL);
    CHECK_STR(heard_body(server, 0), "7\r\nline 0\n\r\n7\r\nline 1\n\r\n0\r\n\r\n");
    CHECK(heard_field(server, 0, "Content-Type: text/csv"));
}

/* ---- forms with files ---- */

/* The body that came as request n, with its boundary, which its Content-Type has named. */
static const char *heard_form(const struct script *server, int n, char boundary[64])
{
    static const char type[] = "\r\nContent-Type: multipart/form-data; boundary=";
    const char *at = strstr(server->heard[n], type);

    CHECK(at != NULL);
    at += strlen(type);
    snprintf(boundary, 64, "--%.*s", (int)strcspn(at, "\r"), at);
    return heard_body(server, n);
}

TEST(http_HC14_body_of_parts)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http =
        SESSION(server, .headers = eddy_pairs({"Content-Type", "text/odd"}));
    char *path, boundary[64], length[40], expected[600];
    eddy_stream *file = eddy_temp_file(NULL, &path);

    CHECK_OK(eddy_write(file, "of a file", 9));
    eddy_stream_close(file);
    eddy_auto(eddy_response) *response = eddy_http_post(
        http, "/",
        .parts = eddy_http_parts({"a", .text = "1"}, {"f", .file = path, .filename = "b"}));
    CHECK(response != NULL);
    const char *body = heard_form(server, 0, boundary);
    snprintf(expected, sizeof expected,
             "%s\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
             "%s\r\nContent-Disposition: form-data; name=\"f\"; filename=\"b\"\r\n"
             "Content-Type: application/octet-stream\r\n\r\nof a file\r\n%s--\r\n",
             boundary, boundary, boundary);
    CHECK_STR(body, expected);
    snprintf(length, sizeof length, "Content-Length: %zu", strlen(body));
    CHECK(heard_field(server, 0, length));
    unlink(path);
    CHECK_PTR(eddy_http_post(http, "/", .parts = eddy_http_parts({"f", .file = path})), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOENT);
    CHECK_INT(server->connections, 1);
    eddy_free(path);
}

TEST(http_HC14_body_of_parts_with_a_stream)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    char boundary[64];

    for (int i = 0; i < 2; i++) {
        eddy_stream *pair[2];
        CHECK_OK(eddy_stream_pair(pair));
        eddy_auto(eddy_task) *writer = eddy_create_task(writes_slowly_coro(pair[1]));
        eddy_auto(eddy_response) *response = eddy_http_post(
            http, "/", .parts = eddy_http_parts({"s", .stream = pair[0], .length = i ? 7 : 0}));
        CHECK(response != NULL);
        CHECK_OK(eddy_await(writer));
        eddy_stream_close(pair[0]);
        const char *body = heard_form(server, i, boundary);
        CHECK(strstr(body, i ? "\r\n\r\none two\r\n--" : "4\r\none \r\n3\r\ntwo\r\n"));
        CHECK_INT(heard_field(server, i, "Transfer-Encoding: chunked"), !i);
    }
    CHECK_INT(server->connections, 1);
}

/* A redirect sends a form again, unless a stream is in it. */
TEST(http_HC7_parts_begin_again)
{
    SCRIPT(server, {.answer = "HTTP/1.1 307 T\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"},
           {.answer = OK_TEXT(1, "a")},
           {.answer = "HTTP/1.1 307 T\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_stream *pair[2];

    CHECK_OK(eddy_stream_pair(pair));
    eddy_stream_close(pair[1]);
    eddy_auto(eddy_response) *response =
        eddy_http_post(http, "/", .parts = eddy_http_parts({"a", .text = "1"}));
    CHECK(response != NULL);
    CHECK_STR(heard_body(server, 1), heard_body(server, 0));
    CHECK_PTR(eddy_http_post(http, "/", .parts = eddy_http_parts({"s", .stream = pair[0]})), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOTSUP);
    eddy_stream_close(pair[0]);
}

TEST(http_body_of_parts_that_cannot_be)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    const eddy_http_part *parts = eddy_http_parts({"a", .text = "1"});

    CHECK_PTR(eddy_http_post(http, "/", .parts = parts, .type = "multipart/form-data"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_http_post(http, "/", .parts = parts,
                             .headers = eddy_pairs({"content-type", "multipart/form-data"})),
              NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_http_post(http, "/", .parts = parts, .text = "b"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_http_post(http, "/", .parts = eddy_http_parts({"a", .type = "b"})), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_INT(server->connections, 0);
}

static int upload_parts(void)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = eddy_try(SESSION(server));
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_post(
        http, "/", .parts = eddy_http_parts({"a", .text = "1"}, {"f", .file = "/etc/passwd"})));

    eddy_try(eddy_response_text(response));
    return 0;
}

SWEEP(http_body_of_parts_sweep)
{
    return upload_parts();
}

TORTURE(http_body_of_parts_torture)
{
    return upload_parts();
}

/* A half is not to be taken for the whole: no last chunk, and the connection ends. */
TEST(http_HC6_report_13_a_body_that_fails_half_way)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    int count = 3;

    CHECK_PTR(eddy_http_post(http, "/", .write = write_lines, .arg = &count), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EUSER);
    CHECK_STR(eddy_error_message(eddy_last_error()), "no more");
    CHECK_OK(eddy_sleep(1));
    CHECK(strstr(server->heard[0], "line 2") != NULL);
    CHECK_PTR(strstr(server->heard[0], "0\r\n\r\n"), NULL);
    CHECK_INT(server->open, 0);
    CHECK_INT(eddy_http_get_stats(http).busy, 0);
    CHECK_INT(eddy_http_get_stats(http).idle, 0);
}

static int write_empty_pieces(eddy_stream *stream, void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++) {
        eddy_try(eddy_write(stream, "", 0));
        eddy_try(eddy_flush(stream));
        eddy_try(eddy_write(stream, "a", 1));
        eddy_try(eddy_flush(stream));
    }
    return 0;
}

TEST(http_report_13_an_empty_piece_of_a_body_is_not_its_end)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *response = eddy_http_post(http, "/", .write = write_empty_pieces);

    CHECK(response != NULL);
    CHECK_STR(eddy_response_text(response), "a");
    CHECK_STR(strstr(server->heard[0], "\r\n\r\n"),
              "\r\n\r\n1\r\na\r\n1\r\na\r\n1\r\na\r\n0\r\n\r\n");
}

TEST(http_body_shorter_or_longer_than_its_length)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    int count = 2;

    CHECK_PTR(eddy_http_post(http, "/", .write = write_lines, .arg = &count, .length = 20), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_http_post(http, "/", .write = write_lines, .arg = &count, .length = 10), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_INT(eddy_http_get_stats(http).idle, 0);
}

static void note_progress(int64_t sent, int64_t received, void *arg)
{
    int64_t *both = arg;

    CHECK(sent >= both[0] && received >= both[1]);
    both[0] = sent;
    both[1] = received;
}

TEST(http_body_progress_is_told)
{
    SCRIPT(server, {.answer = OK_TEXT(5, "hello")});
    eddy_auto(eddy_http) *http = SESSION(server);
    char *data = eddy_alloc_zero(LONG);
    int64_t both[2] = {0, 0};
    eddy_auto(eddy_response) *response = eddy_http_post(http, "/", .data = data, .size = LONG,
                                                        .on_progress = note_progress, .arg = both);

    CHECK(response != NULL);
    CHECK_STR(eddy_response_text(response), "hello");
    CHECK_INT(both[0], LONG);
    CHECK_INT(both[1], 5);
    eddy_free(data);
}

static int upload(void)
{
    SCRIPT(server, {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = eddy_try(SESSION(server));
    int count = 2;
    eddy_auto(eddy_response) *response =
        eddy_try(eddy_http_post(http, "/", .write = write_lines, .arg = &count));

    eddy_try(eddy_response_text(response));
    return 0;
}

SWEEP(http_body_sweep)
{
    return upload();
}

TORTURE(http_body_torture)
{
    return upload();
}

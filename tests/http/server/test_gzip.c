/* test_gzip.c - answers that are coded with gzip: which, how, and their fields. */
/* pkg-config: zlib */
#include "http/server/talk.h"

#include "base/base.h"

#include <eddy/http/gzip.h>
#include <zlib.h>

static const char *type_of_answer, *coding_of_answer, *control_of_answer;
static size_t size_of_answer;
static int status_of_answer;
static bool as_stream;

/* Text that gzip makes little of, or a lot. */
static void fill(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + i % 7);
}

static int answers(eddy_request *request)
{
    static char text[300 * 1024];

    fill(text, sizeof text);
    if (coding_of_answer)
        eddy_try(eddy_respond_header(request, "Content-Encoding", coding_of_answer));
    if (control_of_answer)
        eddy_try(eddy_respond_header(request, "Cache-Control", control_of_answer));
    eddy_try(eddy_respond_header(request, "ETag", "\"1\""));
    eddy_try(eddy_respond_header(request, "Accept-Ranges", "bytes"));
    if (!as_stream)
        return eddy_respond_bytes(request, status_of_answer, text, size_of_answer,
                                  .type = type_of_answer);
    eddy_auto(eddy_stream) *out =
        eddy_try(eddy_respond_stream(request, status_of_answer, .type = type_of_answer));
    for (size_t at = 0; at < size_of_answer; at += 50000)
        eddy_try(eddy_write(out, text + at, min_size(size_of_answer - at, 50000)));
    return 0;
}

static void answer_with(const char *type, size_t size)
{
    type_of_answer = type;
    coding_of_answer = control_of_answer = NULL;
    size_of_answer = size;
    status_of_answer = 200;
    as_stream = false;
}

static eddy_router *router_with_gzip(void)
{
    eddy_router *router = router_of(answers);

    CHECK_OK(eddy_router_use_gzip(router, .least = 100));
    return router;
}

/* The bytes of the last answer, chunks joined and decoded: how many, -1 for what is no gzip. */
static ssize_t decode(const char *answer, size_t size, char *to, size_t room)
{
    static char body[128 * 1024];
    const char *end = memmem(answer, size, "\r\n\r\n", 4), *at = end + 4;
    bool chunked = memmem(answer, (size_t)(end - answer), "chunked", 7);
    size_t have = 0, left = size - (size_t)(at - answer);

    for (size_t n = left; left && n; at += chunked ? n + 2 : n, left -= chunked ? n + 2 : n) {
        if (chunked) {
            char *data;
            n = strtoul(at, &data, 16);
            left -= (size_t)(data + 2 - at);
            at = data + 2;
        } else {
            n = left;
        }
        memcpy(body + have, at, n);
        have += n;
    }
    z_stream z = {0};
    CHECK_INT(inflateInit2(&z, 31), Z_OK);
    z.next_in = (unsigned char *)body;
    z.avail_in = (unsigned)have;
    z.next_out = (unsigned char *)to;
    z.avail_out = (unsigned)room;
    int result = inflate(&z, Z_FINISH);
    ssize_t length = (ssize_t)z.total_out;
    inflateEnd(&z);
    return result == Z_STREAM_END ? length : -1;
}

/* What comes until the end, with zero bytes in it. */
static size_t all_of(eddy_http_server *server, const char *request, char *all, size_t room)
{
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);
    size_t size = 0;
    ssize_t n;

    send_bytes(peer, request);
    while ((n = eddy_read(peer, all + size, room - size)) > 0)
        size += (size_t)n;
    CHECK_INT(n, 0);
    return size;
}

#define ASK(method, more) method " / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" more "\r\n"
#define ASK_GZIP ASK("GET", "Accept-Encoding: br, gzip;q=0.5\r\n")

static void check_coded(eddy_http_server *server, size_t size)
{
    static char all[128 * 1024], text[300 * 1024], expected[300 * 1024];
    size_t got = all_of(server, ASK_GZIP, all, sizeof all);

    CHECK(memmem(all, got, "\r\nContent-Encoding: gzip\r\n", 26) != NULL);
    CHECK(memmem(all, got, "\r\nVary: Accept-Encoding\r\n", 25) != NULL);
    CHECK(memmem(all, got, "\r\nETag: W/\"1\"\r\n", 15) != NULL);
    CHECK(memmem(all, got, "Accept-Ranges", 13) == NULL);
    fill(expected, size);
    CHECK_INT(decode(all, got, text, sizeof text), (ssize_t)size);
    CHECK(memcmp(text, expected, size) == 0);
}

TEST(http_HS18_texts_are_coded_for_who_takes_it)
{
    static const size_t sizes[] = {100, 5000, 65536, 65537, 300 * 1024};
    eddy_auto(eddy_router) *router = router_with_gzip();
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        answer_with("text/html; charset=utf-8", sizes[i]);
        check_coded(server, sizes[i]);
        as_stream = true;
        check_coded(server, sizes[i]);
    }
}

static void check_plain(eddy_http_server *server, const char *request, bool varies)
{
    static char all[400 * 1024];
    size_t got = all_of(server, request, all, sizeof all);

    CHECK(memmem(all, got, "Content-Encoding: gzip", 22) == NULL);
    CHECK(memmem(all, got, "\r\nETag: \"1\"\r\n", 13) != NULL);
    CHECK_INT(memmem(all, got, "Vary: Accept-Encoding", 21) != NULL, varies);
}

TEST(http_HS18_others_stay_as_they_are)
{
    eddy_auto(eddy_router) *router = router_with_gzip();
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    answer_with("text/plain", 5000);
    check_plain(server, ASK("GET", ""), true);
    check_plain(server, ASK("GET", "Accept-Encoding: gzip;q=0, br\r\n"), true);
    answer_with("text/plain", 99);
    check_plain(server, ASK_GZIP, false);
    answer_with("image/png", 5000);
    check_plain(server, ASK_GZIP, false);
    answer_with("text/event-stream", 5000);
    check_plain(server, ASK_GZIP, false);
    answer_with("", 5000);
    check_plain(server, ASK_GZIP, false);
    answer_with("text/plain", 5000);
    coding_of_answer = "br";
    check_plain(server, ASK_GZIP, false);
    answer_with("text/plain", 5000);
    control_of_answer = "no-transform";
    check_plain(server, ASK_GZIP, false);
    answer_with("text/plain", 5000);
    status_of_answer = 206;
    check_plain(server, ASK_GZIP, false);
    answer_with("text/plain", 0);
    status_of_answer = 304;
    check_plain(server, ASK_GZIP, true);
}

TEST(http_HS18_an_answer_to_HEAD_has_the_fields_of_GET)
{
    eddy_auto(eddy_router) *router = router_with_gzip();
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    char head[1024];

    answer_with("text/plain", 5000);
    size_t got = all_of(server, ASK("HEAD", "Accept-Encoding: gzip\r\n"), head, sizeof head);
    CHECK(memmem(head, got, "Content-Encoding: gzip", 22) != NULL);
    CHECK(memcmp(head + got - 4, "\r\n\r\n", 4) == 0);
}

/* Each write can be decoded when it has come. */
static int says_little(eddy_request *request)
{
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(request, 200, .type = "text/a"));

    eddy_try(eddy_printf(out, "first"));
    eddy_try(eddy_sleep(100));
    return eddy_printf(out, "second") < 0;
}

TEST(http_HS18_a_write_to_a_coded_stream_leaves_at_once)
{
    eddy_auto(eddy_router) *router = router_of(says_little);
    CHECK_OK(eddy_router_use_gzip(router));
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);
    char all[1024], text[32] = "";
    size_t size = 0;
    ssize_t n = 0;

    send_bytes(peer, ASK_GZIP);
    eddy_timeout(50) {
        while ((n = eddy_read(peer, all + size, sizeof all - size)) > 0)
            size += (size_t)n;
    }
    CHECK_INT(n, EDDY_ETIMEDOUT);
    CHECK_INT(decode(all, size, text, sizeof text), -1);
    CHECK_STR(text, "first");
}

static int lies(eddy_request *request)
{
    eddy_auto(eddy_stream) *out =
        eddy_try(eddy_respond_stream(request, 200, .type = "text/plain", .length = 2000));

    return eddy_printf(out, "%s", eddy_request_path(request)) < 0;
}

TEST(http_HS3_a_coded_answer_that_is_too_short_is_cut_off)
{
    int reports = 0;
    eddy_auto(eddy_router) *router = router_of(lies);
    CHECK_OK(eddy_router_use_gzip(router));
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    const char *answer = answer_to(server, ASK_GZIP);

    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, &reports);
    CHECK(strstr(answer, "\r\n0\r\n\r\n") == NULL);
}

static int ask_for_gzip(void)
{
    static char all[128 * 1024];
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());
    eddy_try(eddy_route(router, "/", answers));
    eddy_try(eddy_router_use_gzip(router));
    eddy_auto(eddy_http_server) *server = eddy_try(TALK_MEMORY(router));

    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, &(int){0});
    for (int i = 0; i < 2; i++) {
        eddy_auto(eddy_stream) *peer = eddy_try(eddy_http_server_connect(server));
        answer_with("text/plain", i ? 100000 : 2000);
        eddy_try(eddy_write(peer, ASK_GZIP, strlen(ASK_GZIP)));
        while (eddy_try(eddy_read(peer, all, sizeof all)) > 0)
            ;
    }
    return 0;
}

SWEEP(http_coded_answers_can_be_cancelled)
{
    return ask_for_gzip();
}

TORTURE(http_coded_answers_may_lack_memory)
{
    return ask_for_gzip();
}

/* Bodies of answers that are coded. */
#include "http/client/script.h"
#include "http/message/coding.h"

/* "hello" by gzip, and the same again. */
#define GZIP_HELLO                                                                                 \
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05"     \
    "\x00\x00\x00"
enum { GZIP_SIZE = sizeof GZIP_HELLO - 1 };

struct coded {
    const char *data;
    size_t size;
    int length; /* what the head says */
};

static const char *content_encoding = "gzip";

static int says_coded(eddy_stream *peer, const struct coded *coded)
{
    char *data;

    eddy_try(eddy_read_until(peer, "\r\n\r\n", &data));
    eddy_try(eddy_printf(peer,
                         "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d"
                         "\r\n\r\n",
                         content_encoding, coded->length));
    eddy_try(eddy_write(peer, coded->data, coded->size));
    eddy_stream_close(peer);
    return 0;
}
EDDY_CORO(says_coded, eddy_stream *, const struct coded *)

static eddy_stream *given_end(const char *host, int port, void *arg)
{
    (void)host;
    (void)port;
    return eddy_take(*(eddy_stream **)arg);
}

/* The text of such an answer, NULL for a failure. */
static const char *decoded(const struct coded *coded, const eddy_http_opts *opts)
{
    static char text[100];
    eddy_stream *pair[2];
    CHECK_OK(eddy_stream_pair(pair));
    eddy_http_opts all = opts ? *opts : (eddy_http_opts){0};
    all.connect = given_end;
    all.connect_arg = pair;
    eddy_auto(eddy_http) *http = eddy_http_open_with(&all);
    eddy_auto(eddy_task) *server = eddy_create_task(says_coded_coro(pair[1], coded));
    eddy_auto(eddy_response) *response = eddy_http_get(http, "http://test/");

    CHECK(response != NULL);
    const char *got = eddy_response_text(response);
    if (got)
        snprintf(text, sizeof text, "%s", got);
    eddy_ignore(eddy_await(server));
    return got ? text : NULL;
}

TEST(http_report_12_members_are_joined_and_garbage_is_ignored)
{
    struct coded one = {GZIP_HELLO, GZIP_SIZE, GZIP_SIZE};
    struct coded two = {GZIP_HELLO GZIP_HELLO, 2 * GZIP_SIZE, 2 * GZIP_SIZE};
    struct coded garbage = {GZIP_HELLO "garbage", GZIP_SIZE + 7, GZIP_SIZE + 7};
    struct coded cut = {GZIP_HELLO, GZIP_SIZE - 5, GZIP_SIZE - 5};
    struct coded bad = {"no gzip", 7, 7};

    CHECK_STR(decoded(&one, NULL), "hello");
    CHECK_STR(decoded(&two, NULL), "hellohello");
    CHECK_STR(decoded(&garbage, NULL), "hello");
    CHECK_PTR(decoded(&cut, NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EOF);
    CHECK_PTR(decoded(&bad, NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EPROTO);
}

/* The limit is one on what comes out. */
TEST(http_HC11_row_20_decoded_size_has_a_limit)
{
    struct coded two = {GZIP_HELLO GZIP_HELLO, 2 * GZIP_SIZE, 2 * GZIP_SIZE};

    CHECK_PTR(decoded(&two, &(eddy_http_opts){.max_decoded = 9}), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ELIMIT);
    CHECK_PTR(decoded(&two, &(eddy_http_opts){.max_body = 9}), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ELIMIT);
    CHECK_STR(decoded(&two, &(eddy_http_opts){.max_body = 10, .max_decoded = 10}), "hellohello");
}

/* What nobody reads is thrown away as it comes, and not decoded for that. */
TEST(http_row_20_a_coded_body_that_is_not_read_is_not_decoded)
{
    SCRIPT(server, {.answer = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                              "Content-Length: 8\r\n\r\nno gzip."});
    eddy_auto(eddy_http) *http = SESSION(server, .max_decoded = 1);

    for (int i = 0; i < 3; i++) {
        eddy_auto(eddy_response) *response = eddy_http_get(http, "/");
        CHECK(response != NULL);
        CHECK_INT(eddy_response_status(response), 200);
    }
    CHECK_INT(server->connections, 1);
}

TEST(http_content_that_ends_early)
{
    struct coded half = {GZIP_HELLO, 10, GZIP_SIZE};

    CHECK_PTR(decoded(&half, NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EOF);
}

TEST(http_content_with_a_coding_that_nobody_knows)
{
    SCRIPT(server,
           {.answer = "HTTP/1.1 200 OK\r\nContent-Encoding: x\r\nContent-Length: 1\r\n\r\na"});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_http) *raw = SESSION(server, .no_decode = true);

    CHECK_GET_FAILS(http, "/", EDDY_ENOTSUP);
    CHECK_GET(raw, "/", "200 a");
}

struct kept_bytes {
    char bytes[64 << 10];
    size_t size;
};

static int keep_bytes(void *arg, const void *data, size_t size)
{
    struct kept_bytes *kept = arg;

    CHECK(size <= sizeof kept->bytes - kept->size);
    memcpy(kept->bytes + kept->size, data, size);
    kept->size += size;
    return 0;
}

/* Two codings: what the first one to be decoded gives is a lot, though nothing comes of it. */
TEST(http_HC11_what_a_coding_gives_another_has_the_limit)
{
    static const char nothing[20] = "\x1f\x8b\x08\0\0\0\0\0\0\x03\x03";
    static struct kept_bytes kept;
    struct eddy__encoder *encoder;

    kept.size = 0;
    CHECK_OK(eddy__encoder_open(&encoder, keep_bytes, &kept));
    for (int i = 0; i < 100000; i++)
        CHECK_OK(eddy__encoder_write(encoder, nothing, sizeof nothing));
    CHECK_OK(eddy__encoder_end(encoder));
    eddy__encoder_close(encoder);
    struct coded bomb = {kept.bytes, kept.size, (int)kept.size};
    content_encoding = "gzip, gzip";
    CHECK_STR(decoded(&bomb, NULL), "");
    CHECK_PTR(decoded(&bomb, &(eddy_http_opts){.max_decoded = 1 << 20}), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ELIMIT);
    content_encoding = "gzip";
}

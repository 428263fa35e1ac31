/* The chunked coding. Whatever a test gives is decoded in one piece, byte by byte, and in two
 * pieces at every place, which must all come to the same. "row" is one of the checklist of hostile
 * input in docs/design/http-parser.md. */
#include "http/message/chunk.h"

#include "test.h"

struct decoded {
    char data[4096]; /* ended by a zero byte */
    size_t size;
    size_t used;     /* bytes of the input up to the trailers */
    const char *why; /* what is wrong, NULL: nothing */
    bool ended;
};

/* ---- decoding ---- */

/* Decodes the next piece. */
static void decode(struct eddy__chunks *chunks, struct decoded *to, const char *text, size_t size)
{
    size_t at = 0;

    while (at < size && !chunks->ended && !to->why) {
        size_t data = min_size(chunks->left, size - at);
        CHECK(to->size + data < sizeof to->data);
        memcpy(to->data + to->size, text + at, data);
        to->size += data;
        at += data;
        chunks->left -= data;
        if (at == size)
            break;
        ssize_t n = eddy__chunks_next(chunks, text + at, size - at, &to->why);
        CHECK(n > 0 || to->why);
        at += n > 0 ? (size_t)n : 0;
    }
    to->used += at;
    to->data[to->size] = '\0';
    to->ended = chunks->ended;
}

/* In pieces: the first of so many bytes, the next ones of `more`. */
static struct decoded decode_split(const char *text, size_t size, size_t first, size_t more)
{
    struct eddy__chunks chunks = {0};
    struct decoded d = {.why = NULL};

    for (size_t at = 0, piece = first; at < size; at += piece, piece = more) {
        piece = min_size(piece, size - at);
        char *copy = memcpy(malloc(piece + 1), text + at, piece);
        decode(&chunks, &d, copy, piece);
        free(copy);
    }
    return d;
}

static struct decoded decoded(const char *text, size_t size)
{
    struct decoded whole = decode_split(text, size, size, size);

    for (size_t first = 0; first <= size; first++) {
        struct decoded d = decode_split(text, size, first, first ? size : 1);
        CHECK_STR(d.why, whole.why);
        CHECK_STR(d.data, whole.data);
        CHECK_INT(d.ended, whole.ended);
        if (!d.why)
            CHECK_INT(d.used, whole.used);
    }
    return whole;
}

static const char *fault(const char *text)
{
    return decoded(text, strlen(text)).why;
}

#define ALL_BAD(...) all_are(false, (const char *const[]){__VA_ARGS__, NULL})
#define ALL_GOOD(...) all_are(true, (const char *const[]){__VA_ARGS__, NULL})

static void all_are(bool good, const char *const *texts)
{
    for (; *texts; texts++) {
        const char *why = fault(*texts);
        if ((why == NULL) != good)
            test_fail(__FILE__, __LINE__, "%s: %s", why ? why : "taken", *texts);
    }
}

/* ---- tests ---- */

TEST_PLAIN(http_chunks_are_decoded)
{
    const char *text =
        "4\r\nWiki\r\n06;a=b\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nX: y\r\n\r\n";
    struct decoded d = decoded(text, strlen(text));

    CHECK_PTR(d.why, NULL);
    CHECK(d.ended);
    CHECK_STR(d.data, "Wikipedia in \r\n\r\nchunks.");
    CHECK_STR(text + d.used, "X: y\r\n\r\n");
    CHECK(!decoded("3\r\nabc", 6).ended && !fault("3\r\nabc"));
    CHECK(decoded("0\r\n", 3).ended && !decoded("0\r", 2).ended);
}

TEST_PLAIN(http_chunks_large)
{
    struct eddy__chunks chunks = {0};
    const char *why;

    CHECK_INT(eddy__chunks_next(&chunks, "7FFFffffFFFFffff\r\nabc", 21, &why), 18);
    CHECK(chunks.left == INT64_MAX);
    ALL_GOOD("0000000000000001\r\na\r\n000\r\n");
}

TEST_PLAIN(http_row_6_chunk_size)
{
    ALL_BAD("0x3\r\nabc\r\n", "+3\r\nabc\r\n", "-3\r\nabc\r\n", " 3\r\nabc\r\n", "3 \r\nabc\r\n",
            "3\t\r\nabc\r\n", "3 ;a\r\nabc\r\n", "\r\n", "\r\n3\r\nabc\r\n", ";a\r\n", "g\r\n",
            "3g\r\n", "3_\r\n", "8000000000000000\r\n", "10000000000000000\r\n",
            "ffffffffffffffff\r\n", "fffffffffffffffff\r\n", "00000000000000003\r\nabc\r\n",
            "3.0\r\n", "3,3\r\n", "\"3\"\r\n", "\xef\xbc\x93\r\n");
}

TEST_PLAIN(http_row_6_line_ends)
{
    ALL_BAD("3\nabc\r\n", "3\r\rabc\r\n", "3\rabc\r\n", "3\r\nabcXX", "3\r\nabc\n", "3\r\nabc\rX",
            "3\r\nabc\r\r\n", "3\r\nabc0\r\n", "3\r\nabc\r\n0\n", "3\r\nabc\r\n\r\n",
            "3\r\nabc\r\n0\rX");
}

TEST_PLAIN(http_row_7_extensions)
{
    ALL_GOOD("3;a\r\nabc\r\n", "3;a=b;c=\"d e\"\r\nabc\r\n", "3;a=\";\"\r\nabc\r\n",
             "3;a=\"\\\"\"\r\nabc\r\n", "3;a=\"\\\\\"\r\nabc\r\n", "3;a =\tb\r\nabc\r\n",
             "3;a=\"\x80\"\r\nabc\r\n");
    ALL_BAD("3;a\nabc\r\n", "3;a\rb\r\nabc\r\n", "3;a\n\r\nabc\r\n", "3;a=\"\r\nabc\r\n",
            "3;a=\"\r\n\"\r\nabc\r\n", "3;a=\"\n\"\r\n", "3;a=\"\\\r\n\"\r\n",
            "3;a=\"\\\"\r\nabc\r\n", "3;\r\nabc\r\n", "3;;a\r\nabc\r\n", "3;=b\r\nabc\r\n",
            "3;a;\r\nabc\r\n", "3; \r\n", "3;\"a\"\r\n", "3;a\x01\r\n", "3;a\x7f\r\n", "0;\r\n",
            "0;a\n");
    CHECK(decoded("3;a\0\r\n", 6).why != NULL);
}

/* 4 KiB of extensions in a message, however they are cut up. */
TEST_PLAIN(http_row_7_endless_extensions)
{
    static char text[10000];
    struct eddy__chunks chunks = {0};
    const char *why = NULL;
    int taken = 0;

    memset(text, 'x', sizeof text);
    memcpy(text, "1;", 2);
    CHECK_INT(decode_split(text, 4097, 4097, 1).why != NULL, 0);
    CHECK_STR(decode_split(text, 4098, 4098, 1).why, "too many extensions of chunks");
    CHECK_STR(decode_split(text, 4098, 1, 1).why, "too many extensions of chunks");
    for (const char *line = "1;abc\r\n"; eddy__chunks_next(&chunks, line, strlen(line), &why) > 0;
         line = "\r\n1;abc\r\n") {
        chunks.left = 0;
        taken++;
    }
    CHECK_INT(taken, 1024);
    CHECK_STR(why, "too many extensions of chunks");
}

/* The work is that of the bytes: no call sees a byte that an earlier one has taken. */
TEST_PLAIN(http_row_9_one_byte_chunks)
{
    static char text[6 * 500 + 4];
    size_t size = 0;

    for (int i = 0; i < 500; i++, size += 6)
        memcpy(text + size, "1\r\nx\r\n", 6);
    memcpy(text + size, "0\r\n", 4);
    struct decoded d = decode_split(text, size + 3, 1, 1);
    CHECK_PTR(d.why, NULL);
    CHECK(d.ended);
    CHECK_INT(d.size, 500);
    CHECK_INT(d.used, size + 3);
}

TEST_PLAIN(http_chunk_line)
{
    char line[EDDY__CHUNK_LINE];

    CHECK_INT(eddy__chunk_line(line, 0x1f), 4);
    CHECK_STR(line, "1f\r\n");
    CHECK_INT(eddy__chunk_line(line, SIZE_MAX), 18);
    CHECK_STR(line, "ffffffffffffffff\r\n");
}
